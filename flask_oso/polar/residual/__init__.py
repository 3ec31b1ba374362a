"""Partial evaluation: a question about an unknown row becomes a condition on rows.

In goes a rule call one of whose arguments is a row that is not known; out comes a ``Residual``,
which ``flask_oso.sqlalchemy`` translates to SQL.

``algebra``
    conditions on rows: classes and columns, the nodes, how they are made and printed; the result
    of a search.
``template_keys``
    which questions share a template.
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
``cuts``, ``shared_calls``, ``evaluator``
    which cuts are reached; calls that several questions make; the evaluation, which uses all of
    the above.
``templates``
    residuals that are made once, and filled in for each actor.
``adapter_filters``
    filters of oso 0.27, and what ``POLAR_EXPLAIN`` prints.
"""
