"""Refusals of an ``Oso`` that reach Flask: ``ForbiddenError`` is 403, ``NotFoundError`` is 404.

In goes an exception that a view let pass; out comes the denial that it is, for the handlers of
the app, or the same exception. What the app has a handler of its own for stays as it is.
"""

from __future__ import annotations

from flask import Flask, has_request_context
from werkzeug.exceptions import HTTPException

from ..app_state import AppState
from ..denials.denial_styles import Refusal
from ..denials.problems import ForbiddenProblem, NotFoundProblem, Problem
from ..exceptions import AuthorizationError, NotFoundError
from ..polar.exceptions import OsoError
from ..request_state import find_request_state, this_request
from .authorizer import Authorizer


def as_denial(app: Flask, state: AppState, error: Exception) -> Exception:
    """Give the HTTP error for a refusal of an ``Oso``; any other exception as it is."""
    if not isinstance(error, AuthorizationError) or _has_handler(app, type(error)):
        return error
    request_state = find_request_state(app)
    if request_state is not None:
        request_state.checked = request_state.denied = request_state.is_doubtful = True
        request_state.check_running = False
    problem: Problem = NotFoundProblem() if isinstance(error, NotFoundError) else ForbiddenProblem()
    problem.__cause__ = error
    handlers = state.part(Authorizer).denial_handlers
    try:
        answer = handlers.answer(app, lambda: problem)
    except HTTPException as raised:
        return raised
    return problem if answer is None else Refusal(app, app.make_response(answer))


def _has_handler(app: Flask, kind: type[Exception]) -> bool:
    """Tell whether the program handles refusals itself, and not just any exception."""
    names = [*this_request().blueprints, None] if has_request_context() else [None]
    specs = (app.error_handler_spec.get(name, {}).get(None, {}) for name in names)
    handled = {cls for spec in specs for cls in spec}
    return any(cls in handled for cls in kind.__mro__ if issubclass(cls, OsoError))
