"""Value classes: what compares without running code of an application."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import fractions
import ipaddress
import typing as t

import pytest

from flask_oso.polar.host import value_classes
from flask_oso.polar.host.value_classes import (
    find_in_network,
    inherits_comparisons,
    is_comparable_moment,
    is_told_from_nil,
)
from tests.support.value_kinds import (
    Amount,
    AnswersAll,
    Data,
    Day,
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
    Span,
    Status,
    Zone,
)

_NOON = datetime.datetime(2027, 4, 5, 12)


@pytest.mark.parametrize("cls", [Level, Kind, QuietText, QuietInteger, Amount, Span])
def test_class_that_inherits_all_comparisons(cls: type) -> None:
    """An enum of integers or strings compares as these do, and an amount as a decimal does."""
    assert inherits_comparisons(cls)


@pytest.mark.parametrize("cls", [OwnInteger, OwnText, OwnDecimal, Day, Status, Own, Pair, object])
def test_class_with_comparisons_of_its_own(cls: type) -> None:
    """One overridden comparison is enough, and so is another base."""
    assert not inherits_comparisons(cls)


class Computed(ipaddress.IPv4Address):
    """Computes what is compared."""

    @property
    def _ip(self) -> int:
        raise ValueError("not yet")


@pytest.mark.parametrize(
    "cls",
    [
        *(type(None), str, list, dict, Pair, Status, Level, QuietText, fractions.Fraction, object),
        *(ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network),
        *(ipaddress.IPv6Interface, collections.OrderedDict, collections.Counter),
    ],
)
def test_class_that_is_told_from_nil(cls: type) -> None:
    """Python's own comparisons do not ask ``None``."""
    assert is_told_from_nil(cls)


@pytest.mark.parametrize(
    "cls", [Own, OnlyUnequal, OwnInteger, OwnText, OwnEnum, OwnPair, OwnDecimal, Data, Computed]
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


class Address(ipaddress.IPv4Address):
    """An address that may compare by code of its own."""


_FOUR, _SIX = ipaddress.ip_network("10.0.0.0/30"), ipaddress.ip_network("::/126")


@pytest.mark.parametrize("network", [_FOUR, _SIX], ids=["4", "6"])
@pytest.mark.parametrize(
    "item",
    [
        *map(ipaddress.ip_address, ["10.0.0.0", "10.0.0.3", "10.0.0.4", "::", "::3", "::4"]),
        *(ipaddress.ip_address("::1%eth0"), "10.0.0.1", 1, True, 1.0, None),
    ],
    ids=str,
)
def test_network_has_what_equals_one_of_its_addresses(network: t.Any, item: t.Any) -> None:
    """The answer is that of a comparison with each."""
    assert find_in_network(item, network) is any(each == item for each in network)


@pytest.mark.parametrize(
    ("item", "collection"),
    [(Address("10.0.0.1"), _FOUR), (_FOUR, _FOUR), (_FOUR[1], [_FOUR[1]]), ("a", {"a"})],
    ids=["derived", "network", "list", "set"],
)
def test_other_searches_are_left(item: t.Any, collection: t.Any) -> None:
    """What may run code of a class is not answered here."""
    assert find_in_network(item, collection) is None
