"""The code for each kind of goal of a compiled rule.

In goes a goal, with what is known where it stands; out come statements, and the goals that follow.

``places``, ``lists``, ``patterns``, ``lookups``, ``searches``, ``last_bindings``, ``goals``
    where the code of a goal goes, and its operands; lists and patterns; attributes, methods and
    entries; goals with several solutions; rules that do nothing once they have bound a variable;
    the other kinds of goals, and the choice between all.
"""
