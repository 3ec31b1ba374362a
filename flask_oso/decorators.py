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
from collections.abc import Callable
from types import FrameType

from flask import Flask

from .callees import Callee
from .globals import NOT_GIVEN, state_of, this_app, this_mark
from .polar.exceptions import OsoError
from .routes import Guard, GuardKind, Statement, add_guard

F = t.TypeVar("F", bound=Callable[..., t.Any])


@t.overload
def authorize(func: F) -> F: ...
@t.overload
def authorize(
    func: None = None, *, resource: t.Any = None, actor: t.Any = NOT_GIVEN, action: t.Any = None
) -> Callable[[F], F]: ...
def authorize(
    func: F | None = None,
    *,
    resource: t.Any = None,
    actor: t.Any = NOT_GIVEN,
    action: t.Any = None,
) -> F | Callable[[F], F]:
    """Enter the view only if the policy allows it.

    :param resource: what is judged; ``flask.request`` stands for the request.
    :param actor: who is judged, the current actor if left out. ``None`` is the anonymous actor.
    :param action: what is judged, the request's method if ``None``; ``HEAD`` counts as ``GET``.
    """

    def check(app: Flask) -> None:
        extension = state_of(app).extension
        mark = this_mark(app)
        if mark is not None:
            mark.undecided = True
        extension.authorize(resource, actor=actor, action=action)

    facts = {"action": action, "resource": resource}
    return _decorate(func, check, GuardKind.AUTHORIZE, **facts)


@t.overload
def skip_authorization(func: F) -> F: ...
@t.overload
def skip_authorization(func: None = None, reason: str | None = None) -> Callable[[F], F]: ...
def skip_authorization(func: F | None = None, reason: str | None = None) -> F | Callable[[F], F]:
    """Exempt the view from ``require_authorization``.

    A denial of ``@authorize`` stands all the same, and so does route authorization.

    :param reason: why, for those who read the code and the list of routes; kept with the request.
    """

    def check(app: Flask) -> None:
        state_of(app).extension.skip_authorization(reason)

    return _decorate(func, check, GuardKind.SKIP, reason=reason)


@t.overload
def authorizes_inside(func: F) -> F: ...
@t.overload
def authorizes_inside(func: None = None) -> Callable[[F], F]: ...
def authorizes_inside(func: F | None = None) -> F | Callable[[F], F]:
    """Declare that the view calls ``FlaskOso.authorize`` itself.

    Strict ``require_authorization`` then enters the view. If it answers without having
    authorized, its answer is withheld.
    """

    return _decorate(func, state_of, GuardKind.INSIDE)


def _decorate(
    func: F | None, check: Callable[[Flask], object], kind: GuardKind, **facts: t.Any
) -> F | Callable[[F], F]:
    # The frame that applies a bare decorator, or makes one that is called.
    frame = _caller(2)
    if func is not None:
        return _guarded(func, check, Guard(kind, _statement(frame), **facts))

    def decorate(view: F) -> F:
        return _guarded(view, check, Guard(kind, _statement(_caller(1)), **facts))

    return decorate


def _guarded(view: F, check: Callable[[Flask], object], guard: Guard) -> F:
    _check_is_view(view, guard.kind)
    callee = Callee(view)

    @functools.wraps(view)
    def guarded(*args: t.Any, **kwargs: t.Any) -> t.Any:
        app = this_app()
        check(app)
        return callee.of(app)(*args, **kwargs)

    add_guard(guarded, view, guard)
    return t.cast(F, guarded)


def _check_is_view(view: t.Any, kind: GuardKind) -> None:
    if inspect.isclass(view):
        raise OsoError(
            f"'@{kind.value}' guards functions, not the class {view.__qualname__!r}. Name it in"
            " the 'decorators' of the class, or put it above its methods."
        )
    if not callable(view):
        raise OsoError(
            f"'@{kind.value}' was given {type(view).__name__!r} in place of a view."
            " Its arguments are given by keyword."
        )


def _caller(depth: int) -> FrameType | None:
    """Give the frame so many calls above the function that asks."""
    frame = inspect.currentframe()
    for _ in range(depth + 1):
        frame = frame.f_back if frame is not None else None
    return frame


def _statement(frame: FrameType | None) -> Statement:
    # Without frames, on interpreters that have none, no statement is known.
    if frame is None:
        return Statement("", 0)
    return Statement(frame.f_code.co_filename, frame.f_lineno)
