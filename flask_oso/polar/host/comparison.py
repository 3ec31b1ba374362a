"""Comparison of Python values by Python's operators.

In go two values of the host; out comes whether the comparison holds. ``Host.compare`` in
``registry.py`` compares rows by their keys and calls this module for all other values.
"""

from __future__ import annotations

import enum
import typing as t

from ..exceptions import PolarRuntimeError, error_at, with_help
from ..nodes import Operator
from ..sources import Span
from .numbers import COMPARISON_FUNCTIONS

_NIL_HAS_NO_ORDER = (
    "`nil` is neither less nor greater: ask for it in the same alternative, as in"
    " `x != nil and x < y`, or `x = nil or (x != nil and x < y)`.\n"
)


class Comparison(enum.Enum):
    """What compares two values, by their classes."""

    #: The keys of their rows.
    ROWS = enum.auto()
    #: Python: at least one is an object of the host.
    PYTHON = enum.auto()
    #: Polar: both are strings, numbers or Booleans.
    SCALARS = enum.auto()
    #: Their elements.
    LISTS = enum.auto()
    SOLVER = enum.auto()


def compare_values(kind: Operator, left: t.Any, right: t.Any, span: Span | None = None) -> bool:
    """Compare two Python values with a Python operator; the truth value of its result decides.

    Lists and dictionaries are compared without recursion: Python's own comparison would
    overflow the stack on deeply nested ones. As in Polar, they have no order.

    :param span: the place of the comparison, for the error.
    :raises PolarRuntimeError: if Python raises ``TypeError``.
    """
    try:
        # Not `in`: a metaclass may say that its classes equal any other.
        if type(left) is type(right) and (type(left) is list or type(left) is dict):
            return _compare_data(kind, left, right)
        return bool(COMPARISON_FUNCTIONS[kind](left, right))
    except TypeError as error:
        raise failed_comparison(kind, left, right, span) from error


def failed_comparison(
    kind: Operator, left: t.Any, right: t.Any, span: Span | None = None
) -> PolarRuntimeError:
    """Make the error for two values that Python does not compare."""
    message = f"External operation '{type(left)} {kind.value} {type(right)}' failed."
    if span is None:
        return PolarRuntimeError(message)
    error = error_at(PolarRuntimeError, f"{message} The comparison stands", span)
    return with_help(error, _NIL_HAS_NO_ORDER if left is None or right is None else "")


def _compare_data(kind: Operator, left: t.Any, right: t.Any) -> bool:
    if kind not in (Operator.EQ, Operator.NEQ):
        raise TypeError("Lists and dictionaries have no order.")
    return _is_same_data(left, right) is (kind is Operator.EQ)


def _is_same_data(left: t.Any, right: t.Any) -> bool:
    pairs = [(left, right)]
    seen: set[tuple[int, int]] = set()
    while pairs:
        left, right = pairs.pop()
        if left is right or (id(left), id(right)) in seen:
            continue
        kind = type(left)
        if kind is not type(right) or not (kind is list or kind is dict):
            if not left == right:  # noqa: SIM201 - an object may answer the two differently
                return False
            continue
        if len(left) != len(right) or (kind is dict and left.keys() != right.keys()):
            return False
        seen.add((id(left), id(right)))
        keys = [*left] if kind is dict else range(len(left))
        # The first elements end on top and are compared first.
        pairs.extend((left[key], right[key]) for key in reversed(keys))
    return True
