"""Arithmetic and comparison of Polar's own values.

Integers have 64 bits, and overflow is an error. Floats follow IEEE 754, except that a division by
zero is an error: an infinity would be greater than any limit of a policy. Booleans compare as 0
and 1 and take no part in arithmetic.
"""

from __future__ import annotations

import math
import operator
import typing as t
from collections.abc import Callable

from ..nodes import Operator, Scalar

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
_NUMBERS = frozenset({int, float})

#: The Python function of each comparison, for two values that are ``comparable``.
COMPARISON_FUNCTIONS: dict[Operator, Callable[[t.Any, t.Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NEQ: operator.ne,
    Operator.LT: operator.lt,
    Operator.LEQ: operator.le,
    Operator.GT: operator.gt,
    Operator.GEQ: operator.ge,
}


def equal_scalars(left: Scalar, right: Scalar) -> bool:
    """Return whether two values unify: numbers by value, never a Boolean with a number."""
    if (type(left) is bool) is not (type(right) is bool):
        return False
    return left == right


def comparable(left: Scalar, right: Scalar) -> bool:
    """Return whether two values can be compared: two strings, or numbers and Booleans."""
    return (type(left) is str) is (type(right) is str)


def calculate(kind: Operator, left: Scalar, right: Scalar) -> int | float | None:
    """Calculate with two numbers; return ``None`` if they are not numbers.

    :raises ArithmeticError: for an overflow, a division by zero, or a ``mod`` or ``rem`` by
        integer zero.
    """
    if type(left) is int and type(right) is int:
        result = _INTEGER[kind](left, right)
        if type(result) is int and not INTEGER_MIN <= result <= INTEGER_MAX:
            raise OverflowError("integer overflow")
        return result
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return _FLOAT[kind](float(left), float(right))
    return None


def _integer_divide(left: int, right: int) -> float:
    return float(left) / float(right)


def _check_quotient(left: int, right: int) -> None:
    if left == INTEGER_MIN and right == -1:
        raise OverflowError("the quotient has more than 64 bits")


def _integer_modulo(left: int, right: int) -> int:
    _check_quotient(left, right)
    return left % right


def _integer_remainder(left: int, right: int) -> int:
    _check_quotient(left, right)
    result = abs(left) % abs(right)
    return -result if left < 0 else result


def _remainder(left: float, right: float) -> float:
    if right == 0 or math.isinf(left):
        return math.nan
    return math.fmod(left, right)


def _modulo(left: float, right: float) -> float:
    return _remainder(_remainder(left, right) + right, right)


def _float(function: Callable[[float, float], float]) -> Callable[[float, float], float]:
    def apply(left: float, right: float) -> float:
        try:
            return function(left, right)
        except OverflowError:
            return math.inf if (left < 0) is (right < 0) else -math.inf

    return apply


_INTEGER: dict[Operator, Callable[[int, int], int | float]] = {
    Operator.ADD: operator.add,
    Operator.SUB: operator.sub,
    Operator.MUL: operator.mul,
    Operator.DIV: _integer_divide,
    Operator.MOD: _integer_modulo,
    Operator.REM: _integer_remainder,
}
_FLOAT: dict[Operator, Callable[[float, float], float]] = {
    Operator.ADD: operator.add,
    Operator.SUB: operator.sub,
    Operator.MUL: operator.mul,
    Operator.DIV: _float(operator.truediv),
    Operator.MOD: _modulo,
    Operator.REM: _remainder,
}
