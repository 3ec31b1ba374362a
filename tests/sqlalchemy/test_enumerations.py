"""Enumerations whose members are compared with nil, or have nil for a value."""

from __future__ import annotations

import enum
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Grade(enum.Enum):
    """Of which one has no value."""

    GOOD = "good"
    NONE = None


class Level(enum.Enum):
    """Equal to what their value equals."""

    LOW = 1
    NONE = None

    def __eq__(self, other: object) -> bool:
        return bool(self.value == getattr(other, "value", other))

    __hash__ = enum.Enum.__hash__


class Rights(enum.Flag):
    """Of which two have a name together."""

    READ = 1
    WRITE = 2
    ALL = 3


class Paper(Base):
    """Holds them, and a flag that nobody set."""

    __tablename__ = "papers"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    grade: orm.Mapped[Grade | None] = orm.mapped_column(sa.Enum(Grade))
    level: orm.Mapped[Level | None] = orm.mapped_column(sa.Enum(Level))
    rights: orm.Mapped[Rights | None] = orm.mapped_column(sa.Enum(Rights))
    flag: orm.Mapped[bool | None]


class Anything:
    """Equal to whatever there is."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Actor:
    """Has values that papers are compared with."""

    nothing = None
    anything = Anything()
    none = Level.NONE
    rights = Rights.ALL


ALL = sa.select(Paper).order_by(Paper.id)


ROWS = (
    (Grade.GOOD, Level.LOW, Rights.READ, True),
    (Grade.NONE, Level.NONE, Rights.ALL, False),
    (None, None, None, None),
)


@pytest.fixture
def papers() -> Iterator[orm.Session]:
    """Open a database with members of all kinds, and nil."""
    with open_session(Base.metadata) as session:
        for grade, level, rights, flag in ROWS:
            session.add(Paper(grade=grade, level=level, rights=rights, flag=flag))
        session.commit()
        yield session


@pytest.mark.parametrize(
    "body",
    [
        "p.grade.value = nil",
        "not p.grade.value = nil",
        "not p.grade.value in [nil, 1]",
        'p.grade.name = "NONE"',
        "not p.level in [nil, 2]",
        "p matches {level: nil}",
        "p.level != nil",
        "p.level != u.nothing",
        "p.level = u.anything",
        "not p.level in [1, u.none]",
        "p.flag = u.anything",
        "p.flag != u.anything",
        "p.grade != u.anything",
        "p.grade = u.none",
        "p.rights != u.rights",
        "p.rights.value > 2",
        'not p matches {rights: nil} and not p.rights.name = "ALL"',
    ],
)
def test_rows_are_those_of_checks(papers: orm.Session, body: str) -> None:
    """Python compares the members, and nil, with what they meet."""
    policy = Oso()
    register_models(policy, Base)
    policy.load_str(f'allow(u, "read", p: Paper) if u = u and {body};')

    found = papers.scalars(policy.authorized_query(Actor(), "read", Paper)).all()

    assert found == [each for each in papers.scalars(ALL) if may_read(policy, Actor(), each)]
