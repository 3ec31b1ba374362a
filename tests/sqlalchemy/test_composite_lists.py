"""Rows with a key of several columns that are on no list of an actor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import sqlite

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class User(Base):
    """Asks, and writes."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


_watchers = sa.Table(
    "watchers",
    Base.metadata,
    sa.Column("number", sa.Integer),
    sa.Column("tenant", sa.Integer),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=True, index=True),
    sa.ForeignKeyConstraint(["tenant", "number"], ["tickets.tenant", "tickets.number"]),
    sa.Index("ix_watchers", "tenant", "number"),
)
_links = sa.Table(
    "links",
    Base.metadata,
    *(sa.Column(name, sa.Integer) for name in ("far_number", "far_tenant", "number", "tenant")),
    sa.ForeignKeyConstraint(["tenant", "number"], ["tickets.tenant", "tickets.number"]),
    sa.ForeignKeyConstraint(["far_tenant", "far_number"], ["tickets.tenant", "tickets.number"]),
)


class Note(Base):
    """Is on a ticket; a draft may be on none."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    author_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    tenant: orm.Mapped[int] = orm.mapped_column()
    number: orm.Mapped[int] = orm.mapped_column()
    draft_tenant: orm.Mapped[int | None] = orm.mapped_column()
    draft_number: orm.Mapped[int | None] = orm.mapped_column()
    author: orm.Mapped[User | None] = orm.relationship()
    ticket: orm.Mapped[Ticket] = orm.relationship(foreign_keys=[tenant, number], viewonly=True)
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant", "number"], ["tickets.tenant", "tickets.number"]),
        sa.ForeignKeyConstraint(
            ["draft_tenant", "draft_number"], ["tickets.tenant", "tickets.number"]
        ),
        sa.Index("ix_notes", "tenant", "number"),
    )


class Ticket(Base):
    """Has a key of two columns."""

    __tablename__ = "tickets"
    tenant: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    watchers: orm.Mapped[list[User]] = orm.relationship(secondary=_watchers)
    # The columns are not in the order of the key.
    linked: orm.Mapped[list[Ticket]] = orm.relationship(
        secondary=_links,
        primaryjoin=lambda: sa.and_(
            Ticket.number == _links.c.number, Ticket.tenant == _links.c.tenant
        ),
        secondaryjoin=lambda: sa.and_(
            Ticket.number == _links.c.far_number, Ticket.tenant == _links.c.far_tenant
        ),
    )
    notes: orm.Mapped[list[Note]] = orm.relationship(foreign_keys=[Note.tenant, Note.number])
    drafts: orm.Mapped[list[Note]] = orm.relationship(
        foreign_keys=[Note.draft_tenant, Note.draft_number]
    )


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with notes of each author on some tickets, and drafts with half a key."""
    with open_session(Base.metadata) as session:
        session.add_all([User(id=1), User(id=2), User(id=3)])
        session.add_all(Ticket(tenant=t, number=n) for t in (1, 2) for n in (1, 2, 3))
        session.flush()
        session.add_all(
            Note(
                author_id=(None, 1, 2)[k % 3],
                tenant=1 + k % 2,
                number=1 + k % 3,
                draft_tenant=(None, 1, 2)[k // 2 % 3],
                draft_number=(None, 1, 2)[k // 3 % 3],
            )
            for k in range(18)
        )
        watched = [(1, 1, 1), (2, 1, 2), (1, 3, 1), (2, None, 1), (None, 3, 2), (2, 2, None)]
        rows = [{"tenant": t, "number": n, "user_id": u} for t, n, u in watched]
        session.execute(_watchers.insert(), rows)
        linked = [(1, 1, 1, 2), (1, 2, 2, 1), (2, 3, 1, 1), (2, 1, None, 1), (1, None, 1, 3)]
        links = [
            dict(zip(("tenant", "number", "far_tenant", "far_number"), each, strict=True))
            for each in linked
        ]
        session.execute(_links.insert(), links)
        session.commit()
        yield session


def made(body: str) -> Oso:
    """Make a policy."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u: User, "read", d: Ticket) if {body};')
    return oso


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    "body",
    [
        "not (n in d.notes and n.author = u)",
        "not (n in d.drafts and n.author = u)",
        "forall(n in d.notes, n.author != u)",
        "not (n in d.notes and n.author = u and n.number > 1)",
        "n in d.notes and not (m in d.drafts and m.author = u) and n.author = u",
        "u in d.watchers",
        "not (u in d.watchers)",
        "d.number = 2 or u in d.watchers",
        "t in d.linked and u in t.watchers",
        "not (t in d.linked and u in t.watchers)",
        "t in d.linked and t.number < d.number and u.id < t.number + 2",
        "forall(t in d.linked, n in t.notes and n.author = u)",
        "t in d.linked and t = d or t in d.linked and n in t.notes and n.author = u",
    ],
)
def test_rows(session: orm.Session, body: str, number: int) -> None:
    """A list has the rows that single checks allow."""
    oso, user = made(body), session.get(User, number)
    tickets = session.scalars(sa.select(Ticket)).all()

    found = session.scalars(oso.authorized_query(user, "read", Ticket)).all()

    assert {*found} == {each for each in tickets if may_read(oso, user, each)}


@pytest.mark.parametrize(
    ("relation", "where"),
    [
        (
            "notes",
            "NOT ((tickets.tenant, tickets.number) IN (SELECT notes.tenant, notes.number"
            " FROM notes WHERE notes.author_id = :author_id_1))",
        ),
        (
            "drafts",
            "NOT (EXISTS (SELECT 1 FROM notes WHERE tickets.tenant = notes.draft_tenant"
            " AND tickets.number = notes.draft_number AND notes.author_id = :author_id_1))",
        ),
    ],
)
def test_list_of_keys(session: orm.Session, relation: str, where: str) -> None:
    """Where no column may be NULL, the rows of the actor are a list, also under 'not'."""
    oso = made(f"not (n in d.{relation} and n.author = u)")

    query = oso.authorized_query(session.get(User, 1), "read", Ticket)

    assert " ".join(str(query).split()).partition(" WHERE ")[2] == where


def test_secondary_table_of_several_columns(session: orm.Session) -> None:
    """The rows of an actor in a table with a key of several columns are a list, too."""
    oso = made("u in d.watchers")

    query = oso.authorized_query(session.get(User, 1), "read", Ticket)

    assert " ".join(str(query).split()).partition(" WHERE ")[2] == (
        "(tickets.tenant, tickets.number) IN (SELECT watchers.tenant, watchers.number"
        " FROM watchers WHERE watchers.user_id = :user_id_1)"
    )


def test_list_in_parts_is_found_by_an_index(session: orm.Session) -> None:
    """SQLite finds the rows of a list of several columns in parts by an index."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(
        'allow(u: User, "read", n: Note) if watches(u, n.ticket);'
        "watches(u: User, t: Ticket) if u in t.watchers;"
        "watches(u: User, t: Ticket) if m in t.drafts and m.author = u;"
    )
    query = oso.authorized_query(session.get(User, 1), "read", Note)
    text = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

    plan = session.execute(sa.text(f"EXPLAIN QUERY PLAN {text}")).all()

    assert "SCAN notes" not in {each.detail for each in plan}
