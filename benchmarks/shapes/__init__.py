"""What one feature of a policy costs: each shape beside the same check by hand.

``python -m benchmarks shapes --help`` says how to run it. The modules, in reading order:

``shape``
    ``Shape`` and ``World``: a policy, objects of a size, questions, and the check by hand.
``values``, ``containers``, ``compounds``, ``taken_apart``, ``objects``
    conditions on attributes: comparisons and calls; what ``in`` goes through; lists and
    dictionaries that a policy makes, and that it takes apart; kinds of classes.
``roles``, ``folders``, ``inherited``, ``recursion``
    roles and where they come from; rules that call themselves; the same with one more thing; those
    that compute a value so.
``control``, ``many``
    what a rule is made of: ``or``, ``not``, ``forall``, helper rules; policies with many rules.
``others``, ``rows``
    questions other than ``is_allowed``; rows of SQLAlchemy.
``everyday``, ``applications``, ``strangers``
    ordinary lines of policies, each with one thing that the others do not have; the same, as shops
    and clinics and wikis write them, and as those do who register few classes.
``named_by_data``, ``offices``, ``first_elements``
    actions, fields and roles that lists of objects and methods give; how many, the last one,
    amounts, labels; lists of which the first element decides.
``catalog``
    all of them, by name.
``measuring``, ``table``, ``command``
    how they are compared and timed; how the table is shown; the command line.
"""
