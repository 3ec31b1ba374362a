"""Which guards a request meets, and which requests need none."""

from __future__ import annotations

import functools
import inspect
import typing as t

import flask
import pytest
from flask import Flask
from flask.views import MethodView

from flask_oso import authorize, authorizes_inside, skip_authorization
from flask_oso.callables.view_functions import describe_endpoint, describe_request
from flask_oso.guards.view_guards import (
    Duty,
    GuardKind,
    all_guards,
    duty_of,
    guards_of,
    guards_of_request,
)


def view() -> str:
    """Answer something."""
    return "page"


def kinds(guards: t.Any) -> list[GuardKind]:
    """Give what the guards do."""
    return [guard.kind for guard in guards]


def test_guards_are_found_from_outside_in() -> None:
    """Each decorator is a guard of its own."""
    guarded = skip_authorization(authorize(authorizes_inside(lambda: "page")))

    assert kinds(guards_of(guarded)) == [
        GuardKind.SKIP,
        GuardKind.AUTHORIZE,
        GuardKind.INSIDE,
    ]


def test_guard_keeps_its_constants() -> None:
    """Tools can tell what a route asks."""
    (guard,) = guards_of(authorize(action="read", resource="page")(lambda: "page"))

    assert (guard.action, guard.resource) == ("read", "page")
    assert guard.place.file == __file__


def test_copied_marks_count_once() -> None:
    """'functools.wraps' copies a mark; the copy is not a second guard."""
    guarded = authorize(lambda: "page")
    wrapped = functools.wraps(guarded)(lambda: guarded())

    assert kinds(guards_of(wrapped)) == [GuardKind.AUTHORIZE]


def test_copied_mark_alone_is_no_guard() -> None:
    """A function that took over the attributes of a guarded one is not guarded."""
    impostor = functools.update_wrapper(lambda: "page", authorize(lambda: "page"))
    del impostor.__wrapped__

    assert guards_of(impostor) == ()


def test_guards_of_a_class_depend_on_the_method() -> None:
    """HEAD meets the guards of 'get', unless there is a 'head'."""

    class Page(MethodView):
        @authorize
        def get(self) -> str:
            return "page"

        @skip_authorization
        def post(self) -> str:
            return "page"

    page = Page.as_view("page")

    found = {name: kinds(guards_of_request(page, name)) for name in ("GET", "HEAD", "POST", "PUT")}
    assert found == {
        "GET": [GuardKind.AUTHORIZE],
        "HEAD": [GuardKind.AUTHORIZE],
        "POST": [GuardKind.SKIP],
        "PUT": [],
    }
    assert sorted(guard.kind.value for guard in all_guards(page)) == [
        "authorize",
        "skip_authorization",
    ]


def test_describe_names_file_and_line() -> None:
    """An endpoint is described by the place of the function that one wrote."""
    line = view.__code__.co_firstlineno

    assert (
        describe_endpoint("page", authorizes_inside(view)) == f"endpoint 'page' ({__file__}:{line})"
    )


def test_describe_names_a_class() -> None:
    """A class-based view is described by its class."""

    class Page(MethodView):
        pass

    assert "Page)" in describe_endpoint("page", Page.as_view("page"))


@pytest.mark.parametrize(("method", "name"), [("DELETE", "delete"), ("HEAD", "get")])
def test_describe_request_names_the_function_of_a_method(method: str, name: str) -> None:
    """Of a MethodView the function that answers is named, below its decorators."""

    class Page(MethodView):
        def get(self) -> str:
            return "page"

        @skip_authorization
        def delete(self) -> str:
            return "page"

    line = inspect.unwrap(getattr(Page, name)).__code__.co_firstlineno

    assert describe_request("page", Page.as_view("page"), method) == (
        f"{method} of the endpoint 'page' (Page.{name}, {__file__}:{line})"
    )


def test_describe_request_without_a_function() -> None:
    """A plain view is described as ever, and a method that nobody wrote by its class."""
    line = view.__code__.co_firstlineno
    page = type("Page", (MethodView,), {}).as_view("page")  # type: ignore[attr-defined]

    assert describe_request("page", view, "PUT") == f"The endpoint 'page' ({__file__}:{line})"
    assert describe_request("page", page, "PUT").startswith("The endpoint 'page' (")


def test_describe_names_any_callable() -> None:
    """A view without code is described by its type."""
    assert describe_endpoint("page", functools.partial(print)) == "endpoint 'page' ('partial')"


@pytest.mark.parametrize(
    ("guarded", "duty"),
    [
        (skip_authorization(lambda: "page"), Duty.NONE),
        (skip_authorization(skip_authorization(lambda: "page")), Duty.NONE),
        (skip_authorization(authorize(lambda: "page")), Duty.GUARDED),
        (authorizes_inside(lambda: "page"), Duty.GUARDED),
        (lambda: "page", Duty.UNGUARDED),
    ],
)
def test_duty_of_a_view(guarded: t.Any, duty: Duty) -> None:
    """A view is public if it has decorators and all of them say so."""
    app = Flask("site")
    app.add_url_rule("/", "page", guarded)

    with app.test_request_context("/"):
        assert duty_of(app, flask.request) is duty


def test_duty_of_a_rule_without_a_view() -> None:
    """An endpoint that has no view is not public."""
    app = Flask("site")
    app.add_url_rule("/", "page")

    with app.test_request_context("/"):
        assert duty_of(app, flask.request) is Duty.UNGUARDED


def test_cyclic_wrapping_ends() -> None:
    """A function that claims to wrap itself does not hang the census."""

    def odd() -> str:
        return "page"

    odd.__wrapped__ = odd  # type: ignore[attr-defined]

    assert len(guards_of(authorize(odd))) == 1
