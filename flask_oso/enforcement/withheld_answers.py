"""Answers that do not leave: the error that is raised in their place, or the bare page.

In goes what a request ended with; out comes what its client, or its developer, is told instead.
When that happens is decided by the gates.
"""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Callable

from flask import Flask, Request, Response
from werkzeug.exceptions import HTTPException, InternalServerError, default_exceptions

from ..callables.view_functions import describe_request, layers_of
from ..denials.problems import ForbiddenProblem
from ..guards.view_guards import guards_below_others, guards_of
from ..polar.exceptions import OsoError
from ..request_state import RequestState, request_state_of

FORGOTTEN = (
    "answered without calling 'authorize'; its answer was withheld. Call it, or 'scope' for a"
    " list; or exempt the view with '@skip_authorization'."
)
_ASKED_ITSELF = (
    "Its code calls {!r}. That of an Oso, such as 'current_oso', does not count: call 'authorize'"
    " or 'load' of the FlaskOso, as in 'oso.authorize(\"read\", note)', or 'scope' for a list."
)
_ONLY_ASKED = (
    "Its code calls {!r}, which answers and enforces nothing: call 'authorize' of the FlaskOso, as"
    " in 'oso.authorize(\"read\", note)', or 'scope' for a list."
)
_PROMISED = (
    "What was allowed before the view does not count for it: '@authorizes_inside' promises a check"
    " of its own. Leave that out if the guard of its blueprint is all that it needs."
)
_LENT = (
    "It called a view that is exempt, or a function. That exempts who answers what it gave, and"
    " nobody else."
)
_UNREACHED = (
    "answered, and its '@{0}' ({1}) was not reached: a decorator above it answered, as"
    " '@login_required' does, or one that caches answers and gives them to everybody. Put '@{0}'"
    " above that one."
)
#: What Python says of a value that is awaited and cannot be; the second one since 3.14.
_NOT_AWAITABLE = ("'await' expression", "can't be awaited")
_AWAITED = (
    "What a guard makes of an 'async def' view is a function that waits for it, and gives its"
    " answer. Put a decorator that awaits the view below its guards."
)
_WITHHELD = " The answer was withheld."
_LEFT = " The answer left. 'OSO_ENFORCE = \"after\"' withholds such answers."
UNDECIDED = (
    "answered although the authorization came to no decision; its answer was withheld. An error"
    " handler or an 'after_request' function may have made it look like a success."
)
DENIED = (
    "answered although it was denied, and nothing was allowed; its answer was withheld. Let the"
    " denial pass, and give the page for it the status 403. Where the view goes on all the same,"
    " ask 'is_allowed'."
)
#: What sends a client elsewhere, if it says where.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PROBLEMS: dict[int, type[HTTPException]] = {403: ForbiddenProblem}


def succeeds(status: int) -> bool:
    """Tell whether a status gives the client something: any below 400."""
    # A redirect may tell as much as a page.
    return status < 400


def may_redirect(status: int) -> bool:
    """Tell whether a status sends the client elsewhere."""
    return status in _REDIRECTS


def turns_away(request_state: RequestState, response: Response) -> bool:
    """Tell whether a function before the view sends the client elsewhere, or refuses it.

    The view was not entered, so that nothing of it is in the answer.
    """
    if not request_state.is_early or request_state.is_entered or request_state.check_running:
        return False
    return _is_redirect(response) or not succeeds(response.status_code)


def _is_redirect(response: Response) -> bool:
    return may_redirect(response.status_code) and response.location is not None


def not_called(app: Flask, current: Request, note: str) -> OsoError:
    """Make the error for an answer without a check, with what to write.

    :param note: what was expected; it stands behind what answered.
    """
    error = OsoError("Authorize not called.")
    # After an exception, an error handler or an 'after_request' function made the answer.
    is_handled = request_state_of(app, current).is_handled
    unreached = None
    if note == FORGOTTEN and not is_handled:
        unreached = _describe_unreached(app, current)
    if unreached is not None:
        error.add_note(unreached + _WITHHELD)
        return error
    error.add_note(f"{describe_answer(app, current)} {note}")
    if note == FORGOTTEN and request_state_of(app, current).awaits_guard:
        error.add_note(_PROMISED)
    if note == FORGOTTEN and request_state_of(app, current).lent is not None:
        error.add_note(_LENT)
    view = app.view_functions.get(current.endpoint or "")
    # Imported late: it reads the code of a view that answered without a check.
    from .forgotten_checks import ANSWERS, question_in

    asked = question_in(view, current.method) if view is not None and note == FORGOTTEN else None
    if asked is not None:
        remedy = _ONLY_ASKED if asked in ANSWERS else _ASKED_ITSELF
        error.add_note(remedy.format(asked))
    return error


def describe_answer_that_left(app: Flask, current: Request) -> str | None:
    """Say that a view answered without its guard; ``None`` where it has none that asks."""
    unreached = _describe_unreached(app, current)
    return None if unreached is None else unreached + _LEFT


def _describe_unreached(app: Flask, current: Request) -> str | None:
    if current.endpoint not in app.view_functions:
        return None
    # Another guard of the view may have been reached.
    guard = request_state_of(app, current).expected
    if guard is None:
        guard = next(guards_below_others(app, current.endpoint, current.method), None)
    if guard is None or not guard.asks:
        return None
    what = _UNREACHED.format(guard.kind.value, guard.place)
    return f"{describe_answer(app, current)} {what}"


def answered_early(app: Flask, current: Request, request_state: RequestState) -> OsoError:
    """Make the error for an answer that a function gave in place of a view."""
    error = OsoError("Authorize not called.")
    who, what = _name_of(request_state.answered_by), "a request that matches no route"
    if current.url_rule is not None:
        view = describe_answer(app, current)
        what = f"in place of {view[0].lower()}{view[1:]}"
    error.add_note(
        f"{who} answered {what}; its answer was withheld. A redirect would pass. If the answer is"
        " for everybody, call 'skip_authorization(reason=…)' of the FlaskOso before it is given."
    )
    return error


def note_awaited_guard(app: Flask, current: Request, error: TypeError) -> None:
    """Say what to do about a decorator that awaits what a guard has made of a view."""
    view = app.view_functions.get(current.endpoint or "")
    if view is None or not any(text in str(error) for text in _NOT_AWAITABLE):
        return
    layers = [*layers_of(view)]
    if inspect.iscoroutinefunction(layers[-1]) and any(map(guards_of, layers)):
        error.add_note(_AWAITED)


def describe_answer(app: Flask, current: Request) -> str:
    """Name what answered a request: its view, or the app where there is none."""
    endpoint = current.endpoint or ""
    view = app.view_functions.get(endpoint)
    return describe_request(endpoint, view, current.method) if view is not None else "The app"


def withhold(app: Flask, request_state: RequestState, response: Response, status: int) -> Response:
    """Replace a response by one that has its status and nothing else of it."""
    request_state.withheld_as, request_state.is_doubtful = status, True
    response.close()
    kind = _PROBLEMS.get(status) or default_exceptions.get(status)
    page = _own_page(app, kind()) if kind is not None and not request_state.reported else None
    if page is not None and page.status_code == status:
        return page
    bare = app.make_response(kind() if kind is not None else "")
    bare.status_code = status
    return bare


def error_page(app: Flask, request_state: RequestState, response: Response) -> Response:
    """Let the app's own page for "Authorize not called." pass, if that is what it is."""
    if response.status_code < 500:
        return withhold(app, request_state, response, InternalServerError.code)
    request_state.withheld_as, request_state.is_doubtful = response.status_code, True
    return response


def _own_page(app: Flask, error: HTTPException) -> Response | None:
    """Give the page that the app has for an error of which the view knows nothing."""
    try:
        return app.make_response(app.handle_http_exception(error))
    except Exception:
        # What is sent in its place has the same status.
        app.logger.exception("The error handler for %s failed.", error.code)
        return None


def _name_of(function: Callable[..., t.Any] | None) -> str:
    """Name a function that answered in place of a view, with its place."""
    if function is None:
        return "A 'before_request' function"
    inner = inspect.unwrap(function)
    name = getattr(inner, "__qualname__", type(inner).__qualname__)
    code = getattr(inner, "__code__", None)
    place = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
    return f"The 'before_request' function {name!r}{place}"
