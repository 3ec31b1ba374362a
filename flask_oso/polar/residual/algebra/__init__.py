"""Conditions on rows, as a small algebra.

``schema``
    what is known of classes and columns.
``ir``, ``simplify``, ``show``
    the nodes of conditions; how they are made, so that they stay small; how they are printed.
``outcomes``
    the result of a search: a condition for each way in which it ends.
``refusals``, ``letters``
    what is raised for what no database compares so; letters of both cases.
"""
