"""Where what is random comes from: Hypothesis, which makes small what fails, or a seed."""

from __future__ import annotations

import functools
import random
import typing as t
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

_T = t.TypeVar("_T")


class Choices:
    """Chooses. The first option is the simplest, and so is ``False``.

    :param below: gives a number from 0 to one below its argument.
    """

    def __init__(self, below: Callable[[int], int]) -> None:
        self.below = below

    def pick(self, options: Sequence[_T]) -> _T:
        """Choose one of some options."""
        return options[self.below(len(options))]

    def often(self, percent: int) -> bool:
        """Decide."""
        return self.below(100) >= 100 - percent

    def some(self, options: Sequence[_T], percent: int) -> list[_T]:
        """Choose any number of options."""
        return [option for option in options if self.often(percent)]

    def turned(self, left: _T, right: _T) -> tuple[_T, _T]:
        """Give two things in either order."""
        return (right, left) if self.often(25) else (left, right)


@functools.cache
def _below(limit: int) -> st.SearchStrategy[int]:
    return st.integers(0, limit - 1)


def drawn(draw: Callable[[st.SearchStrategy[t.Any]], t.Any]) -> Choices:
    """Have Hypothesis choose.

    :param draw: what a composite strategy is given.
    """
    return Choices(lambda limit: t.cast(int, draw(_below(limit))))


def seeded(seed: int) -> Choices:
    """Choose by a seed."""
    return Choices(random.Random(seed).randrange)
