"""Lists against checks: SEC-1, 2, 3, 9 and 11, and the cases J of the threat model."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class User(Base):
    """Asks, and answers for itself."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    def can(self, resource: t.Any) -> bool:
        """Say yes to everything."""
        return True


class Org(Base):
    """Has ids, as users do."""

    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Post(Base):
    """What is listed."""

    __tablename__ = "posts"
    __mapper_args__: t.ClassVar[dict[str, t.Any]] = {
        "polymorphic_on": "type",
        "polymorphic_identity": "post",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str]
    title: orm.Mapped[str | None]
    code: orm.Mapped[str | None] = orm.mapped_column(sa.String(collation="NOCASE"))
    number: orm.Mapped[int | None]
    flag: orm.Mapped[bool | None]
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User | None] = orm.relationship()


class Secret(Post):
    """A kind of post."""

    __mapper_args__: t.ClassVar[dict[str, t.Any]] = {"polymorphic_identity": "secret"}


class Seat(Base):
    """Has a key of two columns."""

    __tablename__ = "seats"
    row: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    place: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Equal(Base):
    """Says itself what it equals."""

    __tablename__ = "equals"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    post_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("posts.id"))

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


VALUES: list[t.Any] = [None, "", "a", "A", "a%", "_", "%", "a ", "'; --", "1", " 1", "1e0", "true"]


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """Open a database with rows that are easily confused."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([User(id=1), User(id=2), Org(id=1), Equal(id=1, post_id=1)])
        session.add_all([Seat(row=1, place=1), Seat(row=1, place=2), Seat(row=2, place=1)])
        for number, value in enumerate(VALUES, 1):
            cls = Secret if number % 2 else Post
            flag = [None, True, False][number % 3]
            owner = [None, 1, 2][number % 3]
            post = cls(id=number, title=value, code=value, number=number % 4 or None, flag=flag)
            post.owner_id = owner
            session.add(post)
        session.commit()
        yield session
    engine.dispose()


def make_oso(policy: str) -> Oso:
    """Make an Oso with a policy about these tables."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(policy)
    return oso


def assert_same_rows(
    session: orm.Session, policy: str, actor: t.Any, cls: type = Post, **constants: t.Any
) -> list[t.Any]:
    """Check that list and check agree; give the rows."""
    oso = Oso()
    register_models(oso, Base)
    for name, value in constants.items():
        oso.register_constant(value, name)
    oso.load_str(policy)
    rows: t.Any = session.scalars(sa.select(cls)).all()

    found = session.scalars(oso.authorized_query(actor, "read", cls)).all()

    assert set(found) == {row for row in rows if oso.is_allowed(actor, "read", row)}
    return list(found)


def test_subclass_specializers_count(session: orm.Session) -> None:
    """SEC-1: a rule for a subclass allows no row of the base class."""
    rows = assert_same_rows(session, "allow(_, _, _: Secret);", None)

    assert rows and all(type(row) is Secret for row in rows)


def test_identity_has_a_type(session: orm.Session) -> None:
    """SEC-2: neither an organization nor a number is the user with the same id."""
    policy = "allow(actor, _, post: Post) if post.owner = actor;"

    assert assert_same_rows(session, policy, session.get(Org, 1)) == []
    assert assert_same_rows(session, policy, 1) == []
    assert assert_same_rows(session, policy, session.get(User, 1)) != []


def test_identity_that_is_negated_has_a_type(session: orm.Session) -> None:
    """SEC-2: that an organization is not the owner holds for each post."""
    rows = assert_same_rows(
        session, "allow(actor, _, post: Post) if not post.owner = actor;", session.get(Org, 1)
    )

    assert len(rows) == len(VALUES)


def test_whole_keys_are_compared(session: orm.Session) -> None:
    """SEC-3: of a key of two columns, both have to be the same."""
    seat = session.get(Seat, (1, 2))

    assert assert_same_rows(session, "allow(seat, _, seat: Seat);", seat, Seat) == [seat]


def test_a_cut_is_refused(session: orm.Session) -> None:
    """SEC-9: a cut would choose among rules for all rows at once."""
    oso = make_oso("allow(_, _, post: Post) if post.flag = true and cut; allow(_, _, _: Post);")

    with pytest.raises(UnsupportedError, match="a cut chooses among rules"):
        oso.authorized_query(None, "read", Post)


@pytest.mark.parametrize("call", ["user.can(post)", "user.can([post])", "user.can({a: post})"])
def test_host_methods_never_see_an_unknown_row(session: orm.Session, call: str) -> None:
    """SEC-11: what a method would say of a row cannot be asked without one."""
    oso = make_oso(f"allow(user: User, _, post: Post) if {call};")

    with pytest.raises(UnsupportedError, match="cannot be asked about rows that are not"):
        oso.authorized_query(session.get(User, 1), "read", Post)


@pytest.mark.parametrize("value", [*VALUES, 1, 1.0, True, False, 2.5, b"a", ("a",)], ids=repr)
@pytest.mark.parametrize("column", ["title", "code", "number", "flag", "owner_id"])
@pytest.mark.parametrize("test", ["post.{} = value", "not post.{} = value", "post.{} in [value]"])
def test_nothing_is_converted(session: orm.Session, column: str, test: str, value: t.Any) -> None:
    """J01, J02: text, numbers and Booleans stay apart; no letter is a wildcard, NULL no answer."""
    policy = f"allow(_, _, post: Post) if {test.format(column)};"

    assert_same_rows(session, policy, None, value=value)


class Asker:
    """Has a value that came from a client."""

    def __init__(self, value: t.Any) -> None:
        self.value = value


@pytest.mark.parametrize(
    "value", ["\ud800", 2**70, -(2**70), float("nan"), float("inf"), 1.5], ids=ascii
)
@pytest.mark.parametrize("column", ["title", "number"])
@pytest.mark.parametrize("test", ["{} = u.value", "not {} = u.value", "{} in [u.value]"])
def test_odd_values_are_compared(
    session: orm.Session, column: str, test: str, value: t.Any
) -> None:
    """B13: what no column can hold is in no row, and no error that a client could cause."""
    policy = f"allow(u, _, post: Post) if {test.format(f'post.{column}')};"

    assert_same_rows(session, policy, Asker(value))


@pytest.mark.parametrize("value", [2**70, -(2**70), float("nan"), float("inf"), 1.5], ids=ascii)
@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
def test_odd_numbers_are_ordered(session: orm.Session, sign: str, value: t.Any) -> None:
    """Numbers beyond those of a column have a place in the order of numbers, but for NaN."""
    policy = f"allow(u, _, post: Post) if not post.number = nil and post.number {sign} u.value;"

    assert_same_rows(session, policy, Asker(value))


@pytest.mark.parametrize("letter", ["a", "A", "%", "_", " ", "'"])
def test_letters_are_letters(session: orm.Session, letter: str) -> None:
    """J03: parts of a text are compared letter by letter, in the case they have."""
    for test in (f'"{letter}" in t', f't.startswith("{letter}")', f't.endswith("{letter}")'):
        policy = f"allow(_, _, post: Post) if t = post.code and not t = nil and {test};"

        assert_same_rows(session, policy, None)


@pytest.mark.parametrize("test", ["not post.flag = true", "post.flag != true", 'post.title != "a"'])
def test_null_is_a_value(session: orm.Session, test: str) -> None:
    """J08: NULL differs from what is not NULL, so no row is lost."""
    rows = assert_same_rows(session, f"allow(_, _, post: Post) if {test};", None)

    assert any(row.flag is None for row in rows)


def test_own_equality_is_refused(session: orm.Session) -> None:
    """A class that says itself what it equals would have to be asked for each row."""
    oso = make_oso("allow(actor, _, other: Equal) if other = actor;")

    with pytest.raises(UnsupportedError, match="'Equal' says itself what its instances equal"):
        oso.authorized_query(session.get(Equal, 1), "read", Equal)


def test_actor_with_own_equality_is_refused(session: orm.Session) -> None:
    """An actor that equals everything is asked for nothing."""
    oso = make_oso("allow(actor, _, post: Post) if post.owner = actor;")

    with pytest.raises(UnsupportedError, match="'Anything' says itself what its instances equal"):
        oso.authorized_query(Anything(), "read", Post)


class Anything:
    """Equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


def test_no_rule_allows_nothing(session: orm.Session) -> None:
    """J06: an action without a rule has no rows."""
    assert assert_same_rows(session, 'allow(_, "edit", _: Post);', None) == []


def test_residual_shows_no_secrets(session: orm.Session) -> None:
    """K01: a residual that is printed shows the class of an object."""
    oso = make_oso("allow(actor, _, post: Post) if post.owner = actor;")

    shown = str(oso.residual(session.get(User, 1), "read", Post))

    assert shown == "exists(post.owner: post.owner = <User object>)"
