"""The calls of flask-oso 0.27, which programs written for it make.

``FlaskOso(oso, app)`` and ``authorize(resource, action=…)`` are told from those of today by their
arguments; see ``arguments`` and ``questions``. The other calls are here.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from flask import Flask, has_app_context

from ..app_state import PolicyBinder, find_state
from ..callables.sync_callable import SyncCallable
from ..config import Enforcement
from ..denials.denial import DenialStyle
from ..enforcement.authorizer import Authorizer
from ..oso import Oso
from ..polar.exceptions import OsoError
from ..request_state import exempt_request, find_request_state, this_app


def authorize_resource(
    authorizer: Authorizer,
    resource: t.Any,
    *,
    actor: t.Any,
    action: t.Any,
    check_read: bool | None,
) -> None:
    """Return if the actor may, and otherwise raise: a denial is 403.

    :param action: the method of the request if ``None``; ``HEAD`` counts as ``GET``.
    :param check_read: answer 404 where the actor may not even read the resource, and 401 where
        nobody is logged in and the app has a login.
    """
    style = DenialStyle.HIDE if check_read else DenialStyle.PLAIN
    authorizer.enforce(resource, actor=actor, action=action, style=style)


class LegacyApi:
    """The calls of flask-oso 0.27 on a ``FlaskOso``."""

    _authorizer: Authorizer
    _binder: PolicyBinder

    def set_oso(self, oso: Oso) -> None:
        """Make this the Oso of the current app.

        Outside of an app context it is the Oso of the apps that were initialized since the last
        call and were not given one of their own, and of later ones. A question under way is
        answered by the one that it was asked of, and what its request asks later by this one.

        :raises DuplicateClassAliasError: the Oso has another class named ``Request``.
        """
        state = find_state(this_app()) if has_app_context() else None
        self._authorizer.register_classes(oso)
        self._binder.replace(oso, state, self._authorizer)

    def set_get_actor(self, get_actor: Callable[[], t.Any]) -> None:
        """Find the current actor with this function, as ``actor_loader`` does.

        It is called for each question, so that who acts may change within a request.

        :raises OsoError: it is no function.
        """
        if not callable(get_actor):
            raise OsoError(
                "'set_get_actor' takes a function that gives the current actor, and not"
                f" {type(get_actor).__name__!r}."
            )
        actors = self._authorizer.actors
        actors.get_actor, actors.is_found_once = SyncCallable(get_actor), False

    def set_unauthorized_action(self, action: Callable[[], t.Any]) -> None:
        """Call this function when a request is denied: ``denial_handler`` as a call.

        What it returns is the response, ``None`` the usual one; what it raises is raised.
        """
        self._authorizer.denial_handlers.register(action)

    def require_authorization(self, app: Flask | None = None, strict: bool = False) -> None:
        """Withhold the response of a view that did not authorize, as ``OSO_ENFORCE = "after"``.

        Views may authorize with a decorator, with ``authorize`` or ``scope`` inside, or be
        exempted. One that answers without raises ``OsoError``, status 500; one that fails before
        keeps its status, and is answered with the app's own page for it. That is noticed after the
        view has run. A ``before_request`` function may redirect in its place.

        :param strict: as ``OSO_ENFORCE = "strict"``: every view must have a guard: a decorator, or
            ``guard`` or ``exempt`` that names it; route authorization counts as one. An app in
            which a view has none does not serve: each request raises an ``OsoError`` that names
            all of them. Where something was denied and nothing allowed, a success is answered 403,
            also if the view caught the denial.
        """
        # Here as in 'perform_route_authorization': they are imported when an app is initialized.
        from ..enforcement import response_gates

        target = self._initialized(app, "Cannot require authorization without Flask app object")
        wanted = Enforcement.STRICT if strict else Enforcement.AFTER
        response_gates.require(target, wanted)

    def perform_route_authorization(self, app: Flask | None = None) -> None:
        """Judge every request that matches a route, with the request as the resource.

        The action is the method; ``HEAD`` counts as ``GET``, and automatic ``OPTIONS`` is not
        judged. Functions that load the user may be registered with ``before_request`` earlier or
        later, but on the app: those of blueprints run after the judgement.
        """
        from ..enforcement import response_gates

        complaint = "Cannot perform route authorization without Flask app object"
        response_gates.judge_routes(self._initialized(app, complaint), self._authorizer)

    def skip_authorization(self, reason: str | None = None) -> None:
        """Exempt the current request from ``require_authorization``.

        :param reason: why; kept with the request. With one, the request may commit.
        """
        exempt_request(find_request_state(this_app()), reason)

    def _initialized(self, app: Flask | None, complaint: str) -> Flask:
        raise NotImplementedError
