"""Methods of dates, times and spans of time in the function for plain data.

They read a value that does not change, and ask nobody. What has a method of this name besides is
left to the rules in order.
"""

from __future__ import annotations

import datetime
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import specialized


class Thing:
    """Has any attributes."""

    def __init__(self, **attributes: t.Any) -> None:
        self.__dict__.update(attributes)


class Day(datetime.datetime):
    """A date with a method of its own."""

    def date(self) -> datetime.date:
        return datetime.date.max


class Slot:
    """No date, but it has a method of one."""

    asked = 0

    def date(self) -> datetime.date:
        self.asked += 1
        return datetime.date.max


class Zone(datetime.tzinfo):
    """A zone that nobody may ask."""

    def utcoffset(self, _: datetime.datetime | None) -> datetime.timedelta:
        raise AssertionError

    dst = utcoffset

    def tzname(self, _: datetime.datetime | None) -> str:
        raise AssertionError


LONG_AGO, LATER = datetime.datetime(2001, 1, 2, 3, 4), datetime.datetime(2999, 1, 2, 3, 4)
CONDITIONS = {
    "the date of now": "d.until >= Datetime.now().date()",
    "the date of now in an alternative": "(d.until = nil or d.until >= Datetime.now().date())",
    "the date of now under not": "not d.until < Datetime.now().date()",
    "a date of an element": "i in d.all and i.at.date() <= d.until",
    "the time of now": "d.closes >= Datetime.now().time()",
    "the day of the week": "Datetime.now().weekday() in [0, 1, 2, 3, 4, 5, 6]",
    "the day of the week of a date": "d.until.weekday() = d.day",
    "the day of the week of an attribute": "d.at.isoweekday() = d.iso",
    "the number of a day": "d.at.toordinal() < d.until.toordinal()",
    "one day": "d.at.date() = d.at.date()",
    "the seconds of a span": "d.span.total_seconds() > 60",
    "the seconds since 1970": "Datetime.now().timestamp() > 5.0",
    "the seconds since 1970, as a variable": "@current_unix_time > 5",
    "two reads of the clock": "d.at <= Datetime.now() and d.until >= Datetime.now().date()",
    "today": "d.at <= Datetime.today() and d.until >= Datetime.today().date()",
    "the day": "d.until >= Date.today()",
    "the day and the time": "d.until >= Date.today() and d.at <= Datetime.now()",
    "a class of the result": "x = d.at.date() and not x matches Datetime and x <= d.until",
}


def asked(
    condition: str, *, is_compiled: bool = True, rules: str = "", **attributes: t.Any
) -> tuple[Oso, Thing]:
    """Give an ``Oso`` with a rule that has a condition, and a thing that it is about."""
    oso = Oso(compiled=is_compiled)
    oso.register_class(Thing)
    oso.register_class(datetime.date, name="Date")
    oso.load_str(f'allow(_: Thing, "read", d: Thing) if d = d and {condition}; {rules}')
    return oso, Thing(**attributes)


def attributes_of(year: datetime.datetime) -> dict[str, t.Any]:
    """Give the attributes of a thing of a certain time."""
    return {
        "at": LONG_AGO,
        "until": year.date(),
        "closes": datetime.time.max if year is LATER else datetime.time.min,
        "all": [Thing(at=LATER), Thing(at=LONG_AGO)],
        "day": year.weekday(),
        "iso": LONG_AGO.isoweekday() if year is LATER else 0,
        "span": datetime.timedelta(days=1) if year is LATER else datetime.timedelta(0),
    }


@pytest.mark.parametrize("year", [LONG_AGO, LATER], ids=["before", "later"])
@pytest.mark.parametrize("name", CONDITIONS)
def test_dates_are_answered_as_by_the_solver(name: str, year: datetime.datetime) -> None:
    """The function for plain data answers, and as the solver does."""
    oso, thing = asked(CONDITIONS[name], **attributes_of(year))
    solved, _ = asked(CONDITIONS[name], is_compiled=False)
    expected = solved.is_allowed(Thing(), "read", thing)

    assert oso.is_allowed(Thing(), "read", thing) is expected
    assert specialized(oso.engine, Thing(), "read", thing) is expected


def test_a_rule_of_its_own_is_asked_beside_dates() -> None:
    """Several rules that read the clock in different ways are one function."""
    rules = (
        'allow(_: Thing, "read", d: Thing) if d.opens <= Datetime.now();'
        'allow(_: Thing, "read", d: Thing) if d.closes >= Datetime.now().time();'
    )
    oso, thing = asked(
        "d.until >= Datetime.now().date()",
        rules=rules,
        until=LONG_AGO.date(),
        opens=LATER,
        closes=datetime.time.max,
    )

    assert oso.is_allowed(Thing(), "read", thing)
    assert specialized(oso.engine, Thing(), "read", thing) is True


@pytest.mark.parametrize("value", [Day(2001, 1, 2), Slot()], ids=["of a date", "of no date"])
def test_a_method_of_the_application_is_left_to_the_rules(value: t.Any) -> None:
    """Its code runs in the order of the rules."""
    oso, thing = asked("d.at.date() >= Datetime.now().date()", at=value)

    assert oso.is_allowed(Thing(), "read", thing)
    assert specialized(oso.engine, Thing(), "read", thing) is None


def test_a_method_of_the_application_is_called_once() -> None:
    """The function for plain data does not try it."""
    slot = Slot()
    oso, thing = asked("d.at.date() >= Datetime.now().date()", at=slot)

    assert oso.is_allowed(Thing(), "read", thing)
    assert slot.asked == 1


def test_a_method_of_an_element_is_called_once() -> None:
    """It is not moved before the test of the class."""
    slot = Slot()
    oso, thing = asked(
        "i in d.all and d.at.date() >= i.until", at=slot, all=[Thing(until=LONG_AGO.date())]
    )

    assert oso.is_allowed(Thing(), "read", thing)
    assert slot.asked == 1


def test_a_zone_is_not_asked_for_a_date() -> None:
    """The day of a date is there without it."""
    oso, thing = asked(
        "d.at.date() < d.until and d.at.weekday() < 7",
        at=LONG_AGO.replace(tzinfo=Zone()),
        until=LATER.date(),
    )

    assert oso.is_allowed(Thing(), "read", thing)
    assert specialized(oso.engine, Thing(), "read", thing) is True


@pytest.mark.parametrize("call", ["isoformat()", "timestamp()", "ctime()"])
def test_what_may_ask_a_zone_is_left_to_the_rules(call: str) -> None:
    """A zone is code of the application."""
    oso, thing = asked(f"d.at.{call} != nil", at=LONG_AGO)

    assert oso.is_allowed(Thing(), "read", thing)
    assert specialized(oso.engine, Thing(), "read", thing) is None


def test_what_is_no_date_is_an_error_of_the_rules() -> None:
    """A value without the method is reported, as by the solver."""
    oso, thing = asked("d.at.date() < d.until", at="today", until=LATER.date())
    solved, _ = asked("d.at.date() < d.until", is_compiled=False)
    with pytest.raises(Exception) as expected:
        solved.is_allowed(Thing(), "read", thing)

    with pytest.raises(type(expected.value)) as raised:
        oso.is_allowed(Thing(), "read", thing)
    assert str(raised.value) == str(expected.value)
