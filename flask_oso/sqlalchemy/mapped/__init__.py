"""What is known of mapped classes, and of their objects.

``tables``, ``loaded``, ``hybrids``
    mapped classes as tables; what objects have loaded, also in asynchronous sessions; formulas of
    hybrids and properties.
``mapping``, ``mapper_facts``
    the schema of mapped classes; facts about mappers, cached for translations.
"""
