"""The evaluation of a policy: this room defines what a policy means.

In goes a goal; out come its solutions, one after the other. The stack of goals is explicit,
so depth costs no stack of Python's.

``clauses``, ``constraints``, ``unification``, ``rule_order``, ``backtrace``
    rules ready to run; what is known of unbound variables; bindings and how they are undone; the
    order of rules; where a run is.
``machine``, ``matching``, ``operators``, ``solver``
    goals and choices; patterns; what operators do; all of it together.
"""
