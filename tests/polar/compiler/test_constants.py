"""Constants of the program that hold more than texts and numbers: sets, tuples, dates, objects."""

from __future__ import annotations

import datetime
import decimal
import enum
import itertools
import typing as t
import uuid
from fractions import Fraction

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of, specialized
from tests.support.models.people import Alike
from tests.support.sizes import each_of
from tests.support.value_kinds import Doc, User


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Zone(datetime.tzinfo):
    """A zone with code of its own."""

    def utcoffset(self, _: datetime.datetime | None) -> datetime.timedelta:
        return datetime.timedelta(0)

    def dst(self, _: datetime.datetime | None) -> None:
        return None

    def tzname(self, _: datetime.datetime | None) -> None:
        return None


class Part:
    def __init__(self, *, ok: bool) -> None:
        self.ok = ok


NOW = datetime.datetime(2026, 1, 1)
PART = Part(ok=True)
#: What dictionaries of a program hold, by what is special about it.
ENTRIES: dict[str, t.Any] = {
    "a list": ["x", 1],
    "a set": {"x", "y"},
    "a frozen set": frozenset({"x", 1}),
    "a tuple": ("x", 1),
    "a set with a number": {1.0, "x"},
    "a set with an object": {PART, "x"},
    "a tuple with an equality": (Alike(), "x"),
    "a tuple with NaN": (float("nan"), "x"),
    "a decimal": decimal.Decimal(1),
    "a decimal that is no number": decimal.Decimal("NaN"),
    "a decimal that raises": decimal.Decimal("sNaN"),
    "a date": NOW.date(),
    "a time": NOW,
    "a time with a zone": NOW.replace(tzinfo=datetime.UTC),
    "a time with a zone of its own": NOW.replace(tzinfo=Zone()),
    "a span of time": datetime.timedelta(1),
    "an id": uuid.UUID(int=1),
    "a member": Level.HIGH,
    "an equality": Alike(),
    "a fraction": Fraction(1),
    "an object": PART,
    "nothing": None,
    "a float": 1.5,
    "yes": True,
    "no": False,
    "a class": Level,
    "a dictionary of sets": {"a": {"x"}, "b": ("y",)},
}
GOALS = {
    "in an entry": "d.x in TABLE.a",
    "in an entry by name": "name = u.x and xs = TABLE.(name) and d.x in xs",
    "in entries by names": 'name in [u.x, "a"] and xs = TABLE.(name) and d.x in xs',
    "by get": "d.x in TABLE.get(u.x)",
    "each pair": "[u.x, xs] in TABLE and d.x in xs",
    "all pairs": "[_, xs] in TABLE and d.x in xs",
    "equal": "d.x = TABLE.a",
    "equal by name": "name = u.x and d.x = TABLE.(name)",
    "at least": "d.x >= TABLE.a",
    "not equal": "d.x != TABLE.a",
    "as a condition": "TABLE.a or d.x = u.x",
    "not a condition": "not TABLE.a and d.x = u.x",
    "itself": "TABLE.a = TABLE.a and d.x = u.x",
    "the table": "d.x = TABLE",
    "among the values": "d.x in TABLE.values()",
    "a field": "TABLE.a.ok and d.x = u.x",
    "in a list": "d.x in [TABLE.a]",
    "an entry of an entry": "d.x in TABLE.a.a",
}
VALUES: list[t.Any] = [
    *("x", "y", "a", "b", 1, 2, True, False, None, 1.0, PART, Alike(), float("nan")),
    *(decimal.Decimal(1), decimal.Decimal("NaN"), NOW, NOW.date(), Level.HIGH, Level.LOW),
    *(NOW.replace(tzinfo=datetime.UTC), datetime.timedelta(1), uuid.UUID(int=1), Fraction(1)),
    *({"x", "y"}, ("x", 1), ["x", 1], {"a": {"x", "y"}}, {"a": 1.5}, Level),
]


def load(goal: str, entry: t.Any, *, compiled: bool = True) -> Oso:
    user, doc = "u" if "u." in goal else "_", "d" if "d." in goal else "_"
    oso = Oso(compiled=compiled)
    for cls in (User, Doc, Part):
        oso.register_class(cls)
    oso.register_constant({"a": entry, "b": "x"}, "TABLE")
    oso.load_str(f'allow({user}: User, "read", {doc}: Doc) if {goal};')
    return oso


@pytest.mark.each(8)
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
@pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS)
def test_answers_are_those_of_the_solver(goal: str, entry: t.Any) -> None:
    """Answers and errors, for all kinds of entries and of values."""
    ours, solver = load(goal, entry), load(goal, entry, compiled=False)
    pairs = each_of(itertools.product(VALUES, ("a", "b", "z", 1, None)), 4)
    questions = [(User(name), "read", Doc(x)) for x, name in pairs]

    expected = [outcome_of(solver, *each) for each in questions]

    assert [outcome_of(ours, *each) for each in questions] == expected
    assert [outcome_of(ours, *each) for each in questions] == expected


@pytest.mark.parametrize("name", ["a list", "a set", "a frozen set", "a tuple"])
@pytest.mark.parametrize("goal", ["in an entry", "in an entry by name", "by get", "each pair"])
def test_collections_of_a_constant_are_searched_by_a_specialization(goal: str, name: str) -> None:
    """A dictionary of sets is as good as one of lists."""
    engine = load(GOALS[goal], ENTRIES[name]).engine

    assert specialized(engine, User("a"), "read", Doc("x")) is True
    assert specialized(engine, User("a"), "read", Doc("q")) is False


def test_condition_of_a_constant_is_decided_at_once() -> None:
    """A flag of the program is no attribute that is to be read."""
    assert specialized(load(GOALS["as a condition"], True).engine, User(1), "read", Doc(2)) is True
    off = load(GOALS["as a condition"], False).engine
    assert specialized(off, User(1), "read", Doc(2)) is False
    assert specialized(off, User(1), "read", Doc(1)) is True


def test_set_that_changes_is_read_anew() -> None:
    """The program keeps its sets: what it adds counts at once."""
    names = {"x"}
    oso = load(GOALS["in an entry"], names)
    assert not oso.is_allowed(User("a"), "read", Doc("y"))

    names.add("y")

    assert oso.is_allowed(User("a"), "read", Doc("y"))


@pytest.mark.parametrize(
    "goal",
    [
        "NAN = NAN",
        "x = NAN and x = x",
        "[NAN, 1] = [NAN, 1]",
        "{a: NAN} = {a: NAN}",
        "same(NAN, NAN)",
    ],
)
@pytest.mark.parametrize("word", ["", "not "])
def test_constant_that_is_no_number_is_compared_by_the_solver(goal: str, word: str) -> None:
    """A constant equals itself, and ``nan = nan`` does not hold: under ``not`` it was an allow."""
    answers = []
    for compiled in (True, False):
        oso = Oso(compiled=compiled)
        oso.register_class(User)
        oso.register_class(Doc)
        oso.register_constant(float("nan"), "NAN")
        oso.load_str(f'allow(_: User, "read", _: Doc) if {word}({goal}); same(x, x);')
        answers.append(oso.is_allowed(User("a"), "read", Doc("x")))

    assert answers[0] == answers[1] == (not word)
