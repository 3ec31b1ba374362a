"""What PostgreSQL is asked of related rows in a statement that reads all rows."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql as of_postgresql

from flask_oso import Oso
from tests.support.answers import may_read
from tests.support.lists import count, count_of_rows, list_of, oso_for, text_of


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Person(Base):
    """Asks."""

    __tablename__ = "hashed_people"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    level: orm.Mapped[int]


class Area(Base):
    """Has projects, and may be open."""

    __tablename__ = "hashed_areas"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    is_open: orm.Mapped[bool]


class Project(Base):
    """Is of an area, perhaps, and may be public."""

    __tablename__ = "hashed_projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    area_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("hashed_areas.id"))
    is_public: orm.Mapped[bool | None]
    level: orm.Mapped[int]
    area: orm.Mapped[Area | None] = orm.relationship()


class Ticket(Base):
    """Is of a project and below another ticket, perhaps."""

    __tablename__ = "hashed_tickets"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    size: orm.Mapped[int]
    code: orm.Mapped[str] = orm.mapped_column(default="", index=True)
    project_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("hashed_projects.id"))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("hashed_tickets.id"))
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("hashed_people.id"))
    project: orm.Mapped[Project | None] = orm.relationship()
    parent: orm.Mapped[Ticket | None] = orm.relationship(remote_side=[id])
    author: orm.Mapped[Person] = orm.relationship()
    comments: orm.Mapped[list[Comment]] = orm.relationship()


class Comment(Base):
    """Is of a ticket, perhaps, and may be shared."""

    __tablename__ = "hashed_comments"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    ticket_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("hashed_tickets.id"))
    is_shared: orm.Mapped[bool]


Tickets = sa.Select[tuple[Ticket]]
PUBLIC = "t.author = u or t.project matches Project{is_public: true}"
SHARED = "t.author = u or (c in t.comments and c.is_shared)"
#: Policies with a condition under `or`, and the begin of the list that PostgreSQL gets of it.
POLICIES = {
    PUBLIC: "project_id IN … SELECT hashed_projects.id",
    SHARED: "id IN … SELECT hashed_tickets_1.id",
    "t.author = u or t.project.area.is_open": ("project_id IN … SELECT hashed_projects.id"),
    "t.author = u or t.parent.size = 1": "parent_id IN … SELECT hashed_tickets_1.id",
    "t.size = 1 or t.project.level <= u.level": ("project_id IN … SELECT hashed_projects.id"),
    "t.size < 3 and (t.author = u or not (c in t.comments and c.is_shared))": (
        "id IN … SELECT hashed_tickets_1.id"
    ),
    "t.author = u or not t.project matches Project{is_public: true}": (
        "project_id IN … SELECT hashed_projects.id"
    ),
    # Each way has a key of the person, but beside an `or` no index finds the second.
    "(t.author = u and t.project matches Project{is_public: true}) or t.parent.author = u": (
        "project_id IN … SELECT hashed_projects.id"
    ),
}


def make_oso(condition: str) -> Oso:
    """Give an Oso with one rule about tickets."""
    return oso_for(Base, f'allow(u: Person, "read", t: Ticket) if {condition};')


def query(condition: str) -> Tickets:
    """Give the list of the first person."""
    return list_of(make_oso(condition), Person(id=1, level=1), Ticket)


def text(statement: t.Any) -> str:
    """Give a statement as PostgreSQL gets it."""
    return text_of(statement, of_postgresql.dialect())


def count_of_keys(statement: Tickets) -> t.Any:
    """Count the rows with the keys of a list."""
    keys = statement.with_only_columns(Ticket.id)
    return sa.select(sa.func.count()).select_from(Ticket).where(Ticket.id.in_(keys))


@pytest.mark.parametrize(("condition", "begin"), POLICIES.items(), ids=range(len(POLICIES)))
@pytest.mark.parametrize(
    "of",
    [
        count,
        count_of_rows,
        count_of_keys,
        lambda statement: count_of_rows(statement.where(Ticket.size == 3)),
        lambda statement: statement.order_by(Ticket.size).limit(5),
        lambda statement: statement.order_by(Ticket.size.desc(), Ticket.id).limit(5).offset(10),
        lambda statement: statement.order_by(sa.func.abs(Ticket.size)).limit(5),
        lambda statement: (
            statement.order_by(Ticket.size).limit(5).options(orm.joinedload(Ticket.comments))
        ),
    ],
    ids=[
        "count",
        "count of rows",
        "count of keys",
        "count of some",
        "order",
        "order downwards",
        "order of a function",
        "order with a relation",
    ],
)
def test_all_rows(of: Callable[[Tickets], t.Any], condition: str, begin: str) -> None:
    """Related rows are listed, as far as the table leads to them."""
    found = text(of(query(condition)))

    near, listed = begin.split(" … ")
    between = " (SELECT oso_list.oso_key FROM ("
    assert f"(hashed_tickets.{near}{between}{listed} AS oso_key FROM" in found


@pytest.mark.parametrize(
    "of",
    [
        lambda statement: statement.limit(5),
        lambda statement: statement.order_by(Ticket.code).limit(5),
        lambda statement: statement.order_by(Ticket.id.desc(), Ticket.size).limit(5),
        lambda statement: statement.order_by(sa.func.random()).limit(5),
        lambda statement: statement.order_by(sa.text("size")).limit(5),
        lambda statement: statement.where(Ticket.project_id == 3).order_by(Ticket.size).limit(5),
        lambda statement: statement.where(Ticket.size == 3).order_by(Ticket.size).limit(5),
        lambda statement: statement.where(Ticket.size.is_(None)).order_by(Ticket.size).limit(5),
        lambda statement: statement.where(Ticket.id == 3),
        lambda statement: count_of_rows(statement.limit(5)),
        lambda statement: count_of_rows(statement.where(Ticket.size == 3, Ticket.code == "x")),
        lambda statement: count_of_rows(statement).where(sa.text("id = 3")),
        lambda statement: count_of_keys(statement).where(Ticket.size == 3),
        lambda statement: count_of_keys(statement).limit(1),
        lambda statement: sa.select(statement.exists()),
        lambda statement: sa.select(Person, statement.exists()),
        lambda statement: sa.select(Person).where(statement.exists()),
        lambda statement: sa.select(Person).where(
            Person.id.in_(statement.with_only_columns(Ticket.id))
        ),
        lambda statement: statement.union_all(statement).limit(5),
        lambda statement: sa.update(Ticket).where(statement.whereclause).values(size=1),
    ],
    ids=[
        "limit",
        "order of an index",
        "order of a key",
        "any order",
        "order by text",
        "order of a few",
        "order of one value",
        "order of none",
        "one row",
        "count of a page",
        "count of few",
        "some of a count",
        "some of keys",
        "limit of keys",
        "exists",
        "column",
        "condition",
        "rows of a list",
        "page of a union",
        "update",
    ],
)
@pytest.mark.parametrize("condition", [PUBLIC, SHARED])
def test_few_rows(condition: str, of: Callable[[Tickets], t.Any]) -> None:
    """Where a statement may need few rows, each is asked."""
    found = text(of(query(condition)))

    assert "EXISTS (SELECT 1 FROM hashed_" in found
    assert "oso_list" not in found


@pytest.mark.parametrize(
    "condition",
    [
        "t.author = u and (t.size = 1 or t.project.is_public)",
        "u.level = 1 and t.project.is_public",
        "u.level = 1 and t.project.is_public and (t.size = 1 or (c in t.comments and c.is_shared))",
        "u.level = 1 and not (c in t.comments and c.is_shared)",
        "(t.author = u and t.project.is_public) or t.id = 3",
        "(t.id < 3 and t.project.is_public) or t.author = u",
    ],
)
def test_rows_that_are_found(condition: str) -> None:
    """Nothing is listed where an index finds the rows, or a join that PostgreSQL makes itself."""
    assert "oso_list" not in text(count(query(condition)))


@pytest.fixture(scope="module")
def session(postgresql: sa.Engine) -> Iterator[orm.Session]:
    """Give tickets with and without each of what they may have."""
    Base.metadata.create_all(postgresql)
    with orm.Session(postgresql) as session:
        session.add_all(Person(id=number, level=number) for number in (1, 2))
        session.add_all([Area(id=1, is_open=True), Area(id=2, is_open=False)])
        session.flush()
        session.add_all(
            Project(id=number, area_id=area, is_public=is_public, level=number % 3)
            for number, (area, is_public) in enumerate(
                [(1, True), (2, False), (None, None), (1, None), (None, True), (2, False)], 1
            )
        )
        session.flush()
        session.add_all(
            Ticket(
                id=10 * author + (project or 0),
                size=(project or 0) % 4,
                project_id=project,
                parent_id=None if project is None else 10 * author + project // 2 or None,
                author_id=author,
            )
            for author in (1, 2)
            for project in (None, 1, 2, 3, 4, 5, 6)
        )
        session.flush()
        session.add_all(
            Comment(ticket_id=ticket, is_shared=is_shared)
            for ticket, is_shared in [
                (None, True),
                (None, False),
                (11, True),
                (11, True),
                (12, False),
                (24, True),
                (24, False),
            ]
        )
        session.commit()
        yield session
    Base.metadata.drop_all(postgresql)


@pytest.mark.parametrize("condition", POLICIES, ids=range(len(POLICIES)))
def test_rows_are_those_of_checks(session: orm.Session, condition: str) -> None:
    """Both ways find what checks allow, also where keys are NULL on both sides."""
    oso = make_oso(condition)
    tickets = session.scalars(sa.select(Ticket)).all()

    for person in session.scalars(sa.select(Person)).all():
        ours = oso.authorized_query(person, "read", Ticket)
        allowed = {each.id for each in tickets if may_read(oso, person, each)}

        assert 0 < len(allowed) < len(tickets)
        assert {each.id for each in session.scalars(ours)} == allowed
        assert {each.id for each in session.scalars(ours.limit(99))} == allowed
        assert session.scalar(count_of_rows(ours)) == len(allowed)
        assert session.scalar(count_of_keys(ours)) == len(allowed)
        assert {
            each.id for each in session.scalars(ours.order_by(Ticket.size).limit(99))
        } == allowed
        assert session.scalar(count_of_rows(ours.where(Ticket.size != 9))) == len(allowed)
