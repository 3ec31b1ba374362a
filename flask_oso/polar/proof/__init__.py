"""Why a question was answered as it was.

``redaction``, ``source_form``, ``proof_tree``, ``text``, ``html``, ``proof``
    values and conditions as short texts; reasons as a tree, and how it is shown.
``provenance``, ``proof_builder``, ``counterfactuals``, ``explain``
    a run that keeps account; from its record to reasons; what would have to change; subgoal
    once more.
"""
