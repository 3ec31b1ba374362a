"""Partial evaluation: a question about an unknown row becomes a condition on rows.

In goes a rule call one of whose arguments is a row that is not known; out comes a ``Residual``,
which ``flask_oso.sqlalchemy`` translates to SQL.

``algebra``
    conditions on rows: classes and columns, the nodes, how they are made and printed.
``template_keys``, ``outcomes``, ``database_semantics``, ``symbolic_terms``, ``host_questions``
    which questions have one template; the result of a search; comparisons that mean the same in a
    database; terms for unknown rows; what is asked of Python objects.
``search``, ``equations``, ``attributes``, ``row_reads``, ``patterns``, ``operators``, ``cuts``,
``evaluator``
    goals and alternatives; unification; what is calculated of columns, and what values make of
    them; what is read of rows; patterns; the other operators; which cuts are reached; the
    evaluation.
``templates``, ``adapter_filters``
    residuals that are filled in for each actor; filters of oso 0.27, and what ``POLAR_EXPLAIN``
    prints.
"""
