"""Print conditions as text close to Polar, for messages and for ``POLAR_EXPLAIN``."""

from __future__ import annotations

import enum
import typing as t

from .ir import (
    ITSELF,
    TRUE,
    VALUE_TYPES,
    And,
    Arithmetic,
    CaseMapped,
    Closure,
    Column,
    Comparison,
    Constant,
    Entry,
    EntryEquals,
    Exists,
    HasCharacter,
    HasElement,
    HasEntry,
    HasPart,
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
    if isinstance(part, Constant):
        return "true" if part.value else "false"
    if isinstance(part, Comparison | Arithmetic):
        return f"{_show(part.left, 3)} {part.sign} {_show(part.right, 3)}"
    if isinstance(part, InValues):
        return f"{show(part.column)} in [{_listed(part.values)}]"
    if isinstance(part, IsNull):
        return f"{show(part.column)} = nil"
    if isinstance(part, IsNan):
        return f"{show(part.column)} is no number"
    if isinstance(part, HasCharacter):
        return f"{_show_literal(part.character)} in {show(part.text)}"
    if isinstance(part, HasPart):
        return f"{show(part.text)}.{part.place.value}({show(part.part)})"
    if isinstance(part, HasEntry):
        kinds = " or ".join(each.value for each in part.kinds)
        return f"{show(part.entry)} is {kinds or 'there'}"
    if isinstance(part, EntryEquals):
        return f"{show(part.entry)} = {show(part.value)}"
    if isinstance(part, HasElement):
        return f"{show(part.element)} in {show(part.collection)}"
    if isinstance(part, IsObject):
        word = "=" if len(part.objects) == 1 else "in"
        listed = _listed(part.objects)
        return f"{show(part.row)} {word} {listed if word == '=' else f'[{listed}]'}"
    if isinstance(part, Unlinked):
        return f"{show(part.row)} = nil"
    if isinstance(part, SameRow | SameLink):
        return f"{show(part.left)} = {show(part.right)}"
    if isinstance(part, OfClass):
        return f"{show(part.row)} is a {' or '.join(cls.__name__ for cls in part.classes)}"
    if isinstance(part, Exists) and part.row.relation == ITSELF:
        return f"exists({show(part.row)} as {part.row.cls.__name__}{_show_where(part)})"
    if isinstance(part, Exists):
        return f"exists({show(part.row)}{_show_where(part)})"
    if isinstance(part, SelfReference):
        return f"set_{part.number}({show(part.row)})"
    if isinstance(part, Closure):
        return (
            f"{show(part.row)} in closure({show(part.variable)}: {show(part.first)};"
            f" {show(part.before)}: {show(part.next)})"
        )
    return _show_value(part)


def _show_where(part: Exists) -> str:
    among_rows = f" in {show(part.row.owner)}.{part.row.relation}"
    where = "" if part.part == TRUE else f": {show(part.part)}"
    return f"{among_rows if isinstance(part.row, ToMany) else ''}{where}"


def _show_value(part: t.Any) -> str:
    if isinstance(part, Root):
        return f"{part.cls.__name__.lower()}{part.number or ''}"
    if isinstance(part, KnownRow):
        return show(part.value)
    if isinstance(part, ToOne) and part.relation == ITSELF:
        return show(part.owner)
    if isinstance(part, ToOne):
        return f"{show(part.owner)}.{part.relation}"
    if isinstance(part, ToMany):
        return f"{part.cls.__name__.lower()}_{part.number}"
    if isinstance(part, Column):
        return f"{show(part.row)}.{part.name}"
    if isinstance(part, Entry):
        return ".".join((show(part.document), *part.keys))
    if isinstance(part, MemberPart):
        return f"{show(part.column)}.{part.name}"
    if isinstance(part, Substring):
        return f"{'last' if part.at_end else 'first'}({show(part.text)}, {part.length})"
    if isinstance(part, CaseMapped | Replaced):
        return f"{show(part.text)}.{part.method}()"
    if isinstance(part, Position):
        return f"{show(part.text)}.find({_show_literal(part.wanted)})"
    if isinstance(part, Literal):
        return _show_literal(part.value)
    raise AssertionError(f"A {type(part).__name__} is no part of a condition.")


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
