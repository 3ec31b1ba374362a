"""What a decision costs: this library beside hand-written Python and beside its peers.

``python -m benchmarks --help`` says how to run it. The modules, in reading order:

``world``
    the classes that all workloads are about.
``contenders``
    who takes part: ``Workload``, and how a policy becomes a function that decides.
``peers``
    cedarpy and casbin, as their manuals have one call them.
``facts``, ``roles``, ``attributes``, ``folders``
    W1 to W6 and W10: the questions, and the answer in each contender's own words.
``tables``, ``lists``
    W8: lists as statements, beside those written by hand.
``requests``
    W9: what a check adds to a request of Flask.
``children``, ``start``
    W7, W11 and the import: what only a fresh process shows.
``timing``, ``report``, ``chart``
    how time is taken, and how it is shown; a picture of it.
``shapes/``, ``pages/``, ``cedar/``
    sets with a command line of their own: one feature of policies at a time; pages of an
    application; the applications of the paper about Cedar.
"""
