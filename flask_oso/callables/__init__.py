"""Functions that a program gives us to call: how they are called, and where they were written.

``sync_callable``, ``view_functions``
    functions that may be async; what a view wraps, which function a request enters, and its place.
"""
