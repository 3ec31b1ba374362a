"""Values across the border between Python and Polar."""

from __future__ import annotations

import decimal
import enum
import typing as t

import pytest

from flask_oso.oso import Oso
from flask_oso.polar.exceptions import (
    DuplicateClassAliasError,
    OperationalError,
    PolarRuntimeError,
    StackOverflowError,
    UnregisteredClassError,
)
from flask_oso.polar.host.comparison import compare_values
from flask_oso.polar.host.conversion import is_representable, to_python, to_term
from flask_oso.polar.host.registry import make_host
from flask_oso.polar.nodes import Dictionary, Instance, List, Operator, Unknown, Value


class Colour(str, enum.Enum):  # noqa: UP042  # the kind that exists since Python 3.4
    """A string in Python, an object in Polar."""

    RED = "red"


def _back(value: t.Any) -> t.Any:
    return to_python(to_term(value), lambda unknown: str(unknown.name))


@pytest.mark.parametrize(
    "value", [None, True, 0, -5, 1.5, "é", [], [1, [2, "x"]], {}, {"a": [1, {"b": None}]}]
)
def test_native_values_come_back_equal(value: t.Any) -> None:
    """Native values survive the way in and out."""
    assert _back(value) == value


@pytest.mark.parametrize(
    "value", [(1, 2), {1}, b"x", decimal.Decimal(1), object(), Colour.RED, int, len]
)
def test_other_objects_come_back_identical(value: t.Any) -> None:
    """Whatever is not exactly a native type stays the object it is."""
    assert _back(value) is value


def test_lists_come_back_as_copies() -> None:
    """A list that comes back is not the one that went in."""
    value = [1]

    assert _back(value) is not value


@pytest.mark.parametrize(
    ("key", "name"), [(1, "1"), (1.5, "1.5"), (True, "true"), (None, "null"), ("a", "a")]
)
def test_dictionary_keys_become_strings(key: t.Any, name: str) -> None:
    """Keys pass through their JSON form, as in oso."""
    assert _back({key: 0}) == {name: 0}


def test_dictionary_keys_are_sorted() -> None:
    """Dictionaries stand in the order of their keys."""
    assert to_term({"b": 1, "a": 2}) == Dictionary((("a", Value(2)), ("b", Value(1))))


def test_dictionary_key_of_another_type_is_refused() -> None:
    """A key that JSON does not know is a TypeError."""
    with pytest.raises(TypeError, match="Dictionary keys must be str"):
        to_term({(1, 2): 0})


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, [2**70], {"a": 2**64}, "\ud800", ["\ud800"]]
)
def test_values_without_a_polar_value_are_refused(value: t.Any) -> None:
    """Integers beyond 64 bits and lone surrogates raise, wherever they stand."""
    with pytest.raises(OperationalError, match="Serialization error: "):
        to_term(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63, False),
        (2**63 - 1, True),
        ("\ud800", False),
        ("\u00fc", True),
        ({"a": ["\ud800"]}, False),
        (1.5, True),
    ],
)
def test_what_is_representable(value: t.Any, expected: bool) -> None:
    """A caller can ask before it hands a value in."""
    assert is_representable(value) is expected


def test_list_that_contains_itself_comes_back() -> None:
    """A list that contains itself goes in and comes out as a new one of the same shape."""
    value: list[t.Any] = [1]
    value.append(value)

    copied = to_python(to_term(value), str)

    assert copied is not value
    assert (copied[0], copied[1] is copied) == (1, True)


def test_shared_list_is_copied_once() -> None:
    """What two lists share is shared by their copies."""
    shared: list[t.Any] = []

    copied = to_python(to_term([shared, shared]), str)

    assert copied == [[], []]
    assert copied[0] is copied[1]


def test_deep_list_needs_no_recursion() -> None:
    """Data may be nested deeper than Python recurses."""
    value: list[t.Any] = []
    for _ in range(5000):
        value = [value]

    assert repr(type(to_term(value))) == repr(List)


def test_cyclic_term_is_cut() -> None:
    """A term that contains itself comes out as a finite value: the variable stands inside."""
    unknown = Unknown("x")
    unknown.value = List((unknown,))  # type: ignore[arg-type]  # a variable stands for a term

    assert to_python(unknown, lambda other: str(other.name)) == ["x"]


def test_list_that_is_its_own_rest_is_refused() -> None:
    """A list without an end cannot be handed to Python."""
    unknown = Unknown("x")
    unknown.value = endless = List((Value(1),), unknown)  # type: ignore[arg-type]  # as above

    with pytest.raises(StackOverflowError, match=r"^A list has no end: it is its own rest\.$"):
        to_python(endless, lambda other: str(other.name))


def test_class_name_taken_names_both_classes() -> None:
    """The error names the class that has the name and the one that wanted it."""
    host = make_host().with_class(Colour, "Red", None)

    with pytest.raises(DuplicateClassAliasError) as caught:
        host.with_class(int, "Red", None)

    assert str(caught.value) == (
        f"Attempted to alias {int} as 'Red', but {Colour} already has that alias."
    )


@pytest.mark.parametrize("name", ["Actor", "Resource"])
def test_unions_cannot_be_registered(name: str) -> None:
    """The names of the unions are reserved, and the host stays usable."""
    host = make_host()

    with pytest.raises(PolarRuntimeError, match=f"'{name}' is a built-in specializer"):
        host.with_constant(1, name)


def test_registering_what_is_no_class_says_what_to_do() -> None:
    """A value that is no class is a TypeError that names the other method."""
    with pytest.raises(TypeError, match="Use 'register_constant'"):
        make_host().with_class(5, None, None)  # type: ignore[arg-type]  # that is the point


def test_host_is_immutable() -> None:
    """Registering gives another host and leaves the first as it was."""
    host = make_host()

    other = host.with_constant(1, "one")

    assert "one" in other.constants
    assert "one" not in host.constants


def test_get_class_unknown_names_it() -> None:
    """The message is the name."""
    with pytest.raises(UnregisteredClassError, match=r"^Nope$"):
        make_host().get_class("Nope")


def test_nil_is_none() -> None:
    """The constant nil is Python's None."""
    nil = make_host().constants["nil"]

    assert isinstance(nil, Instance)
    assert nil.value is None


def nested(depth: int, leaf: object) -> list[t.Any]:
    value: t.Any = leaf
    for number in range(depth):
        value = [{"a": value}] if number % 2 else [number, value]
    return t.cast("list[t.Any]", value)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ([1, {"a": 2}], [1, {"a": 2}], True),
        ([1, {"a": 2}], [1, {"a": 3}], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 1], False),
        ([1], [True], True),
        ([[]], [{}], False),
    ],
)
def test_data_is_compared_as_python_does(left: object, right: object, same: bool) -> None:
    """Lists and dictionaries that have no Polar value are compared element by element."""
    assert compare_values(Operator.EQ, left, right) is same


@pytest.mark.parametrize(("leaf", "same"), [(1, True), (2, False)])
def test_deep_data_is_compared_to_its_end(leaf: int, same: bool) -> None:
    """However deep two lists are, what differs at their end is found."""
    left, right = nested(50_000, 1), nested(50_000, leaf)

    assert compare_values(Operator.EQ, left, right) is same
    assert compare_values(Operator.NEQ, left, right) is not same


@pytest.mark.parametrize("values", [([1], [2]), ({}, {"a": 1})])
def test_data_has_no_order(values: tuple[object, object]) -> None:
    """Whether a number in it fits into 64 bits makes no difference."""
    with pytest.raises(PolarRuntimeError, match=r"External operation .* failed"):
        compare_values(Operator.LT, *values)


class OfMeta(type):
    """A kind of class that looks at what is inside."""

    def __instancecheck__(cls, value: object) -> bool:
        return value == [1]


class Ones(metaclass=OfMeta):
    """What lists of a single 1 are instances of."""


@pytest.mark.parametrize(("value", "matches"), [([1], True), ([2], False)])
def test_class_may_look_at_what_is_inside_a_list(value: list[int], matches: bool) -> None:
    """Only classes of the usual kinds go by the class of a list."""
    oso = Oso()
    oso.register_class(Ones)
    oso.load_str("f(_: Ones);")

    assert oso.query_rule_once("f", value) is matches
