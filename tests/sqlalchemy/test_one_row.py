"""One row is one thing: an object is its class and key, in checks as in lists."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask_login import UserMixin  # type: ignore[import-untyped]
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.models.links import link_table


class Base(orm.DeclarativeBase):
    """Of the models here."""


readers = link_table(Base, "readers", user_id="users.id", doc_id="docs.id")


class User(Base):
    """Owns and reads documents."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    docs: orm.Mapped[list[Doc]] = orm.relationship(back_populates="owner")
    __mapper_args__ = {
        "polymorphic_on": "kind",
        "polymorphic_identity": "user",
    }


class Boss(User):
    """A user, in the same table."""

    __mapper_args__ = {"polymorphic_identity": "boss"}


class Doc(Base):
    """Is listed."""

    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User | None] = orm.relationship(back_populates="docs")
    readers: orm.Mapped[list[User]] = orm.relationship(secondary=readers)


class Page(Base):
    """Has the keys of documents, and is none."""

    __tablename__ = "pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Tag(orm.MappedAsDataclass, Base):
    """Has the equality that dataclasses are given."""

    __tablename__ = "tags"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


class Note(Base):
    """Says itself what it equals."""

    __tablename__ = "notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Note) and self.title == other.title

    def __hash__(self) -> int:
        return hash(self.title)


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    """Fill a database."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        users = [User(id=1), User(id=2), Boss(id=3)]
        session.add_all([*users, Page(id=1), Tag(1, "a"), Note(id=1, title="a")])
        session.add_all(
            [
                Doc(id=1, owner=users[0], readers=users[1:]),
                Doc(id=2, owner=users[1], readers=users[:1]),
                Doc(id=3, owner=users[2], readers=users),
                Doc(id=4),
            ]
        )
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[orm.Session]:
    """Open the session that lists are read in."""
    with orm.Session(engine) as session:
        yield session


def other_object(engine: sa.Engine, cls: type, key: int) -> t.Any:
    """Give the object that another session has of a row."""
    with orm.Session(engine, expire_on_commit=False) as session:
        row: t.Any = session.get_one(cls, key)
        for name in ("docs", "owner", "readers"):
            getattr(row, name, None)
        session.expunge_all()
        return row


def make_oso(policy: str, *, compiled: bool = True, **constants: t.Any) -> Oso:
    """Make an Oso for the models."""
    oso = Oso(compiled=compiled)
    register_models(oso, Base)
    for name, value in constants.items():
        oso.register_constant(value, name)
    oso.load_str(policy)
    return oso


BODIES = [
    "u = d.owner",
    "d.owner = u",
    "d.owner == u",
    "d.owner != u",
    "not d.owner = u",
    "not u == d.owner",
    "u in d.readers",
    "not u in d.readers",
    "d.owner in [u]",
    "d in u.docs",
    "not d in u.docs",
    "x = u and x = d.owner",
    "[u, 1] = [d.owner, 1]",
    "forall(r in d.readers, r = u)",
    "forall(r in d.readers, r != u)",
    "same(u, d.owner)",
    "d matches Doc{owner: u}",
]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("body", BODIES)
def test_objects_of_two_sessions(
    engine: sa.Engine, session: orm.Session, body: str, number: int, compiled: bool
) -> None:
    """An actor from elsewhere is the actor: compiled rules, the solver and lists agree."""
    policy = f'allow(u: User, "read", d: Doc) if {body};\nsame(x, x);'
    oso = make_oso(policy, compiled=compiled)
    here, elsewhere = session.get_one(User, number), other_object(engine, User, number)
    docs = session.scalars(sa.select(Doc).order_by(Doc.id)).all()

    allowed = [doc.id for doc in docs if oso.is_allowed(elsewhere, "read", doc)]

    assert allowed == [doc.id for doc in docs if oso.is_allowed(here, "read", doc)]
    assert allowed == sorted(
        doc.id for doc in session.scalars(oso.authorized_query(elsewhere, "read", Doc))
    )


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    "policy",
    [
        'allow(u: User, "read", d: Doc) if d.owner = u;',
        'allow(u, "read", _: Doc{owner: u});',
        'allow(u, "read", d: Doc) if u = first and d.owner = first;',
        'allow(first, "read", d: Doc) if d.owner = first;',
    ],
)
def test_heads_and_constants(
    engine: sa.Engine, session: orm.Session, policy: str, compiled: bool
) -> None:
    """A row that is a constant or a parameter is compared by key."""
    oso = make_oso(policy, compiled=compiled, first=other_object(engine, User, 1))
    elsewhere = other_object(engine, User, 1)

    answers = [
        oso.is_allowed(elsewhere, "read", session.get_one(Doc, 1)),
        oso.is_allowed(elsewhere, "read", session.get_one(Doc, 2)),
        oso.is_allowed(session.get_one(User, 2), "read", session.get_one(Doc, 1)),
    ]

    assert answers == [True, False, False]


def is_same(left: t.Any, right: t.Any, *, compiled: bool = True) -> bool:
    """Ask whether two objects are one."""
    oso = make_oso('allow(a, "be", b) if a = b and not a != b and a == b;', compiled=compiled)
    return oso.is_allowed(left, "be", right)


@pytest.mark.parametrize("compiled", [True, False])
def test_objects_without_a_key(compiled: bool) -> None:
    """An object that was never stored is itself, and no other."""
    user = User(id=1)

    assert is_same(user, user, compiled=compiled)
    assert not is_same(user, User(id=1), compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False])
def test_stored_and_new_object(engine: sa.Engine, compiled: bool) -> None:
    """A new object with the key of a row is not the row."""
    assert not is_same(User(id=1), other_object(engine, User, 1), compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False])
def test_keys_of_two_classes(engine: sa.Engine, compiled: bool) -> None:
    """Rows of two tables are two things, though their keys are equal."""
    doc, page = other_object(engine, Doc, 1), other_object(engine, Page, 1)

    assert not is_same(doc, page, compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False])
def test_key_that_is_changed(engine: sa.Engine, compiled: bool) -> None:
    """A row is the one that was read until the change is stored."""
    doc, other = other_object(engine, Doc, 1), other_object(engine, Doc, 1)
    other.id = 2

    assert is_same(doc, other, compiled=compiled)
    assert not is_same(other_object(engine, Doc, 2), other, compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False])
def test_equality_of_a_dataclass_is_that_of_the_row(engine: sa.Engine, compiled: bool) -> None:
    """The equality that dataclasses are given is none of their own: a stale row is the row."""
    tag, stale = other_object(engine, Tag, 1), other_object(engine, Tag, 1)
    stale.name = "b"

    assert is_same(tag, stale, compiled=compiled)
    assert not is_same(Tag(1, "a"), tag, compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False])
def test_equality_of_its_own(engine: sa.Engine, compiled: bool) -> None:
    """A class with an ``__eq__`` is asked."""
    note = other_object(engine, Note, 1)

    assert is_same(note, Note(title="a"), compiled=compiled)
    assert not is_same(note, Note(id=1, title="b"), compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False])
def test_without_registered_models(engine: sa.Engine, compiled: bool) -> None:
    """Where no models are registered, Python says what is equal."""
    oso = Oso(compiled=compiled)
    oso.load_str('allow(a, "be", b) if a = b;')

    assert not oso.is_allowed(other_object(engine, Doc, 1), "be", other_object(engine, Doc, 1))


class Login(UserMixin, Base):
    """Equals, as Flask-Login has it, whoever has its id."""

    __tablename__ = "logins"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Ticket(Base):
    """Is of a login."""

    __tablename__ = "tickets"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    login_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("logins.id"))
    login: orm.Mapped[Login | None] = orm.relationship()


@pytest.mark.parametrize("body", ["k.login = u", "k.login != u", "not k.login = u"])
def test_new_object_that_equals_a_row(session: orm.Session, body: str) -> None:
    """What was never stored, and equals a row all the same, is refused in a list."""
    oso = make_oso(f'allow(u: Login, "read", k: Ticket) if {body};')
    stored, row = Login(id=1), Ticket(login=Login(id=1))
    orm.make_transient_to_detached(stored)

    assert oso.is_allowed(Login(id=1), "read", row) is (body == "k.login = u")
    assert oso.authorized_query(stored, "read", Ticket) is not None
    with pytest.raises(UnsupportedError, match="'Login' has an equality of its own"):
        oso.authorized_query(Login(id=1), "read", Ticket)


@dataclasses.dataclass
class Pair:
    """Has a row in a field, and the equality that dataclasses are given."""

    row: t.Any
    name: str = "a"


class Asked:
    """Has such an object."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair


@pytest.mark.parametrize("cls", [Page, Tag, Note])
@pytest.mark.parametrize(
    "condition", ["u.pair = d.pair", "not u.pair = d.pair", "u.pair != d.pair"]
)
def test_rows_in_fields_are_compared_as_python_does(
    condition: str, cls: type, engine: sa.Engine
) -> None:
    """What a dataclass compares is no question of Polar: another object is another row."""
    policy = f'allow(u: Asked, "read", d: Asked) if {condition};'
    compiled, solver = Oso(), Oso(compiled=False)
    for oso in (compiled, solver):
        register_models(oso, Base)
        oso.register_class(Asked)
        oso.load_str(policy)
    one, other = (other_object(engine, cls, 1) for _ in range(2))

    for left, right in [(one, one), (one, other), (one, None)]:
        question = Asked(Pair(left)), "read", Asked(Pair(right))
        expected = solver.is_allowed(*question)
        assert [compiled.is_allowed(*question) for _ in range(3)] == [expected] * 3
