"""The operations that specializations call: they run no code of an application, or give up.

In go values of any class; out comes an answer, or ``NotSilent``, for which a specialization
returns ``None``.
"""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Callable, Collection

from ...host.conversion import is_data
from ...host.numbers import equal_scalars
from ...host.value_classes import (
    EQUATED,
    MOMENTS,
    NUMBERS,
    is_comparable_moment,
    is_told_from_nil,
)
from .equality import SideEffectFreeEquality

_SCALARS = frozenset({bool, int, float, str})
#: Classes whose values have a hash and an equality that run no code.
_ELEMENTS = EQUATED | {bool}
_SETS = (set, frozenset)


class NotSilent(Exception):
    """An operation might run code of the application, or is an error."""


#: What a specialization gives up for: a missing attribute, a signalling NaN, and the above.
GIVES_UP = (AttributeError, ArithmeticError, NotSilent)


class ClassMemo:
    """Remembers what a test tells of classes, without keeping them alive."""

    def __init__(self, test: Callable[[type], bool]) -> None:
        self._test = test
        self._known: dict[int, tuple[weakref.ref[type], bool]] = {}

    def __call__(self, cls: type) -> bool:
        """Tell what the test tells."""
        key = id(cls)
        known = self._known.get(key)
        if known is not None and known[0]() is cls:
            return known[1]
        answer = self._test(cls)
        self._known[key] = weakref.ref(cls, lambda ended: self._forget(key, ended)), answer
        return answer

    def _forget(self, key: int, ended: weakref.ref[type]) -> None:
        # Another class may have the id of one that was collected.
        known = self._known.get(key)
        if known is not None and known[0] is ended:
            self._known.pop(key, None)


class SilentOperations:
    """The operations of one program.

    :param simple: classes whose values Python compares without running code of a class.
    :param objects: classes whose values are objects of the host that need no sandbox check.
    :param equality: compares dataclasses and rows.
    """

    def __init__(
        self, simple: set[type], objects: Collection[type], equality: SideEffectFreeEquality
    ) -> None:
        self._simple = simple
        self._objects = objects
        self._equality = equality
        self._is_told = ClassMemo(is_told_from_nil)

    def named(self) -> dict[str, t.Any]:
        """Return the operations by the names that specializations have for them."""
        return {
            "alike": self.alike,
            "comparable": self.comparable,
            "has_order": self.has_order,
            "entry": self.entry,
            "is_told": self._is_told,
            "gives_up": GIVES_UP,
        }

    def alike(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether two values unify."""
        kinds = type(left), type(right)
        if _SCALARS.issuperset(kinds):
            return equal_scalars(left, right)
        if kinds[0] is kinds[1] is list:
            return self._are_alike(left, right)
        if self.comparable(left, right) or self._is_flat(left, right):
            return bool(left == right)
        answer = self._equality(left, right)
        if answer is None:
            raise NotSilent
        return answer

    def _are_alike(self, left: list[t.Any], right: list[t.Any]) -> bool:
        if not is_data(left, self._objects) or not is_data(right, self._objects):
            raise NotSilent
        # Each pair is looked at: none may ask an object.
        pairs = [self._pair(*pair) for pair in zip(left, right, strict=False)]
        return len(left) == len(right) and all(pairs)

    def _pair(self, left: t.Any, right: t.Any) -> bool:
        if _SCALARS.issuperset((type(left), type(right))):
            return equal_scalars(left, right)
        if not self.comparable(left, right):
            raise NotSilent
        return bool(left == right)

    def _is_flat(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether two tuples, or two sets, have only elements that compare without calls."""
        kinds = type(left), type(right)
        if kinds[0] in _SETS and kinds[1] in _SETS:
            return _ELEMENTS.issuperset(map(type, [*left, *right]))
        if any(kind.__eq__ is not tuple.__eq__ for kind in kinds):
            return False
        is_known = all(kind is tuple or kind in self._objects for kind in kinds)
        return is_known and _ELEMENTS.issuperset(map(type, [*left, *right]))

    def comparable(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether ``==`` and ``!=`` of Polar are those of Python, and run no code."""
        mine, other = type(left), type(right)
        if mine in _SCALARS and other in _SCALARS:
            return (mine is str) is (other is str)
        if left is None or right is None:
            return self._is_told(mine) and self._is_told(other)
        if mine in MOMENTS and other in MOMENTS:
            return is_comparable_moment(left, right)
        return all(
            kind in self._simple or kind in MOMENTS or kind is bool for kind in (mine, other)
        )

    def has_order(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether Python orders two values as Polar does, and runs no code."""
        mine, other = type(left), type(right)
        if mine in MOMENTS and mine is other:
            is_one_kind = (left.tzinfo is None) is (right.tzinfo is None)
            return is_one_kind and is_comparable_moment(left, right)
        return all(map(self._is_number, (mine, other))) or all(map(self._is_text, (mine, other)))

    def _is_number(self, kind: type) -> bool:
        return kind in NUMBERS or (kind in self._simple and issubclass(kind, (int, float)))

    def _is_text(self, kind: type) -> bool:
        return kind is str or (kind in self._simple and issubclass(kind, str))

    def entry(self, value: t.Any, name: str) -> t.Any:
        """Return an entry of a dictionary. A missing one is no match, which is left to the rules."""
        if name not in value or not is_data(value, self._objects):
            raise NotSilent
        return value[name]
