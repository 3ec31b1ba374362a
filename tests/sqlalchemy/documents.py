"""Tables with everything that a condition on rows can meet, and rows drawn at random."""

from __future__ import annotations

import datetime
import decimal
import enum
import random
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Status(enum.Enum):
    """What has become of a document."""

    DRAFT = "draft"
    DONE = "done"


members = sa.Table(
    "members",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("team_id", sa.ForeignKey("teams.id"), primary_key=True),
)
tags = sa.Table(
    "doc_tags",
    Base.metadata,
    sa.Column("doc_id", sa.ForeignKey("docs.id"), primary_key=True),
    sa.Column("team_id", sa.ForeignKey("teams.id"), primary_key=True),
)


class Team(Base):
    """Users, and documents that are theirs."""

    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    open: orm.Mapped[bool]
    users: orm.Mapped[list[User]] = orm.relationship(secondary=members, back_populates="teams")


class User(Base):
    """Somebody who asks."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    admin: orm.Mapped[bool]
    level: orm.Mapped[int | None]
    teams: orm.Mapped[list[Team]] = orm.relationship(secondary=members, back_populates="users")
    roles: orm.Mapped[list[Role]] = orm.relationship(back_populates="user")


class Folder(Base):
    """Lies in another folder, or in none."""

    __tablename__ = "folders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    open: orm.Mapped[bool]
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    parent: orm.Mapped[Folder | None] = orm.relationship(remote_side=[id])
    owner: orm.Mapped[User | None] = orm.relationship()
    docs: orm.Mapped[list[Doc]] = orm.relationship(back_populates="folder")


class Doc(Base):
    """What is listed."""

    __tablename__ = "docs"
    __mapper_args__: t.ClassVar[dict[str, t.Any]] = {
        "polymorphic_on": "type",
        "polymorphic_identity": "doc",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str]
    title: orm.Mapped[str | None]
    size: orm.Mapped[int | None]
    rank: orm.Mapped[int]
    score: orm.Mapped[float | None]
    price: orm.Mapped[decimal.Decimal | None] = orm.mapped_column(sa.Numeric(10, 2))
    due: orm.Mapped[datetime.date | None]
    status: orm.Mapped[Status | None]
    open: orm.Mapped[bool]
    flag: orm.Mapped[bool | None]
    folder_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    editor_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    folder: orm.Mapped[Folder | None] = orm.relationship(back_populates="docs")
    owner: orm.Mapped[User | None] = orm.relationship(foreign_keys=[owner_id])
    editor: orm.Mapped[User] = orm.relationship(foreign_keys=[editor_id])
    teams: orm.Mapped[list[Team]] = orm.relationship(secondary=tags)
    roles: orm.Mapped[list[Role]] = orm.relationship(back_populates="doc")


class Memo(Doc):
    """A document in the table of documents."""

    __mapper_args__: t.ClassVar[dict[str, t.Any]] = {"polymorphic_identity": "memo"}


class Plan(Doc):
    """A document with a table of its own."""

    __tablename__ = "plans"
    __mapper_args__: t.ClassVar[dict[str, t.Any]] = {"polymorphic_identity": "plan"}
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("docs.id"), primary_key=True)
    goal: orm.Mapped[str | None]


class Role(Base):
    """What a user is to a document; its key has two columns."""

    __tablename__ = "roles"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    doc_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("docs.id"), primary_key=True)
    name: orm.Mapped[str]
    weight: orm.Mapped[int | None]
    user: orm.Mapped[User] = orm.relationship(back_populates="roles")
    doc: orm.Mapped[Doc] = orm.relationship(back_populates="roles")


TITLES = [None, "", "a", "A", "ab", "a%", "b_", "É", "a ", "\U0001d4b3z"]
NAMES = ["reader", "editor", "Reader"]


def fill(session: orm.Session, choose: random.Random) -> None:
    """Draw rows, NULLs among them."""
    one = choose.choice
    ids = [1, 2, 3]
    session.add_all([Team(id=n, name=one(NAMES), open=one([True, False])) for n in ids])
    session.add_all(
        User(id=n, name=one(NAMES), admin=one([True, False]), level=one([None, 0, 1, 2]))
        for n in ids
    )
    session.flush()
    for user in session.scalars(sa.select(User)):
        user.teams = [team for team in session.scalars(sa.select(Team)) if one([True, False])]
    for n in range(1, 7):
        parent = one([None, *range(1, n)])
        owner = one([None, *ids])
        folder = Folder(id=n, name=one(NAMES), open=one([True, False]))
        folder.parent_id, folder.owner_id = parent, owner
        session.add(folder)
        session.flush()
    for n in range(1, 25):
        session.add(_doc(n, choose))
    session.flush()
    for doc in session.scalars(sa.select(Doc)):
        doc.teams = [team for team in session.scalars(sa.select(Team)) if choose.random() < 0.3]
        for user_id in ids:
            if choose.random() < 0.3:
                weight = one([None, 1, 2])
                session.add(Role(user_id=user_id, doc_id=doc.id, name=one(NAMES), weight=weight))
    session.commit()


def _doc(number: int, choose: random.Random) -> Doc:
    one = choose.choice
    kind: type[Doc] = one([Doc, Doc, Memo, Plan])
    doc = kind(
        id=number,
        title=one(TITLES),
        size=one([None, 0, 1, 2, 3]),
        rank=one([0, 1, 2]),
        score=one([None, 0.5, 1.0, 2.0]),
        price=one([None, decimal.Decimal("0.10"), decimal.Decimal(1)]),
        due=one([None, datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)]),
        status=one([None, *Status]),
        open=one([True, False]),
        flag=one([None, True, False]),
        folder_id=one([None, *range(1, 7)]),
        owner_id=one([None, 1, 2, 3]),
        editor_id=one([1, 2, 3]),
    )
    if isinstance(doc, Plan):
        doc.goal = one(TITLES)
    return doc
