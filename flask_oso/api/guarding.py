"""What guards and exempts views from outside of them, on a ``FlaskOso``."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

from flask import Blueprint

from ..callables.view_functions import SourceLocation
from ..enforcement.authorizer import Authorizer
from ..enforcement.mistaken_questions import check_guard_order
from ..guards.view_checks import make_view_check
from ..request_state import NOT_GIVEN

_Function = t.TypeVar("_Function", bound=Callable[..., t.Any])


class Guarding:
    """Guards and exemptions on a ``FlaskOso``, which no decorator states."""

    _authorizer: Authorizer

    def guard(
        self,
        target: Blueprint | Callable[..., t.Any] | str,
        action: t.Any,
        resource: t.Any,
        *,
        actor: t.Any = NOT_GIVEN,
        key: str | Sequence[str] | None = None,
        load: bool | None = None,
        name: str | None = None,
        within: t.Any = NOT_GIVEN,
    ) -> None:
        """Guard every view of a blueprint, and of those inside of it, also of later ones.

        It demands what ``@authorize(action, resource)`` demands, before the view's own decorators,
        and of static files as well. A view is exempt with ``@skip_authorization(blueprint=True)``.

        :param target: a blueprint, view, class of views, or the name of an endpoint or blueprint.
        :param action: what is judged, a mapping of methods to actions, or ``None`` for the method.
        :param resource: a class, for the object that the route names, or a constant.
        :param actor: as ``key``, ``load``, ``name`` and ``within``, what it is for ``@authorize``.
        :raises OsoError: two guards give one argument, the action and the resource are swapped, or
            an app with the target has served.
        """
        # Here as in 'exempt': many programs guard by decorators alone.
        from ..guards.declarations import declare_guard

        check_guard_order(action, resource)
        options: dict[str, t.Any] = {"key": key, "load": load, "name": name, "within": within}
        check = make_view_check(action, resource, actor=actor, serves_view=False, **options)
        declare_guard(self._authorizer, target, check, SourceLocation.of_caller(1))

    def exempt(
        self, *targets: t.Any, reason: str, blueprint: bool = False
    ) -> Callable[[_Function], _Function]:
        """Exempt views from having to authorize; what else guards them stands.

        :param targets: what ``guard`` takes; without any, this is a decorator.
        :param reason: why, for the list of routes; their requests may commit.
        :param blueprint: lift the guards of their blueprints as well; of a blueprint its own, and
            those around it.
        :raises OsoError: there is no reason, or an app with a target has served already.
        """
        from ..guards.declarations import declare_exemption

        where = SourceLocation.of_caller(1)
        return declare_exemption(self._authorizer, targets, where, reason, lifts=blueprint)
