"""Comparison of Python values that have no Polar value."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import (
    PolarRuntimeError,
)
from flask_oso.polar.host.comparison import compare_values
from flask_oso.polar.nodes import Operator


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
        (nested(50_000, 1), nested(50_000, 1), True),
        (nested(50_000, 1), nested(50_000, 2), False),
    ],
)
def test_data_is_compared_as_python_does_at_any_depth(
    left: object, right: object, same: bool
) -> None:
    """Lists and dictionaries that have no Polar value are compared element by element."""
    assert compare_values(Operator.EQ, left, right) is same
    assert compare_values(Operator.NEQ, left, right) is not same


@pytest.mark.parametrize("values", [([1], [2]), ({}, {"a": 1})])
def test_data_has_no_order(values: tuple[object, object]) -> None:
    """Whether a number in it fits into 64 bits makes no difference."""
    with pytest.raises(PolarRuntimeError, match=r"External operation .* failed"):
        compare_values(Operator.LT, *values)


@pytest.mark.parametrize("compiled", [True, False])
def test_nil_has_no_order_and_the_error_says_what_to_write(compiled: bool) -> None:
    """The error for a date that is missing names its place, and the cure."""
    oso = Oso(compiled=compiled)
    oso.load_str('allow(_, "read", doc) if (doc.due = nil or doc.due > 3) and doc.open = true;')

    with pytest.raises(PolarRuntimeError) as caught:
        oso.is_allowed("ana", "read", {"due": None, "open": False})

    assert str(caught.value) == (
        "External operation '<class 'NoneType'> Gt <class 'int'>' failed. The comparison"
        " stands at line 1, column 44:\n"
        '\t001: allow(_, "read", doc) if (doc.due = nil or doc.due > 3) and doc.open = true;\n'
        "\t                                                ^\n"
        "`nil` is neither less nor greater: ask for it in the same alternative, as in"
        " `x != nil and x < y`, or `x = nil or (x != nil and x < y)`.\n"
    )
