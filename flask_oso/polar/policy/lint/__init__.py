"""Errors and warnings about the rules of a policy.

In go parsed rules, the declarations of blocks and the host; out come errors and the texts of
warnings.

``inventory``
    the terms of a rule by kind, collected in one traversal for all checks.
``vocabulary``, ``comparisons``, ``members``, ``unreachable_roles``, ``unquoted``
    strings that no block declares; comparisons that never hold; attributes that no object has;
    roles that nobody can have; variables that are meant as strings or values.
``mistaken_texts``
    lists and texts in the place of one string, and classes in quotes.
``unsuitable``
    operations that values of a type do not have.
``absent_rules``
    rules that are there in tests only, and that a negation asks for.
``validation``
    all other checks.
"""
