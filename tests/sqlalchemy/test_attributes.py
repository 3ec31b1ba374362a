"""Attributes that are made of others: proxies, composites, dictionaries of rows, enumerations."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm.collections import attribute_keyed_dict

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_session


class Color(enum.Enum):
    """Has texts."""

    RED = "r"
    BLUE = "b"


class Level(enum.IntEnum):
    """Has numbers."""

    LOW = 1
    HIGH = 2


class Mixed(enum.Enum):
    """Has values of several kinds."""

    TEXT = "1"
    NUMBER = 1
    PAIR = (1, 2)


@dataclasses.dataclass
class Point:
    """A composite."""

    x: int | None
    y: int | None


@dataclasses.dataclass
class Shifted:
    """Changes what it is made of."""

    x: int | None
    y: int | None

    def __post_init__(self) -> None:
        """Be somewhere else."""
        self.x = 1


class Base(orm.DeclarativeBase):
    """The base of these models."""


class Person(Base):
    """Owns cards, and follows others by way of links."""

    __tablename__ = "attribute_people"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    boss_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("attribute_people.id"))
    boss: orm.Mapped[Person | None] = orm.relationship(remote_side=[id])
    stars: orm.Mapped[list[Star]] = orm.relationship()
    starred: AssociationProxy[list[Card]] = association_proxy("stars", "card")
    boss_name: AssociationProxy[str | None] = association_proxy("boss", "name")


class Star(Base):
    """Leads from a person to a card."""

    __tablename__ = "attribute_stars"
    person_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("attribute_people.id"), primary_key=True
    )
    card_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("attribute_cards.id"), primary_key=True
    )
    card: orm.Mapped[Card] = orm.relationship()


class Note(Base):
    """Is on a card, where its name is the only one."""

    __tablename__ = "attribute_notes"
    __table_args__ = (sa.UniqueConstraint("card_id", "name"),)
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    card_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("attribute_cards.id"))
    name: orm.Mapped[str]
    kind: orm.Mapped[str]


class Card(Base):
    """Has attributes of each kind."""

    __tablename__ = "attribute_cards"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    color: orm.Mapped[Color | None]
    level: orm.Mapped[Level | None]
    mixed: orm.Mapped[Mixed | None]
    left: orm.Mapped[int | None]
    top: orm.Mapped[int | None]
    point: orm.Mapped[Point] = orm.composite("left", "top")
    shifted: orm.Mapped[Shifted] = orm.composite("left", "top")
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("attribute_people.id"))
    owner: orm.Mapped[Person | None] = orm.relationship()
    notes: orm.Mapped[dict[str, Note]] = orm.relationship(
        collection_class=attribute_keyed_dict("name")
    )
    of_kind: orm.Mapped[dict[str, Note]] = orm.relationship(
        collection_class=attribute_keyed_dict("kind"), viewonly=True
    )
    note_list: orm.Mapped[list[Note]] = orm.relationship(viewonly=True)
    owner_name: AssociationProxy[str | None] = association_proxy("owner", "name")
    owner_boss: AssociationProxy[Person | None] = association_proxy("owner", "boss")
    kinds: AssociationProxy[list[str]] = association_proxy("note_list", "kind")
    loud: AssociationProxy[str] = association_proxy(
        "owner", "name", getset_factory=lambda kind, proxy: (lambda row: "LOUD", setattr)
    )


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with a few cards."""
    with open_session(Base.metadata) as session:
        session.add_all([Person(id=1, name="a"), Person(id=2, name="b", boss_id=1)])
        session.add_all(
            [
                Card(id=1, color=Color.RED, level=Level.LOW, left=1, top=2, owner_id=1),
                Card(id=2, color=Color.BLUE, level=Level.HIGH, left=None, top=3, owner_id=2),
                Card(id=3, mixed=Mixed.TEXT, owner_id=2),
                Card(id=4, mixed=Mixed.PAIR, color=Color.RED, left=0, top=0),
            ]
        )
        session.flush()
        session.add_all([Star(person_id=1, card_id=2), Star(person_id=2, card_id=1)])
        session.add_all(
            [
                Note(card_id=1, name="x", kind="live"),
                Note(card_id=1, name="y", kind="dead"),
                Note(card_id=2, name="x", kind="dead"),
            ]
        )
        session.commit()
        yield session


def make_oso(body: str) -> Oso:
    """Load a rule about cards."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Point)
    oso.load_str(f'allow(_p: Person, "read", c: Card) if {body};')
    return oso


def is_allowed(oso: Oso, actor: t.Any, card: Card) -> bool:
    """Ask for one row; an error is no allow."""
    with contextlib.suppress(OsoError):
        return oso.is_allowed(actor, "read", card)
    return False


WORKING: dict[str, set[int]] = {
    # Proxies of one row: nil without it.
    'c.owner_name = "b"': {2, 3},
    'not c.owner_name = "b"': {1, 4},
    "c.owner_name = nil": {4},
    "not c.owner_name = nil": {1, 2, 3},
    "c.owner_name = _p.boss_name": {1},
    'c.owner_name.startswith("a")': {1},
    'not c.owner_name.startswith("a")': {2, 3},
    'c matches {owner_name: "a"}': {1},
    "c.owner_boss.id = 1": {2, 3},
    "c.owner_boss = nil": {1, 4},
    'c.owner.boss_name = "a"': {2, 3},
    "c.owner = _p and c.owner_name in ['a', 'b']".replace("'", '"'): {2, 3},
    # Proxies of several rows: one value for each.
    "c in _p.starred": {1},
    "not c in _p.starred": {2, 3, 4},
    "x in _p.starred and x.owner = c.owner": {1},
    '"dead" in c.kinds': {1, 2},
    'not "dead" in c.kinds': {3, 4},
    'forall(k in c.kinds, k = "dead")': {2, 3, 4},
    'k in c.kinds and k.startswith("l")': {1},
    "c in c.owner.starred": set(),
    # Composites of a dataclass.
    "c.point.x = 1": {1},
    "not c.point.x = 1": {2, 3, 4},
    "c.point.x = nil": {2, 3},
    "c.point.y > 1": {1, 2},
    "not c.point.y > 1": {4},
    "c.point = nil": set(),
    "c.point != nil": {1, 2, 3, 4},
    "c.point matches {x: 0, y: 0}": {4},
    "c.point matches Point{y: 3}": {2},
    "c.point matches Point": {1, 2, 3, 4},
    "c.point matches Person": set(),
    "p = c.point and p.x = 1": {1},
    # Dictionaries of rows.
    'n in c.notes.values() and n.kind = "live"': {1},
    'not (n in c.notes.values() and n.kind = "live")': {2, 3, 4},
    'forall(n in c.notes.values(), n.kind = "dead")': {2, 3, 4},
    '"x" in c.notes': {1, 2},
    '"y" in c.notes.keys()': {1},
    'k in c.notes and k = "y"': {1},
    "_ in c.notes": {1, 2},
    # Parts of enumerations.
    'c.color.name = "RED"': {1, 4},
    'not c.color.name = "RED"': {2},
    'c.color.value in ["b", "x"]': {2},
    "c.color != nil and c.color.value = _p.name": {2},
    "c.level.value = 2": {2},
    "c.level.value > 1": {2},
    "not c.level.value > 1": {1},
    "c.level.value == 1.0": {1},
    'c.level.value = "1"': set(),
    "c.level.value = true": set(),
    'c.mixed.name = "TEXT"': {3},
}


@pytest.mark.parametrize(("body", "numbers"), WORKING.items(), ids=WORKING)
def test_list_has_the_rows_of_checks(session: orm.Session, body: str, numbers: set[int]) -> None:
    """What such an attribute says of its rows holds in lists and decisions alike."""
    oso, actor = make_oso(body), session.get(Person, 2)

    found = set(session.scalars(oso.authorized_query(actor, "read", Card)))

    assert {card.id for card in found} == numbers
    assert found == {c for c in session.scalars(sa.select(Card)) if is_allowed(oso, actor, c)}


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ('c.loud = "LOUD"', "'loud' of 'Card' is unknown without a row"),
        ("c.kinds = []", "a relation to many rows cannot be compared"),
        ("c.shifted.x = 1", "it is composed of several columns"),
        ("c.point.z = 1", "'z' is no column that `card.point` is made of"),
        ("c.point = c.point", "an object that is made of columns can be compared with nil"),
        ("c.point = new Point(1, 2)", "an object that is made of columns can be compared with nil"),
        ('n in c.of_kind.values() and n.name = "x"', "its collection is not a list of its rows"),
        ('c.notes.x.kind = "live"', "`card.notes` is a dictionary of rows"),
        ("_ in c.notes.items()", "`card.notes` is a dictionary of rows"),
        ("c.color.value = c.color.name", "is compared with values that are known only"),
        ("c.level.value == true", "cannot be compared"),
        ('c.level.value > "1"', "cannot be compared"),
        ('c.mixed.value = "1"', "is compared with texts, numbers and booleans only"),
        ("c.mixed.value == 1", "cannot be compared"),
        ("c.color.label = 1", "`card.color` has no attributes in a list"),
    ],
)
def test_what_is_refused(session: orm.Session, body: str, fact: str) -> None:
    """What a statement cannot say as Python does is refused, with the reason."""
    with pytest.raises(UnsupportedError, match=fact):
        make_oso(body).authorized_query(session.get(Person, 2), "read", Card)
