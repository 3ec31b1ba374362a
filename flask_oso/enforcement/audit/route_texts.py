"""Rows of the route audit in words: which guards a route has, and what they ask."""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Mapping

from flask import current_app, request
from werkzeug.local import LocalProxy

from ...callables.view_functions import entered_function
from ...config import Enforcement
from ...guards.guard_checks import list_argument
from ...guards.view_guards import Guard, GuardKind
from .route_audit import RouteStatus, Row

#: What becomes of routes that are not guarded.
_FATES = {
    Enforcement.OFF: "routes that are not guarded are open.",
    Enforcement.WARN: "routes that are not guarded are open, and logged.",
    Enforcement.AFTER: "answers of views that did not authorize are withheld; the views have run.",
    Enforcement.FORBID: "routes that are not guarded answer 403.",
    Enforcement.STRICT: "the app does not serve while a route is not guarded.",
}


def requirement(enforcement: Enforcement) -> str:
    """Say what an app requires of its routes."""
    return f"OSO_ENFORCE is {enforcement.name.lower()!r}: {_FATES[enforcement]}"


def guard_of(row: Row) -> str:
    """Give the names of the guards of a route."""
    if row.status is RouteStatus.MISPLACED:
        return "none: misplaced"
    if row.status is RouteStatus.UNGUARDED:
        return "none"
    names = ["route authorization"] if row.is_judged else []
    return " + ".join([*names, *map(_name_of, row.guards)])


def _name_of(guard: Guard) -> str:
    if guard.target is None and guard.blueprint is None:
        return guard.kind.value
    word = "exempt" if guard.kind is GuardKind.SKIP else "guard of"
    return f"{word} {(guard.blueprint or guard.target)!r}"


def action_of(guard: Guard, row: Row) -> str:
    """Give the action of a guard; of a mapping, those of the methods of the route."""
    if isinstance(guard.action, Mapping):
        pairs = ((each, guard.action.get(each)) for each in row.methods)
        return ", ".join(f"{each}: {'none' if to is None else _shown(to)}" for each, to in pairs)
    return "the method" if guard.action is None else _shown(guard.action)


def resource_of(guard: Guard, row: Row) -> str:
    """Give the resource of a guard, with the URL variables that identify it."""
    resource: t.Any = guard.resource
    if issubclass(type(resource), LocalProxy):
        # The object of a proxy is known only during a request.
        return "the request" if resource is request else "a proxy"
    variables = guard.key and guard.key.variables_of(row.variables)
    shown = "nil" if resource is None else _shown(resource)
    return f"{shown} <{', '.join(variables)}>" if variables else shown


def argument_of(guard: Guard, row: Row) -> str | None:
    """Give the name of the view's argument for what a guard gives, if it gives anything."""
    if guard.list_argument is not None:
        entered = entered_function(current_app.view_functions[row.endpoint], row.methods[0])
        return list_argument(guard, row.guards, row.variables, entered)
    return guard.key.keyword if guard.key is not None and row.names_object(guard) else None


def _shown(value: t.Any) -> str:
    return value.__qualname__ if inspect.isclass(value) else repr(value)
