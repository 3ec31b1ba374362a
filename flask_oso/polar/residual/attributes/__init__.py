"""What is calculated of the columns of unknown rows.

In goes an attribute, or a call of a method; out come conditions and values of rows.

``integers``, ``given_values``, ``formulas``, ``text_methods``, ``documents``
    where sums have 64 bits; what values of objects make of a condition that meets them; expressions
    of Python, such as hybrids; the methods of texts; JSON.
"""
