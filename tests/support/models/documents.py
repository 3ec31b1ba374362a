"""Tables with everything that a condition on rows can meet, rows drawn at random, and an Oso."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import enum
import io
import typing as t
import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models

from ..choices import Choices, seeded
from ..databases import open_session
from .links import link_table


class Base(orm.DeclarativeBase):
    """The tables of these tests."""

    # MariaDB wants lengths, keeps a Float in 32 bits, and times in whole seconds.
    type_annotation_map: t.ClassVar[dict[t.Any, t.Any]] = {
        str: sa.String(200),
        float: sa.Double(),
        datetime.datetime: sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb"),
    }


class Status(enum.Enum):
    """What has become of a document."""

    DRAFT = "draft"
    DONE = "done"


members = link_table(Base, "members", user_id="users.id", team_id="teams.id")
tags = link_table(Base, "doc_tags", doc_id="docs.id", team_id="teams.id")
relations = link_table(Base, "doc_relations", doc_id="docs.id", other_id="docs.id")


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
    __mapper_args__ = {
        "polymorphic_on": "type",
        "polymorphic_identity": "user",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str]
    name: orm.Mapped[str]
    admin: orm.Mapped[bool]
    level: orm.Mapped[int | None]
    key: orm.Mapped[uuid.UUID | None]
    code: orm.Mapped[int] = orm.mapped_column(unique=True)
    teams: orm.Mapped[list[Team]] = orm.relationship(secondary=members, back_populates="users")
    sponsored: orm.Mapped[list[Doc]] = orm.relationship(
        foreign_keys="Doc.sponsor_code", back_populates="sponsor"
    )
    roles: orm.Mapped[list[Role]] = orm.relationship(back_populates="user")


class Boss(User):
    """A user in the table of users."""

    __mapper_args__ = {"polymorphic_identity": "boss"}
    budget: orm.Mapped[int | None] = orm.mapped_column()


class Folder(Base):
    """Lies in another folder, or in none."""

    __tablename__ = "folders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    open: orm.Mapped[bool]
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    parent: orm.Mapped[Folder | None] = orm.relationship(
        remote_side=[id], back_populates="children"
    )
    children: orm.Mapped[list[Folder]] = orm.relationship(back_populates="parent")
    owner: orm.Mapped[User | None] = orm.relationship()
    docs: orm.Mapped[list[Doc]] = orm.relationship(back_populates="folder")


class Doc(Base):
    """What is listed."""

    __tablename__ = "docs"
    __mapper_args__ = {
        "polymorphic_on": "type",
        "polymorphic_identity": "doc",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str]
    title: orm.Mapped[str | None]
    size: orm.Mapped[int | None]
    big: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    rank: orm.Mapped[int] = orm.mapped_column()
    score: orm.Mapped[float | None]
    price: orm.Mapped[decimal.Decimal | None] = orm.mapped_column(sa.Numeric(10, 2))
    due: orm.Mapped[datetime.date | None]
    made: orm.Mapped[datetime.datetime | None]
    status: orm.Mapped[Status | None]
    sort: orm.Mapped[str | None] = orm.mapped_column(sa.Enum("low", "high", name="sorts"))
    key: orm.Mapped[uuid.UUID | None]
    open: orm.Mapped[bool]
    flag: orm.Mapped[bool | None]
    folder_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    editor_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    sponsor_code: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.code"))
    folder: orm.Mapped[Folder | None] = orm.relationship(back_populates="docs")
    owner: orm.Mapped[User | None] = orm.relationship(foreign_keys=[owner_id])
    editor: orm.Mapped[User] = orm.relationship(foreign_keys=[editor_id])
    sponsor: orm.Mapped[User | None] = orm.relationship(
        foreign_keys=[sponsor_code], back_populates="sponsored"
    )
    teams: orm.Mapped[list[Team]] = orm.relationship(secondary=tags)
    roles: orm.Mapped[list[Role]] = orm.relationship(back_populates="doc")
    related: orm.Mapped[list[Doc]] = orm.relationship(
        secondary=relations,
        primaryjoin=id == relations.c.doc_id,
        secondaryjoin=id == relations.c.other_id,
    )
    double: orm.Mapped[int] = orm.column_property(rank * 2)

    @hybrid_property
    def is_big(self) -> bool:
        """Whether it ranks high."""
        return self.rank > 1

    @is_big.inplace.expression
    @classmethod
    def _is_big(cls) -> sa.ColumnElement[bool]:
        return cls.rank > 1

    @hybrid_property
    def label(self) -> str:
        """The title, or nothing."""
        return "" if self.title is None else self.title

    @label.inplace.expression
    @classmethod
    def _label(cls) -> sa.ColumnElement[str]:
        return sa.func.coalesce(cls.title, "", type_=sa.String())


class Memo(Doc):
    """A document in the table of documents."""

    __mapper_args__ = {"polymorphic_identity": "memo"}
    mood: orm.Mapped[int | None] = orm.mapped_column()


class Plan(Doc):
    """A document with a table of its own."""

    __tablename__ = "plans"
    __mapper_args__ = {"polymorphic_identity": "plan"}
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("docs.id"), primary_key=True)
    goal: orm.Mapped[str | None]
    lead_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    lead: orm.Mapped[User | None] = orm.relationship()


# What is computed of other rows, as the documentation of SQLAlchemy has it.
Folder.doc_count = orm.column_property(
    sa.select(sa.func.count(Doc.id))
    .where(Doc.folder_id == Folder.id)
    .correlate_except(Doc)
    .scalar_subquery()
)


class Role(Base):
    """What a user is to a document; its key has two columns."""

    __tablename__ = "roles"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    doc_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("docs.id"), primary_key=True)
    name: orm.Mapped[str]
    weight: orm.Mapped[int | None]
    user: orm.Mapped[User] = orm.relationship(back_populates="roles")
    doc: orm.Mapped[Doc] = orm.relationship(back_populates="roles")
    notes: orm.Mapped[list[Note]] = orm.relationship(back_populates="role")


class Note(Base):
    """Belongs to a role, by both columns of its key, or to none."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str | None]
    role_user_id: orm.Mapped[int | None]
    role_doc_id: orm.Mapped[int | None]
    role: orm.Mapped[Role | None] = orm.relationship(back_populates="notes")
    __table_args__ = (
        sa.ForeignKeyConstraint(["role_user_id", "role_doc_id"], ["roles.user_id", "roles.doc_id"]),
    )


TITLES = [None, "", "a", "A", "ab", "a%", "b_", "É", "a ", "\U0001d4b3z"]
NAMES = ["reader", "editor", "Reader"]
#: At the bounds of 64 bits, and one that is not.
BIGS = [5, 2**63 - 1, -(2**63), 2**62]
KEYS = [uuid.UUID(int=1), uuid.UUID(int=2)]
DATES = [datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)]
TIMES = [datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, 12, 30, 0, 1)]
PRICES = [decimal.Decimal("0.10"), decimal.Decimal(1)]
_FLAGS = [False, True]

#: The rows of each table, by its name, so that each comes behind those that it refers to.
Rows = dict[str, list[dict[str, t.Any]]]


def draw_rows(choices: Choices) -> Rows:
    """Draw rows, NULLs among them."""
    pick, often = choices.pick, choices.often
    users = range(1, 2 + choices.below(3))
    teams = range(1, 1 + choices.below(4))
    folders = range(1, 1 + choices.below(7))
    docs = range(1, 2 + choices.below(14))
    rows: Rows = {
        "teams": [{"id": n, "name": pick(NAMES), "open": pick(_FLAGS)} for n in teams],
        "users": [_draw_user(n, choices, len(users)) for n in users],
        "members": [{"user_id": u, "team_id": team} for u in users for team in teams if often(50)],
        "folders": [
            {
                "id": n,
                "name": pick(NAMES),
                "open": pick(_FLAGS),
                "parent_id": pick([None, *range(1, n)]),
                "owner_id": pick([None, *users]),
            }
            for n in folders
        ],
        "docs": [_draw_doc(n, choices, users, folders) for n in docs],
    }
    rows["plans"] = [
        {"id": doc["id"], "goal": pick(TITLES), "lead_id": pick([None, *users])}
        for doc in rows["docs"]
        if doc["type"] == "plan"
    ]
    rows["doc_tags"] = [{"doc_id": n, "team_id": m} for n in docs for m in teams if often(30)]
    rows["doc_relations"] = [{"doc_id": n, "other_id": pick(docs)} for n in docs if often(40)]
    rows["roles"] = [
        {"user_id": u, "doc_id": n, "name": pick(NAMES), "weight": pick([None, 1, 2])}
        for u in users
        for n in docs
        if often(30)
    ]
    rows["notes"] = [_draw_note(n, choices, rows["roles"]) for n in range(1, choices.below(8))]
    return rows


def _draw_user(number: int, choices: Choices, count: int) -> dict[str, t.Any]:
    pick = choices.pick
    kind = pick(["user", "user", "boss"])
    return {
        "id": number,
        "type": kind,
        "budget": pick([None, 1, 2]) if kind == "boss" else None,
        "name": pick(NAMES),
        "admin": pick(_FLAGS),
        "level": pick([None, 0, 1, 2]),
        "key": pick([None, *KEYS]),
        # The key of another user.
        "code": number % count + 1,
    }


def _draw_doc(
    number: int, choices: Choices, users: t.Sequence[int], folders: t.Sequence[int]
) -> dict[str, t.Any]:
    pick = choices.pick
    kind = pick(["doc", "doc", "memo", "plan"])
    return {
        "id": number,
        "type": kind,
        "mood": pick([None, 1, 2]) if kind == "memo" else None,
        "title": pick(TITLES),
        "size": pick([None, 0, 1, 2, 3]),
        "big": pick([None, *BIGS]),
        "rank": pick([0, 1, 2]),
        "score": pick([None, 0.5, 1.0, 2.0]),
        "price": pick([None, *PRICES]),
        "due": pick([None, *DATES]),
        "made": pick([None, *TIMES]),
        "status": pick([None, *Status]),
        "sort": pick([None, "low", "high"]),
        "key": pick([None, *KEYS]),
        "open": pick(_FLAGS),
        "flag": pick([None, True, False]),
        "folder_id": pick([None, *folders]),
        "owner_id": pick([None, *users]),
        "editor_id": pick(users),
        "sponsor_code": pick([None, *users]),
    }


def _draw_note(number: int, choices: Choices, roles: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    # Half of a key refers to nothing.
    nothing: list[dict[str, t.Any]] = [
        {"user_id": None, "doc_id": None},
        {"user_id": 1, "doc_id": None},
    ]
    role = choices.pick([*nothing, *roles])
    return {
        "id": number,
        "text": choices.pick(TITLES),
        "role_user_id": role["user_id"],
        "role_doc_id": role["doc_id"],
    }


def insert(connection: sa.Connection, rows: Rows) -> None:
    """Put rows into empty tables."""
    for name, of_table in rows.items():
        if of_table:
            connection.execute(Base.metadata.tables[name].insert(), of_table)


def fill(session: orm.Session, choices: Choices) -> None:
    """Draw rows, and put them into the tables of a session."""
    insert(session.connection(), draw_rows(choices))
    session.commit()


@contextlib.contextmanager
def open_documents() -> Iterator[orm.Session]:
    """Open a database in memory with the rows that most tests look at."""
    with open_session(Base.metadata) as session:
        fill(session, seeded(2618))
        yield session


CONSTANTS = {
    "done": Status.DONE,
    "new_year": DATES[0],
    "midnight": TIMES[0],
    "noon": datetime.datetime(2024, 1, 1, 12),
    "ten_cents": decimal.Decimal("0.10"),
    "first_key": KEYS[0],
}


def make_oso(policy: str) -> Oso:
    """Make an Oso that knows the documents."""
    oso = Oso(compiled=False)
    register_models(oso, Base)
    oso.register_class(Guest)
    for name, value in CONSTANTS.items():
        oso.register_constant(value, name)
    with contextlib.redirect_stdout(io.StringIO()):
        oso.load_str(policy)
    return oso


class Guest:
    """Somebody who is no row, and has what rows of users have."""

    def __init__(self, roles: list[t.Any], teams: list[t.Any]) -> None:
        self.id = 1
        self.name = "reader"
        self.admin = True
        self.level = 1
        self.key = KEYS[0]
        self.code = 2
        self.sponsored: list[t.Any] = []
        self.roles = roles
        self.teams = teams
