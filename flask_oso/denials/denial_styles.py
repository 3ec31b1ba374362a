"""Which answer a denial gets: 401, 403 or 404, so that it tells no more than it must.

In goes a denial, out comes the exception to raise. An object that is missing and one that
may not be read get the same answer.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from flask import Flask, Response, has_request_context
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException, Unauthorized

from ..oso import ask
from ..request_state import find_request_state, this_request
from .denial import Denial, DenialStyle
from .login_libraries import is_anonymous, login_manager_of, uses_jwt
from .problems import (
    Answer,
    ForbiddenProblem,
    NotFoundProblem,
    Problem,
    UnauthorizedProblem,
    prefers_json,
)
from .reasons import find_reason

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Refusal(Answer):
    """The answer that the program itself has for a denial, such as its login view.

    :param response: the answer.
    """

    def __init__(self, app: Flask, response: Response) -> None:
        super().__init__(response=response)
        self._request_state = find_request_state(app)
        if self._request_state is not None:
            self._request_state.refusal, self._request_state.is_doubtful = response, True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request. The answer may leave whatever its status is."""
        if self._request_state is not None:
            self._request_state.is_refusal = True
        return super().__call__(environ, start_response)


def refusal(app: Flask, denial: Denial, style: DenialStyle, *, is_current: bool) -> HTTPException:
    """Give the answer to a denial.

    :param is_current: the actor is the one of the request, who may log in.
    """
    if style is not DenialStyle.PLAIN and is_current and is_anonymous(app, denial.actor):
        challenge = _challenge(app, denial)
        if challenge is not None:
            return challenge
    return _refused(app, denial, style)


def problem_of(app: Flask, denial: Denial, style: DenialStyle, *, is_current: bool) -> Problem:
    """Give what is wrong, for a program that answers itself: nobody is sent to a login view."""
    if style is not DenialStyle.PLAIN and is_current and is_anonymous(app, denial.actor):
        problem = _login_problem(app, denial)
        if problem is not None:
            return problem
    return _refused(app, denial, style)


def _refused(app: Flask, denial: Denial, style: DenialStyle) -> Problem:
    if style is DenialStyle.HIDE and not _is_readable(denial):
        return NotFoundProblem(denial)
    return ForbiddenProblem(denial, find_reason(app, denial))


def _is_readable(denial: Denial) -> bool:
    reading = denial.oso.read_action
    if denial.is_missing or (denial.action == reading and denial.field is None):
        return False
    return ask(denial.oso, denial.actor, reading, denial.resource)


def _challenge(app: Flask, denial: Denial) -> HTTPException | None:
    """Give what asks for a login; ``None`` if the app has no library for that."""
    problem = _login_problem(app, denial)
    if problem is None:
        return None
    manager, is_program = login_manager_of(app), _is_program()
    if manager is None or (is_program and manager.unauthorized_callback is None):
        return problem
    return _sent_to_login(app, manager, problem, is_program=is_program)


def _login_problem(app: Flask, denial: Denial) -> UnauthorizedProblem | None:
    """Give the error that says that somebody has to log in.

    Nobody logs in outside of a request.
    """
    if not has_request_context():
        return None
    scheme = WWWAuthenticate("bearer", {"realm": app.name}) if uses_jwt(app) else None
    if login_manager_of(app) is None and scheme is None:
        return None
    return UnauthorizedProblem(denial, www_authenticate=scheme)


def _is_program() -> bool:
    """Tell whether a client can do nothing with a login page."""
    environ = this_request().environ
    return "HTTP_AUTHORIZATION" in environ or prefers_json(environ)


def _sent_to_login(
    app: Flask, manager: t.Any, problem: UnauthorizedProblem, *, is_program: bool
) -> HTTPException:
    """Give what Flask-Login answers: the login view, or what the app has in its place."""
    try:
        response = app.make_response(manager.unauthorized())
    except Unauthorized as error:
        if error.response is not None:
            raise
        return problem
    if is_program and response.location is not None:
        return problem
    response.vary.add("Accept")
    return Refusal(app, response)
