"""Arithmetic and comparison of Polar's own values."""

from __future__ import annotations

import math
import operator
import typing as t

import pytest

from flask_oso.polar.host.numbers import COMPARISON_FUNCTIONS, calculate, comparable, equal_scalars
from flask_oso.polar.nodes import ARITHMETIC, COMPARISONS, Operator

LEAST, GREATEST = -(2**63), 2**63 - 1
INF, NAN = math.inf, math.nan
ADD, SUB, MUL, DIV = Operator.ADD, Operator.SUB, Operator.MUL, Operator.DIV
MOD, REM = Operator.MOD, Operator.REM


@pytest.mark.parametrize(
    ("left", "right", "answer"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (0, -0.0, True),
        (2**53 + 1, 2.0**53, False),
        (GREATEST, 2.0**63, False),
        (INF, INF, True),
        (INF, -INF, False),
        (NAN, NAN, False),
        (True, True, True),
        (True, 1, False),
        (0.0, False, False),
        ("a", "a", True),
        ("1", 1, False),
        ("true", True, False),
        ("é", "e\u0301", False),
    ],
)
def test_numbers_unify_by_value(left: t.Any, right: t.Any, answer: bool) -> None:
    """Numbers unify by value, exactly; everything else with its own kind only."""
    assert (equal_scalars(left, right), equal_scalars(right, left)) == (answer, answer)


@pytest.mark.parametrize(
    ("left", "right", "answer"),
    [(1, 2.0, True), (1, True, True), ("a", "b", True), ("a", 1, False), (False, "a", False)],
)
def test_kinds_that_compare(left: t.Any, right: t.Any, answer: bool) -> None:
    """Strings compare with strings, numbers and Booleans with each other."""
    assert (comparable(left, right), comparable(right, left)) == (answer, answer)


@pytest.mark.parametrize(
    ("left", "right", "holding"),
    [
        (1, 2, "< <= !="),
        (2, 2, "<= >= =="),
        (2, 2.0, "<= >= =="),
        (True, 1, "<= >= =="),
        (False, -0.0, "<= >= =="),
        (2**53 + 1, 2.0**53, "> >= !="),
        (GREATEST, INF, "< <= !="),
        (NAN, NAN, "!="),
        (1, NAN, "!="),
        ("Z", "a", "< <= !="),
        ("a", "aa", "< <= !="),
        ("z", "é", "< <= !="),
        ("\uffff", "\U0001f600", "< <= !="),
    ],
)
def test_comparison_is_exact(left: t.Any, right: t.Any, holding: str) -> None:
    """Exactly the comparisons that are true hold; text stands in the order of code points."""
    symbols = {
        "==": Operator.EQ,
        "!=": Operator.NEQ,
        "<": Operator.LT,
        "<=": Operator.LEQ,
        ">": Operator.GT,
        ">=": Operator.GEQ,
    }

    found = {text for text, kind in symbols.items() if COMPARISON_FUNCTIONS[kind](left, right)}

    assert found == set(holding.split())


@pytest.mark.parametrize("kind", sorted(COMPARISONS, key=operator.attrgetter("name")))
def test_compare_knows_every_comparison(kind: Operator) -> None:
    """A new comparison has to be taught here."""
    assert COMPARISON_FUNCTIONS[kind](1, 1) in (True, False)


@pytest.mark.parametrize("kind", sorted(ARITHMETIC, key=operator.attrgetter("name")))
@pytest.mark.parametrize("values", [(6, 3), (6.0, 3.0)])
def test_calculate_knows_every_operation(kind: Operator, values: tuple[t.Any, t.Any]) -> None:
    """A new operation has to be taught here, for integers and for floats."""
    assert calculate(kind, *values) is not None


@pytest.mark.parametrize(
    ("kind", "left", "right", "result"),
    [
        (ADD, GREATEST, 0, GREATEST),
        (SUB, LEAST, 0, LEAST),
        (SUB, -1, GREATEST, LEAST),
        (MUL, 2**31, 2**31, 2**62),
        (MUL, 2**62, -2, LEAST),
        (MOD, 7, 3, 1),
        (MOD, -7, 3, 2),
        (MOD, 7, -3, -2),
        (MOD, -7, -3, -1),
        (MOD, GREATEST - 1, GREATEST, GREATEST - 1),
        (MOD, LEAST, GREATEST, GREATEST - 1),
        (REM, 7, 3, 1),
        (REM, -7, 3, -1),
        (REM, 7, -3, 1),
        (REM, -7, -3, -1),
        (REM, LEAST, GREATEST, -1),
    ],
)
def test_integers_are_exact(kind: Operator, left: int, right: int, result: int) -> None:
    """Integers are exact; ``mod`` has the sign of the divisor, ``rem`` of the dividend."""
    value = calculate(kind, left, right)

    assert (type(value), value) == (int, result)


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (ADD, GREATEST, 1),
        (ADD, LEAST, -1),
        (SUB, LEAST, 1),
        (SUB, 0, LEAST),
        (MUL, 2**62, 2),
        (MUL, LEAST, -1),
        (MOD, 1, 0),
        (MOD, 0, 0),
        (REM, 1, 0),
        (DIV, 1, 0),
        (DIV, 0, 0),
    ],
)
def test_integers_out_of_range(kind: Operator, left: int, right: int) -> None:
    """A result beyond 64 bits, a quotient or a remainder by zero, is an error."""
    with pytest.raises(ArithmeticError):
        calculate(kind, left, right)


@pytest.mark.parametrize(
    ("kind", "left", "right", "result"),
    [
        (DIV, 6, 3, 2.0),
        (DIV, 7, 2, 3.5),
        (DIV, 0, -1, -0.0),
        (DIV, LEAST, -1, 2.0**63),
        (DIV, 1e308, 1e-308, INF),
        (DIV, -1e308, 1e-308, -INF),
        (ADD, 1, 0.5, 1.5),
        (ADD, 2**53 + 1, 0.0, 2.0**53),
        (ADD, 1e308, 1e308, INF),
        (MUL, 1e308, -10, -INF),
        (MOD, -7.5, 2, 0.5),
        (MOD, 7.5, -2, -0.5),
        (REM, -7.5, 2, -1.5),
        (REM, 7.5, -2, 1.5),
        (REM, -5, INF, -5.0),
    ],
)
def test_division_is_a_float(kind: Operator, left: float, right: float, result: float) -> None:
    """A division is always a float; floats go to infinity and not to an error."""
    value = t.cast(float, calculate(kind, left, right))

    assert (type(value), value) == (float, result)
    assert math.copysign(1, value) == math.copysign(1, result)


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (DIV, INF, INF),
        (SUB, INF, INF),
        (MUL, INF, 0),
        (ADD, NAN, 1),
        (MOD, 1, 0.0),
        (MOD, 5, INF),
        (MOD, INF, 2),
        (REM, 1.0, 0),
        (REM, INF, 2),
        (REM, NAN, 2),
    ],
)
def test_not_a_number(kind: Operator, left: float, right: float) -> None:
    """What has no value is NaN, not an error."""
    assert math.isnan(t.cast(float, calculate(kind, left, right)))


@pytest.mark.parametrize("kind", sorted(ARITHMETIC, key=operator.attrgetter("name")))
@pytest.mark.parametrize(
    ("left", "right"), [(True, 1), (1, False), (True, 1.5), ("a", "b"), ("a", 2), (2, "a")]
)
def test_calculate_refuses_what_is_no_number(kind: Operator, left: t.Any, right: t.Any) -> None:
    """Booleans and strings take no part in arithmetic."""
    assert calculate(kind, left, right) is None
