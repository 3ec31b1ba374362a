"""Clauses, before they are written: which form they have, and which are tried first.

``clause_forms``
    clauses that go through a list, that cut, or that only call.
``shared_reads``
    attributes that many clauses read.
``solver_order``, ``turns``
    the solutions before which all was looked at that the solver looks at; alternatives that are
    tried in turn.
``chains``
    what is asked of each object of a chain.
``delegations``
    rules that ask themselves about an object of another class.
"""
