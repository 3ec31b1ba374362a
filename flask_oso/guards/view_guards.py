"""How a view is guarded, and whether a guard missed its view.

In goes a view function; out comes which guards a request to it meets. A decorator leaves
a mark on the function that it makes, and on the functions it covers. A route whose
function is covered, but that leads past the cover, was decorated in vain. What a view
does inside cannot be seen here. ``audit`` looks at all routes of an app.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import itertools
import typing as t
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from flask import Blueprint, Flask, Request

from ..app_state import find_state
from ..callables.sync_callable import SyncCallable
from ..callables.view_functions import (
    SourceLocation,
    View,
    class_functions,
    decorates_methods,
    dispatches_plainly,
    forgets_head,
    functions_called,
    functions_in,
    is_automatic_options,
    is_entrance,
    is_static,
    layers_of,
    method_decorators,
    parts_of,
    view_methods,
)
from ..polar.value_objects import Record
from ..request_state import (
    ANY_GUARD,
    NOT_GIVEN,
    Arguments,
    RequestState,
    find_current,
    this_request,
)
from .url_keys import Key

if t.TYPE_CHECKING:
    from ..enforcement.authorizer import Authorizer

_MARK = "__flask_oso__"
_DECLARED = "__flask_oso_declared__"
_DECORATOR = "__flask_oso_decorator__"
_REQUEST_CHECK = "__flask_oso_request_check__"


class GuardKind(enum.Enum):
    """What a decorator does; the value is its name."""

    AUTHORIZE = "authorize"
    LISTS = "lists"
    SKIP = "skip_authorization"
    INSIDE = "authorizes_inside"


#: Calls a guarded function without looking up the current request: it is given the app, what the
#: app knows of the request and of its route, and the arguments of the call.
Entry = Callable[[Flask, RequestState | None, t.Any, tuple[t.Any, ...], Arguments], t.Any]

#: Does what a ``before_request`` function does, and is given what would have to be looked up: the
#: app, the request, and what the app knows of it.
RequestCheck = Callable[[Flask, Request, RequestState], t.Any]

#: What a guard says.
_SAYS = (
    *("kind", "action", "resource", "key", "is_class_meant", "within", "lifts", "authorizer"),
    "reason",
)


class Duty(enum.Enum):
    """What the view of a request has to do where an app requires authorization."""

    NONE = enum.auto()
    #: It has to authorize, and a decorator tells how.
    GUARDED = enum.auto()
    #: It has to authorize, and no decorator tells how.
    UNGUARDED = enum.auto()


class Guard(Record, eq=False, frozen=False):
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
    #: What Flask calls before the views of the blueprint.
    request_check: RequestCheck | None = None
    #: What 'guard' or 'exempt' was given, if a receiver of the view enforces it.
    target: str | None = None
    #: The ``ViewCheck`` that a receiver of the view makes; ``None`` of an exemption.
    check: t.Any = None
    #: What its object belongs to: see ``parents``.
    within: t.Any = NOT_GIVEN
    #: Why a view is exempt.
    reason: str | None = None
    #: Of a list, gives the argument for it, of a function and of the arguments that it is given.
    list_argument: Callable[[View, Collection[str]], str | None] | None = None
    #: Some app has a route that leads through this guard.
    is_used: bool = False
    #: The apps that have one.
    apps: weakref.WeakSet[Flask] = dataclasses.field(default_factory=weakref.WeakSet)

    def __deepcopy__(self, memo: object) -> Guard:
        """Give itself: what Flask calls before the views of a copy of its blueprint is the same."""
        return self

    @property
    def asks(self) -> bool:
        """Whether it asks the policy."""
        return self.kind in (GuardKind.AUTHORIZE, GuardKind.LISTS)

    @property
    def is_of_class(self) -> bool:
        """Whether it asks about a class, or about an object of one."""
        return self.kind is GuardKind.AUTHORIZE and isinstance(self.resource, type)

    def repeats(self, other: Guard) -> bool:
        """Tell whether another one, of the same target, says the same."""
        mine, others = (getattr(each.check, "actor", NOT_GIVEN) for each in (self, other))
        return mine is others and all(
            _is_same(getattr(self, name), getattr(other, name)) for name in _SAYS
        )

    def actions_of(self, methods: Collection[str]) -> list[t.Any]:
        """Give the action, or those that a mapping has for HTTP methods."""
        if not isinstance(self.action, Mapping):
            return [self.action]
        return [action for method, action in self.action.items() if method in methods]

    def is_missed_by(self, app: Flask) -> bool:
        """Tell whether a bare route of the app is a mistake, and not what another app wants."""
        return not self.is_used or app in self.apps


class _Mark(Record, eq=False, frozen=False):
    """What is known about one function.

    ``functools.wraps`` copies marks onto other functions; the owner tells a copy.
    """

    owner: View
    #: The guards that a call passes, the outermost first, if the function is one itself.
    guards: tuple[Guard, ...] = ()
    covered_by: Guard | None = None
    enter: Entry | None = None


def add_guard(guarded: View, view: View, guard: Guard, enter: Entry | None = None) -> None:
    """Note that ``guarded`` is ``view`` behind a guard.

    :param enter: does what a call of ``guarded`` does.
    """
    # The function of a bound method serves other objects as well.
    visible = set(
        map(id, itertools.takewhile(lambda layer: not inspect.ismethod(layer), layers_of(view)))
    )
    for inner in functions_in(view, stop=inspect.ismethod):
        if id(inner) in visible or guard.place.defines(inner):
            _set_mark(inner, covered_by=guard)
    _set_mark(guarded, guards=(guard, *guards_of(view)), enter=enter)


def entry_of(view: View | None) -> Entry | None:
    """Give what does as a call of a guarded function does; ``None`` if it is not known."""
    mark = None if view is None else _own_mark(view)
    return None if mark is None else mark.enter


def entry_behind_guard(view: View) -> Entry:
    """Give what calls a view once the guard in front of it is passed."""
    function, enter_guard = SyncCallable(view), entry_of(view)
    is_plain = function.is_plain

    def enter(
        app: Flask,
        request_state: RequestState | None,
        plan: t.Any,
        args: tuple[t.Any, ...],
        kwargs: Arguments,
    ) -> t.Any:
        if is_plain and plan is not None and plan.calls_plainly:
            if enter_guard is None:
                return view(*args, **kwargs)
            return enter_guard(app, request_state, plan, args, kwargs)
        return function.of(app)(*args, **kwargs)

    return enter


def behind_guard(view: View, place: SourceLocation, methods: Sequence[View] = ()) -> View:
    """Give what a guard calls once it is passed: the view, or what expects a further guard first.

    A decorator in between may answer in its place, as may what a class dispatches with.

    :param place: where the guard stands.
    :param methods: the methods of the class, if a view that is made of one is decorated.
    """
    own = guards_of(view) or _hidden_guards(view, place)
    find = _finder_of_further(view, own, methods)
    if find is None:
        return view

    def expect() -> None:
        app, request_state, plan = find_current()
        further = () if request_state is None else find(app, plan)
        if further:
            state = t.cast(RequestState, request_state)
            state.expect_guard(further[0])
            of_class = (lambda: ANY_GUARD) if plan is None else (lambda: plan.awaited_of_class)
            state.awaited = awaited_of(further, own, of_class)

    @functools.wraps(view)
    def enter(*args: t.Any, **kwargs: t.Any) -> t.Any:
        expect()
        return view(*args, **kwargs)

    @functools.wraps(view)
    async def wait_for(*args: t.Any, **kwargs: t.Any) -> t.Any:
        expect()
        return await view(*args, **kwargs)

    made: View = enter if SyncCallable(view).is_plain else wait_for
    return made


def awaited_of(
    guards: Iterable[Guard], own: Collection[Guard], of_class: Callable[[], object]
) -> object | None:
    """Give what a request has to reach of some guards: the first that asks; ``None`` if none does.

    A promise to ask is not awaited: whatever asks keeps it.

    :param own: the guards of which it is known that a call passes them.
    :param of_class: gives what stands for a guard that the class of the view may replace.
    """
    guard = next((each for each in guards if each.asks), None)
    if guard is None:
        return None
    return guard if any(each is guard for each in own) else of_class()


def awaited_of_class(view: View, method: str) -> object:
    """Give what stands for the guards of a class that dispatches in its own way.

    It may enter another method than that of the request. What ``method_decorators`` name is made
    anew for each request.
    """
    if any(guard.asks for guard in guards_of_decorators(view, method)):
        return ANY_GUARD
    return frozenset(_guards_written_in(getattr(view, "view_class", None)))


def exempts_request(app: Flask, state: RequestState, plan: t.Any, guard: Guard) -> bool:
    """Tell whether an exemption that is called is one of the request, and not of a view beside it.

    It is, where the view of the request has it. So is any that an error handler calls: what that
    answers is not the view's.

    :param plan: the plan of the route; ``None`` where there is none yet.
    """
    if state.is_handled:
        return True
    if plan is not None:
        return plan.exemptions is None or guard in plan.exemptions
    current = this_request()
    known = exemptions_of(app, current.endpoint or "", current.method)
    return known is None or guard in known


def exemptions_of(app: Flask, endpoint: str, method: str) -> frozenset[Guard] | None:
    """Give the exemptions that a request may meet; ``None``: whatever is exempt counts.

    A class that dispatches in its own way may enter another method than that of the request, or
    decorate it for each request. What another method of a class has is not for one that calls it.
    """
    view = app.view_functions.get(endpoint)
    if view is None:
        return frozenset()
    if any(guard.kind is GuardKind.SKIP for guard in guards_of_decorators(view, method)):
        return None
    met, view_class = [*guards_met(app, endpoint, method)], getattr(view, "view_class", None)
    if view_class is not None and not dispatches_plainly(view_class.dispatch_request):
        met += _guards_written_in(view_class)
    if not met:
        # A decorator need not say what it wraps. What a view calls by its name it does not wrap.
        called = {*map(id, functions_called(view))}
        inner = functions_in(view, stop=lambda each: id(each) in called)
        met = [guard for each in inner if id(each) not in called for guard in guards_of(each)]
    return frozenset(each for each in met if each.kind is GuardKind.SKIP)


def _guards_written_in(view_class: t.Any) -> Iterator[Guard]:
    """Give the guards of the functions of a class of views."""
    for each in getattr(view_class, "__mro__", ()):
        for function in filter(inspect.isfunction, vars(each).values()):
            yield from guards_of(function)


def _hidden_guards(view: View, place: SourceLocation) -> tuple[Guard, ...]:
    """Give the guards behind a decorator that does not say what it wraps.

    They belong to the statement of the guard in front: a view may hold on to other functions, too.
    """
    for inner in functions_in(view, stop=_is_guard):
        *_, innermost = layers_of(inner)
        if _is_guard(inner) and place.defines(innermost):
            return guards_of(inner)
    return ()


def _finder_of_further(
    view: View, own: Sequence[Guard], methods: Sequence[View]
) -> Callable[[Flask, t.Any], tuple[Guard, ...]] | None:
    """Give what finds the guards that the current request meets behind something that is none.

    It is given the app and the plan of the route. ``None`` where nothing is in between, or no
    guard comes.
    """
    if entry_of(view) is not None:
        # It is the next guard.
        return None
    further = tuple(_holding(own))
    if further:
        return lambda *_: further
    view_class = getattr(view, "view_class", None)
    methods = methods or ([] if view_class is None else class_functions(view_class))
    if not methods:
        # What a method belongs to is not known where it is decorated.
        is_dispatching = getattr(view, "__name__", None) == "dispatch_request"
        return functools.partial(_guards_of_class, depth=2) if is_dispatching else None
    is_between = decorates_methods(methods[0]) or _is_between(view, methods)
    return functools.partial(_guards_of_class, depth=1) if is_between else None


def _is_between(view: View, methods: Sequence[View]) -> bool:
    """Tell whether a view of a class has guards in it, and something in front of them."""
    held = [each for each in methods if any(_holding(guards_of(each)))]
    is_entered = is_entrance(view) and (
        dispatches_plainly(methods[0]) or entry_of(methods[0]) is not None
    )
    return bool(held) and not (is_entered and all(map(entry_of, held)))


def _guards_of_class(app: Flask, plan: t.Any, depth: int) -> tuple[Guard, ...]:
    """Give the guards that the current request meets in the class of its view.

    :param depth: how many functions it has entered of it.
    """
    known: dict[int, tuple[Guard, ...]] = {} if plan is None else plan.further
    if depth in known:
        return known[depth]
    current = this_request()
    view = app.view_functions.get(current.endpoint or "")
    if getattr(view, "view_class", None) is None:
        return ()
    guards = _guards_behind(t.cast(View, view), current.method, depth)
    further = tuple(each for each in _holding(guards) if each.target is None)
    return known.setdefault(depth, further)


def _holding(guards: Iterable[Guard]) -> Iterator[Guard]:
    """Give the guards that are no exemptions."""
    return (guard for guard in guards if guard.kind is not GuardKind.SKIP)


def guards_of(view: View) -> tuple[Guard, ...]:
    """Give the guards that a call of the view passes, the outermost first."""
    for layer in layers_of(view):
        mark = _own_mark(layer)
        if mark is not None and mark.guards:
            return mark.guards
    return ()


def guards_of_request(view: View, method: str) -> list[Guard]:
    """Give the guards that a request meets, those of a class-based view's method included."""
    return _guards_behind(view, method, 0)


def _guards_behind(view: View, method: str, depth: int) -> list[Guard]:
    """Give those that it meets behind so many functions of ``parts_of``."""
    parts = parts_of(view, method)
    outer = parts[:-1] if len(parts) > 2 else parts
    guards = [guard for part in outer[depth:] for guard in guards_of(part)]
    guards += guards_of_decorators(view, method)
    return guards if outer is parts else [*guards, *guards_of(parts[-1])]


def guards_known(view: View, method: str) -> Collection[Guard]:
    """Give the guards of which it is known that a call passes them itself.

    A class that dispatches in its own way may enter another method, or decorate that anew.
    """
    view_class = getattr(view, "view_class", None)
    is_plain = view_class is None or dispatches_plainly(view_class.dispatch_request)
    return guards_of_request(view, method) if is_plain else guards_of(view)


def guards_of_decorators(view: View, method: str) -> list[Guard]:
    """Give the guards that ``method_decorators`` of a class make, the outermost first.

    Flask-RESTful leaves those of ``get`` out for HEAD: then the receiver of the view enforces them.
    """
    if method == "HEAD" and forgets_head(view):
        place = f"{t.cast(t.Any, view).view_class.__qualname__}.get"
        guards_of_get = guards_of_decorators(view, "GET")
        # A list is given to the function that Flask-RESTful decorates, and to no other.
        return [
            guard.replaced(target=place)
            for guard in guards_of_get
            if guard.kind is not GuardKind.LISTS
        ]
    guards = (getattr(each, _DECORATOR, None) for each in method_decorators(view, method))
    return [
        Guard(each, SourceLocation("", 0)) if isinstance(each, GuardKind) else each
        for each in guards
        if isinstance(each, Guard | GuardKind)
    ]


def mark_decorator(decorator: t.Any, makes: Guard | GuardKind) -> None:
    """Note which guard a decorator makes, before it decorates."""
    vars(decorator)[_DECORATOR] = makes


def mark_request_check(function: View, check: RequestCheck) -> None:
    """Note what may be called, with what is known of the request, in place of a function."""
    # With its owner: 'functools.wraps' copies the mark onto functions that do more.
    vars(function)[_REQUEST_CHECK] = function, check


def request_check_of(function: View) -> RequestCheck | None:
    """Give what may be called in place of a ``before_request`` function, if there is something."""
    owner, check = vars(function).get(_REQUEST_CHECK, (None, None))
    return check if owner is function else None


def add_blueprint_guard(blueprint: Blueprint, guard: Guard) -> None:
    """Note that the views of a blueprint, and of those inside of it, are behind a guard."""
    vars(blueprint)[_MARK] = (*own_guards(blueprint), guard)


def own_guards(blueprint: object) -> tuple[Guard, ...]:
    """Give the guards of a blueprint itself, in the order in which a request meets them."""
    guards: tuple[Guard, ...] = vars(blueprint).get(_MARK, ())
    return guards


def guards_below_others(app: Flask, endpoint: str, method: str) -> Iterator[Guard]:
    """Give the guards that ask, and that a decorator above them may keep from being reached."""
    return (each for each in guards_of_view(app, endpoint, method) if each.asks)


def guards_of_view(app: Flask, endpoint: str, method: str) -> Iterator[Guard]:
    """Give the guards that are no exemptions, and stand neither before the view nor around it."""
    for guard in _holding(guards_met(app, endpoint, method)):
        if guard.target is None and guard.blueprint is None:
            yield guard


def guards_of_blueprints(app: Flask) -> list[Guard]:
    """Give the guards of all blueprints of the app, each once."""
    blueprints = {id(each): each for each in app.blueprints.values()}
    return [guard for each in blueprints.values() for guard in own_guards(each)]


def add_declared_guard(target: object, guard: Guard) -> None:
    """Note that a view, or the views of a class, are behind a guard that was declared apart."""
    setattr(target, _DECLARED, (target, (*declared_for(target), guard)))


def declared_for(target: object) -> tuple[Guard, ...]:
    """Give the guards that were declared for a view or a class itself.

    Who copies the attributes of a function copies its guards, but not its exemption.
    """
    declared: tuple[object, tuple[Guard, ...]]
    declared = getattr(target, "__dict__", {}).get(_DECLARED, (target, ()))
    owner, guards = declared
    if owner is target:
        return guards
    return tuple(guard for guard in guards if guard.kind is not GuardKind.SKIP)


def guards_met(app: Flask, endpoint: str, method: str) -> list[Guard]:
    """Give the guards that a request meets on its way: those of blueprints, then the view's."""
    view = app.view_functions.get(endpoint)
    around = [*_guards_around(app, endpoint)]
    near = [] if view is None else [*_declared_guards(app, endpoint, view, [method])]
    near += [] if view is None else guards_of_request(view, method)
    is_lifted = any(guard.lifts for guard in near)
    met: list[Guard] = []
    for guards in reversed(around):
        # What is exempt with its blueprint is so from those outside, and not from those inside.
        is_lifted = is_lifted or any(guard.lifts for guard in guards)
        left = [guard for guard in guards if not is_lifted or guard.kind is GuardKind.SKIP]
        met = [*left, *met]
    # Those of hooks come before those of the receiver of the view.
    return [*sorted(met, key=lambda guard: guard.target is not None), *near]


def guards_before(app: Flask, endpoint: str, method: str) -> list[Guard]:
    """Give the guards that a request meets before its view, as Flask calls functions there."""
    return [each for each in guards_met(app, endpoint, method) if each.request_check is not None]


def is_asked_before(app: Flask, endpoint: str) -> bool:
    """Tell whether guards of requests to an endpoint are asked before the view is entered."""
    state = find_state(app)
    if any(guard.request_check is not None for guard in _blueprint_guards(app, endpoint)):
        return True
    view = app.view_functions[endpoint]
    return state is not None and bool(state.route_authorizers) and not is_static(endpoint, view)


def guards_apart(app: Flask, endpoint: str) -> list[Guard]:
    """Give the guards of an endpoint that were declared apart, which its receiver enforces."""
    view = app.view_functions[endpoint]
    guards = (
        *_blueprint_guards(app, endpoint),
        *_declared_guards(app, endpoint, view, view_methods(view)),
        *guards_of_decorators(view, "HEAD"),
    )
    return [guard for guard in guards if guard.target is not None]


def guards_declared(app: Flask, view: View) -> list[Guard]:
    """Give the guards that were declared apart for a view itself, with any method."""
    return [*_guards_on(app, view, view_methods(view))]


def all_guards(view: View) -> list[Guard]:
    """Give the guards that requests of any method meet."""
    guards = (each for method in view_methods(view) for each in guards_of_request(view, method))
    return list({id(guard): guard for guard in guards}.values())


def duty_of(app: Flask, request: Request) -> Duty:
    """Tell what the view of a request has to do.

    It has to do nothing where no view is entered, or a public one: the request matches no rule,
    it is an automatic OPTIONS, or for a static file or a view whose only guards are
    ``@skip_authorization``.
    """
    rule = request.url_rule
    if rule is None or is_automatic_options(rule, request.method):
        return Duty.NONE
    return duty_of_endpoint(app, rule.endpoint, request.method)


def duty_of_endpoint(app: Flask, endpoint: str, method: str) -> Duty:
    """Tell what the view of an endpoint has to do, if a request of this method enters it."""
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
    return itertools.chain.from_iterable(_guards_around(app, endpoint))


def _guards_around(app: Flask, endpoint: str) -> Iterator[list[Guard]]:
    """Give the guards of each blueprint of an endpoint, the outermost blueprint first."""
    # An app whose rules have others does not serve, but answers that.
    if not isinstance(endpoint, str):
        return
    parts = endpoint.split(".")[:-1]
    for name in itertools.accumulate(parts, "{}.{}".format):
        if name in app.blueprints:
            own = _counted(app, own_guards(app.blueprints[name]))
            yield [*own, *_named_guards(app, name)]


def _declared_guards(
    app: Flask, endpoint: str, view: View, methods: Iterable[str]
) -> Iterator[Guard]:
    """Give the guards that were declared apart for an endpoint, its view, and the view's class."""
    yield from _named_guards(app, endpoint)
    yield from _guards_on(app, view, methods)


def _guards_on(app: Flask, view: View, methods: Iterable[str]) -> Iterator[Guard]:
    layers = [*layers_of(view)]
    parts = {id(part): part for method in methods for part in parts_of(view, method)[1:]}
    inner = [layer for part in parts.values() for layer in layers_of(part)]
    targets: list[object] = [*_classes_of(view, layers), *layers, *inner]
    found = {id(guard): guard for each in targets for guard in declared_for(each)}
    yield from _counted(app, found.values())


def _counted(app: Flask, guards: Iterable[Guard]) -> Iterator[Guard]:
    """Give the guards that count for an app: those of its own FlaskOso, and all hooks.

    A guard of a FlaskOso that has no app at all is meant for this one, and a mistake.
    """
    state = find_state(app)
    for guard in guards:
        is_own = state is not None and guard.authorizer in state.bindings
        is_lost = guard.check is not None and not t.cast("Authorizer", guard.authorizer).has_apps
        if guard.target is None or is_own or is_lost:
            yield guard


def _named_guards(app: Flask, name: str) -> Iterator[Guard]:
    """Give the guards that were declared for the name of an endpoint or blueprint."""
    state = find_state(app)
    for authorizer in () if state is None else state.bindings:
        yield from t.cast("Authorizer", authorizer).named_guards.get(name, ())


def _classes_of(view: View, layers: list[View]) -> tuple[type, ...]:
    """Give the class of a view and those above it: that of ``as_view``, or of a bound method."""
    view_class = getattr(view, "view_class", None)
    if inspect.isclass(view_class):
        return view_class.__mro__
    owners = [each.__self__ for each in layers if inspect.ismethod(each)]
    return type(owners[0]).__mro__ if owners else ()


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


def _is_same(one: t.Any, other: t.Any) -> bool:
    # What a program judges may have an equality of its own.
    is_plain = isinstance(one, str | dict | Key) and type(one) is type(other)
    return one is other or (is_plain and bool(one == other))


def _set_mark(
    view: View,
    *,
    guards: tuple[Guard, ...] = (),
    covered_by: Guard | None = None,
    enter: Entry | None = None,
) -> None:
    # A bound method shows its function's attributes, which are not its own.
    if inspect.ismethod(view) or not isinstance(getattr(view, "__dict__", None), dict):
        return
    mark = view.__dict__[_MARK] = _own_mark(view) or _Mark(view)
    mark.guards = guards or mark.guards
    mark.covered_by = covered_by or mark.covered_by
    mark.enter = enter or mark.enter
