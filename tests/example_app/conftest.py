"""The example application with its sample data, and a browser for each visitor.

The fixture is not called ``app``: pytest-flask would push a context of its own around the
test, and ``g`` would outlive the requests.
"""

from __future__ import annotations

import contextlib
import functools
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


@contextlib.contextmanager
def running_example(folder: Path) -> Iterator[Flask]:
    """Make the application with its sample data in a folder."""
    app = create_app({"TESTING": True, "DATABASE": f"sqlite:///{folder / 'test.sqlite'}"})
    with app.app_context():
        init_db()
    yield app
    app.extensions["engine"].dispose()


def open_browser(app: Flask, name: str | None) -> Browser:
    """Open a browser in which one of the sample users, or nobody, is logged in."""
    browser = Browser(app.test_client())
    if name is not None:
        browser.post("/login", user_id=IDS[name])
    return browser


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Flask]:
    """The application with fresh sample data."""
    with running_example(tmp_path) as app:
        yield app


@pytest.fixture
def visit(example: Flask) -> Callable[[str | None], Browser]:
    """Return a way to open a browser for one of the sample users, or for nobody."""
    return functools.partial(open_browser, example)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application with sample data that nobody changes."""
    with running_example(tmp_path_factory.mktemp("example")) as app:
        yield app


@pytest.fixture(scope="session")
def readers(sample: Flask) -> dict[str | None, Browser]:
    """Return a browser for each visitor who only reads."""
    return {name: open_browser(sample, name) for name in (None, *IDS)}
