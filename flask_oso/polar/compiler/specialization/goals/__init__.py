"""The code for each kind of goal of a clause.

``operands``, ``searches``, ``moments``, ``steps``
    the operands of a goal, and how they are bound; goals about collections; methods of dates; all
    other goals.
"""
