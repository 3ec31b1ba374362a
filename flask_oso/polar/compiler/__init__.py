"""Rules compiled to Python functions, for questions whose arguments are all bound.

In go clauses; out come functions, built as Python ``ast``. They agree with the solver; what
cannot be compiled is left to it.

``goal_forms``, ``classes``, ``binding_analysis``, ``quotations``, ``snippets``, ``scopes``
    forms of goals; what is known of the classes of values; which clauses match a call, and in which
    order; Python as text with holes; makers of ``ast`` nodes; the values, variables and goals that
    are known while a function is written.
``passes``
    what makes the statements of a specialization fewer.
``function_tables``, ``entry_points``
    the choice of a function by an argument; functions that take a question.
``goal_writers``, ``compiler``
    the code for each kind of goal; the function of a rule.
``specialization``
    one function for a whole question on plain data.
``source_map``, ``elements``, ``takeovers``, ``runtime``, ``compilation_turns``
    from Python frames to goals; the elements of a collection; the solver that goes on where a
    function cannot; what functions call while they run; which thread compiles, and until when.
``string_arguments``
    an argument that may be any of several strings.
``programs``
    all functions of an engine.
"""
