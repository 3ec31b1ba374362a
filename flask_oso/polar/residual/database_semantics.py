"""Comparisons of columns that mean in a database what they mean in a policy.

In goes a column and a value, or two columns; out comes a condition. A database may convert ``"1"``
and ``true`` to numbers, while in a policy they differ: here the kinds decide. A comparison without
a condition of the same meaning raises ``NotTranslatable``; it is never left out.
"""

from __future__ import annotations

import datetime
import decimal
import functools
import math
import numbers as abstract
import sys
import typing as t
import uuid

from ..characters import is_unicode
from ..host import numbers
from ..host.comparison import compare_values
from ..host.value_classes import NATIVE
from ..nodes import Operator
from .algebra.ir import (
    FALSE,
    TRUE,
    Arithmetic,
    CaseMapped,
    Column,
    Comparison,
    Entry,
    EntryEquals,
    IsNan,
    IsNull,
    Literal,
    MemberPart,
    Position,
    Replaced,
    RowCondition,
    RowValue,
    Substring,
    is_nullable,
    is_of_object,
)
from .algebra.letters import check_letters, is_mapped, replaced
from .algebra.refusals import NotTranslatable
from .algebra.schema import NAN_KINDS, Field, ValueKind
from .algebra.show import show
from .algebra.simplify import conjunction, disjunction, in_values, negation

_NATIVE_KINDS = {ValueKind.BOOLEAN, ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.TEXT}
#: Kinds without an order.
_UNORDERED = {
    ValueKind.BOOLEAN,
    ValueKind.ENUM,
    ValueKind.UUID,
    ValueKind.LIST,
    ValueKind.DICTIONARY,
}
_DATA: dict[ValueKind, type] = {ValueKind.LIST: list, ValueKind.DICTIONARY: dict}
_TEMPORAL: dict[ValueKind, type] = {
    ValueKind.DATE: datetime.date,
    ValueKind.DATETIME: datetime.datetime,
    ValueKind.ZONED: datetime.datetime,
    ValueKind.TIME: datetime.time,
}
_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
#: Kinds whose values Polar compares itself; a value of any kind may be one.
_ORDERLY = {*_NATIVE_KINDS, *_DATA, ValueKind.ANY}
#: Types of the values of members that are compared.
_PARTS = {*NATIVE, type(None)}
_CONTAINERS = frozenset(_DATA.values())
#: Types whose instances equal only values of their own kind.
_PLAIN = (
    bool, int, float, str, bytes, list, tuple, dict, set, frozenset, type, type(None),
    decimal.Decimal, uuid.UUID,
    datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
)  # fmt: skip


def field_of(operand: RowValue) -> Field:
    """Return the field that describes the values of an operand."""
    if isinstance(operand, Column):
        return operand.field
    if isinstance(operand, Entry):
        return _ENTRY
    if isinstance(operand, MemberPart):
        return Field(ValueKind.ENUM, operand.column.field.is_nullable)
    if isinstance(operand, Arithmetic | Position):
        return Field(ValueKind.INTEGER, is_nullable(operand))
    if isinstance(operand, Substring | CaseMapped | Replaced):
        return Field(ValueKind.TEXT, is_nullable(operand))
    raise AssertionError("A literal has a value.")


_ENTRY = Field(
    ValueKind.OPAQUE,
    reason="it may be anything that JSON is, and only a text and a boolean are compared",
    is_document=True,
)


def is_null(operand: RowValue) -> RowCondition:
    """Return the condition that an operand is NULL."""
    stored = operand.text if isinstance(operand, CaseMapped) else operand
    stored = operand.column if isinstance(operand, MemberPart) else stored
    return IsNull(stored) if is_nullable(stored) else FALSE


def has_no_order(operand: RowValue, value: t.Any = None) -> RowCondition:
    """Return the condition that a value has no order: NULL, and NaN for decimals.

    :param value: the value that it is compared with, or the column of it.
    """
    kind = field_of(operand).kind
    is_beside_decimal = isinstance(value, decimal.Decimal) or (
        isinstance(value, Column) and value.field.kind is ValueKind.DECIMAL
    )
    is_decimal = kind is ValueKind.DECIMAL or (kind is ValueKind.FLOAT and is_beside_decimal)
    return disjunction(is_null(operand), IsNan(operand)) if is_decimal else is_null(operand)


def equals_plainly(value: t.Any) -> bool:
    """Tell whether the class of a value has no equality of its own, or one for its class alone."""
    cls: t.Any = type(value)
    return cls in _PLAIN or cls.__eq__ is object.__eq__ or _compares_own_class(cls)


def _compares_own_class(cls: type) -> bool:
    """Tell whether dataclasses, or pydantic, wrote an equality: no row and no value is of a class.

    Of a mapped class, ``Model.own_equality`` decides.
    """
    equality = t.cast(t.Any, cls).__eq__
    if getattr(equality, "__module__", "") == "pydantic.main":
        # Before version 2, models of any classes were compared by their fields.
        return equality.__qualname__ == "BaseModel.__eq__" and hasattr(cls, "model_fields")
    code = getattr(equality, "__code__", None)
    return "__dataclass_params__" in vars(cls) and getattr(code, "co_filename", "") == "<string>"


# -- equality ------------------------------------------------------------------------


def value_equality(operand: RowValue, value: t.Any) -> RowCondition:
    """Return the condition that a column unifies with a value.

    :raises NotTranslatable: if no condition means the same.
    """
    if value is None and field_of(operand).tells_nil:
        return is_null(operand)
    if isinstance(operand, Entry):
        return _entry_equality(operand, value)
    if isinstance(operand, MemberPart):
        return _part_equality(operand, value)
    field = _comparable(operand)
    if field.kind is ValueKind.ENUM or field.kind is ValueKind.BOOLEAN:
        return _choice_equality(operand, field, value)
    if value is None:
        return is_null(operand)
    if field.kind is ValueKind.FLOAT and _is_infinite(value):
        return _is_infinity(operand, is_positive=value > 0)
    moment = _plain_time(field.kind, value) if field.kind is ValueKind.ZONED else None
    if moment is not None and is_of_object(operand):
        # Python compares the time that a template will put in.
        return Comparison("=", operand, Literal(moment))
    found = _ALIKE[field.kind](field, value)
    if isinstance(operand, CaseMapped):
        found = [each for each in found if is_mapped(operand, each)]
        return in_values(replaced(operand, found[0]), (Literal(found[0]),)) if found else FALSE
    return in_values(operand, tuple(map(Literal, found)))


def _choice_equality(operand: RowValue, field: Field, value: t.Any) -> RowCondition:
    """Return the condition that a column has one of few values, or nil, which Python compares."""
    found = _ALIKE[field.kind](field, value)
    is_one = in_values(operand, tuple(map(Literal, found)))
    is_nil = compare_values(Operator.EQ, None, value)
    return disjunction(is_one, is_null(operand)) if is_nil else is_one


def _part_equality(operand: MemberPart, value: t.Any) -> RowCondition:
    if value is not None:
        return _of_members(operand, value, numbers.equal_scalars)
    parts = _parts_of(operand)
    if not all(equals_plainly(part) for _, part in parts):
        raise _unknown_parts(operand)
    found = tuple(Literal(each) for each, part in parts if part is None)
    return disjunction(in_values(operand.column, found), is_null(operand))


def _of_members(
    operand: MemberPart, value: t.Any, compare: t.Callable[[t.Any, t.Any], bool]
) -> RowCondition:
    """Return the condition that a column has one of the members whose part compares so."""
    parts = _parts_of(operand)
    if type(value) not in NATIVE or any(type(part) not in _PARTS for _, part in parts):
        raise _unknown_parts(operand)
    return in_values(
        operand.column, tuple(Literal(each) for each, part in parts if compare(part, value))
    )


def _unknown_parts(operand: MemberPart) -> NotTranslatable:
    return NotTranslatable(
        f"`{show(operand)}` is compared with texts, numbers and booleans only",
        "Compare the member.",
    )


def _parts_of(operand: MemberPart) -> list[tuple[t.Any, t.Any]]:
    return [(each, getattr(each, operand.name)) for each in operand.column.field.choices]


def _check_parts(operand: MemberPart, value: t.Any) -> None:
    """Refuse an order, or ``==``, that a check may refuse, or by which true equals 1."""
    kinds = {type(value), *(type(part) for _, part in _parts_of(operand))}
    if not kinds <= {str} and not kinds <= {int, float}:
        raise _incomparable(operand, value)


def _entry_equality(entry: Entry, value: t.Any) -> RowCondition:
    if type(value) is bool:
        return EntryEquals(entry, Literal(value))
    if type(value) is str:
        is_possible = is_unicode(value) and "\0" not in value
        return EntryEquals(entry, Literal(value)) if is_possible else FALSE
    raise NotTranslatable(
        f"`{show(entry)}` cannot be compared with this: {_ENTRY.reason}",
        "Compare a text or a boolean, or keep the value in a column.",
    )


def column_equality(left: RowValue, right: RowValue) -> RowCondition:
    """Return the condition that two columns unify: both have the same value, or both are NULL."""
    if _is_compared_later(left, right):
        return Comparison("=", left, right)
    mine, other = _comparable(left), _comparable(right)
    if isinstance(left, MemberPart) or isinstance(right, MemberPart):
        check_letters(left)
        check_letters(right)
    if mine.kind is other.kind and not _is_filled_in(left, right):
        check_letters(left)
        check_letters(right)
    if ValueKind.ANY in (mine.kind, other.kind):
        return TRUE if left == right else Comparison("=", left, right)
    if mine.kind is other.kind and _is_kept_alike(mine, other):
        if mine.kind is ValueKind.DECIMAL and mine.scale is None:
            raise _without_scale(left)
        is_same = left == right and mine.kind not in NAN_KINDS
        return TRUE if is_same else Comparison("=", left, right)
    is_number = {mine.kind, other.kind} <= _NUMBERS
    is_stored = mine.kind is other.kind or {mine.kind, other.kind} <= _MOMENTS
    if is_number or is_stored or ValueKind.ENUM in (mine.kind, other.kind):
        raise NotTranslatable(
            f"`{show(left)}` and `{show(right)}` hold values of different kinds",
            "Compare columns of one type.",
        )
    return conjunction(is_null(left), is_null(right))


def _is_filled_in(left: RowValue, right: RowValue) -> bool:
    """Tell whether a template will put a value in the place of a column."""
    return is_of_object(left) or is_of_object(right)


def _is_compared_later(left: RowValue, right: RowValue) -> bool:
    """Tell whether the value that a template will put in decides how it is compared.

    A number may equal one of another kind, and an entry of JSON is a text or a boolean.
    """
    if not _is_filled_in(left, right):
        return False
    mine, other = field_of(left).kind, field_of(right).kind
    if isinstance(left, Entry) or isinstance(right, Entry):
        return not {mine, other}.isdisjoint({ValueKind.TEXT, ValueKind.BOOLEAN})
    return mine is not other and {mine, other} <= NUMBERS


def _is_kept_alike(mine: Field, other: Field) -> bool:
    kept = [(each.scale, each.choices, each.stored) for each in (mine, other)]
    return kept[0] == kept[1]


#: A time with a zone is one without it where the database keeps none.
_COMPARED_AS_NUMBERS = frozenset({int, float, decimal.Decimal})
_MOMENTS = {ValueKind.DATETIME, ValueKind.ZONED}
#: Kinds of numbers that are compared with each other as numbers.
NUMBERS = {ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.DECIMAL}
_NUMBERS = {*NUMBERS, ValueKind.BOOLEAN}


def _is_infinite(value: t.Any) -> bool:
    # `math` takes no signalling NaN.
    return math.isinf(value) if type(value) is float else _is_infinite_decimal(value)


def _is_infinite_decimal(value: t.Any) -> bool:
    return type(value) is decimal.Decimal and value.is_infinite()


def _is_infinity(operand: RowValue, *, is_positive: bool) -> RowCondition:
    """Return the condition that a float is infinite.

    It is compared with the greatest float, since not every database has a literal for infinity.
    """
    if is_positive:
        return Comparison("<", _GREATEST, operand)
    return Comparison("<", operand, _LEAST)


_GREATEST, _LEAST = Literal(sys.float_info.max), Literal(-sys.float_info.max)


def check_equation(operand: RowValue, value: t.Any) -> None:
    """Refuse a comparison for which ``==`` and ``!=`` raise for each row: a text and a number.

    :raises NotTranslatable: for kinds that have no common order.
    """
    if value is None and field_of(operand).tells_nil:
        return
    if isinstance(operand, MemberPart):
        if value is not None:
            _check_parts(operand, value)
        return
    is_text = _is_text(_comparable(operand))
    if type(value) is list or type(value) is dict:
        refuses = is_text or field_of(operand).kind in _ORDERLY
    elif field_of(operand).kind in _DATA:
        refuses = type(value) in NATIVE
    else:
        is_native = is_text or field_of(operand).kind in _NATIVE_KINDS
        refuses = is_native and type(value) in NATIVE and is_text is not (type(value) is str)
    if refuses:
        raise _incomparable(operand, value)


def check_equation_of_columns(left: RowValue, right: RowValue) -> None:
    """Refuse two columns that ``==`` and ``!=`` refuse to compare.

    :raises NotTranslatable: for a text and a number, and for lists and dictionaries.
    """
    fields = _comparable(left), _comparable(right)
    kinds = {each.kind for each in fields}
    texts = sum(map(_is_text, fields))
    natives = sum(each.kind in _NATIVE_KINDS or _is_text(each) for each in fields)
    is_data = bool(kinds & _DATA.keys()) and (
        natives == 1 or kinds <= _DATA.keys() | {ValueKind.ANY}
    )
    if is_data or (natives == 2 and texts == 1):
        raise NotTranslatable(
            f"`{show(left)}` and `{show(right)}` cannot be compared", "Compare values of one kind."
        )


def _is_text(field: Field) -> bool:
    return field.kind is ValueKind.TEXT or type(next(iter(field.choices), None)) is str


def same_number(operand: RowValue, value: t.Any) -> t.Any:
    """Return a value as ``==`` compares it: unlike for ``=``, true equals 1."""
    kind = field_of(operand).kind
    if kind is ValueKind.BOOLEAN and (type(value) is int or type(value) is float):
        return bool(value) if value in (0, 1) else value
    is_number = kind in (ValueKind.INTEGER, ValueKind.FLOAT)
    return int(value) if is_number and type(value) is bool else value


def _comparable(operand: RowValue) -> Field:
    field = field_of(operand)
    if field.kind is ValueKind.OPAQUE:
        raise NotTranslatable(
            f"`{show(operand)}` cannot be compared: {field.reason}",
            "Compare a column of a plain type, or a property with an SQL expression.",
        )
    return field


def _same_booleans(field: Field, value: t.Any) -> list[t.Any]:
    if type(value) in NATIVE:
        return [value] if type(value) is bool else []
    return _same_choices(Field(ValueKind.BOOLEAN, choices=(True, False)), value)


def _same_integers(field: Field, value: t.Any) -> list[t.Any]:
    number = _finite(value)
    if number is None:
        return []
    whole = int(number)
    return [whole] if whole == number and has_64_bits(whole) else []


def _same_floats(field: Field, value: t.Any) -> list[t.Any]:
    number = _finite(value)
    if number is None:
        return []
    near = _float(number)
    return [near] if near == number else []


def _same_decimals(field: Field, value: t.Any) -> list[t.Any]:
    if isinstance(value, bool):
        # A policy compares a decimal as an object, by Python's `==`: it equals True if it is 1.
        value = int(value)
    number = _finite(value)
    if number is None:
        return []
    if field.scale is None:
        raise NotTranslatable("the column has no scale, so databases round it differently", _SCALE)
    exact = decimal.Decimal(number)
    if _floor(exact, field.scale) != exact:
        return []
    _check_digits(exact)
    return [exact]


def same_texts(field: Field, value: t.Any) -> list[t.Any]:
    """Return the text that equals a value, if one does.

    :raises NotTranslatable: if the value has an equality of its own.
    """
    if not isinstance(value, str) or type(value).__eq__ is not str.__eq__:
        return _nothing(value)
    return [str.__str__(value)] if is_unicode(value) else []


def _same_times(field: Field, value: t.Any) -> list[t.Any]:
    moment = _plain_time(field.kind, value)
    if moment is None:
        return _nothing(value)
    if field.kind is ValueKind.ZONED:
        raise NotTranslatable(
            "whether a time with a zone equals another one depends on the zone in which it is read",
            "Compare with `<=` and `>=`, or with nil.",
        )
    return [] if getattr(moment, "tzinfo", None) is not None else [moment]


def _plain_time(kind: ValueKind, value: t.Any) -> t.Any:
    """Return a time as one of Python's classes; ``None`` for other values.

    That of freezegun, for one, is of a class that compares as its base does.
    """
    cls, plain = t.cast(t.Any, type(value)), t.cast(t.Any, _TEMPORAL[kind])
    if cls is plain:
        return value
    is_moment = isinstance(value, _TEMPORAL[ValueKind.DATETIME])
    if not isinstance(value, plain) or (is_moment and kind is ValueKind.DATE):
        return None
    if any(getattr(cls, name) is not getattr(plain, name) for name in _COMPARISONS):
        return None
    if kind is ValueKind.TIME:
        return None
    if not is_moment:
        return plain(value.year, value.month, value.day)
    clock = value.hour, value.minute, value.second, value.microsecond, value.tzinfo
    return plain(value.year, value.month, value.day, *clock, fold=value.fold)


def _same_identifiers(field: Field, value: t.Any) -> list[t.Any]:
    return [value] if type(value) is uuid.UUID else _nothing(value)


def _same_data(field: Field, value: t.Any) -> list[t.Any]:
    return [value] if type(value) is _DATA[field.kind] else _nothing(value)


def _same_choices(field: Field, value: t.Any) -> list[t.Any]:
    # There are few, so Python compares each with the value: either may be asked first.
    found = [each for each in field.choices if compare_values(Operator.EQ, each, value)]
    if found != [each for each in field.choices if compare_values(Operator.EQ, value, each)]:
        raise _own_equality(value)
    return found


_ALIKE: dict[ValueKind, t.Callable[[Field, t.Any], list[t.Any]]] = {
    ValueKind.BOOLEAN: _same_booleans,
    ValueKind.INTEGER: _same_integers,
    ValueKind.FLOAT: _same_floats,
    ValueKind.DECIMAL: _same_decimals,
    ValueKind.TEXT: same_texts,
    ValueKind.DATE: _same_times,
    ValueKind.DATETIME: _same_times,
    ValueKind.ZONED: _same_times,
    ValueKind.TIME: _same_times,
    ValueKind.UUID: _same_identifiers,
    ValueKind.ENUM: _same_choices,
    ValueKind.LIST: _same_data,
    ValueKind.DICTIONARY: _same_data,
    # The adapter that reads the rows compares.
    ValueKind.ANY: lambda field, value: [value],
}


def _number(value: t.Any) -> t.Any:
    """Return a value that Python and Polar compare as a number; ``None`` for other values."""
    if type(value) in _COMPARED_AS_NUMBERS:
        return value
    if isinstance(value, abstract.Number) and not isinstance(value, bool):
        raise NotTranslatable(
            f"a {type(value).__name__} is compared by a method of its own",
            "Compare an int, a float or a Decimal.",
        )
    _nothing(value)
    return None


def _finite(value: t.Any) -> t.Any:
    """Return a number that is neither infinite nor NaN; ``None`` for other values."""
    number = _number(value)
    is_finite = number is not None and number == number and not math.isinf(number)
    return number if is_finite else None


def _nothing(value: t.Any) -> list[t.Any]:
    """Return no literals: a value of another kind equals nothing in a column."""
    if not equals_plainly(value):
        raise _own_equality(value)
    return []


def _own_equality(value: t.Any) -> NotTranslatable:
    return NotTranslatable(
        f"a {type(value).__name__} has an equality of its own, which a list cannot call",
        "Compare an attribute of it.",
    )


def has_64_bits(*values: int) -> bool:
    """Tell whether integers have 64 bits."""
    return all(numbers.INTEGER_MIN <= value <= numbers.INTEGER_MAX for value in values)


# -- order ---------------------------------------------------------------------------

_MIRRORED = {
    Operator.LT: Operator.GT,
    Operator.LEQ: Operator.GEQ,
    Operator.GT: Operator.LT,
    Operator.GEQ: Operator.LEQ,
}
#: The decimal digits that a float keeps of any decimal.
_FLOAT_DIGITS = 15
_SCALE = "Give the column a scale, as in Numeric(10, 2)."


def mirrored(sign: Operator) -> Operator:
    """Return the operator for swapped operands: ``1 < x  =>  x > 1``."""
    return _MIRRORED[sign]


def value_ordering(sign: Operator, operand: RowValue, value: t.Any) -> RowCondition:
    """Return the condition that a column is less than a value, or greater.

    :raises NotTranslatable: if no condition means the same, or the comparison always raises.
    """
    field = _comparable(operand)
    kind = field.kind
    if isinstance(operand, MemberPart):
        _check_parts(operand, value)
        return _of_members(operand, value, functools.partial(compare_values, sign))
    check_letters(operand)
    if value is None:
        raise _incomparable(operand, value)
    if kind is ValueKind.BOOLEAN or kind is ValueKind.ENUM:
        return _ordered_choices(sign, operand, value)
    if kind is ValueKind.INTEGER or kind is ValueKind.DECIMAL or kind is ValueKind.FLOAT:
        return _ordered_numbers(sign, operand, value)
    if kind is ValueKind.ANY and type(value) not in _CONTAINERS:
        return _order(sign, operand, Literal(value))
    if kind is ValueKind.TEXT:
        if type(value) is not str or not is_unicode(value):
            raise _incomparable(operand, value)
        if "\0" in value:
            raise NotTranslatable("a text with NUL has no order in each database", "Leave it out.")
    elif kind is ValueKind.ZONED:
        return _order(sign, operand, Literal(_zoned(operand, value)))
    elif kind in _TEMPORAL:
        found = _same_times(field, value)
        if not found:
            raise _incomparable(operand, value)
        value = found[0]
    else:
        raise _incomparable(operand, value)
    return _order(sign, operand, Literal(value))


def _zoned(operand: RowValue, value: t.Any) -> datetime.datetime:
    """Return a time to compare a column with: of UTC, or without a zone.

    INVARIANT: two times of one zone whose offset changes are compared by Python as their clocks
    show them, and the hour that is repeated comes before itself. An offset that is fixed has none.
    """
    moment = _plain_time(ValueKind.ZONED, value)
    if moment is None:
        raise _incomparable(operand, value)
    if moment.tzinfo is None:
        return t.cast(datetime.datetime, moment)
    if moment.tzinfo.utcoffset(None) is None:
        raise NotTranslatable(
            "a time of a zone whose offset changes has an order of its own",
            "Compare with a time of UTC, as 'time.astimezone(datetime.UTC)' is.",
        )
    try:
        return t.cast(datetime.datetime, moment.astimezone(datetime.UTC))
    except OverflowError:
        raise _incomparable(operand, value) from None


def column_ordering(sign: Operator, left: RowValue, right: RowValue) -> RowCondition:
    """Return the condition that one column is less than another, or greater."""
    if _is_compared_later(left, right):
        return _order(sign, left, right)
    mine, other = _comparable(left), _comparable(right)
    check_letters(left)
    check_letters(right)
    if ValueKind.ANY in (mine.kind, other.kind) and not {mine.kind, other.kind} & _DATA.keys():
        return _order(sign, left, right)
    known = mine.kind is other.kind and mine.scale == other.scale
    if not known or mine.kind in _UNORDERED:
        raise NotTranslatable(
            f"`{show(left)}` and `{show(right)}` have no order that each database knows",
            "Compare columns of one type.",
        )
    if mine.kind is ValueKind.DECIMAL and mine.scale is None:
        raise _without_scale(left)
    return _order(sign, left, right)


def _order(sign: Operator, left: RowValue, right: RowValue) -> RowCondition:
    if sign is Operator.LT or sign is Operator.LEQ:
        return Comparison("<" if sign is Operator.LT else "<=", left, right)
    return Comparison("<" if sign is Operator.GT else "<=", right, left, is_turned=True)


def _ordered_choices(sign: Operator, operand: RowValue, value: t.Any) -> RowCondition:
    field = field_of(operand)
    choices = (True, False) if field.kind is ValueKind.BOOLEAN else field.choices
    if field.kind is ValueKind.BOOLEAN and type(value) is str:
        raise _incomparable(operand, value)
    found = [Literal(each) for each in choices if compare_values(sign, each, value)]
    return in_values(operand, tuple(found))


def _ordered_numbers(sign: Operator, operand: RowValue, value: t.Any) -> RowCondition:
    field = field_of(operand)
    number = int(value) if type(value) is bool else _number(value)
    is_decimal = ValueKind.DECIMAL is field.kind or isinstance(number, decimal.Decimal)
    if number is None or (is_decimal and number != number):
        raise _incomparable(operand, value)
    if number != number:
        return FALSE
    is_integer = field.kind is ValueKind.INTEGER
    if field.kind is ValueKind.FLOAT and math.isinf(number):
        return _ordered_to_infinity(sign, operand, is_positive=number > 0)
    if math.isinf(number) or (is_integer and not has_64_bits(int(number))):
        holds = (number > 0) is (sign in (Operator.LT, Operator.LEQ))
        return conjunction(TRUE if holds else FALSE, negation(has_no_order(operand)))
    if field.kind is ValueKind.FLOAT:
        near = _float(number)
        if near != number:
            raise NotTranslatable(f"{number} has more digits than the column", "Compare a float.")
        return _order(sign, operand, Literal(near))
    if field.kind is ValueKind.DECIMAL and field.scale is None:
        raise _without_scale(operand)
    exact = decimal.Decimal(number)
    floor = _floor(exact, field.scale or 0)
    if floor != exact:
        # No value of the column lies between the two.
        sign = Operator.LEQ if sign in (Operator.LT, Operator.LEQ) else Operator.GT
    if field.kind is ValueKind.DECIMAL:
        _check_digits(floor)
    bound = int(floor) if field.kind is ValueKind.INTEGER else floor
    return _order(sign, operand, Literal(bound))


def _ordered_to_infinity(sign: Operator, operand: RowValue, *, is_positive: bool) -> RowCondition:
    """Return the condition that a float is less than an infinity, or greater; or equal to it."""
    is_inner = is_positive is (sign in (Operator.LT, Operator.LEQ))
    within = Comparison("<=", *((operand, _GREATEST) if is_positive else (_LEAST, operand)))
    found: list[RowCondition] = [within] if is_inner else []
    if sign in (Operator.LEQ, Operator.GEQ):
        found.append(_is_infinity(operand, is_positive=is_positive))
    return disjunction(*found)


def is_exact(field: Field, number: decimal.Decimal) -> bool:
    """Tell whether each database compares a column of decimals with a number as it is."""
    if field.scale is None or not number.is_finite():
        return False
    return _floor(number, field.scale) == number and not _has_many_digits(number)


def _has_many_digits(number: decimal.Decimal) -> bool:
    return len(number.normalize().as_tuple().digits) > _FLOAT_DIGITS


def _check_digits(number: decimal.Decimal) -> None:
    """Refuse a decimal that SQLite, which stores floats, could confuse with its neighbor."""
    if _has_many_digits(number):
        raise NotTranslatable(f"{number} has more digits than each database keeps", "Round it.")


def _float(number: t.Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _floor(number: decimal.Decimal, scale: int) -> decimal.Decimal:
    with decimal.localcontext() as context:
        context.prec = decimal.MAX_PREC if abs(number.adjusted()) > 300 else 1200
        return number.quantize(decimal.Decimal(1).scaleb(-scale), decimal.ROUND_FLOOR)


def _incomparable(operand: RowValue, value: t.Any) -> NotTranslatable:
    kind = field_of(operand).kind
    what = "" if kind is ValueKind.ANY else f", a {kind.value},"
    other = "nil" if value is None else f"a {type(value).__name__}"
    return NotTranslatable(
        f"`{show(operand)}`{what} and {other} cannot be compared", "Compare values of one kind."
    )


def _without_scale(operand: RowValue) -> NotTranslatable:
    return NotTranslatable(
        f"`{show(operand)}` has no scale, so databases round it differently", _SCALE
    )
