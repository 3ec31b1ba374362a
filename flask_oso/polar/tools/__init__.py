"""Tools for developers: reports about a policy, and the REPL.

``argument_order``, ``class_resources``, ``caller_mistakes``
    log messages for questions whose actor and resource are swapped, for questions about a class
    where an object is meant, and both.
``compiled_report``, ``stand_in_classes``, ``generated_code``
    the rules that cannot be compiled; classes for a policy without its application; the Python
    code that answers a question.
``stubs``, ``scenes``, ``policy_tests``
    the tests in a policy: objects that a test makes up; its facts beside the rules; its questions.
``relations_read``, ``relevant_rules``, ``row_checks``, ``policy_check``, ``repl``
    the relations that a question reads, and the rules; likely mistakes about rows; all findings
    about a policy; a prompt.
``lint``
    rules that are wrong in themselves, with codes.
"""
