"""How a view is guarded, and whether a guard missed its view.

In goes a view function; out comes which guards a request to it meets. A decorator leaves
a mark on the function that it makes, and on the functions it covers. A route whose
function is covered, but that leads past the cover, was decorated in vain. What a view
does inside cannot be seen here. ``census`` looks at all routes of an app.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import itertools
import typing as t
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from flask import Blueprint, Flask, Request
from flask.views import MethodView
from flask.views import View as ClassView
from werkzeug.routing import Rule

from .url_keys import Key

if t.TYPE_CHECKING:
    from ..extension import FlaskOso

View = Callable[..., t.Any]

_MARK = "__flask_oso__"
_AS_VIEW = ClassView.as_view.__func__.__code__  # type: ignore[attr-defined]
#: A view with more functions around and below it than this is not searched further.
_SEARCH_LIMIT = 200


class GuardKind(enum.Enum):
    """What a decorator does; the value is its name."""

    AUTHORIZE = "authorize"
    SKIP = "skip_authorization"
    INSIDE = "authorizes_inside"


class Duty(enum.Enum):
    """What is due from the view of a request where an app requires authorization."""

    NONE = enum.auto()
    #: Authorization, and a decorator says how it is done.
    GUARDED = enum.auto()
    #: Authorization, and nothing says how it is done.
    UNGUARDED = enum.auto()


@dataclasses.dataclass(frozen=True)
class Statement:
    """Where a decorator is applied: one line of a ``def`` statement."""

    file: str
    line: int

    @classmethod
    def of_caller(cls, depth: int) -> Statement:
        """Give the line so many calls above the function that asks."""
        frame = inspect.currentframe()
        for _ in range(depth + 1):
            frame = frame.f_back if frame is not None else None
        # Without frames, on interpreters that have none, no statement is known.
        return cls(frame.f_code.co_filename, frame.f_lineno) if frame is not None else cls("", 0)

    def __str__(self) -> str:
        """Show file and line as messages do."""
        return f"{self.file}:{self.line}"

    def defines(self, view: View) -> bool:
        """Tell whether the function comes from the statement that has this line."""
        code = getattr(view, "__code__", None)
        if code is None or code.co_filename != self.file:
            return False
        last = max((line for *_, line in code.co_lines() if line), default=0)
        return bool(code.co_firstlineno <= self.line <= last)


@dataclasses.dataclass(eq=False)
class Guard:
    """One use of a decorator, or of ``FlaskOso.guard`` for a blueprint, with its constants."""

    kind: GuardKind
    place: Statement
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
    extension: FlaskOso | None = None
    #: Why a view is exempt.
    reason: str | None = None
    #: Some app has a route that leads through this guard.
    is_used: bool = False
    #: The apps that have one.
    apps: weakref.WeakSet[Flask] = dataclasses.field(default_factory=weakref.WeakSet)

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
        map(id, itertools.takewhile(lambda layer: not inspect.ismethod(layer), _layers(view)))
    )
    for inner in _reachable(view, stop=inspect.ismethod):
        if id(inner) in visible or guard.place.defines(inner):
            _set_mark(inner, covered_by=guard)
    _set_mark(guarded, guards=(guard, *guards_of(view)))


def guards_of(view: View) -> tuple[Guard, ...]:
    """Give the guards that a call of the view passes, the outermost first."""
    for layer in _layers(view):
        mark = _own_mark(layer)
        if mark is not None and mark.guards:
            return mark.guards
    return ()


def guards_of_request(view: View, method: str) -> list[Guard]:
    """Give the guards that a request meets, those of a class-based view's method included."""
    return [guard for part in _parts(view, method) for guard in guards_of(part)]


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
    parts = {id(part): part for method in _methods(view) for part in _parts(view, method)}
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


def is_automatic_options(rule: Rule, method: str) -> bool:
    """Tell whether Flask itself answers, without entering the view."""
    return method == "OPTIONS" and getattr(rule, "provide_automatic_options", False) is True


def methods_being_decorated(depth: int) -> list[View]:
    """Give the methods of a class whose ``as_view`` so many calls above applies a decorator.

    What it decorates does not know its class yet.
    """
    frame = inspect.currentframe()
    for _ in range(depth + 1):
        frame = frame.f_back if frame is not None else None
    if frame is None or frame.f_code is not _AS_VIEW:
        return []
    view_class = frame.f_locals["cls"]
    handlers = [_handler(view_class, each) for each in view_class.methods or ()]
    return [view_class.dispatch_request, *(each[1] for each in handlers if each is not None)]


def methods_of(rule: Rule, view: View | None) -> Collection[str]:
    """Give the methods with which a rule enters a view; ``*`` where it takes any."""
    if rule.methods is not None:
        return {each for each in rule.methods if not is_automatic_options(rule, each)}
    return getattr(getattr(view, "view_class", None), "methods", None) or ("*",)


def describe(endpoint: str, view: View) -> str:
    """Name an endpoint and the place of its view."""
    return f"endpoint {endpoint!r} ({_place(view)})"


def describe_request(endpoint: str, view: View, method: str) -> str:
    """Name what a request enters, as a sentence begins.

    Of a ``MethodView`` that is the function of the HTTP method.
    """
    function = method_function(view, method)
    if function is None:
        return f"The {describe(endpoint, view)}"
    name, handler = function
    return f"{method} of the endpoint {endpoint!r} ({name}, {_place(handler)})"


def method_function(view: View, method: str) -> tuple[str, View] | None:
    """Give name and function of an HTTP method, if the view is made of a ``MethodView``."""
    view_class = getattr(view, "view_class", None)
    if not inspect.isclass(view_class) or not issubclass(view_class, MethodView):
        return None
    handler = _handler(view_class, method)
    return (f"{view_class.__name__}.{handler[0]}", handler[1]) if handler is not None else None


def entered_function(view: View, method: str) -> View:
    """Give the function that a request enters through a view: of a class, its method."""
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return view
    function = method_function(view, method)
    entered: View = view_class.dispatch_request if function is None else function[1]
    return entered


def is_static(endpoint: str, view: View) -> bool:
    """Tell whether a view is the one with which Flask serves static files."""
    # Flask registers a function of its own; a view that took its place is not exempt.
    module = getattr(view, "__module__", None) or ""
    return endpoint.rpartition(".")[2] == "static" and module.partition(".")[0] == "flask"


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
    covers = [_cover(layer) for layer in _layers(view)]
    if covers[0] is not None:
        return covers[0]
    if guards_of(view):
        # What lies below a guard may have another one on another route.
        return None
    return next(filter(None, covers), None) or _hidden_cover(view)


def _hidden_cover(view: View) -> Guard | None:
    """Look through decorators that keep no ``__wrapped__``."""
    for inner in _reachable(view, stop=_is_guard):
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


def _layers(view: View) -> Iterator[View]:
    """Follow a view inwards, as far as its decorators tell what they wrap."""
    seen: set[int] = set()
    layer: View | None = view
    while layer is not None and id(layer) not in seen:
        seen.add(id(layer))
        yield layer
        layer = _wrapped(layer)


def _wrapped(view: View) -> View | None:
    if inspect.ismethod(view):
        return view.__func__
    if isinstance(view, functools.partial):
        return view.func
    return getattr(view, "__wrapped__", None)


def _reachable(view: View, stop: Callable[[View], bool] = lambda _: False) -> Iterator[View]:
    """Give the functions that a view wraps or holds on to, itself first."""
    seen: set[int] = set()
    waiting = [view]
    while waiting and len(seen) < _SEARCH_LIMIT:
        layer = waiting.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        if not stop(layer):
            waiting += [inner for inner in (_wrapped(layer), *_held(layer)) if inner is not None]


def _held(view: View) -> Iterable[View]:
    """Give the functions in a closure, or in the attributes of an object that is called."""
    if inspect.isfunction(view):
        values: list[t.Any] = [_contents(cell) for cell in view.__closure__ or ()]
    else:
        values = list(getattr(view, "__dict__", {}).values())
    return [value for value in values if inspect.isfunction(value)]


def _contents(cell: t.Any) -> t.Any:
    try:
        return cell.cell_contents
    except ValueError:  # The name has no value yet.
        return None


def _parts(view: View, method: str) -> list[View]:
    """Give the functions that a request passes: the view, and its class's methods."""
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return [view]
    _, handler = _handler(view_class, method) or ("", None)
    return [view, *filter(callable, (view_class.dispatch_request, handler))]


def _handler(view_class: type, method: str) -> tuple[str, t.Any] | None:
    """Give name and value of the attribute that answers a method; HEAD may be ``get``."""
    names = ("head", "get") if method == "HEAD" else (method.lower(),)
    found = ((name, getattr(view_class, name, None)) for name in names)
    return next((pair for pair in found if pair[1] is not None), None)


def _methods(view: View) -> Iterable[str]:
    view_class = getattr(view, "view_class", None)
    return getattr(view_class, "methods", None) or ("GET",)


def locate(view: View, method: str) -> Statement | None:
    """Give the place of what a request of a method enters, if it was written in Python."""
    code = getattr(_innermost(entered_function(view, method)), "__code__", None)
    return Statement(code.co_filename, code.co_firstlineno) if code else None


def _place(view: View) -> str:
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        return f"{view_class.__module__}.{view_class.__qualname__}"
    code = getattr(_innermost(view), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(type(view).__name__)


def _innermost(view: View) -> View:
    *_, last = _layers(view)
    return last
