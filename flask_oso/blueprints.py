"""Guards of whole blueprints: a function that Flask calls before each of their views.

It is called for views that are registered later, and for those of blueprints inside. A
view's own decorators come after it.
"""

from __future__ import annotations

import typing as t

from flask import Blueprint

from .demands import Demand
from .globals import mark_of, state_of, this_app, this_request
from .polar.exceptions import OsoError
from .routes import Guard, add_blueprint_guard, guards_met, is_automatic_options, is_lifted

if t.TYPE_CHECKING:
    from .extension import FlaskOso


def guard_blueprint(
    extension: FlaskOso, blueprint: Blueprint, demand: Demand, guard: Guard
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

    def check() -> None:
        app, current = this_app(), this_request()
        rule = current.url_rule
        if rule is None or is_automatic_options(rule, current.method):
            return
        view = app.view_functions[rule.endpoint]
        if is_lifted(view, current.method):
            return
        state_of(app)
        mark_of(app, current).undecided = True
        given = current.view_args or {}
        has_next = _finds_more(guards_met(app, rule.endpoint, current.method), guard)
        current.view_args = demand.meet(extension, app, view, given, has_next=has_next)

    try:
        blueprint.before_request(check)
    except AssertionError:
        raise OsoError(
            f"The blueprint {blueprint.name!r} is registered already, so it cannot be guarded any"
            " more. Call 'guard' before 'register_blueprint'."
        ) from None
    add_blueprint_guard(blueprint, guard)


def _finds_more(met: list[Guard], guard: Guard) -> bool:
    """Tell whether one of the guards behind this one finds an object."""
    behind = met[met.index(guard) + 1 :] if guard in met else met
    return any(each.key is not None for each in behind)
