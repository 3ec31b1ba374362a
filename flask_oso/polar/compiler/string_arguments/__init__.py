"""An argument that may be any of several strings, such as the action.

In go the clauses of a rule and the classes of the other arguments; out come the strings to ask
about, and the answers for all of them, as for ``authorized_actions``.

``order_independence``, ``closed_strings``, ``string_questions``, ``open_values``
    whether an argument may be asked for one by one; which strings it may be; questions for all of
    them; the values that compiled rules give for it.
"""
