"""Conditions on rows as SQL.

``dialects``
    SQL that databases spell differently.
``semijoins``, ``comparisons``, ``translation``
    how related rows are asked for; comparisons, and all other conditions, as clauses.
"""
