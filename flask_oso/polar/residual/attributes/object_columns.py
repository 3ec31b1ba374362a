"""Columns of known objects: the values that take their places in a template.

In goes a column of a placeholder row; out comes the value of an object, if it has the kind of the
column. Any other value is left to a search with the object itself.
"""

from __future__ import annotations

import datetime
import decimal
import math
import typing as t
import zoneinfo
from collections.abc import Mapping

from ..algebra.ir import Column, KnownRow
from ..algebra.schema import Field, ValueKind
from ..host_questions import FILLABLE, GivenValue
from .given_values import GIVEN_LIST, NotFillable

#: Kinds of which each value of a type is filled in.
_PLAIN = (
    ValueKind.BOOLEAN, ValueKind.INTEGER, ValueKind.TEXT, ValueKind.DATE, ValueKind.UUID,
)  # fmt: skip


class ObjectColumn:
    """A column of a known object. It is read for each list, so what is known of it is kept."""

    # Written out: one is asked for each list.
    __slots__ = ("_name", "_row", "_type", "column")

    def __init__(self, column: Column) -> None:
        self.column = column
        self._row = t.cast(KnownRow, column.row)
        self._name = column.name
        is_plain = column.field is not GIVEN_LIST and column.field.kind in _PLAIN
        self._type = FILLABLE[column.field.kind] if is_plain else None

    def value(self, objects: Mapping[KnownRow, t.Any]) -> t.Any:
        """Return the value of the column, if it has the kind of that.

        :raises NotFillable: if it does not.
        """
        try:
            value = getattr(objects[self._row], self._name)
        except Exception:
            # The evaluation with the object itself decides whether a check gets here, and raises
            # there.
            raise NotFillable from None
        if type(value) is not self._type and _is_refused(self.column, value):
            raise NotFillable
        return value


def _is_refused(column: Column, value: t.Any) -> bool:
    field = column.field
    if field is GIVEN_LIST:
        return type(value) is not list
    if value is None:
        return not field.is_nullable
    return not _is_of_kind(value, field) and not is_other_number(column, value)


def is_other_number(column: Column, value: t.Any) -> bool:
    """Tell whether a value that was given is a number of another kind than the column beside it.

    The kind of the column is all that is known of what a method gives.
    """
    is_given = t.cast(KnownRow, column.row).cls is GivenValue
    others = _OTHER_NUMBERS.get(column.field.kind, frozenset()) if is_given else frozenset()
    return type(value) in others and not _is_nan(value)


#: Other types of numbers of which nothing else is asked than of the own one: a float that is NaN
#: has an order beside floats, and none beside decimals.
_OTHER_NUMBERS: dict[ValueKind, frozenset[type]] = {
    ValueKind.INTEGER: frozenset({float, decimal.Decimal}),
    ValueKind.FLOAT: frozenset({int}),
    ValueKind.DECIMAL: frozenset({int, float}),
}


def _is_of_kind(value: t.Any, field: Field) -> bool:
    if field.kind not in FILLABLE:
        return False
    kind = FILLABLE[field.kind]
    if kind is None:
        return type(value) in set(map(type, field.choices))
    if type(value) is not kind or not _is_in_zone_of(field, getattr(value, "tzinfo", None)):
        return False
    # A NaN equals nothing, and has no order.
    return not isinstance(value, float | decimal.Decimal) or not _is_nan(value)


def _is_nan(value: t.Any) -> bool:
    # A signalling NaN is no float, and `math` refuses it.
    return value.is_nan() if isinstance(value, decimal.Decimal) else math.isnan(value)


def _is_in_zone_of(field: Field, zone: datetime.tzinfo | None) -> bool:
    """Tell whether a time is compared as the column that stands for it: its offset is fixed."""
    return zone is None or (field.kind is ValueKind.ZONED and offset_of(zone) is not None)


def offset_of(zone: datetime.tzinfo | None) -> datetime.timedelta | None:
    """Return the offset of a zone of Python's own, if it is fixed."""
    is_known = type(zone) is datetime.timezone or type(zone) is zoneinfo.ZoneInfo
    return t.cast(datetime.tzinfo, zone).utcoffset(None) if is_known else None
