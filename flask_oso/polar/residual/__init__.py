"""Partial evaluation: a question about an unknown row becomes a condition on rows.

In goes a rule call one of whose arguments is a row that is not known; out comes a ``Residual``,
which ``flask_oso.sqlalchemy`` translates to SQL.

``algebra``
    conditions on rows: classes and columns, the nodes, how they are made and printed.
``template_keys``, ``outcomes``
    which questions share a template; the result of a search.
``database_semantics``, ``symbolic_terms``
    comparisons that mean the same in a database; terms for unknown rows.
``host_questions``
    what is asked of Python objects.
``search``, ``equations``
    goals and alternatives; unification.
``attributes``
    what is calculated of columns.
``row_reads``, ``patterns``, ``operators``
    what is read of rows; patterns on them; the other operators.
``cuts``, ``evaluator``
    which cuts are reached; the evaluation, which uses all of the above.
``templates``
    residuals that are made once, and filled in for each actor.
``adapter_filters``
    filters of oso 0.27, and what ``POLAR_EXPLAIN`` prints.
"""
