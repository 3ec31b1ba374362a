"""Conditions on rows, as a small algebra.

``schema``
    what is known of classes and columns.
``ir``, ``simplify``, ``show``
    the nodes of conditions; how they are made, so that they stay small; how they are printed.
``refusals``, ``letters``
    what is raised for what no database compares so; letters of both cases.
"""
