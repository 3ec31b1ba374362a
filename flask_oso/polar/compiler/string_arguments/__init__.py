"""An argument that may be any of several strings, such as the action.

In go the clauses of a rule and the classes of the other arguments; out come the strings to ask
about, and the answers for all of them, as for ``authorized_actions``.

``closed_strings``, ``string_questions``
    which strings an argument may be; questions for all of them.
"""
