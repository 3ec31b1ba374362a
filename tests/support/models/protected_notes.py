"""Mapped classes of protected sessions: users, projects, and notes of which some are memos.

Ann may read the notes 1, 2 and 5 and the projects 1 and 2; what she may not read has ``SECRET`` in
it.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa
from flask import g
from sqlalchemy import orm

from flask_oso import FlaskOso, Oso
from flask_oso.sqlalchemy import register_models

from ..databases import open_database
from ..sites import make_app

#: What Ann may not read contains it.
SECRET = "SECRET"

POLICY = """
allow(u: User, "read", n: Note) if n.owner = u or n.project.owner = u;
allow(u: User, "read", p: Project) if p.owner = u or p.name = "open";
allow(u: User, "read", o: User) if u = o;
allow(u: User, "close", p: Project) if p.owner = u and not foreign(u, p);
foreign(u, p: Project) if n in p.notes and n.owner != u;
"""


class Base(orm.DeclarativeBase):
    """The tables."""


class User(Base):
    """Who reads."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(50))


class Project(Base):
    """What has notes."""

    __tablename__ = "projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User | None] = orm.relationship()
    notes: orm.Mapped[list[Note]] = orm.relationship(
        back_populates="project", order_by=lambda: Note.id
    )


class Note(Base):
    """What is read."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(50), default="note")
    title: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    body: orm.Mapped[str] = orm.mapped_column(sa.String(50), default="body", deferred=True)
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User | None] = orm.relationship()
    project_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("projects.id"))
    project: orm.Mapped[Project | None] = orm.relationship(back_populates="notes")
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("notes.id"))
    parent: orm.Mapped[Note | None] = orm.relationship(remote_side=[id])
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "note"}


class Memo(Note):
    """A note with a table of its own."""

    __tablename__ = "memos"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("notes.id"), primary_key=True)
    extra: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    __mapper_args__ = {"polymorphic_identity": "memo"}


class Log(Base):
    """A class that no policy knows."""

    __tablename__ = "logs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str] = orm.mapped_column(sa.String(50))


def fill(session: orm.Session) -> None:
    """Add rows of Ann and of Bob."""
    session.add_all([User(id=1, name="ann"), User(id=2, name="bob"), Log(id=1, text="begun")])
    session.flush()
    session.add_all(
        [
            Project(id=1, name="mine", owner_id=1),
            Project(id=2, name="open", owner_id=2),
            Project(id=3, name=SECRET, owner_id=2),
        ]
    )
    session.flush()
    session.add_all(
        [
            Note(id=1, title="one", owner_id=1, project_id=3),
            Note(id=2, title="two", owner_id=2, project_id=1),
            Note(id=3, title=SECRET, owner_id=2, project_id=2),
            Memo(id=4, title=SECRET, extra=SECRET, owner_id=2, project_id=3),
            Memo(id=5, title="five", extra="fine", owner_id=1, project_id=1),
        ]
    )
    session.flush()
    session.get_one(Note, 1).parent_id = 3
    session.get_one(Note, 2).parent_id = 1
    session.commit()


class Notebook:
    """An app with a protected session.

    :param engine: a database with rows.
    """

    def __init__(self, engine: sa.Engine, **options: t.Any) -> None:
        self.engine = engine
        self.app = make_app("notebook")
        self.oso = Oso()
        register_models(self.oso, [User, Project, Note, Memo])
        self.oso.load_str(POLICY)
        self.guard = FlaskOso(self.oso, self.app)
        self.session = orm.scoped_session(orm.sessionmaker(engine))
        self.guard.set_get_session(lambda: self.session)
        self.guard.protect(self.session, **options)

    @contextlib.contextmanager
    def request_of(self, user_id: int | None) -> Iterator[None]:
        """Be within a request of a user; ``None`` is nobody."""
        with self.app.test_request_context("/"):
            g.current_user = self.find_user(user_id)
            yield
        self.session.remove()

    def find_user(self, user_id: int | None) -> User | None:
        """Give a user, unfiltered."""
        with self.guard.unfiltered("the test says who acts"):
            return None if user_id is None else self.session.get(User, user_id)


@contextlib.contextmanager
def open_notebook(**options: t.Any) -> Iterator[Notebook]:
    """Open an app with a protected session of a database in memory."""
    with open_database() as engine, filled_notebook(engine, **options) as notebook:
        yield notebook


@contextlib.contextmanager
def filled_notebook(engine: sa.Engine, **options: t.Any) -> Iterator[Notebook]:
    """Open an app with a protected session of an empty database, and empty that again."""
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        fill(session)
    notebook = Notebook(engine, **options)
    yield notebook
    notebook.session.remove()
    Base.metadata.drop_all(engine)
