"""Asks before a commit of a session, if there is anything to commit.

Whether there is: what the session holds that is not flushed, and every statement that was
executed on its connections and is not surely a reading one. That is a SELECT of SQLAlchemy's
own with nothing else inside; a text is not looked into, so it counts as writing. What a
function of the database does cannot be seen here, nor what a connection in autocommit mode
has done by then.
"""

from __future__ import annotations

import threading
import typing as t
import weakref
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import (
    ReleaseSavepointClause,
    RollbackToSavepointClause,
    SavepointClause,
)

from ..polar.exceptions import OsoError


class Check(t.NamedTuple):
    """Who is asked about commits."""

    #: Gives what is remembered of the moment in which a transaction begins.
    begin: Callable[[], t.Any]
    #: Is given that, and raises if there must be no commit now.
    judge: Callable[[t.Any], None]


_WATCHED = "__flask_oso__"
_SAVEPOINTS = (SavepointClause, ReleaseSavepointClause, RollbackToSavepointClause)


def is_session_source(value: t.Any) -> bool:
    """Tell whether commits of what this makes, or is, can be watched."""
    return isinstance(value, orm.scoped_session | orm.sessionmaker | orm.Session) or (
        isinstance(value, type) and issubclass(value, orm.Session)
    )


def watch_commits(sessions: t.Any, check: Check) -> None:
    """Ask before each commit of sessions that have something to write.

    A second call with the same functions has no effect.

    :param sessions: a ``sessionmaker``, a ``scoped_session``, a subclass of ``Session``, or
        one session.
    :raises OsoError: if it is none of these.
    """
    if not is_session_source(sessions):
        raise OsoError(
            f"Commits of {type(sessions).__name__!r} cannot be watched. Give a 'sessionmaker', a"
            " 'scoped_session', a 'Session' class or a session."
        )
    target = _target(sessions)
    # A module may have one session for all the apps that a factory makes.
    watched: list[Check] = vars(target).get(_WATCHED, [])
    if check in watched:
        return
    setattr(target, _WATCHED, [*watched, check])
    watch = _Watch(check)
    event.listen(target, "after_transaction_create", watch.begin)
    event.listen(target, "after_transaction_end", watch.end)
    event.listen(target, "after_begin", watch.follow)
    event.listen(target, "before_commit", watch.judge_session)


def _target(sessions: t.Any) -> t.Any:
    """Give the class of sessions, or the session, that has the events."""
    factory = getattr(sessions, "session_factory", sessions)
    return factory.class_ if isinstance(factory, orm.sessionmaker) else factory


class _Watch:
    """Follows the transactions of sessions on behalf of one check."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._lock = threading.Lock()
        #: The engines whose events come here. Those of one connection take longer to ask for
        #: than a statement takes to execute.
        self._engines: weakref.WeakSet[sa.Engine] = weakref.WeakSet()
        self._begun: weakref.WeakKeyDictionary[orm.Session, t.Any] = weakref.WeakKeyDictionary()
        #: The sessions of connections.
        self._followed: weakref.WeakKeyDictionary[sa.Connection, weakref.ref[orm.Session]] = (
            weakref.WeakKeyDictionary()
        )
        self._connections: weakref.WeakKeyDictionary[
            orm.Session, weakref.WeakSet[sa.Connection]
        ] = weakref.WeakKeyDictionary()
        #: The connections that have written in their transaction.
        self._writing: weakref.WeakSet[sa.Connection] = weakref.WeakSet()
        # What was compiled is executed again and again.
        self._reading: weakref.WeakKeyDictionary[t.Any, bool] = weakref.WeakKeyDictionary()

    def begin(self, session: orm.Session, transaction: orm.SessionTransaction) -> None:
        """Remember when a transaction begins; what is inside of it begins with it."""
        if transaction.parent is None:
            self._begun[session] = self._check.begin()

    def end(self, session: orm.Session, transaction: orm.SessionTransaction) -> None:
        """Forget a transaction."""
        if transaction.parent is None:
            self._begun.pop(session, None)

    def follow(
        self, session: orm.Session, _transaction: orm.SessionTransaction, connection: sa.Connection
    ) -> None:
        """Note what is executed on a connection from now on."""
        self._connections.setdefault(session, weakref.WeakSet()).add(connection)
        self._followed[connection] = weakref.ref(session)
        if connection.engine not in self._engines:
            with self._lock:
                self._follow_engine(connection.engine)

    def _follow_engine(self, engine: sa.Engine) -> None:
        if engine in self._engines:
            return
        event.listen(engine, "before_cursor_execute", self._note)
        event.listen(engine, "commit", self._judge_connection)
        event.listen(engine, "prepare_twophase", self._judge_prepared)
        event.listen(engine, "rollback", self._writing.discard)
        if engine.dialect.name == "sqlite":
            # Its driver begins no transaction for a savepoint, whose end is a commit then.
            event.listen(engine, "release_savepoint", self._judge_savepoint)
        self._engines.add(engine)

    def judge_session(self, session: orm.Session) -> None:
        """Ask before a commit, while the session is as it was; not at the end of a savepoint."""
        if session.in_nested_transaction():
            return
        connections = self._connections.get(session, ())
        has_pending = bool(session.new or session.dirty or session.deleted)
        if has_pending or any(each in self._writing for each in connections):
            self._judge(session)

    def _judge(self, session: orm.Session | None) -> None:
        begun = self._begun.get(session) if session is not None else None
        self._check.judge(begun)

    def _session_of(self, connection: sa.Connection) -> orm.Session | None:
        known = self._followed.get(connection)
        return known() if known is not None else None

    def _note(
        self,
        connection: sa.Connection,
        _cursor: t.Any,
        _text: str,
        _values: t.Any,
        context: t.Any,
        _many: bool,
    ) -> None:
        if connection in self._followed and not self._is_reading(context):
            self._writing.add(connection)

    def _judge_connection(self, connection: sa.Connection) -> None:
        """Ask once more where it counts: a hook may have written after the session was judged."""
        if connection in self._writing:
            try:
                self._judge(self._session_of(connection))
            except BaseException:
                # SQLAlchemy takes the transaction for ended, and the connection for clean.
                connection.dialect.do_rollback(connection.connection)
                raise
            self._writing.discard(connection)

    def _judge_prepared(self, connection: sa.Connection, _xid: t.Any) -> None:
        if connection in self._writing:
            try:
                self._judge(self._session_of(connection))
            except BaseException:
                connection.invalidate()
                raise

    def _judge_savepoint(self, connection: sa.Connection, _name: str, _context: t.Any) -> None:
        if connection in self._writing:
            self._judge(self._session_of(connection))

    def _is_reading(self, context: t.Any) -> bool:
        compiled = getattr(context, "compiled", None)
        if compiled is None:
            return False
        known = self._reading.get(compiled)
        if known is None:
            known = self._reading[compiled] = _is_reading(getattr(compiled, "statement", None))
        return known


def _is_reading(statement: t.Any) -> bool:
    if isinstance(statement, _SAVEPOINTS):
        return True
    return isinstance(statement, sa.SelectBase) and not any(map(_may_write, _parts(statement)))


def _parts(statement: t.Any) -> Iterator[t.Any]:
    return visitors.iterate(statement)


def _may_write(part: t.Any) -> bool:
    return bool(getattr(part, "is_dml", False)) or isinstance(part, sa.TextualSelect)
