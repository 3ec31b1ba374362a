"""``sqlalchemy/sessions/plans.py``: what a database says of a statement."""

from __future__ import annotations

import datetime
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import OsoError
from flask_oso.sqlalchemy.sessions.plans import print_statement
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The classes of these tests."""


class Loan(Base):
    """A row with columns whose values SQLAlchemy makes anew of what the database gives."""

    __tablename__ = "loans"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    due: orm.Mapped[datetime.datetime]
    returned: orm.Mapped[datetime.date]
    price: orm.Mapped[float] = orm.mapped_column(sa.Numeric(asdecimal=True))


@pytest.mark.parametrize("columns", [("id",), ("id", "due"), ("due", "returned", "id", "price")])
def test_plan_is_read_as_it_is(columns: tuple[str, ...]) -> None:
    """The rows of a plan are no rows of the statement: its columns do not convert them."""
    statement = sa.select(*(getattr(Loan, name) for name in columns))

    with open_session(Base.metadata) as session:
        printed = print_statement(statement, session, None, has_plan=True)

    assert printed.plan[0].startswith("SCAN loans")


def test_query_of_an_adapter_is_printed_as_its_statement() -> None:
    """An adapter of oso 0.27 gives a query of its session in place of a statement."""
    with open_session(Base.metadata) as session:
        query = session.query(Loan).where(Loan.price > 1)
        printed = print_statement(query, session, None, has_plan=True)

    assert printed.sql.endswith("FROM loans \nWHERE loans.price > 1")
    assert printed.plan[0].startswith("SCAN loans")


def test_what_an_adapter_gives_in_place_of_a_statement_is_told() -> None:
    """An adapter for another store makes no SQL."""
    with pytest.raises(OsoError) as caught:
        print_statement([1], None, None, has_plan=False)

    assert str(caught.value) == (
        "The adapter gives an object of 'list' as its query, which is no statement of SQLAlchemy:"
        " there is no SQL to print."
    )
