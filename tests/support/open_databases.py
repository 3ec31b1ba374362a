"""Who made which engine of SQLAlchemy, so that no database is left open when its maker ends.

A connection of ``sqlite3`` that is collected without having been closed warns from Python 3.13 on,
and the warning fails whichever test runs then. A test that makes applications has no place where
all of their engines end: they are disposed with the test, or with the fixture that made them.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

__all__ = ["DatabaseKeeper"]


class DatabaseKeeper:
    """Keeps the engines that are made, by who makes them, and what they have connected to.

    What is made outside of tests and fixtures, when modules are imported, is not kept.
    """

    def __init__(self) -> None:
        self._makers: list[object] = []
        self._engines: dict[object, list[sa.Engine]] = {}
        self._connections: dict[object, list[sqlite3.Connection]] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Hear of each engine, by the hook that dialects have for it."""
        hook = classmethod(lambda dialect, engine: self._keep(engine))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sa.Dialect, "engine_created", hook)
            yield

    @contextlib.contextmanager
    def making(self, maker: object) -> Iterator[None]:
        """Hold a test or a fixture for the maker of what is made inside."""
        self._makers.append(maker)
        try:
            yield
        finally:
            self._makers.pop()

    def dispose(self, maker: object) -> None:
        """Close what a maker has made, also connections that a session still holds."""
        for engine in self._engines.pop(maker, []):
            engine.dispose(close=not engine.dialect.is_async)
        for connection in self._connections.pop(maker, []):
            connection.close()

    def _keep(self, engine: sa.Engine) -> None:
        if not self._makers:
            return
        maker = self._makers[-1]
        self._engines.setdefault(maker, []).append(engine)
        if engine.dialect.driver == "pysqlite":
            connections = self._connections.setdefault(maker, [])
            sa.event.listen(engine, "connect", lambda connection, _: connections.append(connection))
