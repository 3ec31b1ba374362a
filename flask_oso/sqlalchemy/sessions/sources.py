"""What a program gives in place of a session.

In goes a ``sessionmaker``, a ``scoped_session``, a ``Session`` class or a session, or what
``sqlalchemy.ext.asyncio`` has in place of them; out comes what listeners are added to: a subclass
of ``Session``, or one session. An ``AsyncSession`` works through a session of its own.
"""

from __future__ import annotations

import sys
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm

_OWN = "__flask_oso_own__"
_SESSIONS = (orm.scoped_session, orm.sessionmaker, orm.Session)


def is_session_source(value: t.Any) -> bool:
    """Tell whether a value is a session, or makes sessions."""
    if isinstance(value, (*_SESSIONS, *_async_kinds())):
        return True
    return isinstance(value, type) and issubclass(value, (orm.Session, *_async_kinds()[:1]))


def target_of(sessions: t.Any) -> t.Any:
    """Return the class of sessions, or the session, whose events are listened to."""
    factory = getattr(sessions, "session_factory", sessions)
    if _is_async(factory):
        return _async_target(factory)
    return factory.class_ if isinstance(factory, orm.sessionmaker) else factory


def session_of_scope(sessions: t.Any) -> orm.Session | None:
    """Return the session that a scope has now, or one session; ``None`` if there is none yet."""
    if isinstance(sessions, orm.Session):
        return sessions
    registry = getattr(sessions, "registry", None)
    if registry is None or not registry.has():
        return None
    session = registry()
    return t.cast(orm.Session, getattr(session, "sync_session", session))


def _async_kinds() -> tuple[t.Any, ...]:
    """Return the classes of asyncio; none if nobody has imported them."""
    module = sys.modules.get("sqlalchemy.ext.asyncio")
    if module is None:
        return ()
    return module.AsyncSession, module.async_sessionmaker, module.async_scoped_session


def _is_async(factory: t.Any) -> bool:
    kinds = _async_kinds()
    return isinstance(factory, kinds) or (isinstance(factory, type) and issubclass(factory, kinds))


def _async_target(source: t.Any) -> t.Any:
    """Return the session of an ``AsyncSession``, or the class of those that are made."""
    if isinstance(source, _async_kinds()[:1]):
        return source.sync_session
    if isinstance(source, type):
        cls: t.Any = source
        if not _is_own(cls.sync_session_class):
            cls.sync_session_class = _own_class(cls.sync_session_class)
        return cls.sync_session_class
    # Unlike a 'sessionmaker', it has no class of its own.
    inner = source.kw.get("sync_session_class") or source.class_.sync_session_class
    if not _is_own(inner):
        inner = source.kw["sync_session_class"] = _own_class(inner)
    return inner


def _own_class(cls: type) -> t.Any:
    """Return a class for the sessions of one source: others make theirs of the one it had."""
    return type(cls.__name__, (cls,), {_OWN: True})


def _is_own(cls: type) -> bool:
    return _OWN in vars(cls)


def connections_of(session: t.Any) -> list[sa.Connection]:
    """Return the connections of the current transaction of a session."""
    # There is no public way: SQLAlchemy passes them only to listeners at their beginning.
    known = getattr(session.get_transaction(), "_connections", ())
    return [each for each in known if isinstance(each, sa.Connection)]
