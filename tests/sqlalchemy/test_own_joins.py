"""Relations to some rows of a table: of a subclass, or with a condition of their own."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.mapped.loaded import explaining_unloaded
from tests.support.answers import may_read
from tests.support.databases import open_session
from tests.support.models.gallery import counted


class Base(orm.DeclarativeBase):
    """The tables of these tests."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


watchers = sa.Table(
    "watchers",
    Base.metadata,
    sa.Column("ticket_id", sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
)


class User(Base):
    """Works here, or does not."""

    __tablename__ = "users"
    kind: orm.Mapped[str]
    __mapper_args__ = {
        "polymorphic_on": "kind",
        "polymorphic_identity": "user",
    }


class Agent(User):
    """Has no table of its own."""

    level: orm.Mapped[int | None]
    rank: orm.Mapped[int | None] = orm.synonym("level")
    tickets: orm.Mapped[list[Ticket]] = orm.relationship(viewonly=True)
    asked: orm.DynamicMapped[Ticket] = orm.relationship(viewonly=True)
    __mapper_args__ = {"polymorphic_identity": "agent"}


class Ticket(Base):
    """Leads to agents, and to some of its comments and children."""

    __tablename__ = "tickets"
    agent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("tickets.id"))
    rank: orm.Mapped[int | None]
    agent: orm.Mapped[Agent | None] = orm.relationship()
    watchers: orm.Mapped[list[Agent]] = orm.relationship(secondary=watchers)
    comments: orm.Mapped[list[Comment]] = orm.relationship(
        viewonly=True,
        primaryjoin=lambda: sa.and_(
            Ticket.id == Comment.ticket_id, Comment.shown == sa.true(), Comment.rank > 1
        ),
    )
    ranked: orm.Mapped[list[Comment]] = orm.relationship(
        viewonly=True,
        primaryjoin=lambda: sa.and_(Ticket.id == Comment.ticket_id, Comment.rank == Ticket.rank),
    )
    children: orm.Mapped[list[Ticket]] = orm.relationship(
        viewonly=True,
        primaryjoin=lambda: sa.and_(
            Ticket.id == orm.foreign(orm.remote(Ticket.parent_id)), orm.remote(Ticket.rank) > 1
        ),
    )


class Comment(Base):
    """Is shown, or is not."""

    __tablename__ = "comments"
    ticket_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("tickets.id"))
    author_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    shown: orm.Mapped[bool | None]
    rank: orm.Mapped[int | None]
    author: orm.Mapped[User | None] = orm.relationship()
    open_ticket: orm.Mapped[Ticket | None] = orm.relationship(
        viewonly=True,
        primaryjoin=lambda: sa.and_(Comment.ticket_id == Ticket.id, Ticket.rank > 1),
    )


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database in which each column has each value, and keys lead to each class."""
    with open_session(Base.metadata) as session:
        session.add_all([User(id=1), Agent(id=2), Agent(id=3, level=1)])
        session.flush()
        session.execute(
            sa.insert(Ticket),
            [
                {
                    "id": 1 + number,
                    "agent_id": (None, 1, 2, 3)[number % 4],
                    "parent_id": (None, 1, 2)[number % 3],
                    "rank": (None, 1, 2)[number // 4],
                }
                for number in range(12)
            ],
        )
        session.execute(
            sa.insert(watchers),
            [{"ticket_id": n, "user_id": 1 + n % 3} for n in range(1, 10)],
        )
        session.execute(
            sa.insert(Comment),
            [
                {
                    "ticket_id": (None, *range(1, 13))[number % 13],
                    "author_id": (None, 1, 2, 3)[number % 4],
                    "shown": (None, True, False)[number % 3],
                    "rank": (None, 1, 2)[number // 36],
                }
                for number in range(108)
            ],
        )
        session.commit()
        yield session


BODIES = [
    "d.agent = u",
    "not d.agent = u",
    "d.agent != nil and d.agent != u",
    "d.agent = nil",
    "d.agent matches Agent{level: nil}",
    "u in d.watchers",
    "not u in d.watchers",
    "w in d.watchers and w.level = 1",
    "not (w in d.watchers and w.level = nil)",
    "c in d.comments and c.author = u",
    "not (c in d.comments and c.author = u)",
    "forall(c in d.comments, c.author != u)",
    "c in d.comments and c.author = d.agent",
    "c in d.ranked and c.author = u",
    "not (c in d.ranked and c.author = u)",
    "c in d.children and c.agent = u",
    "not (c in d.children and c.agent = u)",
    "c in d.children and e in c.comments and e.author = u",
]


def made(parameter: str, body: str) -> Oso:
    """Make a policy."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u: User, "read", d: {parameter}) if u = u and {body};')
    return oso


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    ("cls", "body"),
    [
        *((Ticket, body) for body in BODIES),
        (Comment, "d.open_ticket.agent = u"),
        (Comment, "d.open_ticket = nil"),
        (Comment, "not d.open_ticket matches {agent: u}"),
    ],
)
def test_rows(session: orm.Session, cls: type[t.Any], body: str, number: int) -> None:
    """A list has the rows that single checks allow."""
    oso, user = made(cls.__name__, body), session.get(User, number)
    rows = session.scalars(sa.select(cls)).all()

    found = session.scalars(oso.authorized_query(user, "read", cls)).all()

    assert {row.id for row in found} == {row.id for row in rows if may_read(oso, user, row)}
    assert len(found) == len({*found})


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (
            "d.agent = u",
            "tickets.agent_id = :agent_id_1",
        ),
        (
            "u in d.watchers",
            "tickets.id IN (SELECT watchers.ticket_id FROM users"
            " JOIN watchers ON watchers.user_id = users.id"
            " WHERE users.kind = :kind_1 AND users.id = :id_1)",
        ),
        (
            "c in d.comments and c.author = u",
            "tickets.id IN (SELECT comments.ticket_id FROM comments WHERE comments.shown = true"
            " AND comments.rank > :rank_1 AND comments.author_id = :author_id_1)",
        ),
        (
            "c in d.children and c.parent_id = u.id",
            "tickets.id IN (SELECT tickets_1.parent_id FROM tickets AS tickets_1"
            " WHERE tickets_1.rank > :rank_1 AND tickets_1.parent_id = :parent_id_1)",
        ),
    ],
    ids=["subclass", "many of a subclass", "condition", "condition of the same table"],
)
def test_some_rows_are_listed_once(session: orm.Session, body: str, where: str) -> None:
    """Where keys lead to the actor, the rows are a list that does not depend on the row."""
    query = made("Ticket", body).authorized_query(session.get(User, 2), "read", Ticket)

    assert " ".join(str(query.whereclause).split()) == where


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("d.agent = u", [False, False, True, False]),
        ("not d.agent = u", [True, True, False, True]),
        ("d.agent != u", [True, True, False, True]),
    ],
)
def test_row_of_the_subclass_is_told_by_its_key(
    session: orm.Session, condition: str, expected: list[bool]
) -> None:
    """No statement runs to compare a relation to a subclass, whatever its key leads to."""
    oso = made("Ticket", condition)
    session.expunge_all()
    tickets = session.scalars(sa.select(Ticket).order_by(Ticket.id).limit(4)).all()
    agent = session.get(Agent, 2)

    with counted(t.cast(sa.Engine, session.get_bind())) as statements:
        answers = [oso.is_allowed(agent, "read", ticket) for ticket in tickets]

    assert (answers, statements) == (expected, [])


def test_keys_of_other_classes_lead_to_nothing(session: orm.Session) -> None:
    """A key of a row of another class leads to none, and two such relations are equal."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str("""
        allow(u: User, "read", d: Ticket) if d.agent = u;
        allow(d: Ticket, "read", e: Ticket) if d.agent = e.agent;
    """)
    session.expunge_all()
    nobody, other, first, second = (session.get_one(Ticket, number) for number in (1, 2, 3, 7))

    assert not oso.is_allowed(session.get(User, 1), "read", other)
    assert oso.is_allowed(nobody, "read", other)
    assert oso.is_allowed(first, "read", second)
    assert not oso.is_allowed(first, "read", other)


def test_row_of_a_subclass_is_not_called_expired(session: orm.Session) -> None:
    """A column of the subclass that was not read makes no expired row of it in a message."""
    session.expunge_all()
    agent = session.get_one(User, 2)

    with pytest.raises(OsoError) as caught, explaining_unloaded([agent]):
        raise sa.exc.MissingGreenlet

    assert str(caught.value) == (
        "The policy reads an attribute or relation that is not loaded, such as 'level', 'tickets',"
        " and an AsyncSession does not load it by itself. Await"
        " 'session.refresh(..., attribute_names=[...])' before, or load it with the object."
    )
