"""Guards and exemptions that are declared apart from a view: by its endpoint, its class or itself.

In goes what a program names; out comes a mark on it, or an entry under its name, which counts
for what is registered later, too. The receiver of a view enforces it. After an app has answered
its first request nothing can be declared for it.
"""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Callable, Iterator

from flask import Blueprint, Flask

from ..app_state import find_state
from ..callables.view_functions import (
    SourceLocation,
    describe_endpoint,
    functions_in,
    layers_of,
    parts_of,
    view_methods,
)
from ..enforcement.authorizer import Authorizer
from ..polar.exceptions import OsoError
from ..polar.spelling import nearest
from .blueprints import guard_blueprint
from .guard_checks import check_guards
from .receivers import view_itself
from .view_checks import ViewCheck
from .view_guards import (
    Guard,
    GuardKind,
    add_blueprint_guard,
    add_declared_guard,
    declared_for,
    guards_declared,
    own_guards,
)

_Target = t.TypeVar("_Target")


def declare_guard(
    authorizer: Authorizer, target: t.Any, view_check: ViewCheck, place: SourceLocation
) -> None:
    """Guard a blueprint, a view, the views of a class, or what an endpoint names.

    :raises OsoError: it is none of these, comes too late, or fits no other guard.
    """
    is_hooked = isinstance(target, Blueprint) and guard_blueprint(
        authorizer, target, view_check, place
    )
    if not is_hooked:
        _check_target(target, "guard")
        blueprint = target.name if isinstance(target, Blueprint) else None
        facts = {"authorizer": authorizer, "check": view_check, "blueprint": blueprint}
        guard = view_check.as_guard(place, target=_name_of(target), **facts)
        _declare(authorizer, target, guard, "guard")


def declare_exemption(
    authorizer: Authorizer,
    targets: tuple[t.Any, ...],
    place: SourceLocation,
    reason: t.Any,
    *,
    lifts: bool,
) -> Callable[[_Target], _Target]:
    """Exempt views from having to authorize; give a decorator that does so, too.

    :raises OsoError: one is nothing that can be exempt, or comes too late; or there is no reason.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise OsoError("'exempt' was given no reason. Say why: 'exempt(view, reason=\"…\")'.")

    def exempt(target: _Target) -> _Target:
        _check_target(target, "exempt")
        guard = Guard(
            GuardKind.SKIP,
            place,
            reason=reason,
            lifts=lifts,
            target=_name_of(target),
            blueprint=target.name if isinstance(target, Blueprint) else None,
            authorizer=authorizer,
        )
        _declare(authorizer, target, guard, "exempt")
        return target

    for each in targets:
        exempt(each)
    return exempt


def mistaken_names(app: Flask) -> Iterator[str]:
    """Say which names guards were declared for that an app does not have, or has twice."""
    state = find_state(app)
    for authorizer in () if state is None else state.bindings:
        for name, guards in t.cast(Authorizer, authorizer).named_guards.items():
            mistake = _mistake_of_name(app, name, guards)
            if mistake is not None:
                yield mistake


def _mistake_of_name(app: Flask, name: str, guards: tuple[Guard, ...]) -> str | None:
    places = ", ".join(str(guard.place) for guard in guards)
    if name in app.view_functions and name in app.blueprints:
        return (
            f"{name!r} is an endpoint of the app {app.name!r}, and the name of a blueprint"
            f" ({places}). Give 'guard' and 'exempt' the blueprint or the view itself."
        )
    if name in app.view_functions or name in app.blueprints:
        return None
    # What is not there needs no exemption; a guard that guards nothing was meant for something.
    guarding = [guard for guard in guards if guard.kind is not GuardKind.SKIP]
    if not guarding:
        return None
    names = [*app.view_functions, *app.blueprints]
    near = nearest(name, [each for each in names if isinstance(each, str)])
    meant = f" Did you mean {near!r}?" if near else ""
    return (
        f"'guard' names {name!r} ({guarding[0].place}), which is neither an endpoint nor a"
        f" blueprint of the app {app.name!r}.{meant}"
    )


def lost_guards(app: Flask) -> Iterator[str]:
    """Say which guards of views an app enters in a way that does not lead through them."""
    views = {name: view_itself(view) or view for name, view in app.view_functions.items()}
    met = {id(guard) for view in views.values() for guard in guards_declared(app, view)}
    for endpoint, view in views.items():
        hidden = [guard for each in functions_in(view) for guard in guards_declared(app, each)]
        for guard in {id(each): each for each in hidden}.values():
            if guard.kind is not GuardKind.SKIP and id(guard) not in met:
                yield (
                    f"'guard' of {guard.target!r} ({guard.place}) does not guard the"
                    f" {describe_endpoint(endpoint, view)}: a decorator in between does not say"
                    " what it wraps. Have it use 'functools.wraps', or guard the endpoint"
                    f" {endpoint!r}."
                )


def _declare(authorizer: Authorizer, target: t.Any, guard: Guard, word: str) -> None:
    known = _declared(authorizer, target)
    if any(guard.repeats(each) for each in known):
        # A factory of apps says the same for each.
        return
    for app in authorizer.served:
        if _has(app, target):
            raise OsoError(
                f"The app {app.name!r} has answered a request already, so {word!r} comes too late"
                f" for {guard.target!r}. Call it before the first request."
            )
    own = [each for each in known if each.authorizer is authorizer]
    check_guards([*own, guard], f"{guard.target!r}")
    if isinstance(target, str):
        authorizer.named_guards[target] = (*known, guard)
    elif isinstance(target, Blueprint):
        add_blueprint_guard(target, guard)
    else:
        add_declared_guard(target, guard)


def _declared(authorizer: Authorizer, target: t.Any) -> tuple[Guard, ...]:
    if isinstance(target, str):
        return authorizer.named_guards.get(target, ())
    return own_guards(target) if isinstance(target, Blueprint) else declared_for(target)


def _has(app: Flask, target: t.Any) -> bool:
    """Tell whether an app has a view that a target means."""
    if isinstance(target, str):
        return target in app.view_functions or target in app.blueprints
    if isinstance(target, Blueprint):
        return any(each is target for each in app.blueprints.values())
    views = app.view_functions.values()
    if isinstance(target, type):
        classes = (getattr(view, "view_class", None) for view in views)
        return any(isinstance(each, type) and issubclass(each, target) for each in classes)
    parts = (part for view in views for each in view_methods(view) for part in parts_of(view, each))
    return any(layer is target for part in parts for layer in layers_of(part))


def _check_target(target: t.Any, word: str) -> None:
    """Refuse what leads to no view, or to more than is meant.

    :raises OsoError: it does.
    """
    if isinstance(target, Flask):
        raise OsoError(
            f"{word!r} was given 'Flask' in place of a blueprint. For every view of an app there"
            " is 'perform_route_authorization'."
        )
    if isinstance(target, str | Blueprint):
        return
    if inspect.ismethod(target):
        raise OsoError(
            f"{word!r} was given the method {target.__qualname__!r}, of which Python makes a new"
            " one each time. Give the name of its endpoint, or its class."
        )
    module = getattr(target, "__module__", None) or ""
    is_of_flask = isinstance(target, type) and module.partition(".")[0] in ("flask", "builtins")
    is_view = callable(target) and not hasattr(target, "__mapper__") and not is_of_flask
    if not is_view or not hasattr(target, "__dict__"):
        raise OsoError(
            f"{word!r} was given {_name_of(target)!r}. Give a blueprint, a view, a class of views,"
            " or the name of an endpoint or of a blueprint."
        )


def _name_of(target: t.Any) -> str:
    if isinstance(target, str):
        return target
    if isinstance(target, Blueprint):
        return target.name
    name: str = getattr(target, "__qualname__", None) or type(target).__qualname__
    return name
