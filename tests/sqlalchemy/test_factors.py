"""Conjunctions of disjunctions: each factor stands once in a statement, whatever it binds."""

from __future__ import annotations

import contextlib
import itertools
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session

MOST = 10


class Base(orm.DeclarativeBase):
    """The base of these models."""


class Tag(Base):
    """Is one of a row."""

    __tablename__ = "factor_tags"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    row_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("factor_rows.id"))
    size: orm.Mapped[int | None]


class Row(Base):
    """Has two columns for each factor."""

    __tablename__ = "factor_rows"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    tags: orm.Mapped[list[Tag]] = orm.relationship()


for name in (f"{letter}{number}" for letter in "ab" for number in range(MOST)):
    setattr(Row, name, orm.mapped_column(sa.Integer))


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with each pair of values twice."""
    with open_session(Base.metadata) as session:
        pairs = list(itertools.product([None, 0, 1, 2], repeat=2))
        for number, (one, other) in enumerate(itertools.product(pairs, pairs)):
            values: dict[str, t.Any] = {"a0": one[0], "b0": one[1], "a1": other[0], "b1": other[1]}
            tags = [Tag(size=each) for each in other]
            session.add(Row(id=number + 1, tags=tags, **values))
        session.commit()
        yield session


def make_oso(factor: str, count: int, sign: str = "") -> Oso:
    """Load a rule with so many factors."""
    oso = Oso()
    register_models(oso, Base)
    factors = (factor.replace("#", str(number)) for number in range(count))
    oso.load_str(f'allow(_, "read", r: Row) if {sign}({" and ".join(factors)});')
    return oso


FACTORS = {
    "a comparison in each": "(r.a# = 1 or r.b# > 1)",
    "a value that is read behind it": "(x# = r.a# or x# = r.b#) and x# > 0",
    "a list": "x# in [r.a#, r.b#] and x# > 0",
    "a list, read twice": "x# in [r.a#, r.b#] and x# > 0 and x# != r.b#",
    "a relation": "t# in r.tags and (t#.size = r.a# or t#.size > 1)",
    "two in one": "(x# = r.a# or x# = r.b#) and y# in [1, x#] and y# < 2",
    "known values": "x# in [0, 1] and r.a# = x# and r.b# >= x#",
    "a value bound outside": "x# = r.a# and (x# = 1 or r.b# = x#)",
}


def is_allowed(oso: Oso, row: Row) -> bool:
    """Ask for one row; an error is no allow."""
    with contextlib.suppress(OsoError):
        return oso.is_allowed(None, "read", row)
    return False


def raises(oso: Oso, row: Row) -> bool:
    """Tell whether a check that looks for all solutions raises."""
    try:
        list(oso.query_rule("allow", None, "read", row))
    except OsoError:
        return True
    return False


@pytest.mark.parametrize("sign", ["", "not "])
@pytest.mark.parametrize("factor", FACTORS.values(), ids=FACTORS)
def test_list_has_the_rows_of_checks(session: orm.Session, factor: str, sign: str) -> None:
    """The rows are those that a check allows, but for some of which it might raise."""
    oso = make_oso(factor, 2, sign)
    found = set(session.scalars(oso.authorized_query(None, "read", Row)))
    allowed = {row for row in session.scalars(sa.select(Row)) if is_allowed(oso, row)}

    assert found <= allowed
    assert all(raises(oso, row) for row in allowed - found)


@pytest.mark.parametrize("factor", FACTORS.values(), ids=FACTORS)
def test_statement_grows_with_its_factors(factor: str) -> None:
    """Twice the factors are a statement of about twice the size."""
    sizes = [
        len(str(make_oso(factor, count).authorized_query(None, "read", Row).whereclause))
        for count in (MOST // 2, MOST)
    ]

    assert sizes[1] < 2.6 * sizes[0]
