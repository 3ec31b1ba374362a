"""An argument that may be any of several strings, such as the action.

In go the clauses of a rule and the classes of the other arguments; out come the strings to ask
about, and the answers for all of them, as for ``authorized_actions``.

``order_independence``, ``closed_strings``, ``alike_strings``
    whether an argument may be asked for one by one; which strings it may be; which of them all
    rules treat alike.
``string_questions``, ``open_values``, ``string_searches``
    questions for all of them; the values that compiled rules give for it; which of these answers.
"""
