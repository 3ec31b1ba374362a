"""Texts to begin with: the cases of the language, and the wrong policies."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path

from .mutation import LONGEST

_POLAR = Path(__file__).parents[1] / "polar"


@functools.cache
def policies() -> Sequence[bytes]:
    """Give the policies of the tests of the language."""
    cases = "\n".join(_texts("cases"))
    pieces = re.split(r"(?m)^##.*$", cases)
    texts = [re.sub(r"(?m)^#.*\n?", "", piece).strip() for piece in pieces]
    return _fitting([*texts, *_texts("errors")])


@functools.cache
def queries() -> Sequence[bytes]:
    """Give the queries of the cases of the language."""
    return _fitting(re.findall(r"(?m)^#\? (.*)$", "\n".join(_texts("cases"))))


def _texts(folder: str) -> list[str]:
    files = sorted((_POLAR / folder).glob("*.polar"))
    return [file.read_bytes().decode("utf-8", "surrogateescape") for file in files]


def _fitting(texts: Sequence[str]) -> Sequence[bytes]:
    encoded = [text.encode("utf-8", "surrogateescape") for text in dict.fromkeys(texts) if text]
    return [data for data in encoded if len(data) <= LONGEST]
