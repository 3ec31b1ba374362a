"""Rules as Python functions, for questions whose arguments are all bound.

In go clauses; out come functions made of Python's ``ast``. They agree with the solver, and
leave to it what they cannot do.

``binding_analysis``, ``snippets``, ``scopes``
    which clauses can answer a call, and what is bound where; pieces of ``ast``; what is known
    while a function is written.
``places``, ``lists``, ``patterns``, ``lookups``, ``searches``, ``goals``, ``compiler``
    how each kind of goal is written; one function for each rule.
``specialization``
    one function for all rules of a question about plain data.
``entry_points``, ``source_map``, ``runtime``, ``programs``
    what takes a question; frames and the goals they stand for; what functions ask for while
    they run; all functions of an engine.
"""
