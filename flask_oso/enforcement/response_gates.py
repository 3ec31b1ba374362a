"""What flask_oso adds to an app so that no request passes unjudged.

Three gates stand one behind the other. Before the view, a ``before_request`` function
refuses views that are guarded in vain or not at all. After it, an ``after_request``
function withholds what was not authorized. Last, at the WSGI border, what slipped past
both (a later hook raised, an error handler answered) is stopped by an exception.

What a view does before it authorizes cannot be undone here.
"""

from __future__ import annotations

import contextlib
import threading
import typing as t
import warnings
from collections.abc import Callable, Iterable, Iterator

from flask import Flask, Request, Response
from werkzeug.exceptions import HTTPException, InternalServerError, default_exceptions

from ..denials.problems import ForbiddenProblem
from ..globals import OsoState, RequestMark, Requirement, Unguarded, mark_of, this_app, this_request
from ..guards.guard_checks import unused_extensions
from ..guards.view_guards import (
    Duty,
    Guard,
    GuardKind,
    View,
    all_guards,
    describe,
    describe_request,
    duty_of,
    guards_of_blueprints,
    is_automatic_options,
    method_function,
)
from ..polar.exceptions import OsoError
from ..polar.spelling import nearest
from .answer_origin import name_function, note_answers, note_functions
from .commit_guard import veto_configured
from .forgotten_checks import question_in
from .route_audit import Census, is_current, take_census

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from ..extension import FlaskOso
    from ..oso import Oso


_FORGOTTEN = (
    "answered without calling 'authorize'; its answer was withheld. Call it, or exempt the view"
    " with '@skip_authorization'."
)
#: Modules of classes that every policy knows.
_NOT_OF_PROGRAMS = ("builtins", "datetime", "flask.wrappers")
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


#: What is no object of an application.
PLAIN_VALUES = frozenset({bool, int, float, str, list, dict})
#: What sends a client elsewhere, if it says where.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PROBLEMS: dict[int, type[HTTPException]] = {403: ForbiddenProblem}


def install(app: Flask, state: OsoState) -> None:
    """Put the three gates into an app, once."""
    gates = Gates(app, state)
    app.before_request(gates.refuse_unguarded)
    app.after_request(gates.withhold_unauthorized)
    app.wsgi_app = gates.serve  # type: ignore[method-assign]
    note_answers(app)


def judge_routes(app: Flask, state: OsoState, extension: FlaskOso) -> None:
    """Have every request that matches a route judged by an extension.

    The judgement is put off until all ``before_request`` functions of the app have run,
    so that the one that loads the user may be registered later. Functions of blueprints
    run after it. If one that was registered later answers in place of the view, the
    judgement is made before its answer leaves.
    """

    def judge_route() -> None:
        current = this_request()
        if current.url_rule is None or is_automatic_options(current.url_rule, current.method):
            return
        mark_of(app, current).pending += (extension,)
        if not state.judges_last:
            judge_pending()

    app.before_request(judge_route)


def judge_pending() -> None:
    """Make the route authorization that was put off."""
    current = this_request()
    mark = mark_of(this_app(), current)
    pending, mark.pending = mark.pending, ()
    for extension in pending:
        mark.undecided = True
        extension.authorize(current)


class Gates:
    """The three gates of an app; ``serve`` is its outermost WSGI application."""

    def __init__(self, app: Flask, state: OsoState) -> None:
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
        mark = mark_of(self._app, current)
        mark.undecided = True
        duty = self._duty(current)
        mark.due = duty is not Duty.NONE
        problem = self._census(current).problem
        if problem is None and duty is Duty.UNGUARDED:
            problem = self._missing_guard(current)
            # What an error handler makes of it may leave, unless it looks like a success.
            mark.forbidden = bool(problem) and self._state.unguarded is Unguarded.FORBID
        if mark.forbidden:
            raise ForbiddenProblem
        if problem is not None:
            raise OsoError(problem)
        mark.undecided = False

    def withhold_unauthorized(self, response: Response) -> Response:
        """Replace a response that must not leave.

        :raises OsoError: the view answered as if all were well, and did not authorize.
        """
        app, current = self._app, this_request()
        mark = mark_of(app, current)
        if response is mark.refusal:
            mark.is_refusal = True
        if _turns_away(mark, response):
            mark.is_turned_away = True
            return response
        if mark.pending and _succeeds(response.status_code):
            response = _judge_response(app, response)
        if mark.undecided and _succeeds(response.status_code):
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
        mark, code = mark_of(self._app, current), int(status[:3])
        if mark.withheld_as == code:
            # What the view wrote into the session is withheld as well.
            return [header for header in headers if header[0].lower() != "set-cookie"]
        if mark.is_turned_away and (_may_redirect(code) or not _succeeds(code)):
            return headers
        if self._lacks_authorization(current, mark):
            raise _not_called(self._app, current, _FORGOTTEN)
        if self._hides_denial(mark, code):
            raise _not_called(self._app, current, _DENIED)
        if (mark.undecided or mark.pending or mark.withheld_as) and _succeeds(code):
            raise _not_called(self._app, current, _UNDECIDED)
        return headers

    def _duty(self, current: Request) -> Duty:
        if self._state.requirement == Requirement.NOTHING:
            return Duty.NONE
        return duty_of(self._app, current)

    def _lacks_authorization(self, current: Request, mark: RequestMark) -> bool:
        # A hook may lead a request to another route; nothing must be due on both.
        if mark.authorized or mark.forbidden:
            return False
        return mark.due or self._duty(current) is not Duty.NONE

    def _hides_denial(self, mark: RequestMark, status: int) -> bool:
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
        census = self._state.census
        if census is None or not is_current(census, self._app, current.endpoint):
            census = self._renewed_census(current)
        return census

    def _renewed_census(self, current: Request) -> Census:
        # The first requests come together, and one of them looks and warns for all.
        with self._lock:
            census = self._state.census
            if census is None or not is_current(census, self._app, current.endpoint):
                census = self._take_census()
            return census

    def _take_census(self) -> Census:
        app, state = self._app, self._state
        is_first = state.census is None
        problems = [_changed_config(app, state), veto_configured(app, state)]
        census = state.census = take_census(app, "\n".join(filter(None, problems)) or None)
        if census.forbidden is not None:
            app.logger.warning("These answer 403. %s", census.forbidden)
        if is_first and state.oso is not None:
            warn_of_vain_guards(app, state.oso)
        unused = unused_extensions(app, state, census.rows) if is_first else None
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


def _early(app: Flask, current: Request, mark: RequestMark) -> OsoError:
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


def _turns_away(mark: RequestMark, response: Response) -> bool:
    """Tell whether a function before the view sends the client elsewhere, or refuses it.

    The view was not entered, so that nothing of it is in the answer.
    """
    if not mark.is_early or mark.is_entered or mark.undecided:
        return False
    return _is_redirect(response) or not _succeeds(response.status_code)


def _is_redirect(response: Response) -> bool:
    return _may_redirect(response.status_code) and response.location is not None


def _error_page(app: Flask, mark: RequestMark, response: Response) -> Response:
    """Let the app's own page for "Authorize not called." pass, if that is what it is."""
    if response.status_code < 500:
        return _withhold(app, mark, response, InternalServerError.code)
    mark.withheld_as = response.status_code
    return response


def _withhold(app: Flask, mark: RequestMark, response: Response, status: int) -> Response:
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


def _changed_config(app: Flask, state: OsoState) -> str | None:
    """Say which switch was thrown too late, and would be taken for being in force."""
    pairs = [(key, value, app.config.get(key)) for key, value in state.config.items()]
    # A proxy need not equal itself.
    changed = [key for key, old, new in pairs if new is not old and new != old]
    if not changed:
        return None
    return f"{', '.join(map(repr, changed))} changed after 'init_app'. Configure the app before."


def warn_of_vain_guards(app: Flask, oso: Oso) -> None:
    """Warn of actions and classes of guards that the policy does not know."""
    for _, complaint in vain_guards(app, oso):
        warnings.warn(complaint, UserWarning, stacklevel=2)


def vain_guards(app: Flask, oso: Oso) -> Iterator[tuple[Guard, str]]:
    """Give the guards that name actions and classes which the policy does not know."""
    known = oso.known_actions()
    for guard, where, methods in _guards(app):
        found = [_unknown_action(each, where, known) for each in guard.actions_of(methods)]
        found += [_unknown_class(guard, where, oso), _text_for_class(guard, where, oso)]
        for complaint in filter(None, found):
            yield guard, complaint


def _guards(app: Flask) -> Iterable[tuple[Guard, str, set[str]]]:
    """Give each guard that asks the policy, one endpoint that it guards, and its methods."""
    methods: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        methods.setdefault(rule.endpoint, set()).update(rule.methods or ())
    found: dict[int, tuple[Guard, str, set[str]]] = {}
    for guard in guards_of_blueprints(app):
        where = f"guard of the blueprint {guard.blueprint!r} ({guard.place})"
        found[id(guard)] = (guard, where, set().union(*methods.values()))
    for endpoint, view in app.view_functions.items():
        for guard in all_guards(view):
            if guard.kind is GuardKind.AUTHORIZE:
                known = found.setdefault(id(guard), (guard, describe(endpoint, view), set()))
                known[2].update(methods.get(endpoint, ()))
    return found.values()


def log_unknown_action(app: Flask, state: OsoState | None, oso: Oso, action: t.Any) -> None:
    """Tell the log, once, of a denied action that looks like a misspelt one.

    A subclass of ``str`` is an object to policies, and never taken for a word.
    """
    if state is None or type(action) is not str or not state.denied_actions.adds(action):
        return
    # The request is denied already, and whatever happens here must not change its answer.
    with contextlib.suppress(Exception):
        known = oso.known_actions()
        near = nearest(action, sorted(known)) if known and action not in known else None
        if near is not None:
            text = "The action %r is never allowed by the policy. Did you mean %r?"
            app.logger.warning(text, action, near)


def log_plain_actor(app: Flask, state: OsoState | None, oso: Oso, actor: t.Any) -> None:
    """Tell the log, once, of a denied actor that is the key of one, and not the object."""
    if state is None or type(actor) not in PLAIN_VALUES or state.has_told_of_actor:
        return
    state.has_told_of_actor = True
    # The request is denied already, and whatever happens here must not change its answer.
    with contextlib.suppress(Exception):
        wanted = oso.expected_actors()
        if wanted:
            text = (
                "The actor is a value of type %r, and the policy is about objects of %s. Give the"
                " object itself: with 'set_get_actor', on 'g.user', or from the"
                " 'user_lookup_loader' of Flask-JWT-Extended."
            )
            app.logger.warning(text, type(actor).__name__, " or ".join(map(repr, wanted)))


def _unknown_action(action: t.Any, where: str, known: frozenset[str] | None) -> str | None:
    if known is None or not isinstance(action, str) or action in known:
        return None
    return f"The action {action!r} of the {where} is never allowed by the policy." + _meant(
        action, known
    )


def _unknown_class(guard: Guard, where: str, oso: Oso) -> str | None:
    resource = guard.resource
    if not isinstance(resource, type) or _is_known(resource, guard, oso):
        return None
    name = resource.__name__
    return (
        f"The {where} names the class {name!r} as its resource, but no class of that name is"
        f" registered. Call 'register_class({name})' before the policy loads."
    )


def _text_for_class(guard: Guard, where: str, oso: Oso) -> str | None:
    """Say that a text is judged where a class is meant: no rule has the text."""
    text = guard.resource
    if not isinstance(text, str) or _is_in_policy(text, oso):
        return None
    cls = oso.host.classes.get(text)
    if cls is None or getattr(cls, "__module__", None) in _NOT_OF_PROGRAMS:
        return None
    return (
        f"The {where} names the text {text!r} as its resource, which no rule has, and not the class"
        f" of this name. Write {text!r} without quotes."
    )


def _is_in_policy(text: str, oso: Oso) -> bool:
    return any(f'"{text}"' in source.text for source in oso.engine.policy.sources)


def _is_known(resource: type, guard: Guard, oso: Oso) -> bool:
    """Tell whether rules can be about a class, or about its objects where these are judged."""
    known = oso.host.classes.values()
    if resource in known or resource.__name__ in oso.host.classes:
        return True
    return guard.key is not None and any(issubclass(resource, each) for each in known)


def _meant(word: str, known: Iterable[str]) -> str:
    near = nearest(word, sorted(known))
    return f" Did you mean {near!r}?" if near else ""
