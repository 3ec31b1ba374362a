"""What a session has to commit: whoever watches is asked if it may have written, and only then."""

from __future__ import annotations

import contextlib
import gc
import typing as t
import weakref
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import event, orm

from flask_oso import OsoError
from flask_oso.sqlalchemy.commits import Check, _is_reading, watch_commits


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Author(Base):
    """Who writes notes."""

    __tablename__ = "authors"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    notes: orm.Mapped[list[Note]] = orm.relationship(back_populates="author")


class Note(Base):
    """What is written."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str] = orm.mapped_column(default="")
    author_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("authors.id"))
    author: orm.Mapped[Author | None] = orm.relationship(back_populates="notes")


class VetoError(Exception):
    """There must be no commit."""


def raise_veto(begun: t.Any, writers: t.Any) -> None:
    """Refuse a commit."""
    raise VetoError


def note_nothing(place: t.Any, session: orm.Session, leave: t.Any) -> None:
    """Take no notice of a session."""


refuse = Check(lambda: None, note_nothing, raise_veto)


@contextlib.contextmanager
def filled(engine: sa.Engine) -> Iterator[sa.Engine]:
    """Put an author who has two notes into a database, and take everything out again."""
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Author(id=1, notes=[Note(id=1), Note(id=2)]))
        session.commit()
    yield engine
    Base.metadata.drop_all(engine)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """Give either database."""
    with filled(request.getfixturevalue(request.param)) as engine:
        yield engine


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[orm.Session]:
    """Give a session whose commits are refused."""
    make = orm.sessionmaker(engine)
    watch_commits(make, refuse)
    with make() as session:
        yield session


def count_notes(engine: sa.Engine) -> int:
    """Count what was committed."""
    with engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(Note)).scalar_one()


READS: dict[str, Callable[[orm.Session], t.Any]] = {
    "nothing": lambda session: None,
    "get": lambda session: session.get(Note, 1),
    "select": lambda session: session.scalars(sa.select(Note).where(Note.id > 0)).all(),
    "query": lambda session: session.query(Note).filter_by(id=1).first(),
    "lazy load": lambda session: session.get_one(Author, 1).notes,
    "eager load": lambda session: session.scalars(
        sa.select(Author).options(orm.selectinload(Author.notes))
    ).all(),
    "union": lambda session: session.execute(
        sa.union(sa.select(Note.id), sa.select(Author.id))
    ).all(),
    "with": lambda session: session.execute(sa.select(sa.select(Note.id).cte("some").c.id)).all(),
    "count": lambda session: session.scalar(sa.select(sa.func.count(Note.id))),
    "refresh": lambda session: session.refresh(session.get_one(Note, 1)),
    "condition as text": lambda session: session.execute(
        sa.select(Note.id).where(sa.text("id = 1"))
    ).all(),
    "connection": lambda session: session.connection().execute(sa.select(Note.id)).all(),
    "savepoint": lambda session: session.begin_nested().commit(),
    "added and expunged": lambda session: [session.add(n := Note(id=9)), session.expunge(n)],
}

WRITES: dict[str, Callable[[orm.Session], t.Any]] = {
    "new": lambda session: session.add(Note(id=9)),
    "new and flushed": lambda session: [session.add(Note(id=9)), session.flush()],
    "changed": lambda session: setattr(session.get_one(Note, 1), "text", "new"),
    "deleted": lambda session: session.delete(session.get_one(Note, 1)),
    "relation": lambda session: setattr(session.get_one(Note, 1), "author", None),
    "insert": lambda session: session.execute(sa.insert(Note), [{"id": 3}, {"id": 4}]),
    "update": lambda session: session.execute(sa.update(Note).values(text="new")),
    "delete": lambda session: session.execute(sa.delete(Note)),
    "query": lambda session: session.query(Note).delete(),
    "bulk": lambda session: session.bulk_save_objects([Note(id=9)]),
    "text": lambda session: session.execute(sa.text("DELETE FROM notes")),
    "text with columns": lambda session: session.execute(
        sa.text("DELETE FROM notes RETURNING id").columns(Note.id)
    ).all(),
    "text as rows": lambda session: session.scalars(
        sa.select(Note).from_statement(sa.text("DELETE FROM notes RETURNING *"))
    ).all(),
    "reading text": lambda session: session.execute(sa.text("SELECT 1")),
    "core": lambda session: session.connection().execute(sa.delete(Note)),
    "driver": lambda session: session.connection().exec_driver_sql("DELETE FROM notes"),
    "definition": lambda session: session.execute(
        sa.schema.CreateTable(sa.Table("x", sa.MetaData(), sa.Column("y", sa.Integer)))
    ),
    "in a savepoint": lambda session: [
        session.get(Note, 1),
        session.begin_nested(),
        session.add(Note(id=9)),
    ],
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_session_that_read_commits(session: orm.Session, read: t.Any) -> None:
    """Nobody is asked where there is nothing to write."""
    read(session)

    session.commit()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_session_that_wrote_asks(session: orm.Session, write: t.Any) -> None:
    """Whatever may have written is asked about; what cannot be told counts as written."""
    write(session)

    with pytest.raises(VetoError):
        session.commit()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_refused_commit_leaves_nothing(
    session: orm.Session, engine: sa.Engine, write: t.Any
) -> None:
    """A refused session can be rolled back, and used again."""
    write(session)
    with pytest.raises(VetoError):
        session.commit()

    session.rollback()
    session.commit()

    assert count_notes(engine) == 2


def test_statement_that_writes_inside_of_a_select_asks() -> None:
    """PostgreSQL deletes in a WITH of a SELECT; such a statement counts without being run."""
    deleted = sa.delete(Note).returning(Note.id).cte("deleted")
    text = sa.text("DELETE FROM notes RETURNING id").columns(Note.id).cte("deleted")

    assert not _is_reading(sa.select(deleted.c.id))
    assert not _is_reading(sa.select(Author.id).add_cte(deleted))
    assert not _is_reading(sa.select(text.c.id))
    assert not _is_reading(sa.select(sa.select(deleted.c.id).subquery()))


def test_allowed_commit_is_final(engine: sa.Engine) -> None:
    """Where nobody objects, the rows are there; the next transaction begins anew."""
    asked: list[str] = []
    make = orm.sessionmaker(engine)
    watch_commits(
        make, Check(lambda: None, note_nothing, lambda begun, writers: asked.append("asked"))
    )

    with make() as session:
        session.add(Note(id=3))
        session.commit()
        first = len(asked)
        session.get(Note, 3)
        session.commit()

    assert (first > 0, len(asked) == first, count_notes(engine)) == (True, True, 3)


def test_moment_of_the_beginning_is_remembered(engine: sa.Engine) -> None:
    """Who judges is told where the transaction began; savepoints begin with it."""
    places, told = ["first"], []
    make = orm.sessionmaker(engine)
    watch_commits(make, Check(lambda: places[-1], note_nothing, lambda *args: told.append(args[0])))

    with make() as session:
        session.add(Note(id=9))
        places.append("inside")
        with session.begin_nested():
            session.flush()
        session.commit()
        places.append("second")
        session.execute(sa.delete(Note))
        session.commit()

    assert (set(told), told[-1]) == ({"first", "second"}, "second")


Write = Callable[[orm.Session], object]


def add(session: orm.Session) -> None:
    """Add a row."""
    session.add(Note(id=9))


def change(session: orm.Session) -> None:
    """Change a row."""
    session.get_one(Note, 1).text = "changed"


def delete(session: orm.Session) -> None:
    """Delete a row."""
    session.delete(session.get_one(Note, 1))


def merge(session: orm.Session) -> None:
    """Merge a row."""
    session.merge(Note(id=1, text="merged"))


def append(session: orm.Session) -> None:
    """Add a row to a collection."""
    author = session.get_one(Author, 1)
    author.notes.append(Note(id=9))


def flush(session: orm.Session) -> None:
    """Add a row, and send it to the database."""
    session.add(Note(id=9))
    session.flush()


def execute(session: orm.Session) -> None:
    """Send a statement to the database."""
    session.execute(sa.delete(Note))


UNIT_WRITES: list[Callable[[orm.Session], t.Any]] = [
    add,
    change,
    delete,
    merge,
    append,
    flush,
    execute,
]


@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize("write", UNIT_WRITES)
def test_write_is_put_down_to_its_place(engine: sa.Engine, write: Write, goes_on: bool) -> None:
    """Whoever commits it, and whatever the one who does reads and writes before."""
    place, told = ["writer"], []
    make = orm.sessionmaker(engine)
    watch_commits(make, Check(lambda: place[0], note_nothing, lambda *args: told.append(args)))

    with make() as session:
        write(session)
        place[0] = "committer"
        if goes_on:
            session.scalars(sa.select(Note)).all()
            session.add(Note(id=10))
        session.commit()

    assert all("writer" in writers for _, writers in told)
    assert told


def test_reader_has_written_nothing(engine: sa.Engine) -> None:
    """A place in which a session was only read is not asked about."""
    place, told = ["reader"], []
    make = orm.sessionmaker(engine)
    watch_commits(make, Check(lambda: place[0], note_nothing, lambda *args: told.append(args)))

    with make() as session:
        session.get(Note, 1)
        place[0] = "committer"
        session.get_one(Note, 2).text = "changed"
        session.commit()

    assert {place for _, writers in told for place in writers} == {"committer"}


def test_place_of_a_rolled_back_write_is_forgotten(engine: sa.Engine) -> None:
    """The next transaction is that of others."""
    place, told = ["writer"], []
    make = orm.sessionmaker(engine)
    watch_commits(make, Check(lambda: place[0], note_nothing, lambda *args: told.append(args)))

    with make() as session:
        flush(session)
        session.rollback()
        place[0] = "committer"
        session.add(Note(id=10))
        session.commit()

    assert {place for _, writers in told for place in writers} == {"committer"}


def test_value_that_is_what_it_was_is_no_change(session: orm.Session) -> None:
    """A flush would write nothing."""
    note = session.get_one(Note, 1)
    note.text = str(note.text)

    session.commit()


def test_joined_transaction_counts_as_writing(engine: sa.Engine) -> None:
    """What was written before the session joined was not seen, so it is asked about."""
    make = orm.sessionmaker()
    watch_commits(make, refuse)

    with engine.connect() as connection:
        transaction = connection.begin()
        connection.execute(sa.delete(Note))
        with make(bind=connection, join_transaction_mode="rollback_only") as session:
            session.scalars(sa.select(Author)).all()
            with pytest.raises(VetoError):
                session.commit()
        with pytest.raises(VetoError):
            transaction.commit()

    assert count_notes(engine) == 2


def test_watched_session_is_not_kept(engine: sa.Engine) -> None:
    """Nothing that is remembered of it holds on to it."""
    make = orm.sessionmaker(engine)
    seen: weakref.WeakKeyDictionary[orm.Session, t.Any] = weakref.WeakKeyDictionary()
    place = type("Place", (), {})()

    def note(here: t.Any, session: orm.Session, leave: t.Any) -> None:
        here.seen = seen
        seen.setdefault(session, leave)

    watch_commits(make, Check(lambda: place, note, raise_veto))
    session = make()
    session.add(Note(id=9))
    known = weakref.ref(session)
    del session
    gc.collect()

    assert known() is None


def test_rollback_forgets(session: orm.Session) -> None:
    """What was rolled back is not there to be written."""
    session.execute(sa.delete(Note))
    session.rollback()

    session.commit()


def test_hook_that_writes_late_is_met_where_it_counts(engine: sa.Engine) -> None:
    """What another hook adds after the session was judged is judged with the connection."""
    make = orm.sessionmaker(engine)
    watch_commits(make, refuse)
    event.listen(make, "before_commit", lambda session: session.execute(sa.delete(Note)))

    with make() as session, pytest.raises(VetoError):
        session.commit()

    assert count_notes(engine) == 2


def test_outer_commit_over_an_open_savepoint_is_met(session: orm.Session) -> None:
    """A transaction that ends while a savepoint is open is judged."""
    outer = session.begin()
    session.begin_nested()
    session.add(Note(id=9))

    with pytest.raises(VetoError):
        outer.commit()


def test_savepoint_of_sqlite_asks(sqlite: sa.Engine) -> None:
    """Where a savepoint is all of a transaction, its end is a commit."""
    make = orm.sessionmaker(sqlite)
    watch_commits(make, refuse)

    with filled(sqlite), make() as session:
        with pytest.raises(VetoError), session.begin_nested():
            session.add(Note(id=9))
        session.rollback()

        assert count_notes(sqlite) == 2


def test_savepoint_of_other_databases_does_not_ask(postgresql: sa.Engine) -> None:
    """The end of a savepoint commits nothing; the end of the transaction is asked about."""
    make = orm.sessionmaker(postgresql)
    watch_commits(make, refuse)

    with filled(postgresql), make() as session:
        with session.begin_nested():
            session.add(Note(id=7))
        with pytest.raises(VetoError):
            session.commit()
        session.rollback()

        assert count_notes(postgresql) == 2


def test_begin_block_asks(session: orm.Session) -> None:
    """The end of a 'begin' block is a commit."""
    with pytest.raises(VetoError), session.begin():
        session.add(Note(id=9))


def as_class(engine: sa.Engine) -> tuple[t.Any, orm.Session]:
    """Give a class of sessions, and one of them."""
    kind = type("Own", (orm.Session,), {})
    return kind, kind(engine)


def as_factory(engine: sa.Engine) -> tuple[t.Any, orm.Session]:
    """Give a sessionmaker, and a session of it."""
    make = orm.sessionmaker(engine)
    return make, make()


def as_scoped(engine: sa.Engine) -> tuple[t.Any, orm.Session]:
    """Give a scoped session, and the one that it stands for."""
    scoped = orm.scoped_session(orm.sessionmaker(engine))
    return scoped, scoped()


def as_session(engine: sa.Engine) -> tuple[t.Any, orm.Session]:
    """Give one session."""
    session = orm.Session(engine)
    return session, session


@pytest.mark.parametrize("make", [as_class, as_factory, as_scoped, as_session])
def test_sessions_of_each_kind_are_watched(engine: sa.Engine, make: t.Any) -> None:
    """A class, a factory, a scoped session and a session will do."""
    sessions, session = make(engine)
    watch_commits(sessions, refuse)

    with session, pytest.raises(VetoError):
        session.add(Note(id=9))
        session.commit()


def test_other_sessions_are_left_alone(engine: sa.Engine) -> None:
    """A sessionmaker has sessions of its own."""
    watch_commits(orm.sessionmaker(engine), refuse)

    with orm.Session(engine) as session:
        session.add(Note(id=3))
        session.commit()

    assert count_notes(engine) == 3


def test_same_check_is_asked_once(engine: sa.Engine) -> None:
    """A factory of apps may name the same sessions a thousand times."""
    asked: list[str] = []

    check = Check(lambda: None, note_nothing, lambda begun, writers: asked.append("asked"))
    make = orm.sessionmaker(engine)
    for each in [make, make, orm.scoped_session(make)]:
        watch_commits(each, check)
    with make() as session:
        session.execute(sa.delete(Note))
        session.commit()

    # The session is asked about, and its connection.
    assert len(asked) == 2


@pytest.mark.parametrize("value", [None, "session", orm.DeclarativeBase, object()])
def test_what_is_no_session_is_refused(value: t.Any) -> None:
    """The message says what to give."""
    with pytest.raises(OsoError, match=r"cannot be watched. Give a 'sessionmaker', a"):
        watch_commits(value, refuse)
