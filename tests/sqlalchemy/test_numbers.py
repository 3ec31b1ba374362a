"""Infinities and NaN in columns, and what no order knows: lists have the rows of checks."""

from __future__ import annotations

import contextlib
import decimal
import functools
import itertools
import math
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError, Variable
from flask_oso.polar.exceptions import OperationalError, PolarTypeError, UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_database

D = decimal.Decimal


class Base(orm.DeclarativeBase):
    """Of the models here."""


class Figure(Base):
    """Has numbers of each kind."""

    __tablename__ = "figures"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str | None]
    whole: orm.Mapped[int | None]
    rate: orm.Mapped[float | None] = orm.mapped_column(sa.Double)
    other: orm.Mapped[float | None] = orm.mapped_column(sa.Double)
    price: orm.Mapped[D | None] = orm.mapped_column(sa.Numeric(10, 2))
    cost: orm.Mapped[D | None] = orm.mapped_column(sa.Numeric(10, 2))
    open: orm.Mapped[bool]


class Limit:
    """Asks, and has a number."""

    def __init__(self, value: t.Any) -> None:
        self.value = value


FINITE: list[t.Any] = [1.5, math.inf, -math.inf, None]
PRICES: list[t.Any] = [D("1.50"), None]
VALUES: list[t.Any] = [
    1.5,
    math.inf,
    -math.inf,
    math.nan,
    2,
    True,
    D("1.5"),
    D("Infinity"),
    D("-Infinity"),
]
BODIES = [
    "f.rate {} l.value",
    "l.value {} f.rate",
    "not f.rate {} l.value",
    "f.price {} l.value",
    "not f.price {} l.value",
    "f.whole {} l.value",
    "not f.whole {} l.value",
    "l.value = l.value and f.rate {} f.other",
    "l.value = l.value and not f.price {} f.cost",
    "(f.price {} l.value or f.open)",
    "not (f.rate {} l.value or f.open)",
    "(not f.price {} l.value or f.open)",
]
SIGNS = ["=", "==", "!=", "<", "<=", ">", ">="]


def filled(engine: sa.Engine, *odd: t.Any) -> orm.Session:
    """Fill a database with each combination of numbers, and with odd ones."""
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    session = orm.Session(engine)
    rates, prices = [*FINITE, *odd], [*PRICES, *map(D, odd)]
    drawn = itertools.product(rates, prices, rates[::2])
    session.add_all(
        Figure(
            id=number,
            whole=number % 3,
            rate=rate,
            other=other,
            price=price,
            cost=prices[number % len(prices)],
            open=number % 2 == 0,
        )
        for number, (rate, price, other) in enumerate(drawn)
    )
    session.commit()
    return session


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open a database of figures; PostgreSQL keeps NaN, SQLite makes NULL of it."""
    is_sqlite = request.param == "sqlite"
    engine = (
        sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        if is_sqlite
        else request.getfixturevalue("postgresql")
    )
    with filled(engine, *([] if is_sqlite else [math.nan])) as session:
        yield session
    Base.metadata.drop_all(engine)
    if is_sqlite:
        engine.dispose()


@functools.cache
def make_oso(policy: str) -> Oso:
    """Make an Oso for figures; nobody loads anything more into it."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Limit)
    oso.load_str(policy)
    return oso


def allows(oso: Oso, limit: Limit, figure: Figure) -> bool:
    """Tell whether a check allows; one that raises does not."""
    try:
        return oso.is_allowed(limit, "read", figure)
    except (OsoError, ArithmeticError):
        return False


@pytest.mark.each(5)
@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("body", BODIES)
def test_rows_are_those_of_checks(session: orm.Session, body: str, value: t.Any) -> None:
    """Infinite and undefined numbers are in lists where checks allow them, for each sign."""
    limit = Limit(value)
    figures = session.scalars(sa.select(Figure).order_by(Figure.id)).all()

    asked = [make_oso(f"allow(l, _, f: Figure) if {body.format(sign)};") for sign in SIGNS]
    found = [(oso, rows) for oso in asked if (rows := listed(session, oso, limit)) is not None]

    assert [rows for _, rows in found] == [
        [figure.id for figure in figures if allows(oso, limit, figure)] for oso, _ in found
    ]


def listed(session: orm.Session, oso: Oso, limit: Limit) -> list[int] | None:
    """Give the keys in a list; nothing if it is refused."""
    try:
        statement = oso.authorized_query(limit, "read", Figure).order_by(Figure.id)
    except UnsupportedError:
        return None
    return [figure.id for figure in session.scalars(statement)]


@pytest.mark.parametrize(
    "body",
    [
        "f.name != [1]",
        "not f.name == [1]",
        "f.whole != {a: 1}",
        "f.open != [true]",
        "f.name != f.whole",
        "not f.name == f.whole",
        "f.name == f.open",
        "f.rate != f.name",
        "f.name != 1",
        'not f.whole == "1"',
    ],
)
def test_what_checks_cannot_compare(body: str) -> None:
    """A column and a list, a dictionary, or a column of another kind are not compared."""
    oso = make_oso(f'allow(_, "read", f: Figure) if {body};')
    figure = Figure(id=1, name="a", whole=1, rate=1.5, open=True)

    with pytest.raises(UnsupportedError, match="cannot be compared"):
        oso.authorized_query(Limit(1), "read", Figure)
    with pytest.raises(OsoError):
        oso.is_allowed(Limit(1), "read", figure)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**70])
def test_integers_that_polar_does_not_calculate_with(value: int) -> None:
    """An integer of an object with more than 64 bits is refused, whoever was asked before."""
    oso = make_oso('allow(l, "read", f: Figure) if f.whole + l.value != 1;')
    oso.authorized_query(Limit(1), "read", Figure)

    with pytest.raises(UnsupportedError, match="unsupported arithmetic operands"):
        oso.is_allowed(Limit(value), "read", Figure(id=1, whole=-1))
    with pytest.raises(UnsupportedError, match="Calculate with integers"):
        oso.authorized_query(Limit(value), "read", Figure)


REFUSED: list[tuple[t.Any, type[Exception]]] = [
    (2**63, OperationalError),
    ("\ud800", OperationalError),
    ([2**63], OperationalError),
    (Variable("x"), PolarTypeError),
    ([Variable("x")], PolarTypeError),
]


@pytest.mark.parametrize(("value", "error"), REFUSED)
@pytest.mark.parametrize(
    "question",
    [
        lambda oso, value: oso.is_allowed(value, "read", Figure(id=1)),
        lambda oso, value: oso.authorized_query(value, "read", Figure),
        lambda oso, value: oso.authorized_query(1, value, Figure),
        lambda oso, value: oso.residual(value, "read", Figure),
        lambda oso, value: oso.residual(1, value, Figure),
        lambda oso, value: oso.action_columns(value, Figure, ["read"]),
        lambda oso, value: oso.actors_query(value, 1, Figure),
        lambda oso, value: oso.actors_query("read", value, Figure),
    ],
)
def test_refused_arguments(
    question: t.Callable[[Oso, t.Any], t.Any], value: t.Any, error: type[Exception]
) -> None:
    """What is no value for a check is none for a list."""
    oso = make_oso("allow(_, _, f: Figure) if f.open;")

    with pytest.raises(error):
        question(oso, value)


EDGES = [None, 0, 1, -1, 3, -3, 7, -7, 8, -8, 2**63 - 1, -(2**63)]
DIVISORS = ["3", "-3", "-1", "0", str(2**63 - 1), str(-(2**63)), "p.other"]


class PairsBase(orm.DeclarativeBase):
    """Of the model below."""


class Pair(PairsBase):
    """Two integers of 64 bits."""

    __tablename__ = "pairs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    whole: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    other: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def pairs(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open each database, with all pairs of integers at the edges."""
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            engine = stack.enter_context(open_database())
        else:
            engine = request.getfixturevalue(request.param)
        PairsBase.metadata.create_all(engine)
        with orm.Session(engine) as session:
            each = itertools.product(EDGES, EDGES)
            session.add_all(Pair(whole=whole, other=other) for whole, other in each)
            session.commit()
            yield session
        PairsBase.metadata.drop_all(engine)


@pytest.mark.parametrize("divisor", DIVISORS)
@pytest.mark.parametrize("sign", ["mod", "rem"])
@pytest.mark.parametrize("body", ["{} = 1", "not {} < 0", "{} + 1 != p.other"])
def test_remainder_has_the_sign_of_a_check(
    pairs: orm.Session, body: str, sign: str, divisor: str
) -> None:
    """`mod` has the sign of the divisor and `rem` that of the dividend; zero raises in a check."""
    oso = make_oso_of_pairs(body.format(f"p.whole {sign} {divisor}"))

    found = set(pairs.scalars(oso.authorized_query(None, "read", Pair)))

    assert found == {pair for pair in pairs.scalars(sa.select(Pair)) if is_right(oso, pair)}


@functools.cache
def make_oso_of_pairs(body: str) -> Oso:
    """Make an Oso for pairs; all databases are asked by the same one."""
    oso = Oso()
    register_models(oso, PairsBase)
    oso.load_str(f"allow(_, _, p: Pair) if {body};")
    return oso


def is_right(oso: Oso, pair: Pair) -> bool:
    """Ask for one pair; an error is no allow."""
    try:
        return oso.is_allowed(None, "read", pair)
    except OsoError:
        return False
