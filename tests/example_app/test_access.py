"""Who gets which page: 200, 403 for what may be read but not done, 404 for the rest."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from flask import Flask

if t.TYPE_CHECKING:
    from .conftest import Browser

VISITORS = (None, "Ana", "Ben", "Cleo", "Dora")

#: Path, then the status for each of the visitors. Rows: beacon, charts and catalogue are
#: repositories 1, 2, 3; handbook, budget and fair are pages 1, 2, 3.
PATHS = {
    "/": (200, 200, 200, 200, 200),
    "/organizations/": (200, 200, 200, 200, 200),
    "/repositories/": (200, 200, 200, 200, 200),
    "/pages/": (200, 200, 200, 200, 200),
    "/people": (403, 200, 200, 200, 200),
    "/static/style.css": (200, 200, 200, 200, 200),
    "/nowhere": (404, 404, 404, 404, 404),
    "/organizations/1": (404, 200, 200, 404, 404),
    "/organizations/1/edit": (404, 200, 403, 404, 404),
    "/organizations/1/repositories/new": (404, 200, 403, 404, 404),
    "/organizations/1/pages/new": (404, 200, 403, 404, 404),
    "/organizations/9": (404, 404, 404, 404, 404),
    "/repositories/1": (404, 200, 200, 200, 404),
    "/repositories/1/edit": (404, 200, 200, 403, 404),
    "/repositories/1/issues/new": (404, 200, 200, 403, 404),
    "/repositories/2": (200, 200, 200, 200, 200),
    "/repositories/2/edit": (403, 200, 403, 403, 403),
    "/repositories/2/issues/new": (403, 200, 200, 200, 200),
    "/repositories/3": (404, 404, 404, 404, 200),
    "/issues/1": (404, 200, 200, 200, 404),
    "/issues/1/edit": (404, 200, 200, 403, 404),
    "/issues/3": (200, 200, 200, 200, 200),
    "/issues/3/edit": (403, 200, 403, 200, 403),
    "/issues/9": (404, 404, 404, 404, 404),
    "/pages/1": (404, 200, 200, 200, 404),
    "/pages/1/edit": (404, 200, 200, 403, 404),
    "/pages/2": (404, 200, 404, 404, 404),
    "/pages/3": (404, 404, 200, 404, 200),
    "/pages/3/edit": (404, 404, 403, 404, 200),
}

CASES = [
    (path, visitor, status)
    for path, statuses in PATHS.items()
    for visitor, status in zip(VISITORS, statuses, strict=True)
]


@pytest.mark.parametrize(("path", "visitor", "status"), CASES)
def test_page_answers(
    readers: dict[str | None, Browser], path: str, visitor: str | None, status: int
) -> None:
    """Each visitor gets exactly what the policy allows."""
    assert readers[visitor].get(path).status_code == status


@pytest.mark.parametrize(
    ("path", "visitor", "status"),
    [
        ("/repositories/1/delete", None, 404),
        ("/repositories/1/delete", "Ben", 403),
        ("/repositories/1/delete", "Cleo", 403),
        ("/repositories/1/delete", "Dora", 404),
        ("/repositories/1/delete", "Ana", 302),
        ("/issues/1/delete", "Cleo", 403),
        ("/issues/1/delete", "Ben", 302),
        ("/issues/3/close", None, 403),
        ("/issues/3/close", "Dora", 403),
        ("/issues/3/close", "Cleo", 302),
        ("/pages/1/delete", "Ben", 403),
        ("/pages/1/delete", "Dora", 404),
        ("/pages/1/delete", "Ana", 302),
    ],
)
def test_change_answers(
    visit: Callable[[str | None], Browser], path: str, visitor: str | None, status: int
) -> None:
    """A change needs more than to read; only then does the visitor move on."""
    assert visit(visitor).post(path).status_code == status


@pytest.mark.parametrize("path", ["/organizations/1", "/repositories/3", "/pages/2"])
def test_hidden_and_missing_look_the_same(
    visit: Callable[[str | None], Browser], path: str
) -> None:
    """A 404 does not tell whether there is something."""
    browser = visit("Cleo")
    browser.get("/")

    hidden, missing = browser.get(path), browser.get("/pages/999")

    assert hidden.text == missing.text
    assert hidden.status == missing.status


@pytest.mark.parametrize(
    ("path", "visitor", "shown", "hidden"),
    [
        ("/repositories/", None, ["charts"], ["beacon", "catalogue"]),
        ("/repositories/", "Cleo", ["charts", "beacon"], ["catalogue"]),
        ("/repositories/", "Dora", ["charts", "catalogue"], ["beacon"]),
        ("/organizations/", "Ben", ["Lighthouse"], ["Driftwood"]),
        ("/pages/", "Ben", ["Handbook", "spring fair"], ["Budget"]),
        ("/pages/", "Ana", ["Handbook", "Budget"], ["spring fair"]),
        ("/organizations/1", "Ben", ["Handbook", "beacon", "charts"], ["Budget"]),
    ],
)
def test_list_holds_what_its_reader_may_read(
    visit: Callable[[str | None], Browser],
    path: str,
    visitor: str | None,
    shown: list[str],
    hidden: list[str],
) -> None:
    """Lists are open to all, their rows are not."""
    text = visit(visitor).get(path).text

    assert [word for word in shown if word not in text] == []
    assert [word for word in hidden if word in text] == []


@pytest.mark.parametrize(
    ("path", "visitor", "buttons"),
    [
        ("/repositories/1", "Ana", {"Edit", "Delete", "Report an issue"}),
        ("/repositories/1", "Ben", {"Edit", "Report an issue"}),
        ("/repositories/1", "Cleo", set()),
        ("/repositories/2", "Dora", {"Report an issue"}),
        ("/issues/1", "Ana", {"Edit", "Close", "Delete"}),
        ("/issues/3", "Cleo", {"Edit", "Close"}),
        ("/issues/2", "Ben", {"Edit", "Delete"}),
        ("/pages/1", "Ana", {"Edit", "Delete"}),
        ("/pages/1", "Ben", {"Edit"}),
        ("/pages/1", "Cleo", set()),
        ("/organizations/1", "Ana", {"Edit", "New repository", "New page"}),
        ("/organizations/1", "Ben", set()),
    ],
)
def test_page_shows_only_allowed_buttons(
    visit: Callable[[str | None], Browser], path: str, visitor: str, buttons: set[str]
) -> None:
    """What is offered works, what does not work is not offered."""
    all_buttons = {"Edit", "Close", "Delete", "Report an issue", "New repository", "New page"}

    text = visit(visitor).get(path).text

    assert {button for button in all_buttons if f">{button}<" in text} == buttons


def test_view_without_a_check_is_refused(example: Flask) -> None:
    """The app runs strict: a view that nobody thought about does not answer."""
    example.config["PROPAGATE_EXCEPTIONS"] = False
    example.add_url_rule("/forgotten", "forgotten", lambda: "secret")

    response = example.test_client().get("/forgotten")

    assert response.status_code == 500
    assert "secret" not in response.text
