"""Conditions on rows as SQL.

``dialects``, ``key_clauses``, ``shared_lists``
    SQL that databases spell differently; clauses on keys; lists that stand once in a statement.
``semijoins``, ``comparisons``, ``translation``
    how related rows are asked for; comparisons, and all other conditions, as clauses.
"""
