"""How a row is read: ``FlaskOso.load`` with loader options, and with a lock."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from werkzeug.exceptions import Forbidden, NotFound

from flask_oso import OsoError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_database
from tests.support.sites import make_site


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Note(Base):
    """A note with lines."""

    __tablename__ = "loading_notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner: orm.Mapped[str]
    lines: orm.Mapped[list[Line]] = orm.relationship()


class Line(Base):
    """A line of a note."""

    __tablename__ = "loading_lines"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    note_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("loading_notes.id"))


POLICY = 'allow(user, "edit", note: Note) if note.owner = user; allow(_, "read", _: Note);'
Load = Callable[..., Note]


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    """Give a database with a note of ann."""
    with open_database(Base.metadata) as engine:
        fill(engine)
        yield engine


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[orm.Session]:
    """Give the session that rows are read from."""
    with orm.Session(engine) as session:
        yield session


@pytest.fixture
def load(session: orm.Session) -> Iterator[Load]:
    """Give ``FlaskOso.load`` for ann."""
    with loading(session) as load:
        yield load


@contextmanager
def loading(session: orm.Session) -> Iterator[Load]:
    """Give ``FlaskOso.load`` for ann and the first note, within a request."""
    site: t.Any = make_site("unused(1);")
    register_models(site.guard.oso, Base)
    site.guard.oso.load_str(POLICY, replace=True)
    site.guard.set_get_session(lambda: session)

    def load(identity: int = 1, **options: t.Any) -> Note:
        return t.cast(Note, site.guard.load(Note, identity, action="edit", actor="ann", **options))

    with site.app.test_request_context():
        yield load


def fill(engine: sa.Engine) -> None:
    """Store a note of ann with a line."""
    with orm.Session(engine) as session:
        session.add(Note(id=1, owner="ann", lines=[Line(id=1)]))
        session.commit()


def give_away(engine: sa.Engine) -> None:
    """Make the note somebody else's, in another transaction."""
    with engine.begin() as connection:
        connection.execute(sa.update(Note).values(owner="eve"))


@pytest.mark.parametrize("make", [lambda option: [option], lambda option: option])
def test_options_load_relations(load: Load, make: t.Any) -> None:
    """The lines are there, without a statement of their own."""
    note = load(options=make(orm.selectinload(Note.lines)))

    assert "lines" not in sa.inspect(note).unloaded


def test_row_is_read_lazily_without_options(load: Load) -> None:
    """What nobody asked for is not loaded."""
    assert "lines" in sa.inspect(load()).unloaded


def test_options_open_nothing(load: Load, engine: sa.Engine) -> None:
    """A row that is denied is denied, however it is read."""
    give_away(engine)

    with pytest.raises(Forbidden):
        load(options=[orm.selectinload(Note.lines)])


def test_lock_is_asked_for(postgresql: sa.Engine) -> None:
    """The database locks the row."""
    Base.metadata.create_all(postgresql)
    fill(postgresql)
    statements: list[str] = []
    note = lambda *args: statements.append(args[2])  # noqa: E731

    with orm.Session(postgresql) as session, loading(session) as load:
        sa.event.listen(postgresql, "before_cursor_execute", note)
        load(for_update=True)
        load(for_update={"nowait": True})
        sa.event.remove(postgresql, "before_cursor_execute", note)
    Base.metadata.drop_all(postgresql)

    assert [each.rpartition("FOR UPDATE")[1:] for each in statements] == [
        ("FOR UPDATE", ""),
        ("FOR UPDATE", " NOWAIT"),
    ]


def test_locked_row_is_judged_as_it_is_now(
    load: Load, session: orm.Session, engine: sa.Engine
) -> None:
    """What the session knew before the lock is not what is judged."""
    known = load()
    give_away(engine)

    with pytest.raises(Forbidden):
        load(for_update=True)

    assert known.owner == "eve"


def test_changes_of_the_request_survive_the_lock(load: Load) -> None:
    """What the session has not written yet is written before the row is read again."""
    note = load()
    note.owner = "eve"

    with pytest.raises(Forbidden):
        load(for_update=True)

    assert note.owner == "eve"


def test_missing_row_is_not_found(load: Load) -> None:
    """There is nothing to lock."""
    with pytest.raises(NotFound):
        load(2, for_update=True)


@pytest.mark.parametrize("options", [{"for_update": True}, {"options": []}])
def test_loader_of_the_program_cannot_take_them(options: dict[str, t.Any]) -> None:
    """A function that finds objects is given what identifies them, and nothing else."""
    site: t.Any = make_site("unused(1);")
    site.guard.loader(Note)(lambda key: None)

    with site.app.test_request_context(), pytest.raises(OsoError) as caught:
        site.guard.load(Note, 1, action="edit", actor="ann", **options)

    assert str(caught.value) == (
        "A function finds the objects of 'Note', which is given neither 'options' nor 'for_update'."
        " Leave them out, and have the function do it."
    )


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (
            "read",
            "'load' was given the text 'read' in place of a class. The class stands first:"
            " 'load(Note, note_id, action=\"read\")'.",
        ),
        (
            Note(id=1),
            "'load' finds an object of a class, and was given an object of 'Note'. Give the class;"
            " an object that is there already is judged by 'authorize'.",
        ),
    ],
)
def test_load_of_no_class_is_refused(cls: t.Any, message: str) -> None:
    """The message says what stands where."""
    site: t.Any = make_site("unused(1);")

    with site.app.test_request_context(), pytest.raises(OsoError) as caught:
        site.guard.load(cls, 1, action="read", actor="ann")

    assert str(caught.value) == message


@pytest.mark.parametrize("options", ["lines", [Note.lines], {"lines": True}, None])
def test_options_of_another_kind_are_refused(load: Load, options: t.Any) -> None:
    """An option is one of SQLAlchemy."""
    with pytest.raises(OsoError, match=r"^'options' is a list of loader options of SQLAlchemy, su"):
        load(options=options)


@pytest.mark.parametrize("for_update", ["nowait", 1, None])
def test_lock_of_another_kind_is_refused(load: Load, for_update: t.Any) -> None:
    """A lock is wanted, or not, or has options."""
    with pytest.raises(OsoError, match=r"^'for_update' is True, or a mapping of options such as"):
        load(for_update=for_update)
