"""The code for each kind of goal of a clause.

``obstacles``
    goals that no code can be written for.
``operands``
    the operands of a goal, and how they are bound.
``relations``
    relations that are compared by keys.
``alternatives``
    goals that hold in several ways.
``compounds``, ``searches``
    lists and dictionaries with variables in them; searches of collections.
``moments``, ``methods``
    methods of dates; of all plain values.
``heads``
    the heads of clauses, and the arguments of a call.
``keeping``
    calls that a search answers which is kept.
``steps``
    all other goals.
"""
