"""Specialization: all rules of a question as one function, for plain data.

A specialization answers only after it has read all that the solver might read before its first
solution, and ends with that one where it is known to be the first. Where a value is not plain, it
returns ``None``, and the compiled rules answer.

``operations``, ``regions``, ``region_statements``, ``value_tests``, ``observation``
    what functions call on values of any class; regions of a function, and their statements; tests
    of values of any class, as expressions; the one call of the application that a function may
    make.
``solution_keys``, ``guards``, ``rows``, ``values``, ``patterns``, ``first_call``,
``kept_searches``
    what functions for rules that call themselves know of their arguments; conditions, loops and
    class tests in regions; rows; what is read of values, and how they compare; the classes that
    clauses ask for; a call that comes before all else; what several strings have searched for once.
``clauses``, ``goals``, ``questions``, ``specialization``, ``solution_functions``, ``tables``
    the forms of clauses, which are tried first, and what is asked of each object of a chain; the
    code for each kind of goal; the clauses that a question comes to; the function; functions for
    rules that call themselves; the tables by which a question finds its function.
"""
