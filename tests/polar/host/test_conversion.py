"""Conversion between Python values and terms."""

from __future__ import annotations

import decimal
import enum
import typing as t

import pytest

from flask_oso import Variable
from flask_oso.polar.exceptions import (
    OperationalError,
    PolarTypeError,
    StackOverflowError,
)
from flask_oso.polar.host.conversion import (
    copied_for_python,
    copied_list,
    is_data,
    is_representable,
    result_to_term,
    to_python,
    to_term,
    values_read,
)
from flask_oso.polar.nodes import Dictionary, List, Unknown, Value
from tests.support.value_kinds import name_of


class Colour(str, enum.Enum):  # noqa: UP042  # the kind that exists since Python 3.4
    """A string in Python, an object in Polar."""

    RED = "red"


_SHARED = [1]


def _circle() -> list[t.Any]:
    circle: list[t.Any] = []
    circle.append(circle)
    return circle


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


@pytest.mark.parametrize(
    "value",
    [
        *([], {}, [1, "a", None, True, 1.5], {"a": [1], "b": {"c": "é"}}, {"b": 1, "a": 2}),
        *([2**63 - 1, -(2**63)], {"a": float("inf")}, [[[]]], {None: 1, True: 2, 3: 3, "a": 4}),
        *([{"b": [1], "a": {}}], {"a": 2**70, "\ud800": "\ud800"}, {(1,): 1, "a": [{1: 1}]}),
    ],
    ids=name_of,
)
def test_copy_for_python_is_that_of_the_solver(value: t.Any) -> None:
    """Nothing is converted, and the copy is what terms would have given, keys sorted."""
    made, expected = copied_for_python(value), to_python(result_to_term(value), str)

    assert made == expected
    assert ascii(made) == ascii(expected)
    assert made is not value


@pytest.mark.parametrize("inner", [lambda n: [n], lambda n: {"c": n}, lambda n: [[n], {"d": [n]}]])
def test_what_dictionaries_have_is_not_taken_for_each_other(inner: t.Any) -> None:
    """The terms of their entries are made one after the other, and may get the same place."""
    data = [(1,), *({"b": inner(number)} for number in range(50))]

    assert copied_for_python(data) == data


def test_copy_for_python_keeps_what_is_shared() -> None:
    """A dictionary that is there twice is one object in the copy, too."""
    shared = {"a": 1}

    made = copied_for_python([{"a": [shared]}, shared])

    assert made[0]["a"][0] is made[1]
    assert made[1] is not shared


def test_copy_for_python_keeps_circles() -> None:
    """A dictionary that contains itself comes out as one that contains itself."""
    value: dict[str, t.Any] = {}
    value["self"] = [value]
    made = copied_for_python(value)

    assert made["self"][0] is made
    assert made is not value


@pytest.mark.parametrize(
    "value",
    [
        *([], [1, "a", None, True, 1.5], [2**63 - 1, -(2**63)], [float("inf")], [[[]]], [{}, {}]),
        *([{"n": 2**70}, "é"], [{(1,): 1}], [[{"\ud800": object()}], 1]),
    ],
    ids=name_of,
)
def test_list_of_data_is_that_of_the_solver(value: t.Any) -> None:
    """A list is copied as terms would have given it; what dictionaries have is not looked at."""
    assert is_data(value, {type(None)})
    assert copied_list(value) == value
    assert copied_list(value) is not value


@pytest.mark.parametrize(
    "value",
    [*([2**63], [-(2**63) - 1], ["\ud800"], [object()], [[2**70]], _circle(), [_SHARED, _SHARED])],
    ids=name_of,
)
def test_what_is_no_data(value: t.Any) -> None:
    """What terms refuse or keep as one object is left to them."""
    assert not is_data(value, {type(None)})


@pytest.mark.parametrize("place", range(20))
def test_variable_among_entries_is_found(place: int) -> None:
    """The pairs of each view are made for the look alone, and may get the place of others."""
    entries = {str(number): number for number in range(20)}
    asked = entries | {str(place): Variable("x")}
    source = {"views": [asked.items(), entries.items()]}

    with pytest.raises(PolarTypeError, match=r"^A dictionary has values, not a variable"):
        values_read(source, "get", ("views",))
