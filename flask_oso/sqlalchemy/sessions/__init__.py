"""Sessions that select only what the current actor may read.

``sources``
    what a program gives in place of a session: factories, scopes, sessions of asyncio.
``asynchronous``
    functions that read in a session of asyncio.
``hierarchies``
    guarded classes, their tables, and those which a statement names.
``verification``
    the tripwire: compiles a statement once more, and looks whether each guarded table has its
    condition.
``relation_loads``
    which relations of which objects get a value.
``relation_views``
    what an actor may read of a relation, and all of it.
``actor_facts``
    whether an actor is still what conditions were made for.
``row_filter``
    what listens to sessions.
``plans``
    statements as text, with the plan of the database of a session.
"""
