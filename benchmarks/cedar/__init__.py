"""The three applications of the paper about Cedar, in graphs that grow.

Cutler et al., "Cedar: A New Language for Expressive, Fast, Safe, and Analyzable Authorization",
OOPSLA 2024, measures decisions of three applications (gdrive, github and tinytodo) about random
graphs of 5 to 50 entities of each kind. The policies and graphs here are written anew after
its description, so figures compare within a table, and their growth with those of others.

``python -m benchmarks cedar --help`` says how to run it. The modules, in reading order:

``graphs``
    users in groups in groups; ``Scenario`` and ``Graph``.
``gdrive``, ``github``, ``tinytodo``
    classes, policies in Polar and Cedar, the check by hand, a graph of a size.
``command``
    the command line and the table.
"""
