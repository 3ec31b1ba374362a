"""Which guards a request meets, and which requests need none."""

from __future__ import annotations

import functools
import typing as t

import flask
import pytest
from flask.views import MethodView

from flask_oso import authorize, authorizes_inside, skip_authorization
from flask_oso.guards.view_guards import (
    Duty,
    GuardKind,
    all_guards,
    duty_of,
    guards_of,
    guards_of_request,
)
from tests.support.sites import make_app


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
    app = make_app()
    app.add_url_rule("/", "page", guarded)

    with app.test_request_context("/"):
        assert duty_of(app, flask.request) is duty


def test_duty_of_a_rule_without_a_view() -> None:
    """An endpoint that has no view is not public."""
    app = make_app()
    app.add_url_rule("/", "page")

    with app.test_request_context("/"):
        assert duty_of(app, flask.request) is Duty.UNGUARDED


def test_cyclic_wrapping_ends() -> None:
    """A function that claims to wrap itself does not hang the census."""

    def odd() -> str:
        return "page"

    odd.__wrapped__ = odd  # type: ignore[attr-defined]

    assert len(guards_of(authorize(odd))) == 1
