"""The code for each kind of goal of a clause.

``operands``, ``searches``, ``steps``
    the operands of a goal, and how they are bound; goals about collections; all other goals.
"""
