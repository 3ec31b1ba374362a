"""Forms change what they say, and nothing else does."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from flask import Flask

if t.TYPE_CHECKING:
    from .conftest import Browser

Visit = Callable[[str | None], "Browser"]


@pytest.mark.parametrize(
    ("visitor", "path", "form", "expected"),
    [
        ("Ana", "/organizations/1/edit", {"name": "Lighthouse", "about": "Night"}, "Night"),
        ("Ana", "/organizations/1/repositories/new", {"name": "horn"}, "horn"),
        ("Ben", "/repositories/1/edit", {"name": "beacon", "about": "Light"}, "Light"),
        ("Dora", "/repositories/2/issues/new", {"title": "Smudge", "body": "p. 2"}, "Smudge"),
        ("Cleo", "/issues/3/edit", {"title": "Reef", "body": "North"}, "North"),
        ("Ana", "/organizations/1/pages/new", {"title": "Rota", "body": "Us"}, "Rota"),
        ("Ben", "/pages/1/edit", {"title": "Handbook", "body": "Stay awake"}, "Stay awake"),
    ],
)
def test_form_saves(
    visit: Visit, visitor: str, path: str, form: dict[str, str], expected: str
) -> None:
    """What was typed is on the page that comes next."""
    browser = visit(visitor)

    response = browser.post(path, **form)

    assert response.status_code == 302
    assert expected in browser.get(response.headers["Location"]).text


@pytest.mark.parametrize(
    ("visitor", "path", "field"),
    [
        ("Ana", "/organizations/1/edit", "name"),
        ("Ana", "/organizations/1/repositories/new", "name"),
        ("Cleo", "/issues/3/edit", "title"),
        ("Ben", "/pages/1/edit", "title"),
    ],
)
def test_form_needs_its_first_field(visit: Visit, visitor: str, path: str, field: str) -> None:
    """Without it the form comes back, and says what it wants."""
    response = visit(visitor).post(path, **{field: "  "})

    assert response.status_code == 200
    assert f"Please give a {field}." in response.text


@pytest.mark.parametrize(
    "path", ["/repositories/1", "/issues/1", "/pages/1"], ids=["repository", "issue", "page"]
)
def test_delete_removes(visit: Visit, path: str) -> None:
    """What is deleted is not found afterwards, and the list says so."""
    browser = visit("Ana")

    response = browser.post(f"{path}/delete")

    assert "deleted" in browser.get(response.headers["Location"]).text
    assert browser.get(path).status_code == 404


def test_repository_becomes_public(visit: Visit) -> None:
    """One attribute opens a repository and its issues to everybody."""
    visit("Ana").post("/repositories/1/edit", name="beacon", public="on")

    assert visit(None).get("/repositories/1").status_code == 200
    assert visit(None).get("/issues/1").status_code == 200


def test_closed_issue_is_for_maintainers(visit: Visit) -> None:
    """Authors edit their issue while it is open; whoever maintains the repository, always."""
    author = visit("Cleo")

    author.post("/issues/3/close")

    assert author.get("/issues/3/edit").status_code == 403
    assert visit("Ana").get("/issues/3/edit").status_code == 200


@pytest.mark.parametrize("token", [{}, {"token": ""}, {"token": "é"}, {"token": "0" * 64}])
def test_change_needs_the_token_of_its_session(visit: Visit, token: dict[str, str]) -> None:
    """A form of another site changes nothing."""
    browser = visit("Ana")

    response = browser.client.post("/pages/1/delete", data=token)

    assert response.status_code == 400
    assert browser.get("/pages/1").status_code == 200


def test_change_without_a_session_is_refused(example: Flask) -> None:
    """An empty token does not match a session that has none."""
    response = example.test_client().post("/login", data={"user_id": 1, "token": ""})

    assert response.status_code == 400


def test_login_and_logout(visit: Visit) -> None:
    """One click makes a visitor somebody, another one nobody."""
    browser = visit("Ben")
    assert "Log out" in browser.get("/").text

    browser.post("/logout")

    assert "not logged in" in browser.get("/").text


@pytest.mark.parametrize("user_id", ["", "99", "Ana"])
def test_login_as_nobody_we_know(visit: Visit, user_id: str) -> None:
    """Only sample users can log in."""
    assert visit(None).post("/login", user_id=user_id).status_code == 400


def test_session_cookie_stays_on_its_site(visit: Visit) -> None:
    """Browsers do not send the session along with forms of other sites."""
    response = visit(None).get("/")

    assert "SameSite=Lax" in response.headers["Set-Cookie"]
    assert "HttpOnly" in response.headers["Set-Cookie"]


def test_init_db_restores_the_sample(example: Flask, visit: Visit) -> None:
    """The command of ``make demo`` brings back what was deleted."""
    visit("Ana").post("/repositories/1/delete")

    result = example.test_cli_runner().invoke(args=["init-db"])

    assert result.output == "The database holds the sample data.\n"
    assert visit("Ana").get("/repositories/1").status_code == 200
