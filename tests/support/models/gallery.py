"""Mapped classes with each kind of attribute and relation, for rows as plain data."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models


class Base(orm.DeclarativeBase):
    """The tables of these tests."""

    type_annotation_map: t.ClassVar[dict[t.Any, t.Any]] = {str: sa.String(40)}


class Shouted(sa.TypeDecorator[int]):
    """Keeps numbers as they are, by code of its own."""

    impl = sa.Integer
    cache_ok = True


class Point(t.NamedTuple):
    """A composite of two columns."""

    x: int
    y: int


class Org(Base):
    """Has users and projects."""

    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(default="org")
    __mapper_args__ = {
        "polymorphic_on": "kind",
        "polymorphic_identity": "org",
    }


class Charity(Org):
    """An organization in a table of its own."""

    __tablename__ = "charities"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("orgs.id"), primary_key=True)
    cause: orm.Mapped[str] = orm.mapped_column(default="")
    __mapper_args__ = {"polymorphic_identity": "charity"}


class User(Base):
    """Somebody who asks."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    level: orm.Mapped[int] = orm.mapped_column("lvl", default=1)
    notes: orm.Mapped[str] = orm.mapped_column(default="", deferred=True)
    x: orm.Mapped[int] = orm.mapped_column(default=0)
    y: orm.Mapped[int] = orm.mapped_column(default=0)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()
    members: orm.Mapped[list[Member]] = orm.relationship(back_populates="user")
    member_set: orm.Mapped[set[Member]] = orm.relationship(viewonly=True)
    by_id: orm.Mapped[dict[int, Member]] = orm.relationship(
        collection_class=orm.attribute_keyed_dict("id"), viewonly=True
    )
    written: orm.WriteOnlyMapped[Member] = orm.relationship(viewonly=True)
    asked: orm.DynamicMapped[Member] = orm.relationship(viewonly=True)
    double: orm.Mapped[int] = orm.column_property(level * 2)
    rank: orm.Mapped[int] = orm.synonym("level")
    place: orm.Mapped[Point] = orm.composite("x", "y")
    projects: AssociationProxy[list[Project]] = association_proxy("members", "project")

    @hybrid_property
    def high(self) -> bool:
        """Whether the level is high."""
        return self.level > 1

    @property
    def plain(self) -> int:
        """Computed in Python."""
        return self.level


class Project(Base):
    """What is asked about."""

    __tablename__ = "projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("projects.id"))
    parent: orm.Mapped[Project | None] = orm.relationship(remote_side=id)
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User | None] = orm.relationship()


class Member(Base):
    """Relates a user to a project."""

    __tablename__ = "members"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    role: orm.Mapped[str] = orm.mapped_column(default="member")
    user_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    user: orm.Mapped[User | None] = orm.relationship(back_populates="members")
    project_id: orm.Mapped[int | None] = orm.mapped_column()
    project: orm.Mapped[Project | None] = orm.relationship(
        primaryjoin="Project.id == foreign(Member.project_id)"
    )
    strict: orm.Mapped[Project | None] = orm.relationship(
        primaryjoin="Project.id == foreign(Member.project_id)", viewonly=True, lazy="raise"
    )
    owned: orm.Mapped[Project | None] = orm.relationship(
        primaryjoin="and_(Project.id == foreign(Member.project_id), Project.owner_id == 1)",
        viewonly=True,
    )
    code: orm.Mapped[str | None] = orm.mapped_column()
    word: orm.Mapped[Word | None] = orm.relationship(
        primaryjoin="Word.code == foreign(Member.code)"
    )
    shouted: orm.Mapped[int | None] = orm.mapped_column(Shouted)
    shout: orm.Mapped[Project | None] = orm.relationship(
        primaryjoin="Project.id == foreign(Member.shouted)", viewonly=True
    )
    left: orm.Mapped[int | None]
    right: orm.Mapped[str | None]
    pair: orm.Mapped[Pair | None] = orm.relationship(
        primaryjoin="and_(Pair.left == foreign(Member.left), Pair.right == foreign(Member.right))"
    )


class Word(Base):
    """Has a text as its key."""

    __tablename__ = "words"
    code: orm.Mapped[str] = orm.mapped_column(primary_key=True)


class Pair(Base):
    """Has two columns as its key."""

    __tablename__ = "pairs"
    left: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    right: orm.Mapped[str] = orm.mapped_column(primary_key=True)


def make_oso(policy: str, *, compiled: bool = True) -> Oso:
    """Make an Oso of these classes."""
    oso = Oso(compiled=compiled)
    register_models(oso, Base)
    oso.load_str(policy)
    return oso


@contextmanager
def counted(engine: sa.Engine) -> Iterator[list[str]]:
    """Collect the statements that run meanwhile."""
    statements: list[str] = []

    def note(_connection: t.Any, _cursor: t.Any, statement: str, *_: t.Any) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
