"""The tables by which a question finds its function.

``drafts``, ``function_maker``, ``dispatch``
    the ways in which a function may be written; which classes get which function; the tables, by a
    string and by classes.
"""
