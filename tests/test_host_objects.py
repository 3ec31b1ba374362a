"""Python values and objects in policies, as a program sees them."""

from __future__ import annotations

import datetime
import enum
import typing as t

import pytest

from flask_oso import Oso, OsoError, Variable
from flask_oso.polar.exceptions import (
    InvalidCallError,
    InvalidIteratorError,
    OperationalError,
    PolarRuntimeError,
    PolarTypeError,
    UnregisteredClassError,
)


class Text(str):
    """A string of another kind."""


class Count(int):
    """An integer of another kind."""


class Items(list[t.Any]):
    """A list of another kind."""


class Level(enum.StrEnum):
    """Its members are strings."""

    ADMIN = "admin"


class Thing:
    """Something with attributes, methods and mistakes."""

    def __init__(self, size: int = 1) -> None:
        if size < 0:
            raise ValueError("too small")
        self.size = size
        self.tags = ["a"]

    def double(self, *, by: int = 2) -> int:
        return self.size * by

    def pair(self) -> t.Iterator[int]:
        yield self.size
        yield 2

    def fail(self) -> None:
        raise ValueError("failed")

    @property
    def key_error(self) -> None:
        raise KeyError("inner")

    @property
    def attribute_error(self) -> None:
        raise AttributeError("inner")


class SubThing(Thing):
    """Registered nowhere."""


OBJECTS = [(1,), {1}, b"x", Thing(), Thing, datetime.timedelta(1), Text("a"), Level.ADMIN, None]


@pytest.fixture
def oso() -> Oso:
    """Make an Oso that knows things."""
    oso = Oso()
    oso.register_class(Thing)
    oso.register_constant(Thing(3), "thing")
    return oso


def ask(oso: Oso, query: str, **bindings: t.Any) -> list[dict[str, t.Any]]:
    """Give the bindings of all results, without those that were given."""
    results = oso.query(query, bindings=bindings)
    return [{k: v for k, v in r["bindings"].items() if k not in bindings} for r in results]


@pytest.mark.parametrize("value", [True, 1, 1.5, "s", float("inf"), [1, [2]], {"a": [1]}])
def test_native_values_come_back_equal(oso: Oso, value: t.Any) -> None:
    """Native values come back with the same type and value."""
    (result,) = ask(oso, "x = y", y=value)

    assert (result["x"], type(result["x"])) == (value, type(value))


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_lists_and_dictionaries_are_copies(oso: Oso, value: t.Any) -> None:
    """What is done to the one does not show in the other."""
    assert ask(oso, "x = y", y=value)[0]["x"] is not value


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_objects_come_back_themselves(oso: Oso, value: t.Any) -> None:
    """Every other object is the identical one."""
    assert ask(oso, "x = y", y=value)[0]["x"] is value


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, [2**70], "\ud800"])
def test_unrepresentable_values(oso: Oso, value: t.Any) -> None:
    """An integer beyond 64 bits, or half a character, is no value of Polar."""
    with pytest.raises(OperationalError, match=r"^Serialization error: "):
        ask(oso, "x = y", y=value)


@pytest.mark.parametrize(
    ("literal", "value", "equal"),
    [
        ("1", 1.0, True),
        ("1", True, False),
        ("true", 1, False),
        ('"admin"', Level.ADMIN, True),
        ('"a"', Text("a"), True),
        ("1", Count(1), True),
        ("1", "1", False),
        ("[1]", (1,), False),
    ],
)
def test_unification_with_literals(oso: Oso, literal: str, value: t.Any, equal: bool) -> None:
    """Numbers by value, Booleans apart, objects through ``==``."""
    assert bool(ask(oso, f"{literal} = y", y=value)) is equal


@pytest.mark.parametrize(
    ("value", "name", "matches"),
    [
        (True, "Boolean", True),
        (True, "Integer", True),
        (1, "Float", False),
        (1.0, "Integer", False),
        ((1,), "List", False),
        (Text("a"), "String", True),
        (Count(1), "Integer", True),
        (Items(), "List", True),
        (datetime.datetime(2020, 1, 1), "Datetime", True),
        (SubThing(), "Thing", True),
        (Thing, "Thing", False),
    ],
)
def test_specializer_is_isinstance(oso: Oso, value: t.Any, name: str, matches: bool) -> None:
    """``isinstance`` decides; a class is no instance of itself."""
    oso.load_str(f"f(_: {name});")

    assert oso.query_rule_once("f", value) is matches


def test_missing_attribute(oso: Oso) -> None:
    """An error that ends in its place, with the trace in front."""
    with pytest.raises(PolarRuntimeError) as caught:
        ask(oso, "thing.missing = 1")

    assert "Application error: 'Thing' object has no attribute 'missing' at line 1, column 1" in (
        str(caught.value)
    )
    assert caught.value.stack_trace is not None
    assert str(caught.value).startswith(caught.value.stack_trace)


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ("x = thing.size", 3),
        ("x = thing.double()", 6),
        ("x = thing.double(by: 5)", 15),
        ("x = new Thing(7).size", 7),
        ("x = new Thing(size: 7).size", 7),
        ('x = "abc".index("c")', 2),
        ('x = {a: 1}.get("b", 2)', 2),
        ("x = [5, 6].index(6)", 1),
        ("five = 5 and x = five.bit_length()", 3),
    ],
)
def test_lookups_and_calls(oso: Oso, query: str, result: t.Any) -> None:
    """Attributes, calls with keywords, constructors, native methods."""
    assert [found["x"] for found in ask(oso, query)] == [result]


def test_call_of_no_method(oso: Oso) -> None:
    """What cannot be called says so."""
    with pytest.raises(InvalidCallError, match=r"^tried to call 'size' but it is not callable"):
        ask(oso, "thing.size() = 1")


@pytest.mark.parametrize(
    ("query", "error", "text"),
    [
        ("thing.fail() = 1", ValueError, "^failed$"),
        ("thing.double(1) = 1", TypeError, "positional argument"),
        ("thing.key_error = 1", KeyError, "inner"),
        ("thing.attribute_error = 1", PolarRuntimeError, "Application error: inner"),
        ("x = new Thing(0 - 1)", PolarRuntimeError, "^Error constructing instance of Thing: too"),
        ("x = new Nope()", UnregisteredClassError, "^Nope"),
    ],
)
def test_errors_of_the_host(oso: Oso, query: str, error: type[Exception], text: str) -> None:
    """Errors of the host propagate; an AttributeError and a constructor's get a place."""
    with pytest.raises(error, match=text):
        ask(oso, query)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("x in thing.pair()", [3, 2]),
        ("x in y", [1, 2]),
        ('x in "ab"', ["a", "b"]),
        ("x in {a: 1}", [["a", 1]]),
    ],
)
def test_membership_in_any_iterable(oso: Oso, query: str, found: list[t.Any]) -> None:
    """Any iterable, strings by character, dictionaries by pair."""
    assert [result["x"] for result in ask(oso, query, y=(1, 2))] == found


@pytest.mark.parametrize(
    ("query", "error", "text"),
    [
        ("x in thing", InvalidIteratorError, "is not iterable"),
        ("x in nil", InvalidIteratorError, "^None is not iterable"),
        ("x in 5", PolarTypeError, "can only use `in` on an iterable value"),
        ("thing < thing", PolarRuntimeError, "^External operation '.*' failed"),
        ("x = 5 and x", PolarTypeError, "isn't something that is true or false"),
        ("thing", PolarTypeError, "isn't something that is true or false"),
    ],
)
def test_operations_that_objects_lack(
    oso: Oso, query: str, error: type[OsoError], text: str
) -> None:
    """An error, never an answer."""
    with pytest.raises(error, match=text):
        ask(oso, query)


@pytest.mark.parametrize("pattern", ["Thing{missing: 1}", "{missing: 1}", "Thing{size: 4}"])
def test_pattern_with_a_missing_field(oso: Oso, pattern: str) -> None:
    """An object without the field, or with another value, does not match."""
    assert ask(oso, f"thing matches {pattern}") == []


def test_results_are_variables_where_nothing_is_bound(oso: Oso) -> None:
    """A variable is a string of another kind."""
    oso.load_str("f(_);")

    (result,) = oso.query("f(x)")

    assert result["bindings"] in ({}, {"x": Variable("x")})
