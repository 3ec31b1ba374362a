"""What is known of mapped classes, and of their objects.

``tables``, ``loaded``, ``hybrids``
    mapped classes as tables; what objects have loaded, also in asynchronous sessions; formulas of
    hybrids and properties.
``column_types``, ``relationships``, ``row_equality``
    the field of a column; the link of a relation; whether the ``__eq__`` of a class compares keys.
``mapping``, ``mapper_facts``
    the schema of mapped classes; facts about mappers, cached for translations.
"""
