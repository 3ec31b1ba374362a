"""Relations over unique keys that are not primary ones, two columns that are NULL, and 2^63."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read

GREATEST = 2**63 - 1
LEAST = -(2**63)


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class User(Base):
    """Known by a code, which is the key of somebody else."""

    __tablename__ = "bound_users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    code: orm.Mapped[int] = orm.mapped_column(unique=True)
    big: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    docs: orm.Mapped[list[Doc]] = orm.relationship(viewonly=True)


class Doc(Base):
    """Belongs to the user with a code, or to none."""

    __tablename__ = "bound_docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_code: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("bound_users.code"))
    owner: orm.Mapped[User | None] = orm.relationship()
    a: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    b: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    small: orm.Mapped[int | None] = orm.mapped_column(sa.SmallInteger)
    text: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
    other: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"], scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open each database, with codes that are keys of others, and numbers at the bounds."""
    name = request.param
    engine = sa.create_engine("sqlite://") if name == "sqlite" else request.getfixturevalue(name)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        users = [(1, 2, GREATEST), (2, 1, LEAST), (3, 30, None), (30, 3, 0)]
        session.add_all(User(id=number, code=code, big=big) for number, code, big in users)
        session.flush()
        session.add_all(
            [
                Doc(id=1, owner_code=1, a=GREATEST, b=GREATEST),
                Doc(id=2, owner_code=2, a=LEAST, b=GREATEST, text="x"),
                Doc(id=3, owner_code=30),
                Doc(id=4, a=5, text="x", other="x", small=5),
                Doc(id=5, b=GREATEST - 1, small=-1, other="x"),
                Doc(id=6, owner_code=3, a=LEAST, b=LEAST, small=2**15 - 1),
                Doc(id=7, owner_code=1, a=-5, b=5, small=-(2**15)),
            ]
        )
        session.commit()
        yield session
    Base.metadata.drop_all(engine)
    if name == "sqlite":
        engine.dispose()


@functools.cache
def make_oso(rule: str) -> Oso:
    """Load a rule about documents; all databases are asked by the same Oso."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(u: User, "read", d: Doc) if u.id != 1000 and {rule};')
    return oso


def assert_agrees(session: orm.Session, rule: str, number: int) -> None:
    """Check that the list of a user has the rows that checks allow."""
    oso = make_oso(rule)
    user = session.get_one(User, number)

    found = set(session.scalars(oso.authorized_query(user, "read", Doc)))

    docs = session.scalars(sa.select(Doc))
    assert found == {doc for doc in docs if may_read(oso, user, doc)}


@pytest.mark.parametrize("number", [1, 2, 3, 30])
@pytest.mark.parametrize(
    "rule",
    [
        "d.owner = u",
        "not d.owner = u",
        "d.owner != u",
        "d.owner in [u]",
        "d in u.docs",
        "not d in u.docs",
        "o in u.docs and o = d",
        "o in u.docs and o.id = d.id",
        "o in u.docs and d in o.owner.docs",
        "o in d.owner.docs and o.owner = u",
        "forall(o in d.owner.docs, o.owner = u)",
        "d.owner.id = u.id",
        "d.owner.code = u.id",
        "d.owner_code = u.code",
        "d.owner = nil or d.owner = u",
        "u = d.owner and d in u.docs",
    ],
)
def test_unique_key_that_is_not_primary(session: orm.Session, rule: str, number: int) -> None:
    """A relation over a unique code leads to the user with the code, and not with such a key."""
    assert_agrees(session, rule, number)


@pytest.mark.parametrize("pair", [("a", "b"), ("text", "other"), ("a", "small")])
@pytest.mark.parametrize(
    "rule",
    [
        "d.{0} = d.{1}",
        "d.{0} = d.{1} and d.{0} != nil",
        "d.{0} != nil and d.{0} = d.{1}",
        "d.{0} = d.{1} and d.{1} != nil",
        "d.{0} = d.{1} and not d.{0} = nil",
        "d.{0} = d.{1} and d.{0} = nil",
        "d.{0} == d.{1} and d.{0} != nil",
        "d.{0} != d.{1}",
        "d.{0} != d.{1} and d.{0} != nil",
        "not d.{0} = d.{1}",
        "not (d.{0} = d.{1} and d.{0} != nil)",
        "not (d.{0} = d.{1} and d.{0} = nil)",
        "d.{0} in [d.{1}] and d.{0} != nil",
        "forall(o in d.owner.docs, o.{0} = o.{1} and o.{0} != nil)",
        "o in u.docs and o.{0} = d.{1} and o.{0} != nil",
        "o in u.docs and o.{0} = d.{1}",
    ],
)
def test_pairs_of_columns_that_may_be_null(
    session: orm.Session, rule: str, pair: tuple[str, str]
) -> None:
    """Two columns that are NULL are equal, and neither is anything but nil."""
    assert_agrees(session, rule.format(*pair), 1)


@pytest.mark.parametrize(
    "rule",
    [
        "d.text = d.a",
        "d.text = d.a and d.a != nil",
        "not d.text = d.a",
        "not (d.text = d.a and d.text = nil)",
    ],
)
def test_pairs_of_columns_of_two_kinds(session: orm.Session, rule: str) -> None:
    """A text and a number are equal where both are NULL, and nowhere else."""
    assert_agrees(session, rule, 1)


@pytest.mark.each(5)
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    "rule",
    [
        "d.a = 9223372036854775807",
        "d.a != 9223372036854775807",
        "d.a = -9223372036854775808",
        "d.a < 9223372036854775807",
        "d.a <= 9223372036854775807",
        "not d.a < 9223372036854775807",
        "d.a > -9223372036854775808",
        "d.a >= -9223372036854775808",
        "d.a < 9223372036854775807.0",
        "d.a < 9223372036854775808.0",
        "d.a = 9223372036854775807.0",
        "d.a = 9223372036854775808.0",
        "d.a >= -9223372036854775808.0",
        "d.a < 1e30",
        "not d.a < 1e30",
        "d.a + 1 = 9223372036854775807",
        "d.a + 1 > 0",
        "not d.a + 1 > 0",
        "d.a - 1 < 0",
        "not d.a - 1 < 0",
        "d.a * 2 = 10",
        "not d.a * 2 = 10",
        "d.a * -1 > 0",
        "d.a * 1 < 0",
        "d.a * 0 = 0",
        "not d.a * -1 > 0",
        "not d.a * 1 < 0",
        "1 - d.a < 0",
        "d.small < 100000",
        "d.small = 65541",
        "d.small != 65541",
        "d.small < 9223372036854775807",
        "d.small + 32767 > 5",
        "d.small * 65536 < 0",
        "d.small in [5, 65541, 9223372036854775807]",
        "d.a = u.big",
        "d.a < u.big",
        "d.a != u.big",
        "d.a >= u.big",
        "d.small <= u.big",
    ],
)
def test_integers_at_their_bounds(session: orm.Session, rule: str, number: int) -> None:
    """Integers of 64 bits compare as they are; what would need more is in no list."""
    assert_agrees(session, rule, number)


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.parametrize(
    "rule",
    [
        "u = d.owner",
        "u != d.owner",
        "d.owner.id = u.id",
        "d in u.docs",
        "d.owner = nil or u = d.owner",
    ],
)
def test_actors_by_a_unique_key(session: orm.Session, rule: str, number: int) -> None:
    """A list of actors by a unique key agrees with checks: a document of nobody has no owner."""
    oso = make_oso(rule)
    doc = session.get_one(Doc, number)

    found = set(session.scalars(oso.actors_query("read", doc, User)))

    users = session.scalars(sa.select(User))
    assert found == {user for user in users if may_read(oso, user, doc)}
