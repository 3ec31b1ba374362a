"""How related rows are asked for.

``semijoins``
    an ``Exists`` as joins of keys.
``list_parts``
    a list in parts, for each of which there is an index.
``held_joins``, ``page_rows``
    rows that PostgreSQL need not join, and rows that it looks for one by one.
``read_rows``
    which rows of its table a statement reads.
``broad_rows``, ``hashed_lists``
    which related rows are asked for in two ways, on SQLite and on PostgreSQL.
``listed_keys``
    lists that are not made where a statement asks for few of their keys.
``foreign_keys``, ``shared_lists``
    keys of rows that need not be read; lists that stand once in a statement.
"""
