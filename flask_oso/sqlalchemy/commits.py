"""Ask a check before a session commits changes.

A session has changes if it has objects to flush, if a statement that may write was executed on
its connections, or if it joined a transaction that was begun elsewhere. Only a SELECT of
SQLAlchemy without DML inside counts as reading; a textual statement counts as writing. What is
not seen here: what a function of the database writes, what is executed on a cursor of the
driver, and what a connection in autocommit mode has already committed.
"""

from __future__ import annotations

import dataclasses
import threading
import typing as t
import weakref
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import (
    ReleaseSavepointClause,
    RollbackToSavepointClause,
    SavepointClause,
)

from ..polar.exceptions import OsoError
from .sessions.sources import connections_of, is_session_source, target_of

Leave = Callable[[orm.Session, t.Any, t.Any], None]


class Check(t.NamedTuple):
    """The functions that are asked about commits."""

    #: Returns the current place, such as a request; ``None`` outside of any.
    place: Callable[[], t.Any]
    #: Is called when a session is used in a place, with a function to call when the place is
    #: left: with the session, the place, and the place of its next use or ``None``.
    note: Callable[[t.Any, orm.Session, Leave], None]
    #: Is called before a commit, with the place where the transaction began, and those where it
    #: wrote. It raises to prevent the commit.
    judge: Callable[[t.Any, Sequence[t.Any]], None]


_WATCHED = "__flask_oso__"
_SAVEPOINTS = (SavepointClause, ReleaseSavepointClause, RollbackToSavepointClause)


def watch_commits(sessions: t.Any, check: Check) -> Watch | None:
    """Ask a check before each commit of sessions with changes.

    A second call with the same check has no effect.

    :param sessions: a ``sessionmaker``, a ``scoped_session``, a subclass of ``Session``, or
        one session; or one of ``sqlalchemy.ext.asyncio``.
    :return: the watch that follows the sessions; ``None`` if there is one already.
    :raises OsoError: if it is none of these.
    """
    if not is_session_source(sessions):
        raise OsoError(
            f"Commits of {type(sessions).__name__!r} cannot be watched. Give a 'sessionmaker', a"
            " 'scoped_session', a 'Session' class or a session, or one of 'sqlalchemy.ext.asyncio'."
        )
    target = target_of(sessions)
    # All apps that a factory makes may share one session of a module.
    watched: list[Check] = vars(target).get(_WATCHED, [])
    if check in watched:
        return None
    setattr(target, _WATCHED, [*watched, check])
    watch = Watch(check)
    event.listen(target, "after_transaction_create", watch.begin)
    event.listen(target, "after_transaction_end", watch.end)
    event.listen(target, "after_begin", watch.follow)
    event.listen(target, "before_attach", watch.attach)
    event.listen(target, "before_flush", watch.flush)
    event.listen(target, "before_commit", watch.judge_session)
    return watch


@dataclasses.dataclass(eq=False)
class _History:
    """The transaction of a session: the places where it began and where it wrote."""

    begun: t.Any
    #: The place where the session was used last.
    last: t.Any
    #: The places that added, changed or deleted objects without a flush.
    writers: list[t.Any] = dataclasses.field(default_factory=list)


class Watch:
    """Follows the transactions of sessions for one check.

    Each write is attributed to a place: a statement to the one where it is executed, a change of
    an object to the one where the session was in use at the time. A session may serve several
    requests one after the other, and a change of one must not be attributed to the next.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self._lock = threading.Lock()
        #: Objects that have to live as long as the watch.
        self.companions: list[t.Any] = []
        #: The engines whose events are listened to. Listening to each connection would take longer
        #: than executing a statement.
        self._engines: weakref.WeakSet[sa.Engine] = weakref.WeakSet()
        self._histories: weakref.WeakKeyDictionary[orm.Session, _History] = (
            weakref.WeakKeyDictionary()
        )
        #: The sessions of connections.
        self._followed: weakref.WeakKeyDictionary[sa.Connection, weakref.ref[orm.Session]] = (
            weakref.WeakKeyDictionary()
        )
        self._connections: weakref.WeakKeyDictionary[
            orm.Session, weakref.WeakSet[sa.Connection]
        ] = weakref.WeakKeyDictionary()
        #: The places that wrote in the transactions of connections.
        self._writers: weakref.WeakKeyDictionary[sa.Connection, list[t.Any]] = (
            weakref.WeakKeyDictionary()
        )
        # Whether a compiled statement only reads.
        self._reading: weakref.WeakKeyDictionary[t.Any, bool] = weakref.WeakKeyDictionary()

    # -- sessions -----------------------------------------------------------------------

    def begin(self, session: orm.Session, transaction: orm.SessionTransaction) -> None:
        """Record the place where a transaction begins; nested ones belong to it."""
        if transaction.parent is None:
            self._begin_at(session, self._check.place())

    def end(self, session: orm.Session, transaction: orm.SessionTransaction) -> None:
        """Forget a transaction."""
        if transaction.parent is None:
            self._histories.pop(session, None)

    def arrive(self, session: orm.Session) -> None:
        """Note that a session is used: its pending changes belong to the place of its last use."""
        history, here = self._histories.get(session), self._check.place()
        if history is None and session.in_transaction():
            # It began before the watch.
            self._begin_at(session, here)
            for connection in connections_of(session):
                self._follow_connection(session, connection)
        elif history is not None and here != history.last:
            _put_down(session, history, history.last)
            history.last = here
            self._check.note(here, session, self.leave)

    def _begin_at(self, session: orm.Session, here: t.Any) -> None:
        self._histories[session] = _History(here, here)
        self._check.note(here, session, self.leave)

    def leave(self, session: orm.Session, place: t.Any, onward: t.Any) -> None:
        """Attribute pending changes when a place is left; note where the session is used next."""
        history = self._histories.get(session)
        if history is not None:
            _put_down(session, history, place)
            history.last = place if onward is None else onward

    def attach(self, session: orm.Session, _instance: t.Any) -> None:
        """Attribute the pending changes before an object is added."""
        self.arrive(session)

    def flush(self, session: orm.Session, _context: t.Any, _instances: t.Any) -> None:
        """Attribute the pending changes before a flush executes statements."""
        self.arrive(session)

    def follow(
        self, session: orm.Session, _transaction: orm.SessionTransaction, connection: sa.Connection
    ) -> None:
        """Follow the statements of a connection from now on."""
        self.arrive(session)
        self._follow_connection(session, connection)
        if connection is session.bind:
            # The session joins a transaction that was begun elsewhere, and not watched.
            self._add_writer(connection, self._check.place())

    def judge_session(self, session: orm.Session) -> None:
        """Ask before a commit flushes the session; not at the end of a savepoint."""
        if session.in_nested_transaction():
            return
        self.arrive(session)
        connections = self._connections.get(session, ())
        writers = [place for each in connections for place in self._writers.get(each, ())]
        if writers or _has_changes(session):
            self._judge(session, writers)

    def _judge(self, session: orm.Session | None, writers: Sequence[t.Any]) -> None:
        history = self._histories.get(session) if session is not None else None
        if history is None:
            self._check.judge(None, writers)
        else:
            self._check.judge(history.begun, [*history.writers, *writers])

    # -- connections ----------------------------------------------------------------------

    def _follow_connection(self, session: orm.Session, connection: sa.Connection) -> None:
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
        event.listen(engine, "rollback", self._forget)
        if engine.dialect.name == "sqlite":
            # Its driver begins no transaction for a savepoint, so that releasing one commits.
            event.listen(engine, "release_savepoint", self._judge_savepoint)
        self._engines.add(engine)

    def _forget(self, connection: sa.Connection) -> None:
        self._writers.pop(connection, None)

    def _add_writer(self, connection: sa.Connection, *places: t.Any) -> None:
        writers = self._writers.setdefault(connection, [])
        writers += [place for place in places if place not in writers]

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
        if connection not in self._followed:
            return
        session = self._session_of(connection)
        if session is not None:
            self.arrive(session)
        if not self._is_reading(context):
            history = self._histories.get(session) if session is not None else None
            # The session may be closed before the transaction of its connection ends.
            held = history.writers if history is not None else ()
            self._add_writer(connection, self._check.place(), *held)

    def _judge_connection(self, connection: sa.Connection) -> None:
        """Ask again when the connection commits: a hook may have written in between."""
        writers = self._writers.get(connection)
        if writers is None:
            return
        try:
            self._judge(self._session_of(connection), writers)
        except BaseException:
            # SQLAlchemy regards the transaction as ended, and the connection as clean.
            connection.dialect.do_rollback(connection.connection)
            raise
        self._forget(connection)

    def _judge_prepared(self, connection: sa.Connection, _xid: t.Any) -> None:
        writers = self._writers.get(connection)
        if writers is not None:
            try:
                self._judge(self._session_of(connection), writers)
            except BaseException:
                connection.invalidate()
                raise

    def _judge_savepoint(self, connection: sa.Connection, _name: str, _context: t.Any) -> None:
        writers = self._writers.get(connection)
        if writers is not None:
            self._judge(self._session_of(connection), writers)

    def _is_reading(self, context: t.Any) -> bool:
        compiled = getattr(context, "compiled", None)
        if compiled is None:
            return False
        known = self._reading.get(compiled)
        if known is None:
            known = self._reading[compiled] = _is_reading(getattr(compiled, "statement", None))
        return known


def _put_down(session: orm.Session, history: _History, place: t.Any) -> None:
    """Attribute the pending changes of a session to a place."""
    if place not in history.writers and _has_changes(session):
        history.writers.append(place)


def _has_changes(session: orm.Session) -> bool:
    """Tell whether a flush would write; setting an attribute to its old value is no change."""
    return bool(session.new or session.deleted or any(map(session.is_modified, session.dirty)))


def _is_reading(statement: t.Any) -> bool:
    if isinstance(statement, _SAVEPOINTS):
        return True
    return isinstance(statement, sa.SelectBase) and not any(map(_may_write, _parts(statement)))


def _parts(statement: t.Any) -> Iterator[t.Any]:
    return visitors.iterate(statement)


def _may_write(part: t.Any) -> bool:
    return bool(getattr(part, "is_dml", False)) or isinstance(part, sa.TextualSelect)
