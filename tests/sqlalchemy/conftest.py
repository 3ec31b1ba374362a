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
        yield session
