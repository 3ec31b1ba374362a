"""Lists against checks, on SQLite and on PostgreSQL."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models
from tests.support.answers import may_read
from tests.support.databases import open_database, open_session
from tests.support.sizes import combinations_of

#: Takes letters of both cases for one, where there is such a collation.
ANY_CASE = sa.String().with_variant(sa.String(collation="NOCASE"), "sqlite")


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
    __mapper_args__ = {
        "polymorphic_on": "type",
        "polymorphic_identity": "post",
    }
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str]
    title: orm.Mapped[str | None]
    code: orm.Mapped[str | None] = orm.mapped_column(ANY_CASE)
    number: orm.Mapped[int | None]
    flag: orm.Mapped[bool | None]
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    owner: orm.Mapped[User | None] = orm.relationship()
    readings: orm.Mapped[list[Reading]] = orm.relationship(back_populates="post")


class Secret(Post):
    """A kind of post."""

    __mapper_args__ = {"polymorphic_identity": "secret"}


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


class Reading(Base):
    """What was measured for a post; it may be no number."""

    __tablename__ = "readings"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    post_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("posts.id"))
    value: orm.Mapped[float] = orm.mapped_column(sa.Double)
    other: orm.Mapped[float | None] = orm.mapped_column(sa.Double)
    post: orm.Mapped[Post] = orm.relationship(back_populates="readings")


VALUES: list[t.Any] = [None, "", "a", "A", "a%", "_", "%", "a ", "'; --", "1", " 1", "1e0", "true"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """Open an empty database of each kind."""
    if request.param == "sqlite":
        with open_database(Base.metadata) as engine:
            yield engine
        return
    engine = request.getfixturevalue("postgresql")
    Base.metadata.create_all(engine)
    yield engine
    Base.metadata.drop_all(engine)


@pytest.fixture(scope="module")
def session(engine: sa.Engine) -> Iterator[orm.Session]:
    """Fill the database with rows that are easily confused."""
    with orm.Session(engine) as session:
        session.add_all([User(id=1), User(id=2), Org(id=1)])
        session.flush()
        session.add_all([Seat(row=1, place=1), Seat(row=1, place=2), Seat(row=2, place=1)])
        for number, value in enumerate(VALUES, 1):
            cls = Secret if number % 2 else Post
            flag = [None, True, False][number % 3]
            owner = [None, 1, 2][number % 3]
            post = cls(id=number, title=value, code=value, number=number % 4 or None, flag=flag)
            post.owner_id = owner
            session.add(post)
        session.flush()
        session.add(Equal(id=1, post_id=1))
        session.commit()
        yield session


def make_oso(policy: str, *classes: type) -> Oso:
    """Make an Oso with a policy about these tables."""
    oso = Oso()
    register_models(oso, Base)
    for cls in classes:
        oso.register_class(cls)
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

    assert set(found) == {row for row in rows if may_read(oso, actor, row)}
    return list(found)


def test_subclass_specializers_count(session: orm.Session) -> None:
    """A rule for a subclass allows no row of the base class."""
    rows = assert_same_rows(session, "allow(_, _, _: Secret);", None)

    assert rows and all(type(row) is Secret for row in rows)


def test_identity_has_a_type(session: orm.Session) -> None:
    """Neither an organization nor a number is the user with the same id."""
    policy = "allow(actor, _, post: Post) if post.owner = actor;"

    assert assert_same_rows(session, policy, session.get(Org, 1)) == []
    assert assert_same_rows(session, policy, 1) == []
    assert assert_same_rows(session, policy, session.get(User, 1)) != []


def test_identity_that_is_negated_has_a_type(session: orm.Session) -> None:
    """That an organization is not the owner holds for each post."""
    rows = assert_same_rows(
        session, "allow(actor, _, post: Post) if not post.owner = actor;", session.get(Org, 1)
    )

    assert len(rows) == len(VALUES)


def test_whole_keys_are_compared(session: orm.Session) -> None:
    """Of a key of two columns, both have to be the same."""
    seat = session.get(Seat, (1, 2))

    assert assert_same_rows(session, "allow(seat, _, seat: Seat);", seat, Seat) == [seat]


def test_a_cut_is_refused(session: orm.Session) -> None:
    """A cut is refused: it would choose among rules for all rows at once."""
    oso = make_oso("allow(_, _, post: Post) if post.flag = true and cut; allow(_, _, _: Post);")

    with pytest.raises(UnsupportedError, match="a cut chooses among rules"):
        oso.authorized_query(None, "read", Post)


@pytest.mark.parametrize("call", ["user.can(post)", "user.can([post])", "user.can({a: post})"])
def test_host_methods_never_see_an_unknown_row(session: orm.Session, call: str) -> None:
    """What a method would say of a row cannot be asked without one."""
    oso = make_oso(f"allow(user: User, _, post: Post) if {call};")

    with pytest.raises(UnsupportedError, match="cannot be asked about rows that are not"):
        oso.authorized_query(session.get(User, 1), "read", Post)


@pytest.mark.each(3)
@pytest.mark.parametrize(
    ("test", "column", "value"),
    combinations_of(
        ["post.{} = value", "not post.{} = value", "post.{} in [value]"],
        ["title", "code", "number", "flag", "owner_id"],
        [*VALUES, 1, 1.0, True, False, 2.5, b"a", ("a",)],
    ),
    ids=repr,
)
def test_nothing_is_converted(session: orm.Session, column: str, test: str, value: t.Any) -> None:
    """Text, numbers and Booleans stay apart; no letter is a wildcard, NULL no answer."""
    policy = f"allow(_, _, post: Post) if {test.format(column)};"

    assert_same_rows(session, policy, None, value=value)


NAN = float("nan")


class Asker:
    """Has a value that came from a client."""

    def __init__(self, value: t.Any) -> None:
        self.value = value


@pytest.mark.each(3)
@pytest.mark.parametrize(
    "value", ["\ud800", "a\0", "\0", 2**70, -(2**70), NAN, float("inf"), 1.5], ids=ascii
)
@pytest.mark.parametrize("column", ["title", "number"])
@pytest.mark.parametrize(
    "test",
    [
        "{} = u.value",
        "not {} = u.value",
        "{} in [u.value]",
        '{} in [u.value, "a"]',
        'not {} in [u.value, "a"]',
    ],
)
def test_odd_values_are_compared(
    session: orm.Session, column: str, test: str, value: t.Any
) -> None:
    """What no column can hold is in no row, and no error that a client could cause."""
    policy = f"allow(u, _, post: Post) if {test.format(f'post.{column}')};"

    assert_same_rows(session, policy, Asker(value))


@pytest.mark.parametrize("value", [2**70, -(2**70), float("nan"), float("inf"), 1.5], ids=ascii)
@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
def test_odd_numbers_are_ordered(session: orm.Session, sign: str, value: t.Any) -> None:
    """Numbers beyond those of a column have a place in the order of numbers, but for NaN."""
    policy = f"allow(u, _, post: Post) if not post.number = nil and post.number {sign} u.value;"

    assert_same_rows(session, policy, Asker(value))


@pytest.mark.parametrize(
    "test", ['"LETTER" in t', 't.startswith("LETTER")', 't.endswith("LETTER")']
)
@pytest.mark.parametrize("letter", ["a", "A", "%", "_", " ", "'"])
def test_letters_are_letters(session: orm.Session, letter: str, test: str) -> None:
    """Parts of a text are compared letter by letter, in the case they have."""
    policy = f"allow(_, _, post: Post) if t = post.code and not t = nil and {test};"

    assert_same_rows(session, policy.replace("LETTER", letter), None)


@pytest.mark.parametrize("test", ["not post.flag = true", "post.flag != true", 'post.title != "a"'])
def test_null_is_a_value(session: orm.Session, test: str) -> None:
    """NULL differs from what is not NULL, so no row is lost."""
    rows = assert_same_rows(session, f"allow(_, _, post: Post) if {test};", None)

    assert any(row.flag is None for row in rows)


def test_own_equality_is_refused(session: orm.Session) -> None:
    """A class that says itself what it equals would have to be asked for each row."""
    oso = make_oso("allow(actor, _, other: Equal) if other = actor;")

    with pytest.raises(UnsupportedError, match="'Equal' has an equality of its own"):
        oso.authorized_query(session.get(Equal, 1), "read", Equal)


def test_actor_with_own_equality_is_refused(session: orm.Session) -> None:
    """An actor that equals everything is asked for nothing."""
    oso = make_oso("allow(actor, _, post: Post) if post.owner = actor;")

    with pytest.raises(UnsupportedError, match="'Anything' has an equality of its own"):
        oso.authorized_query(Anything(), "read", Post)


class Anything:
    """Equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


def test_no_rule_allows_nothing(session: orm.Session) -> None:
    """An action without a rule has no rows."""
    assert assert_same_rows(session, 'allow(_, "edit", _: Post);', None) == []


def test_residual_shows_no_secrets(session: orm.Session) -> None:
    """A residual that is printed shows the class of an object."""
    oso = make_oso("allow(actor, _, post: Post) if post.owner = actor;")

    shown = str(oso.residual(session.get(User, 1), "read", Post))

    assert shown == "exists(post.owner: post.owner = <User object>)"


@pytest.fixture
def readings(session: orm.Session) -> Iterator[orm.Session]:
    """Add what was measured; SQLite makes NULL of NaN, and takes none where it must not be."""
    values = (
        [0.5, 1.0, 2.0] if session.get_bind().dialect.name == "sqlite" else [0.5, NAN, 2.0, NAN]
    )
    session.add_all(
        Reading(post_id=1 + n % 3, value=value, other=[None, 1.0, NAN][n % 3])
        for n, value in enumerate(values)
    )
    session.flush()
    session.expire_all()
    yield session
    session.rollback()


@pytest.mark.each(3)
@pytest.mark.parametrize(
    "quantifier",
    [
        "forall(r in post.readings, {})",
        "forall(r in post.readings, not {})",
        "r in post.readings and {}",
        "r in post.readings and not {}",
    ],
)
@pytest.mark.parametrize(
    "test",
    [
        "r.value < 1",
        "1 < r.value",
        "r.value >= 1.0",
        "r.value = 1.0",
        "r.value = r.value",
        "r.value <= r.value",
        "(r.other = nil or r.other < 2)",
        "(r.other = nil or 2 >= r.other)",
        "r.other = r.value",
        "r.other = r.other",
        "r.other != 1.0",
    ],
)
def test_nan_is_no_number(readings: orm.Session, quantifier: str, test: str) -> None:
    """NaN equals nothing and has no place in the order, negated or not."""
    policy = f"allow(_, _, post: Post) if {quantifier.format(test)};"

    assert_same_rows(readings, policy, None)


@pytest.mark.parametrize(
    "test", ['endswith("ab")', 'startswith("ab")', 'endswith("b")', 'startswith("abc")']
)
@pytest.mark.parametrize("negation", ["", "not "])
def test_nothing_ends_a_text(test: str, negation: str) -> None:
    """What stands behind a NUL counts, where a database keeps it."""
    with open_session(Base.metadata) as session:
        texts = ["ab", "ab\0", "ab\0xab", "x\0ab", "\0", "abc", "É\0ab", "abÉ"]
        session.add_all(Post(title=text) for text in texts)
        session.flush()

        assert_same_rows(session, f"allow(_, _, post: Post) if {negation}post.title.{test};", None)


@pytest.mark.parametrize("test", ["post.title.endswith(u.value)", "u.value in post.title"])
def test_nul_is_refused_in_parts_of_texts(session: orm.Session, test: str) -> None:
    """SQLite would look no further than a NUL."""
    oso = make_oso(f"allow(u, _, post: Post) if {test};")

    with pytest.raises(UnsupportedError, match="databases end a text at NUL"):
        oso.authorized_query(Asker("\0"), "read", Post)


ATTACKS = [
    "' OR '1'='1",
    "1; DROP TABLE posts",
    "%' OR 1=1 --",
    ":param_1",
    "%(title)s",
    "\\' OR 1=1 --",
    "{0}",
    "$1",
    "?",
    'a" OR ""="',
]


@pytest.mark.each(3)
@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize(
    "test",
    [
        "post.title = u.value",
        "not post.title = u.value",
        "post.title in [u.value, nil]",
        "post.title.startswith(u.value)",
        "post.title > u.value and not post.title = nil",
    ],
)
def test_nothing_is_injected(session: orm.Session, test: str, text: str) -> None:
    """What a client sends is bound, and never part of the statement."""
    policy = f"allow(u, _, post: Post) if {test};"
    query = make_oso(policy).authorized_query(Asker(text), "read", Post)

    assert f"'{text}'" not in str(query)
    assert_same_rows(session, policy, Asker(text))


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("test", ['post.title = "TEXT"', 'post.title.endswith("TEXT")'])
def test_nothing_in_a_policy_is_injected(session: orm.Session, test: str, text: str) -> None:
    """What stands in a policy is bound, and never part of the statement."""
    written = text.replace("\\", "\\\\").replace('"', '\\"')

    assert_same_rows(session, f"allow(_, _, post: Post) if {test.replace('TEXT', written)};", None)


@pytest.mark.parametrize(
    "body",
    [
        "post.title.swapcase() = 1",
        "post.number / 2 = 1",
        "post.number mod 2.5 = 1",
        "post.number - 1.5 = 1",
        "post.title + post.title = 1",
        "post.owner > 1",
        "post.title < 1",
        "n = _u.value and post.title.(n) = 1",
        "n = post.title and post.(n) = 1",
        "n = post.title and _u.(n) = 1",
        "post.title matches {a: 1}",
        "x in post.title and x = post.code",
        "a = new Asker(post) and a.value = 1",
        "[post.title, 1] < [_u.value, 1]",
    ],
)
def test_what_sql_cannot_say_is_refused(session: orm.Session, body: str) -> None:
    """Refused before there is a statement, with the place in the policy and the remedy."""
    oso = make_oso(f"allow(_u, _, post: Post) if post.id = 1 and {body};", Asker)

    with pytest.raises(UnsupportedError) as caught:
        oso.authorized_query(Asker("value"), "read", Post)

    first, *_, remedy = str(caught.value).splitlines()
    assert first.startswith("Not supported for a list of rows: `")
    assert " at line 1, column " in first
    assert remedy.endswith(".")
