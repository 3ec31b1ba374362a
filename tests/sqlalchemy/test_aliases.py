"""Lists of aliases: of subqueries, and with names that an application chose."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import OsoError
from flask_oso.polar.exceptions import UnsupportedError
from tests.support.answers import may_read
from tests.support.databases import open_session
from tests.support.lists import oso_for


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Thing(Base):
    """What is listed; it may be near to others."""

    __tablename__ = "things"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    size: orm.Mapped[int]
    near: orm.Mapped[list[Thing]] = orm.relationship(
        primaryjoin=lambda: Thing.size < orm.foreign(orm.remote(Thing.id)), viewonly=True
    )
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "thing"}


class Car(Thing):
    """A thing in the table of things."""

    load: orm.Mapped[int | None] = orm.mapped_column()
    __mapper_args__ = {"polymorphic_identity": "car"}


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database of things, of which some are cars."""
    with open_session(Base.metadata) as session:
        session.add_all([Thing(id=1, size=1), Thing(id=2, size=2)])
        session.add_all([Car(id=3, size=1, load=1), Car(id=4, size=2, load=2)])
        session.commit()
        yield session


BODIES = [
    "t matches Car{load: 2}",
    "t.size = 2",
    "n in t.near and n.size = t.size",
    "not (n in t.near and n.size = t.size)",
]


@pytest.mark.parametrize("body", BODIES)
def test_alias_of_a_subquery(session: orm.Session, body: str) -> None:
    """A subquery of the class does not select what a subclass adds, which is read of the row."""
    oso = oso_for(Base, f'allow(_, "read", t: Thing) if t = t and {body};')
    alias = orm.aliased(Thing, sa.select(Thing).where(Thing.id > 1).subquery())
    rows = session.scalars(sa.select(Thing).where(Thing.id > 1)).all()

    found = session.scalars(oso.authorized_query("ana", "read", alias)).all()

    assert {row.id for row in found} == {row.id for row in rows if may_read(oso, "ana", row)}
    assert len(found) == len({*found})


@pytest.mark.filterwarnings("ignore:Did not locate an expression")
@pytest.mark.parametrize("body", [*BODIES[1:], "n in t.near and n.id = 1"])
def test_alias_of_a_subquery_without_a_column(body: str) -> None:
    """What a subquery does not select would be read of any row of the table: it is refused."""
    oso = oso_for(Base, f'allow(_, "read", t: Thing) if t = t and {body};')
    alias = orm.aliased(Thing, sa.select(Thing.id, Thing.kind).subquery())

    with pytest.raises(UnsupportedError, match="The policy reads 'size', which the subquery"):
        oso.authorized_query("ana", "read", alias)


@pytest.mark.parametrize("name", ["things", "things_1", "anon_1"])
def test_alias_with_a_name_of_a_subquery(name: str) -> None:
    """A name that a subquery of the policy may have hides the row from it: it is refused."""
    oso = oso_for(Base, f'allow(_, "read", t: Thing) if {BODIES[2]};')
    alias: t.Any = orm.aliased(Thing, name=name)

    with pytest.raises(OsoError, match=f"The alias {name!r} has a name that"):
        oso.authorized_query("ana", "read", alias)


def test_alias_with_a_name_of_its_own(session: orm.Session) -> None:
    """Any other name will do."""
    oso = oso_for(Base, f'allow(_, "read", t: Thing) if {BODIES[2]};')
    alias: t.Any = orm.aliased(Thing, name="other")

    found = session.scalars(oso.authorized_query("ana", "read", alias)).all()

    assert {row.id for row in found} == {1, 2, 3, 4}
