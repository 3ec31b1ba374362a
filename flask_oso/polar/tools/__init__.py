"""What developers ask of a policy besides decisions.

``argument_order``, ``compiled_report``, ``stand_in_classes``, ``generated_code``
    which side of a question a class is on; which calls are left to the solver; classes for a
    policy without its application; the Python that answers a question.
``row_checks``, ``policy_check``, ``repl``
    what rules say of rows that is likely not meant; all that is wrong with a policy; a prompt.
"""
