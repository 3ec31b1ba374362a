"""The application with fresh sample data, its people, and a client for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from example_app import create_app
from example_app.extensions import db
from example_app.models import User
from example_app.sample import fill_database
from flask_oso.testing import AsUser

People = dict[str, User | None]
Visit = Callable[[str], FlaskClient]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The application; the pytest plugin of flask-oso takes it from here."""
    app = create_app(
        {
            "TESTING": True,
            "WTF_CSRF_ENABLED": False,
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'test.sqlite'}",
        }
    )
    with app.app_context():
        fill_database()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def people(app: Flask) -> Iterator[People]:
    """Everybody by name, ``nobody`` among them; the session is open as long as the test."""
    with app.app_context():
        users = db.session.scalars(sa.select(User)).all()
        yield {user.name: user for user in users} | {"nobody": None}


@pytest.fixture
def visit(app: Flask, people: People, as_user: AsUser) -> Visit:
    """Give the client of somebody, by name."""
    return lambda name: as_user(app.test_client(), people[name])
