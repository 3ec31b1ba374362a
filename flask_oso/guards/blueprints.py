"""Guards of whole blueprints: a function that Flask calls before each of their views.

It is called for views that are registered later, and for those of blueprints inside. A
view's own decorators come after it.
"""

from __future__ import annotations

import functools
import typing as t

from flask import Blueprint, Flask

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
from ..request_state import Gift, request_state_of, this_app, this_request
from .guard_checks import check_guards, foreign_authorizer
from .receivers import receiver_of, view_itself
from .url_keys import Key
from .view_checks import ViewCheck
from .view_guards import Guard, add_blueprint_guard, guards_met, is_lifted, own_guards


def guard_blueprint(
    authorizer: Authorizer, blueprint: Blueprint, view_check: ViewCheck, place: SourceLocation
) -> None:
    """Demand something of every request to the views of a blueprint.

    :raises OsoError: an app has the blueprint already, so it would stay without; or it is
        none.
    """
    if not isinstance(blueprint, Blueprint):
        raise OsoError(
            f"'guard' was given {type(blueprint).__name__!r} in place of a blueprint. For every"
            " view of an app there is 'perform_route_authorization'."
        )

    guard = view_check.as_guard(place, blueprint=blueprint.name, authorizer=authorizer)

    def check() -> None:
        app, current = this_app(), this_request()
        rule = current.url_rule
        if rule is None or is_automatic_options(rule, current.method):
            return
        view = t.cast(View, view_itself(app.view_functions[rule.endpoint]))
        if is_lifted(view, current.method):
            return
        _check_serves(authorizer, app, blueprint)
        request_state = request_state_of(app, current)
        request_state.check_running = True
        before, gift = current.view_args or {}, request_state.gift or Gift()
        given = gift.added_to(before)
        behind = _keys_behind(guards_met(app, rule.endpoint, current.method), guard)
        after = view_check.meet(authorizer, view, given, request_state, behind=behind)
        if view_check.key is not None:
            variables = view_check.key.variables_of({*given, *rule.arguments}) or ()
            judged = {name: before[name] for name in variables if name in before}
            request_state.gift = gift.grown(before, after, judged, receiver_of(app, rule.endpoint))

    check_guards([*own_guards(blueprint), guard], f"the blueprint {blueprint.name!r}")
    try:
        blueprint.before_request(check)
    except AssertionError:
        raise OsoError(
            f"The blueprint {blueprint.name!r} is registered already, so it cannot be guarded any"
            " more. Call 'guard' before 'register_blueprint'."
        ) from None
    if not own_guards(blueprint):
        _check_when_registered(blueprint)
    add_blueprint_guard(blueprint, guard)


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


def _check_serves(authorizer: Authorizer, app: Flask, blueprint: Blueprint) -> None:
    """Refuse to ask the policy of a FlaskOso that the app does not have.

    :raises OsoError: it has none, or another one.
    """
    if authorizer not in state_of(app).bindings:
        raise OsoError(foreign_authorizer(f"The blueprint {blueprint.name!r}", app))


def _keys_behind(met: list[Guard], guard: Guard) -> list[Key]:
    """Give the keys of the guards behind this one that find objects."""
    behind = met[met.index(guard) + 1 :] if guard in met else met
    return [each.key for each in behind if each.key is not None]
