"""The example application with its sample data, and a browser for each visitor.

The fixture is not called ``app``: pytest-flask would push a context of its own around the
test, and ``g`` would outlive the requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app import create_app
from example_app.db import init_db

IDS = {"Ana": 1, "Ben": 2, "Cleo": 3, "Dora": 4}


class Browser:
    """A client that sends the token of its session with each form."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, buffered=True)

    def post(self, path: str, **form: str | int) -> TestResponse:
        found = re.search(r'name="token" value="(\w+)"', self.client.get("/").text)
        assert found is not None
        return self.client.post(path, data={"token": found[1], **form})


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Flask]:
    """The application with fresh sample data."""
    app = create_app({"TESTING": True, "DATABASE": f"sqlite:///{tmp_path / 'test.sqlite'}"})
    with app.app_context():
        init_db()
    yield app
    app.extensions["engine"].dispose()


@pytest.fixture
def visit(example: Flask) -> Callable[[str | None], Browser]:
    """Return a browser in which one of the sample users, or nobody, is logged in."""

    def open_browser(name: str | None) -> Browser:
        browser = Browser(example.test_client())
        if name is not None:
            browser.post("/login", user_id=IDS[name])
        return browser

    return open_browser
