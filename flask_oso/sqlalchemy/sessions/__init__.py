"""Sessions that select only what the current actor may read.

``sources``
    what a program gives in place of a session: factories, scopes, sessions of asyncio.
``conditions``
    the condition on the rows of a class, as an option of a statement.
``verification``
    the tripwire: compiles a statement once more, and looks whether each guarded table has its
    condition.
``hierarchies``
    guarded classes, their tables, and those which a statement names.
``row_filter``
    what listens to sessions.
"""
