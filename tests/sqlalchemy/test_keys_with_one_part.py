"""Loaded rows with keys of two parts, of which one is the same: it is compared once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


seen = sa.Table(
    "seen",
    Base.metadata,
    sa.Column("board_id", sa.ForeignKey("boards.id"), primary_key=True),
    sa.Column("user_id", sa.Integer, primary_key=True),
    sa.Column("team_id", sa.Integer, primary_key=True),
    sa.ForeignKeyConstraint(["user_id", "team_id"], ["seats.user_id", "seats.team_id"]),
)


class Seat(Base):
    """A user in a team."""

    __tablename__ = "seats"
    user_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    team_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    role: orm.Mapped[str]


class Board(Base):
    """Sees some seats."""

    __tablename__ = "boards"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    seats: orm.Mapped[list[Seat]] = orm.relationship(secondary=seen)


class Doc(Base):
    """Belongs to a team."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    team_id: orm.Mapped[int | None]


POLICY = """
allow(b: Board, "read", d: Doc) if s in b.seats and s.team_id = d.team_id and s.role = "chair";
allow(b: Board, "edit", d: Doc) if not (s in b.seats and s.team_id = d.team_id);
"""
#: The seats of boards: none, one, of one user, of one team, and of several.
SEATS: list[list[tuple[int, int]]] = [
    [],
    [(2, 1)],
    [(1, 1), (1, 2), (1, 3)],
    [(1, 2), (2, 2)],
    [(1, 1), (2, 3)],
    [(3, 1), (3, 3)],
    [(2, 3), (3, 3), (1, 3)],
]


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database of boards that see seats."""
    with open_session(Base.metadata) as session:
        seats = {
            (user, team): Seat(user_id=user, team_id=team, role="chair" if user > 1 else "guest")
            for user in (1, 2, 3)
            for team in (1, 2, 3)
        }
        session.add_all(seats.values())
        session.add_all(
            Board(id=number, seats=[seats[key] for key in keys])
            for number, keys in enumerate(SEATS, 1)
        )
        session.add_all(Doc(id=number, team_id=number or None) for number in range(1, 5))
        session.add(Doc(id=5))
        session.commit()
        yield session


def make_oso() -> Oso:
    """Make an Oso that knows the boards."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(POLICY)
    return oso


@pytest.mark.parametrize("numbers", [range(1, 8), range(7, 0, -1)], ids=["forth", "back"])
def test_list_by_loaded_rows(session: orm.Session, numbers: range) -> None:
    """A list has the rows that checks allow, whichever parts of loaded keys differ."""
    oso = make_oso()
    docs = session.scalars(sa.select(Doc)).all()

    for number in numbers:
        board = session.get_one(Board, number, options=[orm.selectinload(Board.seats)])
        for action in ("read", "edit"):
            found = sorted(d.id for d in session.scalars(oso.authorized_query(board, action, Doc)))
            assert found == [d.id for d in docs if oso.is_allowed(board, action, d)]


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (3, "seats.user_id = ? AND seats.team_id IN (?)"),
        (4, "seats.team_id = ? AND seats.user_id IN (?)"),
        (5, "(seats.user_id, seats.team_id) IN (?)"),
    ],
)
def test_part_of_all_keys(session: orm.Session, number: int, wanted: str) -> None:
    """What is the same in all keys is compared once, and not as a part of each of them."""
    board = session.get_one(Board, number, options=[orm.selectinload(Board.seats)])

    statement = str(make_oso().authorized_query(board, "read", Doc))

    assert wanted in re.sub(r":\w+|__\[POSTCOMPILE_\w+\]", "?", statement)
