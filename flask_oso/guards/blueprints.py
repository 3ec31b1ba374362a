"""Guards of whole blueprints: a function that Flask calls before each of their views.

It is called for views that are registered later, and for those of blueprints inside. A
view's own decorators come after it.
"""

from __future__ import annotations

import functools
import typing as t

from flask import Blueprint

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
from ..request_state import (
    Gift,
    find_current,
    note_way,
    request_state_of,
    this_app,
    this_request,
)
from .guard_checks import check_guards, foreign_authorizer
from .receivers import keys_behind, receiver_of, view_itself
from .view_checks import ViewCheck
from .view_guards import add_blueprint_guard, guards_met, own_guards


def guard_blueprint(
    authorizer: Authorizer, blueprint: Blueprint, view_check: ViewCheck, place: SourceLocation
) -> bool:
    """Demand something of every request to the views of a blueprint.

    :return: whether it does; ``False`` if an app has the blueprint already.
    :raises OsoError: another guard of the blueprint gives the same argument.
    """
    guard = view_check.as_guard(place, blueprint=blueprint.name, authorizer=authorizer)

    def check() -> None:
        app, current = this_app(), this_request()
        rule = current.url_rule
        if rule is None or is_automatic_options(rule, current.method):
            return
        met = guards_met(app, rule.endpoint, current.method)
        if guard not in met and any(each.lifts for each in met):
            # The view, or a blueprint, says that the guards around it are not for it.
            return
        view = t.cast(View, view_itself(app.view_functions[rule.endpoint]))
        if authorizer not in state_of(app).bindings:
            # Another policy would be asked, or none.
            raise OsoError(foreign_authorizer(f"The blueprint {blueprint.name!r}", app))
        request_state = request_state_of(app, current)
        request_state.check_running = True
        note_way(request_state, current)
        before, gift = current.view_args or {}, request_state.gift or Gift()
        given = gift.added_to(before)
        behind = keys_behind(met, guard)
        plan = find_current()[2]
        after = view_check.meet(authorizer, view, given, request_state, plan, behind=behind)
        if view_check.key is not None:
            variables = view_check.key.variables_of({*given, *rule.arguments}) or ()
            judged = {name: before[name] for name in variables if name in before}
            request_state.gift = gift.grown(before, after, judged, receiver_of(app, rule.endpoint))

    check_guards([*own_guards(blueprint), guard], f"the blueprint {blueprint.name!r}")
    try:
        blueprint.before_request(check)
    except AssertionError:
        # Flask says so of a blueprint that is registered.
        return False
    if not any(each.target is None for each in own_guards(blueprint)):
        _check_when_registered(blueprint)
    add_blueprint_guard(blueprint, guard)
    return True


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
