"""Route plans: what is constant for requests of one method to one route.

In goes a request; out comes its :class:`RoutePlan`, made once and found by one look-up. A plan
is made anew when the app enters another function for the route, and all are when the routes are
audited again: since the app has a view that the audit has not seen, or requires more than before.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import logging
import operator
import sys
import threading
import typing as t

from flask import Flask, Request
from werkzeug.routing import Rule

from ..app_state import AppState
from ..callables.sync_callable import calls_plainly
from ..callables.view_functions import (
    View,
    describe_request,
    is_automatic_options,
    method_function,
    parts_of,
)
from ..config import Enforcement, removed_keys
from ..guards.receivers import (
    declared_guards,
    entry_into,
    install_receiver,
    install_receivers,
    is_receiver_of,
    lost_receivers,
    view_itself,
)
from ..guards.url_keys import Key
from ..guards.view_guards import (
    Duty,
    Entry,
    Guard,
    GuardKind,
    awaited_of,
    awaited_of_class,
    duty_of_endpoint,
    exemptions_of,
    guards_before,
    guards_below_others,
    guards_known,
    guards_of_view,
)
from ..polar.value_objects import Record
from .audit.route_audit import RouteAudit, audit_routes, is_current, unused_authorizers
from .audit.vain_guards import warn_of_vain_guards
from .authorizer import Authorizer, Judge, UsualJudge
from .commit_guard import veto_configured

_NO_ENTRY = object()
_logger = logging.getLogger("flask_oso.enforcement")
_OPEN = (
    "They answer whoever asks, unless they authorize inside. 'OSO_ENFORCE = \"strict\"' refuses to"
    ' serve them; "off" leaves out this message.'
)
#: A rule may take any method, and a client any word for one.
_MOST_PLANS = 10_000


class RoutePlan(Record, eq=False):
    """What is constant for requests of one method to one route."""

    #: ``None`` for requests that match no route.
    rule: Rule | None
    method: str
    #: What the app has for the route, which may be a ``Receiver`` of the view.
    stored: View | None
    #: The functions of a class-based view that a request passes: its class may get others.
    parts: tuple[View, ...]
    #: Authorization is due.
    is_due: bool
    #: A guard that was not reached is logged, and no more.
    is_watched: bool
    #: The view has a guard of its own, which has to be reached whatever was decided before it.
    is_guard_expected: bool
    #: The first of its guards that asks, or what stands for that; ``None`` if it is not awaited.
    awaited: object | None
    #: What its receiver has to reach, where something stands above that; otherwise the same.
    awaited_first: object | None
    #: What stands for a guard of its class, if that dispatches in its own way.
    awaited_of_class: object | None
    #: The exemptions that a request meets; ``None``: whatever is exempt counts.
    exemptions: frozenset[Guard] | None
    #: Why the view is not entered; ``None`` if it is.
    problem: str | None
    #: The request is refused for that, and the app serves all the same.
    is_forbidden: bool
    #: The view is entered, and nothing but the function that the app has for it is to be looked at,
    #: or, of a class, the three functions that a request passes.
    is_open: bool
    #: The class of a class-based view, and these: the view, what dispatches, and what answers.
    view_class: t.Any
    view: t.Any
    dispatch: View | None
    handler: View | None
    #: The app leaves functions as they are that are no coroutine functions; see ``SyncCallable``.
    calls_plainly: bool
    #: Flask would call the function that the app has for it, as it is.
    is_entered_plainly: bool
    #: What is called then: where its receiver would do nothing more, the view itself.
    called: View | None
    #: What calls it for a request that was found already; ``None`` if it is no guard.
    enter: Entry | None
    #: Judges what decorators guard; see ``Authorizer.judge_in``.
    judge: Judge
    #: Does the same for what is usual; see ``Authorizer.usual_judge_in``.
    judge_usual: UsualJudge
    #: The endpoint of the rule.
    endpoint: str
    #: Flask answers itself, without entering the view.
    is_automatic: bool
    #: What requests have passed, guard by guard, as ``RequestState.way`` notes it: nothing at
    #: first, and then the rule, the method and the guards.
    steps: tuple[tuple[t.Any, ...] | None, ...]
    #: The last of these: it is entered then.
    way: tuple[t.Any, ...] | None
    #: The same, once a view was entered: what was judged was for that time. Automatic OPTIONS never
    #: have that, since they enter none.
    spent_way: tuple[t.Any, ...] | None
    #: An answer without authorization is neither withheld nor told of.
    is_left_alone: bool
    #: Under which name its class has what answers the method.
    handler_name: str
    #: Guards that the receiver of the view enforces, each with the keys of those behind it.
    declared: tuple[tuple[Guard, list[Key]], ...] = ()
    #: How calls pass the checks of the view: see ``guards.view_checks``.
    passages: dict[tuple[t.Any, ...], t.Any] = dataclasses.field(default_factory=dict)
    #: How requests pass the guards of blueprints: see ``guards.blueprints``.
    ways: dict[int, t.Any] = dataclasses.field(default_factory=dict)
    #: How usual calls do, by the function behind the check: see ``guards.shortcuts``.
    shortcuts: dict[t.Any, t.Any] = dataclasses.field(default_factory=dict)
    #: The guards behind so many functions of a class, once they were looked for.
    further: dict[int, tuple[Guard, ...]] = dataclasses.field(default_factory=dict)

    @property
    def has_guards_apart(self) -> bool:
        """Whether the receiver of the view has guards to enforce."""
        return any(guard.kind is not GuardKind.SKIP for guard, _ in self.declared)

    def is_of(self, current: Request) -> bool:
        """Tell whether it is the plan of a request as that is now."""
        rule, method = current.url_rule, current.method
        return self.rule is rule and self.method == method and self.knows(rule)

    def knows(self, rule: Rule | None) -> bool:
        """Tell whether its rule leads where it did: a program may change one that it has."""
        endpoint = "" if rule is None else rule.endpoint
        is_automatic = is_automatic_options(rule, self.method)
        return bool(self.endpoint == endpoint and self.is_automatic is is_automatic)


class RoutePlans:
    """The plans of an app, and the audit of its routes that they rest on."""

    def __init__(self, app: Flask, state: AppState) -> None:
        #: By the identity of the rule, which each plan keeps, and then by the method.
        self.known: dict[int, dict[str, RoutePlan]] = {}
        self._app = app
        self._state = state
        self._audit: RouteAudit | None = None
        #: What was logged of routes that are not guarded.
        self._told: str | None = None
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Audit the routes again before the next request, since more is required of them."""
        with self._lock:
            self._audit, self.known = None, {}

    def find(self, current: Request) -> RoutePlan:
        """Give the plan of a request, and make it if it is not known or not true any more."""
        rule, method = current.url_rule, current.method
        stored = None if rule is None else self._app.view_functions.get(rule.endpoint)
        plan = self.known.get(id(rule), {}).get(method)
        if plan is None or not plan.knows(rule) or not _is_true(plan, stored, method):
            return self._make(rule, method)
        if plan.stored is not stored:
            stored = install_receiver(self._app, plan.endpoint)
            is_entered_plainly = (
                plan.calls_plainly and rule is not None and _is_entered(rule, method, stored)
            )
            called = self._called(plan.steps, plan.declared, stored)
            plan = plan.replaced(
                stored=stored,
                called=called,
                enter=entry_into(called),
                is_entered_plainly=is_entered_plainly,
            )
            self._keep(plan)
        return plan

    def _make(self, rule: Rule | None, method: str) -> RoutePlan:
        # The first requests come together, and one of them looks and warns for all.
        with self._lock:
            endpoint = None if rule is None else rule.endpoint
            if self._audit is None or not is_current(self._audit, self._app, endpoint):
                self.known = {}
                self._audit = self._take_audit(is_first=self._audit is None)
            install_receiver(self._app, endpoint or "")
            plan = self._plan(rule, method, self._audit)
            if sum(map(len, self.known.values())) < _MOST_PLANS:
                self._keep(plan)
            return plan

    def _keep(self, plan: RoutePlan) -> None:
        self.known.setdefault(id(plan.rule), {})[plan.method] = plan

    def _plan(self, rule: Rule | None, method: str, audit: RouteAudit) -> RoutePlan:
        duty = self._duty(rule, method)
        problem, is_forbidden = self._problem(rule, method, duty, audit)
        stored = self._stored_view(rule)
        parts = _parts(view_itself(stored), method)
        is_entered = rule is not None and problem is None
        is_automatic = is_automatic_options(rule, method)
        # Of a class all three are known: the view, what dispatches, and what answers the method.
        # A rule may have its view answer OPTIONS later.
        is_open = is_entered and len(parts) in (0, 3) and not is_automatic
        view, dispatch, handler = parts if len(parts) == 3 else (None, None, None)
        endpoint = "" if rule is None else rule.endpoint
        is_due, is_watched = duty is not Duty.NONE, self._is_watched(rule, method)
        is_plain, authorizer = calls_plainly(self._app), self._state.part(Authorizer)
        steps = self._steps(rule, method, is_entered=is_entered)
        declared = declared_guards(self._app, endpoint, method) if endpoint else ()
        called = self._called(steps, declared, stored)
        is_guard_expected = (is_due or is_watched) and self._has_own_guard(rule, method)
        awaited = self._awaited(endpoint, method, stored) if is_guard_expected else None
        return RoutePlan(
            rule,
            method,
            stored,
            parts,
            is_due=is_due,
            is_watched=is_watched,
            is_guard_expected=is_guard_expected,
            awaited=awaited,
            awaited_of_class=None if stored is None else awaited_of_class(stored, method),
            awaited_first=self._covered_guard(endpoint, declared, stored) or awaited,
            exemptions=exemptions_of(self._app, endpoint, method),
            problem=problem,
            is_forbidden=is_forbidden,
            is_open=is_open,
            view_class=getattr(view_itself(stored), "view_class", None),
            view=view,
            dispatch=dispatch,
            handler=handler,
            calls_plainly=is_plain,
            is_entered_plainly=is_plain and rule is not None and _is_entered(rule, method, stored),
            called=called,
            enter=entry_into(called),
            judge=authorizer.judge_in(self._app, self._state),
            judge_usual=authorizer.usual_judge_in(self._app, self._state),
            endpoint=endpoint,
            is_automatic=is_automatic,
            steps=steps,
            way=steps[-1],
            spent_way=(rule, method) if steps[-1] or is_automatic else None,
            is_left_alone=not is_due and not is_watched,
            # The one text of this name, by which classes remember what they have found.
            handler_name=sys.intern(method.lower()),
            declared=declared,
        )

    def _stored_view(self, rule: Rule | None) -> t.Any:
        """Return the view of a rule, as the application has it."""
        return None if rule is None else self._app.view_functions.get(rule.endpoint)

    def _problem(
        self, rule: Rule | None, method: str, duty: Duty, audit: RouteAudit
    ) -> tuple[str | None, bool]:
        """Say why a view is not entered, and tell whether its requests are refused for that."""
        if audit.problem is not None or rule is None or duty is not Duty.UNGUARDED:
            return audit.problem, False
        missing = self._missing_guard(rule.endpoint, method)
        # What an error handler makes of it may leave, unless it looks like a success.
        return missing, missing is not None and self._state.enforcement is Enforcement.FORBID

    def _steps(
        self, rule: Rule | None, method: str, *, is_entered: bool
    ) -> tuple[tuple[t.Any, ...] | None, ...]:
        """Give what a request has passed before its view, guard by guard."""
        if rule is None:
            return (None,)
        # No request passes that, not even where a class goes on behind the refusal.
        end = () if is_entered else ((rule, method, _NO_ENTRY),)
        if is_automatic_options(rule, method):
            return (None, *end)
        guards = guards_before(self._app, rule.endpoint, method)
        way = (rule, method, *self._state.route_authorizers, *guards)
        return (None, *(way[:number] for number in range(3, len(way) + 1)), *end)

    def _called(
        self,
        steps: tuple[tuple[t.Any, ...] | None, ...],
        declared: tuple[tuple[Guard, list[Key]], ...],
        stored: View | None,
    ) -> View | None:
        """Give what is called of a view whose guards were asked."""
        passed = steps[-1] or ()
        gives_object = any(isinstance(each, Guard) and each.key is not None for each in passed)
        return stored if declared or gives_object else view_itself(stored)

    def _duty(self, rule: Rule | None, method: str) -> Duty:
        is_required = self._state.enforcement >= Enforcement.AFTER
        if not is_required or rule is None or is_automatic_options(rule, method):
            return Duty.NONE
        return duty_of_endpoint(self._app, rule.endpoint, method)

    def _is_watched(self, rule: Rule | None, method: str) -> bool:
        # Who asks beforehand which origins may call has nothing of the view.
        if self._state.enforcement is not Enforcement.WARN or rule is None or method == "OPTIONS":
            return False
        return any(guards_below_others(self._app, rule.endpoint, method))

    def _has_own_guard(self, rule: Rule | None, method: str) -> bool:
        """Tell whether a request meets a guard that the view has itself."""
        # Who asks beforehand which origins may call may be answered in front of it.
        if rule is None or method == "OPTIONS":
            return False
        return any(guards_of_view(self._app, rule.endpoint, method))

    def _awaited(self, endpoint: str, method: str, stored: View | None) -> object | None:
        """Give what a request awaits that has to reach the guard of its view."""
        if stored is None:
            return None
        own, guards = guards_known(stored, method), guards_of_view(self._app, endpoint, method)
        return awaited_of(guards, own, functools.partial(awaited_of_class, stored, method))

    def _covered_guard(
        self, endpoint: str, declared: tuple[tuple[Guard, list[Key]], ...], stored: View | None
    ) -> Guard | None:
        """Give the first guard of a receiver above which something was put, and may answer."""
        if stored is None or is_receiver_of(stored, endpoint):
            return None
        return next((guard for guard, _ in declared if guard.asks), None)

    def _missing_guard(self, endpoint: str, method: str) -> str | None:
        """Say what is missing for a view to be entered under strict authorization."""
        state = self._state
        if state.enforcement < Enforcement.FORBID or state.route_authorizers:
            return None
        view = self._app.view_functions[endpoint]
        what = describe_request(endpoint, view, method)
        return f"{what} is not guarded. {_how_to_guard(view, method)}"

    def _take_audit(self, *, is_first: bool) -> RouteAudit:
        app, state = self._app, self._state
        install_receivers(app)
        for authorizer in state.bindings:
            t.cast(Authorizer, authorizer).served.add(app)
        changed, vetoed = _changed_config(app, state), veto_configured(app, state)
        problems = [*removed_keys(app), *lost_receivers(app), changed, vetoed]
        audit = audit_routes(app, "\n".join(filter(None, problems)) or None)
        self._tell_of(audit.unguarded)
        if is_first and state.oso is not None:
            warn_of_vain_guards(app, state.oso)
        unused = unused_authorizers(app, state, audit.rows) if is_first else None
        if unused is not None:
            app.logger.warning(unused)
        return audit

    def _tell_of(self, unguarded: str | None) -> None:
        """Log which routes are not guarded, where the app serves all the same."""
        if unguarded is None or unguarded == self._told:
            return
        if self._state.enforcement is Enforcement.FORBID:
            self._app.logger.warning("%s\nThey answer 403.", unguarded)
        if self._state.enforcement is Enforcement.WARN:
            _logger.warning("%s\n%s", unguarded, _OPEN)
        self._told = unguarded


def _is_true(plan: RoutePlan, stored: View | None, method: str) -> bool:
    """Tell whether a request still enters the functions for which a plan was made."""
    view = view_itself(stored)
    parts = _parts(view, method)
    is_same = view is view_itself(plan.stored) and len(parts) == len(plan.parts)
    return is_same and all(map(operator.is_, parts, plan.parts))


def _is_entered(rule: Rule, method: str, stored: View | None) -> bool:
    """Tell whether Flask calls a function for a route, without waiting for it."""
    is_answered = method == "OPTIONS" and getattr(rule, "provide_automatic_options", False)
    return not (stored is None or is_answered or inspect.iscoroutinefunction(stored))


def _parts(registered: View | None, method: str) -> tuple[View, ...]:
    """Give the functions of a class-based view, which may be replaced on the class."""
    if registered is None or getattr(registered, "view_class", None) is None:
        return ()
    return tuple(parts_of(registered, method))


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


def _changed_config(app: Flask, state: AppState) -> str | None:
    """Say which switch was thrown too late, and would be taken for being in force."""
    pairs = [(key, value, app.config.get(key)) for key, value in state.config.items()]
    # A proxy need not equal itself.
    changed = [key for key, old, new in pairs if new is not old and new != old]
    if not changed:
        return None
    return f"{', '.join(map(repr, changed))} changed after 'init_app'. Configure the app before."
