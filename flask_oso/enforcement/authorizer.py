"""The authorizer: actor -> object -> decision -> denial.

In goes what a request wants; it returns if the policy allows that, and raises otherwise. What
was decided is noted in the state of the request. It calls nothing that calls it.
"""

from __future__ import annotations

import functools
import typing as t
import weakref
from collections.abc import Callable, Mapping

from flask import Flask, Request
from werkzeug.local import LocalProxy

from ..app_state import AppState, Binding, PolicyBinder, bound_oso, find_state, state_of
from ..config import DEFAULTS
from ..current_actor import ActorFinder
from ..denials.denial import Denial, DenialStyle
from ..denials.denial_handlers import DenialHandlers
from ..guards.object_loaders import Loaders
from ..oso import LIMITED_CLASSES, ask, check_refusal
from ..polar.host.awaitables import is_awaitable, refuse_awaitable
from ..request_state import (
    NOT_GIVEN,
    RequestState,
    find_current,
    this_app,
    this_request,
    unwrap,
)
from ..row_access.async_sessions import AsyncSessionError

if t.TYPE_CHECKING:
    from ..observability.publisher import DecisionPublisher
    from ..oso import Oso
    from ..polar.proof.proof import Proof
    from ..sqlalchemy.identities import Loading

_Object = t.TypeVar("_Object")
#: Judges a resource, an action and an actor for a request, and answers a denial in a style.
Judge = Callable[[RequestState | None, t.Any, t.Any, t.Any, DenialStyle | None], None]
#: Judges a resource and an action for a request of the current actor; see :func:`is_usual`.
UsualJudge = Callable[[RequestState, t.Any, str, DenialStyle], None]


class Authorizer:
    """Authorizes requests in all apps of one FlaskOso.

    :param binder: has the Oso of what no FlaskOso was initialized for.
    :param register_classes: registers the classes of the program that there are by now.
    """

    def __init__(
        self, binder: PolicyBinder, register_classes: Callable[[Oso], object] = lambda _: None
    ) -> None:
        self._binder = binder
        self.register_classes = register_classes
        #: The classes that are registered since a guard names them.
        self.guarded_classes: weakref.WeakSet[type] = weakref.WeakSet()
        #: What finds objects of the classes that requests name.
        self.loaders = Loaders()
        #: What finds the current actor.
        self.actors = ActorFinder(self.loaders.find_again)
        #: Guards (``guards.view_guards``) of endpoints and blueprints, by the names of these.
        self.named_guards: dict[str, tuple[t.Any, ...]] = {}
        #: The apps that have answered a request: for them a further guard comes too late.
        self.served: weakref.WeakSet[Flask] = weakref.WeakSet()
        #: What answers denials in place of the usual answer.
        self.denial_handlers = DenialHandlers()

    @property
    def has_apps(self) -> bool:
        """Whether its FlaskOso was initialized for any app."""
        return self._binder.has_apps

    def enforce(
        self,
        resource: t.Any,
        *,
        actor: t.Any = NOT_GIVEN,
        action: t.Any = None,
        style: DenialStyle | None = DenialStyle.PLAIN,
        request_state: RequestState | None = None,
    ) -> None:
        """Return if the actor may do this, and otherwise raise.

        :param actor: the current actor if left out. ``None`` is the anonymous actor.
        :param action: the method of the request if ``None``.
        :param style: how a denial is answered; that of the resource if ``None``.
        :param request_state: what the current app knows of the current request, if it was found.
        :raises HTTPException: denied.
        :raises OsoError: no decision could be made.
        """
        if request_state is None:
            app, request_state, _ = find_current()
        else:
            app = request_state.app
        state: AppState | None = app.extensions.get("oso")
        judge = None if state is None else state.judges.get(self)
        if judge is None:
            judge = self.judge_in(app, state)
        judge(request_state, resource, action, actor, style)

    def judge_in(self, app: Flask, state: AppState | None) -> Judge:
        """Give a function that does in an app as :meth:`enforce` does, made once for the app.

        :param state: what the app keeps; ``None`` is an app that keeps nothing.
        """
        known = None if state is None else state.judges.get(self)
        if known is not None:
            return known
        if state is None:
            shared: dict[t.Any, Binding] = {self: self._binder.shared}
            return self._new_judge(app, shared, lambda: self.actors.current(app))
        judge = self._new_judge(app, state.bindings, self.actors.finder(app, state))
        return state.judges.setdefault(self, judge)

    def _new_judge(
        self, app: Flask, bindings: Mapping[t.Any, Binding], find_actor: Callable[[], t.Any]
    ) -> Judge:
        """Make a judge.

        INVARIANT: it returns only if the policy's answer is ``True`` itself.
        """
        publisher = publisher_of(app)
        is_heard = publisher.is_heard

        def judge(
            request_state: RequestState | None,
            resource: t.Any,
            action: t.Any,
            actor: t.Any,
            style: DenialStyle | None,
        ) -> None:
            binding = bindings.get(self)
            oso = bound_oso(binding) if binding is None or binding.oso is None else binding.oso
            who = find_actor() if actor is NOT_GIVEN else _given(actor)
            if type(action) is not str:
                action = _default_action() if action is None else unwrap(action)
            kind = type(resource)
            if issubclass(kind, LocalProxy):
                resource = unwrap(resource)
                kind = type(resource)
            # What a receiver of a signal raises comes before anything is noted.
            if is_heard():
                allowed = publisher.decide(oso, who, action, resource)
            elif (
                kind in LIMITED_CLASSES
                or type(who) in LIMITED_CLASSES
                or type(action) is not str
                or not action.isascii()
            ):
                allowed = ask(oso, who, action, resource)
            else:
                # Usual questions are told from others without a call.
                allowed = oso.is_allowed(who, action, resource)
            if allowed is not True:
                check_refusal(allowed)
                denial = Denial(oso, who, action, resource)
                self.deny(app, denial, style, is_current=actor is NOT_GIVEN)
            if request_state is not None:
                request_state.checked = request_state.allowed = True
                request_state.check_running = False

        return judge

    def usual_judge_in(self, app: Flask, state: AppState) -> UsualJudge:
        """Give a function that does in an app as that of :meth:`judge_in`, for what is usual.

        It is for questions of which :func:`is_usual` says so, and looks at none of that again.

        INVARIANT: it returns only if the policy's answer is ``True`` itself.
        """
        bindings, find_actor = state.bindings, self.actors.finder(app, state)
        publisher = publisher_of(app)
        is_heard = publisher.is_heard

        def judge_usual(
            request_state: RequestState, resource: t.Any, action: str, style: DenialStyle
        ) -> None:
            try:
                oso = bindings[self].oso
            except KeyError:
                oso = None
            if oso is None:
                oso = bound_oso(bindings.get(self))
            who = find_actor()
            if is_heard():
                allowed = publisher.decide(oso, who, action, resource)
            elif type(who) in LIMITED_CLASSES:
                allowed = ask(oso, who, action, resource)
            else:
                allowed = oso.is_allowed(who, action, resource)
            if allowed is not True:
                check_refusal(allowed)
                self.deny(app, Denial(oso, who, action, resource), style, is_current=True)
            request_state.checked = request_state.allowed = True
            request_state.check_running = False

        return judge_usual

    def load(
        self,
        cls: type[_Object],
        identity: t.Any,
        *,
        action: t.Any,
        actor: t.Any = NOT_GIVEN,
        request_state: RequestState | None = None,
        loading: Loading | None = None,
        is_in_place: Callable[[t.Any], bool] | None = None,
    ) -> _Object:
        """Give an object to an actor who may do this.

        :param loading: how a row is read.
        :param is_in_place: tells of an object whether it is what the route means; otherwise there
            is none.
        :raises HTTPException: denied, or there is no such object.
        :raises OsoError: no decision could be made, or nothing finds objects of the class.
        """
        app = this_app() if request_state is None else request_state.app
        plan = None if request_state is None else request_state.plan
        calls_plainly = plan is not None and plan.calls_plainly
        try:
            found = self.loaders.find(
                app, cls, identity, calls_plainly=calls_plainly, loading=loading
            )
        except AsyncSessionError as error:
            # The decision, too, has to wait for the relations that it reads.
            options: dict[str, t.Any] = {"action": action, "actor": actor, "loading": loading}
            options |= {"request_state": request_state, "is_in_place": is_in_place}
            again = functools.partial(self.load, cls, identity, **options)
            return self.loaders.run_within(app, error.session, again)
        if found is None or (is_in_place is not None and not is_in_place(found)):
            self.refuse_missing(app, cls, identity, actor, action)
        if request_state is None:
            self.enforce(found, actor=actor, action=action, style=DenialStyle.HIDE)
        else:
            # As 'enforce' does it, without a call.
            judge = self.judge_in(app, app.extensions.get("oso"))
            judge(request_state, found, action, actor, DenialStyle.HIDE)
        return found  # type: ignore[no-any-return]  # Not a cast: that is a call.

    def enforce_route(self, request: Request, request_state: RequestState) -> None:
        """Judge a request by its route: the resource is the request itself."""
        self.enforce(request, request_state=request_state)

    def explain(self, resource: t.Any, *, actor: t.Any = NOT_GIVEN, action: t.Any = None) -> Proof:
        """Say why :meth:`enforce` returns, or raises, with the same arguments."""
        # Imported late: a request that is decided needs no explanation.
        from ..denials.explained_decision import explain_decision

        app = this_app()
        state = find_state(app)
        redact = DEFAULTS["OSO_REDACT"] if state is None else state.config["OSO_REDACT"]
        action = _default_action() if action is None else unwrap(action)
        oso = bound_oso(self.binding_in(state))
        return explain_decision(oso, self.who(app, actor), action, unwrap(resource), redact)

    def binding_in(self, state: AppState | None) -> Binding | None:
        """Give the binding that an app has for this authorizer; ``None`` if it has none.

        :param state: what the app keeps; ``None`` is an app that keeps nothing.
        """
        return self._binder.shared if state is None else state.bindings.get(self)

    def oso_of(self, app: Flask) -> Oso:
        """Give the Oso that an app has for this authorizer.

        :raises OsoError: it has none.
        """
        return bound_oso(self.binding_in(find_state(app)))

    def who(self, app: Flask, actor: t.Any) -> t.Any:
        """Give the actor that is meant: the current one if none is given."""
        return self.actors.current(app) if actor is NOT_GIVEN else _given(actor)

    def refuse_missing(
        self, app: Flask, cls: type, identity: t.Any, actor: t.Any, action: t.Any
    ) -> t.NoReturn:
        """Answer a request for what is not there, and tell of it, as if it were hidden."""
        # Imported late, as in 'deny'.
        from ..observability.decision import MissingObject

        missing = MissingObject(cls, identity)
        oso, who = self.oso_of(app), self.who(app, actor)
        action = _default_action() if action is None else unwrap(action)
        publisher_of(app).deny(oso, who, action, missing)
        denial = Denial(oso, who, action, missing, is_missing=True)
        self.deny(app, denial, DenialStyle.HIDE, is_current=actor is NOT_GIVEN)

    def deny(
        self, app: Flask, denial: Denial, style: DenialStyle | None, *, is_current: bool
    ) -> t.NoReturn:
        """Note a denial, and answer it as the program wants, or else in a style.

        :param style: that of the resource if ``None``.
        :param is_current: the actor is the one of the request, who may log in.
        """
        # Imported late: what answers denials is imported when an app is initialized.
        from .denied_requests import deny_request

        deny_request(app, self.denial_handlers, denial, style, is_current=is_current)


def is_usual(resource: t.Any, action: t.Any) -> bool:
    """Tell whether a question about the current actor is asked as it is, whoever that is."""
    if type(action) is not str or not action.isascii():
        return False
    kind = type(resource)
    if kind in LIMITED_CLASSES:
        return kind is str and resource.isascii()
    return not issubclass(kind, LocalProxy)


def judge_of(app: Flask) -> Judge:
    """Give what judges requests to an app for decorators.

    :raises OsoError: no FlaskOso was initialized for the app.
    """
    state = state_of(app)
    return state.part(Authorizer).judge_in(app, state)


def publisher_of(app: Flask) -> DecisionPublisher:
    """Give what tells of the decisions of an app; of one that was never initialized, a new one."""
    # Imported late: it is needed where an app is initialized, and more than a guard is.
    from ..observability.publisher import DecisionPublisher

    state = find_state(app)
    return DecisionPublisher(app, DEFAULTS) if state is None else state.part(DecisionPublisher)


def _given(actor: t.Any) -> t.Any:
    """Give the actor that a program names."""
    given = unwrap(actor)
    if is_awaitable(given):
        refuse_awaitable(given, "actor")
    return given


def _default_action() -> str:
    method = this_request().method
    return "GET" if method == "HEAD" else method
