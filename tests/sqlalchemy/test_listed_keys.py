"""Lists of keys, where a statement asks for few of the keys."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql, sqlite

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.statements.related.listed_keys import UnitedKeys
from tests.support.answers import may_read
from tests.support.databases import open_named


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


members = sa.Table(
    "listed_members",
    Base.metadata,
    sa.Column("project_id", sa.ForeignKey("listed_projects.id"), primary_key=True),
    sa.Column("person_id", sa.ForeignKey("listed_people.id"), primary_key=True),
)


class Person(Base):
    """Asks."""

    __tablename__ = "listed_people"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    projects: orm.Mapped[list[Project]] = orm.relationship(secondary=members, viewonly=True)
    labels: orm.Mapped[list[Label]] = orm.relationship(viewonly=True)


class Project(Base):
    """Has a lead, perhaps, and members."""

    __tablename__ = "listed_projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    lead_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("listed_people.id"))
    lead: orm.Mapped[Person | None] = orm.relationship()
    members: orm.Mapped[list[Person]] = orm.relationship(secondary=members)


class Ticket(Base):
    """Is of a project, perhaps, and has a code of its own."""

    __tablename__ = "listed_tickets"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    code: orm.Mapped[str] = orm.mapped_column(unique=True)
    project_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("listed_projects.id"))
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("listed_people.id"))
    project: orm.Mapped[Project | None] = orm.relationship()
    author: orm.Mapped[Person] = orm.relationship()


class Comment(Base):
    """Is of a ticket."""

    __tablename__ = "listed_comments"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    ticket_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("listed_tickets.id"))
    ticket: orm.Mapped[Ticket] = orm.relationship()


ANY_CASE = sa.String().with_variant(sa.String(collation="NOCASE"), "sqlite")


class Label(Base):
    """Has a name, which is its key, in a collation of its own."""

    __tablename__ = "listed_labels"
    name: orm.Mapped[str] = orm.mapped_column(ANY_CASE, primary_key=True)
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("listed_people.id"))
    owner: orm.Mapped[Person] = orm.relationship()


class Use(Base):
    """Is a use of a label."""

    __tablename__ = "listed_uses"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey("listed_labels.name"))
    label: orm.Mapped[Label] = orm.relationship()


class Stamp(Base):
    """Is a use of a label, the name of which a database fills with spaces."""

    __tablename__ = "listed_stamps"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(
        sa.String().with_variant(sa.CHAR(5), "postgresql"), sa.ForeignKey("listed_labels.name")
    )
    label: orm.Mapped[Label] = orm.relationship()


POLICY = """
allow(u: Person, "read", t: Ticket) if t.author = u or t.project matches Project{lead: u};
allow(u: Person, "edit", t: Ticket) if t.project matches Project and works_on(u, t.project);
works_on(u, p: Project) if p.lead = u or u in p.members;
allow(u: Person, "read", c: Comment) if allow(u, "read", c.ticket);
allow(u: Person, "read", x: Use) if x.label.owner = u;
allow(u: Person, "read", x: Stamp) if x.label.owner = u;
allow(u: Person, "show", _: Ticket) if u.id = 1;
allow(u: Person, "visit", t: Ticket) if p in u.projects and p = t.project;
allow(u: Person, "visit", t: Ticket) if t.project matches Project{lead: u};
allow(u: Person, "visit", x: Use) if l in u.labels and l = x.label;
allow(u: Person, "visit", x: Use) if x.label.owner = u;
allow(u: Person, "open", t: Ticket) if t.author = u or allow(u, "visit", t);
"""
DATABASES = [sqlite, postgresql]
#: An alias of the tickets.
OTHER = orm.aliased(Ticket)


def make_oso() -> Oso:
    """Give an Oso with rules about tickets and comments."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(POLICY)
    return oso


def someone() -> Person:
    """Give the first person."""
    person = Person(id=1)
    orm.make_transient_to_detached(person)
    return person


def query(entity: t.Any = Ticket, action: str = "read") -> t.Any:
    """Give the list of the first person."""
    return make_oso().authorized_query(someone(), action, entity)


def text(statement: t.Any, database: t.Any) -> str:
    """Give a statement as a database gets it, with its values."""
    literal = {"literal_binds": True}
    made = statement.compile(dialect=database.dialect(), compile_kwargs=literal)
    return " ".join(str(made).split())


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(
    "condition",
    [
        Ticket.id == 3,
        Ticket.id == 3,
        Ticket.id.in_([3, 4]),
        Ticket.code == "x",
        sa.and_(Ticket.author_id == 7, Ticket.id == 3),
    ],
    ids=["key", "turned", "keys", "unique", "and"],
)
def test_few_rows(condition: t.Any, database: t.Any) -> None:
    """Of a few tickets, each is asked for its project."""
    found = text(query().where(condition), database)

    assert "EXISTS (SELECT 1 FROM listed_projects WHERE listed_projects.lead_id = 1" in found
    assert "listed_tickets.project_id = listed_projects.id)" in found
    assert "IN (SELECT" not in found


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(
    "of",
    [
        lambda statement: statement.where(Ticket.project_id == 7),
        lambda statement: statement.where(Ticket.author_id == 2).filter_by(project_id=7),
        lambda statement: sa.select(sa.func.count()).select_from(
            statement.where(Ticket.project_id == 7).subquery()
        ),
    ],
    ids=["page", "filter", "count"],
)
def test_rows_with_one_key(of: Callable[[t.Any], t.Any], database: t.Any) -> None:
    """Of the tickets of one project, that one is asked for, once for all of them."""
    found = text(of(query()), database)

    assert (
        "EXISTS (SELECT 1 FROM listed_projects WHERE listed_projects.lead_id = 1"
        " AND listed_projects.id = 7)"
    ) in found
    assert "IN (SELECT" not in found


@pytest.mark.parametrize("database", DATABASES)
def test_rows_of_an_alias(database: t.Any) -> None:
    """An alias is known by its own columns."""
    ours = text(query(OTHER).where(OTHER.project_id == 7), database)
    others = text(query(OTHER).where(Ticket.project_id == 7), database)

    assert "listed_projects.id = 7)" in ours
    assert "IN (SELECT" in others


@pytest.mark.parametrize("database", DATABASES)
def test_rows_of_a_subquery(database: t.Any) -> None:
    """Not each of its columns is one of a table, of which it is known whether it is unique."""
    columns = Ticket.__table__.c
    tickets = sa.select(*columns, (columns.id + 1).label("next")).subquery("tickets")

    found = text(query(orm.aliased(Ticket, tickets)).where(tickets.c.code == "x"), database)

    assert "tickets.project_id IN (SELECT listed_projects.id" in found


def test_keys_with_a_collation() -> None:
    """A value that equals one column need not equal another one."""
    found = text(query(Use).where(Use.name == "x"), sqlite)

    assert "IN (SELECT listed_labels.name" in found


def test_keys_of_another_type() -> None:
    """PostgreSQL compares a CHAR without the spaces at its end, and a VARCHAR with them."""
    found = text(query(Stamp).where(Stamp.name == "x "), postgresql)

    assert "IN (SELECT listed_labels.name" in found


@pytest.mark.parametrize("database", DATABASES)
def test_lists_within_lists(database: t.Any) -> None:
    """What a list is made of is asked for in the same way, as far as that is one row."""
    found = text(query(Comment).where(Comment.ticket_id == 5), database)

    assert "IN (SELECT" not in found
    assert found.count("EXISTS (SELECT 1 FROM") > 1


@pytest.mark.parametrize("database", DATABASES)
def test_lists_in_parts(database: t.Any) -> None:
    """Each part of a list is asked for the key."""
    found = text(query(action="edit").where(Ticket.project_id == 7), database)

    assert "UNION" not in found
    assert found.count("listed_projects.id = 7") == 2


@pytest.mark.parametrize(("database", "is_once"), [(sqlite, False), (postgresql, True)])
def test_keys_of_parts_are_there_once(database: t.Any, is_once: bool) -> None:
    """PostgreSQL is told that each key is there once, so that it may look for rows by keys."""
    found = text(sa.select(query(action="edit").exists()), database)

    assert found.count("UNION") == 1
    assert ("UNION ALL" in found) is not is_once


def test_texts_of_parts_need_not_be_compared() -> None:
    """Texts of two collations cannot be made those that are there once."""
    parts = [sa.select(Label.name), sa.select(Use.name)]

    assert "UNION ALL" in text(UnitedKeys(*parts), postgresql)


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(
    "of",
    [
        lambda statement: statement,
        lambda statement: statement.limit(5),
        lambda statement: statement.where(Ticket.author_id == 2),
        lambda statement: statement.where(Ticket.project_id.in_([1, 2])),
        lambda statement: statement.where(Ticket.project_id > 7),
        lambda statement: statement.where(sa.or_(Ticket.id == 3, Ticket.author_id == 2)),
        lambda statement: statement.where(Ticket.id != 3),
        lambda statement: statement.where(Ticket.id == Ticket.project_id),
        lambda statement: statement.join(Project).where(Project.id == 3),
    ],
    ids=["all", "page", "author", "projects", "range", "or", "not", "columns", "join"],
)
def test_many_rows(of: Callable[[t.Any], t.Any], database: t.Any) -> None:
    """Otherwise a list of keys is made."""
    found = text(of(query()), database)

    assert "project_id IN (SELECT listed_projects.id" in found
    assert "EXISTS" not in found


def test_other_databases() -> None:
    """MariaDB chooses itself."""
    assert "IN (SELECT" in text(query().where(Ticket.id == 3), mysql)


def test_columns_of_a_page() -> None:
    """The buttons of a page make no lists on SQLite, unlike those of all rows.

    PostgreSQL makes each list once, in less time than it asks for each row.
    """
    columns = make_oso().action_columns(someone(), Ticket, actions=["read", "edit"])
    statement = query(action="show").add_columns(*columns.values())

    page = statement.order_by(Ticket.id).limit(5)

    assert "IN (SELECT" not in text(page, sqlite)
    assert "WITH" not in text(page, sqlite)
    assert "IN (SELECT" in text(statement, sqlite)
    assert "IN (SELECT" in text(page, postgresql)


def test_columns_that_are_read_before_rows_are_sorted() -> None:
    """SQLite makes the columns of all rows before it sorts these, and then has lists."""
    columns = make_oso().action_columns(someone(), Ticket, actions=["read"])
    statement = query(action="show").add_columns(*columns.values())
    of_own = query().add_columns(*columns.values()).order_by(Ticket.id).limit(5)

    assert text(of_own, sqlite).count("IN (SELECT") == 2
    assert "IN (SELECT" in text(statement.where(Ticket.code > "x").limit(5), sqlite)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Give tickets with and without a project, which has a lead and members, perhaps."""
    with (
        open_named(request, request.param, Base.metadata) as engine,
        orm.Session(engine) as session,
    ):
        people = [Person(id=number) for number in (1, 2, 3)]
        session.add_all(people)
        session.flush()
        session.add_all(
            Project(id=number, lead_id=lead, members=[people[at] for at in among])
            for number, (lead, among) in enumerate(
                [(1, (0, 1)), (2, (2,)), (None, (0,)), (3, ())], 1
            )
        )
        session.flush()
        session.add_all(
            Ticket(id=10 * who + (at or 0), code=f"{who}{at}", project_id=at, author_id=who)
            for who in (1, 2)
            for at in (None, 1, 2, 3, 4)
        )
        session.flush()
        session.add_all(Comment(id=each, ticket_id=each) for each in (10, 11, 12, 22, 24))
        session.commit()
        yield session


@pytest.mark.parametrize("action", ["read", "edit", "visit", "open"])
def test_rows_are_those_of_checks(session: orm.Session, action: str) -> None:
    """Whatever a statement asks for, it finds what checks allow."""
    oso = make_oso()
    tickets = session.scalars(sa.select(Ticket)).all()

    for person in session.scalars(sa.select(Person)).all():
        allowed = {each for each in tickets if oso.is_allowed(person, action, each)}
        ours = oso.authorized_query(person, action, Ticket)
        columns = oso.action_columns(person, Ticket, actions=[action])
        page = sa.select(Ticket, *columns.values()).order_by(Ticket.id).limit(99)

        assert set(session.scalars(ours)) == allowed
        assert {ticket for ticket, may in session.execute(page) if may} == allowed
        for each in tickets:
            one = session.scalars(ours.where(Ticket.id == each.id)).all()
            assert one == ([each] if each in allowed else [])
        for number in (1, 2, 3, 4, 5):
            among = set(session.scalars(ours.where(Ticket.project_id == number)))
            assert among == {each for each in allowed if each.project_id == number}


def test_rows_of_lists_within_lists(session: orm.Session) -> None:
    """Comments of one ticket are those that checks allow."""
    oso = make_oso()
    comments = session.scalars(sa.select(Comment)).all()

    for person in session.scalars(sa.select(Person)).all():
        ours = oso.authorized_query(person, "read", Comment)
        for each in comments:
            found = session.scalars(ours.where(Comment.ticket_id == each.ticket_id)).all()
            assert found == ([each] if may_read(oso, person, each) else [])


@pytest.mark.parametrize("action", ["visit", "open"])
def test_lists_of_one_column(session: orm.Session, action: str) -> None:
    """Two rules that look one key up in lists of their own look it up in one list."""
    person = session.get_one(Person, 1)
    session.expire_all()

    found = str(make_oso().authorized_query(person, action, Ticket).compile(session.get_bind()))

    assert found.count("listed_tickets.project_id IN (SELECT") == 1
    assert found.count("UNION") == 1


def test_lists_of_texts_stay_apart(session: orm.Session) -> None:
    """Texts of two columns may have two collations."""
    person = session.get_one(Person, 1)
    session.expire_all()

    found = str(make_oso().authorized_query(person, "visit", Use).compile(session.get_bind()))

    assert found.count("listed_uses.name IN (SELECT") == 2
