"""Terms for unknown rows, their columns and relations, and conditions on them.

They are values of variables in a partial evaluation. No policy text denotes them, and the solver
never sees one.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..host.conversion import follow
from ..nodes import Term, Unknown, is_ground, parts
from ..traversal import walk
from .algebra.ir import KnownRow, RowCondition, RowPath, RowValue
from .algebra.schema import Link, Record
from .algebra.show import show


class SymbolicRow(Term):
    """A row. That of a relation may not exist; the term is then ``nil``."""

    __slots__ = __match_args__ = ("row",)

    def __init__(self, row: RowPath) -> None:
        self.row: t.Final = row
        self.span = None


class SymbolicValue(Term):
    """The value of a column, or one computed from columns."""

    __slots__ = __match_args__ = ("operand",)

    def __init__(self, operand: RowValue) -> None:
        self.operand: t.Final = operand
        self.span = None


class SymbolicRows(Term):
    """The rows of a to-many relation."""

    __slots__ = __match_args__ = ("owner", "name", "link")

    def __init__(self, owner: RowPath, name: str, link: Link) -> None:
        self.owner: t.Final = owner
        self.name: t.Final = name
        self.link: t.Final = link
        self.span = None


class SymbolicElements(SymbolicRows):
    """An attribute of each row of a to-many relation."""

    __slots__ = __match_args__ = ("attribute",)

    def __init__(self, owner: RowPath, name: str, link: Link, attribute: str) -> None:
        super().__init__(owner, name, link)
        self.attribute: t.Final = attribute


class SymbolicDictionary(SymbolicElements):
    """The rows of a to-many relation, by one of their attributes; going through it has these."""

    __slots__ = __match_args__ = ()


class SymbolicRecord(Term):
    """An object that is made of several columns of a row."""

    __slots__ = __match_args__ = ("row", "name", "record")

    def __init__(self, row: RowPath, name: str, record: Record) -> None:
        self.row: t.Final = row
        self.name: t.Final = name
        self.record: t.Final = record
        self.span = None


class SymbolicTruth(Term):
    """A boolean: whether a condition holds."""

    __slots__ = __match_args__ = ("condition",)

    def __init__(self, condition: RowCondition) -> None:
        self.condition: t.Final = condition
        self.span = None


class Given(Term):
    """A value of a Python object, which a template reads anew for each list."""

    __slots__ = __match_args__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number: t.Final = number
        self.span = None


#: The classes of symbolic terms.
SYMBOLIC = (
    SymbolicRow,
    SymbolicValue,
    SymbolicRows,
    SymbolicElements,
    SymbolicDictionary,
    SymbolicRecord,
    SymbolicTruth,
    Given,
)


def open_parts(term: t.Any) -> Sequence[t.Any]:
    """Return the parts of a term that may be symbolic or unbound."""
    if is_ground(term) or isinstance(term, SYMBOLIC) or type(term) is Unknown:
        return ()
    return [follow(part) for part in parts(term)]


def has_unknown_rows(term: t.Any) -> bool:
    """Tell whether a term depends on an unknown row."""
    term = follow(term)
    if isinstance(term, SYMBOLIC):
        return True
    return any(isinstance(part, SYMBOLIC) for part in walk([term], open_parts))


def is_of_host(term: t.Any) -> bool:
    """Tell whether a term depends on values of Python objects, and on nothing unknown."""
    found = False
    for part in walk([follow(term)], open_parts):
        if type(part) is Given:
            found = True
        elif isinstance(part, SYMBOLIC) and not is_known_row(part):
            return False
    return found


def is_settled(term: t.Any) -> bool:
    """Tell whether Python can be asked about a term: it depends on nothing unknown."""
    return all(
        type(part) is Given or is_known_row(part) or not isinstance(part, SYMBOLIC)
        for part in walk([follow(term)], open_parts)
    )


def is_known_row(term: t.Any) -> bool:
    """Tell whether a term is the row of a known object."""
    return isinstance(term, SymbolicRow) and isinstance(term.row, KnownRow)


def show_term(value: t.Any) -> str:
    """Return a symbolic term as text, for messages."""
    if isinstance(value, Given):
        return "a value"
    if isinstance(value, SymbolicRow):
        return show(value.row)
    if isinstance(value, SymbolicValue):
        return show(value.operand)
    if isinstance(value, SymbolicRecord):
        return f"{show(value.row)}.{value.name}"
    if isinstance(value, SymbolicRows):
        return f"{show(value.owner)}.{value.name}"
    return show(value.condition)
