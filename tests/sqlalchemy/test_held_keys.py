"""Whether a relation leads to a row is told by its foreign key, where the database holds that."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql, sqlite

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.statements.kept_clauses import KeptClause
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Person(Base):
    """Writes posts."""

    __tablename__ = "people"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Shelf(Base):
    """Has a key of two columns."""

    __tablename__ = "shelves"
    room: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Post(Base):
    """Has an owner, perhaps an editor, and others that no constraint holds at any time."""

    __tablename__ = "posts"
    __table_args__ = (
        sa.ForeignKeyConstraint(["room", "number"], ["shelves.room", "shelves.number"]),
    )
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("people.id"))
    editor_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("people.id"))
    friend_id: orm.Mapped[int | None]
    later_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("people.id", deferrable=True, initially="DEFERRED")
    )
    unchecked_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("people.id", postgresql_not_valid=True)
    )
    room: orm.Mapped[int | None]
    number: orm.Mapped[int | None]
    owner: orm.Mapped[Person] = orm.relationship(foreign_keys=[owner_id])
    editor: orm.Mapped[Person | None] = orm.relationship(foreign_keys=[editor_id])
    friend: orm.Mapped[Person | None] = orm.relationship(
        primaryjoin="foreign(Post.friend_id) == Person.id"
    )
    later: orm.Mapped[Person | None] = orm.relationship(foreign_keys=[later_id])
    unchecked: orm.Mapped[Person | None] = orm.relationship(foreign_keys=[unchecked_id])
    shelf: orm.Mapped[Shelf | None] = orm.relationship()


def where(condition: str, dialect: sa.Dialect) -> str:
    """Give what a list of posts asks of a database."""
    query = make_oso(condition).authorized_query("x", "read", Post)
    return " ".join(str(query.compile(dialect=dialect)).split()).partition(" WHERE ")[2]


def make_oso(condition: str) -> Oso:
    """Give an Oso with one rule about posts."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow("x", "read", p: Post) if {condition};')
    return oso


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("p.editor = nil", "(posts.editor_id IS NULL)"),
        ("p.editor != nil", "(posts.editor_id IS NOT NULL)"),
        ("not p.editor = nil", "(posts.editor_id IS NOT NULL)"),
        ("p.shelf = nil", "(posts.room IS NULL OR posts.number IS NULL)"),
        ("p.shelf != nil", "(posts.room IS NOT NULL AND posts.number IS NOT NULL)"),
        ("p.owner != nil", "(true)"),
    ],
)
def test_constraints_of_postgresql(condition: str, wanted: str) -> None:
    """PostgreSQL holds the constraints of a table: no row is looked for."""
    found = where(condition, postgresql.dialect())

    assert found == wanted


def test_two_relations_of_postgresql() -> None:
    """Nor is one where two relations are told from each other by their keys."""
    found = where("p.owner != p.editor", postgresql.dialect())

    assert "EXISTS" not in found


@pytest.mark.parametrize("dialect", [sqlite.dialect(), mysql.dialect()], ids=["sqlite", "mysql"])
def test_databases_that_may_hold_no_constraints(dialect: sa.Dialect) -> None:
    """The row is looked for where constraints may not be held."""
    found = where("p.editor = nil", dialect)

    assert found == "(NOT (EXISTS (SELECT 1 FROM people WHERE posts.editor_id = people.id)))"


@pytest.mark.parametrize("name", ["friend", "later", "unchecked"])
def test_relation_without_a_constraint(name: str) -> None:
    """The row is looked for where no constraint says at any time that it is there."""
    found = where(f"p.{name} = nil", postgresql.dialect())

    assert found == f"NOT (EXISTS (SELECT 1 FROM people WHERE posts.{name}_id = people.id))"


@pytest.mark.parametrize("condition", ["p.editor = nil", "p.editor != nil", "p.owner != p.editor"])
def test_keys_that_lead_nowhere(condition: str) -> None:
    """On SQLite, the list has the rows of checks where a key leads nowhere, or leaves them out."""
    oso = make_oso(condition)
    with open_session(Base.metadata) as session:
        session.add(Person(id=1))
        session.add_all(
            Post(id=number, owner_id=1, editor_id=key) for number, key in enumerate((None, 1, 9), 1)
        )
        session.commit()

        found = {post.id for post in session.scalars(oso.authorized_query("x", "read", Post))}
        allowed = {
            post.id
            for post in session.scalars(sa.select(Post))
            if oso.is_allowed("x", "read", post)
        }

    assert found - {3} == allowed - {3}
    assert found <= allowed


def known(post: Post, dialect: sa.Dialect) -> str:
    """Give what a list of people asks a database about the editor of a post that is known."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str('allow(p: Post, "read", _: Person) if p.editor != nil;')
    for _ in range(3):
        query = oso.authorized_query(post, "read", Person)
    return " ".join(str(query.compile(dialect=dialect)).split()).partition(" WHERE ")[2]


def test_constraints_of_a_known_row() -> None:
    """A row that is stored as it is has the rows of its foreign keys; any other may have none."""
    with open_session(Base.metadata) as session:
        session.add_all([Person(id=1), Post(id=1, owner_id=1, editor_id=1)])
        session.commit()
        post = session.get_one(Post, 1)
        assert post.editor_id == 1

        stored = known(post, postgresql.dialect())
        elsewhere = known(post, sqlite.dialect())
        with session.no_autoflush:
            post.editor_id = 9
            changed = known(post, postgresql.dialect())
        new = known(Post(id=2, owner_id=1, editor_id=9), postgresql.dialect())

    assert stored == "(true)"
    assert "EXISTS" in elsewhere
    assert changed == new == "false"


def test_statement_about_a_known_row_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a row is stored as it is is asked of each actor, and translates nothing anew."""
    oso, made = Oso(), list[object]()
    register_models(oso, Base)
    oso.load_str('allow(p: Post, "read", q: Post) if p.editor != q.editor and q.id < p.id;')
    with open_session(Base.metadata) as session:
        session.add_all(Person(id=number) for number in range(1, 6))
        session.add_all(Post(id=n, owner_id=1, editor_id=n) for n in range(1, 6))
        session.commit()
        posts = session.scalars(sa.select(Post).order_by(Post.id)).all()
        first = [oso.authorized_query(post, "read", Post) for post in posts]
        monkeypatch.setattr(KeptClause, "__init__", lambda *_: made.append(None))

        again = [oso.authorized_query(post, "read", Post) for post in posts]

        found = [[each.id for each in session.scalars(query)] for query in again]

    assert len(first) == len(again)
    assert not made
    assert found == [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]
