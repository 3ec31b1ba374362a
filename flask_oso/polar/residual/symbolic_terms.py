"""Terms for what is not known: rows, their columns and relations, and conditions on them.

They stand where values do, in the variables of a partial evaluation. No text spells them,
and the solver never meets one.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..host.conversion import follow
from ..nodes import Term, Unknown, is_ground, parts
from ..traversal import walk
from .ir import Operand, RowCondition, RowPath
from .schema import Link
from .show import show


class SymbolicRow(Term):
    """A row; one that a relation leads to may be missing, and then this is ``nil``."""

    __slots__ = __match_args__ = ("row",)

    def __init__(self, row: RowPath) -> None:
        self.row: t.Final = row
        self.span = None


class SymbolicValue(Term):
    """What a column of a row holds, or what is computed of that."""

    __slots__ = __match_args__ = ("operand",)

    def __init__(self, operand: Operand) -> None:
        self.operand: t.Final = operand
        self.span = None


class SymbolicRows(Term):
    """The rows that a relation to many leads to."""

    __slots__ = __match_args__ = ("owner", "name", "link")

    def __init__(self, owner: RowPath, name: str, link: Link) -> None:
        self.owner: t.Final = owner
        self.name: t.Final = name
        self.link: t.Final = link
        self.span = None


class SymbolicTruth(Term):
    """True or false, as a condition says."""

    __slots__ = __match_args__ = ("condition",)

    def __init__(self, condition: RowCondition) -> None:
        self.condition: t.Final = condition
        self.span = None


#: The kinds of terms that stand for what is not known.
SYMBOLIC = (SymbolicRow, SymbolicValue, SymbolicRows, SymbolicTruth)


def open_parts(term: t.Any) -> Sequence[t.Any]:
    """Give the terms in a term, but for what is surely known."""
    if is_ground(term) or isinstance(term, SYMBOLIC) or type(term) is Unknown:
        return ()
    return [follow(part) for part in parts(term)]


def has_unknown_rows(term: t.Any) -> bool:
    """Tell whether a term depends on a row that is not known."""
    term = follow(term)
    if isinstance(term, SYMBOLIC):
        return True
    return any(isinstance(part, SYMBOLIC) for part in walk([term], open_parts))


def show_term(value: t.Any) -> str:
    """Print what is not known, for messages."""
    if isinstance(value, SymbolicRow):
        return show(value.row)
    if isinstance(value, SymbolicValue):
        return show(value.operand)
    if isinstance(value, SymbolicRows):
        return f"{show(value.owner)}.{value.name}"
    return show(value.condition)
