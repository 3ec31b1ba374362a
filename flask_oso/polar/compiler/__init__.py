"""Rules compiled to Python functions, for questions whose arguments are all bound.

In go clauses; out come functions, built as Python ``ast``. They agree with the solver; what
cannot be compiled is left to it.

``binding_analysis``, ``snippets``, ``scopes``, ``weak_classes``
    which clauses match a call, and in which order; makers of ``ast`` nodes; the values, variables
    and goals that are known while a function is written; sets that hold no temporary class.
``passes``
    what makes the statements of a specialization fewer.
``goal_writers``, ``compiler``
    the code for each kind of goal; the function of a rule.
``specialization``
    one function for a whole question on plain data.
``entry_points``, ``function_tables``, ``string_arguments``
    functions that take a question; the choice of a function by an argument; an argument that may be
    any of several strings.
``source_map``, ``known_classes``, ``elements``, ``runtime``, ``programs``
    from Python frames to goals; how values of a class compare; the elements of a collection; what
    functions call while they run; all functions of an engine.
"""
