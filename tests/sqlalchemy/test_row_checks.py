"""What ``flask oso check`` says of rules about rows: keys, nobody, and what no list can tell."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models


class Base(orm.DeclarativeBase):
    """Of the models here."""


class User(Base):
    """Owns notes. What columns hold is said without annotations, which a load would read."""

    __tablename__ = "users"
    id = orm.mapped_column(sa.Integer, primary_key=True)
    name = orm.mapped_column(sa.String, nullable=False)
    notes = orm.relationship("Note", back_populates="owner", foreign_keys="Note.owner_id")

    @property
    def is_admin(self) -> bool:
        """Tell by the length of the name."""
        return len(self.name) > 9


class Note(Base):
    """Is listed."""

    __tablename__ = "notes"
    id = orm.mapped_column(sa.Integer, primary_key=True)
    title = orm.mapped_column(sa.String, nullable=False)
    code = orm.mapped_column(sa.String)
    owner_id = orm.mapped_column(sa.ForeignKey("users.id"))
    author_id = orm.mapped_column(sa.ForeignKey("users.id"), nullable=False)
    owner = orm.relationship(User, back_populates="notes", foreign_keys=[owner_id])
    author = orm.relationship(User, foreign_keys=[author_id])

    @property
    def is_short(self) -> bool:
        """Tell by the title."""
        return len(self.title) < 9


class Tag(Base):
    """Says by annotations what its columns hold."""

    __tablename__ = "tags"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User] = orm.relationship()


class Plain:
    """Is no row."""

    def __init__(self) -> None:
        self.user = None


@pytest.fixture
def find(tmp_path: pathlib.Path) -> t.Callable[[str], list[t.Any]]:
    """Give a function that checks a rule, and gives what is said of rows."""

    def check(rule: str) -> list[t.Any]:
        oso = Oso()
        register_models(oso, Base)
        oso.register_class(Plain)
        path = tmp_path / "policy.polar"
        path.write_text(rule)
        found = oso.check_files([path]).findings
        return [each for each in found if not each.message.startswith("Left to the solver")]

    return check


KEYS = [
    ('allow(u: User, "read", n: Note) if n.owner = u.id;', "n.owner", "u.id", "a number"),
    ('allow(u: User, "read", n: Note) if u.id = n.owner;', "n.owner", "u.id", "a number"),
    ('allow(u: User, "read", n: Note) if u = n.owner_id;', "u", "n.owner_id", "a number"),
    ('allow(u: User, "read", n: Note) if n.owner_id == u;', "u", "n.owner_id", "a number"),
    ('allow(u: User, "read", n: Note) if n.owner != u.id;', "n.owner", "u.id", "a number"),
    ('allow(u: User, "read", n: Note) if not n.owner = u.name;', "n.owner", "u.name", "a text"),
    ('allow(_: User, "read", n: Note) if n.owner = 1;', "n.owner", "1", "a number"),
    ('allow(u: User, "read", _: Note{owner: 1}) if u.is_admin;', "Note.owner", "1", "a number"),
    ('allow(u: User, "read", _: Note{owner_id: u});', "u", "Note.owner_id", "a number"),
    ('allow(u: User, "read", n: Note) if n.id in u.notes;', "u.notes", "n.id", "a number"),
    ('allow(u: User, "read", n: Note) if o = n.owner and o = u.id;', "o", "u.id", "a number"),
]


@pytest.mark.parametrize(("rule", "row", "value", "kind"), KEYS)
def test_row_and_key(
    find: t.Callable[[str], list[t.Any]], rule: str, row: str, value: str, kind: str
) -> None:
    """A model that is compared with an id is never equal to it."""
    (found,) = find(rule)
    cls = "Note" if row == "u.notes" else "User"

    assert found.severity.value == "warning"
    assert found.message.startswith(
        f"`{row}` is a {cls}, and `{value}` is {kind}: they are never equal. Compare a row with"
        " a row, or its key with a key at line 1, column "
    )


def test_comparison_is_told_once(find: t.Callable[[str], list[t.Any]]) -> None:
    """What a load says of a comparison, by the annotations of a class, is not said again."""
    found = find('allow(u: User, "read", tag: Tag) if tag.owner = u.id;')

    assert len(found) == 1


@pytest.mark.parametrize(
    "rule",
    [
        'allow(u: User, "read", n: Note) if n.owner = u;',
        'allow(u: User, "read", n: Note) if n.owner_id = u.id;',
        'allow(u: User, "read", n: Note) if n.owner = nil and u.id > 0;',
        'allow(u: User, "read", n: Note) if n in u.notes;',
        'allow(u: User, "read", n: Note) if n.title = u.name;',
        'allow(p: Plain, "read", n: Note) if n.owner = p.user;',
        'allow(u: User, "read", _: Note{owner: u});',
    ],
)
def test_rows_that_are_compared_well(find: t.Callable[[str], list[t.Any]], rule: str) -> None:
    """Rows with rows, keys with keys, and what is not known, are as they should be."""
    assert find(rule) == []


NOBODY = [
    ('allow(user, "read", n: Note) if n.owner = user;', "n.owner"),
    ('allow(user, "read", n: Note) if user = n.owner;', "n.owner"),
    ('allow(user, "read", n: Note) if user == n.owner;', "n.owner"),
    ('allow(user, "read", n: Note) if n.code = user;', "n.code"),
    ('allow(user, "read", _: Note{owner: user});', "Note.owner"),
    ('allow(user, "read", n: Note) if o = n.owner and o = user;', "o"),
]


@pytest.mark.parametrize(("rule", "other"), NOBODY)
def test_nobody_equals_a_relation_that_is_null(
    find: t.Callable[[str], list[t.Any]], rule: str, other: str
) -> None:
    """Whoever is not logged in equals a relation, or a column, that is NULL."""
    found = [each for each in find(rule) if "nobody" in each.message]

    assert [each.severity.value for each in found] == ["warning"]
    assert found[0].message.startswith(
        f"`user` may be nobody, who is nil, and so may `{other}` be: then they are equal. Give"
        " `user` a class in the head of the rule at line 1, column "
    )


@pytest.mark.parametrize(
    "rule",
    [
        'allow(user: User, "read", n: Note) if n.owner = user;',
        'allow(user, "read", n: Note) if n.author = user;',
        'allow(user, "read", n: Note) if user != nil and n.owner = user;',
        'allow(user, "read", n: Note) if not user = nil and n.owner = user;',
        'allow(user, "read", n: Note) if user matches User and n.owner = user;',
        'allow(user, "read", n: Note) if user.id > 0 and n.owner = user;',
    ],
)
def test_actor_with_a_class_is_somebody(find: t.Callable[[str], list[t.Any]], rule: str) -> None:
    """An actor with a class, or of whom something is asked, is somebody."""
    assert find(rule) == []


@pytest.mark.parametrize(
    "rule",
    [
        'allow(nil, "read", n: Note) if n.owner = nil;',
        'allow(nil, "read", _: Note{owner: nil});',
        'allow(nil, "read", n: Note) if n.title = "x" and n.code = nil;',
    ],
)
def test_rule_for_nobody_asks_what_is_null(find: t.Callable[[str], list[t.Any]], rule: str) -> None:
    """A rule whose actor is the word `nil` is for nobody, and `nil` in it is no actor."""
    assert find(rule) == []


@pytest.mark.parametrize(
    ("rule", "name", "cls"),
    [
        ('allow(_: User, "read", n: Note) if n.is_short;', "is_short", "Note"),
        ('allow(_: User, "read", n: Note) if n.author.is_admin;', "is_admin", "User"),
        ('allow(_: User, "read", n: Note) if o = n.owner and o.is_admin;', "is_admin", "User"),
    ],
)
def test_property_of_a_row(
    find: t.Callable[[str], list[t.Any]], rule: str, name: str, cls: str
) -> None:
    """What Python computes of a row is unknown to a list, and the rule is named."""
    (found,) = find(rule)

    assert found.severity.value == "note"
    assert found.message.startswith(
        f"A list of rows refuses `allow`: '{name}' of '{cls}' is unknown without a row, it is"
        " computed in Python. Say it with columns and relations, or give it an SQL expression"
        " at line 1, column "
    )


def test_property_of_the_actor(find: t.Callable[[str], list[t.Any]]) -> None:
    """The actor is known."""
    assert find('allow(u: User, "read", _: Note) if u.is_admin;') == []


def test_without_models(tmp_path: pathlib.Path) -> None:
    """Where no models are registered, nothing is known of rows."""
    oso = Oso()
    oso.register_class(Note)
    path = tmp_path / "policy.polar"
    path.write_text('allow(user, "read", n: Note) if n.owner = user;')

    assert oso.check_files([path]).findings == ()
