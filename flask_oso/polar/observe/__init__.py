"""Who watches a run of the solver: traces, coverage, the deciding rule, the debugger.

``inspection``, ``observer``
    what can be seen of a run; a solver that tells what it does.
``tracing``, ``line_coverage``, ``deciding_rule``, ``console``, ``debugger``
    those who look.
"""
