"""Rows that only link others by their key are not read where a database holds foreign keys."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql, sqlite

from tests.support.answers import may_read
from tests.support.databases import open_named
from tests.support.lists import list_of, oso_for, text_of


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class User(Base):
    """Asks."""

    __tablename__ = "held_users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Company(Base):
    """Has staff, and may be closed."""

    __tablename__ = "held_companies"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    is_closed: orm.Mapped[bool] = orm.mapped_column(default=False)
    staff: orm.Mapped[list[Staff]] = orm.relationship(back_populates="company")


class Staff(Base):
    """A user in a company."""

    __tablename__ = "held_staff"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("held_users.id"))
    company_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("held_companies.id", deferrable=True)
    )
    user: orm.Mapped[User] = orm.relationship()
    company: orm.Mapped[Company | None] = orm.relationship(back_populates="staff")


class Project(Base):
    """Is of a company, perhaps, of one that no constraint knows of, and of one that comes later."""

    __tablename__ = "held_projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    company_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("held_companies.id"))
    other_id: orm.Mapped[int | None]
    later_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("held_companies.id", deferrable=True, initially="DEFERRED")
    )
    company: orm.Mapped[Company | None] = orm.relationship(foreign_keys=[company_id])
    later: orm.Mapped[Company | None] = orm.relationship(foreign_keys=[later_id])
    other: orm.Mapped[Company | None] = orm.relationship(
        primaryjoin="foreign(Project.other_id) == Company.id"
    )


class Task(Base):
    """Is of a project, perhaps."""

    __tablename__ = "held_tasks"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    project_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("held_projects.id"))
    project: orm.Mapped[Project | None] = orm.relationship()


STAFF = "p = t.project and s in p.company.staff and s.user = u"
CLOSED = "p = t.project and s in p.company.staff and s.user = u and not p.company.is_closed"
OTHER = "p = t.project and s in p.other.staff and s.user = u"
LATER = "p = t.project and s in p.later.staff and s.user = u"
BOTH = "p = t.project and s in p.company.staff and s.user = u and p.other = s.company"
UNDER_NOT = "t.id > 0 and not (p = t.project and s in p.company.staff and s.user = u)"
BODIES = [STAFF, CLOSED, OTHER, BOTH, UNDER_NOT, f"({STAFF}) or t.id = 3"]


def policy(body: str) -> str:
    """Give a rule about tasks, which asks nothing where something is nil."""
    return f'allow(u: User, "read", t: Task) if {body};'


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open a database with tasks of some projects, some of which are of no company."""
    with (
        open_named(request, request.param, Base.metadata) as engine,
        orm.Session(engine) as session,
    ):
        session.add_all([User(id=1), User(id=2), Company(id=1), Company(id=2, is_closed=True)])
        session.flush()
        links = [(1, 1), (2, 2), (1, 2), (2, None)]
        session.add_all(Staff(user_id=user, company_id=company) for user, company in links)
        owned = [(None, None), (1, 2), (2, 1), (1, None), (None, 1), (2, 2), (1, 9)]
        session.add_all(
            Project(id=number, company_id=one, other_id=two)
            for number, (one, two) in enumerate(owned, 1)
        )
        session.flush()
        session.add_all(Task(project_id=each) for each in (None, *range(1, 8)))
        session.commit()
        yield session


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("body", BODIES)
def test_rows(session: orm.Session, body: str, number: int) -> None:
    """A list has the rows that single checks allow, in each database."""
    oso, user = oso_for(Base, policy(body)), session.get_one(User, number)
    tasks = session.scalars(sa.select(Task)).all()

    found = session.scalars(oso.authorized_query(user, "read", Task)).all()

    assert {*found} == {each for each in tasks if may_read(oso, user, each)}


def test_key_of_a_row_that_comes_later_finds_nothing(session: orm.Session) -> None:
    """A key may lead nowhere until a transaction ends: nobody is in the staff of no company."""
    oso, user = oso_for(Base, policy(LATER)), session.get_one(User, 1)
    with session.begin_nested() as nested:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(sa.text("SET CONSTRAINTS ALL DEFERRED"))
        session.add_all([Staff(user_id=1, company_id=7), Project(id=20, later_id=7)])
        session.flush()
        task = Task(id=20, project_id=20)
        session.add(task)
        session.flush()

        found = session.scalars(oso.authorized_query(user, "read", Task)).all()

        assert found == []
        assert not may_read(oso, user, task)
        nested.rollback()


def where(body: str, dialect: sa.Dialect) -> str:
    """Give what a list asks of a database."""
    listed = list_of(oso_for(Base, policy(body)), User(id=1), Task)
    return text_of(listed, dialect).partition(" WHERE ")[2]


def test_linking_row_is_not_read_by_postgresql() -> None:
    """A constraint says that the company is there, and two foreign keys which one it is."""
    # SQLAlchemy before 2.1 writes no class of the parameter.
    found = where(STAFF, postgresql.dialect()).replace("::INTEGER", "")

    assert found == (
        "held_tasks.project_id IN (SELECT held_projects.id FROM held_projects"
        " JOIN held_staff ON held_projects.company_id = held_staff.company_id"
        " WHERE held_staff.user_id = %(user_id_1)s)"
    )


@pytest.mark.parametrize("dialect", [sqlite.dialect(), mysql.dialect()], ids=["sqlite", "mysql"])
def test_linking_row_is_read_by_others(dialect: sa.Dialect) -> None:
    """Where foreign keys may not be held, the row is read."""
    assert " JOIN held_companies ON " in where(STAFF, dialect)


@pytest.mark.parametrize(
    "body", [CLOSED, OTHER, LATER], ids=["a condition", "no constraint", "a later one"]
)
def test_row_that_is_asked_for_more_is_read(body: str) -> None:
    """So it is where more is asked of it, or no constraint says that it is there."""
    assert "JOIN held_companies" in where(body, postgresql.dialect())


def test_key_without_its_row_finds_nothing() -> None:
    """SQLite may have a foreign key without its row: nobody is in the staff of no company."""
    with (
        sa.create_engine("sqlite://", poolclass=sa.StaticPool).connect() as connection,
        orm.Session(connection) as session,
    ):
        Base.metadata.create_all(connection)
        session.add(User(id=1))
        session.add_all([Staff(user_id=1, company_id=5), Project(id=1, company_id=5)])
        session.add(Task(id=1, project_id=1))
        session.flush()
        oso = oso_for(Base, policy(STAFF))

        listed = session.scalars(oso.authorized_query(session.get_one(User, 1), "read", Task))

        assert listed.all() == []


BUTTONS = """
    allow(_: User, "read", _: Task);
    allow(u: User, "edit", t: Task) if t.project.id > u.id and not is_closed(t.project);
    allow(_: User, "close", t: Task) if not is_closed(t.project);
    is_closed(p: Project) if p.company.is_closed;
"""


def page(user: User) -> t.Any:
    """Give a list with two columns."""
    oso = oso_for(Base, BUTTONS)
    columns = oso.action_columns(user, Task, actions=["edit", "close"])
    return oso.authorized_query(user, "read", Task).add_columns(*columns.values())


def test_columns_of_a_page_look_for_each_row(session: orm.Session) -> None:
    """PostgreSQL would read all related rows for a page: it counts columns of all rows."""
    query = page(session.get_one(User, 1))

    assert "OFFSET 0)" in text_of(query.limit(5), postgresql.dialect())
    assert "OFFSET 0)" not in text_of(query, postgresql.dialect())
    assert "OFFSET 0)" not in text_of(query.limit(5), sqlite.dialect())


def test_columns_of_a_page_are_those_of_all_rows(session: orm.Session) -> None:
    """A limit changes no column."""
    query = page(session.get_one(User, 1)).order_by(Task.id)

    assert session.execute(query.limit(99)).all() == session.execute(query).all()
