"""Proofs: why a query was answered as it was.

In go a rule call and a policy; out comes a ``Proof``: the tree of rules and conditions that
decided, and for a denial the changes that would allow it.

``redaction``, ``source_form``, ``proof_tree``, ``text``, ``html``, ``proof``
    values as short texts, without secrets; conditions as they are written; the proof tree; the
    tree as text and as HTML; both together.
``provenance``, ``proof_builder``, ``counterfactuals``, ``explain``
    what a run tries; from that to the proof tree; changes that would allow a denied query;
    the run and the proof of one query.
"""
