"""Tools for developers: reports about a policy, and the REPL.

``argument_order``, ``compiled_report``, ``row_checks``, ``policy_check``, ``repl``
    a log message for questions whose actor and resource are swapped; the rules that cannot be
    compiled; likely mistakes about rows; all findings about a policy; a prompt.
"""
