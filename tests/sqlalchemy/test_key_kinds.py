"""Foreign keys of each kind tell which row a relation leads to: texts, UUIDs, and pairs."""

from __future__ import annotations

import typing as t
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso.sqlalchemy.mapped import loaded
from flask_oso.sqlalchemy.row_keys import RowKeys
from tests.support.databases import open_session


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Text(Base):
    """Has a text for a key, and a code beside it."""

    __tablename__ = "texts"
    id: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    code: orm.Mapped[int | None] = orm.mapped_column(unique=True)


class Token(Base):
    """Has a UUID for a key."""

    __tablename__ = "tokens"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)


class Place(Base):
    """Has a key of two columns."""

    __tablename__ = "places"
    town: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Item(Base):
    """Leads to one of each."""

    __tablename__ = "items"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text_id: orm.Mapped[str | None] = orm.mapped_column(sa.ForeignKey("texts.id"))
    token_id: orm.Mapped[uuid.UUID | None] = orm.mapped_column(sa.ForeignKey("tokens.id"))
    code: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("texts.code"))
    town: orm.Mapped[str | None]
    number: orm.Mapped[int | None]
    text: orm.Mapped[Text | None] = orm.relationship(foreign_keys=[text_id])
    token: orm.Mapped[Token | None] = orm.relationship()
    place: orm.Mapped[Place | None] = orm.relationship()
    coded: orm.Mapped[Text | None] = orm.relationship(foreign_keys=[code])
    __table_args__ = (
        sa.ForeignKeyConstraint(["town", "number"], ["places.town", "places.number"]),
    )


ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """Open a database with two items."""
    with open_session(Base.metadata) as session:
        texts = [Text(id="ab-1", code=7), Text(id="AB-1"), Text(id="ab-2", code=8), Text(id="ä")]
        places = [Place(town=town, number=n) for town in ("Ulm", "Ulm ") for n in (1, 2)]
        session.add_all([*texts, Token(id=ONE), Token(id=OTHER), *places])
        session.flush()
        session.add(Item(id=1, text_id="ab-1", token_id=ONE, code=7, town="Ulm", number=1))
        session.add(Item(id=2))
        session.commit()
        yield session


@pytest.mark.parametrize(
    ("relation", "other", "told"),
    [
        ("text", (Text, "ab-1"), True),
        ("text", (Text, "ab-2"), False),
        ("text", (Text, "AB-1"), None),
        ("text", (Text, "ä"), None),
        ("token", (Token, ONE), True),
        ("token", (Token, OTHER), False),
        ("place", (Place, ("Ulm", 1)), True),
        ("place", (Place, ("Ulm", 2)), False),
        ("place", (Place, ("Ulm ", 2)), False),
        ("place", (Place, ("Ulm ", 1)), None),
    ],
)
def test_a_foreign_key_tells(
    session: orm.Session, relation: str, other: t.Any, told: t.Any
) -> None:
    """Keys that some database takes for one, such as texts in two cases, have to be read."""
    test = RowKeys().row_test(Item, relation)
    item, row = session.get_one(Item, 1), session.get_one(*other)

    assert test is not None
    assert (test(item, row), relation in item.__dict__) == (told, False)


@pytest.mark.parametrize("relation", ["text", "token", "place"])
def test_nothing_is_another_row(session: orm.Session, relation: str) -> None:
    """A foreign key that is NULL leads to no row."""
    test = RowKeys().row_test(Item, relation)
    keys = {"text": (Text, "ab-1"), "token": (Token, ONE), "place": (Place, ("Ulm", 1))}
    row = session.get_one(*keys[relation])

    assert test is not None and test(session.get_one(Item, 2), row) is False


def test_a_relation_by_a_unique_column_is_stored(session: orm.Session) -> None:
    """A loaded row has the code that a foreign key names."""
    item, other = session.get_one(Item, 1), session.get_one(Item, 2)
    assert item.coded is not None and other.coded is None

    assert loaded.is_stored(item, ("coded",)) and loaded.is_stored(other, ("coded",))


def test_a_changed_code_is_not_stored(session: orm.Session) -> None:
    """A list would find by the code what a check finds on the row."""
    item = session.get_one(Item, 1)
    assert item.coded is not None

    with session.no_autoflush:
        item.coded.code = 9
        assert not loaded.is_stored(item, ("coded",))
