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

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .proof import Outcome, Proof

__all__ = ["Outcome", "Proof"]


def __getattr__(name: str) -> t.Any:
    """Give what programs import from here; it is loaded when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import proof

    return getattr(proof, name)
