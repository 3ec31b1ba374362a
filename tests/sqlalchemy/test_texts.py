"""Beginnings and ends of texts: empty ones, NULL, letters of several bytes, on each database."""

from __future__ import annotations

import functools
import itertools
import sys
import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.sqlalchemy import register_models
from tests.support.databases import open_named, open_session
from tests.support.sizes import combinations_of

DATABASES = ["sqlite", "postgresql", "mariadb"]
TEXTS = [None, "", "b", "B", "ab", "ba", "é", "aé", "a b", "b ", "\U0001d4b3b"]
#: Texts whose letters Python changes in ways of its own: the sign of kelvin, ligatures, sigma.
LETTERS = [
    None, "", "k", "K", "\u212a", "\u00df", "SS", "ss", "\u017f", "\u0130", "i\u0307", "i", "I",
    "\u0131", "\ufb01", "FI", "\u00e4", "\u00c4", "a\u0308", "A\u0308", "\u0391\u03a3",
    "\U00010400", "\U00010428", "a%", "A_", "k ", " K", "Kk\u212a", "\\", "\u01c5", "\u0149",
]  # fmt: skip


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Book(Base):
    """Has pages."""

    __tablename__ = "text_books"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    pages: orm.Mapped[list[Page]] = orm.relationship()


class Page(Base):
    """Has a text, or none, and a name that is never NULL."""

    __tablename__ = "text_pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    name: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    book_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("text_books.id"))


def add_books(session: orm.Session) -> None:
    """Add a book for each text, and one with all of them."""
    session.add_all(Book(pages=[Page(text=text, name=text or "")]) for text in TEXTS)
    session.add_all([Book(pages=[Page(text=text, name=text or "") for text in TEXTS]), Book()])


def add_letters(session: orm.Session) -> None:
    """Add a page for each pair of a text and a name."""
    book = Book()
    session.add(book)
    session.flush()
    pairs: list[tuple[str | None, str]] = [(text, "") for text in LETTERS]
    pairs += itertools.product([None, "", "ab", "k", "\u00e9K"], ["k", "K", "ab", "\u00e9", "b"])
    session.add_all(Page(text=text, name=name, book_id=book.id) for text, name in pairs)


def each_database_with(add: Callable[[orm.Session], None]) -> pytest.MarkDecorator:
    """Run a test on each database, with some rows; the tests with the same rows share them."""
    contents = [(database, add) for database in DATABASES]
    return pytest.mark.parametrize("session", contents, ids=DATABASES, indirect=True)


with_books, with_letters = each_database_with(add_books), each_database_with(add_letters)


@pytest.fixture(scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """Open a database with the rows of a test; nobody changes them."""
    database, add = request.param
    with open_named(request, database, Base.metadata) as engine, orm.Session(engine) as session:
        add(session)
        session.commit()
        yield session
        session.close()


@functools.cache
def make_oso(policy: str) -> Oso:
    """Load a policy; all databases are asked by the same Oso."""
    oso = Oso()
    register_models(oso, Base)
    oso.register_class(Reader)
    oso.load_str(policy)
    return oso


def is_allowed(oso: Oso, row: object, actor: object = None) -> bool:
    """Ask for one row; an error is no allow, be it of the policy or of a method of a text."""
    try:
        return oso.is_allowed(actor, "read", row)
    except (OsoError, TypeError):
        return False


@with_books
@pytest.mark.parametrize("part", ["b", "ab", "é", "B", " ", "b ", ""])
@pytest.mark.parametrize("method", ["startswith", "endswith"])
@pytest.mark.parametrize(
    "rule",
    [
        "allow(_, _, p: Page) if p.text.{call};",
        "allow(_, _, p: Page) if not p.text.{call};",
        "allow(_, _, p: Page) if p.text = nil or p.text.{call};",
        "allow(_, _, p: Page) if not (p.text != nil and p.text.{call});",
        "allow(_, _, p: Page) if p.text = nil or not p.text.{call};",
        "allow(_, _, p: Page) if p.name.{call};",
        "allow(_, _, p: Page) if not p.name.{call};",
    ],
)
def test_ends_of_texts(session: orm.Session, rule: str, method: str, part: str) -> None:
    """A text that is empty has an end as every other, and NULL has none."""
    oso = make_oso(rule.format(call=f'{method}("{part}")'))

    found = set(session.scalars(oso.authorized_query(None, "read", Page)))

    assert found == {page for page in session.scalars(sa.select(Page)) if is_allowed(oso, page)}


@with_books
@pytest.mark.parametrize("part", ["b", "é", ""])
@pytest.mark.parametrize("method", ["startswith", "endswith"])
@pytest.mark.parametrize(
    "rule",
    [
        "allow(_, _, b: Book) if forall(p in b.pages, p.text = nil or p.text.{call});",
        "allow(_, _, b: Book) if forall(p in b.pages, p.text = nil or not p.text.{call});",
        "allow(_, _, b: Book) if not (p in b.pages and p.text != nil and p.text.{call});",
        "allow(_, _, b: Book) if p in b.pages and p.text != nil and not p.text.{call};",
        "allow(_, _, b: Book) if forall(p in b.pages, p.name.{call});",
        "allow(_, _, b: Book) if forall(p in b.pages, not p.name.{call});",
    ],
)
def test_ends_of_related_texts(session: orm.Session, rule: str, method: str, part: str) -> None:
    """Under `forall` and `not` an empty text has an end as every other."""
    oso = make_oso(rule.format(call=f'{method}("{part}")'))

    found = set(session.scalars(oso.authorized_query(None, "read", Book)))

    assert found == {book for book in session.scalars(sa.select(Book)) if is_allowed(oso, book)}


def assert_agreement(session: orm.Session, policy: str, actor: object = None) -> None:
    """Check that the list has the rows of the checks."""
    oso = make_oso(policy)

    found = set(session.scalars(oso.authorized_query(actor, "read", Page)))

    pages = session.scalars(sa.select(Page))
    assert found == {page for page in pages if is_allowed(oso, page, actor)}


class Reader:
    """Asks, and has a name."""

    def __init__(self, name: str | None) -> None:
        self.name = name


RULES = [
    "allow(_, _, p: Page) if {};",
    "allow(_, _, p: Page) if not (p.text != nil and {});",
]


@pytest.mark.each(5)
@with_letters
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("wanted", "test", "method"),
    combinations_of(
        ["k", "K", "ss", "SS", "i\u0307", "FI", "\u00e4", "a%", ""],
        [
            *("= {}", "!= {}", ".startswith({})", ".endswith({})", ".__contains__({})"),
            *(".find({}) >= 0", ".find({}) = 0", "in [{}, nil]"),
        ],
        ["lower", "upper", "casefold"],
    ),
)
def test_letters_of_both_cases(
    session: orm.Session, rule: str, method: str, test: str, wanted: str
) -> None:
    """Letters change as in Python, whatever the database makes of them."""
    tested = test.format(f'"{wanted}"')

    assert_agreement(session, rule.format(f"p.text.{method}(){_spaced(tested)}"))


def _spaced(test: str) -> str:
    return test if test.startswith(".") else f" {test}"


@with_letters
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "test",
    [
        "p.text.startswith(p.name)",
        "p.text.endswith(p.name)",
        "p.text.__contains__(p.name)",
        "p.name.startswith(p.text)",
        "p.name.endswith(p.text)",
        "p.name.__contains__(p.text)",
        '"kab".startswith(p.text)',
        '"abK".endswith(p.text)',
        '"kab".startswith(p.name.lower())',
        '"a" in p.text.lower()',
        '"ab" in p.text.lower()',
    ],
)
def test_parts_of_texts(session: orm.Session, rule: str, test: str) -> None:
    """A column is a part of another column, or of a text that is known."""
    assert_agreement(session, rule.format(test))


@with_letters
@pytest.mark.parametrize("name", ["K", "\u212a", "AB", None])
@pytest.mark.parametrize(
    "test",
    [
        "p.text.lower() = r.name.lower()",
        "r.name.casefold() = p.text.casefold()",
        "p.text.upper() in [r.name.upper()]",
        "p.text.lower().startswith(r.name.lower())",
        "r.name.lower().startswith(p.text.lower())",
        "r.name.startswith(p.name)",
        "not p.text.upper() = r.name.upper()",
        "p.text.upper() = r.name",
        "p.text.__contains__(r.name)",
        "not p.text.lower().__contains__(r.name)",
    ],
)
def test_letters_of_the_actor(session: orm.Session, test: str, name: str | None) -> None:
    """What the actor has is changed in Python, and each actor has a list of their own."""
    policy = f"allow(r: Reader, _, p: Page) if {test};"

    for each in (Reader(name), Reader("k")):
        assert_agreement_of(session, policy, each)


def assert_agreement_of(session: orm.Session, policy: str, reader: Reader) -> None:
    """Check the list of a reader; one without a name has none where a check raises."""
    try:
        assert_agreement(session, policy, reader)
    except OsoError:
        assert reader.name is None


@pytest.mark.full
@pytest.mark.parametrize("method", ["lower", "upper", "casefold"])
def test_methods_of_letters(method: str) -> None:
    """Python changes each character alone, and what it made once it leaves as it is.

    The capital sigma is the only exception. A list takes both for granted.
    """
    made = {each: getattr(each, method)() for each in map(chr, range(sys.maxunicode + 1))}
    changed = [each for each, other in made.items() if each != other]

    assert max(changed) < "\U00020000"
    assert all(getattr(made[each], method)() == made[each] for each in changed)
    assert [
        each for each in changed if getattr(f"a{each}", method)() != made["a"] + made[each]
    ] in (
        [],
        ["\u03a3"],
    )


#: Columns of character sets that hold few letters, and of collations that tell few apart.
CHARACTER_SETS = {
    "latin": "VARCHAR(40) CHARACTER SET latin1",
    "three": "VARCHAR(40) CHARACTER SET utf8mb3",
    "plain": "VARCHAR(40) CHARACTER SET ascii",
    "greek": "CHAR(40) CHARACTER SET greek",
    "wide": "VARCHAR(40) CHARACTER SET utf32",
    "bytes": "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    "loose": "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci",
}


class Sets(orm.DeclarativeBase):
    """The table of one test."""


class Label(Sets):
    """Has the same text in each column."""

    __table__ = sa.Table(
        "text_labels",
        Sets.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String(40), index=True) for name in CHARACTER_SETS),
    )


@pytest.fixture(scope="module")
def labels(mariadb: sa.Engine) -> Iterator[orm.Session]:
    """Open a MariaDB with a table whose columns have character sets."""
    Sets.metadata.create_all(mariadb)
    texts = [None, "", "a", "A", "a ", "ab", "it's", "%"]
    with orm.Session(mariadb) as session:
        for name, kind in CHARACTER_SETS.items():
            session.execute(sa.text(f"ALTER TABLE text_labels MODIFY {name} {kind}"))
        session.add_all(Label(**dict.fromkeys(CHARACTER_SETS, text)) for text in texts)
        session.commit()
        yield session
        session.close()
    Sets.metadata.drop_all(mariadb)


@pytest.mark.parametrize("column", CHARACTER_SETS)
@pytest.mark.parametrize("rule", ["d.{} = u", "not d.{} = u", 'd.{} in [u, "zz"]'])
def test_texts_in_character_sets(labels: orm.Session, column: str, rule: str) -> None:
    """What an index finds of a text is looked at exactly, and no text is an error."""
    oso = Oso()
    register_models(oso, Sets)
    oso.load_str(f'allow(u, "read", d: Label) if {rule.format(column)};')
    rows: list[t.Any] = [*labels.scalars(sa.select(Label))]
    known = ["a", "a ", "A", "", "ab", "\u0416", "\u00e4", "\U0001d4b3", "a\0"]

    found = [labels.scalars(oso.authorized_query(text, "read", Label)).all() for text in known]

    assert [sorted(row.id for row in each) for each in found] == [
        [row.id for row in rows if is_allowed(oso, row, text)] for text in known
    ]


class Keys(orm.DeclarativeBase):
    """The tables of keys in any case."""


class Name(Keys):
    """Has a text for a key, which SQLite compares without its case."""

    __tablename__ = "names"
    key: orm.Mapped[str] = orm.mapped_column(sa.String(collation="NOCASE"), primary_key=True)


class Pair(Keys):
    """Leads to two names."""

    __tablename__ = "pairs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    one_key: orm.Mapped[str] = orm.mapped_column(
        sa.String(collation="NOCASE"), sa.ForeignKey("names.key")
    )
    other_key: orm.Mapped[str] = orm.mapped_column(
        sa.String(collation="NOCASE"), sa.ForeignKey("names.key")
    )
    one: orm.Mapped[Name] = orm.relationship(foreign_keys=[one_key])
    other: orm.Mapped[Name] = orm.relationship(foreign_keys=[other_key])


def test_texts_of_rows_that_keys_in_any_case_lead_to() -> None:
    """SQLite takes no equation of texts for one of the keys that lead to their rows."""
    oso = Oso()
    register_models(oso, Keys)
    oso.load_str('allow(_, "read", p: Pair) if p.one.key = p.other.key;')
    keys = [("a", "a"), ("A", "a"), ("A", "A"), ("A", "b"), ("b", "B")]
    with open_session(Keys.metadata) as session:
        session.add_all([Name(key="a"), Name(key="b")])
        session.add_all(Pair(one_key=one, other_key=other) for one, other in keys)
        session.commit()
        rows = session.scalars(sa.select(Pair).order_by(Pair.id)).all()

        found = session.scalars(oso.authorized_query("ana", "read", Pair).order_by(Pair.id)).all()

        assert found == [each for each in rows if oso.is_allowed("ana", "read", each)]
        assert [each.id for each in found] == [1, 2, 3, 5]
