"""Lists of an actor with more values than a database takes as parameters."""

from __future__ import annotations

import datetime
import re
import sqlite3
import types
import typing as t
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.dialects.postgresql import psycopg

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.statements.known_values import in_values
from flask_oso.sqlalchemy.statements.many_values import AmongMany
from tests.support.answers import may_read


class Base(orm.DeclarativeBase):
    """The table of these tests."""


class Doc(Base):
    """Has a value of each kind, or none."""

    __tablename__ = "many_docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    number: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    big: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    small: orm.Mapped[int | None] = orm.mapped_column(sa.SmallInteger)
    text: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
    code: orm.Mapped[uuid.UUID | None]
    day: orm.Mapped[datetime.date | None]
    moment: orm.Mapped[datetime.datetime | None]
    hexadecimal: orm.Mapped[uuid.UUID | None] = orm.mapped_column(
        sa.Uuid().with_variant(sa.Uuid(native_uuid=False), "postgresql")
    )


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"], scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open each database; SQLite takes as many parameters as it does by default."""
    name = request.param
    engine = sa.create_engine("sqlite://") if name == "sqlite" else request.getfixturevalue(name)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        if name == "sqlite":
            driver = t.cast(t.Any, session.connection().connection.driver_connection)
            driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
        session.add_all([Doc(id=1), doc(2, 5), doc(3, 10_000), doc(4, 100_000), doc(5, 0)])
        session.add(Doc(id=6, text="é5", number=-1, big=2**40, small=7))
        session.commit()
        yield session
    Base.metadata.drop_all(engine)
    if name == "sqlite":
        engine.dispose()


def doc(number: int, value: int) -> Doc:
    """Make a row with one value of each kind."""
    return Doc(id=number, **values_of(value))


def values_of(value: int) -> dict[str, t.Any]:
    """Make the values for a number."""
    day = datetime.date(1900, 1, 1) + datetime.timedelta(days=value)
    return {
        "number": value,
        "big": value,
        "text": f"É{value}",
        "code": uuid.UUID(int=value),
        "hexadecimal": uuid.UUID(int=value),
        "day": day,
        "moment": datetime.datetime(day.year, day.month, day.day, 12),
    }


#: How many values are no parameters of their own, or are one more than a database takes.
SIZES = {"sqlite": 32_767, "postgresql": 65_536, "mariadb": 10_001}
FEW = 10_001


def actor(name: str, size: int, first: int = 0) -> types.SimpleNamespace:
    """Make an actor whose list has a value for each number from a first one on."""
    made = [values_of(each)[name] for each in range(first, size)]
    return types.SimpleNamespace(values=made)


def makes_lists(name: str) -> Oso:
    """Make a policy about whether the values of an actor have that of a row."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f"""
        allow(actor, "read", doc: Doc) if doc.{name} in actor.values;
        allow(actor, "edit", doc: Doc) if not doc.{name} in actor.values;
    """)
    return oso


def listed(oso: Oso, session: orm.Session, actor: t.Any, action: str) -> list[int]:
    """Give the keys of the rows of a list."""
    return sorted(row.id for row in session.scalars(oso.authorized_query(actor, action, Doc)))


@pytest.mark.parametrize("name", ["number", "text"])
def test_list_of_more_values_than_parameters(session: orm.Session, name: str) -> None:
    """A list with more values than parameters has the rows of these values, and no other."""
    size = SIZES[session.get_bind().dialect.name]
    oso = makes_lists(name)

    found = [
        listed(oso, session, actor(name, size, first), action)
        for first in (0, 1)
        for action in ("read", "edit")
    ]

    assert found == [[2, 3, 5], [1, 4, 6], [2, 3], [1, 4, 5, 6]]


@pytest.mark.parametrize("name", ["big", "code", "day", "moment", "hexadecimal"])
def test_list_of_many_values(session: orm.Session, name: str) -> None:
    """A list of many values of other types has the rows of these values."""
    assert listed(makes_lists(name), session, actor(name, FEW), "read") == [2, 3, 5]


@pytest.mark.parametrize("name", ["number", "big", "text", "code", "day", "moment", "hexadecimal"])
def test_list_of_many_values_that_are_written_out(session: orm.Session, name: str) -> None:
    """A statement of which the values are written out, as in a log, has the same rows."""
    statement = makes_lists(name).authorized_query(actor(name, 201), "read", Doc)

    text = str(statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))

    rows = session.execute(sa.text(text.replace(":", r"\:"))).scalars()
    assert sorted(rows) == [2, 5]


@pytest.mark.parametrize(
    ("name", "written"),
    [("number", ["sqlite", "postgresql"]), ("code", ["postgresql"]), ("text", [])],
)
@pytest.mark.parametrize("size", [200, 201])
def test_parameters_of_a_list(
    session: orm.Session, name: str, written: list[str], size: int
) -> None:
    """Of more than 200 values none is a parameter of its own, but on MariaDB.

    Integers, and UUIDs on PostgreSQL, are written into the statement. Others are one parameter.
    """
    connection = session.connection()
    database = connection.dialect.name
    statement = makes_lists(name).authorized_query(actor(name, size), "read", Doc)
    texts, parameters = list[str](), list[t.Any]()

    @sa.event.listens_for(connection, "before_cursor_execute")
    def note(_: t.Any, __: t.Any, text: str, values: t.Any, *___: t.Any) -> None:
        texts.append(text)
        parameters.append(values)

    session.execute(statement)
    sa.event.remove(connection, "before_cursor_execute", note)

    is_each = database == "mariadb" or size == 200 or (database == "sqlite" and name == "code")
    assert len(parameters[0]) == (size if is_each else 0 if database in written else 1)
    assert ("199," in texts[0]) is (not is_each and name == "number")


def test_a_kept_statement_has_the_values_of_each_actor(session: orm.Session) -> None:
    """A statement that is made once has the integers of whoever asks."""
    oso = makes_lists("number")
    odd = types.SimpleNamespace(values=[-1, *range(6, 300)])

    found = [listed(oso, session, each, "read") for each in (actor("number", 300), odd)]

    assert found == [[2, 5], [6]]


@pytest.mark.parametrize(("name", "value"), [("small", 7), ("number", -1), ("big", 2**40)])
@pytest.mark.parametrize("size", [2, 300])
def test_a_kept_statement_has_integers_of_any_width(
    session: orm.Session, name: str, value: int, size: int
) -> None:
    """A list of integers that a column cannot hold has the rows of the others, for each actor."""
    oso = makes_lists(name)
    widths = [1, 2**15, 2**31, -(2**15) - 1, -(2**31) - 1, 2**63 - 1, 2**15, 2**31, 6, 2**63]
    actors = [
        types.SimpleNamespace(values=[width, value, *range(10**6, 10**6 + size - 2)])
        for width in widths
    ]

    assert [listed(oso, session, each, "read") for each in actors] == [[6]] * len(actors)


@pytest.mark.parametrize(
    ("type_", "widest", "wanted"),
    [
        (sa.SmallInteger(), 2**15 - 1, "SMALLINT"),
        (sa.SmallInteger(), 2**15, "BIGINT"),
        (sa.Integer(), 2**31 - 1, "INTEGER"),
        (sa.Integer(), -(2**31), "INTEGER"),
        (sa.Integer(), 2**31, "BIGINT"),
        (sa.BigInteger(), 2**15, "BIGINT"),
        (sa.BigInteger().with_variant(sa.Integer(), "postgresql"), 2**31, "BIGINT"),
    ],
)
@pytest.mark.parametrize("size", [2, 300])
def test_integers_are_of_the_type_of_the_column(
    type_: sa.types.TypeEngine[t.Any], widest: int, wanted: str, size: int
) -> None:
    """Integers that a column can hold are of its type: PostgreSQL hashes no list of wider ones."""
    values = [*range(size - 1), widest]
    statement = in_values(sa.column("number", type_), values)

    text = str(
        statement.compile(dialect=psycopg.dialect(), compile_kwargs={"render_postcompile": True})
    )

    assert ({"SMALLINT", "INTEGER", "BIGINT"} & set(re.findall(r"[A-Z]+", text))) == {wanted}


@pytest.mark.parametrize(
    "values", [["1) OR (1=1"], [1, "1"], [True], [1.5], [None], [uuid.UUID(int=1), 1], [2**63]]
)
@pytest.mark.parametrize("database", [sqlite_dialect, postgresql])
def test_nothing_else_is_written_into_a_statement(database: t.Any, values: list[t.Any]) -> None:
    """A value that is no integer of 64 bits is refused where integers are written."""
    given = sa.bindparam("values", values, sa.Integer, expanding=True)
    among = AmongMany(sa.column("number", sa.Integer).in_(given))

    with pytest.raises(sa.exc.CompileError, match="Could not render"):
        among.compile(dialect=database.dialect(), compile_kwargs={"literal_binds": True})


@pytest.mark.parametrize(
    "type_",
    [
        sa.Uuid(native_uuid=False),
        sa.Uuid(as_uuid=False),
        sa.Uuid().with_variant(sa.Uuid(native_uuid=False), "postgresql"),
    ],
)
def test_uuids_that_are_texts_are_one_parameter(type_: sa.Uuid[t.Any]) -> None:
    """What PostgreSQL compares as a text is not written as a UUID."""
    among = AmongMany(sa.column("code", type_).in_([uuid.UUID(int=1)]))

    assert "POSTCOMPILE" not in str(among.compile(dialect=postgresql.dialect()))


def test_check_of_many_values(session: orm.Session) -> None:
    """A check allows the rows that such a list has."""
    rows = session.scalars(sa.select(Doc).order_by(Doc.id)).all()
    oso = makes_lists("number")

    assert [row.id for row in rows if may_read(oso, actor("number", FEW), row)] == [2, 3, 5]


def test_text_that_is_too_long_for_its_column_among_many_texts(session: orm.Session) -> None:
    """A text that is longer than all of its column equals none of them."""
    texts = types.SimpleNamespace(values=["x" * 21, "y", *map(str, range(FEW))])
    session.add_all([Doc(id=7, text="x" * 20), Doc(id=8, text="y")])
    session.flush()

    found = listed(makes_lists("text"), session, texts, "read")

    session.rollback()
    assert found == [8]


def test_text_with_nul_among_many_texts(sqlite: sa.Engine) -> None:
    """A text with NUL among many equals no other one: JSON would end it there."""
    Base.metadata.create_all(sqlite)
    oso = makes_lists("text")

    with orm.Session(sqlite) as session:
        session.add_all([Doc(id=1, text="ann"), Doc(id=2, text="ann\0b")])
        session.flush()
        texts = types.SimpleNamespace(values=["ann\0b", *map(str, range(FEW))])

        assert listed(oso, session, texts, "read") == [2]
