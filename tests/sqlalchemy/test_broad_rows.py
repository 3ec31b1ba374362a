"""What is asked of many related rows, in one way for a page and in another for all rows."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql, sqlite

from flask_oso import Oso
from tests.support.answers import may_read
from tests.support.databases import open_session
from tests.support.lists import count, count_of_rows, list_of, oso_for, text_of
from tests.support.models.links import link_table


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


members = link_table(Base, "members", person_id="people.id", team_id="teams.id")


class Team(Base):
    """Has people."""

    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    people: orm.Mapped[list[Person]] = orm.relationship(secondary=members)


class Person(Base):
    """Asks."""

    __tablename__ = "people"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    email: orm.Mapped[str | None] = orm.mapped_column(index=True)
    boss_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("people.id"))
    boss: orm.Mapped[Person | None] = orm.relationship(remote_side=[id])


class Project(Base):
    """Has a lead, perhaps, and may be public."""

    __tablename__ = "projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    lead_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("people.id"), index=True)
    is_public: orm.Mapped[bool | None]
    state: orm.Mapped[str | None] = orm.mapped_column(index=True)
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("teams.id"), index=True)
    lead: orm.Mapped[Person | None] = orm.relationship()
    team: orm.Mapped[Team | None] = orm.relationship()


class Ticket(Base):
    """Is of a project, and has perhaps one who wrote it."""

    __tablename__ = "tickets"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    project_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("projects.id"), index=True)
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("people.id"), index=True)
    project: orm.Mapped[Project | None] = orm.relationship()
    author: orm.Mapped[Person] = orm.relationship()


Tickets = sa.Select[tuple[Ticket]]
SHARED = "t.author = u or t.project.is_public"
NAMED = 'u.id > 0 and t.project.state in ["open", "new"]'
#: An actor without a boss asks for the projects without a lead.
UNLINKED = "t.project.lead = u.boss"
WITHOUT_KEY = "u.id > 0 and t.project.team_id = nil"
POLICIES = [
    SHARED,
    NAMED,
    WITHOUT_KEY,
    "t.project.lead = u or t.project.is_public",
    'not t.title = "x" and (t.author = u or t.project.is_public)',
    "t.author = u or not t.project.is_public",
    't.author = u or (not t.title = "x" and t.project.is_public)',
    "p = t.project and (p.is_public or u in p.team.people)",
]


ANY_CASE = (
    "u.email != nil and a = t.author and a.email != nil and a.email.lower() = u.email.lower()"
)


def make_oso(condition: str) -> Oso:
    """Give an Oso with one rule about tickets."""
    return oso_for(Base, f'allow(u: Person, "read", t: Ticket) if {condition};')


def query(condition: str) -> Tickets:
    """Give the list of the first person."""
    return list_of(make_oso(condition), Person(id=1), Ticket)


@pytest.mark.parametrize("condition", POLICIES)
@pytest.mark.parametrize(
    "of",
    [count, count_of_rows, lambda statement: statement.order_by(Ticket.title).limit(5)],
    ids=["count", "count of rows", "order"],
)
def test_all_rows(of: Callable[[Tickets], t.Any], condition: str) -> None:
    """For all rows, SQLite makes a list of the projects, and finds their tickets by an index."""
    found = text_of(of(query(condition)), sqlite.dialect())

    assert "EXISTS" not in found
    assert "tickets.project_id IN (SELECT projects.id FROM projects WHERE" in found


@pytest.mark.parametrize(
    "of",
    [
        lambda statement: statement.limit(5),
        lambda statement: statement.order_by(Ticket.project_id, Ticket.title).limit(5),
        lambda statement: statement.where(Ticket.id == 3),
        lambda statement: count_of_rows(statement.limit(5)),
        lambda statement: sa.select(statement.subquery()).limit(5),
        lambda statement: statement.union_all(statement).limit(5),
    ],
    ids=[
        "limit",
        "order of an index",
        "one row",
        "count of a page",
        "page of a subquery",
        "page of a union",
    ],
)
def test_few_rows(of: Callable[[Tickets], t.Any]) -> None:
    """Where a statement needs few rows, each is asked for its project."""
    found = text_of(of(query(SHARED)), sqlite.dialect())

    assert "EXISTS (SELECT 1 FROM projects" in found
    assert "IN (SELECT" not in found


@pytest.mark.parametrize(
    "condition",
    [
        "u.id = 1 and t.project.is_public",
        "t.author = u and (t.project.lead = u or t.project.is_public)",
        '(u.id = 1 and not t.title = "x") or t.project.is_public',
    ],
)
def test_rows_that_no_index_finds(condition: str) -> None:
    """No list of projects is made where the tickets would not be found by it, or are found."""
    found = text_of(count(query(condition)), sqlite.dialect())

    assert "EXISTS (SELECT 1 FROM projects" in found


@pytest.mark.parametrize("body", [NAMED, 'u.id > 0 and t.project.state = "open"'])
@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["lite", "pg"])
def test_values_that_many_rows_have(body: str, dialect: sa.Dialect) -> None:
    """An index of a column that is not unique finds many rows of a value that a policy names."""
    found = text_of(query(body).limit(5), dialect)

    assert "EXISTS (SELECT 1 FROM projects" in found
    assert "project_id IN" not in found


def test_text_in_any_case() -> None:
    """What an actor gives finds few rows in any case, too: they are listed, also for a page."""
    ours = list_of(make_oso(ANY_CASE), Person(id=1, email="Ana"), Ticket)

    found = text_of(ours.limit(5), sqlite.dialect())

    assert "EXISTS" not in found
    assert "tickets.author_id IN (SELECT people.id FROM people WHERE" in found


def test_order_of_one_value() -> None:
    """Where all rows have one title, the first ones are in its order."""
    policy = 't.title = "x" and (t.author = u or t.project.is_public)'

    found = text_of(query(policy).order_by(Ticket.title).limit(5), sqlite.dialect())

    assert "EXISTS (SELECT 1 FROM projects" in found


def test_actor_without_a_link() -> None:
    """Projects that lead to nobody, as the actor does, are listed for a count."""
    with open_session(Base.metadata) as session:
        session.add(Person(id=1))
        session.commit()
        ours = make_oso(UNLINKED).authorized_query(session.get(Person, 1), "read", Ticket)

    found = text_of(count(ours), sqlite.dialect())

    assert found.endswith(
        "WHERE tickets.project_id IN (SELECT projects.id FROM projects"
        " WHERE projects.lead_id IS NULL)"
    )


def test_other_databases() -> None:
    """MariaDB chooses itself."""
    found = text_of(count(query(SHARED)), mysql.dialect())

    assert "EXISTS (SELECT 1 FROM projects" in found


@pytest.mark.parametrize("condition", [*POLICIES, UNLINKED, ANY_CASE])
def test_rows_are_those_of_checks(condition: str) -> None:
    """Both ways find what checks allow, for one person after the other."""
    oso = make_oso(condition)
    with open_session(Base.metadata) as session:
        session.add_all(
            Team(id=number, people=[Person(id=number, email=email)])
            for number, email in ((1, "Ana"), (2, "ANA"), (3, None))
        )
        session.add_all(
            Project(id=number, lead_id=lead, is_public=is_public, state=state, team_id=lead)
            for number, ((lead, is_public), state) in enumerate(
                zip(
                    [(1, True), (2, False), (None, None), (1, None), (None, True), (None, False)],
                    ["open", None, "new", "old", "open", "new"],
                    strict=True,
                ),
                1,
            )
        )
        # No project has the number nine.
        session.add_all(
            Ticket(
                id=10 * author + (project or 0), title=title, project_id=project, author_id=author
            )
            for author, title in ((1, "x"), (2, "y"))
            for project in (None, 1, 2, 3, 4, 5, 6, 9)
        )
        session.commit()
        tickets = session.scalars(sa.select(Ticket)).all()

        for person in session.scalars(sa.select(Person)):
            ours = oso.authorized_query(person, "read", Ticket)
            allowed = {each.id for each in tickets if may_read(oso, person, each)}

            assert {each.id for each in session.scalars(ours)} == allowed
            assert {each.id for each in session.scalars(ours.limit(99))} == allowed
            assert session.scalar(count(ours)) == len(allowed)
