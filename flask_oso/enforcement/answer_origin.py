"""Where the answer to a request comes from: its view, a function before it, or an error handler.

In goes an app; from then on the states of its requests say which of these it was. Nothing is
decided here.
"""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Callable, Iterable, Iterator

from flask import Flask

from ..request_state import request_state_of, this_request

_Function = Callable[..., t.Any]


def note_answers(app: Flask) -> None:
    """Note who answers the requests of an app."""
    preprocess, handle = app.preprocess_request, app.handle_user_exception

    def preprocess_request(*args: t.Any) -> t.Any:
        try:
            answer = preprocess(*args)
        except Exception:
            # An error handler answers, which knows nothing of the view.
            request_state_of(app, this_request()).is_early = True
            raise
        if answer is not None:
            request_state_of(app, this_request()).is_early = True
        return answer

    def handle_user_exception(*args: t.Any) -> t.Any:
        request_state_of(app, this_request()).is_handled = True
        return handle(*args)

    app.preprocess_request = preprocess_request  # type: ignore[method-assign]
    app.handle_user_exception = handle_user_exception  # type: ignore[method-assign, assignment]


def note_functions(app: Flask) -> None:
    """Note which of the functions before a request answers, of those that the app has now."""
    for name, functions in app.before_request_funcs.items():
        app.before_request_funcs[name] = _Followed(app, functions)


def name_function(function: _Function | None) -> str:
    """Name a function that answered in place of a view, with its place."""
    if function is None:
        return "A 'before_request' function"
    inner = inspect.unwrap(function)
    name = getattr(inner, "__qualname__", type(inner).__qualname__)
    code = getattr(inner, "__code__", None)
    place = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
    return f"The 'before_request' function {name!r}{place}"


class _Followed(list[_Function]):
    """Functions before a request, of which the last that was called is noted.

    Flask calls one after the other, and stops at the first that answers.
    """

    def __init__(self, app: Flask, functions: Iterable[_Function]) -> None:
        super().__init__(functions)
        self._app = app

    def __iter__(self) -> Iterator[_Function]:
        for function in super().__iter__():
            try:
                yield function
            except GeneratorExit:
                self._note(function)
                raise

    def _note(self, function: _Function) -> None:
        try:
            current = this_request()
        except RuntimeError:
            # It was not a request that stopped.
            return
        request_state_of(self._app, current).answered_by = function
