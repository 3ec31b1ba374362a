"""Guards of whole blueprints: a function that Flask calls before each of their views.

It is called for views that are registered later, and for those of blueprints inside. A
view's own decorators come after it.
"""

from __future__ import annotations

import functools
import itertools
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
from ..denials.denial import DenialStyle
from ..enforcement.authorizer import Authorizer, is_usual
from ..polar.exceptions import OsoError
from ..polar.value_objects import Record
from ..request_state import (
    NOT_GIVEN,
    Arguments,
    Gift,
    ObjectGift,
    RequestState,
    find_current,
    grown_gift,
    note_passed,
    note_way,
    pass_by,
    this_request,
)
from .guard_checks import check_guards, foreign_authorizer
from .receivers import keys_behind, receiver_of, view_itself
from .shortcuts import Shortcut
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


#: Judges a usual request; ``False`` of another one, with which nothing was done.
_Passing = Callable[[RequestState, Request], bool]


def _new_check(authorizer: Authorizer, view_check: ViewCheck, guard: Guard) -> Callable[[], None]:
    """Make the function that Flask calls before each view of a blueprint."""
    # A way keeps the guard, so that no other one gets its identity.
    known_as = id(guard)

    def check() -> None:
        app, request_state, _ = find_current()
        if request_state is not None:
            check_request(app, this_request(), request_state)

    def check_request(app: Flask, current: Request, request_state: RequestState) -> None:
        rule, plan = current.url_rule, request_state.plan
        if rule is None:
            pass_by(request_state, current)
            return
        if plan is not None and (plan.rule is not rule or plan.method != current.method):
            plan = None
        way: Way | None = None if plan is None else plan.ways.get(known_as)
        if way is None or way.stored is not app.view_functions[rule.endpoint]:
            way = _new_way(app, guard, current, plan)
            if plan is not None:
                plan.ways[known_as] = way
        if way.view is None:
            pass_by(request_state, current)
            return
        passes = way.passes
        if (
            plan is not None
            and passes is not None
            and request_state.way is way.before
            and passes(request_state, current)
        ):
            # As 'note_passed' does it, without a call.
            request_state.way = way.behind_it
            return
        _meet(app, authorizer, view_check, way, request_state, plan)

    mark_request_check(check, check_request)
    guard.request_check = check_request
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
    current, state = this_request(), state_of(app)
    if authorizer not in state.bindings:
        # Another policy would be asked, or none.
        raise OsoError(foreign_authorizer(f"The blueprint {way.guard.blueprint!r}", app))
    request_state.check_running = True
    note_way(request_state, current)
    rule, view = t.cast(Rule, current.url_rule), t.cast(View, way.view)
    before, gift, key = current.view_args or {}, request_state.gift, view_check.key
    if way.passes is _not_known_yet and plan is not None and plan.calls_plainly and gift is None:
        way.passes = _new_passing(app, authorizer, view_check, way, before, plan)
        if way.passes is not None and way.passes(request_state, current):
            note_passed(request_state, way.guard)
            return
    given = dict(before) if gift is None else gift.added_to(before)
    after = view_check.meet(authorizer, view, given, request_state, plan, behind=way.behind)
    if key is not None:
        variables = key.variables_of({*given, *rule.arguments}) or ()
        judged = {name: before[name] for name in variables if name in before}
        receiver = receiver_of(app, rule.endpoint)
        request_state.gift = grown_gift(gift, before, after, judged, receiver)
    note_passed(request_state, way.guard)


def _not_known_yet(request_state: RequestState, current: Request) -> bool:
    return False


class Way(Record, eq=False, frozen=False):
    """How requests of one method of a route pass the guard of a blueprint."""

    endpoint: str
    #: The guard, kept so that no other one gets its identity.
    guard: Guard
    #: What the app has for the route.
    stored: View
    #: The view; ``None`` where the guard is not for it.
    view: View | None
    #: The keys of guards behind this one that find objects.
    behind: list[Key]
    #: What usual requests have passed before the guard, and behind it; see ``RoutePlan.steps``.
    before: object = NOT_GIVEN
    behind_it: tuple[t.Any, ...] = ()
    #: The shortcut for usual requests; ``None`` if this route has none.
    passes: _Passing | None = _not_known_yet


def _new_way(app: Flask, guard: Guard, current: Request, plan: t.Any) -> Way:
    rule = t.cast(Rule, current.url_rule)
    endpoint = rule.endpoint
    stored = app.view_functions[endpoint]
    met = guards_met(app, endpoint, current.method)
    # The view, or a blueprint, may lift the guards around it.
    is_lifted = guard not in met and any(each.lifts for each in met)
    if is_lifted or is_automatic_options(rule, current.method):
        return Way(endpoint, guard, stored, None, [])
    way = Way(endpoint, guard, stored, view_itself(stored), keys_behind(met, guard))
    steps = () if plan is None else plan.steps
    for before, behind_it in itertools.pairwise(steps):
        if behind_it[-1] is guard:
            way.before, way.behind_it = before, behind_it
    return way


def _new_passing(
    app: Flask,
    authorizer: Authorizer,
    view_check: ViewCheck,
    way: Way,
    before: Arguments,
    plan: t.Any,
) -> _Passing | None:
    """Make the shortcut of a way; ``None`` if its requests are unusual."""
    if view_check.key is None:
        return _passing_constant(app, authorizer, view_check)
    # The judge of a shortcut asks the policy that decorators ask.
    if state_of(app).part(Authorizer) is not authorizer:
        return None
    view = t.cast(View, way.view)
    made = view_check.shortcut_to(app, view, dict(before), way.behind)
    if made is None:
        link = view_check.link_to(authorizer, view, dict(before), plan, way.behind)
        return None if link is None else _passing_link(app, view_check, way, before, link)
    find_judged, call = made
    receiver = way.stored = receiver_of(app, way.endpoint)
    variable = call.variable

    def pass_object(request_state: RequestState, current: Request) -> bool:
        given = current.view_args
        # What is given by now a guard further outside has found.
        if given is None or request_state.gift is not None:
            return False
        # Read before: who judges may change the arguments of the request.
        identity = given.get(variable, NOT_GIVEN)
        found = find_judged(request_state, given)
        if found is None:
            return False
        request_state.gift = ObjectGift(call, found, identity, receiver)
        return True

    return pass_object


def _passing_link(
    app: Flask, view_check: ViewCheck, way: Way, before: Arguments, link: Shortcut
) -> _Passing:
    """Make the shortcut of a guard behind which others find objects."""
    # A link has one variable.
    key = t.cast(Key, view_check.key)
    [variable], keyword = key.variables_of(before) or ("",), key.keyword
    receiver = way.stored = receiver_of(app, way.endpoint)

    def pass_link(request_state: RequestState, current: Request) -> bool:
        given = current.view_args
        if given is None or request_state.gift is not None:
            return False
        identity, before = given.get(variable, NOT_GIVEN), {**given}
        after = link(request_state, before)
        if after is None:
            return False
        # As 'grown_gift' makes it: others behind it find objects, so it takes nothing away.
        found = after.get(keyword, NOT_GIVEN)
        is_given = found is not NOT_GIVEN and found is not before.get(keyword, NOT_GIVEN)
        gift = Gift({keyword: found} if is_given else None, {variable: identity}, receiver=receiver)
        request_state.gift = gift
        return True

    return pass_link


def _passing_constant(app: Flask, authorizer: Authorizer, view_check: ViewCheck) -> _Passing | None:
    """Make the shortcut of a guard that judges a resource as it is."""
    resource, action, actor = view_check.resource, view_check.action, view_check.actor
    if type(action) is not str:
        return None
    state = state_of(app)
    judge, style = authorizer.judge_in(app, state), DenialStyle.ASK_LOGIN
    judge_usual = authorizer.usual_judge_in(app, state)
    is_judged_plainly = actor is NOT_GIVEN and is_usual(resource, action)

    def pass_constant(request_state: RequestState, current: Request) -> bool:
        if app.extensions.get("oso") is not state:
            return False
        request_state.check_running = True
        if is_judged_plainly:
            judge_usual(request_state, resource, action, style)
        else:
            judge(request_state, resource, action, actor, style)
        return True

    return pass_constant


def _check_when_registered(blueprint: Blueprint) -> None:
    """Look at the guards of the views of a blueprint once an app has them all."""
    # A deep copy of the blueprint has one of this, too: a closure would register the blueprint.
    register = functools.partial(_register_and_check, blueprint.register)
    blueprint.register = functools.update_wrapper(register, blueprint.register)  # type: ignore[method-assign]


def _register_and_check(
    register: Callable[[t.Any, dict[str, t.Any]], None], app: t.Any, options: dict[str, t.Any]
) -> None:
    register(app, options)
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if view is None or rule.build_only:
            continue
        for method in methods_of(rule, view):
            guards = guards_met(app, rule.endpoint, method)
            check_guards(guards, f"the {describe_endpoint(rule.endpoint, view)}")
