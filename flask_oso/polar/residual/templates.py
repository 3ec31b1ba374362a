"""Residuals that are prepared once and filled in for each actor.

Most of a residual does not depend on which actor asks, only on the actor's class: what it
reads of the actor stands in it like a column of a row. ``make_template`` tells whether that can be
filled in, and ``filled`` does so: a comparison with a value becomes what the value makes of it,
and one of values true or false.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Container, Mapping, Sequence

from ..exceptions import PolarRuntimeError
from ..nodes import Operator
from .database_semantics import NATIVE, NotTranslatable, value_equality, value_ordering
from .evaluator import PartialEvaluator
from .ir import (
    FALSE,
    ITSELF,
    Arithmetic,
    Column,
    Comparison,
    Constant,
    Exists,
    HasCharacter,
    InValues,
    IsNan,
    IsNull,
    IsObject,
    KnownRow,
    Literal,
    OfClass,
    Operand,
    RowCondition,
    SameRow,
    Substring,
    ToOne,
    columns_of,
    relation_chains,
    walk_condition,
)
from .outcomes import Residual
from .schema import Schema, ValueKind
from .simplify import rewrite

#: The Python types of values that may be filled in, by what the column is said to hold.
_TYPES: dict[ValueKind, type] = {
    ValueKind.BOOLEAN: bool,
    ValueKind.INTEGER: int,
    ValueKind.FLOAT: float,
    ValueKind.TEXT: str,
}


#: The condition that holds for no row.
NOTHING = FALSE
#: For so many different values one residual is kept as it becomes for them.
_MAX_FILLED = 100

Values = Mapping[Column, t.Any]


class NotFillable(Exception):
    """A residual that has to be made for the very objects in question."""


def make_template(
    name: str,
    args: Sequence[t.Any],
    at: int,
    cls: type,
    models: Schema,
    make: Callable[[], PartialEvaluator],
) -> ResidualTemplate | None:
    """Make a residual for all objects of the classes of some arguments.

    ``None`` if each question has to be evaluated for itself.

    :param make: makes what evaluates one question.
    """
    rows = {n: placeholder(n, arg) for n, arg in enumerate(args) if n != at and is_host_object(arg)}
    if any(models.model(row.cls) is None for row in rows.values()):
        # INVARIANT: nothing stands for an object that is no row, such as a number of a kind
        # that Polar does not have: a column may equal it.
        return None
    try:
        residual = make().residual(name, args, at, cls, rows)
        _check_fillable(residual)
    except (PolarRuntimeError, NotFillable):
        # What cannot be said of all objects of a class may be said of one.
        return None
    return ResidualTemplate(residual, rows)


def template_key(name: str, args: Sequence[t.Any], at: int, cls: type) -> t.Any:
    """Tell for which questions a prepared residual is the same; ``None`` if that has no end."""
    parts: list[t.Any] = [name, at, cls]
    for position, arg in enumerate(args):
        if position == at:
            continue
        if type(arg) in (list, dict):
            return None
        parts.append(type(arg))
        parts.append(None if is_host_object(arg) else arg)
    return tuple(parts)


def is_host_object(value: t.Any) -> bool:
    """Tell whether a value is an object, and no value of Polar's own."""
    return type(value) not in (*NATIVE, list, dict, type(None))


def placeholder(position: int, value: t.Any) -> KnownRow:
    """Give what stands for an argument."""
    return KnownRow(type(value), Literal(Placeholder(position)))


class Placeholder(int):
    """The position of an argument that something stands for."""


def _check_fillable(residual: Residual) -> None:
    """Refuse a residual that does more with values of objects than to compare them.

    :raises Unprepared: if so.
    """
    for part in (*walk_condition(residual.condition), *walk_condition(residual.fails)):
        if not _is_fillable(part):
            raise NotFillable


def _is_fillable(part: t.Any) -> bool:
    if isinstance(part, Arithmetic | Substring):
        return not any(map(_is_known, columns_of(part)))
    if isinstance(part, HasCharacter):
        return not any(map(_is_known, columns_of(part.text)))
    if isinstance(part, IsObject | OfClass):
        return not isinstance(part.row, KnownRow)
    if isinstance(part, SameRow):
        return not isinstance(part.left, KnownRow) or not isinstance(part.right, KnownRow)
    return not isinstance(part, Column) or not _is_known(part) or part.field.kind in _TYPES


class ResidualTemplate:
    """A residual with columns of objects in it, and what became of it for some values.

    :param residual: the residual.
    :param rows: what stands in it for arguments, by their positions.
    """

    def __init__(self, residual: Residual, rows: Mapping[int, KnownRow]) -> None:
        parts = [*walk_condition(residual.condition), *walk_condition(residual.fails)]
        self._residual = residual
        self._rows = rows
        self._columns = tuple({part: None for part in parts if _is_known(part)})
        self._chains = relation_chains(parts)
        self._ones = tuple(
            {
                part: None
                for part in parts
                if isinstance(part, ToOne)
                and part.relation != ITSELF
                and isinstance(part.owner, KnownRow)
            }
        )
        # Two threads may both make one of these; they are the same.
        self._filled: dict[t.Any, tuple[RowCondition, RowCondition]] = {}

    def fill(self, args: Sequence[t.Any], models: Schema) -> Residual:
        """Fill in what the objects among some arguments hold.

        The objects themselves are still placeholders in the condition, and beside it.

        :raises Unprepared: if a value is not what its column says, or a relation has changes
            that the database does not know.
        """
        objects = {row: args[position] for position, row in self._rows.items()}
        for row, value in objects.items():
            model = models.model(row.cls)
            if model is not None and model.shares_equality and not models.has_key(value):
                raise NotFillable
        for owner, names in self._chains:
            if not models.is_stored(objects[owner], names):
                raise NotFillable
        values = {column: _value(column, objects) for column in self._columns}
        nowhere = frozenset(
            one
            for one in self._ones
            if models.leads_nowhere(objects[t.cast(KnownRow, one.owner)], one.relation)
        )
        key = (nowhere, *((type(value), value) for value in values.values()))
        known = self._filled.get(key)
        if known is None:
            if len(self._filled) >= _MAX_FILLED:
                self._filled.clear()
            known = self._filled[key] = _filled(self._residual, values, nowhere)
        return Residual(self._residual.cls, self._residual.root, *known, objects)


def _filled(
    residual: Residual, values: Values, nowhere: Container[ToOne]
) -> tuple[RowCondition, RowCondition]:
    """Fill in the values of columns, and the relations of objects that lead nowhere."""

    def change(part: t.Any) -> t.Any:
        if isinstance(part, Exists) and part.row in nowhere:
            return FALSE
        if isinstance(part, Comparison):
            return _compared(part, values)
        if isinstance(part, IsNull) and _is_known(part.column):
            return Constant(values[t.cast(Column, part.column)] is None)
        if isinstance(part, IsNan) and _is_known(part.column):
            # What is NaN is not filled in.
            return FALSE
        if isinstance(part, InValues) and _is_known(part.column):
            return Constant(Literal(values[t.cast(Column, part.column)]) in part.values)
        return None

    try:
        return rewrite(residual.condition, change), rewrite(residual.fails, change)
    except NotTranslatable:
        raise NotFillable from None


def with_objects(residual: Residual) -> Residual:
    """Put the objects in the place of what stands for them."""
    objects = residual.objects

    def change(part: t.Any) -> t.Any:
        if isinstance(part, SameRow):
            rows = part.left, part.right
            for known, other in (rows, rows[::-1]):
                if isinstance(known, KnownRow):
                    return IsObject(other, (Literal(objects[known]),))
        if isinstance(part, KnownRow) and part in objects:
            return KnownRow(part.cls, Literal(objects[part]))
        return None

    if not objects:
        return residual
    condition, fails = rewrite(residual.condition, change), rewrite(residual.fails, change)
    return Residual(residual.cls, residual.root, condition, fails)


def _is_known(operand: Operand) -> bool:
    return isinstance(operand, Column) and isinstance(operand.row, KnownRow)


def _value(column: Column, objects: Mapping[KnownRow, t.Any]) -> t.Any:
    """Give what a column stands for, if it holds what it says."""
    try:
        value = getattr(objects[t.cast(KnownRow, column.row)], column.name)
    except Exception:
        # Whether a check comes so far, the evaluation for the very object says, and where.
        raise NotFillable from None
    is_right = value is None or type(value) is _TYPES[column.field.kind]
    if not is_right or value != value:
        raise NotFillable
    return value


def _compared(part: Comparison, values: Values) -> RowCondition | None:
    if not _is_known(part.left) and not _is_known(part.right):
        return None
    left, right = _side(part.left, values), _side(part.right, values)
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Constant(_holds(part.sign, left.value, right.value))
    is_left = isinstance(left, Literal)
    value, column = (left, right) if is_left else (right, left)
    known = t.cast(Literal, value).value
    if part.sign == "=":
        return value_equality(column, known)
    # An ordering with nil does not hold; that it is an error, other conditions say.
    if known is None:
        return FALSE
    return value_ordering(_ORDERS[part.sign, is_left], column, known)


def _side(operand: Operand, values: Values) -> Operand:
    return Literal(values[t.cast(Column, operand)]) if _is_known(operand) else operand


#: The signs for a column on the left, by the sign and whether the value stands there.
_ORDERS = {
    ("<", True): Operator.GT,
    ("<=", True): Operator.GEQ,
    ("<", False): Operator.LT,
    ("<=", False): Operator.LEQ,
}


def _holds(sign: str, left: t.Any, right: t.Any) -> bool:
    if sign == "=":
        return Literal(left) == Literal(right)
    if left is None or right is None:
        return False
    return bool(left < right if sign == "<" else left <= right)
