"""Asks before a commit of a session, if there is anything to commit.

Whether there is: what the session holds that is not flushed, and every statement that was
executed on its connections and is not surely a reading one. A session that joins a
transaction of others counts as writing. That is a SELECT of SQLAlchemy's
own with nothing else inside; a text is not looked into, so it counts as writing. What a
function of the database does cannot be seen here, nor what goes through a cursor of the
driver, nor what a connection in autocommit mode has done by then.
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

Leave = Callable[[orm.Session, t.Any, t.Any], None]


class Check(t.NamedTuple):
    """Who is asked about commits."""

    #: Gives where something happens, a request say; ``None`` is nowhere in particular.
    place: Callable[[], t.Any]
    #: Is told that a session is used in a place, and what to call when that is left: with the
    #: session, the place, and where it is used next or ``None``.
    note: Callable[[t.Any, orm.Session, Leave], None]
    #: Is given where the transaction began, and where was written what it would commit. It
    #: raises if there must be no commit now.
    judge: Callable[[t.Any, Sequence[t.Any]], None]


_WATCHED = "__flask_oso__"
_SAVEPOINTS = (SavepointClause, ReleaseSavepointClause, RollbackToSavepointClause)


def is_session_source(value: t.Any) -> bool:
    """Tell whether commits of what this makes, or is, can be watched."""
    return isinstance(value, orm.scoped_session | orm.sessionmaker | orm.Session) or (
        isinstance(value, type) and issubclass(value, orm.Session)
    )


def watch_commits(sessions: t.Any, check: Check) -> Watch | None:
    """Ask before each commit of sessions that have something to write.

    A second call with the same functions has no effect.

    :param sessions: a ``sessionmaker``, a ``scoped_session``, a subclass of ``Session``, or
        one session.
    :return: what follows the sessions from now on.
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


def session_of_scope(sessions: t.Any) -> orm.Session | None:
    """Give the session that a ``scoped_session`` has for the current scope, or one session."""
    if isinstance(sessions, orm.Session):
        return sessions
    if isinstance(sessions, orm.scoped_session) and sessions.registry.has():
        return t.cast(orm.Session, sessions.registry())
    return None


def _target(sessions: t.Any) -> t.Any:
    """Give the class of sessions, or the session, that has the events."""
    factory = getattr(sessions, "session_factory", sessions)
    return factory.class_ if isinstance(factory, orm.sessionmaker) else factory


@dataclasses.dataclass(eq=False)
class _History:
    """The transaction of a session: where it began, and who wrote what it holds."""

    begun: t.Any
    #: Where the session was used last.
    last: t.Any
    #: Where objects were added, changed or deleted that were not flushed there.
    writers: list[t.Any] = dataclasses.field(default_factory=list)


class Watch:
    """Follows the transactions of sessions on behalf of one check.

    What is written is put down to where it happens: a statement to where it is executed, a
    change of an object to where the session is used until something else happens to it. A
    session may serve one request after the other, and what one left is not the next one's.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self._lock = threading.Lock()
        #: What has to live as long as this.
        self.companions: list[t.Any] = []
        #: The engines whose events come here. Those of one connection take longer to ask for
        #: than a statement takes to execute.
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
        #: Where was written in the transactions of connections.
        self._writers: weakref.WeakKeyDictionary[sa.Connection, list[t.Any]] = (
            weakref.WeakKeyDictionary()
        )
        # What was compiled is executed again and again.
        self._reading: weakref.WeakKeyDictionary[t.Any, bool] = weakref.WeakKeyDictionary()

    # -- sessions -----------------------------------------------------------------------

    def begin(self, session: orm.Session, transaction: orm.SessionTransaction) -> None:
        """Remember where a transaction begins; what is inside of it begins with it."""
        if transaction.parent is None:
            here = self._check.place()
            self._histories[session] = _History(here, here)
            self._check.note(here, session, self.leave)

    def end(self, session: orm.Session, transaction: orm.SessionTransaction) -> None:
        """Forget a transaction."""
        if transaction.parent is None:
            self._histories.pop(session, None)

    def arrive(self, session: orm.Session) -> None:
        """Note that a session is used: what it holds was written where it was used before."""
        history, here = self._histories.get(session), self._check.place()
        if history is None and session.in_transaction():
            self._begin_late(session, here)
        elif history is not None and here != history.last:
            _put_down(session, history, history.last)
            history.last = here
            self._check.note(here, session, self.leave)

    def _begin_late(self, session: orm.Session, here: t.Any) -> None:
        """Follow a transaction that began before anybody watched."""
        self._histories[session] = _History(here, here)
        self._check.note(here, session, self.leave)
        for connection in _connections_of(session):
            self._follow_connection(session, connection)

    def leave(self, session: orm.Session, place: t.Any, onward: t.Any) -> None:
        """Note what a session holds when a place is left, and where it is used next."""
        history = self._histories.get(session)
        if history is not None:
            _put_down(session, history, place)
            history.last = place if onward is None else onward

    def attach(self, session: orm.Session, _instance: t.Any) -> None:
        """Note what a session held before it is given another object."""
        self.arrive(session)

    def flush(self, session: orm.Session, _context: t.Any, _instances: t.Any) -> None:
        """Note what a session held before it executes statements."""
        self.arrive(session)

    def follow(
        self, session: orm.Session, _transaction: orm.SessionTransaction, connection: sa.Connection
    ) -> None:
        """Note what is executed on a connection from now on."""
        self.arrive(session)
        self._follow_connection(session, connection)
        if connection is session.bind:
            # It joins a transaction that somebody else began, and nobody looked at.
            self._add_writer(connection, self._check.place())

    def judge_session(self, session: orm.Session) -> None:
        """Ask before a commit, while the session is as it was; not at the end of a savepoint."""
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
            # Its driver begins no transaction for a savepoint, whose end is a commit then.
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
            # The session may end before the transaction of its connection does.
            held = history.writers if history is not None else ()
            self._add_writer(connection, self._check.place(), *held)

    def _judge_connection(self, connection: sa.Connection) -> None:
        """Ask once more where it counts: a hook may have written after the session was judged."""
        writers = self._writers.get(connection)
        if writers is None:
            return
        try:
            self._judge(self._session_of(connection), writers)
        except BaseException:
            # SQLAlchemy takes the transaction for ended, and the connection for clean.
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


def _connections_of(session: orm.Session) -> list[sa.Connection]:
    """Give the connections of the transaction that a session is in."""
    # SQLAlchemy gives them to those only who ask when they begin.
    known = getattr(session.get_transaction(), "_connections", ())
    return [each for each in known if isinstance(each, sa.Connection)]


def _put_down(session: orm.Session, history: _History, place: t.Any) -> None:
    """Put what a session holds down to a place."""
    if place not in history.writers and _has_changes(session):
        history.writers.append(place)


def _has_changes(session: orm.Session) -> bool:
    """Tell whether a flush would write; a value that was set to what it was is no change."""
    return bool(session.new or session.deleted or any(map(session.is_modified, session.dirty)))


def _is_reading(statement: t.Any) -> bool:
    if isinstance(statement, _SAVEPOINTS):
        return True
    return isinstance(statement, sa.SelectBase) and not any(map(_may_write, _parts(statement)))


def _parts(statement: t.Any) -> Iterator[t.Any]:
    return visitors.iterate(statement)


def _may_write(part: t.Any) -> bool:
    return bool(getattr(part, "is_dml", False)) or isinstance(part, sa.TextualSelect)
