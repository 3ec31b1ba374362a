"""Rows by their primary key: exactly the one that was asked for, and never an error."""

from __future__ import annotations

import datetime
import typing as t
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import OsoError
from flask_oso.sqlalchemy.identities import find_row, make_row_finder
from tests.support.databases import open_named

KEY = uuid.UUID("65f307f2-c141-41c9-8048-c0d22de56fea")


class Base(orm.DeclarativeBase):
    """What is mapped here."""


class Number(Base):
    __tablename__ = "number"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Small(Base):
    __tablename__ = "small"
    id: orm.Mapped[int] = orm.mapped_column(sa.SmallInteger, primary_key=True)


class Large(Base):
    __tablename__ = "large"
    id: orm.Mapped[int] = orm.mapped_column(sa.BigInteger, primary_key=True)


class Word(Base):
    __tablename__ = "word"
    id: orm.Mapped[str] = orm.mapped_column(sa.String(20), primary_key=True)


class Unique(Base):
    __tablename__ = "unique_row"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)


class Day(Base):
    __tablename__ = "day"
    id: orm.Mapped[datetime.date] = orm.mapped_column(primary_key=True)


class Hexadecimal(sa.TypeDecorator[uuid.UUID]):
    """A type that takes UUIDs as text as well, and fails for other text."""

    impl = sa.CHAR(36)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> str | None:
        return None if value is None else str(uuid.UUID(str(value)))

    def process_result_value(self, value: t.Any, dialect: t.Any) -> uuid.UUID | None:
        return None if value is None else uuid.UUID(value)


class Decorated(Base):
    __tablename__ = "decorated"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(Hexadecimal, primary_key=True)


_FAILURES = {
    "lookup": KeyError,
    "position": IndexError,
    "overflow": OverflowError,
    "value": ValueError,
    "fault": RuntimeError,
}


class Code(sa.TypeDecorator[int]):
    """A type that keeps numbers as text, and fails for some texts as its program does."""

    impl = sa.String(20)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> str:
        if value in _FAILURES:
            raise _FAILURES[value]("no such value")
        return str(int(value))

    def process_result_value(self, value: t.Any, dialect: t.Any) -> int:
        return int(value)


class Coded(Base):
    __tablename__ = "coded"
    id: orm.Mapped[int] = orm.mapped_column(Code, primary_key=True)


class Plain(Base):
    __tablename__ = "plain"
    id: orm.Mapped[str] = orm.mapped_column(sa.Uuid(as_uuid=False), primary_key=True)


class Color(Base):
    __tablename__ = "color"
    id: orm.Mapped[str] = orm.mapped_column(sa.Enum("red", "sky.blue", name="c"), primary_key=True)


class Pair(Base):
    __tablename__ = "pair"
    left: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    right: orm.Mapped[str] = orm.mapped_column(sa.String(9), primary_key=True)


class Animal(Base):
    __tablename__ = "animal"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(9))
    __mapper_args__ = {
        "polymorphic_on": "kind",
        "polymorphic_identity": "animal",
    }


class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """Give each database with one row of each class, and 1 in place of many."""
    with open_named(request, request.param, Base.metadata) as engine:
        add_rows(engine)
        yield engine
    # psycopg prepares what it executes often, and the type of the colors is a new one each time.
    engine.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[orm.Session]:
    """Open a session that has loaded nothing."""
    with orm.Session(engine) as session:
        yield session


def add_rows(engine: sa.Engine) -> None:
    """Add one row of each class."""
    with orm.Session(engine) as session:
        day = datetime.date(2026, 11, 25)
        session.add_all([Number(id=1), Small(id=1), Large(id=1), Word(id="ab"), Unique(id=KEY)])
        session.add_all([Day(id=day), Decorated(id=KEY), Coded(id=1), Pair(left=1, right="a")])
        session.add_all([Animal(id=1), Dog(id=2), Plain(id=str(KEY)), Color(id="sky.blue")])
        session.commit()


#: What finds a row in a session by class and identity.
Finder = t.Callable[[orm.Session, type, t.Any], t.Any]


def find_prepared(session: orm.Session, cls: type, identity: t.Any) -> t.Any:
    """Find a row with what is known of its class beforehand."""
    return make_row_finder(cls)(session, identity)


@pytest.fixture(params=[find_row, find_prepared], ids=["at once", "prepared"])
def find(request: pytest.FixtureRequest) -> Finder:
    """Give what finds a row, in either way."""
    return t.cast(Finder, request.param)


@pytest.mark.parametrize(
    ("cls", "identity"),
    [
        (Number, 1),
        (Number, "1"),
        (Small, "1"),
        (Large, "1"),
        (Word, "ab"),
        (Unique, KEY),
        (Unique, str(KEY)),
        (Unique, str(KEY).upper()),
        (Plain, str(KEY)),
        (Plain, str(KEY).upper()),
        (Color, "sky.blue"),
        (Day, datetime.date(2026, 11, 25)),
        (Decorated, KEY),
        (Pair, (1, "a")),
        (Pair, ("1", "a")),
        (Animal, 2),
        (Dog, 2),
    ],
)
def test_row_is_found(find: Finder, session: orm.Session, cls: type, identity: t.Any) -> None:
    """By a value of the column's type, or by the text that we would write."""
    assert isinstance(find(session, cls, identity), cls)


@pytest.mark.parametrize(
    ("cls", "identity"),
    [
        (Number, 2),
        *((Number, text) for text in ("", " 1", "1 ", "01", "+1", "-1", "1e0", "1.0", "0x1", "१")),
        *((Number, text) for text in ("True", "\0", "1\0", "\ud800", "9" * 5000, str(2**63))),
        *((Number, value) for value in (True, 1.0, None, b"1", [1], {"id": 1}, (True,), object())),
        *((Number, value) for value in (2**31, 2**63, 2**64, 2**2000, -(2**63) - 1)),
        *((Small, value) for value in (2**15, "32768", 2**64)),
        *((Large, value) for value in (2**63 - 1, 2**63)),
        *(
            (Word, text)
            for text in ("", "AB", "ab ", " ab", "a%", "ab\0", "\0", "\ud800", "x" * 999)
        ),
        *((Word, value) for value in (1, True, None, b"ab", ["ab"])),
        *((Unique, text) for text in ("", KEY.hex, f"{{{KEY}}}", f" {KEY}", "1", "\0", "\ud800")),
        *((Unique, value) for value in (1, None, KEY.bytes, uuid.UUID(int=1))),
        *((Plain, value) for value in ("", "x", KEY.hex, KEY, 1, "\0", "\ud800", f"{KEY}\n")),
        *((Color, value) for value in ("", "red", "blue", "sky-blue", "sky.blue\n", "\ud800", 1)),
        *((Day, value) for value in (1, None, datetime.datetime(2026, 11, 25))),
        *((Decorated, value) for value in ("", "x", str(KEY), KEY.hex, 1, None, [1], {"x": 1})),
        *(
            (Pair, value)
            for value in ((1, "b"), (True, "a"), (1, None), (1, 1), (list[str](), "a"))
        ),
        (Dog, 1),
    ],
)
def test_row_is_not_found(find: Finder, session: orm.Session, cls: type, identity: t.Any) -> None:
    """What is no key of a row finds none, whatever the database would make of it."""
    session.get(Number, 1)

    assert find(session, cls, identity) is None
    assert session.scalar(sa.select(1)) == 1


def test_row_that_only_compares_equal_is_not_found(sqlite: sa.Engine) -> None:
    """A column without case gives another row than was asked for, and that is noticed."""
    metadata = sa.MetaData()
    table = sa.Table(
        "tag", metadata, sa.Column("id", sa.String(collation="NOCASE"), primary_key=True)
    )
    registry = orm.registry()
    tag = type("Tag", (), {})
    registry.map_imperatively(tag, table)
    metadata.create_all(sqlite)
    with orm.Session(sqlite) as session:
        session.execute(table.insert().values(id="ab"))

        found = [find_row(session, tag, text) is not None for text in ("ab", "AB")]

    registry.dispose()
    assert found == [True, False]


@pytest.mark.parametrize(
    ("cls", "identity", "message"),
    [
        (str, 1, "'str' is not mapped by SQLAlchemy. Register a function that finds it"),
        (Pair, 1, "primary key of 'Pair' has 2 columns, and 1 values were given"),
        (Number, (1, 2), "primary key of 'Number' has 1 columns, and 2 values were given"),
        (Day, "2026-11-25", "of 'Day' is of type 'Date', and a string was given"),
    ],
)
def test_mistakes_are_named(session: orm.Session, cls: type, identity: t.Any, message: str) -> None:
    """What can never find a row is a mistake of the program."""
    with pytest.raises(OsoError, match=message) as caught:
        find_row(session, cls, identity)

    assert str(caught.value).endswith(f"'@oso.loader({cls.__name__})'.")


def test_asynchronous_session_is_refused(sqlite: sa.Engine) -> None:
    """Nothing here waits for it."""
    asynchronous: t.Any = pytest.importorskip("sqlalchemy.ext.asyncio", exc_type=ImportError)

    class Session(asynchronous.AsyncSession):
        def get_bind(self, *args: t.Any, **options: t.Any) -> t.Any:
            return sqlite

    with pytest.raises(OsoError, match="The session is asynchronous"):
        find_row(Session(), Number, 1)


def test_error_of_the_database_is_an_error(sqlite: sa.Engine) -> None:
    """A table that is missing is not a row that is missing."""
    with orm.Session(sqlite) as session, pytest.raises(sa.exc.OperationalError):
        find_row(session, Number, 1)


@pytest.mark.parametrize("text", ["lookup", "position", "overflow", "value"])
def test_value_that_a_type_does_not_take_finds_no_row(session: orm.Session, text: str) -> None:
    """A client cannot make the code of a type fail: its table may not have the value."""
    assert find_row(session, Coded, text) is None


def test_broken_type_is_no_missing_row(session: orm.Session) -> None:
    """Any other exception is a fault of the program, and is raised."""
    with pytest.raises(sa.exc.StatementError, match="no such value"):
        find_row(session, Coded, "fault")


def test_row_with_an_equal_key_of_another_type_is_another(session: orm.Session) -> None:
    """Keys of a type of the program may equal what was asked for without being it."""
    assert isinstance(find_row(session, Coded, 1), Coded)
    assert find_row(session, Coded, True) is None
