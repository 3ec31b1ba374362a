"""How a view is guarded, and whether a guard missed its view.

In goes a view function; out comes which guards a request to it meets. A decorator leaves
a mark on the function that it makes, and on the functions it covers. A route whose
function is covered, but that leads past the cover, was decorated in vain. What a view
does inside cannot be seen here. ``audit`` looks at all routes of an app.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import itertools
import typing as t
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping

from flask import Blueprint, Flask, Request

from ..callables.view_functions import (
    SourceLocation,
    View,
    functions_in,
    is_automatic_options,
    is_static,
    layers_of,
    parts_of,
    view_methods,
)
from .url_keys import Key

if t.TYPE_CHECKING:
    from ..enforcement.authorizer import Authorizer

_MARK = "__flask_oso__"


class GuardKind(enum.Enum):
    """What a decorator does; the value is its name."""

    AUTHORIZE = "authorize"
    LISTS = "lists"
    SKIP = "skip_authorization"
    INSIDE = "authorizes_inside"


class Duty(enum.Enum):
    """What is due from the view of a request where an app requires authorization."""

    NONE = enum.auto()
    #: Authorization, and a decorator says how it is done.
    GUARDED = enum.auto()
    #: Authorization, and nothing says how it is done.
    UNGUARDED = enum.auto()


@dataclasses.dataclass(eq=False)
class Guard:
    """One use of a decorator, or of ``FlaskOso.guard`` for a blueprint, with its constants."""

    kind: GuardKind
    place: SourceLocation
    #: The action, or a mapping of HTTP methods to actions.
    action: t.Any = None
    resource: t.Any = None
    #: What identifies the object in a route; ``None`` if the resource is judged as it is.
    key: Key | None = None
    #: The class itself is judged, and 'load=False' says that this is meant.
    is_class_meant: bool = False
    #: It keeps the guards of blueprints from the view as well.
    lifts: bool = False
    #: The blueprint whose views it guards, if it is no decorator.
    blueprint: str | None = None
    #: Whose policy it asks, if it is no decorator.
    authorizer: Authorizer | None = None
    #: Why a view is exempt.
    reason: str | None = None
    #: Of a list, gives the argument for it, of a function and of the arguments that it is given.
    list_argument: Callable[[View, Collection[str]], str | None] | None = None
    #: Some app has a route that leads through this guard.
    is_used: bool = False
    #: The apps that have one.
    apps: weakref.WeakSet[Flask] = dataclasses.field(default_factory=weakref.WeakSet)

    @property
    def asks(self) -> bool:
        """Whether it asks the policy."""
        return self.kind in (GuardKind.AUTHORIZE, GuardKind.LISTS)

    @property
    def is_of_class(self) -> bool:
        """Whether it asks about a class, or about an object of one."""
        return self.kind is GuardKind.AUTHORIZE and isinstance(self.resource, type)

    def actions_of(self, methods: Collection[str]) -> list[t.Any]:
        """Give the action, or those that a mapping has for HTTP methods."""
        if not isinstance(self.action, Mapping):
            return [self.action]
        return [action for method, action in self.action.items() if method in methods]

    def is_missed_by(self, app: Flask) -> bool:
        """Tell whether a bare route of the app is a mistake, and not what another app wants."""
        return not self.is_used or app in self.apps


@dataclasses.dataclass(eq=False)
class _Mark:
    """What is known about one function.

    ``functools.wraps`` copies marks onto other functions; the owner tells a copy.
    """

    owner: View
    #: The guards that a call passes, the outermost first, if the function is one itself.
    guards: tuple[Guard, ...] = ()
    covered_by: Guard | None = None


def add_guard(guarded: View, view: View, guard: Guard) -> None:
    """Note that ``guarded`` is ``view`` behind a guard."""
    # The function of a bound method serves other objects as well.
    visible = set(
        map(id, itertools.takewhile(lambda layer: not inspect.ismethod(layer), layers_of(view)))
    )
    for inner in functions_in(view, stop=inspect.ismethod):
        if id(inner) in visible or guard.place.defines(inner):
            _set_mark(inner, covered_by=guard)
    _set_mark(guarded, guards=(guard, *guards_of(view)))


def guards_of(view: View) -> tuple[Guard, ...]:
    """Give the guards that a call of the view passes, the outermost first."""
    for layer in layers_of(view):
        mark = _own_mark(layer)
        if mark is not None and mark.guards:
            return mark.guards
    return ()


def guards_of_request(view: View, method: str) -> list[Guard]:
    """Give the guards that a request meets, those of a class-based view's method included."""
    return [guard for part in parts_of(view, method) for guard in guards_of(part)]


def add_blueprint_guard(blueprint: Blueprint, guard: Guard) -> None:
    """Note that the views of a blueprint, and of those inside of it, are behind a guard."""
    vars(blueprint)[_MARK] = (*own_guards(blueprint), guard)


def own_guards(blueprint: object) -> tuple[Guard, ...]:
    """Give the guards of a blueprint itself, in the order in which a request meets them."""
    guards: tuple[Guard, ...] = vars(blueprint).get(_MARK, ())
    return guards


def guards_of_blueprints(app: Flask) -> list[Guard]:
    """Give the guards of all blueprints of the app, each once."""
    blueprints = {id(each): each for each in app.blueprints.values()}
    return [guard for each in blueprints.values() for guard in own_guards(each)]


def guards_met(app: Flask, endpoint: str, method: str) -> list[Guard]:
    """Give the guards that a request meets on its way: those of blueprints, then the view's."""
    view = app.view_functions.get(endpoint)
    if view is None:
        return [*_blueprint_guards(app, endpoint)]
    guards = guards_of_request(view, method)
    return guards if is_lifted(view, method) else [*_blueprint_guards(app, endpoint), *guards]


def is_lifted(view: View, method: str) -> bool:
    """Tell whether a view says that the guards of its blueprints are not for it."""
    return any(guard.lifts for guard in guards_of_request(view, method))


def all_guards(view: View) -> list[Guard]:
    """Give the guards that requests of any method meet."""
    parts = {id(part): part for method in view_methods(view) for part in parts_of(view, method)}
    return [guard for part in parts.values() for guard in guards_of(part)]


def duty_of(app: Flask, request: Request) -> Duty:
    """Tell what the view of a request owes.

    Nothing is due where no view is entered, or a public one: the request matches no rule,
    it is an automatic OPTIONS, or for a static file or a view whose only guards are
    ``@skip_authorization``.
    """
    rule = request.url_rule
    if rule is None or is_automatic_options(rule, request.method):
        return Duty.NONE
    return duty_of_endpoint(app, rule.endpoint, request.method)


def duty_of_endpoint(app: Flask, endpoint: str, method: str) -> Duty:
    """Tell what the view of an endpoint owes, if a request of this method enters it."""
    view = app.view_functions.get(endpoint)
    guards = guards_met(app, endpoint, method)
    if any(guard.kind is not GuardKind.SKIP for guard in guards):
        return Duty.GUARDED
    if guards or (view is not None and is_static(endpoint, view)):
        return Duty.NONE
    return Duty.UNGUARDED


def missed_guard(app: Flask, view: View) -> Guard | None:
    """Give a guard that was put above a view in vain, if it is a mistake of this app."""
    guard = _missed_guard(view)
    return guard if guard is not None and guard.is_missed_by(app) else None


def _blueprint_guards(app: Flask, endpoint: str) -> Iterator[Guard]:
    """Give the guards of the blueprints of an endpoint, the outermost blueprint first."""
    parts = endpoint.split(".")[:-1]
    for name in itertools.accumulate(parts, "{}.{}".format):
        yield from own_guards(app.blueprints[name]) if name in app.blueprints else ()


def _missed_guard(view: View) -> Guard | None:
    """Find a guard that covers this view, but is not on the way of its requests."""
    covers = [_cover(layer) for layer in layers_of(view)]
    if covers[0] is not None:
        return covers[0]
    if guards_of(view):
        # What lies below a guard may have another one on another route.
        return None
    return next(filter(None, covers), None) or _hidden_cover(view)


def _hidden_cover(view: View) -> Guard | None:
    """Look through decorators that keep no ``__wrapped__``."""
    for inner in functions_in(view, stop=_is_guard):
        cover = _cover(inner)
        # A view may hold on to any function; one of the guard's own statement is meant.
        if cover is not None and cover.place.defines(inner) and not _is_guard(inner):
            return cover
    return None


def _cover(view: View) -> Guard | None:
    mark = _own_mark(view)
    return mark.covered_by if mark is not None else None


def _is_guard(view: View) -> bool:
    mark = _own_mark(view)
    return mark is not None and bool(mark.guards)


def _own_mark(view: View) -> _Mark | None:
    mark = getattr(view, "__dict__", {}).get(_MARK)
    return mark if isinstance(mark, _Mark) and mark.owner is view else None


def _set_mark(
    view: View, *, guards: tuple[Guard, ...] = (), covered_by: Guard | None = None
) -> None:
    # A bound method shows its function's attributes, which are not its own.
    if inspect.ismethod(view) or not isinstance(getattr(view, "__dict__", None), dict):
        return
    mark = view.__dict__[_MARK] = _own_mark(view) or _Mark(view)
    mark.guards = guards or mark.guards
    mark.covered_by = covered_by or mark.covered_by
