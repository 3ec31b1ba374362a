"""The code for each kind of goal of a clause.

``obstacles``, ``operands``, ``relations``, ``alternatives``, ``compounds``, ``searches``,
``moments``, ``steps``
    goals that no code can be written for; the operands of a goal, and how they are bound; relations
    that are compared by keys; goals that hold in several ways; goals about collections; methods of
    dates; all other goals.
"""
