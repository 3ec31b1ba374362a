"""The Python side of a policy: registered names, values, and what may be read of them.

In go Python classes, constants and objects; out come terms for the solver, and Python values for
results. Attributes are read here and nowhere else.

``terms``, ``awaitables``, ``numbers``, ``data_adapter``
    what queries take and return; values that were not awaited; arithmetic of Polar's own
    values; relations between classes.
``sandbox``, ``dictionaries``, ``value_classes``, ``conversion``, ``comparison``, ``registry``
    which attributes a policy may read; what is read of a ``dict``; which values compare without
    running code; Python values to terms and back; Python's comparison operators; registered classes
    and constants.
``class_facts``, ``attribute_types``
    what loading a policy can learn of a class; the types of its attributes.
``attribute_access``, ``iterators``
    the value of ``x.name``; iterators that can be read only once.
"""
