"""Relations to one row, for many rows: what they lead to, and those that are only compared."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.models.gallery import counted


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Account(Base):
    """Has documents and members."""

    __tablename__ = "accounts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    plan: orm.Mapped[int]


class User(Base):
    """Is a member of accounts."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    seats: orm.Mapped[list[Seat]] = orm.relationship()


class Seat(Base):
    """The membership of a user."""

    __tablename__ = "seats"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    account_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("accounts.id"))
    account: orm.Mapped[Account] = orm.relationship()


class Doc(Base):
    """Is of an account, and may be shared with another one."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    account_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("accounts.id"))
    account: orm.Mapped[Account] = orm.relationship(foreign_keys=account_id)
    other_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("accounts.id"))
    other: orm.Mapped[Account | None] = orm.relationship(foreign_keys=other_id)
    paid: orm.Mapped[Account | None] = orm.relationship(
        primaryjoin=lambda: sa.and_(orm.foreign(Doc.account_id) == Account.id, Account.plan > 0),
        viewonly=True,
    )


class City(Base):
    """Has a name as its key, which the database compares without its case."""

    __tablename__ = "cities"
    name: orm.Mapped[str] = orm.mapped_column(sa.String(9, "NOCASE"), primary_key=True)
    streets: orm.Mapped[list[Street]] = orm.relationship(back_populates="city")


class Street(Base):
    """Is in a city."""

    __tablename__ = "streets"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    city_name: orm.Mapped[str] = orm.mapped_column(
        sa.String(9, "NOCASE"), sa.ForeignKey("cities.name")
    )
    city: orm.Mapped[City] = orm.relationship(back_populates="streets")
    near: orm.Mapped[list[Street]] = orm.relationship(
        primaryjoin=lambda: orm.foreign(Street.city_name) == orm.remote(Street.city_name),
        viewonly=True,
        uselist=True,
    )


DOCS = 40


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database where a user has seats in some accounts."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all(Account(id=n, plan=n % 2) for n in range(1, 21))
        seats = [Seat(id=n, account_id=n) for n in range(2, 19)]
        session.add(User(id=1, seats=seats))
        for n in range(1, DOCS + 1):
            other_id = n % 7 + 1 if n % 3 else None
            session.add(Doc(id=n, account_id=n % 20 + 1, other_id=other_id))
        session.commit()
        session.expunge_all()
        yield session
    engine.dispose()


def engine_of(session: orm.Session) -> sa.Engine:
    return t.cast(sa.Engine, session.get_bind())


def asked(session: orm.Session, policy: str) -> tuple[bool, int]:
    """Ask about all documents; return whether seats have accounts then, and count statements.

    The answers are those of the solver.
    """
    oso, answers = Oso(), Oso(compiled=False)
    for each in (oso, answers):
        register_models(each, Base)
        each.load_str(policy)
    user = session.get_one(User, 1)
    docs = [*session.scalars(sa.select(Doc).order_by(Doc.id))]

    with counted(engine_of(session)) as statements:
        found = oso.authorized_actions_many(user, docs)

    is_loaded = any("account" in vars(seat) for seat in vars(user).get("seats", ()))
    assert found == [answers.authorized_actions(user, each) for each in docs]
    assert {"read"} in found
    assert set() in found
    return is_loaded, len(statements)


def test_one_of_two_relations_is_loaded(session: orm.Session) -> None:
    """The seats need no accounts, since the documents have theirs."""
    is_loaded, statements = asked(
        session,
        """allow(user: User, "read", doc: Doc) if
          doc.account.plan = 1 and seat in user.seats and seat.account = doc.account;""",
    )

    assert (is_loaded, statements <= 3) == (False, True)


def test_order_of_the_two_is_no_matter(session: orm.Session) -> None:
    """The accounts of documents are read first."""
    is_loaded, statements = asked(
        session,
        """allow(user: User, "read", doc: Doc) if
          doc.account.plan = 1 and seat in user.seats and doc.account = seat.account;""",
    )

    assert (is_loaded, statements <= 3) == (False, True)


def test_relation_that_nothing_else_reads_is_compared_with_a_loaded_one(
    session: orm.Session,
) -> None:
    """Different keys of two relations that are not loaded do not tell whether both are nil."""
    is_loaded, statements = asked(
        session,
        """allow(user: User, "read", doc: Doc) if
          seat in user.seats and seat.account = doc.account;""",
    )

    assert (is_loaded, statements <= 3) == (True, True)


def test_relation_that_may_be_nil_is_no_reason_to_leave_out_another(session: orm.Session) -> None:
    """Nil is equal to a relation whose row is gone, so that each seat would be read by itself."""
    is_loaded, statements = asked(
        session,
        """allow(user: User, "read", doc: Doc) if
          doc.account.plan = 1 and seat in user.seats and seat.account = doc.other;
        allow(_: User, "read", doc: Doc) if doc.other matches Account{plan: 7};""",
    )

    assert (is_loaded, statements <= 5) == (True, True)


def test_relation_that_is_not_nil_is_compared_by_its_key(session: orm.Session) -> None:
    """What stands in front says that there is a row."""
    is_loaded, statements = asked(
        session,
        """allow(user: User, "read", doc: Doc) if
          doc.other != nil and seat in user.seats and seat.account = doc.other;""",
    )

    assert (is_loaded, statements <= 3) == (False, True)


def test_relation_that_is_not_nil_in_another_branch_may_be_nil(session: orm.Session) -> None:
    """Only what holds in each solution says that there is a row."""
    is_loaded, statements = asked(
        session,
        """allow(user: User, "read", doc: Doc) if
          (doc.other != nil or doc.account.plan = 1) and
          seat in user.seats and seat.account = doc.other;""",
    )

    assert (is_loaded, statements <= 5) == (True, True)


def test_relation_that_is_compared_with_something_else_is_loaded(session: orm.Session) -> None:
    """A property of the other side is no relation."""
    is_loaded, _ = asked(
        session,
        """allow(user: User, "read", doc: Doc) if
          seat in user.seats and seat.account.plan = doc.account.plan and doc.id < 9;""",
    )

    assert is_loaded


def test_related_rows_are_selected_by_their_keys(session: orm.Session) -> None:
    """Both relations lead to accounts, which one statement selects, and the documents are known."""
    _, statements = asked(
        session,
        """allow(_: User, "read", doc: Doc) if doc.account.plan = 1;
        allow(_: User, "read", doc: Doc) if doc.other matches Account{plan: 1};""",
    )

    assert statements == 1


def test_related_row_that_is_gone_is_nil(session: orm.Session) -> None:
    """A foreign key leads to it that nothing enforces, and no statement looks for it again."""
    session.execute(sa.delete(Account).where(Account.id == 3))
    session.commit()
    session.expunge_all()

    _, statements = asked(
        session,
        """allow(_: User, "read", doc: Doc) if doc.other matches Account{plan: 1};
        allow(_: User, "none", doc: Doc) if doc.other = nil;""",
    )

    assert statements == 1


@pytest.mark.parametrize(
    ("cls", "body"),
    [
        (Street, "each.city = nil"),
        (Street, 'each.city.name = "Oslo"'),
        (Street, "not (street in each.near and street.id = 7)"),
        (City, "not (street in each.streets and street.id > 0)"),
        (City, "street in each.streets and street.id > 1"),
    ],
    ids=["nil", "row", "beside", "empty", "list"],
)
def test_texts_that_the_database_equates_are_one_key(
    session: orm.Session, cls: type[Base], body: str
) -> None:
    """For many rows a relation leads where reading it for each leads."""
    session.add_all([City(name="Oslo"), City(name="Rome")])
    names = ("oslo", "ROME", "OSLO", "rOME")
    session.add_all(Street(id=n, city_name=name) for n, name in enumerate(names))
    session.add(Street(id=7, city_name="Rome"))
    session.commit()
    session.expunge_all()
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(_: User, "read", each: {cls.__name__}) if {body};')
    user, rows = session.get_one(User, 1), session.scalars(sa.select(cls)).all()

    found = oso.filter(user, "read", rows)

    session.expire_all()
    assert found == [each for each in rows if oso.is_allowed(user, "read", each)]


def test_foreign_keys_that_are_not_flushed(session: orm.Session) -> None:
    """Without autoflush the relations of changed rows lead where reading one of them leads."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str('allow(_: User, "read", doc: Doc) if doc.paid = nil;')
    session.add_all([Account(id=901, plan=0), Account(id=902, plan=1)])
    session.add_all(Doc(id=number, account_id=901) for number in range(901, 904))
    session.commit()
    user = session.get_one(User, 1)
    docs = session.scalars(sa.select(Doc).where(Doc.account_id == 901)).all()

    with session.no_autoflush:
        docs[0].account_id = 902

        assert oso.filter(user, "read", docs) == [*docs[1:]]
