"""The explorer: pages below ``/_oso`` that show a developer the policy of an app at work.

``door``, ``objects``, ``page``
    who may see it; rows of the database and their words; what a page is and how it is rendered.
``block_graph``, ``graph_layout``
    what follows from what in resource blocks; where it is drawn.
``pages``
    each page.
``explorer``
    the WSGI application.

Only debug mode imports it. ``templates/`` and ``static/`` are its own: it uses nothing of the
app's.
"""
