"""Value classes: what compares without running code of an application."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import fractions

import pytest

from flask_oso.polar.host import value_classes
from flask_oso.polar.host.value_classes import (
    inherits_comparisons,
    is_comparable_moment,
    is_told_from_nil,
)
from tests.support.value_kinds import (
    AnswersAll,
    Data,
    Kind,
    Level,
    OnlyUnequal,
    Own,
    OwnDecimal,
    OwnEnum,
    OwnInteger,
    OwnPair,
    OwnText,
    Pair,
    QuietInteger,
    QuietText,
    Status,
    Zone,
)

_NOON = datetime.datetime(2027, 4, 5, 12)


@pytest.mark.parametrize("cls", [Level, Kind, QuietText, QuietInteger])
def test_class_that_inherits_all_comparisons(cls: type) -> None:
    """An enum of integers or strings compares as these do."""
    assert inherits_comparisons(cls)


@pytest.mark.parametrize("cls", [OwnInteger, OwnText, Status, Own, Pair, object])
def test_class_with_comparisons_of_its_own(cls: type) -> None:
    """One overridden comparison is enough, and so is another base."""
    assert not inherits_comparisons(cls)


@pytest.mark.parametrize(
    "cls", [type(None), str, list, dict, Pair, Status, Level, QuietText, fractions.Fraction, object]
)
def test_class_that_is_told_from_nil(cls: type) -> None:
    """Python's own comparisons do not ask ``None``."""
    assert is_told_from_nil(cls)


@pytest.mark.parametrize(
    "cls", [Own, OnlyUnequal, OwnInteger, OwnText, OwnEnum, OwnPair, OwnDecimal, Data]
)
def test_class_that_may_equal_nil(cls: type) -> None:
    """``__eq__`` or ``__ne__`` in Python may do anything."""
    assert not is_told_from_nil(cls)


def test_class_that_answers_all_is_told_from_nil() -> None:
    """A special method is looked up in the class, where ``__getattr__`` is not asked."""
    assert is_told_from_nil(AnswersAll)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (None, None, True),
        (None, datetime.UTC, True),
        (datetime.UTC, datetime.timezone(datetime.timedelta(hours=1)), True),
        (Zone(), None, False),
        (datetime.UTC, Zone(), False),
        (Zone(), Zone(), False),
    ],
)
def test_moments_of_foreign_zones(
    left: datetime.tzinfo | None, right: datetime.tzinfo | None, expected: bool
) -> None:
    """A zone of another class is asked for its offset, unless both are the same."""
    one, other = _NOON.replace(tzinfo=left), _NOON.replace(tzinfo=right)

    assert is_comparable_moment(one, other) is expected


def test_moments_of_the_same_zone() -> None:
    """Python does not ask a zone that both have."""
    zone = Zone()

    assert is_comparable_moment(_NOON.replace(tzinfo=zone), _NOON.replace(tzinfo=zone))


@pytest.mark.parametrize("cls", sorted(value_classes.ORDERED, key=repr))
def test_ordered_class_is_a_class_of_python(cls: type) -> None:
    """No class of an application is in the closed list."""
    assert not dataclasses.is_dataclass(cls)
    assert cls.__module__.split(".")[0] in {"builtins", "datetime", "decimal", "pathlib", "uuid"}


def test_decimal_is_a_number() -> None:
    """A decimal compares with an integer of the policy."""
    assert decimal.Decimal in value_classes.NUMBERS
