"""Which relations are tested with IN instead of EXISTS: those reached by keys from a known object.

``EXISTS (SELECT 1 FROM roles WHERE roles.post_id = posts.id AND roles.user_id = 7)`` says the
same as ``posts.id IN (SELECT roles.post_id FROM roles WHERE roles.user_id = 7)``. For IN, databases
find the short list by an index and start from it, while for EXISTS SQLite searches for a role of
each post. Without a key of a known object the list may be as long as the table; EXISTS is then
better, since it stops at a LIMIT.
"""

from __future__ import annotations

import typing as t
from collections.abc import Container, Sequence

from ..polar.residual.ir import (
    And,
    Closure,
    Exists,
    IsObject,
    KnownRow,
    Or,
    RowCondition,
    RowPath,
    SameRow,
    ToOne,
    children_of,
)
from ..polar.residual.simplify import conjunction
from .mapper_facts import MapperFacts


class JunctionRow(t.NamedTuple):
    """A row that relates an object to another row.

    :param name: the attribute with the key of the other row.
    :param rest: the other conditions on the row.
    """

    name: str
    other: RowPath
    rest: RowCondition


def conjuncts_of(part: RowCondition) -> Sequence[RowCondition]:
    """Return the conjuncts of a condition."""
    return part.parts if isinstance(part, And) else (part,)


def is_independent(part: t.Any, row: RowPath | None, scope: Container[RowPath]) -> bool:
    """Tell whether a condition mentions no row in scope, except through one row."""
    stack = [part]
    while stack:
        each = stack.pop()
        if each == row:
            continue
        if isinstance(each, RowPath) and each in scope:
            return False
        stack.extend(children_of(each))
    return True


def is_anchored(part: RowCondition, row: RowPath, names: MapperFacts) -> bool:
    """Tell whether a condition ties a row to a known object by keys."""
    if isinstance(part, Or):
        return all(is_anchored(each, row, names) for each in part.parts)
    return any(_is_anchor(each, row, names) for each in conjuncts_of(part))


def _is_anchor(part: RowCondition, row: RowPath, names: MapperFacts) -> bool:
    if isinstance(part, Or):
        return is_anchored(part, row, names)
    if isinstance(part, IsObject):
        return part.row == row
    if isinstance(part, SameRow):
        return row in (part.left, part.right) and _is_known(part)
    if isinstance(part, Closure):
        return part.row == row and is_anchored(part.first, part.variable, names)
    if not isinstance(part, Exists):
        return False
    owner = part.row.owner
    if names.step(owner.cls, part.row.relation) is None:
        return False
    if isinstance(owner, KnownRow):
        return junction_of(part, (row,), names) is not None
    return owner == row and is_anchored(part.part, part.row, names)


def _is_known(part: SameRow) -> bool:
    return isinstance(part.left, KnownRow) or isinstance(part.right, KnownRow)


def junction_of(
    condition: Exists, scope: Container[RowPath], names: MapperFacts
) -> JunctionRow | None:
    """Return the junction from an object to a row in scope, if the condition has no other."""
    row = condition.row
    link, rest = _linking(condition, scope)
    if isinstance(link, SameRow):
        other, attributes = _other_row(link, row), names.key(row.cls)
    elif isinstance(link, Exists) and isinstance(link.row, ToOne) and link.row.owner == row:
        other = _other_row(link.part, link.row)
        keys = names.foreign_key(row.cls, link.row.relation) or []
        attributes = [name for name, _ in keys]
    else:
        return None
    if other is None or other not in scope or len(attributes) != 1:
        return None
    return JunctionRow(attributes[0], other, conjunction(*rest))


def exchanged(condition: Exists, scope: Container[RowPath]) -> Exists | None:
    """Exchange the order of two related rows, so that the outer one is of the row in scope.

    ``exists(a in known.r: exists(b in row.s: a = b) and rest)
    =>  exists(b in row.s: exists(a in known.r: a = b and rest))``
    """
    link, rest = _linking(condition, scope)
    if not isinstance(link, Exists) or not isinstance(link.part, SameRow):
        return None
    if link.row.owner not in scope:
        return None
    if {link.part.left, link.part.right} != {condition.row, link.row}:
        return None
    inner = Exists(condition.row, conjunction(link.part, *rest))
    return Exists(link.row, inner)


def _linking(
    condition: Exists, scope: Container[RowPath]
) -> tuple[RowCondition | None, list[RowCondition]]:
    """Return the only conjunct that mentions rows in scope, or ``None``, and the others."""
    parts = conjuncts_of(condition.part)
    linking = [each for each in parts if not is_independent(each, None, scope)]
    link = linking[0] if len(linking) == 1 else None
    return link, [each for each in parts if each is not link]


def _other_row(same: RowCondition, row: RowPath) -> RowPath | None:
    """Return the row that a condition says to be the same as a row."""
    if not isinstance(same, SameRow):
        return None
    if same.left == row:
        return same.right
    return same.left if same.right == row else None
