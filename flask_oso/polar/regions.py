"""What a function for plain data is made of: stretches of it, and the values known there.

A region is reached under one condition, or once for each element of a list. It holds what
is read, what is asked about it, and the regions further in.
"""

from __future__ import annotations

import ast
import typing as t
from dataclasses import dataclass, field

from .clauses import Clause
from .nodes import Pattern, Value


@dataclass(frozen=True)
class Val:
    """What is known of a value.

    :param name: its name in the function.
    :param literal: what it is, if that is known.
    :param choices: it is any of these strings: whichever fits.
    :param others: it is a string, and none of these.
    :param exact: its class, neither more nor less.
    :param region: where it became known.
    :param source: the value and the attribute that it was read from.
    """

    name: str
    literal: Value | None = None
    choices: frozenset[str] | None = None
    others: frozenset[str] = frozenset()
    exact: type | None = None
    region: Region | None = field(default=None, compare=False, repr=False)
    source: tuple[str, str] | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> tuple[t.Any, ...]:
        """What tells it from other values in this function."""
        if self.literal is not None:
            return ("literal", type(self.literal.value), self.literal.value)
        return (self.name, self.exact)


Node = tuple[str, tuple[Val, ...]]
Key = tuple[t.Any, ...]


@dataclass(eq=False)
class Region:
    """A stretch of the function that is reached under one condition, or for each element.

    :param found: the name of the variable that says that there is a solution.
    :param is_barrier: whether it is passed more than once, or has an answer of its own.
    """

    found: str
    above: Region | None = None
    is_barrier: bool = False
    header: ast.stmt | None = None
    body: list[ast.stmt] = field(default_factory=list)
    reads: list[ast.stmt] = field(default_factory=list)
    items: list[Region] = field(default_factory=list)
    loops: list[Region] = field(default_factory=list)
    inside: dict[Key, Region] = field(default_factory=dict)
    known: dict[Key, Val] = field(default_factory=dict)
    nodes: dict[Key, Node] = field(default_factory=dict)
    waiting: list[Node] = field(default_factory=list)
    leaves: list[tuple[Clause, Node]] = field(default_factory=list)
    #: The value whose class was tested here, read from the value of the region above.
    subject: Val | None = None
    flag: str | None = None
    is_flagged: bool = False
    is_successful: bool = False
    #: The value that is one of these strings here.
    texts: tuple[str, frozenset[str]] | None = None
    #: The flag of the region where the same begins anew with another value, and that value.
    again: tuple[str, str] | None = None

    def around(self) -> t.Iterator[Region]:
        """Give this region and those that it is in, up to one that is passed more than once."""
        region: Region | None = self
        while region is not None:
            yield region
            region = None if region.is_barrier else region.above

    def is_live(self) -> bool:
        """Tell whether this is still a part of the function."""
        inner, above = self, self.above
        while above is not None:
            if not any(each is inner for each in (*above.items, *above.loops)):
                return False
            inner, above = above, above.above
        return True

    def lookup(self, key: Key) -> Val | None:
        """Give a value that is known here."""
        region: Region | None = self
        while region is not None:
            if key in region.known:
                return region.known[key]
            region = region.above
        return None

    def holds(self, key: Key) -> Region | None:
        """Give the region around, or this one, where a condition holds already."""
        region: Region | None = self
        while region is not None:
            if region.above is not None and region.above.inside.get(key) is region:
                return region
            region = region.above
        return None


class Env:
    """The variables of clauses: what they are bound to, and classes that wait for it."""

    def __init__(self) -> None:
        self.names: dict[tuple[int, int], int] = {}
        self.values: dict[int, Val] = {}
        self.waiting: dict[int, tuple[Pattern, ...]] = {}

    def copy(self) -> Env:
        """Give one that can be bound otherwise."""
        other = Env()
        other.names, other.values = dict(self.names), dict(self.values)
        other.waiting = dict(self.waiting)
        return other

    def variable(self, clause: int, index: int) -> int:
        """Give the number of a variable."""
        return self.names.setdefault((clause, index), len(self.names))

    def unite(self, one: int, other: int) -> None:
        """Make two variables that are not bound one."""
        for key, number in self.names.items():
            if number == other:
                self.names[key] = one
        self.waiting[one] = self.waiting.get(one, ()) + self.waiting.pop(other, ())
