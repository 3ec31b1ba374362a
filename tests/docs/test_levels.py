"""``docs/explanation/levels.md``: which mistake is caught at which level, tried out."""

from __future__ import annotations

import contextlib
import functools
import re
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask, request
from werkzeug.exceptions import HTTPException

from flask_oso import FlaskOso, Oso, authorize, authorizes_inside
from tests.docs.examples import DOCS
from tests.support.sites import make_app

PAGE = (DOCS / "explanation" / "levels.md").read_text(encoding="utf-8")
LEVELS = ["warn", "after", "forbid", "strict"]
POLICY = """
allow(_, "read", "page");
allow(_, "read", _: Note);
allow("somebody else", "edit", "page");
"""
Build = Callable[[Flask, FlaskOso], t.Any]


class Note:
    """A class of the policy."""


def add_forgotten(app: Flask, oso: FlaskOso) -> None:
    app.add_url_rule("/", view_func=lambda: "SHOWN")


def add_upside_down(app: Flask, oso: FlaskOso) -> None:
    @authorize("read", "page")
    @app.get("/")
    def view() -> str:
        return "SHOWN"


def add_misfit(app: Flask, oso: FlaskOso) -> None:
    @app.get("/<int:page_id>")
    @authorize("read", Note)
    def view(page_id: int) -> str:
        return "SHOWN"

    @app.get("/")
    @authorize("read", "page")
    def other() -> str:
        return "SHOWN"


def add_broken_promise(app: Flask, oso: FlaskOso) -> None:
    @app.get("/")
    @authorizes_inside
    def view() -> str:
        return "SHOWN"


def add_caught_denial(app: Flask, oso: FlaskOso) -> None:
    @app.get("/")
    @authorizes_inside
    def view() -> str:
        with contextlib.suppress(HTTPException):
            oso.authorize("edit", "page")
        return "SHOWN"


def add_kept_answer(app: Flask, oso: FlaskOso) -> None:
    @app.get("/")
    @lambda view: functools.wraps(view)(lambda: "SHOWN")
    @authorize("read", "page")
    def view() -> str:
        return "SHOWN"


def add_answer_before(app: Flask, oso: FlaskOso) -> None:
    @app.get("/")
    @authorize("read", "page")
    def view() -> str:
        return "SHOWN"

    add_answer_of_no_route(app, oso)


def add_answer_of_no_route(app: Flask, oso: FlaskOso) -> None:
    app.before_request(lambda: "SHOWN" if request.path == "/" else None)


#: The mistakes of the page, in its words.
MISTAKES: dict[str, Build] = {
    "a view without a decorator": add_forgotten,
    "a decorator above the route": add_upside_down,
    "a guard that does not fit its route": add_misfit,
    "a view that promised to ask, and did not": add_broken_promise,
    (
        "a decorator above the guard that answers in its place, as one that caches answers does"
    ): add_kept_answer,
    "a view that caught a denial, and went on": add_caught_denial,
    "a `before_request` function that answers in place of a view": add_answer_before,
    "a `before_request` function that answers a URL of no route": add_answer_of_no_route,
}


#: What a request to the view gets, and whether another URL of the application is served.
WORDS = {
    "shown": (200, True),
    "withheld": (500, True),
    "403": (403, True),
    "not served": (500, False),
}


def outcome(mistake: str, level: str) -> tuple[int, bool]:
    """Make the mistake in an application, and say what its requests get."""
    app, policy = make_app("levels", OSO_ENFORCE=level), Oso()
    policy.register_class(Note)
    policy.load_str(
        'allow(_, "read", "page"); allow(_, "read", _: Note); allow("x", "edit", "page");'
    )
    oso = FlaskOso(policy, app)
    oso.actor_loader(lambda: "ana")
    MISTAKES[mistake](app, oso)
    client = app.test_client()
    return client.get("/").status_code, client.get("/unknown").status_code != 500


def rows() -> list[list[str]]:
    """Give the rows of the table of mistakes."""
    table = PAGE.partition("## Which mistake is caught where")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (.*) \|$", table, re.MULTILINE)
    return [re.split(r" \| ", line) for line in lines[2:]]


def test_table_has_every_mistake() -> None:
    """No row is left out here."""
    assert [row[0] for row in rows()] == [*MISTAKES]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_mistake_is_caught_as_the_page_says(row: list[str]) -> None:
    """At each level a request gets what stands in the table."""
    mistake, *told = row

    assert [outcome(mistake, level) for level in LEVELS] == [WORDS[word] for word in told]
