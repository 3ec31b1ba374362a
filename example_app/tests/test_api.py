"""The API answers programs with a token, in JSON."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse


def call(app: Flask, method: str, path: str, secret: str | None = None) -> TestResponse:
    """Send a request as a program does."""
    headers = {"Accept": "application/json"}
    if secret is not None:
        headers["Authorization"] = f"Bearer {secret}"
    return app.test_client().open(path, method=method, headers=headers)


@pytest.mark.parametrize(
    ("secret", "issues"), [("ben-reads", [1, 2, 3, 4]), ("guessed", [3, 4]), (None, [3, 4])]
)
def test_list_holds_what_the_token_may_read(
    app: Flask, secret: str | None, issues: list[int]
) -> None:
    """A token reads what its user reads; nobody reads what is public."""
    response = call(app, "GET", "/api/issues", secret)

    assert [issue["id"] for issue in response.json or []] == issues


def test_token_with_a_scope_writes(app: Flask) -> None:
    """Its user maintains the repository, and its scope is 'write'."""
    response = call(app, "POST", "/api/issues/1/close", "ben-writes")

    assert response.json == {
        "id": 1,
        "repository": 1,
        "title": "The lamp flickers at dawn",
        "body": "Twice this week, for about a minute. The log shows a drop to 11.2 V.",
        "closed": True,
    }


def test_denial_is_problem_details(app: Flask) -> None:
    """A program finds the reason in it, as a text and as a code."""
    response = call(app, "POST", "/api/issues/1/close", "ben-reads")

    assert response.content_type == "application/problem+json"
    assert response.get_json(force=True) == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "This token may only read.",
        "code": "scope",
        "instance": "/api/issues/1/close",
    }


@pytest.mark.parametrize("issue_id", [5, 99])
def test_hidden_and_missing_are_the_same(app: Flask, issue_id: int) -> None:
    """Whether Driftwood has an issue 5 is not told to Ben's program."""
    response = call(app, "POST", f"/api/issues/{issue_id}/close", "ben-writes")

    assert response.status_code == 404
    assert response.get_json(force=True)["detail"] == "There is nothing here for you."


def test_session_does_not_count(app: Flask) -> None:
    """A browser in which Ben is logged in is nobody to the API."""
    client = app.test_client()
    client.post("/login", data={"user_id": 2})

    response = client.post("/api/issues/1/close", headers={"Accept": "application/json"})

    assert response.status_code == 401


def test_token_does_not_count_on_pages(app: Flask) -> None:
    """Pages are for people: a token opens none of them."""
    assert call(app, "GET", "/repositories/1", "ben-writes").status_code == 401
