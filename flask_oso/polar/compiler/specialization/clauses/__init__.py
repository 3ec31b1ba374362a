"""Clauses, before they are written: which form they have, and which are tried first.

``clause_forms``, ``shared_reads``, ``first_path``, ``turns``, ``chains``, ``delegations``
    clauses that go through a list, cut or only call; what many clauses read; the clauses that lead
    to the first solution; alternatives that are tried in turn; what is asked of each object of a
    chain; rules that ask themselves about an object of another class.
"""
