"""``@authorize``, ``@skip_authorization`` and ``@authorizes_inside`` for views.

Each works bare, called and with keywords, on functions, ``async def`` functions, methods
and in ``View.decorators``, and keeps the name and signature of the view. Their arguments
are constants: they are known when the decorator is written, not when a request arrives;
proxies such as ``flask.request`` are the exception.

A decorator guards what stands below it. ``@app.route`` therefore stands above: it must
be given the guarded function. An app that was given the bare one refuses to serve.
"""

from __future__ import annotations

import functools
import inspect
import typing as t
from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, Flask

from ..app_state import state_of
from ..callables.view_functions import SourceLocation, View, methods_being_decorated
from ..denials.denial import DenialStyle
from ..enforcement.authorizer import judge_of
from ..polar.exceptions import OsoError
from ..request_state import (
    NOT_GIVEN,
    Arguments,
    RequestState,
    exempt_request,
    lend_exemption,
)
from .guard_checks import check_guards
from .parents import check_within
from .view_checks import ViewCheck, entry_judging, guarded_view, make_view_check
from .view_guards import (
    Entry,
    Guard,
    GuardKind,
    add_guard,
    behind_guard,
    entry_behind_guard,
    exempts_request,
    guards_of,
    mark_decorator,
)

F = t.TypeVar("F", bound=Callable[..., t.Any])
#: Gives what enters a view once its guard is passed.
_Entering = Callable[[t.Any, Guard], Entry]


@t.overload
def authorize(
    func: F,
    resource: t.Any = ...,
    *,
    actor: t.Any = NOT_GIVEN,
    action: t.Any = None,
    load: t.Literal[False] | None = None,
) -> F: ...
@t.overload
def authorize(
    func: None = None,
    resource: t.Any = ...,
    *,
    actor: t.Any = NOT_GIVEN,
    action: t.Any = None,
    load: t.Literal[False] | None = None,
) -> Callable[[F], F]: ...
@t.overload
def authorize(
    func: str | Mapping[str, t.Any],
    resource: t.Any,
    *,
    actor: t.Any = NOT_GIVEN,
    key: str | Sequence[str] | None = None,
    load: bool | None = None,
    name: str | None = None,
    within: t.Any = NOT_GIVEN,
) -> Callable[[F], F]: ...
def authorize(
    func: F | str | Mapping[str, t.Any] | None = None,
    resource: t.Any = NOT_GIVEN,
    *,
    actor: t.Any = NOT_GIVEN,
    action: t.Any = None,
    key: str | Sequence[str] | None = None,
    load: bool | None = None,
    name: str | None = None,
    within: t.Any = NOT_GIVEN,
) -> F | Callable[[F], F]:
    """Enter the view only if the policy allows it.

    ``@authorize("read", Post)`` judges the object that the route names: in the URL variable
    ``post_id``, or else in ``id``. The view is given it as ``post``, if it takes that. Where
    there is none, and where the actor may not read it, the answer is 404; where the actor may
    read it but not do this, 403; where nobody is logged in and the app has a login, 401.
    On a route without variables the class itself is judged; on one that has others, that has
    to be said with ``load=False``.

    ``@authorize`` and ``@authorize(action=..., resource=...)`` judge what they are given: of a
    class the class itself, which has to be said with ``load=False`` on a route with variables.
    A denial is 403.

    :param func: the view, where the decorator stands bare; or the action; or a mapping of HTTP
        methods to actions, such as ``METHOD_ACTIONS``.
    :param resource: what is judged; ``flask.request`` stands for the request.
    :param actor: who is judged, the current actor if left out. ``None`` is the anonymous actor.
    :param action: what is judged, the request's method if ``None``; ``HEAD`` counts as ``GET``.
    :param key: the URL variable that identifies the object, or several.
    :param load: ``False`` to judge the class whatever the route has, ``True`` to make a route
        without the variable an error.
    :param name: the argument in which the view takes the object, if that is not to be named
        after the class. Two guards never give the same one, unless they find the same object.
    :param within: the class of the object of a guard above, to which this one has to belong, or the
        relation that says so: ``Issue.project``. An object that does not is 404. By default the one
        relation between the mapped classes of two guards says so; ``False`` does without.
    :raises OsoError: the arguments make no sense, such as an action without a resource; or, of the
        view, it is a class, or cannot be given the object.
    """
    if isinstance(func, str | Mapping) and resource is not NOT_GIVEN:
        if action is not None:
            raise OsoError("'@authorize' was given two actions. Give it one.")
        options: dict[str, t.Any] = {"key": key, "load": load, "name": name, "within": within}
        return _demanding(make_view_check(func, resource, actor=actor, **options))
    _check_order(func, resource)
    subject = None if resource is NOT_GIVEN else resource
    _check_is_judged_as_it_is(subject, key, load, name)
    check_within(within, None)
    facts = {"action": action, "resource": subject, "is_class_meant": load is False}
    check = facts["check"] = ViewCheck(action, subject, actor)

    def judge(app: Flask, request_state: RequestState | None, plan: t.Any) -> None:
        judging = judge_of(app) if plan is None else plan.judge
        judging(request_state, subject, action, actor, DenialStyle.PLAIN)

    def enter_judged(view: F, guard: Guard) -> Entry:
        return entry_judging(view, guard, check, DenialStyle.PLAIN, judge)

    return _decorate(t.cast("F | None", func), enter_judged, GuardKind.AUTHORIZE, **facts)


@t.overload
def skip_authorization(func: F) -> F: ...
@t.overload
def skip_authorization(
    func: None = None, reason: str | None = None, *, blueprint: bool = False
) -> Callable[[F], F]: ...
def skip_authorization(
    func: F | None = None, reason: str | None = None, *, blueprint: bool = False
) -> F | Callable[[F], F]:
    """Exempt the view from ``require_authorization``.

    A denial of ``@authorize`` stands all the same, and so does route authorization. Another view
    that calls this one is not exempt, unless it answers what this one gave.

    :param reason: why, for those who read the code and the list of routes; kept with the request.
    :param blueprint: exempt it from the guards of its blueprints as well (``FlaskOso.guard``).
    """

    return _decorate(func, _entering_exempt, GuardKind.SKIP, reason=reason, lifts=blueprint)


@t.overload
def authorizes_inside(func: F) -> F: ...
@t.overload
def authorizes_inside(func: None = None) -> Callable[[F], F]: ...
def authorizes_inside(func: F | None = None) -> F | Callable[[F], F]:
    """Declare that the view calls ``FlaskOso.authorize`` or ``FlaskOso.load`` itself.

    Strict ``require_authorization`` then enters the view. If it answers without having
    authorized, its answer is withheld.
    """

    return _decorate(func, _entering_inside, GuardKind.INSIDE)


def _decorate(
    func: F | None, entering: _Entering, kind: GuardKind, **facts: t.Any
) -> F | Callable[[F], F]:
    if func is not None:
        guard = Guard(kind, SourceLocation.of_caller(2), **facts)
        methods = methods_being_decorated(2)
        return _guarded(func, entering, guard, methods)

    def decorate(view: F) -> F:
        guard = Guard(kind, SourceLocation.of_caller(1), **facts)
        methods = methods_being_decorated(1)
        return _guarded(view, entering, guard, methods)

    mark_decorator(decorate, Guard(kind, SourceLocation.of_caller(2), **facts))
    return decorate


def _demanding(view_check: ViewCheck) -> Callable[[F], F]:
    def decorate(view: F) -> F:
        check_is_view(view, GuardKind.AUTHORIZE)
        view_check.check_view(view)
        guard = view_check.as_guard(SourceLocation.of_caller(1))
        methods = methods_being_decorated(1)
        for method in methods or [view]:
            inner = guards_of(view) if method is view else (*guards_of(view), *guards_of(method))
            check_guards([guard, *inner], f"the view {_name_of(method)!r}")
        guarded, enter = view_check.guarding(behind_guard(view, guard.place, methods), guard)
        add_guard(guarded, view, guard, enter)
        return t.cast(F, guarded)

    mark_decorator(decorate, view_check.as_guard(SourceLocation.of_caller(2), check=view_check))
    return decorate


# A class may name them as they are, in its 'method_decorators'.
mark_decorator(authorize, GuardKind.AUTHORIZE)
mark_decorator(skip_authorization, GuardKind.SKIP)
mark_decorator(authorizes_inside, GuardKind.INSIDE)


def _guarded(view: F, entering: _Entering, guard: Guard, methods: list[View]) -> F:
    check_is_view(view, guard.kind)
    enter = entering(behind_guard(view, guard.place, methods), guard)
    guarded = guarded_view(view, enter)
    add_guard(guarded, view, guard, enter)
    return t.cast(F, guarded)


def _entering_inside(view: View, _: Guard) -> Entry:
    """Give what enters a view before any decision, and notes that."""
    enter_view = entry_behind_guard(view)

    def enter(
        app: Flask,
        request_state: RequestState | None,
        plan: t.Any,
        args: tuple[t.Any, ...],
        kwargs: Arguments,
    ) -> t.Any:
        state_of(app)
        if request_state is not None:
            request_state.is_entered = True
        return enter_view(app, request_state, plan, args, kwargs)

    return enter


def _entering_exempt(view: View, guard: Guard) -> Entry:
    """Give what enters a view that is exempt."""
    enter_view, reason = entry_behind_guard(view), guard.reason

    def enter(
        app: Flask,
        request_state: RequestState | None,
        plan: t.Any,
        args: tuple[t.Any, ...],
        kwargs: Arguments,
    ) -> t.Any:
        state_of(app)
        if request_state is None or exempts_request(app, request_state, plan, guard):
            exempt_request(request_state, reason, plan)
            return enter_view(app, request_state, plan, args, kwargs)
        called = functools.partial(enter_view, app, request_state, plan)
        return lend_exemption(request_state, reason, called, (args, kwargs), {})

    return enter


def _check_order(func: t.Any, resource: t.Any) -> None:
    """Refuse an action without a resource, and the two in the wrong order."""
    if isinstance(func, str | Mapping):
        raise OsoError(
            f"'@authorize' was given the action {func!r} and no resource. Name the resource"
            " second, as in '@authorize(\"read\", Note)'."
        )
    if isinstance(func, list | tuple | set | frozenset):
        raise OsoError(
            f"'@authorize' was given several actions, {func!r}. It takes one, or one for each"
            ' method, as in \'{"GET": "read"}\'. Where all of them are needed, write a decorator'
            " for each."
        )
    if inspect.isclass(func) and isinstance(resource, str):
        name = func.__qualname__
        raise OsoError(
            f"'@authorize' was given the class {name!r} in place of an action. The action stands"
            f" first: '@authorize(\"{resource}\", {name})'."
        )


def _check_is_judged_as_it_is(
    resource: t.Any, key: t.Any, load: bool | None, name: str | None
) -> None:
    """Refuse options for objects where none is looked for."""
    if load is False and isinstance(resource, type):
        load = None
    if key is not None or load is not None or name is not None:
        raise OsoError(
            "'key', 'load' and 'name' belong to '@authorize(action, class)', which finds an object."
        )


def _name_of(view: t.Any) -> str:
    return getattr(view, "__qualname__", None) or type(view).__qualname__


_ON_METHODS = "Name it in the 'decorators' of the class, or put it above its methods."


def _no_action(cls: type) -> str:
    return f"The action stands first: '@authorize(\"edit\", {cls.__name__})'."


def check_is_view(view: t.Any, kind: GuardKind) -> None:
    """Refuse to guard a class, and what is no view.

    :raises OsoError: it is one.
    """
    if inspect.isclass(view):
        is_view = kind is not GuardKind.AUTHORIZE or hasattr(view, "as_view")
        raise OsoError(
            f"'@{kind.value}' guards functions, not the class {view.__qualname__!r}."
            f" {_ON_METHODS if is_view else _no_action(view)}"
        )
    if not callable(view):
        remedy = "Its arguments are given by keyword."
        if isinstance(view, Blueprint):
            call = (
                "exempt(blueprint, reason=…)" if kind is GuardKind.SKIP else "guard(blueprint, …)"
            )
            remedy = f"For a blueprint write 'oso.{call}', with 'oso' the FlaskOso."
        raise OsoError(
            f"'@{kind.value}' was given {type(view).__name__!r} in place of a view. {remedy}"
        )
