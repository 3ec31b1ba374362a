"""What visitors see, and what their forms do."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from .conftest import Visit


@pytest.mark.parametrize(
    ("path", "visitor", "status"),
    [
        ("/organizations/1", "Ben", 200),
        ("/organizations/1", "Cleo", 404),
        ("/organizations/1/repositories/new", "Ana", 200),
        ("/organizations/1/repositories/new", "Ben", 403),
        ("/repositories/1", "Cleo", 200),
        ("/repositories/1", "Dora", 404),
        ("/repositories/2", "nobody", 200),
        ("/repositories/2/edit", "Dora", 403),
        ("/repositories/1/issues/1", "Cleo", 200),
        ("/repositories/1/issues/1", "Dora", 404),
        ("/repositories/1/issues/1/edit", "Ben", 200),
        ("/repositories/1/issues/1/edit", "Cleo", 403),
        ("/repositories/1/issues/new", "Cleo", 403),
    ],
)
def test_page_answers(visit: Visit, path: str, visitor: str, status: int) -> None:
    """What may not be read is 404; what may be read, but not done, is 403."""
    assert visit(visitor).get(path).status_code == status


@pytest.mark.parametrize("path", ["/repositories/1", "/repositories/1/issues/1", "/repositories/9"])
def test_nobody_is_asked_to_log_in(visit: Visit, path: str) -> None:
    """Whether there is something is not said before."""
    response = visit("nobody").get(path)

    assert (response.status_code, response.location.split("?")[0]) == (302, "/")


@pytest.mark.parametrize("action", ["", "/edit", "/close", "/delete"])
def test_issue_of_another_repository_is_missing(visit: Visit, action: str) -> None:
    """Issue 1 belongs to repository 1, and is not found in repository 2: also not by its owner."""
    ana = visit("Ana")
    send = ana.get if action in ("", "/edit") else ana.post

    assert send(f"/repositories/2/issues/1{action}").status_code == 404
    assert ana.get("/repositories/1/issues/1").status_code == 200


@pytest.mark.parametrize(
    ("visitor", "shown"),
    [
        ("nobody", {"charts"}),
        ("Cleo", {"charts", "beacon"}),
        ("Dora", {"charts", "catalogue"}),
    ],
)
def test_list_holds_what_its_reader_may_read(visit: Visit, visitor: str, shown: set[str]) -> None:
    """The list is open to all, its rows are not."""
    text = visit(visitor).get("/repositories/").text

    assert {name for name in ("beacon", "charts", "catalogue") if f">{name}<" in text} == shown


@pytest.mark.parametrize(
    ("path", "visitor", "buttons"),
    [
        ("/repositories/1", "Ana", ["Edit", "Delete", "Report an issue", "Close"]),
        ("/repositories/1", "Cleo", []),
        ("/repositories/2", "Cleo", ["Report an issue", "Close"]),
        ("/repositories/", "Ben", ["Report an issue", "Edit", "Report an issue"]),
        ("/repositories/1/issues/2", "Ben", ["Edit", "Delete"]),
        ("/organizations/1", "Ana", ["New repository"]),
        ("/organizations/1", "Ben", []),
    ],
)
def test_page_shows_only_allowed_buttons(
    visit: Visit, path: str, visitor: str, buttons: list[str]
) -> None:
    """What is offered works, what does not work is not offered."""
    text = visit(visitor).get(path).text
    found = re.findall(r">(Edit|Close|Delete|Report an issue|New repository)<", text)

    assert found == buttons


def test_denial_gives_the_reason_of_the_policy(visit: Visit) -> None:
    """The author of a closed issue is told why; those who never edited it are not."""
    author, reader = visit("Cleo"), visit("Dora")
    author.post("/repositories/2/issues/3/close")

    assert "Your issue is closed." in author.get("/repositories/2/issues/3/edit").text
    assert "is closed." not in reader.get("/repositories/2/issues/3/edit").text


def test_form_saves(visit: Visit) -> None:
    """What was typed is on the page that comes next."""
    dora = visit("Dora")

    response = dora.post("/repositories/2/issues/new", data={"title": "Smudge", "body": "p. 2"})

    assert response.status_code == 302
    assert "Reported by Dora" in dora.get(response.location).text


def test_form_comes_back_with_what_is_wrong(visit: Visit) -> None:
    """Nothing is saved, and the field says why."""
    response = visit("Ben").post("/repositories/1/edit", data={"name": " "})

    assert response.status_code == 200
    assert "This field is required." in response.text


def test_denied_change_is_not_saved(visit: Visit) -> None:
    """Who may not delete an issue leaves it where it is."""
    assert visit("Cleo").post("/repositories/1/issues/1/delete").status_code == 403
    assert visit("Ana").post("/repositories/1/issues/1/delete").status_code == 302
    assert visit("Cleo").get("/repositories/1/issues/1").status_code == 404


def test_one_click_logs_in(app: Flask) -> None:
    """Flask-Login keeps who it is, and flask-oso asks it."""
    client = app.test_client()

    client.post("/login", data={"user_id": 2})

    assert client.get("/repositories/1").status_code == 200


def test_form_of_another_site_is_refused(app: Flask) -> None:
    """A change needs the token of its session."""
    app.config["WTF_CSRF_ENABLED"] = True

    response = app.test_client().post("/login", data={"user_id": 2})

    assert (response.status_code, "CSRF token" in response.text) == (400, True)


def test_forgotten_view_does_not_serve(app: Flask) -> None:
    """A view that nobody thought about makes the whole application refuse, before it runs."""
    app.testing = False
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")

    response = app.test_client().get("/forgotten")

    assert (response.status_code, "secret" in response.text) == (500, False)
