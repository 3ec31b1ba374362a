"""What is known of the authorization of one request.

The request object itself keeps a :class:`RequestState` for each app. Nothing is kept on the
application context, on ``g`` or in the WSGI environment, since those are shared with nested,
outer and later requests.
"""

from __future__ import annotations

import enum
import operator
import sys
import typing as t
import weakref
from collections.abc import Callable, Mapping
from contextvars import ContextVar

import flask.globals
from flask import Flask, Request, Response, current_app, request
from werkzeug.local import LocalProxy

from .polar.exceptions import OsoError
from .polar.value_objects import ValueObject

if t.TYPE_CHECKING:
    from .row_access.reads import Reads


def context_finder(variable: str, proxy: t.Any = None) -> Callable[[t.Any], t.Any]:
    """Return what finds a context of Flask, or gives its argument where there is none.

    A page looks for contexts with each question, and a proxy takes longer than the answer. Flask
    does not promise the name of its context variable: without it, the proxy is asked.

    :param proxy: stands for what is given then; without one nothing is found.
    """
    found = getattr(flask.globals, variable, None)
    if isinstance(found, ContextVar):
        return found.get

    def find(default: t.Any) -> t.Any:
        try:
            return default if proxy is None else proxy._get_current_object()
        except RuntimeError:
            return default

    return find


_app_context, find_request_context = context_finder("_cv_app"), context_finder("_cv_request")
# To read one attribute of a proxy takes longer than to find its object.
_find_app: Callable[[], Flask] = current_app._get_current_object  # type: ignore[attr-defined]
#: Give the current request itself, or raise the ``RuntimeError`` of Flask's proxy.
this_request: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]


def find_request() -> Request | None:
    """Give the current request; ``None`` without one."""
    try:
        return this_request()
    except RuntimeError:
        return None


#: The attribute of a request that has the states by app.
STATES = "_flask_oso"
#: Where the client of a test puts who is to be the current actor; see ``flask_oso.testing``.
STAND_IN = "flask_oso.stand_in"

Arguments = dict[str, t.Any]


class UnboundError(OsoError, RuntimeError):
    """There is no app context. A ``RuntimeError`` too, as Flask's own proxies raise it."""


class NotGiven(enum.Enum):
    """Tell an argument that was left out from one that is ``None``."""

    NOT_GIVEN = enum.auto()


NOT_GIVEN = NotGiven.NOT_GIVEN

#: Stands for the guard of a view that is made of a class, where that decorates its methods anew for
#: each request: any that is reached counts.
ANY_GUARD: t.Final = object()


class Gift(ValueObject):
    """What the guards of blueprints make of the arguments that Flask calls a view with.

    :param judged: the variables that identified an object which was judged, with their values.
    :param receiver: the view that takes it.
    """

    __slots__ = __match_args__ = ("given", "judged", "left_out", "receiver")

    def __init__(
        self,
        given: Arguments | None = None,
        judged: Arguments | None = None,
        left_out: frozenset[str] = frozenset(),
        receiver: object = None,
    ) -> None:
        self.given: t.Final = given or {}
        self.judged: t.Final = judged or {}
        self.left_out: t.Final = left_out
        self.receiver: t.Final = receiver

    def added_to(self, arguments: Mapping[str, t.Any]) -> Arguments:
        """Give the arguments to call the view with.

        :raises OsoError: another object is named by now than the one that was judged.
        """
        for name, value in self.judged.items():
            now = arguments.get(name, value)
            if now is not value and now != value:
                raise OsoError(
                    f"The URL variable {name!r} was {value!r} when a guard judged its object, and"
                    f" is {now!r} now. Change 'request.view_args' before the guard, as in a"
                    " function of 'url_value_preprocessor'."
                )
        made = {**arguments, **self.given}
        for name in self.left_out:
            made.pop(name, None)
        return made

    def written_out(self) -> Gift:
        """Give it as it is; see :class:`ObjectGift`."""
        return self


def grown_gift(
    gift: Gift | ObjectGift | None,
    before: Mapping[str, t.Any],
    after: Arguments,
    judged: Arguments,
    receiver: object,
) -> Gift:
    """Give what makes ``after`` of ``before``, once one more guard has judged.

    :param gift: what the guards in front of it give.
    """
    if gift is not None:
        judged = gift.written_out().judged | judged
    given = {name: each for name, each in after.items() if before.get(name, NOT_GIVEN) is not each}
    return Gift(given, judged, frozenset(before).difference(after), receiver)


class ObjectGift:
    """What the guard of a blueprint gives a view: an object in place of the URL variable.

    It is a :class:`Gift` that is written out where something else is to be made of it.

    :param call: what such calls have in common; see ``guards.shortcuts``.
    :param identity: what the variable was when the object was found.
    """

    __slots__ = ("call", "found", "identity", "receiver")

    def __init__(self, call: t.Any, found: t.Any, identity: t.Any, receiver: object) -> None:
        self.call = call
        self.found = found
        self.identity = identity
        self.receiver = receiver

    def added_to(self, arguments: Mapping[str, t.Any]) -> Arguments:
        """Do as :meth:`Gift.added_to`."""
        call = self.call
        if arguments.keys() != call.names or arguments[call.variable] is not self.identity:
            return self.written_out().added_to(arguments)
        if call.gives_only is not None:
            return {call.gives_only: self.found}
        made: Arguments = call.arguments(arguments, self.found)
        return made

    def written_out(self) -> Gift:
        """Give the same as a :class:`Gift`."""
        call = self.call
        given = {} if call.keyword is None else {call.keyword: self.found}
        return Gift(given, {call.variable: self.identity}, call.left_out, self.receiver)


class GuardNotes:
    """What guards of a view have found, for those that come behind them.

    It is never changed: each guard puts one in the place of another, and what calls the view puts
    that back once the call has ended.

    :param used: the URL variables that identified objects.
    :param judged: the arguments for which objects were found, each with class and identity.
    :param found: the objects, each with the ``ViewCheck`` of its guard.
    :param awaited: the keys of guards that may come behind, by identity.
    """

    __slots__ = ("awaited", "found", "judged", "used")

    def __init__(
        self,
        used: frozenset[str],
        judged: tuple[tuple[str, type, t.Any], ...],
        found: tuple[tuple[t.Any, t.Any], ...],
        awaited: Mapping[int, object],
    ) -> None:
        self.used: t.Final = used
        self.judged: t.Final = judged
        self.found: t.Final = found
        self.awaited: t.Final = awaited

    def grown(
        self, used: frozenset[str], judged: tuple[str, type, t.Any], found: tuple[t.Any, t.Any]
    ) -> GuardNotes:
        """Give the same with what one more guard has found."""
        return GuardNotes(
            self.used | used, (*self.judged, judged), (*self.found, found), self.awaited
        )


class Given:
    """What a function gave, to tell later whether it is what is answered, with nothing added.

    Whoever calls a function may change the dictionary, the list or the response that it gave. What
    is in a response that is sent piece by piece is not known before.
    """

    __slots__ = ("_answer", "_parts")

    def __init__(self, answer: t.Any) -> None:
        self._answer = answer
        is_sent_in_pieces = isinstance(answer, Response) and not isinstance(answer.response, list)
        self._parts = None if is_sent_in_pieces else _parts_of(answer)

    def is_answer(self, answer: object) -> bool:
        """Tell whether an answer is the same object, of the same parts."""
        if self._answer is not answer or self._parts is None:
            return self._answer is answer
        parts = _parts_of(answer)
        is_as_long = len(parts) == len(self._parts)
        return is_as_long and all(map(operator.is_, parts, self._parts))


def _parts_of(answer: t.Any) -> list[t.Any]:
    """Return all that is in dictionaries, lists and responses, at any depth. No code is run."""
    parts: list[t.Any] = []
    waiting, seen = [answer], set[int]()
    while waiting:
        each = waiting.pop()
        parts.append(each)
        if isinstance(each, Response):
            each = each.response
        if id(each) in seen:
            continue
        if isinstance(each, dict):
            waiting += [*dict.keys(each), *dict.values(each)]
        elif isinstance(each, list):
            waiting += list.__iter__(each)
        elif isinstance(each, tuple):
            waiting += tuple.__iter__(each)
        else:
            continue
        seen.add(id(each))
    return parts


class RequestState:
    """What is known about the authorization of one request by one app.

    A new one has nothing of its own, and shows what the class says: that is made faster,
    and most requests change two values.
    """

    app: Flask
    #: A decision was made, whatever it was, or the request was exempted. Where a view has a guard
    #: of its own, those before it do not count: see :meth:`expect_guard`.
    checked: bool = False
    #: It was exempted, and need not reach any guard.
    is_exempt: bool = False
    #: The guard of its view is expected since, whatever was decided before it.
    expects_guard: bool = False
    #: The further guard that is expected, where another one of the view has allowed something.
    expected: t.Any = None
    #: The guard that the request has to reach yet, or those of a class, or ``ANY_GUARD``;
    #: ``None`` before its view, and once one was reached.
    awaited: object | None = None
    #: What an exempt function has given another view, with the reason of its exemption.
    lent: tuple[Given, str | None] | None = None
    #: What a function behind another guard than the one that is awaited has given.
    chosen: Given | None = None
    #: Why it was exempted: for who looks at a request in a debugger.
    skip_reason: str | None = None
    #: Something was allowed, or the request was exempted for a reason.
    allowed: bool = False
    #: Something was denied, and the request was not exempted since.
    denied: bool = False
    #: The same of what came before the guard of its view was expected: to be let in there does not
    #: make up for what that denies.
    allowed_before: bool = False
    denied_before: bool = False
    #: What came before that, such as a list of rows, let the request come so far.
    passed_before: bool = False
    #: Something was denied, or another than the view answers, or the answer was replaced.
    is_doubtful: bool = False
    #: A guard has begun and not come to a decision: no answer may look like a success.
    check_running: bool = False
    #: It was refused before its view, so that whatever answers is an error page.
    forbidden: bool = False
    #: The authorizers that have to judge its route before a response leaves.
    pending: tuple[t.Any, ...] = ()
    #: "Authorize not called." was raised; the next response is the error page for it.
    reported: bool = False
    #: Whom functions of the program have found, each with its function, and with whom Flask-Login
    #: had found then.
    found_actors: tuple[tuple[object, t.Any, t.Any], ...] = ()
    #: Whom the token of the request names; ``None`` is nobody.
    token_actor: t.Any = NOT_GIVEN
    #: Whom its header names to Flask-Login, which asks its session only.
    header_actor: t.Any = NOT_GIVEN
    #: What guards of a view have found, while further ones come; ``None`` before and behind them.
    #: Threads of a request share it, since a decorator in between may call the view in one.
    notes: GuardNotes | None = None
    #: The plan of the route that it matched at first; see ``enforcement.route_plans``.
    plan: t.Any = None
    #: What the guards of blueprints give the view.
    gift: Gift | ObjectGift | None = None
    #: The rule and the method with which functions before the view have judged it, and what it
    #: has passed of these by now.
    way: tuple[t.Any, ...] | None = None
    #: Who stands in for the actor of this request, as its session has the row.
    stand_in: t.Any = NOT_GIVEN
    #: What ends the visits of this request to sessions that are watched.
    visits: weakref.WeakKeyDictionary[t.Any, list[Callable[..., None]]] | None = None
    #: The status of a response that carries nothing of the view, and replaced one that did.
    withheld_as: int | None = None
    #: A function before the view answered in its place, and this one if it is known.
    is_early: bool = False
    answered_by: Callable[..., t.Any] | None = None
    #: An exception reached Flask: an error handler answers.
    is_handled: bool = False
    #: What the program answers to a denial, and whether it does.
    refusal: Response | None = None
    is_refusal: bool = False
    #: The view was not entered, and the client is sent elsewhere, or refused something.
    is_turned_away: bool = False
    #: How rows were read of sessions that are protected.
    reads: Reads | None = None
    #: A view was entered that authorizes inside.
    is_entered: bool = False
    #: In debug mode, which objects of a class the program was asked about, by action and class.
    asked_rows: dict[tuple[str, type], dict[int, t.Any]] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({vars(self)!r})"

    def expect_guard(self, further: t.Any = None) -> None:
        """Have a further guard decide, whatever was decided before it.

        INVARIANT: an answer in place of a view that has a guard of its own does not leave for what
        was allowed before that: a decorator that keeps answers may have it of another actor.

        :param further: that guard; ``None``: the first one of the view.
        """
        self.expects_guard, self.expected = True, further
        if not self.is_exempt:
            self.allowed_before = self.allowed_before or self.allowed
            self.denied_before = self.denied_before or self.denied
            is_passed = self.allowed or (self.checked and not self.denied)
            self.passed_before = self.passed_before or is_passed
            self.checked = self.allowed = self.denied = False

    def reach(self, guard: object) -> bool:
        """Note that a guard was reached: what was asked before it does not count for it.

        :return: whether another one is awaited.
        """
        awaited = self.awaited
        is_of_class = type(awaited) is frozenset and guard in awaited
        if awaited is guard or is_of_class or awaited is ANY_GUARD:
            self._end_waiting()
        return self.awaited is not None

    def call_beside(
        self,
        enter: Callable[..., t.Any],
        app: Flask,
        plan: t.Any,
        args: tuple[t.Any, ...],
        kwargs: Arguments,
    ) -> t.Any:
        """Call a function behind another guard than the one that is awaited.

        A decorator may choose between two views: who answers what this one gives has reached the
        guards of this one. ``chosen`` is compared with the answer when that is known.
        """
        awaited, self.awaited = self.awaited, None
        try:
            answer = enter(app, self, plan, args, kwargs)
            is_reached = self.awaited is None
        finally:
            self.awaited = awaited
        if is_reached:
            self.chosen = Given(answer)
        return answer

    def give_up_awaited(self) -> None:
        """Note that the answer is made, and the guard that is awaited, if one is, was not reached.

        A denial in front of it is one all the same, and may be what is answered.
        """
        if self.denied and not self.allowed:
            self.awaited = None
        elif self.awaited is not None:
            self._end_waiting()

    def _end_waiting(self) -> None:
        self.awaited = None
        if self.checked:
            self.expect_guard(self.expected)

    @property
    def awaits_guard(self) -> bool:
        """Whether a request was let come so far, and a further guard was not reached."""
        return self.passed_before and not self.checked


def leave_notes(state: RequestState, *keys: object) -> GuardNotes | None:
    """Give the notes to put back behind the call of a view, and leave those that its guards use.

    INVARIANT: a guard that those in front of it do not await is that of another view, which a
    decorator in between calls. It judges by itself, and takes nothing from those that come.

    :param keys: the keys of its guards that find objects. Without any, the notes stay for others.
    """
    notes = state.notes
    if notes is not None and keys and not any(id(each) in notes.awaited for each in keys):
        state.notes = None
    return notes


def this_app() -> Flask:
    """Give the current app itself.

    :raises OsoError: there is none.
    """
    try:
        return _find_app()
    except RuntimeError:
        raise UnboundError(
            "Application context doesn't exist. Did you use oso outside the context of a request?"
            " Push one with 'with app.app_context():'."
        ) from None


def request_state_of(app: Flask, subject: Request) -> RequestState:
    """Give what an app knows of a request.

    INVARIANT: it is reached through the request object alone, and a decision of one app's
    policy counts for that app alone.
    """
    # Two threads of a request may both make one.
    states: dict[Flask, RequestState] = subject.__dict__.setdefault(STATES, {})
    state = states.get(app)
    if state is None:
        state = RequestState()
        state.app = app
        state = states.setdefault(app, state)
    return state


def note_way(state: RequestState, subject: Request) -> None:
    """Note that a request is judged before its view as it is now.

    :raises OsoError: it was judged before, and had another route or method then.
    """
    if state.way is not None:
        check_way(state, subject)
        return
    state.way = (subject.url_rule, subject.method)


def note_passed(state: RequestState, passed: object) -> None:
    """Note that a request has passed a guard before its view.

    INVARIANT: it is noted behind the decision, so that no view is entered past a guard that was not
    called, or denied; see ``enforcement.response_gates``.
    """
    way, plan = (*(state.way or ()), passed), state.plan
    # One step of the plan is known again without a comparison. Two rules of one path are equal.
    steps, number = (() if plan is None else plan.steps), len(way) - 2
    is_step = number < len(steps) and steps[number] == way and steps[number][0] is way[0]
    state.way = steps[number] if is_step else way


def pass_by(state: RequestState, subject: Request) -> None:
    """Note that a guard before the view is not about a request as it is now.

    INVARIANT: where a function has led the request elsewhere by then, the guards are asked again
    before a view is entered, even if another function has led it back.
    """
    plan = state.plan
    if plan is not None and not plan.is_of(subject):
        state.plan = None


def check_way(state: RequestState, subject: Request) -> None:
    """Look that a request enters what was judged.

    :raises OsoError: it has another route or method by now.
    """
    if state.way is None or (state.way[0] is subject.url_rule and state.way[1] == subject.method):
        return
    raise OsoError(
        f"The request was {state.way[1]} {str(state.way[0])!r} when it was judged, and is"
        f" {subject.method} {str(subject.url_rule)!r} now. Change 'request' before, as in a WSGI"
        " middleware."
    )


def is_settled(app: Flask, subject: Request) -> bool:
    """Tell whether a request was allowed, or need not be, and its answer is not to be looked at.

    What it says ``False`` of is looked at, and may pass all the same.
    """
    try:
        state: RequestState = subject._flask_oso[app]  # type: ignore[attr-defined]  # 'STATES'
    except (AttributeError, KeyError):
        return False
    if state.is_doubtful or state.check_running or state.pending:
        return False
    if state.checked:
        return state.awaited is None
    plan = state.plan
    # A hook may lead a request to another route, or to another method of a class.
    return (
        plan is not None
        and plan.is_left_alone
        and plan.rule is subject.url_rule
        and plan.method == subject.method
    )


def find_current() -> tuple[Flask, RequestState | None, t.Any]:
    """Give the current app, what it knows of the current request, and the plan of its route.

    The latter two may be ``None``: outside of requests, and where a hook led to another route.
    In one step, since each guard does it: a call takes as long as a decision.

    :raises OsoError: there is no app.
    """
    app_context, request_context = _app_context(None), find_request_context(None)
    if app_context is None or request_context is None:
        app = this_app()
        try:
            current = this_request()
        except RuntimeError:
            return app, None, None
    else:
        app, current = app_context.app, request_context.request
    try:
        # An attribute is read in less time than a dictionary is asked for it.
        state: RequestState = current._flask_oso[app]  # type: ignore[attr-defined]  # 'STATES'
    except (AttributeError, KeyError):
        state = request_state_of(app, current)
    plan = state.plan
    if plan is None or plan.rule is not current.url_rule or plan.method != current.method:
        return app, state, None
    return app, state, plan


def find_request_state(app: Flask) -> RequestState | None:
    """Give what an app knows of the current request; ``None`` outside of requests."""
    try:
        current = this_request()
    except RuntimeError:
        return None
    return request_state_of(app, current)


def find_stand_in() -> t.Any:
    """Give who stands in for the current actor: in a test, and in no other request.

    INVARIANT: it has a class that only ``flask_oso.testing`` makes objects of, and no text of
    a request becomes one. What else a server may put there has no effect, and where nobody
    imported that module nothing is looked at.
    """
    testing = sys.modules.get("flask_oso.testing")
    if testing is None:
        return None
    try:
        found = this_request().environ.get(STAND_IN)
    except RuntimeError:
        return None
    return found if type(found) is testing.StandIn else None


def unwrap(value: t.Any) -> t.Any:
    """Replace a proxy such as ``flask.request`` or ``current_user`` by what it stands for."""
    # Not isinstance: that would believe an object which only claims to be a proxy.
    while issubclass(type(value), LocalProxy):
        value = value._get_current_object()
    return value


def exempt_request(
    state: RequestState | None, reason: str | None = None, plan: t.Any = None
) -> None:
    """Exempt a request from having to authorize; with a reason it may commit.

    :param plan: the plan of its route, if its view is exempt, and not the program that says so of
        the request. That lifts no guard that asks: it has to be reached all the same.
    """
    if state is not None:
        state.checked, state.skip_reason = True, reason
        state.is_exempt = state.is_exempt or plan is None or plan.awaited is None
        if reason:
            state.allowed, state.denied, state.denied_before = True, False, False


def lend_exemption(
    state: RequestState,
    reason: str | None,
    function: Callable[..., t.Any],
    args: tuple[t.Any, ...],
    kwargs: Arguments,
) -> t.Any:
    """Call a function that is exempt, where another view calls it, which is not.

    It may commit as ever. Who answers what it gives is exempt all the same; see :func:`take_lent`.
    """
    before = state.is_exempt, state.skip_reason
    state.is_exempt, state.skip_reason = True, reason
    try:
        answer = function(*args, **kwargs)
    finally:
        state.is_exempt, state.skip_reason = before
    state.lent = Given(answer), reason
    return answer


def take_lent(state: RequestState, answer: object) -> None:
    """Exempt a request that is answered what an exempt function has given, and nothing else.

    What was denied before stays denied: the answer is for everybody, and a commit is not.
    """
    if state.lent is not None and state.lent[0].is_answer(answer):
        denied, denied_before = state.denied, state.denied_before
        exempt_request(state, state.lent[1])
        state.denied, state.denied_before = denied, denied_before
