"""Bytes as choices: what a target needs to know is read off its input.

In goes the input; out come numbers, members of sequences and texts. When the input is
used up every choice is the first one, so that a shorter input means something simpler.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

T = t.TypeVar("T")


class Choices:
    """The choices that one input makes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def are_left(self) -> bool:
        """Tell whether the input has not been used up."""
        return self._at < len(self._data)

    def number(self, below: int) -> int:
        """Choose a number from 0 on."""
        width = max(1, (below - 1).bit_length() + 7 >> 3)
        chunk = self._data[self._at : self._at + width]
        self._at += width
        return int.from_bytes(chunk, "big") % below

    def flag(self) -> bool:
        """Choose yes or no."""
        return self.number(2) == 1

    def pick(self, options: Sequence[T]) -> T:
        """Choose a member."""
        return options[self.number(len(options))]

    def text(self, longest: int = 20) -> str:
        """Choose a text, lone surrogates included."""
        length = self.number(longest + 1)
        chunk = self._data[self._at : self._at + length]
        self._at += length
        return decoded(chunk)

    def some(self, most: int) -> range:
        """Choose how often to do something."""
        return range(self.number(most + 1))


def decoded(data: bytes) -> str:
    """Read an input as a text. What is not UTF-8 becomes lone surrogates, which are odd too."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Make the input that is read as a text."""
    return text.encode("utf-8", "surrogateescape")
