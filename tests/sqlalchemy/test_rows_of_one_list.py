"""A check of one object that reads a relation of each row on a list: a few statements for all."""

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
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User(Base):
    __tablename__ = "users"
    ownerships: orm.Mapped[list[Ownership]] = orm.relationship(order_by="Ownership.id")


class Building(Base):
    __tablename__ = "buildings"
    town: orm.Mapped[str]


class Flat(Base):
    __tablename__ = "flats"
    building_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("buildings.id"))
    building: orm.Mapped[Building] = orm.relationship()
    ownerships: orm.Mapped[list[Ownership]] = orm.relationship(
        back_populates="flat", order_by="Ownership.id.desc()"
    )


class Ownership(Base):
    __tablename__ = "ownerships"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    flat_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("flats.id"))
    flat: orm.Mapped[Flat | None] = orm.relationship(back_populates="ownerships")


POLICY = """
allow(user: User, "visit", town: String) if
  o in user.ownerships and o.flat != nil and o.flat.building.town = town;
allow(user: User, "share", flat: Flat) if o in flat.ownerships and o.user_id = user.id;
"""
#: The user, and three: the ownerships, their flats, and the buildings of these.
STATEMENTS = 3


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database in which a user has flats in many buildings."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([User(id=1), User(id=2)])
        session.add_all(Building(id=n, town=f"t{n}") for n in range(1, 9))
        session.flush()
        session.add_all(Flat(id=n, building_id=n) for n in range(1, 9))
        session.flush()
        session.add_all(Ownership(id=n, user_id=1, flat_id=n) for n in range(1, 9))
        session.add_all(Ownership(id=10 + n, user_id=2, flat_id=n) for n in (2, 3))
        session.add(Ownership(id=9, user_id=1))
        session.commit()
        session.expunge_all()
        yield session
    engine.dispose()


def make_oso() -> Oso:
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(POLICY)
    return oso


def engine_of(session: orm.Session) -> sa.Engine:
    return t.cast(sa.Engine, session.get_bind())


@pytest.mark.parametrize("town", ["t1", "t8", "elsewhere"])
def test_check_reads_a_relation_of_all_rows_at_once(session: orm.Session, town: str) -> None:
    """The number of statements does not grow with the list, also a relation further."""
    user, oso = session.get_one(User, 1), make_oso()

    with counted(engine_of(session)) as statements:
        answer = oso.is_allowed(user, "visit", town)

    assert (answer, len(statements)) == (town != "elsewhere", STATEMENTS)


def test_check_of_a_loaded_list_reads_at_once(session: orm.Session) -> None:
    """It does not matter who loaded the list."""
    user, oso = session.get_one(User, 1, options=[orm.selectinload(User.ownerships)]), make_oso()

    with counted(engine_of(session)) as statements:
        oso.is_allowed(user, "visit", "elsewhere")

    assert len(statements) == STATEMENTS - 1


def test_long_list_is_read_in_parts(session: orm.Session) -> None:
    """What is found at the beginning of a long list does not need its end."""
    session.add_all(Building(id=n, town=f"t{n}") for n in range(100, 400))
    session.flush()
    session.add_all(Flat(id=n, building_id=n) for n in range(100, 400))
    session.flush()
    session.add_all(Ownership(id=n, user_id=2, flat_id=n) for n in range(100, 400))
    session.commit()
    session.expunge_all()
    user, oso = session.get_one(User, 2), make_oso()

    answer = oso.is_allowed(user, "visit", "t110")

    assert (answer, sum(isinstance(row, Flat) for row in session)) == (True, 100)


def test_relation_that_raises_is_not_read_ahead(session: orm.Session) -> None:
    """A row whose options forbid to read a relation is left to the check, which stops there."""
    options = [orm.selectinload(User.ownerships).raiseload(Ownership.flat)]
    user, oso = session.get_one(User, 1, options=options), make_oso()

    with counted(engine_of(session)) as statements, pytest.raises(sa.exc.InvalidRequestError):
        oso.is_allowed(user, "visit", "t1")

    assert statements == []


def test_change_that_is_not_stored_counts(session: orm.Session) -> None:
    """A relation that the program has assigned keeps its value."""
    user, oso = session.get_one(User, 1), make_oso()
    user.ownerships[5].flat = Flat(building=Building(town="new"))

    assert oso.is_allowed(user, "visit", "new")
    assert not oso.is_allowed(user, "visit", "t6")


def test_lists_of_many_objects_are_read_by_their_keys(session: orm.Session) -> None:
    """One statement for the lists of all, which does not read the objects again."""
    oso, user = make_oso(), session.get_one(User, 2)
    flats = [*session.scalars(sa.select(Flat).order_by(Flat.id))]

    with counted(engine_of(session)) as statements:
        found = oso.filter(user, "share", flats)

    assert ([each.id for each in found], len(statements)) == ([2, 3], 1)


def test_lists_of_many_objects_are_those_that_reading_gives(session: orm.Session) -> None:
    """They have the order of the relation, and what was added and is not stored."""
    oso, user = make_oso(), session.get_one(User, 2)
    flats = [*session.scalars(sa.select(Flat).order_by(Flat.id))]
    with session.no_autoflush:
        added = Ownership(user_id=2, flat=flats[6])
        found = oso.filter(user, "share", flats)

        assert [each.id for each in found] == [2, 3, 7]
        assert [each.id for each in flats[1].ownerships] == [12, 2]
        assert added in flats[6].ownerships
