"""What flask_oso adds to an app so that no request passes unjudged.

Three gates stand one behind the other. Before the view, a ``before_request`` function
refuses views that are guarded in vain or not at all. After it, an ``after_request``
function withholds what was not authorized. Last, at the WSGI border, what slipped past
both (a later hook raised, an error handler answered) is stopped by an exception.

What a view does before it authorizes cannot be undone here.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable, Iterable

from flask import Flask, Request, Response
from werkzeug.exceptions import HTTPException, InternalServerError, default_exceptions

from ..app_state import AppState, Requirement, state_of, this_app
from ..callables.view_functions import View, describe_request, is_automatic_options, method_function
from ..config import Config, Unguarded
from ..denials.problems import ForbiddenProblem
from ..guards.view_guards import Duty, duty_of
from ..polar.exceptions import OsoError
from ..request_state import RequestState, request_state_of, this_request
from .answer_origin import name_function, note_answers, note_functions
from .authorizer import Authorizer
from .commit_guard import veto_configured
from .forgotten_checks import question_in
from .route_audit import Census, is_current, take_census, unused_authorizers
from .vain_guards import warn_of_vain_guards

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


_FORGOTTEN = (
    "answered without calling 'authorize'; its answer was withheld. Call it, or exempt the view"
    " with '@skip_authorization'."
)
_ASKED_ITSELF = (
    "Its code calls {!r}. That of an Oso, such as 'current_oso', does not count: call 'authorize'"
    " or 'load' of the FlaskOso, as in 'oso.authorize(note, action=\"read\")'."
)
_UNDECIDED = (
    "answered although the authorization came to no decision; its answer was withheld. An error"
    " handler or an 'after_request' function may have made it look like a success."
)
_DENIED = (
    "answered although it was denied, and nothing was allowed; its answer was withheld. Let the"
    " denial pass, and give the page for it the status 403. Where the view goes on all the same,"
    " ask 'is_allowed'."
)


#: What sends a client elsewhere, if it says where.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PROBLEMS: dict[int, type[HTTPException]] = {403: ForbiddenProblem}


def install(app: Flask, state: AppState) -> None:
    """Put the three gates into an app, once."""
    gates = Gates(app, state)
    app.before_request(gates.refuse_unguarded)
    app.after_request(gates.withhold_unauthorized)
    app.wsgi_app = gates.serve  # type: ignore[method-assign]
    note_answers(app)


def require_configured(app: Flask, config: Config, authorizer: Authorizer) -> None:
    """Have an app require what its configuration says."""
    if config.requires_authorization:
        require(app, Requirement.BEFORE_VIEW)
    if config.judges_routes:
        judge_routes(app, authorizer)


def require(app: Flask, wanted: Requirement) -> None:
    """Have an app require authorization, if it does not require more already."""
    state = state_of(app)
    state.requirement = max(state.requirement, wanted)
    state.parts.pop(Census, None)


def judge_routes(app: Flask, authorizer: Authorizer) -> None:
    """Have every request that matches a route judged by an authorizer.

    The judgement is put off until all ``before_request`` functions of the app have run,
    so that the one that loads the user may be registered later. Functions of blueprints
    run after it. If one that was registered later answers in place of the view, the
    judgement is made before its answer leaves.
    """
    state = state_of(app)
    if authorizer in state.route_authorizers:
        return

    def judge_route() -> None:
        current = this_request()
        if current.url_rule is None or is_automatic_options(current.url_rule, current.method):
            return
        request_state_of(app, current).pending += (authorizer.enforce_route,)
        if not state.judges_last:
            judge_pending()

    app.before_request(judge_route)
    state.route_authorizers.append(authorizer)
    state.parts.pop(Census, None)


def judge_pending() -> None:
    """Make the route authorization that was put off."""
    current = this_request()
    mark = request_state_of(this_app(), current)
    pending, mark.pending = mark.pending, ()
    for enforce_route in pending:
        mark.check_running = True
        enforce_route(current)


class Gates:
    """The three gates of an app; ``serve`` is its outermost WSGI application."""

    def __init__(self, app: Flask, state: AppState) -> None:
        self._app = app
        self._state = state
        self._wsgi_app = app.wsgi_app
        self._lock = threading.Lock()
        self._opened = False

    def refuse_unguarded(self) -> None:
        """Refuse a request before its view, if the app or the view is not guarded as it says.

        :raises OsoError: the app does not serve.
        :raises HTTPException: the view is not guarded, and the app serves all the same.
        """
        current = this_request()
        mark = request_state_of(self._app, current)
        mark.check_running = True
        duty = self._duty(current)
        mark.check_required = duty is not Duty.NONE
        problem = self._census(current).problem
        if problem is None and duty is Duty.UNGUARDED:
            problem = self._missing_guard(current)
            # What an error handler makes of it may leave, unless it looks like a success.
            mark.forbidden = bool(problem) and self._state.unguarded is Unguarded.FORBID
        if mark.forbidden:
            raise ForbiddenProblem
        if problem is not None:
            raise OsoError(problem)
        mark.check_running = False

    def withhold_unauthorized(self, response: Response) -> Response:
        """Replace a response that must not leave.

        :raises OsoError: the view answered as if all were well, and did not authorize.
        """
        app, current = self._app, this_request()
        mark = request_state_of(app, current)
        if response is mark.refusal:
            mark.is_refusal = True
        if _turns_away(mark, response):
            mark.is_turned_away = True
            return response
        if mark.pending and _succeeds(response.status_code):
            response = _judge_response(app, response)
        if mark.check_running and _succeeds(response.status_code):
            return _withhold(app, mark, response, InternalServerError.code)
        if self._hides_denial(mark, response.status_code):
            app.logger.warning("%s %s", _describe(app, current), _DENIED)
            return _withhold(app, mark, response, ForbiddenProblem.code)
        if not self._lacks_authorization(current, mark):
            return response
        if mark.reported:
            return _error_page(app, mark, response)
        if not _succeeds(response.status_code):
            return _withhold(app, mark, response, response.status_code)
        mark.reported = True
        response.close()
        raise _early(app, current, mark) if mark.is_early else _not_called(app, current, _FORGOTTEN)

    def serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, with a last look at what leaves."""
        if not self._opened:
            self._open()

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: t.Any = None
        ) -> Callable[[bytes], object]:
            headers = self._check(environ, status, headers)
            return (
                start_response(status, headers, exc_info)
                if exc_info
                else start_response(status, headers)
            )

        return self._wsgi_app(environ, start)

    def _open(self) -> None:
        """Make route authorization the last of the functions before a request.

        Before the first of them, sessions are found that they may commit.
        """
        with self._lock:
            if self._opened:
                return
            veto_configured(self._app, self._state)
            note_functions(self._app)
            if self._state.route_authorizers:
                self._state.judges_last = _is_registered_last(self._app)
            self._opened = True
        # What was registered or loaded since 'init_app'. Other requests do not wait for it.
        self._state.prepare()

    def _check(
        self, environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        """Give the headers of a response that may leave."""
        try:
            current = this_request()
        except RuntimeError:
            return headers
        # The response starts within its request; of another one nothing is known here.
        if current.environ is not environ:
            return headers
        mark, code = request_state_of(self._app, current), int(status[:3])
        if mark.withheld_as == code:
            # What the view wrote into the session is withheld as well.
            return [header for header in headers if header[0].lower() != "set-cookie"]
        if mark.is_turned_away and (_may_redirect(code) or not _succeeds(code)):
            return headers
        if self._lacks_authorization(current, mark):
            raise _not_called(self._app, current, _FORGOTTEN)
        if self._hides_denial(mark, code):
            raise _not_called(self._app, current, _DENIED)
        if (mark.check_running or mark.pending or mark.withheld_as) and _succeeds(code):
            raise _not_called(self._app, current, _UNDECIDED)
        return headers

    def _duty(self, current: Request) -> Duty:
        if self._state.requirement == Requirement.NOTHING:
            return Duty.NONE
        return duty_of(self._app, current)

    def _lacks_authorization(self, current: Request, mark: RequestState) -> bool:
        # A hook may lead a request to another route; nothing must be due on both.
        if mark.checked or mark.forbidden:
            return False
        return mark.check_required or self._duty(current) is not Duty.NONE

    def _hides_denial(self, mark: RequestState, status: int) -> bool:
        """Tell whether an answer looks like a success although all that was asked was denied.

        What the program answers to denials is no success, nor is an error handler that sends
        the client elsewhere.
        """
        if not mark.denied or mark.allowed or not _succeeds(status) or mark.is_refusal:
            return False
        is_strict = self._state.requirement >= Requirement.BEFORE_VIEW
        return is_strict and not (mark.is_handled and _may_redirect(status))

    def _missing_guard(self, current: Request) -> str | None:
        """Say what is missing for a view to be entered under strict authorization."""
        state, endpoint, method = self._state, current.endpoint or "", current.method
        if state.requirement < Requirement.BEFORE_VIEW or state.route_authorizers:
            return None
        view = self._app.view_functions[endpoint]
        what = describe_request(endpoint, view, method)
        return f"{what} is not guarded. {_how_to_guard(view, method)}"

    def _census(self, current: Request) -> Census:
        census = self._state.parts.get(Census)
        if census is None or not is_current(census, self._app, current.endpoint):
            census = self._renewed_census(current)
        return census

    def _renewed_census(self, current: Request) -> Census:
        # The first requests come together, and one of them looks and warns for all.
        with self._lock:
            census = self._state.parts.get(Census)
            if census is None or not is_current(census, self._app, current.endpoint):
                census = self._take_census()
            return census

    def _take_census(self) -> Census:
        app, state = self._app, self._state
        is_first = Census not in state.parts
        problems = [_changed_config(app, state), veto_configured(app, state)]
        census = take_census(app, "\n".join(filter(None, problems)) or None)
        state.add(census)
        if census.forbidden is not None:
            app.logger.warning("These answer 403. %s", census.forbidden)
        if is_first and state.oso is not None:
            warn_of_vain_guards(app, state.oso)
        unused = unused_authorizers(app, state, census.rows) if is_first else None
        if unused is not None:
            app.logger.warning(unused)
        return census


def _is_registered_last(app: Flask) -> bool:
    try:
        app.before_request(judge_pending)
    except AssertionError:
        # The app has dispatched a request past its WSGI border; its hooks stay as they are.
        return False
    return True


def _how_to_guard(view: View, method: str) -> str:
    function = method_function(view, method)
    if function is None:
        return (
            "Decorate it with '@authorize', exempt it with '@skip_authorization', or declare with"
            " '@authorizes_inside' that it authorizes itself."
        )
    class_name = function[0].rpartition(".")[0]
    return (
        f"Decorate the method, or name the decorator in '{class_name}.decorators'."
        " '@authorize' guards it, '@skip_authorization' exempts it, and '@authorizes_inside'"
        " declares that it authorizes itself."
    )


def _not_called(app: Flask, current: Request, note: str) -> OsoError:
    error = OsoError("Authorize not called.")
    error.add_note(f"{_describe(app, current)} {note}")
    view = app.view_functions.get(current.endpoint or "")
    asked = question_in(view, current.method) if view is not None and note == _FORGOTTEN else None
    if asked is not None:
        error.add_note(_ASKED_ITSELF.format(asked))
    return error


def _early(app: Flask, current: Request, mark: RequestState) -> OsoError:
    """Make the error for an answer that a function gave in place of a view."""
    error = OsoError("Authorize not called.")
    what = _describe(app, current)
    error.add_note(
        f"{name_function(mark.answered_by)} answered in place of {what[0].lower()}{what[1:]}; its"
        " answer was withheld. A redirect would pass. If the answer is for everybody, call"
        " 'skip_authorization(reason=…)' of the FlaskOso before it is given."
    )
    return error


def _describe(app: Flask, current: Request) -> str:
    endpoint = current.endpoint or ""
    view = app.view_functions.get(endpoint)
    return describe_request(endpoint, view, current.method) if view is not None else "The app"


def _judge_response(app: Flask, response: Response) -> Response:
    """Judge the route of an answer that another function gave in place of the view."""
    try:
        judge_pending()
    except HTTPException as denial:
        response.close()
        return app.make_response(app.handle_user_exception(denial))
    return response


def _succeeds(status: int) -> bool:
    # A redirect may tell as much as a page.
    return status < 400


def _may_redirect(status: int) -> bool:
    return status in _REDIRECTS


def _turns_away(mark: RequestState, response: Response) -> bool:
    """Tell whether a function before the view sends the client elsewhere, or refuses it.

    The view was not entered, so that nothing of it is in the answer.
    """
    if not mark.is_early or mark.is_entered or mark.check_running:
        return False
    return _is_redirect(response) or not _succeeds(response.status_code)


def _is_redirect(response: Response) -> bool:
    return _may_redirect(response.status_code) and response.location is not None


def _error_page(app: Flask, mark: RequestState, response: Response) -> Response:
    """Let the app's own page for "Authorize not called." pass, if that is what it is."""
    if response.status_code < 500:
        return _withhold(app, mark, response, InternalServerError.code)
    mark.withheld_as = response.status_code
    return response


def _withhold(app: Flask, mark: RequestState, response: Response, status: int) -> Response:
    """Replace a response by one that has its status and nothing else of it."""
    mark.withheld_as = status
    response.close()
    kind = _PROBLEMS.get(status) or default_exceptions.get(status)
    page = _own_page(app, kind()) if kind is not None and not mark.reported else None
    if page is not None and page.status_code == status:
        return page
    bare = app.make_response(kind() if kind is not None else "")
    bare.status_code = status
    return bare


def _own_page(app: Flask, error: HTTPException) -> Response | None:
    """Give the page that the app has for an error of which the view knows nothing."""
    try:
        return app.make_response(app.handle_http_exception(error))
    except Exception:
        # What is sent in its place has the same status.
        app.logger.exception("The error handler for %s failed.", error.code)
        return None


def _changed_config(app: Flask, state: AppState) -> str | None:
    """Say which switch was thrown too late, and would be taken for being in force."""
    pairs = [(key, value, app.config.get(key)) for key, value in state.config.items()]
    # A proxy need not equal itself.
    changed = [key for key, old, new in pairs if new is not old and new != old]
    if not changed:
        return None
    return f"{', '.join(map(repr, changed))} changed after 'init_app'. Configure the app before."
