"""What flask_oso adds to an app so that no request passes unjudged.

Three gates stand one behind the other. Before the view, a ``before_request`` function
refuses views that are guarded in vain or not at all. After it, an ``after_request``
function withholds what was not authorized. Last, at the WSGI border, what slipped past
both (a later hook raised, an error handler answered) is stopped by an exception.

What a view does before it authorizes cannot be undone here.
"""

from __future__ import annotations

import logging
import sys
import threading
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence

import flask.app
from flask import Flask, Request, Response
from werkzeug.exceptions import HTTPException, InternalServerError

from ..app_state import AppState, Explorer, state_of
from ..callables.sync_callable import calls_plainly, is_plain_function
from ..callables.view_functions import is_automatic_options
from ..config import Enforcement
from ..denials.problems import PROBLEMS, ForbiddenProblem
from ..guards.receivers import install_receivers
from ..guards.view_guards import (
    Duty,
    RequestCheck,
    duty_of,
    duty_of_endpoint,
    guards_before,
    mark_request_check,
    request_check_of,
)
from ..polar.exceptions import OsoError
from ..request_state import (
    STATES,
    Arguments,
    RequestState,
    check_way,
    find_request_context,
    is_settled,
    note_passed,
    note_way,
    pass_by,
    request_state_of,
    take_lent,
    this_app,
    this_request,
)
from .authorizer import Authorizer
from .commit_guard import veto_configured
from .inner_requests import InnerRequest
from .raised_refusals import as_denial
from .route_plans import RoutePlan, RoutePlans
from .withheld_answers import (
    DENIED,
    FORGOTTEN,
    UNDECIDED,
    answered_early,
    describe_answer,
    describe_answer_that_left,
    error_page,
    may_redirect,
    not_called,
    note_awaited_guard,
    succeeds,
    turns_away,
    withhold,
)

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


_logger = logging.getLogger("flask_oso.enforcement")


def install(app: Flask, state: AppState) -> None:
    """Put the three gates into an app, once."""
    plans = RoutePlans(app, state)
    state.add(plans)
    gates = Gates(app, state, plans)
    state.ask_guards = gates.ask_guards
    app.before_request(gates.before)
    app.after_request(gates.after)
    app.wsgi_app = gates.serve  # type: ignore[method-assign]
    app.preprocess_request = gates.preprocessing(app.preprocess_request)  # type: ignore[method-assign]
    app.dispatch_request = gates.dispatching(app.dispatch_request)  # type: ignore[method-assign]
    app.handle_user_exception = gates.handling(app.handle_user_exception)  # type: ignore[method-assign]


def require(app: Flask, wanted: Enforcement) -> None:
    """Have an app require authorization, if it does not require more already."""
    state = state_of(app)
    state.enforcement = max(state.enforcement, wanted)
    state.part(RoutePlans).forget()


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
        put_off(app, current, request_state_of(app, current))

    def put_off(app: Flask, current: Request, request_state: RequestState) -> None:
        if current.url_rule is None or is_automatic_options(current.url_rule, current.method):
            pass_by(request_state, current)
            return
        request_state.pending += (authorizer,)
        if not state.judges_last:
            _judge_pending(app, current, request_state)

    mark_request_check(judge_route, put_off)
    app.before_request(judge_route)
    state.route_authorizers.append(authorizer)
    state.part(RoutePlans).forget()


def judge_pending() -> None:
    """Make the route authorization that was put off."""
    app, current = this_app(), this_request()
    _judge_pending(app, current, request_state_of(app, current))


def _judge_pending(app: Flask, current: Request, request_state: RequestState) -> None:
    pending, request_state.pending = request_state.pending, ()
    for authorizer in pending:
        request_state.check_running = True
        note_way(request_state, current)
        authorizer.enforce_route(current, request_state)
        note_passed(request_state, authorizer)


mark_request_check(judge_pending, _judge_pending)


_Function = Callable[..., t.Any]
_MOST_FUNCTIONS = 1_000
#: Where a call of an app keeps the request that it answers, in the environment of WSGI. What
#: stands between the gates and Flask may copy the environment, or start the response later.
_ANSWERED = "flask_oso.answered"


class Gates:
    """The three gates of an app; ``serve`` is its outermost WSGI application."""

    def __init__(self, app: Flask, state: AppState, plans: RoutePlans) -> None:
        self._app = app
        self._state = state
        self._plans = plans
        self._wsgi_app = app.wsgi_app
        self._lock = threading.Lock()
        self._opened = False
        self._explorer: Explorer | None = None
        #: Endpoints whose views answered without their guard, which was logged.
        self._told: set[str] = set()
        #: ``before_request`` functions that are no coroutines, by their identities. Each with a
        #: function of the app and the request that does the same, if it has one.
        self._plain_functions: dict[int, tuple[_Function, RequestCheck | None]] = {}
        #: The names under which usual requests have functions, by endpoint.
        self._names: dict[str, Sequence[str | None]] = {}
        #: The gates before and after the view, as the app has them in its lists.
        self.before, self.after = self.refuse_unguarded, self.withhold_unauthorized

    def refuse_unguarded(self) -> None:
        """Refuse a request before its view, if the app or the view is not guarded as it says.

        :raises OsoError: the app does not serve.
        :raises HTTPException: the view is not guarded, and the app serves all the same.
        """
        self._enter_route(this_request())

    def _enter_route(self, current: Request) -> RequestState:
        app = self._app
        try:
            plan = self._plans.known[id(current.url_rule)][current.method]
            view_class = plan.view_class
            if (
                plan.is_open
                # A program may have changed the endpoint of the rule.
                and plan.stored is app.view_functions[plan.rule.endpoint]  # type: ignore[union-attr]
                and (
                    view_class is None
                    # It has the same functions still.
                    or (
                        plan.view.view_class is view_class
                        and view_class.dispatch_request is plan.dispatch
                        and getattr(view_class, plan.handler_name, None) is plan.handler
                    )
                )
            ):
                # As 'request_state_of' does it, without a call: seldom is there one by now.
                states: dict[Flask, RequestState] = current.__dict__.setdefault(STATES, {})
                request_state = RequestState()
                request_state.app = app
                request_state = states.setdefault(app, request_state)
                request_state.plan = plan
                return request_state
        except KeyError:
            pass
        request_state = request_state_of(app, current)
        request_state.check_running = True
        plan = request_state.plan = self._plans.find(current)
        if plan.is_forbidden:
            request_state.forbidden = True
            raise ForbiddenProblem
        if plan.problem is not None:
            raise OsoError(plan.problem)
        request_state.check_running = False
        return request_state

    def withhold_unauthorized(self, response: Response) -> Response:
        """Replace a response that must not leave.

        :raises OsoError: the view answered as if all were well, and did not authorize.
        """
        app, current = self._app, this_request()
        if is_settled(app, current):
            return response
        request_state = request_state_of(app, current)
        request_state.give_up_awaited()
        if response is request_state.refusal:
            request_state.is_refusal = True
        if turns_away(request_state, response):
            request_state.is_turned_away = True
            return response
        if request_state.pending and succeeds(response.status_code):
            response = _judge_response(app, response)
        if request_state.check_running and succeeds(response.status_code):
            return withhold(app, request_state, response, InternalServerError.code)
        if self._hides_denial(request_state, response.status_code):
            app.logger.warning("%s %s", describe_answer(app, current), DENIED)
            return withhold(app, request_state, response, ForbiddenProblem.code)
        if not self._lacks_authorization(current, request_state, response.status_code):
            self._tell_of_answer(current, request_state, response.status_code)
            return response
        if request_state.reported:
            return error_page(app, request_state, response)
        if not succeeds(response.status_code):
            return withhold(app, request_state, response, response.status_code)
        request_state.reported = True
        response.close()
        raise (
            answered_early(app, current, request_state)
            if request_state.is_early
            else not_called(app, current, FORGOTTEN)
        )

    def _tell_of_answer(self, current: Request, request_state: RequestState, status: int) -> None:
        """Log, once for each view, that it answered without its guard, and nothing withheld it."""
        plan: RoutePlan | None = request_state.plan
        if plan is None or not plan.is_watched or request_state.checked or not _shows(status):
            return
        # Functions before the view, and error handlers, answer without the view.
        if request_state.is_doubtful or request_state.is_handled or plan.endpoint in self._told:
            return
        self._told.add(plan.endpoint)
        told = describe_answer_that_left(self._app, current)
        if told is not None:
            _logger.warning(told)

    def serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, with a last look at what leaves."""
        if not self._opened:
            self._open()
        # Its pages are no routes of the app, and nothing of the app guards them.
        explorer = self._explorer
        if explorer is not None and explorer.is_asked(environ):
            return explorer(environ, start_response)
        app = self._app
        answered: list[Request] = []
        environ[_ANSWERED] = answered

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: t.Any = None
        ) -> Callable[[bytes], object]:
            """Start a response that may leave."""
            current = answered[0] if answered else _request_of(environ)
            if current is not None and not is_settled(app, current):
                headers = self._check(current, status, headers)
            if exc_info:
                return start_response(status, headers, exc_info)
            return start_response(status, headers)

        outer = find_request_context(None)
        if outer is None or outer.app is not app or _ANSWERED not in outer.request.environ:
            return self._wsgi_app(environ, start)
        return InnerRequest().answer(lambda: self._wsgi_app(environ, start))

    def preprocessing(self, preprocess: _Function) -> _Function:
        """Note when a function before the view answers, and which one."""
        app = self._app
        is_usual = _is_flasks(app, "preprocess_request")
        has_own_way = type(app).wsgi_app is not Flask.wsgi_app or not (
            _is_flasks(app, "dispatch_request") and _is_flasks(app, "full_dispatch_request")
        )

        def preprocess_request(*args: t.Any) -> t.Any:
            current = this_request()
            environ = current.environ
            answered = environ.get(_ANSWERED)
            # A view may dispatch further requests within its own.
            if answered is not None:
                # The key stays: it tells a request that is served from a context of a test.
                environ[_ANSWERED] = None
                if not answered:
                    answered.append(current)
            try:
                if is_usual:
                    answer = self._call_functions(current)
                else:
                    self._refuse_odd(current)
                    rule, answer = current.url_rule, preprocess(*args)
                    if current.url_rule is not rule:
                        self._note_led(current)
            except OsoError:
                # A question that came to no decision.
                raise
            except Exception:
                # An error handler answers, which knows nothing of the view.
                self._note_early()
                raise
            if answer is not None:
                self._note_early()
                take_lent(request_state_of(app, current), answer)
            elif has_own_way and is_automatic_options(current.url_rule, current.method):
                # Nothing is asked of requests that enter no view. A class that enters views in a
                # way of its own may have left out that Flask answers these.
                return app.make_default_options_response()
            return answer

        return preprocess_request

    def _call_functions(self, current: Request) -> t.Any:
        """Do as the method of Flask does.

        Flask looks at each function whether it is a coroutine function, which takes longer than
        what the gate does where all is well.
        """
        app, gate, plain, function = self._app, self.before, self._plain_functions, None
        request_state, rule, names = None, current.url_rule, None
        # Only a class of the program may tell other blueprints than its endpoint does.
        if rule is not None and type(current) is Request:
            names = self._names.get(rule.endpoint)
        if names is None:
            names = self._names_of(current)
        if app.url_value_preprocessors:
            for name in names:
                for preprocess in app.url_value_preprocessors.get(name, ()):
                    preprocess(current.endpoint, current.view_args)
        functions = app.before_request_funcs
        try:
            for name in names:
                for function in functions.get(name, ()):
                    if function is gate:
                        request_state = self._enter_route(current)
                        continue
                    known = plain.get(id(function))
                    if known is None or known[0] is not function:
                        known = self._way_into(function)
                    enter = known[1]
                    if enter is None:
                        answer = function()
                    else:
                        answer = enter(
                            app, current, request_state or request_state_of(app, current)
                        )
                    if answer is not None:
                        request_state_of(app, current).answered_by = function
                        return answer
            if current.url_rule is not rule:
                self._note_led(current)
        except BaseException:
            if function is not gate:
                request_state_of(app, current).answered_by = function
            raise
        return None

    def _note_led(self, current: Request) -> None:
        """Note that a function before the view has led a request away from its route.

        The functions were those of the blueprints of that route. See :meth:`ask_guards`.
        """
        request_state_of(self._app, current).plan = None

    def _names_of(self, current: Request) -> Sequence[str | None]:
        """Give the names under which a request has functions: that of the app, then blueprints."""
        self._refuse_odd(current)
        names, rule = (None, *reversed(current.blueprints)), current.url_rule
        if rule is not None and type(current) is Request and len(self._names) < _MOST_FUNCTIONS:
            self._names[rule.endpoint] = names
        return names

    def _refuse_odd(self, current: Request) -> None:
        """Refuse a route whose endpoint is no text: Flask fails to find blueprints of it.

        :raises OsoError: it is none, as the audit says.
        """
        rule = current.url_rule
        if rule is None or isinstance(rule.endpoint, str):
            return
        try:
            self._enter_route(current)
        finally:
            # Flask would fail again where it looks for error handlers, and behind the request.
            current.url_rule = None

    def _way_into(self, function: _Function) -> tuple[_Function, RequestCheck | None]:
        """Give a ``before_request`` function, and what is called in its place, if anything is.

        It is remembered if ``ensure_sync`` of the app would give it back as it is.
        """
        if not is_plain_function(function) or not calls_plainly(self._app):
            return function, lambda app, *_: app.ensure_sync(function)()
        way = function, request_check_of(function)
        if len(self._plain_functions) < _MOST_FUNCTIONS:
            self._plain_functions[id(function)] = way
        return way

    def dispatching(self, dispatch: _Function) -> _Function:
        """Enter the view that was judged, which functions before it may have changed.

        Where all is as it was, Flask's own method would only look once more what is to be called.
        """
        app, is_usual = self._app, _is_flasks(self._app, "dispatch_request")

        def dispatch_request(*args: t.Any) -> t.Any:
            current = this_request()
            try:
                request_state = current._flask_oso[app]  # type: ignore[attr-defined]  # 'STATES'
            except (AttributeError, KeyError):
                request_state = request_state_of(app, current)
            plan: RoutePlan | None = request_state.plan
            way = request_state.way
            if (
                plan is None
                or plan.rule is not current.url_rule
                or plan.method != current.method
                or way is not plan.way
            ):
                plan = self.ask_guards(current, request_state)
            else:
                if way is not None:
                    request_state.way = plan.spent_way
                request_state.awaited = plan.awaited_first
                if request_state.checked and plan.is_guard_expected:
                    request_state.expect_guard()
            if (
                plan.is_entered_plainly
                and is_usual
                and current.routing_exception is None
                and plan.stored is app.view_functions.get(plan.endpoint)
            ):
                given: Arguments = current.view_args  # type: ignore[assignment]  # it has a rule
                enter = plan.enter
                answer = (
                    # Not a cast: that is a call.
                    plan.called(**given)  # type: ignore[misc]  # it has a view
                    if enter is None
                    # A copy, as each call makes one: who judges may change that of the request.
                    else enter(app, request_state, plan, (), {**given})
                )
            else:
                if not plan.is_of(current):
                    # The rule leads elsewhere by now, and Flask looks at that.
                    self.ask_guards(current, request_state)
                answer = dispatch(*args)
            if request_state.lent is not None:
                take_lent(request_state, answer)
            if request_state.chosen is not None and request_state.chosen.is_answer(answer):
                request_state.awaited = None
            return answer

        return dispatch_request

    def ask_guards(self, current: Request, request_state: RequestState) -> RoutePlan:
        """Judge a request that enters a view and has not passed all guards before it.

        Functions before the view have led it there, or a view dispatches it once more, maybe with
        other arguments; or the program calls what Flask would call before the view in a way of its
        own, or the view itself.

        :return: the plan of the route that it is at.
        :raises OsoError: the app does not serve, or another request was judged.
        :raises HTTPException: denied; or the view is not guarded, and the app serves all the same.
        """
        plan: RoutePlan | None = request_state.plan
        is_led = plan is None or not plan.is_of(current)
        if plan is None or is_led or plan.problem is not None or plan.is_forbidden:
            self._enter_route(current)
        check_way(request_state, current)
        plan = t.cast(RoutePlan, request_state.plan)
        if is_led or not _has_passed(request_state.way, plan.way):
            self._judge_led(current, request_state)
        request_state.way = plan.spent_way
        request_state.awaited = plan.awaited_first
        if plan.is_guard_expected:
            request_state.expect_guard()
        return plan

    def _judge_led(self, current: Request, request_state: RequestState) -> None:
        """Judge a request that was led to another route, say, or to another method of it.

        INVARIANT: what is judged before a view is judged for the route and the method that enter
        it. Flask has called the functions of the blueprints of the route that matched at first,
        and these were about nothing, say, while the method was OPTIONS.
        """
        rule = current.url_rule
        if rule is None or is_automatic_options(rule, current.method):
            return
        request_state.gift = None
        request_state.notes = None
        authorizers = self._state.route_authorizers
        request_state.pending = tuple(authorizers)
        _judge_pending(self._app, current, request_state)
        for guard in guards_before(self._app, rule.endpoint, current.method):
            t.cast(RequestCheck, guard.request_check)(self._app, current, request_state)

    def _note_early(self) -> None:
        state = request_state_of(self._app, this_request())
        state.is_early = state.is_doubtful = True

    def handling(self, handle: _Function) -> _Function:
        """Note when an error handler answers, and have refusals of an Oso answered as denials."""
        app = self._app
        # What an app does of its own with answers is given the error itself.
        is_usual = _is_flasks(app, "finalize_request") and _is_flasks(app, "make_response")

        def handle_user_exception(error: Exception) -> t.Any:
            current = this_request()
            request_state = request_state_of(app, current)
            request_state.is_handled = True
            request_state.give_up_awaited()
            if type(error) is TypeError:
                note_awaited_guard(app, current, error)
            # The handler may call a view, which has guards of its own. A decorator between two
            # guards may have an error handled, and go on.
            notes, request_state.notes = request_state.notes, None
            try:
                answer = handle(as_denial(app, self._state, error))
            finally:
                request_state.notes = notes
            if is_usual and type(answer) in PROBLEMS:
                return answer.as_response(current.environ)
            return answer

        return handle_user_exception

    def _open(self) -> None:
        """Make route authorization the last of the functions before a request.

        Before the first of them, sessions are found that they may commit.
        """
        with self._lock:
            if self._opened:
                return
            install_receivers(self._app)
            veto_configured(self._app, self._state)
            if self._state.route_authorizers:
                self._state.judges_last = _is_registered_last(self._app)
            after = self._app.after_request_funcs
            after[None] = _AfterFunctions(self._app, after[None], self.after)
            if self._app.debug and self._state.make_explorer is not None:
                self._explorer = self._state.make_explorer()
            self._opened = True
        # What was registered or loaded since 'init_app'. Other requests do not wait for it.
        self._state.prepare()

    def _check(
        self, current: Request, status: str, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        """Give the headers of a response that may leave.

        :raises OsoError: it may not.
        """
        request_state = request_state_of(self._app, current)
        request_state.give_up_awaited()
        code = int(status[:3])
        # An extension may answer errors itself, past the functions after a request.
        is_error_page = request_state.reported and code >= 500
        if is_error_page or request_state.withheld_as == code:
            # What the view wrote into the session is withheld as well.
            return [header for header in headers if header[0].lower() != "set-cookie"]
        if request_state.is_turned_away and (may_redirect(code) or not succeeds(code)):
            return headers
        if self._lacks_authorization(current, request_state, code):
            raise not_called(self._app, current, FORGOTTEN)
        if self._hides_denial(request_state, code):
            raise not_called(self._app, current, DENIED)
        if (
            request_state.check_running or request_state.pending or request_state.withheld_as
        ) and succeeds(code):
            raise not_called(self._app, current, UNDECIDED)
        return headers

    def _duty(self, current: Request, request_state: RequestState) -> Duty:
        if self._state.enforcement < Enforcement.AFTER:
            return Duty.NONE
        if current.url_rule is None and request_state.is_early:
            # A function before the views serves a path by itself, and nothing else judges that.
            return Duty.UNGUARDED
        if current.url_rule is not None and request_state.plan is None:
            # No gate was passed: the program enters views itself, for OPTIONS as well.
            return duty_of_endpoint(self._app, current.url_rule.endpoint, current.method)
        return duty_of(self._app, current)

    def _lacks_authorization(
        self, current: Request, request_state: RequestState, status: int
    ) -> bool:
        plan: RoutePlan | None = request_state.plan
        is_new = request_state.is_early and not request_state.expects_guard
        if is_new and request_state.checked and self._lacks_guard(current, request_state):
            # A function before the view has answered, behind one that has allowed something.
            request_state.expect_guard()
        # A hook may lead a request to another route; nothing must be due on both. What the program
        # answers to a denial has nothing of the view.
        if request_state.checked or request_state.forbidden or request_state.is_refusal:
            return False
        if request_state.awaits_guard and not request_state.reported and not succeeds(status):
            # A decorator above the guard of a view may refuse whom those before it let in.
            return False
        is_due = plan is not None and plan.is_due
        return is_due or self._duty(current, request_state) is not Duty.NONE

    def _lacks_guard(self, current: Request, request_state: RequestState) -> bool:
        """Tell whether a request was answered in front of its view, and of a guard it has to pass.

        That may be one of the view, or one that stands before it. An answer to a denial is none.
        """
        plan: RoutePlan | None = request_state.plan
        if plan is None and current.url_rule is not None:
            plan = self._plans.find(current)
        is_denial = request_state.denied and request_state.is_handled
        if plan is None or (is_denial and not request_state.allowed):
            return False
        if plan.is_guard_expected:
            return True
        has_passed = not plan.has_guards_apart and _has_passed(request_state.way, plan.way)
        return not is_denial and not has_passed

    def _hides_denial(self, request_state: RequestState, status: int) -> bool:
        """Tell whether an answer looks like a success although all that was asked was denied.

        What the program answers to denials is no success, nor is an error handler that sends
        the client elsewhere.
        """
        is_denied = request_state.denied and not request_state.allowed
        if request_state.denied_before and not request_state.allowed:
            is_denied = is_denied or not request_state.allowed_before
        if not is_denied or not succeeds(status) or request_state.is_refusal:
            return False
        is_strict = self._state.enforcement >= Enforcement.FORBID
        return is_strict and not (request_state.is_handled and may_redirect(status))


def _has_passed(way: tuple[t.Any, ...] | None, wanted: tuple[t.Any, ...] | None) -> bool:
    """Tell whether a request has passed all guards that it has to pass, in whatever order."""
    passed = () if way is None else way[2:]
    return wanted is None or all(any(each is one for one in passed) for each in wanted[2:])


def _shows(status: int) -> bool:
    """Tell whether a status stands for an answer, which is no redirect."""
    return status < 300


def _request_of(environ: WSGIEnvironment) -> Request | None:
    """Give the current request if it is that of a call of the app."""
    try:
        current = this_request()
    except RuntimeError:
        return None
    # Of another one nothing is known here.
    return current if current.environ is environ else None


def _is_flasks(app: Flask, name: str) -> bool:
    """Tell whether a method of an app is that of Flask, which nobody has replaced."""
    method = getattr(app, name)
    return getattr(getattr(method, "__func__", None), "__globals__", None) is vars(flask.app)


# -- the functions after a request -----------------------------------------------------
#
# Flask looks at each of them, too. So their list leaves out the gate where that would do nothing.
# What else goes through it finds what was registered. In an app whose class has a method of its own
# in place of Flask's, the gate is called like the other functions.

_PROCESS = Flask.process_response.__code__


class _AfterFunctions(list[_Function]):
    """Functions after a request, without the gate where nothing is to be withheld."""

    def __init__(self, app: Flask, functions: Iterable[_Function], gate: _Function) -> None:
        super().__init__(functions)
        self._app = app
        self._gate = gate

    def __reversed__(self) -> Iterator[_Function]:
        if sys._getframe(1).f_code is not _PROCESS:
            return super().__reversed__()
        if len(self) == 1 and self[0] is self._gate and is_settled(self._app, this_request()):
            return iter(())
        return self._called()

    def _called(self) -> Iterator[_Function]:
        for function in super().__reversed__():
            if function is not self._gate or not is_settled(self._app, this_request()):
                yield function


def _is_registered_last(app: Flask) -> bool:
    try:
        app.before_request(judge_pending)
    except AssertionError:
        # The app has dispatched a request past its WSGI border; its hooks stay as they are.
        return False
    return True


def _judge_response(app: Flask, response: Response) -> Response:
    """Judge the route of an answer that another function gave in place of the view."""
    try:
        judge_pending()
    except HTTPException as denial:
        response.close()
        return app.make_response(app.handle_user_exception(denial))
    return response
