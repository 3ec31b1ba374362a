"""The example application with its sample data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from example_app import create_app
from example_app.extensions import db
from example_app.sample import fill_database


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application with sample data that nobody changes."""
    path = tmp_path_factory.mktemp("example") / "test.sqlite"
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{path}"})
    with app.app_context():
        fill_database()
    yield app
    with app.app_context():
        db.engine.dispose()
