"""What is loaded: rules, rule types and blocks, checked as a whole.

In go nodes; out comes a ``Policy`` that passed every check, or an error that lists all
problems.

``garbage``, ``policy``, ``resource_blocks``, ``rule_types``, ``legacy_roles``
    Python's search for cycles, kept away; rules by name; what blocks declare; the shapes of
    rules; the roles of oso 0.15.
``lint``
    what is wrong with rules, or looks as if it were.
``actor_classes``
    of which classes a policy wants actors.
``loader``, ``serialization``, ``cache``
    texts to a policy; a policy as plain data, and where that is kept.
"""
