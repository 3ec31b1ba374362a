"""Classes for tests: ``world`` (those of the cases), ``people`` (plain actors, resources and odd
objects), ``stores`` (a data adapter); mapped ones in ``shop``, ``documents`` and ``gallery``, and
in ``notebook``, which has an application; ``links`` makes the tables between two others.
"""
