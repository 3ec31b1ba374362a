"""What is known of the classes of values, before and while functions run.

``plain_classes``, ``weak_classes``
    ordinary objects; sets that hold no temporary class.
``generated_equality``
    what ``dataclasses``, ``attrs`` and pydantic write.
``equality``, ``readable_classes``, ``known_classes``
    comparisons, and reads, that run no code of a class; how values of classes compare, and which
    need no check.
``virtual_subclasses``
    classes that others may be registered as subclasses of, at any time.
``found_values``
    what a rule that calls itself gives to variables.
"""
