"""Classes with attributes that are read without side effects.

In go classes when a function first meets them; the set that comes out is what it tests afterwards.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .plain_classes import is_plain_object
from .weak_classes import ClassMemo, add_class


class NotSilent(Exception):
    """An operation might run code of the application, or is an error."""


class ReadableClasses:
    """Classes with some attributes that are read without side effects.

    :param keeps: tells whether a class may be remembered.
    :param is_silent: tells whether reading an attribute of instances of a class has no effect.
    """

    def __init__(
        self,
        keeps: Callable[[type], bool],
        is_silent: Callable[[type, str], bool],
    ) -> None:
        self._keeps = keeps
        self._is_silent = is_silent
        self.names: set[str] = set()
        self.kinds: set[type] = set()
        #: Tells whether a class is one of them.
        self.admits: t.Final = ClassMemo(self._test).__call__

    def _test(self, kind: type) -> bool:
        if not is_plain_object(kind) or not all(self._is_silent(kind, name) for name in self.names):
            return False
        add_class(self.kinds, kind, keeps=self._keeps(kind))
        return True

    def read(self, value: t.Any, name: str) -> t.Any:
        """Read one of the attributes, if that has no effect."""
        if not self.admits(type(value)):
            raise NotSilent
        return getattr(value, name)
