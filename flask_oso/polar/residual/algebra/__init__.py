"""Conditions on rows, as a small algebra.

``schema``
    what is known of classes and columns.
``ir``, ``simplify``, ``show``
    the nodes of conditions; how they are made, so that they stay small; how they are printed.
``turned_recursions``
    recursions about rows around them, begun from the other end.
``outcomes``
    the result of a search: a condition for each way in which it ends.
``refusals``, ``letters``
    what is raised for what no database compares so; letters of both cases.
"""
