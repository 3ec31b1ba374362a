"""What is calculated of the columns of unknown rows.

In goes an attribute, or a call of a method; out come conditions and values of rows.

``integers``
    where sums have 64 bits.
``given_values``
    parts of a template that are made for the values of objects.
``object_columns``
    the values of known objects.
``direct_values``
    those of them of which all values of a kind make the same condition.
``formulas``
    expressions of Python, such as hybrids.
``text_methods``, ``documents``
    the methods of texts; JSON.
"""
