"""Parts of a template that are made for the values of objects, such as ``d.id in u.visible_ids()``.

In goes a part with columns of objects, and their values; out comes the condition that a search with
these values would make. ``parameters`` then puts columns in the places of the values again: the
condition is then the same for most values, and so is the SQL that is made of it.
"""

from __future__ import annotations

import datetime
import decimal
import functools
import typing as t
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from ...characters import is_unicode
from ...nodes import Operator
from ..algebra.ir import (
    FALSE,
    AmongGiven,
    Arithmetic,
    Column,
    Comparison,
    DecidedLater,
    EntryEquals,
    EntryHasValue,
    HasCharacter,
    HasPart,
    HasResult,
    InValues,
    IsNan,
    IsNull,
    KnownRow,
    Literal,
    RowCondition,
    RowValue,
    columns_of,
    is_of_object,
)
from ..algebra.schema import Field, ValueKind
from ..algebra.simplify import disjunction, in_values, rewrite
from ..database_semantics import (
    field_of,
    has_64_bits,
    value_equality,
    value_ordering,
)
from ..host_questions import GivenValue, given_row
from .integers import has_result

Values = Mapping[Column, t.Any]


class NotFillable(Exception):
    """A template cannot be filled in: the question has to be evaluated with its own objects."""


#: The conditions that compare a value.
_ATOMS = (
    Comparison, InValues, IsNull, IsNan, HasCharacter, HasPart, EntryEquals, EntryHasValue,
    HasResult, DecidedLater,
)  # fmt: skip
#: The types of values that become parameters, each with its kind.
_KINDS: dict[type, ValueKind] = {
    int: ValueKind.INTEGER,
    float: ValueKind.FLOAT,
    str: ValueKind.TEXT,
    decimal.Decimal: ValueKind.DECIMAL,
    datetime.date: ValueKind.DATE,
    datetime.datetime: ValueKind.DATETIME,
    datetime.time: ValueKind.TIME,
    uuid.UUID: ValueKind.UUID,
}
#: The number of the first value that was made of others, behind those that are read of objects.
_FIRST_MADE = 500_000
#: A divisor that is put in is above zero, and smaller than this: twice of it has 64 bits.
MOST_DIVISOR = 2**62
#: A list that is read of an object, as a column.
GIVEN_LIST = Field(ValueKind.LIST, is_nullable=False)


def is_made(part: t.Any) -> bool:
    """Tell whether the values of objects decide what a part becomes, and not only which are nil."""
    if not isinstance(part, _ATOMS):
        return False
    if isinstance(part, IsNull | IsNan) and is_of_object(part.column):
        return False
    return any(map(is_of_object, columns_of(t.cast(t.Any, part))))


def made_of(part: t.Any, values: Values) -> RowCondition:
    """Return the condition that values make of a part.

    :raises NotFillable: if only a search with the objects can tell.
    """

    def change(inner: t.Any) -> t.Any:
        if isinstance(inner, Comparison):
            return _compared(inner, values)
        if isinstance(inner, Arithmetic):
            return _calculated(inner, values)
        if isinstance(inner, HasResult):
            return has_result(_calculated(inner.calculated, values))
        if isinstance(inner, DecidedLater):
            return inner.make(inner.operand, values[inner.value])
        return None

    try:
        made = change(part)
        return t.cast(RowCondition, rewrite(part, change) if made is None else made)
    except Exception:
        # The evaluation with the object itself decides whether a check gets here, and raises there.
        raise NotFillable from None


def _compared(part: Comparison, values: Values) -> RowCondition | None:
    if not is_of_object(part.left) and not is_of_object(part.right):
        return None
    left, right = (
        _calculated(side, values) if isinstance(side, Arithmetic) else side_of(side, values)
        for side in (part.left, part.right)
    )
    is_left = isinstance(left, Literal)
    value, column = (left, right) if is_left else (right, left)
    known = t.cast(Literal, value).value
    if part.sign == "=":
        return value_equality(column, known)
    # An ordering with nil is false; `fails` has the error.
    if known is None:
        return FALSE
    return value_ordering(_ORDERS[part.sign, is_left], column, known)


def _calculated(side: t.Any, values: Values) -> t.Any:
    """Put values in the places of columns in a calculation.

    :raises NotFillable: if one is no integer of 64 bits; databases calculate alike with these
        alone, and Polar with no others.
    """
    if isinstance(side, Arithmetic):
        parts = (_calculated(each, values) for each in (side.left, side.right))
        return Arithmetic(side.sign, *parts)
    if not is_of_object(side):
        return side
    if type(values[side]) is not int or not has_64_bits(values[side]):
        raise NotFillable
    return Literal(values[side])


def side_of(operand: RowValue, values: Values) -> RowValue:
    """Return a side of a comparison, with a value in the place of the column of an object."""
    return Literal(values[t.cast(Column, operand)]) if is_of_object(operand) else operand


#: The operators for a column on the left, by the sign and whether the value is on the left.
_ORDERS = {
    ("<", True): Operator.GT,
    ("<=", True): Operator.GEQ,
    ("<", False): Operator.LT,
    ("<=", False): Operator.LEQ,
}


# -- lists ---------------------------------------------------------------------------


def among(operand: RowValue, values: Sequence[t.Any]) -> RowCondition:
    """Return the condition that an operand unifies with one of several values."""
    kind = field_of(operand).kind if isinstance(operand, Column) else None
    types = set(map(type, values))
    is_plain = (kind is ValueKind.TEXT and types == {str} and all(map(is_unicode, values))) or (
        kind is ValueKind.INTEGER and types == {int} and has_64_bits(min(values), max(values))
    )
    if is_plain:
        return in_values(operand, tuple(map(Literal, dict.fromkeys(values))))
    return disjunction(*(value_equality(operand, each) for each in values))


# -- parameters ----------------------------------------------------------------------


def parameters(
    condition: RowCondition, constants: Collection[Literal], first: int
) -> tuple[RowCondition, list[t.Any]]:
    """Put columns in the places of values.

    INVARIANT: the columns have values of the types for which the condition was made, and what it
    says of them otherwise, such as the length of a text, stays in it.

    :param constants: what the policy says, and no object.
    :param first: the number of values that were made before.
    :return: the condition, and the values of the columns.
    """
    placeholders = _Placeholders(constants, first)
    made = placeholders.put_into(condition)
    made = rewrite(condition, placeholders.put_into) if made is None else made
    return made, placeholders.values


class _Placeholders:
    """Puts columns in the places of values.

    Each method gives what becomes of one kind of part; ``None``: its own parts are looked at.

    :param constants: what the policy says, and no object.
    :param first: the number of values that were made before.
    """

    def __init__(self, constants: Collection[Literal], first: int) -> None:
        self._constants, self._first = constants, first
        #: The values of the columns.
        self.values: list[t.Any] = []

    def put_into(self, part: t.Any) -> t.Any:
        put = _PUTS.get(type(part))
        return None if put is None else put(self, part)

    def _column(self, value: t.Any) -> Column:
        self.values.append(value)
        kind = t.cast(t.Hashable, type(value))
        return _made_column(self._first + len(self.values) - 1, kind)

    def literal(self, part: Literal) -> RowValue:
        is_value = part not in self._constants and _is_parameter(part.value)
        return self._column(part.value) if is_value else part

    def listed(self, part: InValues) -> RowCondition:
        found = [each.value for each in part.values]
        is_list = len({*map(type, found)}) == 1 and all(map(_is_parameter, found))
        return AmongGiven(part.column, self._column(found)) if is_list else part

    def comparison(self, part: Comparison) -> RowCondition | None:
        """Change the commonest part at once: a column that is compared with a literal."""
        if not (isinstance(part.left, Column) and isinstance(part.right, Literal)):
            return None
        return Comparison(part.sign, part.left, self.literal(part.right), part.is_turned)

    def arithmetic(self, part: Arithmetic) -> RowValue | None:
        if part.sign not in ("mod", "rem"):
            return None
        # The sign of a divisor says how it is divided by.
        divisor = part.right
        if not isinstance(divisor, Literal) or divisor in self._constants:
            return part
        is_one = type(divisor.value) is int and 0 < divisor.value < MOST_DIVISOR
        return replace(part, right=self._column(divisor.value)) if is_one else part

    def entry(self, part: EntryEquals) -> RowCondition | None:
        value = part.value.value if isinstance(part.value, Literal) else None
        is_letters = isinstance(value, str) and not value.isascii()
        # Some databases read a text of ASCII only.
        return part if is_letters else None


_PUTS: dict[type, Callable[[_Placeholders, t.Any], t.Any]] = {
    Literal: _Placeholders.literal,
    InValues: _Placeholders.listed,
    Comparison: _Placeholders.comparison,
    Column: lambda _, part: part,
    Arithmetic: _Placeholders.arithmetic,
    EntryEquals: _Placeholders.entry,
}


def _is_parameter(value: t.Any) -> bool:
    return type(value) in _KINDS and (type(value) is not str or "\0" not in value)


@functools.lru_cache
def made_row(number: int) -> KnownRow:
    """Return the row of a value that was made of others."""
    return given_row(GivenValue, _FIRST_MADE + number)


@functools.lru_cache
def _made_column(number: int, kind: t.Hashable) -> Column:
    type_ = t.cast(type, kind)
    field = GIVEN_LIST if type_ is list else Field(_KINDS[type_], is_nullable=False)
    return Column(made_row(number), "value", field)


def with_value(column: Column) -> Column:
    """Return a column of an object as one that is not NULL."""
    return replace(column, field=replace(column.field, is_nullable=False))
