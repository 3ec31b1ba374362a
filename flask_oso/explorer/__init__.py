"""The explorer: pages below ``/_oso`` that show a developer the policy of an app at work.

``door``, ``objects``, ``pages``
    who may see it; rows of the database and their words; what a page is and how it is rendered.
``routes``, ``ask``, ``who``, ``decisions``, ``policy``, ``draft``
    the pages: routes and guards; one question; who may; what was decided; source and findings;
    a change of the policy before it is saved.
``block_graph``, ``graph_layout``, ``graph``, ``matrix``
    what follows from what in resource blocks; where it is drawn; its page; the same as a table,
    and what actors may do to rows.
``explorer``
    the WSGI application.

Only debug mode imports it. ``templates/`` and ``static/`` are its own: it uses nothing of the
app's.
"""
