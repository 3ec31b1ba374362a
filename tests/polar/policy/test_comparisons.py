"""Comparisons that never hold draw a warning, where fields and annotations leave no doubt."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import typing as t
import uuid

import pytest
from flask_login import UserMixin  # type: ignore[import-untyped]
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from flask_oso import Oso, Relation
from tests.support import policies
from tests.support.policies import Host, load, make_host


class Status(enum.Enum):
    """Registered."""

    OPEN = "open"
    SHUT = 2


class Hidden(enum.Enum):
    """Not registered."""

    YES = "yes"


class Level(enum.IntEnum):
    """Equals numbers."""

    LOW = 1


class Kind(str, enum.Enum):  # noqa: UP042  # as programs for older Pythons have it
    """Equals strings."""

    NOTE = "note"


@dataclasses.dataclass
class Org:
    """Has an annotated key, and an equality that was generated."""

    id: int


class User(UserMixin):
    """Has the equality of Flask-Login, which knows users alone."""

    id: int
    name: str
    org: Org | None

    @property
    def boss(self) -> User:
        return self


class Admin(User):
    """A user."""


class Tag:
    """Equals whatever it likes."""

    id: int

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Folder:
    """Declares its fields when it is registered."""


class Base(DeclarativeBase):
    """The base of mapped classes."""


class Page(Base):
    """A mapped class."""

    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[Status]
    book_id: Mapped[t.Optional[int]]  # noqa: UP045  # as programs have it
    book: Mapped[Book] = relationship(primaryjoin="foreign(Page.book_id) == Book.id")
    chapters: Mapped[list[Book]] = relationship(
        primaryjoin="foreign(Book.id) == Page.book_id", viewonly=True
    )


class Book(Base):
    """Another mapped class."""

    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)


class Leaf(Page):
    """A class that is mapped anew, and says nothing else."""


class Note:
    """Has all kinds of annotations."""

    owner: User
    owner_id: int
    editor: t.Optional[User]  # noqa: UP045  # as programs have it
    org: Org | None
    status: Status
    hidden: Hidden
    level: Level
    kind: Kind
    key: uuid.UUID
    made: datetime.datetime
    price: decimal.Decimal
    title: str
    label: str
    size: int
    ratio: float
    public: bool
    tag: Tag
    readers: list[User]
    words: set[str]
    anything: t.Any
    either: int | str
    cls: t.ClassVar[str]
    loop: Loop


Loop = list["Loop"]


class Draft(Note):
    """A note that has a number for a title."""

    title: int  # type: ignore[assignment]  # that is the point


def host() -> Host:
    """Make a host with the classes."""
    made = make_host(Org, User, Admin, Tag, Page, Book, Note, Status)
    fields = {
        "owner": Relation("one", "User", "owner_id", "id"),
        "notes": Relation("many", "Note", "id", "folder_id"),
        "name": str,
    }
    return made.with_class(Folder, None, fields)


def warnings_of(condition: str, head: str = "u: User, n: Note, f: Folder, p: Page") -> list[str]:
    """Load a rule with a condition, and give its warnings."""
    names = " and ".join(f"{name.split(':')[0]}.x = 1" for name in head.split(", "))
    text = f"f({head}) if {condition} and {names};"
    return policies.warnings_of(text, host=host())


def test_warning_shows_the_comparison_and_what_to_write() -> None:
    """A note's owner is a user, and no number equals a user."""
    text = "allow(u: User, _, n: Note) if n.owner = u.id;"

    assert list(load(text, host=host()).warnings) == [
        "n.owner is a User, u.id is a number: they are never equal at line 1, column 31:\n"
        "\t001: allow(u: User, _, n: Note) if n.owner = u.id;\n"
        "\t                                   ^\n"
        "Write `u` in place of `u.id`.\n"
    ]


@pytest.mark.parametrize(
    ("condition", "warning", "remedy"),
    [
        ("n.owner_id = u", "n.owner_id is a number, u is a User", "Write `u.id`."),
        ("u.id == n.owner", "u.id is a number, n.owner is a User", "Write `u` in place of `u.id`."),
        (
            "n.owner_id != n.owner",
            "n.owner_id is a number, n.owner is a User",
            "Write `n.owner.id`.",
        ),
        (
            "not n.editor = u.name",
            "n.editor is a User, u.name is a string",
            "Write `u` in place of `u.name`.",
        ),
        (
            "n.owner = n.label",
            "n.owner is a User, n.label is a string",
            "Compare an attribute of `n.owner`.",
        ),
        (
            "n.owner.boss = u.id",
            "n.owner.boss is a User, u.id is a number",
            "Write `u` in place of `u.id`.",
        ),
        ("n.org = n.owner", "n.org is an Org, n.owner is a User", ""),
        ("f.owner = u.id", "f.owner is a User, u.id is a number", "Write `u` in place of `u.id`."),
        ("f.name = 1", "f.name is a string, 1 is a number", "Strings stand in double quotes."),
        (
            "u.id in n.readers",
            "u.id is a number, what is in n.readers is a User",
            "Write `u` in place of `u.id`.",
        ),
        (
            "u in n.words",
            "u is a User, what is in n.words is a string",
            "Compare an attribute of `u`.",
        ),
        ("n.readers = u", "n.readers is a list, u is a User", "Write `u in n.readers`."),
        (
            "x = n.owner and y = x and y.name = 3",
            "y.name is a string, 3 is a number",
            "Strings stand in double quotes.",
        ),
        (
            "r in n.readers and r.id = u",
            "r.id is a number, u is a User",
            "Write `r` in place of `r.id`.",
        ),
        (
            "g in f.notes and g.owner = u.id",
            "g.owner is a User, u.id is a number",
            "Write `u` in place of `u.id`.",
        ),
        ('n.status = "open"', 'n.status is a Status, "open" is a string', "Write `Status.OPEN`."),
        ('n.status != "Shut"', 'n.status is a Status, "Shut" is a string', "Write `Status.SHUT`."),
        ("n.status = 2", "n.status is a Status, 2 is a number", "Write `Status.SHUT`."),
        (
            'n.status in ["new", "open"]',
            'n.status is a Status, "new" is a string',
            "Write one of its members, such as `Status.OPEN`.",
        ),
        (
            'n.hidden = "yes"',
            'n.hidden is a Hidden, "yes" is a string',
            "Register the class before the policy is loaded: register_class(Hidden), or with"
            " 'models' of FlaskOso, and write `Hidden.YES`.",
        ),
        ("n.label = Status.OPEN", "n.label is a string, Status.OPEN is a Status", ""),
        ('n.size = "1"', 'n.size is a number, "1" is a string', "Numbers stand without quotes."),
        ("n.price = n.label", "n.price is a number, n.label is a string", ""),
        ('n.key = "a"', 'n.key is a UUID, "a" is a string', ""),
        ('n.made = "2024-01-01"', 'n.made is a date, "2024-01-01" is a string', ""),
        ("n.public = 1", "n.public is true or false, 1 is a number", "Write `true` or `false`."),
        (
            'n.public = "yes"',
            'n.public is true or false, "yes" is a string',
            "Write `true` or `false`.",
        ),
        ('1 = "1"', '1 is a number, "1" is a string', "Strings stand in double quotes."),
        (
            'n matches Note{status: "open"}',
            'Note.status is a Status, "open" is a string',
            "Write `Status.OPEN`.",
        ),
        ("n matches Note{owner_id: u}", "Note.owner_id is a number, u is a User", "Write `u.id`."),
        ("p.book_id = p.book", "p.book_id is a number, p.book is a Book", "Write `p.book.id`."),
        ('p.status = "open"', 'p.status is a Status, "open" is a string', "Write `Status.OPEN`."),
        ("p.id in p.chapters", "p.id is a number, what is in p.chapters is a Book", ""),
    ],
)
def test_comparison_that_never_holds_warns(condition: str, warning: str, remedy: str) -> None:
    """The warning says what the operands are, and its last line what to write."""
    found = [each for each in warnings_of(condition) if each.startswith(f"{warning}: they ")]

    assert [each.partition("^\n")[2] for each in found] == [remedy and f"{remedy}\n"]


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        ("n.owner = u.id", "they are never equal"),
        ("n.owner == u.id", "they are never equal"),
        ("n.owner != u.id", "they always differ"),
        ("not n.owner = u.id", "they are never equal"),
    ],
)
def test_warning_says_what_becomes_of_it(condition: str, outcome: str) -> None:
    """What is never equal always differs, under which a rule may open everything."""
    (warning,) = warnings_of(condition)

    assert f": {outcome} at line 1, column " in warning


def test_string_in_parentheses_warns() -> None:
    """A tuple of one string is no list here, and not even a tuple."""
    assert warnings_of('n.label in ("open")') == [
        '("open") is the string, whose characters are compared; write ["open"]'
        " at line 1, column 56:\n"
        '\t001: f(u: User, n: Note, f: Folder, p: Page) if n.label in ("open")'
        " and u.x = 1 and n.x = 1 and f.x = 1 and p.x = 1;\n"
        f"\t{' ' * 60}^\n"
    ]


def test_list_is_told_of_once() -> None:
    """Of a list the first element that never fits is named."""
    (warning,) = warnings_of('n.status in [Status.OPEN, "a", "b", "c"]')

    assert warning.startswith('n.status is a Status, "a" is a string: they are never equal')


@pytest.mark.parametrize(
    "condition",
    [
        "n.owner = u and n.editor = u and n.owner_id = u.id and n.org = u.org",
        "n.owner = nil and n.org != nil and n.title = nil",
        'n.status = Status.OPEN and n.title = "a" and n.size = 1 and n.public = true',
        "n.size = 1.5 and n.ratio = 1 and n.price = 2",
        # Equal to values of another kind.
        'n.level = 1 and n.kind = "note"',
        "n.tag = 1 and n.tag = u.id and n.tag = n.owner",
        # Not known.
        'n.anything = 1 and n.anything = u and n.either = "a" and n.either = 1',
        "n.cls = 1 and n.loop = 1 and n.missing = 1 and u.is_active = 1",
        "n.owner.missing = 1 and n.owner.name.x = 1",
        "x = n.anything and x = 1",
        "x = n.owner and x = n.anything and x = 1",
        "(x = n.owner or x = n.anything) and x.id = u",
        "x.id = u and x.id = 1",
        "n.owner() = 1",
        # A class that derives from Note says otherwise.
        "n.title = 1",
        # One object may be both.
        "n.owner = a",
        "a = n.owner and a in n.readers",
        "n.words = [1] and n.readers = []",
        '"a" in n.words and u in n.readers and 1 in n.title',
        'n.label in "open" and n.label in ["open"] and n.label in (u.words)',
        '1 = 1 and 1 = 1.0 and "a" = "b"',
        "f.owner = u and n in f.notes",
    ],
)
def test_comparison_that_may_hold_is_silent(condition: str) -> None:
    """Nothing is said where an object could equal the other operand, or nobody knows."""
    found = warnings_of(condition, "u: User, n: Note, f: Folder, a: Admin")

    assert [each for each in found if "equal" in each or "differ" in each] == []


def test_what_a_warning_says_is_so() -> None:
    """The comparisons of the first rule are false for objects as they are annotated."""
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Note)
    user, note = User(), Note()
    user.id, note.owner, note.owner_id, note.status = 1, user, 1, Status.OPEN
    note.public, note.key, note.readers = True, uuid.UUID(int=1), [user]
    oso.load_str(f"""
        allow(u, "owner", n) if n.owner = u.id;
        allow(u, "owner_id", n) if n.owner_id = u;
        allow(_, "status", n) if n.status = "open";
        allow(_, "public", n) if n.public = 1;
        allow(_, "key", n) if n.key = "{note.key}";
        allow(u, "readers", n) if n.readers = u or u.id in n.readers;
        allow(u, "right", n) if n.owner = u and n.owner_id = u.id and u in n.readers;
    """)

    assert oso.authorized_actions(user, note) == {"right"}


def test_protocol_with_attributes_may_be_any_class() -> None:
    """Only an object tells, so there is nothing to warn of."""

    class Named(t.Protocol):
        """Has a name."""

        name: str

    class Page:
        """Has a creator."""

    oso = Oso()
    oso.register_class(Org)
    oso.register_class(Named)
    oso.register_class(Page, fields={"creator": Org})

    oso.load_str('allow(n: Named, "read", p: Page) if p.creator = n;')
