"""Residuals that are prepared once and filled in for each actor.

Most of a residual does not depend on which actor asks, only on the actor's class: what it
reads of the actor stands in it like a column of a row. ``prepare`` tells whether that can be
filled in, and ``filled`` does so: a comparison with a value becomes what the value makes of it,
and one of values true or false.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from .exceptions import PolarRuntimeError
from .faithful import NATIVE, Unfaithful, equal, ordered
from .models import Kind, Models
from .nodes import Operator
from .partial import Partial
from .residual import (
    FALSE,
    Among,
    Arithmetic,
    Column,
    Comparison,
    Condition,
    Constant,
    Each,
    HasCharacter,
    Is,
    IsNull,
    Known,
    Literal,
    OfClass,
    One,
    Operand,
    Part,
    Residual,
    Same,
    columns_of,
    everything,
    replaced,
)

#: The Python types of values that may be filled in, by what the column is said to hold.
_TYPES: dict[Kind, type] = {
    Kind.BOOLEAN: bool,
    Kind.INTEGER: int,
    Kind.FLOAT: float,
    Kind.TEXT: str,
}


#: The condition that holds for no row.
NOTHING = FALSE


class Unprepared(Exception):
    """A residual that has to be made for the very objects in question."""


def prepare(
    name: str, args: Sequence[t.Any], at: int, cls: type, make: Callable[[], Partial]
) -> Residual | None:
    """Make a residual for all objects of the classes of some arguments.

    ``None`` if each question has to be evaluated for itself.

    :param make: makes what evaluates one question.
    """
    rows = {n: placeholder(n, arg) for n, arg in enumerate(args) if n != at and is_object(arg)}
    try:
        residual = make().residual(name, args, at, cls, rows)
        _check_fillable(residual)
    except (PolarRuntimeError, Unprepared):
        # What cannot be said of all objects of a class may be said of one.
        return None
    return residual


def key_of(name: str, args: Sequence[t.Any], at: int, cls: type) -> t.Any:
    """Tell for which questions a prepared residual is the same; ``None`` if that has no end."""
    parts: list[t.Any] = [name, at, cls]
    for position, arg in enumerate(args):
        if position == at:
            continue
        if type(arg) in (list, dict):
            return None
        parts.append(type(arg))
        parts.append(None if is_object(arg) else arg)
    return tuple(parts)


def is_object(value: t.Any) -> bool:
    """Tell whether a value is an object, and no value of Polar's own."""
    return type(value) not in (*NATIVE, list, dict, type(None))


def placeholder(position: int, value: t.Any) -> Known:
    """Give what stands for an argument."""
    return Known(type(value), Literal(Placeholder(position)))


class Placeholder(int):
    """The position of an argument that something stands for."""


def _check_fillable(residual: Residual) -> None:
    """Refuse a residual that does more with values of objects than to compare them.

    :raises Unprepared: if so.
    """
    for part in (*everything(residual.condition), *everything(residual.fails)):
        if not _is_fillable(part):
            raise Unprepared


def _is_fillable(part: t.Any) -> bool:
    if isinstance(part, Arithmetic | Part):
        return not any(map(_is_known, columns_of(part)))
    if isinstance(part, HasCharacter):
        return not any(map(_is_known, columns_of(part.text)))
    if isinstance(part, Is | OfClass):
        return not isinstance(part.row, Known)
    return not isinstance(part, Column) or not _is_known(part) or part.field.kind in _TYPES


def filled(residual: Residual, args: Sequence[t.Any], at: int, models: Models) -> Residual:
    """Fill a residual in for the objects among some arguments.

    :raises Unprepared: if a value is not what its column says, or a relation has changes that
        the database does not know.
    """
    objects = {placeholder(n, a): a for n, a in enumerate(args) if n != at and is_object(a)}
    for owner in _related(residual):
        if not models.is_stored(objects[owner]):
            raise Unprepared

    def change(part: t.Any) -> t.Any:
        if isinstance(part, Known):
            return Known(part.cls, Literal(objects[part]))
        if isinstance(part, Comparison):
            return _compared(part, objects)
        if isinstance(part, IsNull) and _is_known(part.column):
            return Constant(_value(part.column, objects) is None)
        if isinstance(part, Among) and _is_known(part.column):
            return Constant(Literal(_value(part.column, objects)) in part.values)
        if isinstance(part, Same):
            return _same(part, objects)
        return None

    try:
        condition, fails = replaced(residual.condition, change), replaced(residual.fails, change)
    except Unfaithful:
        raise Unprepared from None
    return Residual(residual.cls, residual.root, condition, fails)


def _related(residual: Residual) -> set[Known]:
    """Give what stands for objects whose relations a residual follows."""
    parts = [*everything(residual.condition), *everything(residual.fails)]
    return {
        part.owner
        for part in parts
        if isinstance(part, One | Each) and isinstance(part.owner, Known)
    }


def _is_known(operand: Operand) -> bool:
    return isinstance(operand, Column) and isinstance(operand.row, Known)


def _value(operand: Operand, objects: Mapping[Known, t.Any]) -> t.Any:
    """Give what a column stands for, if it holds what it says."""
    column = t.cast(Column, operand)
    value = getattr(objects[t.cast(Known, column.row)], column.name)
    if value is not None and type(value) is not _TYPES[column.field.kind]:
        raise Unprepared
    if value != value:
        raise Unprepared
    return value


def _compared(part: Comparison, objects: Mapping[Known, t.Any]) -> Condition | None:
    mine, other = _is_known(part.left), _is_known(part.right)
    if not mine and not other:
        return None
    left = _value(part.left, objects) if mine else part.left
    right = _value(part.right, objects) if other else part.right
    if mine and isinstance(right, Literal):
        right, other = right.value, True
    if other and isinstance(left, Literal):
        left, mine = left.value, True
    if mine and other:
        return Constant(_holds(part.sign, left, right))
    if part.sign == "=":
        return equal(right, left) if mine else equal(left, right)
    # An ordering with nil does not hold; that it is an error, other conditions say.
    value, column = (left, right) if mine else (right, left)
    if value is None:
        return FALSE
    sign = {("<", True): Operator.GT, ("<=", True): Operator.GEQ}.get((part.sign, mine))
    sign = sign or (Operator.LT if part.sign == "<" else Operator.LEQ)
    return ordered(sign, column, value)


def _holds(sign: str, left: t.Any, right: t.Any) -> bool:
    if sign == "=":
        return Literal(left) == Literal(right)
    if left is None or right is None:
        return False
    return bool(left < right if sign == "<" else left <= right)


def _same(part: Same, objects: Mapping[Known, t.Any]) -> Condition | None:
    known = [row for row in (part.left, part.right) if isinstance(row, Known)]
    if not known:
        return None
    if len(known) > 1:
        raise Unprepared
    other = part.right if part.left == known[0] else part.left
    if any(isinstance(each, Known) for each in everything(other)):
        raise Unprepared
    return Is(other, (Literal(objects[known[0]]),))
