"""Guess which known word a misspelt one was meant to be, and say so.

In goes a word and the words that would have been right; out comes the nearest one, or
nothing where none is near. Case is ignored for nearness.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_NEARNESS = 0.75


def nearest(word: str, known: Iterable[str], nearness: float = _NEARNESS) -> str | None:
    """Give the known word that looks most like this one, or ``None``; never the word itself.

    :param nearness: how much alike they must be, from 0 to 1.
    """
    by_folded: dict[str, str] = {}
    for candidate in known:
        if candidate != word:
            by_folded.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=nearness)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], quote: str = '"') -> str:
    """Give a line of help that names the nearest known word; empty if there is none."""
    found = nearest(word, known)
    return "" if found is None else f"Did you mean {quote}{found}{quote}?\n"
