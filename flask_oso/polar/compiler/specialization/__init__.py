"""All rules of a question as one function for plain data.

A specialization answers only after it looked at all that the solver might look at before its
first solution; anything that is not plain is left to the exact rules.

``equality``, ``regions``, ``guards``, ``steps``, ``specialization``, ``dispatch``
    equality that runs no code; stretches of a function; what is read and tested; how each kind
    of goal is written; the function; how a question finds it.
"""
