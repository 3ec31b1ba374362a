"""Pauses Python's garbage collector while many objects and no cycles are made."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Iterator

#: The number of new objects from which moving them to the oldest generation pays.
_MANY = 10_000
#: Without the global interpreter lock, Python has no generations: nothing can be put aside.
_HAS_GENERATIONS = "free-threading" not in sys.version
#: Python freezes fewer objects when it starts; a program that freezes objects has more.
_FROZEN_BY_PYTHON = 2_000
#: All objects are searched for garbage once so many were put aside besides the largest load, and at
#: least a quarter as many as there are old ones, which is Python's own rule: a search looks at all.
_MOST_ASIDE = 200_000


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Switch the garbage collector off, which takes a third of the time of a load.

    A load makes trees of many objects that all stay alive, and hardly any garbage; so do imports.
    A collector that is off already, by another load for example, stays off.
    """
    if not gc.isenabled():
        yield
        return
    _pause.begin()
    try:
        yield
    finally:
        try:
            _put_aside()
        finally:
            # A signal may raise while all objects are searched.
            _pause.end()


class _Pause:
    """Which thread has switched the collector off, if one has."""

    def __init__(self) -> None:
        self._thread: int | None = None

    def begin(self) -> None:
        self._thread = threading.get_ident()
        gc.disable()

    def end(self) -> None:
        gc.enable()
        # Another thread may have begun by now.
        if self._thread == threading.get_ident():
            self._thread = None

    def end_in_child(self) -> None:
        """Switch the collector on in a forked process that lacks the thread which would do it."""
        if self._thread not in (None, threading.get_ident()):
            gc.enable()
            self._thread = None


_pause = _Pause()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pause.end_in_child)


def _put_aside() -> None:
    """Move the new objects to the oldest generation without a collection, where there is one.

    Full collections still examine them. ``unfreeze`` would also unfreeze objects that the program
    has frozen; then nothing is done.
    """
    new = gc.get_count()[0]
    if _HAS_GENERATIONS and new > _MANY and not _aside.is_left_alone():
        _aside.collect_if_many()
        _aside.add(new)
        gc.freeze()
        gc.unfreeze()


class _Aside:
    """How many objects were put aside since all were searched for garbage.

    Python searches the oldest generation after a number of searches of the younger ones, and
    ``freeze`` resets this number. A program that loads policies again and again, as tests do, would
    never get rid of the old policies. The largest load does not count: it may be the policy in
    force, which a process that has just loaded it would search for nothing.
    """

    def __init__(self) -> None:
        self._count, self._largest, self._most, self._searches = 0, 0, _MOST_ASIDE, _searches()
        self._has_frozen = False

    def add(self, new: int) -> None:
        """Count objects that are put aside together."""
        self._count += new
        self._largest = max(self._largest, new)

    def is_left_alone(self) -> bool:
        """Tell whether the program has frozen objects.

        That is found once: it means to count them all, which takes milliseconds, and who freezes
        objects hardly ever unfreezes them.
        """
        if not self._has_frozen:
            self._has_frozen = gc.get_freeze_count() >= _FROZEN_BY_PYTHON
        return self._has_frozen

    def collect_if_many(self) -> None:
        if self._searches != _searches():
            self._begin()
        others = self._count - self._largest
        if others <= self._most:
            return
        quarter = len(gc.get_objects(generation=2)) // 4
        if others < quarter:
            self._most = quarter
            return
        gc.collect()
        self._begin()

    def _begin(self) -> None:
        self._count, self._largest, self._most, self._searches = 0, 0, _MOST_ASIDE, _searches()


def _searches() -> int:
    """Return how often Python searched all objects for garbage."""
    return int(gc.get_stats()[2]["collections"])


#: There is one collector in a process.
_aside = _Aside()
