"""Guards of whole blueprints: a function that Flask calls before each of their views.

It is called for views that are registered later, and for those of blueprints inside. A
view's own decorators come after it.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

from flask import Blueprint, Flask, Request
from werkzeug.routing import Rule

from ..app_state import state_of
from ..callables.view_functions import (
    SourceLocation,
    View,
    describe_endpoint,
    is_automatic_options,
    methods_of,
)
from ..enforcement.authorizer import Authorizer
from ..polar.exceptions import OsoError
from ..polar.value_objects import Record
from ..request_state import (
    NOT_GIVEN,
    Arguments,
    Gift,
    RequestState,
    check_way,
    find_current,
    request_state_of,
    this_request,
)
from .guard_checks import check_guards, foreign_authorizer
from .receivers import Receiver, is_receiver_of, keys_behind, receiver_of, view_itself
from .shortcuts import UsualCall
from .url_keys import Key
from .view_checks import ViewCheck
from .view_guards import (
    Guard,
    add_blueprint_guard,
    guards_met,
    mark_request_check,
    own_guards,
)


def guard_blueprint(
    authorizer: Authorizer, blueprint: Blueprint, view_check: ViewCheck, place: SourceLocation
) -> bool:
    """Put a view check before every view of a blueprint.

    :return: whether it was put there; ``False`` if an app has the blueprint already.
    :raises OsoError: another guard of the blueprint gives the same argument.
    """
    guard = view_check.as_guard(place, blueprint=blueprint.name, authorizer=authorizer)
    check_guards([*own_guards(blueprint), guard], f"the blueprint {blueprint.name!r}")
    try:
        blueprint.before_request(_new_check(authorizer, view_check, guard))
    except AssertionError:
        # Flask says so of a blueprint that is registered.
        return False
    if not any(each.target is None for each in own_guards(blueprint)):
        _check_when_registered(blueprint)
    add_blueprint_guard(blueprint, guard)
    return True


def _new_check(authorizer: Authorizer, view_check: ViewCheck, guard: Guard) -> Callable[[], None]:
    """Make the function that Flask calls before each view of a blueprint."""
    # A way keeps the guard, so that no other one gets its identity.
    known_as = id(guard)

    def check() -> None:
        app, request_state, _ = find_current()
        if request_state is not None:
            check_request(app, this_request())

    def check_request(app: Flask, current: Request) -> None:
        rule = current.url_rule
        if rule is None:
            return
        request_state = request_state_of(app, current)
        plan = request_state.plan
        if plan is not None and (plan.rule is not rule or plan.method != current.method):
            plan = None
        way = None if plan is None else plan.ways.get(known_as)
        if way is None or way.stored is not app.view_functions[rule.endpoint]:
            way = _new_way(app, guard, current)
            if plan is not None:
                plan.ways[known_as] = way
        if way.view is None:
            return
        state = app.extensions.get("oso") or state_of(app)
        if authorizer not in state.bindings:
            # Another policy would be asked, or none.
            raise OsoError(foreign_authorizer(f"The blueprint {guard.blueprint!r}", app))
        request_state.check_running = True
        if request_state.way is None:
            # As 'note_way' does it, without a call.
            request_state.way = rule, current.method
        else:
            check_way(request_state, current)
        if request_state.gift is not None or plan is None:
            _meet(app, authorizer, view_check, way, request_state, plan)
            return
        if view_check.key is None:
            view_check.judge(authorizer, request_state)
            return
        if plan.calls_plainly:
            # A copy: who judges may change that of the request.
            given = {**(current.view_args or {})}
            if way.shortcut is NOT_GIVEN:
                way.shortcut, way.call = view_check.shortcut_before(
                    app, authorizer, way.view, given, way.behind
                )
            after = None if way.shortcut is None else way.shortcut(request_state, given)
            if after is not None:
                request_state.gift = way.gift(app, given, after)
                return
        _meet(app, authorizer, view_check, way, request_state, plan)

    mark_request_check(check, check_request)
    return check


def _meet(
    app: Flask,
    authorizer: Authorizer,
    view_check: ViewCheck,
    way: Way,
    request_state: RequestState,
    plan: t.Any,
) -> None:
    """Have a request judged, and note what that gives its view."""
    current = this_request()
    rule, view = t.cast(Rule, current.url_rule), t.cast(View, way.view)
    before, gift, key = current.view_args or {}, request_state.gift, view_check.key
    given = dict(before) if gift is None else gift.added_to(before)
    after = view_check.meet(authorizer, view, given, request_state, plan, behind=way.behind)
    if key is not None:
        variables = key.variables_of({*given, *rule.arguments}) or ()
        judged = {name: before[name] for name in variables if name in before}
        receiver = receiver_of(app, rule.endpoint)
        request_state.gift = (gift or Gift()).grown(before, after, judged, receiver)


class Way(Record, eq=False, frozen=False):
    """How requests of a route pass the guard of a blueprint."""

    endpoint: str
    #: The guard, kept so that no other one gets its identity.
    guard: Guard
    #: What the app has for the route.
    stored: View
    #: The view; ``None`` where the guard is not for it.
    view: View | None
    #: The keys of guards behind this one that find objects.
    behind: list[Key]
    #: The view that takes the arguments of the guard, once the app has it.
    receiver: Receiver | None
    #: The shortcut for usual requests, and what their calls have in common; ``None`` if requests of
    #: this route have no shortcut.
    shortcut: t.Any = NOT_GIVEN
    call: UsualCall | None = None

    def gift(self, app: Flask, before: Arguments, after: Arguments) -> Gift:
        """Give the arguments that the view gets behind the shortcut, kept with the request."""
        call = t.cast(UsualCall, self.call)
        variable, keyword = call.variable, call.keyword
        given = {} if keyword is None else {keyword: after[keyword]}
        receiver = self.receiver or receiver_of(app, self.endpoint)
        return Gift(given, {variable: before[variable]}, call.left_out, receiver)


def _new_way(app: Flask, guard: Guard, current: Request) -> Way:
    rule = t.cast(Rule, current.url_rule)
    endpoint = rule.endpoint
    stored = app.view_functions[endpoint]
    met = guards_met(app, endpoint, current.method)
    # The view, or a blueprint, may lift the guards around it.
    is_lifted = guard not in met and any(each.lifts for each in met)
    if is_lifted or is_automatic_options(rule, current.method):
        return Way(endpoint, guard, stored, None, [], None)
    receiver = stored if is_receiver_of(stored, endpoint) else None
    return Way(endpoint, guard, stored, view_itself(stored), keys_behind(met, guard), receiver)


def _check_when_registered(blueprint: Blueprint) -> None:
    """Look at the guards of the views of a blueprint once an app has them all."""
    register = blueprint.register

    @functools.wraps(register)
    def register_and_check(app: t.Any, options: dict[str, t.Any]) -> None:
        register(app, options)
        for rule in app.url_map.iter_rules():
            view = app.view_functions.get(rule.endpoint)
            if view is None or rule.build_only:
                continue
            for method in methods_of(rule, view):
                guards = guards_met(app, rule.endpoint, method)
                check_guards(guards, f"the {describe_endpoint(rule.endpoint, view)}")

    blueprint.register = register_and_check  # type: ignore[method-assign]
