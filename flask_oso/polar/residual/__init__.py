"""Partial evaluation: a question about an unknown row becomes a condition on rows.

``schema``, ``ir``, ``outcomes``, ``database_semantics``, ``symbolic_terms``
    what is known of classes and columns; conditions; what a search comes to; comparisons as
    databases make them; terms for what is not known.
``search``, ``equations``, ``conditions``, ``evaluator``
    goals and alternatives; unification; operators; the evaluation.
``templates``, ``adapter_filters``, ``outlines``
    residuals that are filled in for each actor; filters of oso 0.27; what ``POLAR_EXPLAIN`` prints.
"""
