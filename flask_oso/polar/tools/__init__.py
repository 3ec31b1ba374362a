"""What developers ask of a policy besides decisions.

``argument_order``, ``compiled_report``, ``row_checks``, ``policy_check``, ``repl``
    which side of a question a class is on; which calls are left to the solver; what rules say of
    rows that is likely not meant; all that is wrong with a policy; a prompt.
"""
