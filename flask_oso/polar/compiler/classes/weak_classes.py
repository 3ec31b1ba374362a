"""Sets, tables and memos of classes that keep no temporary class alive.

A class that a function made goes with its last object, unless something holds it. In a set or a
dictionary, ``WeakClass`` stands for such a class: it is found by the class itself, and leaves when
that goes.
"""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Callable, MutableMapping


class WeakClass(weakref.ref[type]):
    """Equals a class, and does not hold it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        # What is looked for is a class; itself it meets where it leaves.
        return self() is other or self is other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = weakref.ref.__hash__


def add_class(classes: set[t.Any], cls: type, *, keeps: bool) -> None:
    """Add a class to a set.

    :param keeps: whether the set may hold it.
    """
    if cls not in classes:
        classes.add(cls if keeps else WeakClass(cls, classes.discard))


def set_for_class(
    table: MutableMapping[t.Any, t.Any],
    cls: type,
    value: t.Any,
    *,
    keeps: bool,
) -> None:
    """Set the value for a class in a table.

    :param keeps: whether the table may hold the class.
    """
    if keeps or cls in table:
        table[cls] = value
    else:
        table[WeakClass(cls, lambda ended: table.pop(ended, None))] = value


def set_for_pair(
    table: MutableMapping[t.Any, t.Any],
    pair: tuple[type, type],
    value: t.Any,
    *,
    keeps: Callable[[type], bool],
) -> None:
    """Set the value for two classes in a table, until one of them goes that it may not hold."""
    ended: list[t.Any] = []

    def forget(_: weakref.ref[type]) -> None:
        table.pop(ended[0], None)

    ended.append(tuple([cls if keeps(cls) else WeakClass(cls, forget) for cls in pair]))
    table[ended[0]] = value


class ClassMemo:
    """Remembers what a test tells of classes, without keeping them alive."""

    def __init__(self, test: Callable[[type], bool]) -> None:
        self._test = test
        # The reference, and the answer.
        self._known: dict[int, tuple[_Remembered, bool]] = {}

    def __call__(self, cls: type) -> bool:
        """Tell what the test tells."""
        key = id(cls)
        known = self._known.get(key)
        if known is not None and known[0]() is cls:
            return known[1]
        answer = self._test(cls)
        made = _Remembered(cls, self._forget)
        made.key = key
        self._known[key] = made, answer
        return answer

    def _forget(self, ended: weakref.ref[type]) -> None:
        # Another class may have the id of one that was collected.
        key = t.cast(_Remembered, ended).key
        known = self._known.get(key)
        if known is not None and known[0] is ended:
            self._known.pop(key, None)


class _Remembered(weakref.ref[type]):
    """A reference to a class that a memo knows by a key."""

    # In place of a function for each class, which would take three times the memory.
    __slots__ = ("key",)

    key: int
