"""The policy: rules, rule types and blocks, checked as a whole.

In go texts; out comes a ``Policy`` that passed every check, or an error that lists all problems.

``garbage``, ``policy``, ``block_inheritance``, ``resource_blocks``, ``inherited_roles``,
``relation_order``, ``rule_types``, ``legacy_roles``
    pausing the garbage collector; rules by name; blocks that extend others; the declarations of
    blocks and the rules they expand to; roles that go on along relations; the order of objects in
    policies of Oso Cloud; checks of rules against rule types; the roles of oso 0.15.
``lint``
    errors and warnings about rules.
``actor_classes``
    the classes whose objects a policy expects as actors.
``loader``, ``serialization``, ``cache``
    texts to a policy; a policy to plain data and back; loaded policies on disk.
"""
