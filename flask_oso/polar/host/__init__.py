"""The Python side of a policy: registered names, objects, and what may be read of them.

``terms``, ``awaitables``, ``numbers``, ``data_adapter``
    what queries take and give; what nobody awaited; arithmetic; how classes lead to each other.
``sandbox``, ``registry``
    which attributes a policy may read; registered classes and constants, and work on Python
    values.
``class_facts``, ``attribute_types``
    what a load can learn of a class, and of what its attributes hold.
``attribute_access``, ``iterators``
    what ``x.name`` gives; what can be read only once.
"""
