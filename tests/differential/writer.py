"""A source of choices for those who write programs, and the variables of what is written.

Every choice is a draw of Hypothesis, the first option the simplest, so that what fails
shrinks towards short rules with plain values.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

_T = t.TypeVar("_T")
#: How rule and query variables are called: no constant, key or text of a program is.
NAMES = ("x", "y", "z", "u", "v", "w")


class Kind(t.NamedTuple):
    """What is known of a variable: the kind of its value, and whether it has one."""

    kind: str
    bound: bool


@functools.cache
def _below(limit: int) -> st.SearchStrategy[int]:
    return st.integers(0, limit - 1)


@dataclass
class Writer:
    """Chooses, and remembers the variables of the rule or query under way.

    :param draw: Hypothesis's.
    :param slips: percent of values that are of another kind than the place asks for.
    :param loose: percent of places where an unbound variable is used although one that has
        a value would be right.
    """

    draw: t.Callable[[st.SearchStrategy[t.Any]], t.Any]
    slips: int = 4
    loose: int = 4
    variables: dict[str, Kind] = field(default_factory=dict)

    def below(self, limit: int) -> int:
        """Choose a number from 0 to one below the limit."""
        return t.cast(int, self.draw(_below(limit)))

    def pick(self, options: Sequence[_T]) -> _T:
        """Choose one of some options."""
        return options[self.below(len(options))] if len(options) > 1 else options[0]

    def weighted(self, *table: tuple[int, _T]) -> _T:
        """Choose an option as often as its weight says."""
        at = self.below(sum(weight for weight, _ in table))
        for weight, option in table:
            at -= weight
            if at < 0:
                return option
        raise ValueError("A table has options with weights.")

    def often(self, percent: int) -> bool:
        """Decide; ``False`` is the simple answer."""
        return percent > 0 and self.below(100) >= 100 - percent

    def several(self, least: int, most: int) -> range:
        """Choose how many times something is written."""
        return range(least + self.below(most - least + 1))

    # -- variables -------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a rule or a query: no variable is known."""
        self.variables = {}

    def known(self, kind: str) -> list[str]:
        """Give the variables that have a value of a kind."""
        return [
            name for name, it in self.variables.items() if it.bound and it.kind in (kind, "any")
        ]

    def unbound(self) -> list[str]:
        """Give the variables that are known to have no value yet."""
        return [name for name, it in self.variables.items() if not it.bound]

    def fresh(self, kind: str, *, bound: bool = True) -> str:
        """Take a variable that was not used yet, or one of another use if there is none."""
        free = [name for name in NAMES if name not in self.variables]
        name = free[0] if free else self.pick(NAMES)
        self.variables.setdefault(name, Kind(kind, bound))
        return name

    def bind(self, name: str, kind: str) -> str:
        """Note that a variable has a value from here on."""
        self.variables[name] = Kind(kind, True)
        return name
