"""What the tests of the commands share: a way to run one in an app, and a shop to ask about."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result
from flask import Flask

from flask_oso.cli import oso
from tests.support.models.shop import make_shop
from tests.support.sites import run_command

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run ``flask oso …`` in an app."""
    return run_command


@pytest.fixture
def shop() -> Iterator[Flask]:
    """Give the shop."""
    app = make_shop()
    yield app
    app.extensions["engine"].dispose()


@pytest.fixture
def in_command() -> t.Any:
    """Enter the context of a command in an app."""

    @contextlib.contextmanager
    def enter(app: Flask) -> Iterator[None]:
        with app.app_context(), click.Context(oso):
            yield

    return enter
