"""Lists and checks agree about values that the database calculates, or writes itself."""

from __future__ import annotations

import datetime
import decimal
import functools
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.hybrid import hybrid_property

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_named

NOON = datetime.datetime(2030, 1, 1, 12)


class Base(orm.DeclarativeBase):
    """Of the models here."""


class Line(Base):
    """Belongs to an order."""

    __tablename__ = "lines"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    order_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("orders.id"))
    amount: orm.Mapped[decimal.Decimal] = orm.mapped_column(sa.Numeric(10, 2))


class Order(Base):
    """Has a price, and lines."""

    __tablename__ = "orders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    price: orm.Mapped[decimal.Decimal] = orm.mapped_column(sa.Numeric(10, 2))
    rate: orm.Mapped[decimal.Decimal] = orm.mapped_column(sa.Numeric(6, 4))
    number: orm.Mapped[int] = orm.mapped_column()
    made: orm.Mapped[datetime.datetime] = orm.mapped_column(server_default=sa.func.now())
    opens: orm.Mapped[datetime.time | None] = orm.mapped_column(server_default=sa.func.time())
    edited: orm.Mapped[datetime.datetime | None] = orm.mapped_column()
    cost = orm.column_property(price * number)
    tax = orm.column_property(price * rate)
    third = orm.column_property(price / 3)
    is_numbered = orm.column_property(sa.cast(number, sa.Boolean))
    is_cheap = orm.column_property(price < 1)
    last = orm.column_property(sa.func.max(made, edited, type_=sa.DateTime()))
    total = orm.column_property(
        sa.select(sa.func.coalesce(sa.func.sum(Line.amount), 0))
        .where(Line.order_id == id)
        .correlate_except(Line)
        .scalar_subquery()
    )
    numbers = orm.column_property(
        sa.select(sa.func.sum(Line.id))
        .where(Line.order_id == id)
        .correlate_except(Line)
        .scalar_subquery()
    )

    average = orm.column_property(
        sa.select(sa.func.coalesce(sa.func.avg(Line.id), 0))
        .where(Line.order_id == id)
        .correlate_except(Line)
        .scalar_subquery()
    )
    count = orm.column_property(
        sa.select(sa.func.coalesce(sa.func.count(Line.id), 0) + sa.case((number > 1, 1), else_=-1))
        .where(Line.order_id == id)
        .correlate_except(Line)
        .scalar_subquery()
    )

    rounded = orm.column_property(
        sa.select(sa.type_coerce(sa.func.avg(Line.id), sa.Integer))
        .where(Line.order_id == id)
        .correlate_except(Line)
        .scalar_subquery()
    )

    @hybrid_property
    def day(self) -> datetime.date:
        """When it was made, as SQLite does not cast it."""
        return self.made.date()

    @day.inplace.expression
    @classmethod
    def _day(cls) -> sa.ColumnElement[datetime.date]:
        return sa.cast(cls.made, sa.Date)

    @hybrid_property
    def double(self) -> decimal.Decimal:
        """Twice the price."""
        return self.price * 2

    @double.inplace.expression
    @classmethod
    def _double(cls) -> sa.ColumnElement[decimal.Decimal]:
        return cls.price + cls.price


#: Of orders: the price, the number, when the text of the database says that it was made.
ORDERS = [
    ("0.10", 3, "2030-01-01 12:00:00"),
    ("0.30", 1, "2030-01-01 12:00:00.000000"),
    ("0.29", 2, "2030-01-01 12:00:00.5"),
    ("0.15", 0, "2030-01-01 11:59:59.999999"),
]
AMOUNTS = [(1, "0.10"), (1, "0.20"), (2, "0.10"), (2, "0.10"), (2, "0.10"), (3, "0.31")]
EDITED = [NOON, None, NOON + datetime.timedelta(seconds=0.5), NOON]
CONSTANTS = {
    "CENTS": decimal.Decimal("0.30"),
    "NOON": NOON,
    "LATER": NOON + datetime.timedelta(seconds=0.5),
    "OPENS": datetime.time(12),
    "TODAY": NOON.date(),
}


@pytest.fixture(scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open a database of orders, whose times are written as SQLite, and programs, do."""
    with open_named(request, "sqlite", Base.metadata) as engine, orm.Session(engine) as session:
        for number, ((price, count, _), edited) in enumerate(zip(ORDERS, EDITED, strict=True), 1):
            cents = decimal.Decimal(price)
            rate = decimal.Decimal("0.5")
            session.add(Order(id=number, price=cents, rate=rate, number=count, edited=edited))
        session.flush()
        for order, amount in AMOUNTS:
            session.add(Line(order_id=order, amount=decimal.Decimal(amount)))
        for number, (_, _, made) in enumerate(ORDERS, 1):
            values = {"made": made, "opens": made[11:19], "number": number}
            text = "UPDATE orders SET made = :made, opens = :opens WHERE id = :number"
            session.execute(sa.text(text), values)
        session.commit()
        yield session


@functools.cache
def make_oso(body: str) -> Oso:
    """Load a rule about orders."""
    oso = Oso()
    register_models(oso, Base)
    for name, value in CONSTANTS.items():
        oso.register_constant(value, name)
    oso.load_str(f'allow(_, "read", order: Order) if {body};')
    return oso


def listed(session: orm.Session, body: str) -> set[int]:
    """Give the orders of the list."""
    statement = make_oso(body).authorized_query(None, "read", Order)
    return {order.id for order in session.scalars(statement)}


@pytest.mark.parametrize("sign", ["=", "!=", ">", "<="])
@pytest.mark.parametrize(
    "sides",
    [
        ("order.cost", "CENTS"),
        ("order.double", "CENTS"),
        ("order.total", "CENTS"),
        ("order.total", "order.price"),
        ("order.made", "NOON"),
        ("order.made", "LATER"),
        ("NOON", "order.made"),
        ("order.made", "order.edited"),
        ("order.last", "order.edited"),
        ("order.opens", "OPENS"),
    ],
    ids=" and ".join,
)
def test_comparison(session: orm.Session, sides: tuple[str, str], sign: str) -> None:
    """A list has the rows of the checks, which see what SQLAlchemy makes of a value."""
    body = f" {sign} ".join(sides)
    if "edited" in body and sign not in ("=", "!="):
        body = f"order.edited != nil and {body}"

    allowed = {
        order.id
        for order in session.scalars(sa.select(Order))
        if make_oso(body).is_allowed(None, "read", order)
    }

    assert listed(session, body) == allowed


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ("order.is_numbered", {1, 2, 3}),
        ("not order.is_numbered", {4}),
        ("order.is_numbered != true", {4}),
        ("order.is_numbered = false", {4}),
        ("order.is_numbered in [true]", {1, 2, 3}),
        ("order.is_cheap", {1, 2, 3, 4}),
        ("order.tax != nil", {1, 2, 3, 4}),
        ("order.numbers > 2.5", {1, 2, 3}),
        ("order.count > 1.5", {1, 2, 3}),
        ("order.average != nil", {1, 2, 3, 4}),
    ],
)
def test_other_kinds(session: orm.Session, body: str, numbers: set[int]) -> None:
    """A boolean may be any number, and what is not compared need not be exact."""
    assert listed(session, body) == numbers


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ("order.tax = 1", "the database calculates it with more decimal places"),
        ("order.third > 1", "has no scale|with more decimal places"),
        ("order.average >= 4.5", "may be a fraction. Give it a type"),
        ("order.rounded >= 4.5", "may be a fraction. Give it a type"),
        ("order.numbers + 1 = 4", "databases calculate alike only with integers"),
        ("order.numbers matches Integer", "cannot be told without a row"),
    ],
)
def test_refused(session: orm.Session, body: str, fact: str) -> None:
    """What databases calculate with more digits, or as a decimal, is refused."""
    with pytest.raises(UnsupportedError, match=fact):
        listed(session, body)


@pytest.mark.parametrize("body", ["order.day = TODAY", "order.day > TODAY", "order.day != TODAY"])
def test_cast_to_a_date(session: orm.Session, body: str) -> None:
    """SQLite makes a number of it, which is before all dates; the error says what to write."""
    with pytest.raises(sa.exc.CompileError, match=r"Write 'func\.date"):
        where_of(body, session.get_bind().dialect)

    assert "CAST(orders.made AS DATE)" in where_of(body, postgresql.dialect())


def test_part_of_a_time(session: orm.Session) -> None:
    """A year of a column is none of its attributes; the error says what to write."""
    with pytest.raises(UnsupportedError) as caught:
        listed(session, "order.made.year = 2030")

    assert "Compare it with bounds, as in `order.made >= start`." in str(caught.value)


def where_of(body: str, dialect: t.Any) -> str:
    """Give the WHERE of a list."""
    statement = make_oso(body).authorized_query(None, "read", Order)
    compiled = str(statement.with_only_columns(Order.id).compile(dialect=dialect))
    return " ".join(compiled.partition("WHERE ")[2].split())


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("order.made = NOON", "orders.made BETWEEN rtrim(rtrim(?, '0'), '.') AND ? AND "),
        ("order.made < NOON", "orders.made < ? AND "),
        ("order.made >= NOON", "orders.made >= rtrim(rtrim(?, '0'), '.') AND "),
    ],
)
def test_index_of_times(session: orm.Session, body: str, plain: str) -> None:
    """SQLite finds times by an index, as it does those that it has not written."""
    assert plain in where_of(body, session.get_bind().dialect)


@pytest.mark.parametrize("body", ["order.made = NOON", "order.cost > 1", "order.is_numbered"])
def test_postgresql(body: str) -> None:
    """PostgreSQL has times, decimals and booleans that are read as they are."""
    found = where_of(body, postgresql.dialect())

    assert not {"rtrim", "round", "<>", "CASE"} & set(found.replace("(", " ").split())


def test_generated_decimal() -> None:
    """SQLite generates decimals as floats, with digits that are rounded when they are read."""

    class Bill(orm.declarative_base()):  # type: ignore[misc]
        """Has a price that the database calculates."""

        __tablename__ = "bills"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        price: orm.Mapped[decimal.Decimal] = orm.mapped_column(
            sa.Numeric(10, 2), sa.Computed("id * 0.1")
        )

    oso = Oso()
    register_models(oso, [Bill])
    oso.load_str('allow(_, "read", bill: Bill) if bill.price > 0.25;')
    statement = oso.authorized_query(None, "read", Bill)

    assert "bills.price > " in str(statement.compile(dialect=postgresql.dialect()))
    with pytest.raises(sa.exc.CompileError, match=r"SQLite generates bills\.price"):
        str(statement.compile(dialect=sa.create_engine("sqlite://").dialect))
