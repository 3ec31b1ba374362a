"""The limits of a load and of a question, with their defaults and environment variables.

Reaching a limit is an error that names it, never an answer. The defaults allow a policy of
thousands of rules and a chain of a thousand parents, and occupy a worker for five seconds at
most.
"""

from __future__ import annotations

import contextlib
import os
import time
import typing as t
from collections.abc import Callable, Iterator

from .environment import STORED_ENVIRONMENT, stored_name
from .exceptions import ParserError
from .sources import Source
from .value_objects import ValueObject

#: How many seconds the thread has worked. Not every platform tells it, as Python in a browser does
#: not; there the whole process counts.
thread_time: Callable[[], float] = getattr(time, "thread_time", time.process_time)


class Limits(ValueObject):
    """The limits of one ``Oso``, or of one question.

    A limit that is not given is read from the environment when the object is made; the default
    applies if the variable is not set. ``Oso`` without ``limits`` reads the environment anew for
    each load and each question.

    :param timeout_ms: milliseconds that the engine may work on one question, without the time
        that the consumer of a lazy query takes; 0 for no limit. oso's default is 30,000.
    :param goals: how deep goals may be nested: a recursive rule takes three or four goals for
        each level. The default is oso's.
    :param choices: how many choice points may be open at a time.
    :param comparisons: how many lists, dictionaries and objects one unification may enter; the
        unification of two terms that contain themselves would never end.
    :param nesting: how many brackets of a text may be open at a time. A chain of operators
        does not count.
    :param policy_bytes: the greatest size of a text in bytes of UTF-8, for each file of a load
        and each query on its own.
    :raises ValueError: a limit is no whole number, or negative.
    :raises TypeError: there is no limit of this name.
    """

    #: The variable of the environment and the default of each limit.
    KNOWN: t.ClassVar[dict[str, tuple[str, int]]] = {
        "timeout_ms": ("POLAR_TIMEOUT_MS", 5_000),
        "goals": ("POLAR_MAX_GOALS", 10_000),
        "choices": ("POLAR_MAX_CHOICES", 10_000),
        "comparisons": ("POLAR_MAX_COMPARISONS", 1_000_000),
        "nesting": ("POLAR_MAX_NESTING", 10_000),
        "policy_bytes": ("POLAR_MAX_POLICY_BYTES", 16 * 1024 * 1024),
    }
    # No literals, so that each name stands once.
    __match_args__ = tuple(KNOWN)  # type: ignore[literal-required]

    timeout_ms: int
    goals: int
    choices: int
    comparisons: int
    nesting: int
    policy_bytes: int

    def __init__(self, **given: int) -> None:
        for name, (variable, default) in self.KNOWN.items():
            value = given.pop(name) if name in given else _read(variable, default)
            if type(value) is not int or value < 0:
                raise ValueError(f"A limit is a whole number from 0 on: '{name}' is not.")
            vars(self)[name] = value
        for unknown in given:
            raise TypeError(
                f"There is no limit {unknown!r}. The limits are {', '.join(self.KNOWN)}."
            )

    def __setattr__(self, name: str, value: object) -> t.NoReturn:
        raise AttributeError("The limits of an 'Oso' do not change. Make other 'Limits'.")

    def __delattr__(self, name: str) -> t.NoReturn:
        raise AttributeError("The limits of an 'Oso' do not change. Make other 'Limits'.")

    def replaced(self, **changes: int) -> Limits:
        """Give the same limits but for some."""
        return Limits(**{**vars(self), **changes})

    @property
    def timeout(self) -> float | None:
        """The limit of a question in seconds; ``None`` for no limit."""
        return self.timeout_ms / 1000 if self.timeout_ms else None


def _read(variable: str, default: int) -> int:
    """Read a limit from the environment.

    A variable that is no unsigned integer is ignored, as upstream.
    """
    text = os.environ.get(variable, "")
    return int(text) if text.isascii() and text.isdigit() else default


def check_length(source: Source, limits: Limits) -> None:
    """Refuse a text that is longer than the limit.

    :raises ParserError: with the limit and the name of the file.
    """
    size = len(source.text.encode(errors="surrogatepass"))
    if size > limits.policy_bytes:
        name = "" if source.name is None else f" {source.name}"
        raise ParserError(
            f"The text{name} has {size} bytes, more than MAX_POLICY_BYTES ="
            f" {limits.policy_bytes} allows. Raise the limit or split the text."
        )


_STORED = [stored_name(variable) for variable, _ in Limits.KNOWN.values()]


class CurrentLimits:
    """Caches the limits of the environment until one of its variables changes."""

    def __init__(self) -> None:
        self._known: tuple[t.Any, Limits] | None = None

    def read(self) -> Limits:
        """Give the limits that the environment sets now."""
        stored = [*map(STORED_ENVIRONMENT.get, _STORED)]
        known = self._known
        if known is None or known[0] != stored:
            known = self._known = stored, Limits()
        return known[1]


class WorkClock:
    """How many seconds a search has taken: those that its thread worked, and waited for objects.

    What else the machine does counts only while objects are asked: waiting for a processor is not
    told apart from waiting for another machine.
    """

    def __init__(self) -> None:
        self._began, self._worked = time.monotonic(), thread_time()
        self._waited = 0.0
        self._is_waiting = False

    def used(self) -> float:
        """Return the seconds so far. Where the whole process counts, others have worked as well."""
        wall = time.monotonic() - self._began
        return min(wall, thread_time() - self._worked + self._waited)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Count all time that objects take, as where a method asks another machine."""
        if self._is_waiting:
            yield
            return
        self._is_waiting, begun, worked = True, time.monotonic(), thread_time()
        try:
            yield
        finally:
            self._is_waiting = False
            idle = time.monotonic() - begun - (thread_time() - worked)
            self._waited += max(0.0, idle)
