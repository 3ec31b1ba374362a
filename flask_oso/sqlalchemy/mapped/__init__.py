"""What is known of mapped classes, and of their objects.

``tables``, ``loaded``, ``hybrids``
    mapped classes as tables; what objects have loaded, also in asynchronous sessions; formulas of
    hybrids and properties.
``column_types``, ``mapping``, ``mapper_facts``
    which types of columns a list can compare; the schema of mapped classes; facts about mappers,
    cached for translations.
"""
