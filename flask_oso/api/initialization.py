"""How an app gets its first ``FlaskOso``: its configuration, its Oso with a policy, its gates.

In go an app and an authorizer; the app is as it was if anything is wrong.
"""

from __future__ import annotations

import functools

from flask import Flask

from .. import templating
from ..app_state import AppState, Binding, Explorer, PolicyBinder
from ..config import is_run_by_flask, policies_of, policy_names, read_config
from ..current_actor import named_actor_of
from ..enforcement import (
    denied_requests,  # noqa: F401  # the first denial is not to wait for it
    response_gates,
)
from ..enforcement.authorizer import Authorizer
from ..enforcement.policy_classes import register_guarded
from ..observability.publisher import DecisionPublisher
from ..oso import Oso
from .arguments import both_policies
from .questions import Questions


def initialize(
    app: Flask, extension: object, authorizer: Authorizer, binder: PolicyBinder, oso: Oso | None
) -> None:
    """Prepare an app for which no FlaskOso was initialized yet.

    :raises OsoError: the configuration is wrong, or a policy does not load.
    """
    _name_policy(app, binder)
    config = read_config(app)
    publisher, named_actor = DecisionPublisher(app, app.config), named_actor_of(config)

    def register(own: Oso) -> None:
        authorizer.register_classes(own)
        register_guarded(app, authorizer, own)

    # Nothing of the app is touched before its policies are in force.
    binding = binder.bind_named(app, oso, policy_names(app), register)
    bindings: dict[object, Binding] = {authorizer: binding}
    state = AppState(bindings, extension, config.enforcement, config=config.values)
    state.add(authorizer, authorizer.actors, publisher, named_actor)
    if config.seen and state.oso is not None:
        # Imported late: an application that serves in production does not reload.
        from ..reloading import follow_files

        follow_files(app, state, config, binder)
    state.prepares = is_run_by_flask(app)
    state.prepare()
    if app.config["OSO_EXPLORER"]:
        state.make_explorer = functools.partial(_make_explorer, app, state)
    response_gates.install(app, state)
    templating.install_templating(app, Questions(authorizer))
    app.extensions["oso"] = state


def _name_policy(app: Flask, binder: PolicyBinder) -> None:
    """Give an app the policy that its apps have in common, if its configuration names none.

    :raises OsoError: its configuration names another one.
    """
    policy = binder.policy
    if policy is None:
        return
    named = app.config.get("OSO_POLICIES") or policy
    app.config["OSO_POLICIES"] = named
    if policies_of(app) != policies_of(app, policy):
        raise both_policies(policy, named)


def _make_explorer(app: Flask, state: AppState) -> Explorer:
    # Imported late: only debug mode has it.
    from ..explorer.explorer import PolicyExplorer

    return PolicyExplorer(app, state)
