"""Classes whose instances are ordinary objects: Python reads and compares them as the policy does.

In go classes, and values that are classes; out comes what is known without running their code.
"""

from __future__ import annotations

import decimal
import typing as t
from collections.abc import Iterator

from ...host import sandbox, terms
from ...host.awaitables import may_be_awaited
from ...host.value_classes import EQUATED, MOMENTS, inherits_comparisons, is_comparable_moment
from ...solver.class_tests import runs_instance_test

_NATIVE = (bool, int, float, str, list, dict)
#: Containers that compare their elements: with themselves, they find each to be itself.
_CONTAINERS = frozenset({tuple, set, frozenset})


def is_plain(cls: type) -> bool:
    """Tell whether instances of a class are ordinary objects, whose attributes Python can read.

    Not a native value of Polar, not a class with its own instance test, and not an awaitable. A
    class whose metaclass has an equality of its own may say that it is any other class.
    """
    return (
        not runs_instance_test(cls)
        and compares_by_identity(type(cls))
        and not may_be_awaited(cls)
        and not issubclass(cls, _NATIVE)
        and not any(issubclass(native, cls) for native in _NATIVE)
    )


def is_plain_object(kind: type) -> bool:
    """Tell whether instances of a class are ordinary objects.

    They need no sandbox check, are not native values of Polar, and do not override their class.
    """
    special = (type, terms.Variable, terms.Predicate, terms.Expression, terms.Pattern)
    return (
        is_plain(kind)
        and sandbox.passes_sandbox(kind)
        and not issubclass(kind, (*special, terms.TypeConstraint))
    )


def compares_by_identity(cls: type) -> bool:
    """Tell whether instances of a class compare by identity.

    ``None`` has an ``__eq__`` of its own since Python 3.12, which does the same.
    """
    own: t.Any = cls.__eq__
    other: t.Any = cls.__ne__
    return (own is object.__eq__ and other is object.__ne__) or cls is type(None)


def is_class_value(value: t.Any) -> bool:
    """Tell whether a value is a class that is looked up without running code."""
    return isinstance(value, type) and is_class_kind(type(value))


def is_class_kind(kind: type) -> bool:
    """Tell whether instances of a class are classes that compare, and hash, by identity."""
    return (
        issubclass(kind, type)
        and compares_by_identity(kind)
        and kind.__hash__ is object.__hash__
        and not any({"__class__", "__getattribute__"} & vars(each).keys() for each in _own(kind))
    )


def _own(kind: type) -> Iterator[type]:
    return (each for each in kind.__mro__ if each not in (type, object))


def equals_itself(value: t.Any) -> bool:
    """Tell whether a constant equals itself, and comparing it with itself runs no code of a class.

    The solver has one term for it, which it does not compare with itself.
    """
    kind = type(value)
    if kind in _CONTAINERS or compares_by_identity(kind):
        return True
    if kind in MOMENTS:
        return is_comparable_moment(value, value)
    if issubclass(kind, decimal.Decimal) and inherits_comparisons(kind):
        # A signalling NaN raises.
        return not decimal.Decimal.is_nan(value)
    return (kind in EQUATED or inherits_comparisons(kind)) and bool(value == value)
