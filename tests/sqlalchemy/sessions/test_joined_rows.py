"""Rows of joined relations in protected sessions, of classes that share a table or calculate."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import FlaskOso
from tests.support.answers import may_read
from tests.support.databases import open_database
from tests.support.sites import make_app


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Note(Base):
    """Stands under another one."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(10))
    rank: orm.Mapped[int] = orm.mapped_column(sa.Integer)
    up_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("notes.id"))
    up: orm.Mapped[Note | None] = orm.relationship(remote_side=[id], foreign_keys=[up_id])
    subs: orm.Mapped[list[Note]] = orm.relationship(foreign_keys=[up_id], viewonly=True)
    total: orm.Mapped[int] = orm.column_property(rank + id)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "note"}


class Memo(Note):
    """A note with more columns in the same table."""

    text: orm.Mapped[str | None]
    size: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    boss_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("notes.id"))
    boss: orm.Mapped[Note | None] = orm.relationship(
        remote_side=lambda: [Note.id], foreign_keys=[boss_id]
    )
    low: orm.Mapped[Note | None] = orm.relationship(
        primaryjoin=lambda: sa.and_(
            orm.remote(Note.id) == orm.foreign(Memo.boss_id), orm.remote(Note.rank) < Memo.size
        ),
        viewonly=True,
    )
    double: orm.Mapped[int] = orm.column_property(size * 2)
    __mapper_args__ = {"polymorphic_identity": "memo"}


class Task(Base):
    """Is about a note."""

    __tablename__ = "tasks"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    note_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("notes.id"))
    note: orm.Mapped[Note] = orm.relationship()


above = orm.aliased(Note)


@pytest.fixture(scope="module")
def stored() -> Iterator[sa.Engine]:
    """Open a database in which each kind of note stands under each other, and a task has each."""
    with open_database() as engine:
        Base.metadata.create_all(engine)
        with orm.Session(engine) as session:
            for number in range(1, 25):
                memo = {
                    "text": "ab"[number // 3 % 2],
                    "size": number // 3 % 3,
                    "boss_id": number - 1 if number > 5 else None,
                }
                given = {"id": number, "rank": number // 4 % 2, "up_id": number - 1 or None}
                session.add(Note(**given) if number % 6 == 0 else Memo(**given, **memo))
                session.flush()
                session.add(Task(id=number, note_id=number))
            session.commit()
        yield engine


#: Statements about pairs of a row and another one, and which of these a row has.
STATEMENTS: dict[str, tuple[t.Any, t.Callable[[t.Any], t.Any]]] = {
    "above": (sa.select(Note).options(orm.joinedload(Note.up)), lambda row: [row[0].up]),
    "below": (sa.select(Note).options(orm.joinedload(Note.subs)), lambda row: row[0].subs),
    "of a task": (sa.select(Task).options(orm.joinedload(Task.note)), lambda row: [row[0].note]),
    "alias": (sa.select(Note, above).join(above, Note.up), lambda row: [row[1]]),
    "of type": (sa.select(Task, above).join(Task.note.of_type(above)), lambda row: [row[1]]),
}


@pytest.mark.parametrize(
    "rule",
    [
        "note: Note) if note.total > 12",
        'note: Memo) if note.text = "a"',
        "note: Memo) if note.double = 2",
        "note: Memo) if note.boss = nil",
        "note: Memo) if note.boss.rank = 1",
        "note: Memo) if note.low.rank < 2",
        'note: Note) if not note matches Memo{text: "a"}',
    ],
)
@pytest.mark.parametrize("name", STATEMENTS)
def test_joined_rows_are_those_of_checks(stored: sa.Engine, name: str, rule: str) -> None:
    """A condition on a class is about the row of the joined alias, with all of its columns."""
    app, sessions = make_app(OSO_ENFORCE="off"), orm.scoped_session(orm.sessionmaker(stored))
    guard = FlaskOso(app, models=Base, session=sessions)
    guard.set_get_actor(lambda: "ann")
    oso = app.extensions["oso"].oso
    oso.load_str(f'allow(_, "read", _: Task); allow(_, "read", {rule};')
    with orm.Session(stored) as session:
        allowed = {
            each.id for each in session.scalars(sa.select(Note)) if may_read(oso, "ann", each)
        }
    guard.protect(sessions)
    statement, others = STATEMENTS[name]

    with app.test_request_context():
        rows = sessions.execute(statement).unique().all()
        found = {each.id for row in rows for each in others(row) if each is not None}

    sessions.remove()
    assert found
    assert found <= allowed
