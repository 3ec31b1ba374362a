"""A request that a view sends to its own application, kept from acting for the view.

In goes the call that answers it; out comes what it answers, a stream part by part.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Iterable, Iterator

from flask import g
from flask.globals import app_ctx

from ..request_state import context_finder

_find_g: Callable[[], t.Any] = g._get_current_object
_app_context = context_finder("_cv_app", app_ctx)
#: Where programs and libraries put an actor on ``g``.
_NAMES_OF_ACTORS = ("user", "current_user", "_login_user", "flask_httpauth_user")


class InnerRequest:
    """A request that is made within another one of the same app, kept from acting for it.

    Flask gives both the same ``g``, where any value may be what a function of the program finds
    the actor by. So each has values of its own, but for what has to be closed: the functions that
    do that are called once for both.
    """

    def __init__(self) -> None:
        self._shared = _values_of(_find_g())
        #: What it has on 'g' itself, while the outer one goes on.
        self._own: dict[str, t.Any] = {}

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Let it go on, and the outer one wait; the other way round once more behind that."""
        values, before = self._shared, {**self._shared}
        _leave_resources(values)
        values.update(self._own)
        try:
            yield
        finally:
            self._own = {n: each for n, each in values.items() if not _is_resource(n, each)}
            _leave_resources(values)
            for name, value in before.items():
                # A connection that the inner one has closed, and taken away, is gone.
                if name in values or not _is_resource(name, value):
                    values[name] = value

    def answer(self, call: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
        """Give what it answers: a stream is made while the outer one reads it."""
        with self.entered():
            body = call()
        return _Body(self, body)

    def is_within(self) -> bool:
        """Tell whether the outer one is current still."""
        return bool(_app_context(None)) and _values_of(_find_g()) is self._shared


class _Body(Iterator[bytes]):
    """What an inner request answers."""

    def __init__(self, inner: InnerRequest, body: Iterable[bytes]) -> None:
        self._inner = inner
        self._body = body
        self._parts = iter(body)

    def __next__(self) -> bytes:
        with self._entered():
            return next(self._parts)

    def close(self) -> None:
        """Do what the server would do behind it."""
        close = getattr(self._body, "close", None)
        if close is not None:
            with self._entered():
                close()

    def _entered(self) -> contextlib.AbstractContextManager[None]:
        inner = self._inner
        return inner.entered() if inner.is_within() else contextlib.nullcontext()


def _values_of(found: t.Any) -> dict[str, t.Any]:
    values: dict[str, t.Any] = getattr(found, "__dict__", {})
    return values


def _leave_resources(values: dict[str, t.Any]) -> None:
    for name, value in [*values.items()]:
        if not _is_resource(name, value):
            del values[name]


def _is_resource(name: str, value: t.Any) -> bool:
    """Tell whether a value of ``g`` has to be closed, as a connection has.

    Those are context managers, too; an account that somebody may close is not.
    """
    cls = type(value)
    is_closed = hasattr(cls, "close") and hasattr(cls, "__exit__")
    is_closed = is_closed and not hasattr(cls, "_sa_class_manager")
    return is_closed and name not in _NAMES_OF_ACTORS
