"""Who observes a run of the solver: traces, line coverage, the deciding rule, the debugger.

In come the events of ``solver/observation.py``; out go lines of a trace, lines of a policy that
were reached, a rule, or the answers at a prompt. Nothing here changes a run.

``inspection``
    terms, goals, variables and events of a run as text.
``tracing``, ``line_coverage``, ``deciding_rule``, ``console``, ``debugger``
    what ``POLAR_LOG`` prints; lines that were reached; the rule that decided; a prompt; the
    debugger at a prompt.
"""
