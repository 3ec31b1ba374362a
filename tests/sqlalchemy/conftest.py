"""Databases in memory, and one with documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from tests.support.databases import open_database
from tests.support.models import documents


@pytest.fixture
def sqlite() -> Iterator[sa.Engine]:
    """Open an empty database in memory."""
    with open_database() as engine:
        yield engine


@pytest.fixture(scope="session")
def session() -> Iterator[orm.Session]:
    """Open a database of documents; nobody changes it."""
    with documents.open_documents() as session:
        session.info["is_shared"] = True
        yield session


@pytest.fixture(autouse=True)
def nothing_is_loaded(request: pytest.FixtureRequest) -> None:
    """Forget what earlier tests loaded: a statement goes by the lists that are loaded."""
    if "session" in request.fixturenames:
        session = request.getfixturevalue("session")
        if isinstance(session, orm.Session) and session.info.get("is_shared"):
            session.expire_all()
