"""Columns that databases keep in ways of their own: JSON, times with a zone, identifiers."""

from __future__ import annotations

import datetime
import functools
import importlib
import typing as t
import uuid
import zoneinfo
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.hybrid import hybrid_property

import flask_oso.sqlalchemy
from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import PolarRuntimeError, UnsupportedError
from flask_oso.sqlalchemy import register_models

DATABASES = ["sqlite", "postgresql", "mariadb"]
NOON = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
#: In Berlin the clock shows 2:30 twice in this night, here and an hour later.
REPEATED = datetime.datetime(2024, 10, 27, 0, 30, tzinfo=datetime.UTC)
IDENTIFIER = uuid.UUID(int=1)


class Identifier(sa.types.TypeDecorator[uuid.UUID]):
    """A UUID as text, as many programs write one."""

    impl = sa.CHAR(32)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give the digits."""
        return None if value is None else uuid.UUID(str(value)).hex

    def process_result_value(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give the UUID."""
        return None if value is None else uuid.UUID(value)


class DashedIdentifier(Identifier):
    """A UUID as another text."""

    impl = sa.CHAR(36)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give the digits with dashes."""
        return None if value is None else str(uuid.UUID(str(value)))


class HalfIdentifier(Identifier):
    """Loses the second half."""

    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give some digits."""
        return None if value is None else f"{uuid.UUID(str(value)).hex[:16]:0<32}"


class SecretIdentifier(Identifier):
    """Is another text each time."""

    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give the digits, and others."""
        return None if value is None else f"{uuid.UUID(str(value)).hex}{uuid.uuid4().hex}"

    def process_result_value(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give the UUID."""
        return None if value is None else uuid.UUID(value[:32])


class ShownIdentifier(Identifier):
    """Gives texts back."""

    cache_ok = True

    def process_result_value(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give the digits."""
        return value


class LowerCase(sa.types.TypeDecorator[str]):
    """Stores another text than it is given."""

    impl = sa.String(50)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give small letters."""
        return None if value is None else value.lower()

    def process_result_value(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give what is stored."""
        return value


class LettersAlone(sa.types.TypeDecorator[str]):
    """Changes texts, and gives other values back as they are, also a UUID."""

    impl = sa.String(50)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give small letters."""
        return value.lower() if isinstance(value, str) else value

    def process_result_value(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give capital letters."""
        return value.upper() if isinstance(value, str) else value


class Noted(sa.types.TypeDecorator[t.Any]):
    """Changes nothing, as a type that notes what is read."""

    impl: t.Any = sa.String(50)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give the value."""
        return value

    def process_result_value(self, value: t.Any, dialect: t.Any) -> t.Any:
        """Give the value."""
        return value


class NotedIdentifier(Noted):
    """The same of identifiers."""

    impl = sa.Uuid()
    cache_ok = True


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Item(Base):
    """Has a column of each kind."""

    __tablename__ = "kind_items"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    data: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    more: orm.Mapped[t.Any] = orm.mapped_column(
        sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
    )
    at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(sa.DateTime(timezone=True))
    until: orm.Mapped[datetime.datetime | None] = orm.mapped_column(sa.DateTime(timezone=True))
    naive: orm.Mapped[datetime.datetime | None] = orm.mapped_column(sa.DateTime)
    day: orm.Mapped[datetime.date | None]
    key: orm.Mapped[uuid.UUID | None] = orm.mapped_column(Identifier)
    other: orm.Mapped[uuid.UUID | None] = orm.mapped_column(Identifier)
    dashed: orm.Mapped[uuid.UUID | None] = orm.mapped_column(DashedIdentifier)
    half: orm.Mapped[uuid.UUID | None] = orm.mapped_column(HalfIdentifier)
    secret: orm.Mapped[uuid.UUID | None] = orm.mapped_column(SecretIdentifier)
    shown: orm.Mapped[str | None] = orm.mapped_column(ShownIdentifier)
    lower: orm.Mapped[str | None] = orm.mapped_column(LowerCase)
    letters: orm.Mapped[str | None] = orm.mapped_column(LettersAlone)
    noted: orm.Mapped[str | None] = orm.mapped_column(Noted)
    noted_key: orm.Mapped[uuid.UUID | None] = orm.mapped_column(NotedIdentifier)
    blob: orm.Mapped[bytes | None] = orm.mapped_column(sa.LargeBinary)
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("kind_items.id"))
    parent: orm.Mapped[Item | None] = orm.relationship(remote_side=[id])

    @hybrid_property
    def number(self) -> int:
        """The number by another name."""
        return self.id

    @hybrid_property
    def next_number(self) -> int:
        """Calculates, in Python and in SQL."""
        return self.id + 1

    @hybrid_property
    def shown_number(self) -> str:
        """Does not work in SQL."""
        return "one" if self.id == 1 else "another"


class Asker:
    """Asks, and has a time and a key."""

    def __init__(self, time: t.Any = None, key: t.Any = None) -> None:
        self.time = time
        self.key = key


DATA: list[t.Any] = [sa.null(), None, {}, [], "null", " null", {"a": None}, [None], 0, False, ""]


def items() -> Iterator[Item]:
    """Give rows with and without each value."""
    for data in DATA:
        yield Item(data=data, more=None if isinstance(data, sa.sql.elements.Null) else data)
    for start in (None, -HOUR, 0 * HOUR, HOUR):
        for end in (None, 0 * HOUR, HOUR):
            at, until = (None if each is None else NOON + each for each in (start, end))
            naive = None if at is None else at.replace(tzinfo=None)
            day = None if at is None else at.date()
            yield Item(more={}, at=at, until=until, naive=naive, day=day, blob=b"")
    yield Item(more={}, at=REPEATED, until=REPEATED + HOUR, blob=b"a")
    yield Item(more={}, at=REPEATED + HOUR, until=REPEATED)
    for key in (None, IDENTIFIER, uuid.UUID(int=2)):
        yield Item(more={}, key=key, other=IDENTIFIER, dashed=key, noted_key=key)


@pytest.fixture(params=DATABASES)
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open each database, with the rows."""
    engine = request.getfixturevalue(request.param)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        rows = list(items())
        session.add_all(rows)
        session.flush()
        for row in rows[1:]:
            row.parent_id = rows[(row.id * 7) % len(rows)].id if row.id % 5 else None
        session.commit()
        yield session
    Base.metadata.drop_all(engine)


@functools.cache
def make_oso(body: str) -> Oso:
    """Load a rule about items; all databases are asked by the same Oso."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Asker)
    oso.register_constant(NOON.replace(tzinfo=None), "CLOCK")
    oso.register_constant(IDENTIFIER, "KEY")
    oso.load_str(f"allow(_a, _, i: Item) if {body};")
    return oso


def is_allowed(oso: Oso, actor: object, row: object) -> bool:
    """Ask for one row; an error is no allow."""
    try:
        return oso.is_allowed(actor, "read", row)
    except (OsoError, TypeError):
        return False


def assert_agreement(session: orm.Session, body: str, actor: object = None) -> None:
    """Check that the list has the rows of the checks."""
    oso = make_oso(body)

    found = set(session.scalars(oso.authorized_query(actor, "read", Item)))

    rows = session.scalars(sa.select(Item))
    assert found == {row for row in rows if is_allowed(oso, actor, row)}


@pytest.mark.parametrize(
    "body",
    [
        "i.data = nil",
        "i.data == nil",
        "i.data != nil",
        "not i.data = nil",
        "i.more = nil",
        "not i.more = nil",
        "i.data in [nil]",
        "i.parent.data = nil",
        "not i.parent.data = nil",
        "i.data = _a.time",
        "i.blob = nil",
        "i.blob != nil",
        "i.at = nil",
        "not i.at = nil",
        "i.at = i.until",
        "i.at != i.until",
        "not i.at = i.until",
        "i.at < i.until",
        "not i.at <= i.until",
        "i.at < i.parent.until",
        "i.key = KEY",
        "not i.key = KEY",
        "i.key in [KEY, nil]",
        "i.key = i.other",
        "i.key != i.other",
        "i.parent.key = i.other",
        'i.key = "00000000000000000000000000000001"',
        "i.dashed = KEY",
        "i.noted_key != KEY",
        "i.number = 1",
        "i.number < i.parent.number",
    ],
)
def test_kinds_agree(session: orm.Session, body: str) -> None:
    """Nil, times and identifiers are in a list what they are in a check, on each database."""
    assert_agreement(session, body, Asker())


TIMES = ["i.at < _a.time", "i.at >= _a.time", "not i.at > _a.time", "_a.time <= i.at"]


@pytest.mark.parametrize("body", [*TIMES, "i.at = nil or i.at <= _a.time"])
@pytest.mark.parametrize(
    "time",
    [
        NOON,
        NOON.astimezone(datetime.timezone(5 * HOUR)),
        NOON.astimezone(zoneinfo.ZoneInfo("UTC")),
        REPEATED,
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_times_with_a_zone(
    postgresql: sa.Engine, zone: str, time: datetime.datetime, body: str
) -> None:
    """PostgreSQL keeps zones, whichever is that of the session."""
    Base.metadata.create_all(postgresql)
    with postgresql.connect() as connection, orm.Session(connection) as session:
        session.execute(sa.text(f"SET LOCAL TIME ZONE '{zone}'"))
        session.add_all(items())
        session.flush()
        session.expire_all()

        assert_agreement(session, body, Asker(time))
        assert_agreement(session, "i.at < i.until")
        assert_agreement(session, "i.at = i.until or i.at > i.until")
    Base.metadata.drop_all(postgresql)


class Clock:
    """Tells a time that tests set."""

    def __init__(self) -> None:
        self.time: t.Any = NOON

    def now(self) -> t.Any:
        """Give the time."""
        return self.time


#: A time, one of another zone, and what is no such time.
MOMENTS = [
    NOON,
    NOON + HOUR,
    NOON.astimezone(datetime.timezone(5 * HOUR)),
    (NOON - HOUR).astimezone(BERLIN),
    REPEATED,
    None,
    5,
    NOON - HOUR,
]


@pytest.mark.parametrize(
    "body",
    [
        "i.at < CLOCK.now()",
        "not i.at < CLOCK.now()",
        "i.at = nil or i.at >= CLOCK.now()",
        "i.at < _a.until",
        "not i.until <= _a.at",
        "_a.at < CLOCK.now() and i.at >= _a.at",
        "not (_a.at < CLOCK.now()) and i.at != nil",
        "i.at <= CLOCK.now() and CLOCK.now() < i.until and i.at < _a.until",
    ],
)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_lists_of_many_moments(request: pytest.FixtureRequest, database: str, body: str) -> None:
    """One list after another, for other actors and times, is what the checks say at that time."""
    oso, clock = Oso(), Clock()
    register_models(oso, Base)
    oso.register_constant(clock, "CLOCK")
    oso.load_str(f"allow(_a: Item, _, i: Item) if {body};")
    engine = request.getfixturevalue(database)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all(items())
        session.commit()
        rows = session.scalars(sa.select(Item)).all()
        actors = [rows[0], *(row for row in rows if row.at is not None)][::3]

        for moment in [*MOMENTS, *MOMENTS[::-1]]:
            clock.time = moment
            if database == "sqlite" and isinstance(moment, datetime.datetime):
                clock.time = moment.replace(tzinfo=None)
            for actor in actors:
                checked = {row for row in rows if is_allowed(oso, actor, row)}
                try:
                    found = set(session.scalars(oso.authorized_query(actor, "read", Item)))
                except (OsoError, TypeError):
                    # Each check raises, or the time has a zone whose offset changes.
                    assert not checked or moment in (None, 5) or moment.tzinfo is BERLIN
                    continue
                assert found == checked
    Base.metadata.drop_all(engine)


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
@pytest.mark.parametrize("body", TIMES)
def test_times_without_their_zone(request: pytest.FixtureRequest, database: str, body: str) -> None:
    """Other databases keep no zone: a time without one is compared, and others are refused."""
    engine = request.getfixturevalue(database)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all(items())
        session.flush()
        assert_agreement(session, body, Asker(NOON.replace(tzinfo=None)))
        query = make_oso(body).authorized_query(Asker(NOON), "read", Item)

        with pytest.raises(sa.exc.CompileError, match=r"keeps no time zone of kind_items\.at"):
            session.scalars(query)
    Base.metadata.drop_all(engine)


def test_time_without_a_zone_on_postgresql() -> None:
    """A time without a zone is never compared with one that has it."""
    query = make_oso("i.at < CLOCK").authorized_query(None, "read", Item)

    with pytest.raises(sa.exc.CompileError, match="Compare with a time of UTC"):
        query.compile(dialect=postgresql.dialect())


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ("i.at = _a.time", "whether a time with a zone equals another one depends on the zone"),
        ("i.at != _a.time", "whether a time with a zone equals another one depends on the zone"),
        ("i.at < i.naive", "have no order that each database knows"),
        ("i.at = i.naive", "hold values of different kinds"),
        ("i.key = i.dashed", "hold values of different kinds"),
        ("i.key < KEY", "cannot be compared"),
        ("i.half = KEY", "HalfIdentifier converts its values in Python"),
        ("i.half = nil", "HalfIdentifier converts its values in Python"),
        ("i.secret = KEY", "SecretIdentifier converts its values in Python"),
        ("i.shown = nil", "ShownIdentifier converts its values in Python"),
        ('i.lower = "a"', "LowerCase converts its values in Python"),
        ('i.letters = "A"', "LettersAlone converts its values in Python"),
        ('i.letters != "A"', "LettersAlone converts its values in Python"),
        ('i.noted != "A"', "Noted converts its values in Python"),
        ("i.data = {}", "the type JSON has no comparison that databases share"),
        ("i.data.a = nil", "only a text and a boolean are compared"),
        ('i.shown_number = "one"', "'shown_number' calculates more than a comparison or a sum"),
    ],
)
def test_kinds_that_are_refused(body: str, fact: str) -> None:
    """What no database says is refused with the reason."""
    with pytest.raises(UnsupportedError) as caught:
        make_oso(body).authorized_query(Asker(NOON), "read", Item)

    assert fact in str(caught.value)


def test_time_of_a_zone_with_summer() -> None:
    """A time whose offset changes is refused: Python compares two of one zone by their clocks."""
    oso, actor = make_oso("i.at < _a.time"), Asker(NOON.astimezone(BERLIN))

    with pytest.raises(UnsupportedError, match="a zone whose offset changes has an order of its"):
        oso.authorized_query(actor, "read", Item)


@pytest.mark.parametrize("body", ["i.naive < _a.time", "i.naive = _a.time", "i.day <= _a.time"])
def test_times_that_stand_still(session: orm.Session, body: str) -> None:
    """The classes of freezegun compare as those of Python that they stand for."""
    freezegun = pytest.importorskip("freezegun")
    with freezegun.freeze_time("2024-05-01 12:00:00"):
        now = datetime.datetime.now(None) if "naive" in body else datetime.date.today()

        assert_agreement(session, body, Asker(now))


def test_version_of_sqlalchemy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that is too old is named, with what to install."""
    monkeypatch.setattr(sa, "__version__", "1.4.54")

    with pytest.raises(ImportError, match=r"SQLAlchemy 1\.4\.54 is installed, and 'flask_oso"):
        importlib.reload(flask_oso.sqlalchemy)


def test_times_of_which_one_has_a_zone(sqlite: sa.Engine) -> None:
    """What is asked of the actor alone is an error in a list as in a check, each time."""
    oso, clock = Oso(), Clock()
    register_models(oso, Base)
    oso.register_constant(clock, "CLOCK")
    oso.load_str("allow(a: Item, _, i: Item) if a.at < CLOCK.now() and i.at <= a.at;")
    actor, row = (Item(id=number, at=NOON.replace(tzinfo=None), more={}) for number in (1, 2))

    for moment in (NOON.replace(tzinfo=None) + HOUR, NOON, NOON):
        clock.time = moment
        if moment.tzinfo is None:
            assert oso.is_allowed(actor, "read", row)
            assert oso.authorized_query(actor, "read", Item) is not None
            continue
        with pytest.raises(PolarRuntimeError, match="Lt"):
            oso.is_allowed(actor, "read", row)
        with pytest.raises(PolarRuntimeError, match="Lt"):
            oso.authorized_query(actor, "read", Item)
