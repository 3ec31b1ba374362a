"""What is known of mapped classes, and of their objects.

``tables``, ``column_types``, ``calculated_columns``, ``relationships``
    mapped classes as tables; the field of a column, also of one whose values the database makes;
    the link of a relation.
``loaded``, ``hybrids``, ``calculations``, ``row_equality``
    what objects have loaded, also in asynchronous sessions; formulas of hybrids and properties;
    which of these read nothing but columns; whether the ``__eq__`` of a class compares keys.
``mapping``, ``mapper_facts``
    the schema of mapped classes; facts about mappers, cached for translations.
"""
