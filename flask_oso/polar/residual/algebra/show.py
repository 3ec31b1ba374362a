"""Print conditions as text close to Polar, for messages and for ``POLAR_EXPLAIN``."""

from __future__ import annotations

import enum
import typing as t

from .ir import (
    ITSELF,
    TRUE,
    VALUE_TYPES,
    AmongGiven,
    And,
    Arithmetic,
    CaseMapped,
    Closure,
    Column,
    Comparison,
    Constant,
    DecidedLater,
    Entry,
    EntryEquals,
    EntryHasValue,
    Exists,
    HasCharacter,
    HasElement,
    HasEntry,
    HasPart,
    HasResult,
    InValues,
    IsNan,
    IsNull,
    IsObject,
    KnownRow,
    Literal,
    MemberPart,
    Not,
    OfClass,
    Or,
    Position,
    Replaced,
    Root,
    SameLink,
    SameRow,
    SelfReference,
    Substring,
    ToMany,
    ToOne,
    Unlinked,
)


def show(condition: t.Any) -> str:
    """Return a condition, or a part of one, as text."""
    return _show(condition, 0)


def _show(part: t.Any, level: int) -> str:
    if isinstance(part, And | Or):
        mine, word = (2, " and ") if isinstance(part, And) else (1, " or ")
        text = word.join(_show(each, mine) for each in part.parts)
        return f"({text})" if level > mine else text
    if isinstance(part, Not):
        return f"not {_show(part.part, 3)}"
    text = _show_atom(part)
    return f"({text})" if level > 2 and isinstance(part, Comparison | InValues | IsNull) else text


def _show_atom(part: t.Any) -> str:
    write = _TEXTS.get(type(part))
    if write is None:
        raise AssertionError(f"A {type(part).__name__} is no part of a condition.")
    return write(part)


def _show_sides(part: t.Any) -> str:
    return f"{_show(part.left, 3)} {part.sign} {_show(part.right, 3)}"


def _show_entry(part: HasEntry) -> str:
    kinds = " or ".join(each.value for each in part.kinds)
    return f"{show(part.entry)} is {kinds or 'there'}"


def _show_objects(part: IsObject) -> str:
    listed = _listed(part.objects)
    return f"{show(part.row)} {f'= {listed}' if len(part.objects) == 1 else f'in [{listed}]'}"


def _show_exists(part: Exists) -> str:
    among = f" as {part.row.cls.__name__}" if part.row.relation == ITSELF else ""
    if isinstance(part.row, ToMany):
        among += f" in {show(part.row.owner)}.{part.row.relation}"
    where = "" if part.part == TRUE else f": {show(part.part)}"
    return f"exists({show(part.row)}{among}{where})"


def _show_closure(part: Closure) -> str:
    return (
        f"{show(part.row)} in closure({show(part.variable)}: {show(part.first)};"
        f" {show(part.before)}: {show(part.next)})"
    )


def _show_related(row: ToOne) -> str:
    owner = show(row.owner)
    return owner if row.relation == ITSELF else f"{owner}.{row.relation}"


_TEXTS: dict[type, t.Callable[[t.Any], str]] = {
    Constant: lambda part: "true" if part.value else "false",
    Comparison: _show_sides,
    Arithmetic: _show_sides,
    InValues: lambda part: f"{show(part.column)} in [{_listed(part.values)}]",
    AmongGiven: lambda part: f"{show(part.column)} in {show(part.given)}",
    IsNull: lambda part: f"{show(part.column)} = nil",
    IsNan: lambda part: f"{show(part.column)} is no number",
    HasCharacter: lambda part: f"{_show_literal(part.character)} in {show(part.text)}",
    HasPart: lambda part: f"{show(part.text)}.{part.place.value}({show(part.part)})",
    HasEntry: _show_entry,
    EntryEquals: lambda part: f"{show(part.entry)} = {show(part.value)}",
    EntryHasValue: lambda part: f"{show(part.value)} in {show(part.entry)}",
    HasElement: lambda part: f"{show(part.element)} in {show(part.collection)}",
    HasResult: lambda part: f"{show(part.calculated)} is no error",
    DecidedLater: lambda part: f"{show(part.operand)} and {show(part.value)}",
    IsObject: _show_objects,
    Unlinked: lambda part: f"{show(part.row)} = nil",
    SameRow: lambda part: f"{show(part.left)} = {show(part.right)}",
    SameLink: lambda part: f"{show(part.left)} = {show(part.right)}",
    OfClass: lambda part: f"{show(part.row)} is a {' or '.join(c.__name__ for c in part.classes)}",
    Exists: _show_exists,
    SelfReference: lambda part: f"set_{part.number}({show(part.row)})",
    Closure: _show_closure,
    Root: lambda row: f"{row.cls.__name__.lower()}{row.number or ''}",
    KnownRow: lambda row: show(row.value),
    ToOne: _show_related,
    ToMany: lambda row: f"{row.cls.__name__.lower()}_{row.number}",
    Column: lambda value: f"{show(value.row)}.{value.name}",
    Entry: lambda value: ".".join((show(value.document), *value.keys)),
    MemberPart: lambda value: f"{show(value.column)}.{value.name}",
    Substring: lambda value: (
        f"{'last' if value.at_end else 'first'}({show(value.text)}, {value.length})"
    ),
    CaseMapped: lambda value: f"{show(value.text)}.{value.method}()",
    Replaced: lambda value: f"{show(value.text)}.{value.method}()",
    Position: lambda value: f"{show(value.text)}.find({_show_literal(value.wanted)})",
    Literal: lambda value: _show_literal(value.value),
}


def _listed(literals: tuple[Literal, ...]) -> str:
    return ", ".join(map(show, literals))


def _show_literal(value: t.Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and type(value) is str:
        return f'"{value}"'
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, VALUE_TYPES):
        return str(value)
    # INVARIANT: never the repr of an object, which may hold secrets.
    return f"<{type(value).__name__} object>"
