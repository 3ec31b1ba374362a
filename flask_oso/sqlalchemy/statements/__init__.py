"""Conditions on rows as SQL.

``dialects``, ``binary_clauses``, ``values_as_read``
    SQL that databases spell differently: functions, comparisons, and what they calculate.
``many_values``, ``known_values``
    long lists as one parameter; values of known objects, and where each was read.
``key_clauses``
    clauses on keys.
``related``
    how related rows are asked for: with IN or with EXISTS, or with both.
``comparisons``, ``key_equations``, ``aliases``, ``translation``
    comparisons, equations of keys, the tables of rows, and all other conditions, as clauses.
``kept_clauses``, ``kept_statements``
    clauses that are copied for each actor; statements that are the same for all of them.
"""
