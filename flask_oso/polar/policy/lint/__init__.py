"""What is wrong with the rules of a policy, and what looks as if it were.

``inventory``
    what stands in a rule, gathered in one walk for all checks.
``vocabulary``, ``comparisons``, ``members``, ``unreachable_roles``, ``unquoted``
    strings that no block declares; comparisons that never hold; attributes that no object has;
    roles that nobody can have; variables that are meant as something else.
``validation``
    everything else.
"""
