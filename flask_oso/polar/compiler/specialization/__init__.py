"""Specialization: all rules of a question as one function, for plain data.

A specialization answers only after it has read all that the solver might read before its first
solution. Where a value is not plain, it returns ``None``, and the compiled rules answer.

``equality``, ``operations``, ``regions``, ``guards``, ``steps``, ``specialization``, ``dispatch``
    side-effect-free equality; what functions call on values of any class; regions of a function;
    reads and tests in them; the code for each kind of goal; the function; the tables by which a
    question finds it.
"""
