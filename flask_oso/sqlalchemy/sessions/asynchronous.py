"""Functions that read in an ``AsyncSession`` as in any other.

In goes a function that reads objects and their relations; it runs in a coroutine, in which
SQLAlchemy can wait for the database. A session that nobody had begun to use is left as it was: its
connection belongs to the loop of this coroutine, and a view has another one.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Callable

from ...row_access.async_sessions import AsyncSessionError
from ..mapped.loaded import can_wait

_T = t.TypeVar("_T")


def readable(session: t.Any) -> t.Any:
    """Return a session, or the one that an ``AsyncSession`` works through.

    :raises AsyncSessionError: it is asynchronous, and this is not called by ``run_within``.
    """
    module = sys.modules.get("sqlalchemy.ext.asyncio")
    if module is None:
        return session
    if isinstance(session, module.async_scoped_session):
        session = session.registry()
    if not isinstance(session, module.AsyncSession):
        return session
    if not can_wait():
        raise AsyncSessionError(session)
    return session.sync_session


async def run_within(session: t.Any, function: Callable[[], _T]) -> _T:
    """Call a function that reads in an ``AsyncSession``."""
    is_begun = session.in_transaction()
    try:
        return t.cast(_T, await session.run_sync(lambda _: function()))
    finally:
        if not is_begun and session.in_transaction() and not _has_changes(session):
            await _end_transaction(session)


def _has_changes(session: t.Any) -> bool:
    return bool(session.new or session.deleted or session.dirty)


async def _end_transaction(session: t.Any) -> None:
    """Give the connection back, with all objects as they are."""
    inner = session.sync_session
    expires, inner.expire_on_commit = inner.expire_on_commit, False
    try:
        await session.commit()
    finally:
        inner.expire_on_commit = expires
