"""Blocks of code that read all rows: for a policy, for a guard, or for a reason that is given.

In goes such a block; out comes the reason, for whoever filters statements meanwhile.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import sys
import types
import typing as t
from collections.abc import Callable, Iterator

from .reads import Access


class Waiver:
    """Why all rows are read now.

    :param is_own: it reads for the policy or for a guard. What it loads of relations is not left
        in the objects of the program.
    """

    def __init__(
        self,
        access: Access,
        reason: str,
        is_own: bool = False,
        is_here: Callable[[], bool] | None = None,
    ) -> None:
        self.access = access
        self.reason = reason
        self.is_own = is_own
        #: Tells whether it is for what runs now, and not for another request; ``None`` is always.
        self.is_here = is_here
        #: What a policy is asked about.
        self.asked: tuple[t.Any, ...] = ()
        #: What is called at the end, once for each session that was used.
        self.endings: list[Callable[[], None]] = []
        #: The block has ended. A copy of the context, as threads and tasks have, may outlive it.
        self.is_over = False
        #: The generator within which it began.
        self.generator: types.FrameType | None = None

    def holds(self) -> bool:
        """Tell whether all rows are read now.

        What a generator does is not what its caller does while it waits.
        """
        if self.is_over or (self.is_here is not None and not self.is_here()):
            return False
        return self.generator is None or self.generator.f_back is not None


#: Called at the beginning of a block that reads for a policy or a guard.
Beginning = Callable[[Waiver], None]

_current: contextvars.ContextVar[Waiver | None] = contextvars.ContextVar(
    "flask_oso_waiver", default=None
)
_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def current_waiver() -> Waiver | None:
    """Give why all rows are read now; ``None`` where they are not."""
    waiver = _current.get()
    return waiver if waiver is None or waiver.holds() else None


class Waiving:
    """Read all rows within a ``with`` block.

    :param beginning: called when it begins, unless it is part of a longer one.
    """

    __slots__ = ("_beginning", "_tokens", "_waiver")

    def __init__(self, waiver: Waiver, beginning: Beginning | None = None) -> None:
        self._waiver, self._beginning = waiver, beginning
        #: One for each block that has begun; ``None`` is part of a longer one.
        self._tokens: list[contextvars.Token[Waiver | None] | None] = []

    def __enter__(self) -> None:
        """Begin; within a longer block of this library that is part of it."""
        outer = current_waiver()
        if self._waiver.is_own and outer is not None and outer.is_own:
            # At the end of the longer one is put aside what both have loaded.
            self._tokens.append(None)
            return
        if not self._waiver.is_own and not self._tokens:
            self._waiver.generator = _generator_of(sys._getframe(1))
        self._waiver.is_over = False
        self._tokens.append(_current.set(self._waiver))
        if self._beginning is not None:
            try:
                self._beginning(self._waiver)
            except BaseException:
                self.__exit__()
                raise

    def __exit__(self, *_: object) -> None:
        """End, and put aside what was loaded."""
        token = self._tokens.pop()
        if token is None:
            return
        if not self._tokens:
            self._waiver.is_over, self._waiver.generator = True, None
        _current.reset(token)
        for ending in reversed(self._waiver.endings):
            ending()


def _generator_of(frame: types.FrameType) -> types.FrameType | None:
    """Give the frame of a block if it is one of a generator, and not of a ``with`` itself."""
    caller = frame.f_back
    is_context = caller is not None and caller.f_globals.get("__name__") == "contextlib"
    return frame if frame.f_code.co_flags & _GENERATORS and not is_context else None


# -- policies --------------------------------------------------------------------------------

_WATCHED = "_reads_for_policy"
#: The beginnings of names of methods that read no row, but load, register and set.
_SILENT = ("_", "load_", "register_", "set_", "clear_", "watch_", "prepare")


def watch_evaluations(oso: t.Any, beginning: Beginning) -> None:
    """Have an Oso read all rows while it evaluates its policy, and so its copies.

    It becomes one of a class of its own: an Oso without sessions to protect costs nothing more.
    """
    known: tuple[Beginning, ...] = vars(oso).get(_WATCHED, ())
    if beginning in known:
        return
    vars(oso)[_WATCHED] = (*known, beginning)
    if known:
        return
    cls = type(oso)
    methods = inspect.getmembers(cls, inspect.isfunction)
    reading = {name: _reading(each) for name, each in methods if not name.startswith(_SILENT)}
    oso.__class__ = type(cls.__name__, (cls,), reading | {"__module__": cls.__module__})


def _own_waiver(asked: tuple[t.Any, ...]) -> Waiver:
    waiver = Waiver(Access.WAIVED, "the policy reads it", is_own=True)
    waiver.asked = asked
    return waiver


def _reading(method: Callable[..., t.Any]) -> Callable[..., t.Any]:
    @functools.wraps(method)
    def read(oso: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
        def beginning(waiver: Waiver) -> None:
            for each in vars(oso)[_WATCHED]:
                each(waiver)

        asked = (*args, *keywords.values())
        with Waiving(_own_waiver(asked), beginning):
            result = method(oso, *args, **keywords)
        if isinstance(result, types.GeneratorType):
            return _searched(result, beginning, asked)
        return result

    return read


def _searched(
    generator: Iterator[t.Any], beginning: Beginning, asked: tuple[t.Any, ...]
) -> Iterator[t.Any]:
    """Give what a query finds, each solution searched for as the first one."""
    missing = object()
    while True:
        with Waiving(_own_waiver(asked), beginning):
            found = next(generator, missing)
        if found is missing:
            return
        yield found
