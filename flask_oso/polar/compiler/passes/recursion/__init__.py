"""Functions that call themselves, as loops.

``first_solutions``
    loops end with their first solution, where their callers do.
``integers``
    sums of integers (strength reduction).
``loops``
    one that calls itself once: each call is the next turn (tail calls, and an accumulator).
``remembered_classes``
    in such loops, what is asked of the class of an object (inline caches).
``worklists``
    one that calls itself for each element of a list, or in several places: it keeps a list of the
    objects that are still to be looked at.
"""
