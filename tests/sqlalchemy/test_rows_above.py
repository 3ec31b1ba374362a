"""Rules without a class that go from a row to the row above it, for any number of rows."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import specialized


class Base(orm.DeclarativeBase):
    """The models of this file."""

    id: Mapped[int] = mapped_column(primary_key=True)


class Person(Base):
    """Who asks."""

    __tablename__ = "persons"


class Ticket(Base):
    """What is asked about, below another one."""

    __tablename__ = "tickets"
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    above_id: Mapped[int | None] = mapped_column(sa.ForeignKey("tickets.id"))
    is_open: Mapped[bool] = mapped_column(default=True)
    owner: Mapped[Person | None] = relationship()
    above: Mapped[Ticket | None] = relationship(remote_side="Ticket.id")


OWNS = {
    "nil first": "owns(p, x) if x.owner = p; owns(p, x) if x.above != nil and owns(p, x.above);",
    "named": "owns(p, x) if x.owner = p; owns(p, x) if a = x.above and a != nil and owns(p, a);",
    "while open": "owns(p, x) if x.owner = p;"
    " owns(p, x) if x.is_open and x.above != nil and owns(p, x.above);",
}


@pytest.fixture
def session(sqlite: sa.Engine) -> Iterator[orm.Session]:
    Base.metadata.create_all(sqlite)
    with orm.Session(sqlite) as session:
        ana, ben = Person(), Person()
        ticket = Ticket(owner=ana)
        for _ in range(6):
            ticket = Ticket(above=ticket)
        session.add_all([ticket, ben])
        session.commit()
        yield session


def load(owns: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    register_models(oso, Base)
    oso.load_str(f'allow(p: Person, "read", x: Ticket) if owns(p, x); {owns}')
    return oso


def rows(session: orm.Session, *, loaded: bool) -> tuple[list[Person], list[Ticket]]:
    persons = [*session.scalars(sa.select(Person).order_by(Person.id))]
    tickets = [*session.scalars(sa.select(Ticket).order_by(Ticket.id))]
    if loaded:
        for ticket in tickets:
            assert (ticket.owner, ticket.above) != (ticket, ticket)
    return persons, tickets


@pytest.mark.parametrize("name", OWNS)
@pytest.mark.parametrize("loaded", [True, False])
def test_answers_are_those_of_the_solver(session: orm.Session, name: str, loaded: bool) -> None:
    """For rows that are loaded, and for those that are not."""
    ours, solver = load(OWNS[name]), load(OWNS[name], compiled=False)
    persons, tickets = rows(session, loaded=loaded)
    tickets[3].is_open = False

    for person in persons:
        for ticket in tickets:
            expected = solver.is_allowed(person, "read", ticket)
            assert ours.is_allowed(person, "read", ticket) is expected


@pytest.mark.parametrize("name", OWNS)
def test_loaded_rows_are_answered_by_a_specialization(session: orm.Session, name: str) -> None:
    """Each row above is one of the class that the relation leads to."""
    oso = load(OWNS[name])
    (ana, ben), tickets = rows(session, loaded=True)

    assert specialized(oso.engine, ana, "read", tickets[-1]) is True
    assert specialized(oso.engine, ben, "read", tickets[-1]) is False


def test_what_is_no_row_is_left_to_the_rules(session: orm.Session) -> None:
    """A relation of a row may hold another object, as in a test."""
    (ana, _), tickets = rows(session, loaded=True)
    stand_in = type("StandIn", (), {"owner": ana, "above": None})()
    tickets[-1].__dict__["above"] = t.cast(t.Any, stand_in)

    for compiled in (True, False):
        assert load(OWNS["nil first"], compiled=compiled).is_allowed(ana, "read", tickets[-1])
    oso = load(OWNS["nil first"])
    assert specialized(oso.engine, ana, "read", tickets[-1]) is None
