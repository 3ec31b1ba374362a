"""Iterators that were read: what one has left is not what it stands for.

An object that is its own iterator gives its elements once. A second question that reads it
would find it empty, and ``forall`` would hold. So each that is read is noted, for as long as
somebody has it, whoever gave it: an attribute, a method, a list, a constant, the program.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing as t
import weakref
from collections.abc import Iterator

#: Iterators without weak references that are noted at a time; the oldest are forgotten.
_MOST = 1_000


def _holders(entry: tuple[t.Any]) -> int:
    return sys.getrefcount(entry[0])


#: The count of what stands in an entry and nowhere else.
_ALONE = _holders((object(),))


class ReadIterators:
    """The iterators that were read and that somebody still has.

    It takes no lock, since it changes in single steps of a dictionary.
    """

    def __init__(self) -> None:
        self._weak: dict[int, weakref.ref[t.Any]] = {}
        # Those of built-in kinds, such as 'map', have no weak references. They are kept
        # alive, so that no other object gets their ids, until nobody else has them.
        self._kept: dict[int, tuple[t.Any]] = {}

    def begin(self, iterator: Iterator[t.Any]) -> bool:
        """Note that an iterator is read; tell whether that is the first time."""
        return not _has_begun(iterator) and self._note(iterator)

    def forget_unshared(self) -> None:
        """Forget the iterators that nobody else has any more."""
        for key, entry in [*self._kept.items()]:
            if _holders(entry) == _ALONE:
                self._kept.pop(key, None)

    def _note(self, iterator: Iterator[t.Any]) -> bool:
        key = id(iterator)
        try:
            known = weakref.ref(iterator, lambda _: self._weak.pop(key, None) and None)
        except TypeError:
            return self._keep(key, iterator)
        return self._weak.setdefault(key, known) is known

    def _keep(self, key: int, iterator: Iterator[t.Any]) -> bool:
        entry = (iterator,)
        is_first = self._kept.setdefault(key, entry) is entry
        while len(self._kept) > _MOST:
            self._kept.pop(next(iter(self._kept)), None)
        return is_first


def _has_begun(iterator: Iterator[t.Any]) -> bool:
    return type(iterator) is types.GeneratorType and (
        inspect.getgeneratorstate(iterator) != inspect.GEN_CREATED
    )


#: INVARIANT: one for the process. Whichever question, thread or ``Oso`` read an iterator, it
#: has nothing to give to another.
READ = ReadIterators()


class IteratorUse:
    """What a question has as soon as it reads an iterator: nothing of it outlives the question."""

    def __del__(self) -> None:
        READ.forget_unshared()
