"""JSON in lists: the entries of objects, as a check reads them from dictionaries."""

from __future__ import annotations

import contextlib
import functools
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mssql, mysql, postgresql
from sqlalchemy.ext.mutable import Mutable, MutableDict

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import UnsupportedError
from flask_oso.sqlalchemy import register_models


class Base(orm.DeclarativeBase):
    """The base of these models."""


class Item(Base):
    """Has JSON of both kinds that PostgreSQL knows."""

    __tablename__ = "document_items"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    data: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    binary: orm.Mapped[t.Any] = orm.mapped_column(
        sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
    )
    title: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("document_items.id"))
    parent: orm.Mapped[Item | None] = orm.relationship(remote_side=[id])


class Reader:
    """Has a word, and preferences."""

    def __init__(self, word: str | None, preferences: t.Any = None) -> None:
        self.word = word
        self.preferences = preferences


DATA: list[t.Any] = [
    {"kind": "x"}, {"kind": "y", "open": True}, {"kind": "X", "open": False}, {"kind": "x "},
    {"kind": 1}, {"kind": 1.5}, {"kind": True}, {"kind": False}, {"kind": None}, {"kind": ""},
    {"kind": []}, {"kind": ["x"]}, {"kind": [1, None]}, {"kind": [[1, None], True]}, [1.0, "kind"],
    [None], {"kind": {}}, {"kind": {"kind": "x"}}, {"kind": {"kind": True}},
    {"kind": "é"}, {"kind": "\U0001f600"}, {"kind": 'a"b\\c\nd\u0001/'}, {"kind": "true"},
    {"Kind": "x"}, {"kind.kind": "x"}, {"other": {"kind": "x"}}, {}, [], ["kind"], [{"kind": "x"}],
    None, sa.null(), "kind", "x", "", 0, 1, True, False,
]  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"], scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open each database, with JSON of each kind."""
    name = request.param
    engine = sa.create_engine("sqlite://") if name == "sqlite" else request.getfixturevalue(name)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        for number, data in enumerate(DATA, 1):
            above = number - 1 if number % 2 == 0 else None
            session.add(Item(id=number, data=data, binary=data, parent_id=above, title="x"))
            session.flush()
        session.commit()
        yield session
    Base.metadata.drop_all(engine)


@functools.cache
def make_oso(body: str) -> Oso:
    """Load a rule about items; all databases are asked by the same Oso."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Reader)
    oso.load_str(f'allow(_r: Reader, "read", i: Item) if {body};')
    return oso


def is_allowed(oso: Oso, reader: Reader, item: Item) -> bool:
    """Ask for one row; an error is no allow."""
    with contextlib.suppress(OsoError):
        return oso.is_allowed(reader, "read", item)
    return False


BODIES = [
    'i.data.kind = "x"',
    'i.data.kind == "x"',
    'i.data.kind != "x"',
    'i.data.kind = ""',
    'i.data.kind = "true"',
    'i.data.kind in ["x", "y", true]',
    "i.data.kind = _r.word",
    "i.data.kind = _r.preferences.kind",
    "i.data.kind",
    "i.data.kind = true",
    "i.data.kind = false",
    'i.data.kind.kind = "x"',
    "i.data.kind.kind",
    'i.data matches {kind: "x"}',
    "i.data matches {kind: true}",
    'i.data matches {kind: {kind: "x"}}',
    'i.data matches Dictionary{kind: "x"}',
    "i.data matches Dictionary",
    "i.data matches {}",
    'i.data != nil and i.data.kind = "x"',
    "i.data = nil or i.data.open",
    'i.parent.data.kind = "x"',
    'i.parent != nil and i.parent.data matches {kind: "x"}',
    'i.data.kind = "x" or i.data.open',
    'i.data.Kind = "x"',
    'i.data.missing = "x"',
]


@pytest.mark.each(3)
@pytest.mark.parametrize("sign", ["", "not "])
@pytest.mark.parametrize("column", ["data", "binary"])
@pytest.mark.parametrize("body", BODIES)
def test_list_has_the_rows_of_checks(
    session: orm.Session, body: str, column: str, sign: str
) -> None:
    """A list has the rows that checks allow, whatever JSON there is."""
    oso = make_oso(f"{sign}({body.replace('.data', f'.{column}')})")
    reader = Reader("y", {"kind": "x"})

    found = set(session.scalars(oso.authorized_query(reader, "read", Item)))

    allowed = {i for i in session.scalars(sa.select(Item)) if is_allowed(oso, reader, i)}
    assert found <= allowed
    # `==` counts what is neither a text nor nil as an error.
    assert found == allowed or "=" not in body.replace(" = ", "")


@pytest.mark.parametrize("body", ["d.data.kind = a.title", "not d.binary.kind = a.title"])
def test_entry_and_a_text_of_the_actor(session: orm.Session, body: str) -> None:
    """An entry is compared with the text that each actor has, after those of others."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(f'allow(a: Item, "read", d: Item) if {body};')
    items = session.scalars(sa.select(Item).order_by(Item.id)).all()
    actors: list[t.Any] = [Item(title=text) for text in ["x", "y", "true", "", "X"] * 2]

    found = [
        sorted(each.id for each in session.scalars(oso.authorized_query(actor, "read", Item)))
        for actor in actors
    ]

    assert found == [
        [each.id for each in items if is_allowed(oso, actor, each)] for actor in actors
    ]
    assert len(set(map(tuple, found))) > 3


@pytest.mark.each(3)
@pytest.mark.parametrize("column", ["data", "binary"])
@pytest.mark.parametrize(
    "body",
    [
        "_r.word in i.data",
        "not _r.word in i.data",
        '"x" in i.data.kind',
        'not "x" in i.data.kind',
        '"kind" in i.parent.data',
        "word in i.data and word in [_r.word, 1, nil]",
        'i.data matches {kind: kinds} and "" in kinds',
        "1 in i.data.kind",
        "not 1 in i.data",
        "nil in i.data.kind",
        "not nil in i.data",
        "_r.preferences.id in i.data.kind",
    ],
)
def test_value_in_a_list(session: orm.Session, body: str, column: str) -> None:
    """A value is looked for in lists, and among the characters of texts."""
    oso, items = make_oso(body.replace(".data", f".{column}")), session.scalars(sa.select(Item))
    words = ["kind", "k", "", "é", None]
    readers = [Reader(each, {"id": n, "kind": None}) for n, each in enumerate(words)]
    queries = [oso.authorized_query(each, "read", Item) for each in readers]

    if session.get_bind().dialect.name == "mariadb":
        with pytest.raises(sa.exc.CompileError, match="looks into the lists within a list"):
            session.scalars(queries[0])
        return
    found = [set(session.scalars(query)) for query in queries]
    rows = items.all()
    assert found == [{i for i in rows if is_allowed(oso, each, i)} for each in readers]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["nul", "half"])
def test_text_that_databases_read_otherwise(text: str) -> None:
    """A list of JSON may have a text with NUL, which no database finds as Python does."""
    oso = make_oso("not _r.word in i.data")
    oso.authorized_query(Reader("x"), "read", Item)

    with pytest.raises(UnsupportedError, match="NUL and half letters in JSON"):
        oso.authorized_query(Reader(text), "read", Item)


@pytest.mark.parametrize("text", ["é", "\U0001f600", 'a"b\\c\nd\u0001/'])
def test_text_equals_an_entry_with_the_same_letters(session: orm.Session, text: str) -> None:
    """A text equals an entry with the same letters; MariaDB is asked for those of ASCII only."""
    query = make_oso("i.data.kind = _r.word").authorized_query(Reader(text), "read", Item)

    if session.get_bind().dialect.name == "mariadb" and not text.isascii():
        with pytest.raises(sa.exc.CompileError, match="Compare a text of ASCII"):
            session.scalars(query)
    else:
        assert [item.data["kind"] for item in session.scalars(query)] == [text]


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ("i.data.kind = 1", "only a text and a boolean are compared"),
        ("i.data.kind = nil", "only a text and a boolean are compared"),
        ("i.data.kind > 1", "only a text and a boolean are compared"),
        ("i.data.kind == true", "a boolean of JSON equals numbers, too"),
        ("i.data.kind = i.title", "only a text and a boolean are compared"),
        ("i.data.kind = i.binary.kind", "only a text and a boolean are compared"),
        ("1.5 in i.data.kind", "only a text, an integer and nil can be looked for in JSON"),
        ("true in i.data", "only a text, an integer and nil can be looked for in JSON"),
        ("i.title in i.data.kind", "a column cannot be compared with this"),
        ('i.data.kind.startswith("x")', "the method 'startswith' needs a row"),
        ("i.data = {}", "the type JSON has no comparison that databases share"),
        ("i.data matches {kind: nil}", "only a text and a boolean are compared"),
    ],
)
def test_what_is_refused(body: str, fact: str) -> None:
    """What each database compares in a way of its own is refused, with the reason."""
    with pytest.raises(UnsupportedError, match=fact):
        make_oso(body).authorized_query(Reader("x"), "read", Item)


def test_what_a_database_is_asked() -> None:
    """A statement has the kind of an entry, too: the text "true" is not true."""
    query = make_oso('i.data.kind = "x"').authorized_query(Reader("x"), "read", Item)

    assert "json_typeof(document_items.data #> '{kind}') = 'string'" in str(query)
    assert "JSON_TYPE(JSON_EXTRACT(document_items.data, '$.kind'))" in str(
        query.compile(dialect=mysql.dialect())
    )
    with pytest.raises(sa.exc.CompileError, match="What 'mssql' has in"):
        query.compile(dialect=mssql.dialect())


def test_two_keys_in_one_cache(session: orm.Session) -> None:
    """Statements that differ in a key, or in a kind, are not taken for one another."""
    for body, count in (("i.data.kind", 1), ("i.data.open", 1), ("i.data.open = false", 1)):
        query = make_oso(body).authorized_query(Reader("x"), "read", Item)
        assert len(list(session.scalars(query))) == count
    query = make_oso("i.data.open and i.data.kind = false").authorized_query(
        Reader("x"), "read", Item
    )
    assert not list(session.scalars(query))


class Settings(Mutable, dict[str, t.Any]):
    """A dictionary of a program that SQLAlchemy watches."""

    @classmethod
    def coerce(cls, key: str, value: t.Any) -> t.Any:
        """Make one of a dictionary."""
        return value if isinstance(value, cls) else cls(value)


class WatchedBase(orm.DeclarativeBase):
    """The base of a model with watched columns."""


class WatchedItem(WatchedBase):
    """Has JSON whose changes SQLAlchemy hears of."""

    __tablename__ = "watched_items"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    data: orm.Mapped[t.Any] = orm.mapped_column(MutableDict.as_mutable(sa.JSON))
    own: orm.Mapped[t.Any] = orm.mapped_column(Settings.as_mutable(sa.JSON()), nullable=True)


class WatchedPart(WatchedItem):
    """Has the columns of its parent."""


def watched_oso(body: str) -> Oso:
    """Load a rule about items that are watched."""
    oso = Oso()
    register_models(oso, WatchedBase)
    oso.load_str(f'allow(_, "read", i: WatchedItem) if {body};')
    return oso


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        ("i.data.open", "rows hold a 'MutableDict'"),
        ("i.data.open = true", "rows hold a 'MutableDict'"),
        ("i.data matches {open: true}", "cannot be told without a row"),
        ("not i.own.open = true", "rows hold a 'Settings'"),
    ],
)
def test_entries_of_watched_dictionaries(body: str, fact: str) -> None:
    """A dictionary that SQLAlchemy watches is an object to a check, so a list does not read it."""
    oso = watched_oso(body)
    item = WatchedItem(id=1, data={"open": True}, own={"open": True})

    with contextlib.suppress(OsoError):
        assert not oso.is_allowed("ana", "read", item)
    with pytest.raises(UnsupportedError, match=fact):
        oso.authorized_query("ana", "read", WatchedItem)
    with pytest.raises(UnsupportedError, match=fact):
        oso.authorized_query("ana", "read", WatchedPart)


def test_a_watched_dictionary_that_is_nil() -> None:
    """Whether a watched dictionary is nil is known."""
    query = watched_oso("i.own = nil").authorized_query("ana", "read", WatchedItem)

    assert "watched_items.own IS NULL" in str(query)
