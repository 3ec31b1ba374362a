"""The pages of the explorer, each a function from a visit to a ``Page``.

``routes``, ``ask``, ``who``, ``decisions``, ``policy``, ``draft``
    routes and guards; one question; who may; what was decided; source and findings; a change of
    the policy before it is saved.
``graph``, ``matrix``
    what follows from what in resource blocks; the same as a table, and what actors may do to rows.
"""
