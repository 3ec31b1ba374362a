"""Iterators that can be read only once.

An object that is its own iterator yields its elements once. A second query that reads it would
find it empty, and ``forall`` would hold. So each iterator that is read is registered as long as
it is alive, wherever it comes from: an attribute, a method, a list, a constant, an argument.
"""

from __future__ import annotations

import sys
import types
import typing as t
import weakref
from collections.abc import Iterator

#: The iterators of containers that run no code when they are read.
_CONTAINERS: tuple[t.Any, ...] = ([], (), set(), "", {}, {}.values(), {}.items(), range(0))
SILENT: frozenset[type] = frozenset(type(iter(each)) for each in _CONTAINERS)
#: What such an iterator goes through, as far as it says: a class that derives from one of these
#: may give others when it is gone through, or cut.
_SEQUENCES: frozenset[type] = frozenset({list, tuple, str, range})
#: How many iterators without weak references are registered at a time; the oldest are dropped.
_MOST = 1_000
#: What the error for an iterator says that was read before.
USED_UP = "can be read only once, and was."


def _reference_count(entry: tuple[t.Any]) -> int:
    return sys.getrefcount(entry[0])


#: The reference count of an object that only its entry refers to.
_COUNT_OF_ENTRY = _reference_count((object(),))


class ReadIterators:
    """The iterators that were read and are still referred to elsewhere.

    It needs no lock: each change is one atomic operation of a dictionary.
    """

    def __init__(self) -> None:
        self._weak: dict[int, weakref.ref[t.Any]] = {}
        # Built-in iterators, such as 'map', have no weak references. They are kept alive until
        # there is no other reference, so that no other object gets their ids.
        self._kept: dict[int, tuple[t.Any]] = {}

    def begin(self, iterator: Iterator[t.Any]) -> bool:
        """Register that an iterator is read; return whether that is the first time."""
        return not _has_begun(iterator) and self._note(iterator)

    def keeps(self, iterator: Iterator[t.Any]) -> bool:
        """Tell whether an iterator that is read has to be dropped at the end of the query."""
        return not type(iterator).__weakrefoffset__

    def forget_unshared(self) -> None:
        """Drop the iterators that nothing else refers to."""
        for key, entry in [*self._kept.items()]:
            if _reference_count(entry) == _COUNT_OF_ENTRY:
                self._kept.pop(key, None)

    def _note(self, iterator: Iterator[t.Any]) -> bool:
        key = id(iterator)
        if self.keeps(iterator):
            return self._keep(key, iterator)
        known = weakref.ref(iterator, lambda _: self._weak.pop(key, None) and None)
        return self._weak.setdefault(key, known) is known

    def _keep(self, key: int, iterator: Iterator[t.Any]) -> bool:
        entry = (iterator,)
        is_first = self._kept.setdefault(key, entry) is entry
        while len(self._kept) > _MOST:
            self._kept.pop(next(iter(self._kept)), None)
        return is_first


def what_is_read(collection: t.Iterable[t.Any], iterator: Iterator[t.Any]) -> Iterator[t.Any]:
    """Return what is used up when an iterator of a collection is read.

    A result of SQLAlchemy gives a new iterator each time, over one cursor. A proxy has the methods
    of an iterator, whatever it stands for: the class that it claims tells whether that is one, and
    an iterator of its own is what all proxies of it read.
    """
    if not isinstance(collection, Iterator):
        return iterator
    claimed = collection.__class__
    if claimed is type(collection):
        return collection
    return (
        collection if issubclass(claimed, Iterator) and type(iterator) is not claimed else iterator
    )


def _has_begun(iterator: Iterator[t.Any]) -> bool:
    # Not by `inspect`, which takes as long as reading ten elements.
    return type(iterator) is types.GeneratorType and (
        iterator.gi_suspended or iterator.gi_running or iterator.gi_frame is None
    )


class Ahead(tuple[t.Any, ...]):
    """What an iterator is going to yield: it has elements, and no attributes."""

    def __getattribute__(self, name: str) -> t.NoReturn:
        raise AttributeError(name)


def elements_ahead(iterator: t.Any, variables: int = 1, *, is_searched: bool = False) -> t.Any:
    """Return as ``Ahead`` what an iterator of ``SILENT`` is going to yield, without reading it.

    Only for one that nobody else refers to: it cannot be read again, and need not be registered.
    Any other iterator is returned itself.

    :param variables: how many variables of the callers refer to it.
    :param is_searched: whether it is searched, and nothing else: what it goes through may be given
        itself then, if it is a list or a tuple.
    """
    if sys.getrefcount(iterator) != _COUNT_OF_ARGUMENT + variables * _COUNT_OF_VARIABLE:
        return iterator
    # Taking this apart with a star would make a list.
    reduced = iterator.__reduce__()
    (rest,) = reduced[1]
    kind = type(rest)
    if kind not in _SEQUENCES:
        return iterator
    if place := reduced[2] if len(reduced) > 2 else 0:
        rest = rest[place:]
    return rest if is_searched and (kind is list or kind is tuple) else Ahead(rest)


def begins_alone(iterator: Iterator[t.Any], variables: int = 1) -> bool:
    """Tell whether an iterator has not begun, if it is a generator, and nobody else refers to it.

    Then it need not be registered.

    :param variables: how many variables of the callers refer to it.
    """
    is_alone = sys.getrefcount(iterator) == _COUNT_OF_ARGUMENT + variables * _COUNT_OF_VARIABLE
    return is_alone and not _has_begun(iterator)


def _count_of_two_variables() -> int:
    iterator = iter(())
    return _count_of_variable(iterator)


def _count_of_variable(iterator: t.Any) -> int:
    return _count_of_argument(iterator)


def _count_of_argument(iterator: t.Any) -> int:
    return sys.getrefcount(iterator)


#: What a variable of a caller adds to the reference count of an argument: nothing since Python
#: 3.14, where functions borrow the references of their callers.
_COUNT_OF_VARIABLE = _count_of_two_variables() - _count_of_variable(iter(()))
#: The reference count of an argument, besides the variables of callers that refer to it.
_COUNT_OF_ARGUMENT = _count_of_variable(iter(())) - _COUNT_OF_VARIABLE


#: INVARIANT: one for the process. An iterator that any query, thread or ``Oso`` has read is empty
#: for all others.
READ = ReadIterators()


class IteratorUse:
    """Held by a query that reads an iterator: at the end of the query, drops what it can."""

    def __del__(self) -> None:
        READ.forget_unshared()
