"""Columns whose values a database makes: which of them it keeps otherwise than SQLAlchemy does.

In goes the expression of an attribute; out comes its ``Field``. SQLite adds decimals as floats and
SQLAlchemy rounds what it reads; it keeps any number as a boolean, and writes the time without a
fraction of a second. A statement then compares what is read.
"""

from __future__ import annotations

import dataclasses
import decimal
import typing as t

import sqlalchemy as sa
from sqlalchemy.sql import elements, functions, operators, visitors

from ...polar.residual.algebra.schema import TIME_KINDS, Field, ValueKind
from .column_types import describe_type

#: Functions that count, also where SQLAlchemy knows no type of theirs.
_COUNTING = (
    "length", "char_length", "instr", "json_array_length", "jsonb_array_length", "row_number",
    "rank", "dense_rank",
)  # fmt: skip
#: Functions whose result has no more decimal places than their arguments.
_KEEPING = ("sum", "max", "min", "coalesce", "abs")


def describe_column(column: t.Any, is_nullable: bool) -> Field:
    """Return the field for a column, or for another expression of an attribute."""
    field = describe_type(column.type, is_nullable)
    if field.kind in TIME_KINDS:
        is_calculated = _is_written_by_database(column)
    elif field.kind is ValueKind.DATE:
        is_calculated = casts_time(column)
    elif field.kind is ValueKind.DECIMAL and not _is_stored(column):
        return _calculated_decimal(column, field)
    elif field.kind in (ValueKind.DECIMAL, ValueKind.BOOLEAN):
        is_stored = _is_stored(column) and column.computed is None
        is_calculated = not is_stored and not is_condition(column)
    elif field.kind is ValueKind.INTEGER:
        if _may_be_fraction(column):
            return _opaque(field, _FRACTION)
        is_calculated = _is_sum(column)
    else:
        return field
    return dataclasses.replace(field, is_calculated=True) if is_calculated else field


def is_condition(expression: t.Any) -> bool:
    """Tell whether an expression is a condition of SQL, which is true, false or NULL."""
    while isinstance(expression, elements.Grouping | elements.Label | elements.AsBoolean):
        expression = expression.element
    if isinstance(expression, elements.BooleanClauseList | sa.Exists | elements.True_):
        return True
    return (
        isinstance(expression, sa.BinaryExpression)
        and not isinstance(expression.operator, operators.custom_op)
        and bool(operators.is_comparison(expression.operator))
    )


def casts_time(expression: t.Any) -> bool:
    """Tell whether an expression casts something to a time or a date: SQLite has none."""
    parts = visitors.iterate(getattr(expression, "expression", expression))
    casts = (part for part in parts if isinstance(part, sa.Cast))
    return any(isinstance(each.type, sa.DateTime | sa.Date | sa.Time) for each in casts)


def _is_sum(expression: t.Any) -> bool:
    """Tell whether an expression adds integers of rows: some databases give a decimal for that."""
    parts = visitors.iterate(expression)
    return any(getattr(part, "name", None) == "sum" for part in parts if _is_function(part))


def _is_function(part: t.Any) -> bool:
    return isinstance(part, functions.FunctionElement)


def _is_stored(column: t.Any) -> bool:
    """Tell whether an expression is a column of a table."""
    return isinstance(column, sa.Column) and isinstance(column.table, sa.Table)


def _is_written_by_database(column: t.Any) -> bool:
    """Tell whether a database may have written a value of a column itself."""
    origins = [*getattr(column, "base_columns", ())] or [column]
    return any(not _is_stored(each) or _has_own_value(each) for each in origins)


def _has_own_value(column: sa.Column[t.Any]) -> bool:
    made = column.default, column.onupdate
    return (
        column.server_default is not None
        or column.server_onupdate is not None
        or column.computed is not None
        or any(each is not None and each.is_clause_element for each in made)
    )


def _calculated_decimal(expression: t.Any, field: Field) -> Field:
    places = _places(expression)
    if field.scale is None or (places is not None and places <= field.scale):
        return dataclasses.replace(field, is_calculated=True)
    return _opaque(field, _MORE_PLACES)


def _opaque(field: Field, reason: str) -> Field:
    return Field(ValueKind.OPAQUE, field.is_nullable, reason=reason, tells_nil=True)


_MORE_PLACES = (
    "the database calculates it with more decimal places than its type has, and each rounds them"
    " otherwise. Keep it in a column, or calculate with integers, such as cents"
)
_FRACTION = (
    "it is declared as an integer, such as by `coalesce`, and may be a fraction. Give it a type, as"
    " in `cast(…, Double)`"
)


def _may_be_fraction(part: t.Any) -> bool:
    """Tell whether an expression whose type was made of that of a part may be no whole number."""
    if isinstance(part, functions.ReturnTypeFromArgs):
        return any(map(_may_be_fraction, part.clauses))
    if isinstance(part, sa.Case):
        results = [*(result for _, result in part.whens), part.else_]
        return any(each is not None and _may_be_fraction(each) for each in results)
    if isinstance(part, sa.ScalarSelect):
        return _may_be_fraction(next(iter(part.element.exported_columns)))
    for kind, attribute in _INSIDE.items():
        if isinstance(part, kind):
            return _may_be_fraction(getattr(part, attribute))
    if isinstance(part, sa.BinaryExpression):
        is_own = isinstance(part.operator, operators.custom_op) and part.operator.opstring == "/"
        return is_own or _may_be_fraction(part.left) or _may_be_fraction(part.right)
    if isinstance(part, sa.BindParameter):
        return isinstance(part.value, float | decimal.Decimal)
    if _is_function(part) and part.name in _COUNTING:
        return False
    origins = [*getattr(part, "base_columns", ())]
    if isinstance(part, sa.ColumnClause) and origins and origins != [part]:
        return any(map(_may_be_fraction, origins))
    return not isinstance(part.type, sa.Integer | sa.Boolean) and not isinstance(part, sa.Null)


#: Expressions with the value of a part, or of values of it, and the attribute that has this part.
_INSIDE = {
    elements.Grouping: "element",
    elements.Label: "element",
    elements.UnaryExpression: "element",
    elements.Over: "element",
    elements.FunctionFilter: "func",
    elements.TypeCoerce: "clause",
}


def _places(part: t.Any) -> int | None:
    """Return how many decimal places an expression has at most; ``None`` if that is not known."""
    if isinstance(part, elements.Grouping | elements.Label):
        return _places(part.element)
    if isinstance(part, sa.ScalarSelect):
        return _places(next(iter(part.element.exported_columns)))
    if isinstance(part, sa.BindParameter):
        return _places_of_value(part.value)
    if _is_function(part):
        is_keeping = part.name in _KEEPING
        return _most([*part.clauses]) if is_keeping else None
    if isinstance(part, sa.BinaryExpression):
        return _places_of_binary(part)
    if not isinstance(part, sa.ColumnClause):
        return None
    if _is_stored(part):
        return _places_of_type(part.type)
    origins = [*part.base_columns]
    return _most(origins) if origins != [part] else None


def _most(parts: list[t.Any]) -> int | None:
    found = [_places(each) for each in parts]
    return None if None in found or not found else max(t.cast(list[int], found))


def _places_of_binary(part: sa.BinaryExpression[t.Any]) -> int | None:
    sides = _places(part.left), _places(part.right)
    if sides[0] is None or sides[1] is None:
        return None
    if part.operator is operators.mul:
        return sides[0] + sides[1]
    return max(sides[0], sides[1]) if part.operator in (operators.add, operators.sub) else None


def _places_of_type(kind: t.Any) -> int | None:
    if isinstance(kind, sa.Integer):
        return 0
    field = describe_type(kind, True)
    return field.scale if field.kind is ValueKind.DECIMAL else None


def _places_of_value(value: t.Any) -> int | None:
    if type(value) is int:
        return 0
    if type(value) is not decimal.Decimal or not value.is_finite():
        return None
    return max(0, -t.cast(int, value.as_tuple().exponent))
