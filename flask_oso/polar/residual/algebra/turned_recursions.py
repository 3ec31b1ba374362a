"""Turn a recursion around, so that it begins with the rows of the actor.

``above(t, d.team)`` for a team ``t`` of the actor climbs from ``t``, up to the team of the listed
row. The set of the rows from which that is reached is another one for each row. Turned around it is
the set of the rows that are reached from ``t``, which is one for all.

In goes a condition with recursions about rows around them; out comes one that holds for the same
rows. What cannot be turned around stays as it is.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass, replace

from .ir import (
    ITSELF,
    And,
    Closure,
    Exists,
    Root,
    RowCondition,
    RowPath,
    SameRow,
    ToMany,
    ToOne,
    conjuncts_of,
    disjuncts_of,
    is_of_outer_rows,
    is_renumbered,
    mentions_row,
    with_row,
)
from .simplify import closure, conjunction, disjunction, exists, rewrite, with_rows_of_object

#: Makes a row of a class under a name of its own.
FreshRoot = Callable[[type], Root]


@dataclass(frozen=True)
class _End:
    """Where a recursion ends, at a row around it.

    :param row: the row around it.
    :param last: what holds for the last row of the recursion and ``row``, as of a step to ``row``.
    :param around: the rows that have to be there for that.
    :param beside: what else has to hold, of rows around alone.
    """

    row: RowPath
    last: RowCondition
    around: tuple[ToOne | ToMany, ...] = ()
    beside: tuple[RowCondition, ...] = ()


def turned(condition: RowCondition, fresh: FreshRoot) -> RowCondition:
    """Return a condition whose recursions are about no rows around them, as far as possible."""

    def change(part: t.Any) -> RowCondition | None:
        is_outer = isinstance(part, Closure) and is_of_outer_rows(part)
        return _turned_around(part, fresh) if is_outer else None

    return t.cast(RowCondition, rewrite(condition, change))


def _turned_around(made: Closure, fresh: FreshRoot) -> RowCondition | None:
    """Return a recursion from its other ends; ``None`` if one of these is of another form.

    ``x in closure(a or b; next)  =>  x in closure(a; next) or x in closure(b; next)``
    """
    found = []
    for each in disjuncts_of(made.first):
        one = Closure(made.row, made.variable, each, made.before, made.next)
        changed = _from_end(one, fresh) if is_of_outer_rows(one) else closure(one)
        if changed is None:
            return None
        found.append(changed)
    return disjunction(*found)


def _from_end(made: Closure, fresh: FreshRoot) -> RowCondition | None:
    """Return a recursion from its only end.

    ``x in closure(v: v = y and a(v); next(v, b))``
    ``  =>  y in closure(z: z = x; next(w, z)) and a(y)``

    ``x in closure(v: next(v, y); next(v, b))  =>  y in closure(z: next(x, z); next(w, z))``

    where ``w`` is a row that was reached before.
    """
    end = _end_of(made.first, made)
    if end is None or not made.row.cls is end.row.cls is made.variable.cls:
        return None
    if any(mentions_row(made.row, each) for each in end.around):
        # It is asked for anew, as another row.
        return None
    reached, before = fresh(made.variable.cls), fresh(made.variable.cls)
    parts = [_with_known_side_last(each) for each in conjuncts_of(end.last)]
    same = SameRow(made.variable, made.before)
    if same in parts:
        first: RowCondition = SameRow(reached, made.row)
        last = [with_row(each, made.variable, end.row) for each in parts if each != same]
    elif is_renumbered(conjunction(*parts), _with_known_side_last(made.next)):
        first, last = _step(made, made.row, reached), []
    else:
        return None
    first = with_rows_of_object(made.row, first)
    itself = ToOne(before, ITSELF, before.cls)
    following = exists(itself, _step(made, itself, reached))
    found = closure(Closure(end.row, reached, first, before, following))
    found = conjunction(found, *last, *end.beside)
    for each in reversed(end.around):
        found = exists(each, found)
    return found


def _step(made: Closure, begin: RowPath, end: RowPath) -> RowCondition:
    """Return what a recursion asks of two rows in turn."""
    step = with_row(made.next, made.before, end)
    return t.cast(RowCondition, with_row(step, made.variable, begin))


def _end_of(part: RowCondition, made: Closure) -> _End | None:
    """Return where a recursion ends by one condition; ``None`` if it is not at one row."""
    if isinstance(part, SameRow):
        return _end_of_equation(part, made)
    if isinstance(part, And):
        return _end_of_conjunction(part, made)
    if not isinstance(part, Exists):
        return None
    end = _end_of(part.part, made)
    if end is None:
        return None
    if mentions_row(part.row, made.variable):
        is_asked = any(mentions_row(each, part.row) for each in (end.row, *end.around, *end.beside))
        return None if is_asked else replace(end, last=exists(part.row, end.last))
    is_left = mentions_row(end.last, part.row)
    return None if is_left else replace(end, around=(part.row, *end.around))


def _end_of_equation(part: SameRow, made: Closure) -> _End | None:
    for mine, other in ((part.left, part.right), (part.right, part.left)):
        if mentions_row(mine, made.variable) and not mentions_row(other, made.variable):
            return _End(other, SameRow(mine, made.before))
    return None


def _end_of_conjunction(part: And, made: Closure) -> _End | None:
    """Return the end by one of several conditions, of which the others are about either side."""
    mine = [each for each in part.parts if mentions_row(each, made.variable)]
    beside = [each for each in part.parts if each not in mine]
    outer = [each for each in mine if _is_outer(each, made)]
    end = _end_of(outer[0], made) if len(outer) == 1 else None
    if end is None:
        return None
    last = [end.last if each is outer[0] else each for each in mine]
    return replace(end, last=conjunction(*last), beside=(*end.beside, *beside))


def _is_outer(part: RowCondition, made: Closure) -> bool:
    return is_of_outer_rows(Closure(made.row, made.variable, part, made.before, part))


def _with_known_side_last(condition: RowCondition) -> RowCondition:
    """Write equations of rows with what a recursion goes on from on the right."""

    def change(part: t.Any) -> RowCondition | None:
        is_turned = isinstance(part, SameRow) and isinstance(part.left, Root)
        if not is_turned or isinstance(part.right, Root):
            return None
        return SameRow(part.right, part.left)

    return t.cast(RowCondition, rewrite(condition, change))
