"""Tables of one name in two schemas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_database


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Account(Base):
    """Somebody who logs in."""

    __tablename__ = "accounts"
    __table_args__ = {"schema": "logins"}
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    seen: orm.Mapped[list[CustomerAccount]] = orm.relationship(secondary="logins.seen")


sa.Table(
    "seen",
    Base.metadata,
    sa.Column("login_id", sa.ForeignKey("logins.accounts.id"), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    schema="logins",
)
sa.Table(
    "seen",
    Base.metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("login_id", sa.ForeignKey("logins.accounts.id"), primary_key=True),
)


class CustomerAccount(Base):
    """What is listed: an account of a customer, whom somebody looks after."""

    __tablename__ = "accounts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    keeper_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("logins.accounts.id"))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("accounts.id"))
    keeper: orm.Mapped[Account | None] = orm.relationship()
    parent: orm.Mapped[CustomerAccount | None] = orm.relationship(remote_side=[id])
    visitors: orm.Mapped[list[Account]] = orm.relationship(secondary="seen")


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with two schemas."""
    with open_database() as engine, engine.connect() as connection:
        connection.exec_driver_sql("ATTACH ':memory:' AS logins")
        Base.metadata.create_all(connection)
        with orm.Session(connection) as session:
            session.add_all([Account(id=1, name="ana"), Account(id=2, name="ben")])
            session.flush()
            pairs = [(None, None), (1, 1), (2, 1), (1, 3)]
            rows = [
                CustomerAccount(id=number, keeper_id=keeper, parent_id=parent)
                for number, (keeper, parent) in enumerate(pairs, 1)
            ]
            session.add_all(rows)
            session.get_one(Account, 1).seen = rows[:2]
            rows[2].visitors = [session.get_one(Account, 1)]
            session.commit()
            yield session


@pytest.mark.parametrize(
    "body",
    [
        "c.keeper.name = a.name",
        "not c.keeper matches {name: a.name}",
        "c.parent.keeper.name = a.name",
        "c in a.seen",
        "s in a.seen and s.keeper.name = c.keeper.name",
        "not (s in a.seen and s.parent = c.parent)",
        "a in c.visitors",
        "v in c.visitors and s in v.seen and s.keeper = a",
        "not (v in c.visitors and s in v.seen and s.id = 2)",
    ],
)
def test_rows(session: orm.Session, body: str) -> None:
    """A list has the rows that checks allow, whichever of the two tables a subquery reads."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(a: Account, "read", c: CustomerAccount) if a = a and {body};')
    rows = session.scalars(sa.select(CustomerAccount)).all()
    for number in (1, 2):
        account = session.get_one(Account, number)
        allowed = {row.id for row in rows if may_read(oso, account, row)}
        session.expire_all()

        found = session.scalars(oso.authorized_query(account, "read", CustomerAccount))

        assert {row.id for row in found} == allowed
