"""The integers for which arithmetic is no error: the result has 64 bits, and no divisor is zero."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from ...host import numbers
from ..algebra.ir import FALSE, TRUE, Arithmetic, Comparison, Literal, RowCondition, RowValue
from ..algebra.simplify import conjunction, negation
from ..database_semantics import is_null, value_equality

#: With larger operands, a sum or a product could exceed 64 bits.
_HALF = 2**62
_ROOT = 2**31


def has_result(made: Arithmetic) -> RowCondition:
    """Return the condition that a calculation is no error; it also excludes NULL."""
    limits = divisible if made.sign in ("mod", "rem") else functools.partial(in_range, made.sign)
    return conjunction(*limits(made.left, made.right))


def in_range(sign: str, left: RowValue, right: RowValue) -> Iterator[RowCondition]:
    """Yield the conditions that a result fits 64 bits; they also exclude NULL."""
    for mine, other in ((left, right), (right, left)):
        if isinstance(mine, Literal):
            continue
        least, most = bounds(sign, other, mine is right)
        yield Comparison("<=", Literal(least), mine)
        yield Comparison("<=", mine, Literal(most))


def divisible(left: RowValue, right: RowValue) -> Iterator[RowCondition]:
    """Yield the conditions that a remainder is no error: no NULL, no zero, and 64 bits."""
    yield from (negation(is_null(side)) for side in (left, right) if not isinstance(side, Literal))
    yield negation(_equals(right, 0))
    yield negation(conjunction(_equals(left, numbers.INTEGER_MIN), _equals(right, -1)))


def _equals(operand: RowValue, number: int) -> RowCondition:
    if isinstance(operand, Literal):
        return TRUE if operand.value == number else FALSE
    return value_equality(operand, number)


def _bounds_of_factor(other: int) -> tuple[int, int]:
    least, most = numbers.INTEGER_MIN, numbers.INTEGER_MAX
    if other == 0:
        return least, most
    low, high = -(-least // abs(other)), most // abs(other)
    return (low, high) if other > 0 else (-high, min(most, -low))


def bounds(sign: str, other: RowValue, is_right: bool) -> tuple[int, int]:
    """Return the least and the greatest operand for which a result fits 64 bits."""
    least, most = numbers.INTEGER_MIN, numbers.INTEGER_MAX
    if not isinstance(other, Literal):
        limit = _ROOT if sign == "*" else _HALF
        return -limit, limit
    number = other.value
    if sign == "*":
        return _bounds_of_factor(number)
    if sign == "+":
        return max(least, least - number), min(most, most - number)
    if is_right:
        return max(least, number - most), min(most, number - least)
    return max(least, least + number), min(most, most + number)
