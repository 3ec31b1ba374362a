"""Conditions on rows as SQL.

``dialects``, ``binary_clauses``, ``values_as_read``
    SQL that databases spell differently: functions, comparisons, and what they calculate.
``known_values``
    values of known objects, and where each was read.
``key_clauses``, ``shared_lists``
    clauses on keys; lists that stand once in a statement.
``semijoins``, ``broad_rows``, ``hashed_lists``, ``foreign_keys``
    how related rows are asked for; which of them in two ways, on SQLite and on PostgreSQL; keys of
    rows that need not be read.
``comparisons``, ``translation``
    comparisons, and all other conditions, as clauses.
``kept_clauses``
    clauses that are copied for each actor.
"""
