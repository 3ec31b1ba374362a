"""The audit of an app: every route, and how it is guarded.

In goes an app; out come rows, one for each URL rule and each group of its methods that is
guarded in one way, and what is wrong with them. It is taken once, at the first request,
and again when a request meets a view that it has not seen. What a view does inside cannot
be seen here.
"""

from __future__ import annotations

import enum
import functools
import itertools
import typing as t
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from flask import Flask
from werkzeug.routing import Rule

from ...app_state import AppState, find_state
from ...callables.view_functions import (
    SourceLocation,
    View,
    describe_endpoint,
    describe_request,
    entered_function,
    is_static,
    locate,
    methods_of,
)
from ...config import Enforcement
from ...guards.declarations import lost_guards, mistaken_names
from ...guards.guard_checks import (
    accidents,
    clashes,
    foreign_guards,
    shared_variables,
    swapped_keys,
    unnamed_lists,
)
from ...guards.parents import hidden_children, mistakes_within
from ...guards.receivers import view_itself
from ...guards.url_keys import Key
from ...guards.view_guards import (
    Duty,
    Guard,
    GuardKind,
    all_guards,
    duty_of_endpoint,
    guards_met,
    missed_guard,
)
from ...polar.exceptions import OsoError
from ...polar.value_objects import Record
from ...questions.foreign_objects import is_mapped
from ..authorizer import Authorizer
from ..policy_classes import register_late
from .vain_guards import classes_judged_in_vain

_CURE = (
    "Decorate each view with '@authorize', or with '@oso.lists' if it lists objects; exempt it with"
    " '@skip_authorization', or declare with '@authorizes_inside' that it authorizes itself. Of a"
    " class, decorate the method, or name the decorator in its 'decorators'; for a blueprint call"
    " 'oso.guard'. 'flask oso routes' lists all routes."
)
_CURE_OF_INSTALLED = (
    " What an installed package brings has no decorators of yours: with 'oso' the FlaskOso, guard"
    " it with 'oso.guard(name, action, resource)', or exempt it with 'oso.exempt(name, reason=…)';"
    " its names are %s."
)


class RouteStatus(enum.Enum):
    """The status of the requests of a row; the value is what lists show."""

    GUARDED = "guarded"
    #: Its only decorators say that it is open.
    SKIPPED = "skipped"
    #: A static file, or a rule that enters no view.
    EXEMPT = "exempt"
    UNGUARDED = "unguarded"
    #: A decorator stands where it has no effect.
    MISPLACED = "misplaced"
    #: Its guards do not say what is judged, or what the view is given.
    MISTAKEN = "mistaken"


#: What an app must not have.
GAPS = frozenset({RouteStatus.UNGUARDED, RouteStatus.MISPLACED, RouteStatus.MISTAKEN})


class Row(Record, eq=False):
    """Requests of some methods that one URL rule leads to one view."""

    endpoint: str
    #: In the order of the alphabet; ``*`` where the rule takes any.
    methods: tuple[str, ...]
    url: str
    status: RouteStatus
    variables: frozenset[str] = frozenset()
    #: What a request passes before its view, the outermost first.
    guards: tuple[Guard, ...] = ()
    #: Every request of the app is judged before its view.
    is_judged: bool = False
    #: Where the view was written, if it was in Python.
    place: SourceLocation | None = None
    #: The row in one sentence, for those that are wrong; else why it is as it is.
    remark: str = ""
    #: What is wrong with its guards.
    mistakes: tuple[str, ...] = ()

    def names_object(self, guard: Guard) -> bool:
        """Tell whether the route names an object for a guard."""
        return guard.key is not None and guard.key.variables_of(self.variables) is not None

    @property
    def is_gap(self) -> bool:
        """Whether the row is one that an app must not have."""
        return self.status in GAPS


class RouteAudit(Record, eq=False):
    """The routes of an app at one moment.

    ``problem`` says what is wrong with them, and what to do: then the app does not serve.
    It is ``None`` if all is well. ``unguarded`` says which routes are not guarded, if the app
    serves all the same.
    """

    views: dict[str, View]
    rows: tuple[Row, ...]
    problem: str | None
    unguarded: str | None = None


def audit_routes(app: Flask, problem: str | None = None) -> RouteAudit:
    """Look at every route of the app.

    :param problem: one that is known already.
    """
    views = {name: t.cast(View, view_itself(each)) for name, each in app.view_functions.items()}
    for guard in (guard for view in views.values() for guard in all_guards(view)):
        guard.is_used = True
        guard.apps.add(app)
    rows = tuple(_rows(app))
    state = find_state(app)
    unnamed = None if state is None else register_late(app, state)
    gaps = [row for row in rows if row.status is RouteStatus.UNGUARDED]
    unguarded = _complaint(app, gaps)
    is_strict = state is not None and state.enforcement is Enforcement.STRICT
    mistaken = dict.fromkeys(each for row in rows for each in row.mistakes)
    wrong = [
        unnamed,
        *_odd_endpoints(app),
        *mistaken_names(app),
        *lost_guards(app),
        *_misplacements(app, views),
        *mistaken,
    ]
    problems = [problem, *wrong, unguarded if is_strict else None]
    return RouteAudit(
        views,
        rows,
        "\n".join(filter(None, problems)) or None,
        None if is_strict else unguarded,
    )


def check_routes(app: Flask) -> None:
    """Look at the routes of an app, whether or not it requires authorization.

    :raises OsoError: something is wrong with them.
    """
    audit = audit_routes(app)
    gaps = [row for row in audit.rows if row.status is RouteStatus.UNGUARDED]
    state = find_state(app)
    is_told = state is not None and state.enforcement >= Enforcement.FORBID
    complaints = [audit.problem, None if is_told else _complaint(app, gaps)]
    missing = (*unfound_classes(app, audit.rows), *unlisted_classes(app, audit.rows))
    lost = dict.fromkeys(complaint for _, complaint in missing)
    oso = None if state is None else state.oso
    vain = () if oso is None else (each for _, each in classes_judged_in_vain(app, oso))
    problem = "\n".join(filter(None, [*complaints, *lost, *vain]))
    if problem:
        raise OsoError(problem)


def unfound_classes(app: Flask, rows: Iterable[Row]) -> Iterator[tuple[Guard, str]]:
    """Give guards with classes whose objects nothing finds, each once."""
    state = find_state(app)
    seen: set[tuple[int, type]] = set()
    for row in rows if state is not None else ():
        for guard in row.guards:
            key = guard.key
            authorizer = guard.authorizer or t.cast(AppState, state).part(Authorizer)
            if key is None or (id(authorizer), key.cls) in seen or not row.names_object(guard):
                continue
            seen.add((id(authorizer), key.cls))
            if not authorizer.loaders.can_find(app, key.cls):
                yield guard, _unfound(row, guard)


def unlisted_classes(app: Flask, rows: Iterable[Row]) -> Iterator[tuple[Guard, str]]:
    """Give guards that list a class which has no rows, each once."""
    state = find_state(app)
    seen: set[tuple[int, type]] = set()
    for row in rows if state is not None else ():
        for guard in row.guards:
            binding = t.cast(AppState, state).bindings.get(t.cast(Authorizer, guard.authorizer))
            oso = None if binding is None else binding.oso
            is_list = guard.kind is GuardKind.LISTS and isinstance(guard.resource, type)
            key = id(oso), guard.resource
            if not is_list or oso is None or is_mapped(guard.resource) or key in seen:
                continue
            seen.add(key)
            # An adapter reads what it likes, and a class with a table may be mapped later.
            if oso.host.adapter is None and not hasattr(guard.resource, "__tablename__"):
                yield guard, _unlisted(row, guard)


def _unlisted(row: Row, guard: Guard) -> str:
    name = guard.resource.__name__
    return (
        f"'@lists' of the endpoint {row.endpoint!r} ({guard.place}) makes a statement of SQL, and"
        f" {name!r} is no mapped class of SQLAlchemy. Filter its objects in the view:"
        " '@authorizes_inside' above it, and 'oso.filter(action, objects)' in it."
    )


def _unfound(row: Row, guard: Guard) -> str:
    name = guard.resource.__name__
    return (
        f"Nothing finds the objects of {name!r} for a guard of the endpoint {row.endpoint!r}"
        f" ({guard.place}). Register a function: '@oso.loader({name})', or give 'FlaskOso' the"
        " session of SQLAlchemy: 'session=…'."
    )


def unused_authorizers(app: Flask, state: AppState, rows: Iterable[Row]) -> str | None:
    """Say that decorators ask the first FlaskOso of an app that has several.

    One that guards a blueprint, or judges routes, is there for that.
    """
    guards = [guard for row in rows for guard in row.guards if guard.asks]
    used = {state.first, *state.route_authorizers, *(guard.authorizer for guard in guards)}
    others = [each for each in state.bindings if each not in used]
    osos = {id(state.bindings[each].oso) for each in (state.first, *others)}
    if len(osos) < 2 or all(guard.authorizer is not None for guard in guards):
        return None
    return (
        f"The app {app.name!r} has {len(state.bindings)} FlaskOso with policies of their own, and"
        " '@authorize' asks the one that was initialized first. To ask another one, call its"
        " 'guard', 'authorize' or 'load', or initialize it first."
    )


def _odd_endpoints(app: Flask) -> Iterator[str]:
    """Say which rules have endpoints that are no texts, of which blueprints and guards are told."""
    for rule in app.url_map.iter_rules():
        if not isinstance(rule.endpoint, str):
            yield (
                f"The rule {str(rule)!r} has the endpoint {rule.endpoint!r}, which is no text. Name"
                " its view by a text, in the rule and in 'view_functions'."
            )


def is_current(audit: RouteAudit, app: Flask, endpoint: str | None) -> bool:
    """Tell whether the endpoint has the view that the audit saw."""
    if endpoint is None:
        return True
    return audit.views.get(endpoint) is view_itself(app.view_functions.get(endpoint))


def _misplacements(app: Flask, views: dict[str, View]) -> Iterator[str]:
    for endpoint, view in views.items():
        guard = missed_guard(app, view)
        if guard is not None:
            yield _misplacement(guard, endpoint, view)


def _misplacement(guard: Guard, endpoint: str, view: View) -> str:
    name = guard.kind.value
    return (
        f"'@{name}' does not guard the {describe_endpoint(endpoint, view)}: the route was given the"
        f" function without it. Put '@{name}' below '@app.route', directly above the function."
        " A route that shall stay open needs its own 'skip_authorization(view)'."
    )


def _complaint(app: Flask, gaps: Sequence[Row]) -> str | None:
    """Name all routes that are not guarded, and say what to do."""
    lines = [f"  {', '.join(row.methods)} {row.url}: {row.remark}" for row in gaps]
    if not lines:
        return None
    count = "A route is" if len(lines) == 1 else f"{len(lines)} routes are"
    return "\n".join([f"{count} not guarded:", *lines, _CURE + _cure_of_installed(app, gaps)])


def _cure_of_installed(app: Flask, gaps: Sequence[Row]) -> str:
    """Say what to do about views that nobody here can decorate; nothing if there are none."""
    foreign = [row.endpoint for row in gaps if _is_installed(app, row.place)]
    blueprints = {name: name.rpartition(".")[0] for name in foreign}
    # Not each endpoint with a dot is one of a blueprint.
    names = [each if each in app.blueprints else name for name, each in blueprints.items()]
    return _CURE_OF_INSTALLED % ", ".join(map(repr, dict.fromkeys(names))) if names else ""


def _is_installed(app: Flask, place: SourceLocation | None) -> bool:
    """Tell whether a view comes with a package that was installed, and not with the app."""
    path = Path(place.file if place is not None else "")
    is_own = Path(app.root_path) in path.parents
    return not is_own and not {"site-packages", "dist-packages"}.isdisjoint(path.parts)


# -- rows ----------------------------------------------------------------------------


def _rows(app: Flask) -> Iterator[Row]:
    state = find_state(app)
    for rule in app.url_map.iter_rules():
        if rule.build_only or not isinstance(rule.endpoint, str):
            continue
        view = app.view_functions.get(rule.endpoint)
        way = functools.partial(_way, app, rule)
        for _, methods in itertools.groupby(sorted(methods_of(rule, view)), way):
            yield _row(app, state, rule, tuple(methods))


def _row(app: Flask, state: AppState | None, rule: Rule, methods: tuple[str, ...]) -> Row:
    endpoint, method = rule.endpoint, methods[0]
    view = view_itself(app.view_functions.get(endpoint))
    facts: dict[str, t.Any] = {
        "endpoint": endpoint,
        "methods": _without_head(methods),
        "url": f"{rule.host or ''}{rule.rule}",
        "variables": frozenset(rule.arguments),
        "is_judged": state is not None and bool(state.route_authorizers),
    }
    if view is None or rule.redirect_to is not None:
        remark = "It has no view." if rule.redirect_to is None else "It redirects."
        return Row(status=RouteStatus.EXEMPT, remark=remark, **facts)
    guards = tuple(guards_met(app, endpoint, method))
    place = None if is_static(endpoint, view) else locate(view, method)
    facts |= {"guards": guards, "place": place}
    missed = missed_guard(app, view)
    if missed is not None:
        remark = _misplacement(missed, endpoint, view)
        return Row(status=RouteStatus.MISPLACED, remark=remark, **facts)
    mistakes = (*_mistakes(app, state, guards, rule, method),)
    if mistakes:
        return Row(
            status=RouteStatus.MISTAKEN, remark=" ".join(mistakes), mistakes=mistakes, **facts
        )
    status = _status(app, endpoint, method, is_judged=facts["is_judged"])
    remark = _remark(status, endpoint, view, method, guards)
    return Row(status=status, remark=remark, **facts)


def _mistakes(
    app: Flask, state: AppState | None, guards: tuple[Guard, ...], rule: Rule, method: str
) -> Iterator[str]:
    view = t.cast(View, view_itself(app.view_functions[rule.endpoint]))
    where = f"the {describe_endpoint(rule.endpoint, view)}"
    if state is not None:
        yield from foreign_guards(app, guards, state.bindings)
        yield from swapped_keys(guards, functools.partial(_key_order, state), where)
    yield from clashes(guards, where)
    yield from shared_variables(guards, rule, where)
    yield from mistakes_within(guards, where)
    yield from hidden_children(view, method, guards, where)
    # No decorator can say of the files of a blueprint that its class is meant.
    if not is_static(rule.endpoint, view):
        yield from accidents(guards, rule, where)
    yield from unnamed_lists(guards, rule.arguments, entered_function(view, method), where)


def _key_order(state: AppState, guard: Guard) -> tuple[str, ...]:
    authorizer = guard.authorizer or state.part(Authorizer)
    return authorizer.loaders.key_order(t.cast(Key, guard.key).cls)


def _status(app: Flask, endpoint: str, method: str, *, is_judged: bool) -> RouteStatus:
    duty = duty_of_endpoint(app, endpoint, method)
    if duty is Duty.GUARDED or is_judged:
        return RouteStatus.GUARDED
    if duty is Duty.UNGUARDED:
        return RouteStatus.UNGUARDED
    return RouteStatus.SKIPPED if guards_met(app, endpoint, method) else RouteStatus.EXEMPT


def _remark(
    status: RouteStatus, endpoint: str, view: View, method: str, guards: tuple[Guard, ...]
) -> str:
    if status is RouteStatus.UNGUARDED:
        what = describe_request(endpoint, view, method)
        return what.removeprefix("The ").removeprefix(f"{method} of the ")
    if status is RouteStatus.EXEMPT and is_static(endpoint, view):
        return "It serves static files."
    skips = [each for each in guards if each.kind is GuardKind.SKIP]
    if not skips:
        return ""
    return next((each.reason for each in skips if each.reason), "No reason is given.")


def _way(app: Flask, rule: Rule, method: str) -> tuple[t.Any, ...]:
    """Give what requests of methods in one row have in common: their guards and their function."""
    view = app.view_functions.get(rule.endpoint)
    if view is None:
        return ()
    # The guards themselves, since some are made for this look: ids would be met again. What the
    # decorators of a class make that are used bare has no place, and differs in its kind alone.
    met = guards_met(app, rule.endpoint, method)
    return (locate(view, method), *(each if each.place.line else each.kind for each in met))


def _without_head(methods: tuple[str, ...]) -> tuple[str, ...]:
    # HEAD is GET without a body: a row of its own would repeat that of GET.
    return tuple(each for each in methods if each != "HEAD" or "GET" not in methods)
