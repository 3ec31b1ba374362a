"""Templates of residuals: made once for a class of actors, and filled in for each actor.

Most of a residual depends only on the class of the actor. In a template, attributes of the actor
are columns of a placeholder row. ``make_template`` makes one where that is possible;
``ResidualTemplate.fill`` replaces the columns by values and simplifies.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..exceptions import PolarRuntimeError
from ..nodes import Operator
from .database_semantics import NATIVE, NotTranslatable, value_equality, value_ordering
from .evaluator import PartialEvaluator
from .ir import (
    FALSE,
    ITSELF,
    TRUE,
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
    RowCondition,
    RowValue,
    SameLink,
    SameRow,
    Substring,
    ToOne,
    Unlinked,
    columns_of,
    relation_chains,
    walk_condition,
)
from .outcomes import Residual
from .schema import Schema, ValueKind
from .simplify import rewrite

#: The types of values that may be filled in, by the kind of the column.
_TYPES: dict[ValueKind, type] = {
    ValueKind.BOOLEAN: bool,
    ValueKind.INTEGER: int,
    ValueKind.FLOAT: float,
    ValueKind.TEXT: str,
}


#: The condition that holds for no row.
NOTHING = FALSE
#: The most filled-in residuals that one template keeps.
_MAX_FILLED = 100

Values = Mapping[Column, t.Any]


class NotFillable(Exception):
    """A template cannot be filled in: the question has to be evaluated with its own objects."""


def make_template(
    name: str,
    args: Sequence[t.Any],
    at: int,
    cls: type,
    models: Schema,
    make: Callable[[], PartialEvaluator],
) -> ResidualTemplate | None:
    """Make a template for all objects of the classes of some arguments.

    ``None`` if each question has to be evaluated on its own.

    :param make: makes an evaluator for one question.
    """
    rows = {n: placeholder(n, arg) for n, arg in enumerate(args) if n != at and is_host_object(arg)}
    if any(models.model(row.cls) is None for row in rows.values()):
        # INVARIANT: only rows have placeholders. Another object, such as a number of a type that
        # Polar does not have, may equal a column.
        return None
    try:
        residual = make().residual(name, args, at, cls, rows)
        _check_fillable(residual)
    except (PolarRuntimeError, NotFillable):
        # It may still be possible for one object.
        return None
    return ResidualTemplate(residual, rows)


def template_key(name: str, args: Sequence[t.Any], at: int, cls: type) -> t.Any:
    """Return a key that is equal for questions with the same template; ``None`` for none."""
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
    """Tell whether a value is an object, and not a native value of Polar."""
    return type(value) not in (*NATIVE, list, dict, type(None))


def placeholder(position: int, value: t.Any) -> KnownRow:
    """Return the placeholder row for an argument."""
    return KnownRow(type(value), Literal(Placeholder(position)))


class Placeholder(int):
    """The position of the argument that a row is a placeholder for."""


def _check_fillable(residual: Residual) -> None:
    """Refuse a residual that does more with values of objects than to compare them.

    :raises NotFillable: if so, or if it follows a relation of a constant, which may change.
    """
    parts = [*walk_condition(residual.condition), *walk_condition(residual.fails)]
    owners = (owner.value.value for owner, _ in relation_chains(parts))
    if not all(map(_is_fillable, parts)) or any(type(each) is not Placeholder for each in owners):
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
    """A residual with placeholder rows, and the residuals filled in so far.

    :param residual: the residual.
    :param rows: the placeholder rows for arguments, by position.
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
        # Two threads may make the same entry.
        self._filled: dict[t.Any, tuple[RowCondition, RowCondition]] = {}

    def fill(self, args: Sequence[t.Any], models: Schema) -> Residual:
        """Fill in the attributes of the objects among the arguments.

        The placeholder rows stay in the condition; the residual maps them to the objects.

        :raises NotFillable: if a value does not have the kind of its column, or an object has
            changes that the database does not know.
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
        rows = tuple(
            models.leads_somewhere(objects[t.cast(KnownRow, one.owner)], one.relation)
            for one in self._ones
        )
        key = (rows, *((type(value), value) for value in values.values()))
        known = self._filled.get(key)
        if known is None:
            if len(self._filled) >= _MAX_FILLED:
                self._filled.clear()
            known = self._filled[key] = _filled(
                self._residual, values, dict(zip(self._ones, rows, strict=True))
            )
        return Residual(self._residual.cls, self._residual.root, *known, objects)


def _filled(
    residual: Residual, values: Values, rows: Mapping[ToOne, bool | None]
) -> tuple[RowCondition, RowCondition]:
    """Replace columns by values, and relations that are known to be nil, or not to be."""

    def change(part: t.Any) -> t.Any:
        if isinstance(part, Exists) and isinstance(part.row, ToOne):
            is_there = rows.get(part.row)
            if is_there is None:
                return None
            return TRUE if is_there and part.part == TRUE else None if is_there else FALSE
        if isinstance(part, SameLink) and False in (rows.get(part.left), rows.get(part.right)):
            return FALSE
        if isinstance(part, Unlinked) and part.row in rows:
            return Constant(rows[part.row] is False)
        if isinstance(part, Comparison):
            return _compared(part, values)
        if isinstance(part, IsNull) and _is_known(part.column):
            return Constant(values[t.cast(Column, part.column)] is None)
        if isinstance(part, IsNan) and _is_known(part.column):
            # A value that is NaN is never filled in.
            return FALSE
        if isinstance(part, InValues) and _is_known(part.column):
            return Constant(Literal(values[t.cast(Column, part.column)]) in part.values)
        return None

    try:
        return rewrite(residual.condition, change), rewrite(residual.fails, change)
    except NotTranslatable:
        raise NotFillable from None


def with_objects(residual: Residual) -> Residual:
    """Replace placeholder rows by the objects."""
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


def _is_known(operand: RowValue) -> bool:
    return isinstance(operand, Column) and isinstance(operand.row, KnownRow)


def _value(column: Column, objects: Mapping[KnownRow, t.Any]) -> t.Any:
    """Return the value of a column of an object, if it has the kind of the column."""
    try:
        value = getattr(objects[t.cast(KnownRow, column.row)], column.name)
    except Exception:
        # The evaluation with the object itself decides whether a check gets here, and raises there.
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
    # An ordering with nil is false; `fails` has the error.
    if known is None:
        return FALSE
    return value_ordering(_ORDERS[part.sign, is_left], column, known)


def _side(operand: RowValue, values: Values) -> RowValue:
    return Literal(values[t.cast(Column, operand)]) if _is_known(operand) else operand


#: The operators for a column on the left, by the sign and whether the value is on the left.
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
