"""Clauses, before they are written: which form they have, and which are tried first.

``clause_forms``
    clauses that go through a list, that cut, or that only call.
``shared_reads``
    attributes that many clauses read.
``first_path``, ``turns``
    the clauses that lead to the first solution; alternatives that are tried in turn.
``chains``
    what is asked of each object of a chain.
``delegations``
    rules that ask themselves about an object of another class.
"""
