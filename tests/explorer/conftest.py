"""The example application in debug mode with its sample data, and who looks at its explorer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from example_app import create_app
from example_app.extensions import db
from example_app.sample import fill_database


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The example application in debug mode, with data that nobody changes."""
    file = tmp_path_factory.mktemp("explorer") / "shown.sqlite"
    app = create_app({"DEBUG": True, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}"})
    with app.app_context():
        fill_database()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def visitor(shown: Flask) -> FlaskClient:
    """A client of the example application on this machine."""
    return shown.test_client()


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A folder for policies."""
    folder = tmp_path / "policies"
    folder.mkdir()
    return folder
