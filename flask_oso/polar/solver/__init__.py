"""The solver: this room defines what a policy means.

In goes a goal; out come its solutions, one after the other. The stack of goals is explicit, so
a deep evaluation does not use up Python's stack.

``clauses``, ``clause_index``, ``constraints``, ``unification``, ``rule_order``, ``backtrace``
    rules ready to run; the clauses that a call's literals select; what is known of unbound
    variables; bindings and the trail; the order in which rules are tried; the stack of goals
    as error messages print it.
``machine``, ``class_tests``, ``class_index``, ``matcher``, ``operators``, ``solver``,
``tabling``, ``observation``
    goals and choice points; the classes that a pattern names; the clauses that the classes of a
    call's arguments select; patterns; the operators; control and rule calls, with the matcher and
    the operators as parts; the same with a table of calls that ended, below compiled rules; the
    same with observers, who are told what a run does.
"""
