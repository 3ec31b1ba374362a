"""Denial handlers: what the program answers to denials, in place of the usual answer.

In goes a denial; out comes the program's answer, or ``None`` for the usual one. The handler of the
innermost blueprint of the request comes first, then that of the app.
"""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Callable

from flask import Blueprint, Flask, has_request_context
from werkzeug.exceptions import HTTPException

from ..callables.sync_callable import SyncCallable
from ..polar.exceptions import OsoError
from ..request_state import this_request

_Handler = t.TypeVar("_Handler", bound=Callable[..., t.Any])


class DenialHandlers:
    """The denial handlers of one FlaskOso."""

    def __init__(self) -> None:
        self._of_app: SyncCallable | None = None
        self._of_blueprints: dict[Blueprint, SyncCallable] = {}

    def register(self, handler: _Handler, blueprint: Blueprint | None = None) -> _Handler:
        """Answer denials with a function; the last one counts.

        :raises OsoError: it cannot be called with the error, nor without arguments.
        """
        _check_handler(handler)
        if blueprint is None:
            self._of_app = SyncCallable(handler)
        else:
            self._of_blueprints[blueprint] = SyncCallable(handler)
        return handler

    def decorator(self, given: t.Any) -> t.Any:
        """Give ``@denial_handler`` what it decorates with, or register what it decorates."""
        if given is None:
            return self.register
        if isinstance(given, Blueprint):
            return lambda handler: self.register(handler, given)
        if isinstance(given, Flask) or not callable(given):
            raise OsoError(
                f"'denial_handler' was given {type(given).__name__!r}. It decorates a function:"
                " '@oso.denial_handler' for the app, '@oso.denial_handler(blueprint)' for a"
                " blueprint."
            )
        return self.register(given)

    def answer(self, app: Flask, usual: Callable[[], HTTPException]) -> t.Any:
        """Give the program's answer; ``None`` is the usual one.

        :param usual: makes the usual answer, for a handler that takes it.
        """
        handler = self._handler(app)
        if handler is None:
            return None
        call = handler.of(app)
        return call(usual()) if _takes_error(handler.function) else call()

    def _handler(self, app: Flask) -> SyncCallable | None:
        if self._of_blueprints and has_request_context():
            for name in this_request().blueprints:
                blueprint = t.cast("Blueprint", app.blueprints.get(name))
                if blueprint in self._of_blueprints:
                    return self._of_blueprints[blueprint]
        return self._of_app


def _check_handler(handler: t.Any) -> None:
    if not callable(handler) or isinstance(handler, Blueprint):
        raise OsoError(
            f"A denial handler is a function, not {type(handler).__name__!r}. It takes the error,"
            " or nothing, and gives the response."
        )
    parameters = _parameters(handler)
    if len([each for each in parameters if each.default is each.empty]) > 1:
        raise OsoError(
            f"The denial handler {getattr(handler, '__name__', handler)!r} takes"
            f" {', '.join(repr(each.name) for each in parameters)}. It is given the error, or"
            " nothing."
        )


def _takes_error(handler: t.Any) -> bool:
    return any(each.default is each.empty for each in _parameters(handler))


def _parameters(handler: t.Any) -> list[inspect.Parameter]:
    """Give the arguments that are not variable: as many as can be told."""
    try:
        found = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):  # It is not written in Python.
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each for each in found if each.kind not in variable]
