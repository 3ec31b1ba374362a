"""No test leaves a database open: what it makes is closed when it ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.open_databases import DatabaseKeeper


@pytest.fixture
def keeper() -> Iterator[DatabaseKeeper]:
    """Give a keeper that hears of engines."""
    keeper = DatabaseKeeper()
    with keeper.watching():
        yield keeper


def connect(url: str = "sqlite://") -> tuple[sa.Connection, sqlite3.Connection]:
    """Connect to a new engine; give the connection, and that of the driver."""
    connection = sa.create_engine(url).connect()
    driver = connection.connection.driver_connection
    assert driver is not None
    return connection, driver


def is_closed(connection: sqlite3.Connection) -> bool:
    """Tell whether a connection cannot be used."""
    try:
        connection.execute("select 1")
    except sqlite3.ProgrammingError:
        return True
    return False


def test_connection_in_use_is_closed_with_its_maker(keeper: DatabaseKeeper) -> None:
    """A session that nobody closed holds a connection, which its engine would leave open."""
    with keeper.making("test"):
        _session, connection = connect()

    keeper.dispose("test")

    assert is_closed(connection)


def test_connection_in_the_pool_is_closed_with_its_maker(
    keeper: DatabaseKeeper, tmp_path: Path
) -> None:
    """A connection that was given back waits in the pool."""
    with keeper.making("test"):
        session, connection = connect(f"sqlite:///{tmp_path}/notes.db")
    session.close()

    keeper.dispose("test")

    assert is_closed(connection)


def test_engine_of_a_wider_fixture_stays(keeper: DatabaseKeeper) -> None:
    """What a fixture made while a test began is for the next tests, too."""
    with keeper.making("test"), keeper.making("fixture"):
        _session, connection = connect()

    keeper.dispose("test")

    assert not is_closed(connection)
    keeper.dispose("fixture")
    assert is_closed(connection)


def test_engine_of_a_module_is_not_kept(keeper: DatabaseKeeper) -> None:
    """A module is imported once, and its engine is for all of its tests."""
    session, connection = connect()

    keeper.dispose("test")

    assert not is_closed(connection)
    session.close()
    session.engine.dispose()


def test_engine_for_coroutines_is_let_go(keeper: DatabaseKeeper) -> None:
    """Its connections can be closed in its loop only, which has ended: they are forgotten."""
    with keeper.making("test"):
        engine = create_async_engine("sqlite+aiosqlite://")
    pool = engine.sync_engine.pool

    keeper.dispose("test")

    assert engine.sync_engine.pool is not pool
