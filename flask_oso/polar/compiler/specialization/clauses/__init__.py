"""Clauses, before they are written: which form they have, and which are tried first.

``clause_forms``, ``first_path``, ``chains``, ``delegations``
    clauses that go through a list, cut or only call; the clauses that lead to the first solution;
    what is asked of each object of a chain; rules that ask themselves about an object of another
    class.
"""
