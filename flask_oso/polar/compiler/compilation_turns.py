"""Who compiles when: one thread at a time; no question waits for it, or takes too long by it.

In go makers of functions; out comes what they make, or that it is not possible now: another thread
compiles, little of Python's stack is left, or half of the time of a question is over.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
import typing as t
from collections.abc import Callable, Iterator

from ..limits import thread_time
from ..policy.garbage import without_collector
from .runtime import is_deep

#: The share of the time of a question that may be spent on compiling.
_SHARE = 0.5
#: How often compiling a function may run out of time before it is given up.
_ATTEMPTS = 3
#: What an attempt gives where nothing can be compiled now.
NOT_NOW: t.Final = object()


class OutOfTime(Exception):
    """Compiling a function takes too long for the question that needs it."""


class CompilationTurns:
    """The turns of the threads that compile functions for one program.

    :param timeout: returns the seconds that a question may take; ``None`` without a limit.
    """

    def __init__(self, timeout: Callable[[], float | None]) -> None:
        self._timeout = timeout
        # Held while functions are compiled; a question never waits for it.
        self._locks: dict[int, t.Any] = {}
        #: When the current compilation has to be finished, by the time that its thread works: a
        #: machine that does other things at the same time makes no function one that takes long.
        #: With the thread: others have worked for another time, and have no deadline. And with when
        #: the clock shows that it may be over: that takes less to read.
        self._deadline: tuple[int, float, float] | None = None
        #: How often something ran out of time.
        self._late: dict[t.Any, int] = {}

    @contextlib.contextmanager
    def take(self, deadline: float | None = None, *, waits: bool = False) -> Iterator[bool]:
        """Take the lock for compiling; yield whether it was free.

        :param deadline: when the compilation has to be finished, if the thread works all the time.
        :param waits: whether to wait for another thread that compiles.
        """
        # After a fork, a lock that another thread held would stay locked in the child.
        lock = self._locks.setdefault(os.getpid(), threading.RLock())
        # With little stack left, nothing is begun: even releasing the lock might fail.
        if is_deep() or not lock.acquire(blocking=waits):
            yield False
            return
        # Compiling may run code of a metaclass, which may ask a question.
        before, self._deadline = self._deadline, None
        if deadline is not None:
            until = thread_time() + deadline - time.monotonic()
            self._deadline = threading.get_ident(), until, deadline
        try:
            with without_collector():
                yield True
        finally:
            self._deadline = before
            lock.release()

    def check_time(self) -> None:
        """End a compilation whose time is up.

        A question that looks at the rules while another thread compiles goes on.

        :raises OutOfTime: for ``attempt``.
        """
        # Read once: another thread may end its compilation meanwhile.
        deadline = self._deadline
        if deadline is None or time.monotonic() <= deadline[2]:
            return
        if deadline[0] == threading.get_ident() and thread_time() > deadline[1]:
            raise OutOfTime

    def deadline_from(self, began: float) -> float | None:
        """Return until when a question that began then may compile functions."""
        timeout = self._timeout()
        return None if timeout is None else began + timeout * _SHARE

    def attempt(
        self,
        what: t.Any,
        make: Callable[[], t.Any],
        *,
        began: float | None = None,
        waits: bool = False,
        given_up: Callable[[], t.Any] = lambda: None,
    ) -> t.Any:
        """Return what is compiled, or ``NOT_NOW``.

        :param what: identifies it.
        :param began: when the question began that needs it; now by default.
        :param waits: whether to wait for another thread, and as long as it takes.
        :param given_up: gives what takes its place once it ran out of time too often.
        """
        now = time.monotonic() if began is None else began
        with self.take(None if waits else self.deadline_from(now), waits=waits) as is_free:
            if not is_free:
                return NOT_NOW
            try:
                return make()
            except OutOfTime:
                self._late[what] = self._late.get(what, 0) + 1
                return given_up() if self._late[what] >= _ATTEMPTS else NOT_NOW
            except RecursionError:
                # Too little stack is left to compile; the solver needs less.
                return NOT_NOW

    def made_once(
        self,
        table: dict[t.Any, t.Any],
        key: tuple[t.Any, ...],
        make: Callable[..., t.Any],
        *,
        waits: bool,
    ) -> t.Any:
        """Return what a table has for a key; ``None`` if it is not there and cannot be made now."""
        if key not in table:
            made = self.attempt(key, functools.partial(make, *key), waits=waits)
            if made is NOT_NOW:
                return None
            table[key] = made
        return table[key]
