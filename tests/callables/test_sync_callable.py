"""Functions that are called for an app: as they are, or as the app wants them called."""

from __future__ import annotations

import asyncio
import functools
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask

from flask_oso import FlaskOso, Oso, authorize
from flask_oso.callables.sync_callable import SyncCallable
from tests.support.sites import make_app


def plain() -> str:
    return "answer"


async def awaited() -> str:
    return "answer"


class Marking(Flask):
    """An app that marks what its functions answer."""

    def ensure_sync(self, func: Callable[..., t.Any]) -> Callable[..., t.Any]:
        return lambda *args, **kwargs: f"{super(Marking, self).ensure_sync(func)()}, marked"


def test_plain_function_is_called_itself() -> None:
    """What needs not be awaited is called as it is."""
    assert SyncCallable(plain).of(make_app()) is plain


@pytest.mark.parametrize("function", [awaited, functools.partial(awaited)])
def test_coroutine_function_is_awaited(function: Callable[..., t.Any]) -> None:
    """The app makes a coroutine function one that gives its answer."""
    assert SyncCallable(function).of(make_app())() == "answer"


def test_coroutine_function_is_awaited_inside_of_a_loop() -> None:
    """A view that is a coroutine function has a loop, in which nothing can wait for another."""

    async def view() -> t.Any:
        return SyncCallable(awaited).of(make_app())()

    assert asyncio.run(view()) == "answer"


@pytest.mark.parametrize("function", [plain, awaited])
def test_app_with_a_way_of_its_own(function: Callable[..., t.Any]) -> None:
    """A class of apps with an 'ensure_sync' of its own is asked for each function, plain ones
    included.
    """
    callee = SyncCallable(function)

    answers = [callee.of(app)() for app in (make_app(), Marking("site"))]

    assert answers == ["answer", "answer, marked"]


def test_way_of_one_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single app whose 'ensure_sync' was replaced is asked for each function."""
    app = make_app()
    monkeypatch.setattr(app, "ensure_sync", lambda func: lambda: "replaced")

    assert SyncCallable(plain).of(app)() == "replaced"


@pytest.mark.parametrize(("kind", "answer"), [(Flask, "answer"), (Marking, "answer, marked")])
def test_guarded_view_is_called_in_the_way_of_the_app(kind: type[Flask], answer: str) -> None:
    """A decorator leaves to the app how the view is called."""
    app, oso = kind("site"), Oso()
    FlaskOso(oso, app)
    oso.load_str("allow(_, _, _);")
    view = authorize(plain, resource="page", actor="ann", action="read")

    with app.test_request_context():
        assert view() == answer
