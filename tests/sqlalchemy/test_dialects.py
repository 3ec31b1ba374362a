"""Each construct has a statement for each database, or is refused when it is compiled."""

from __future__ import annotations

import itertools
import re
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.dialects.mysql import mariadb

from flask_oso import Oso
from flask_oso.sqlalchemy import register_models
from flask_oso.sqlalchemy.statements.dialects import HoldsNan


def named(base: t.Any, name: str) -> t.Any:
    """Make a dialect with a name of its own, as drivers of other databases do."""
    return type(name, (base,), {"name": name, "supports_statement_cache": True})()


def cockroachdb() -> t.Any:
    """Make the dialect of CockroachDB, whose package wants an older SQLAlchemy than others."""
    try:
        return sa.make_url("cockroachdb+psycopg://").get_dialect()()
    except sa.exc.NoSuchModuleError:
        return named(postgresql.dialect, "cockroachdb")


DIALECTS: dict[str, t.Callable[[], t.Any]] = {
    "sqlite": sqlite.dialect,
    "postgresql": postgresql.dialect,
    "mysql": mysql.dialect,
    "mariadb": mariadb.MariaDBDialect,
    "cockroachdb": cockroachdb,
    "mssql": mssql.dialect,
    "oracle": oracle.dialect,
}


class Base(orm.DeclarativeBase):
    """The tables of these tests."""


class Page(Base):
    """Lies below another page, or below none."""

    __tablename__ = "pages"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    public: orm.Mapped[bool]
    title: orm.Mapped[str]
    folded: orm.Mapped[str] = orm.mapped_column(sa.String(collation="NOCASE"))
    size: orm.Mapped[int | None]
    words: orm.Mapped[int | None]
    score: orm.Mapped[float] = orm.mapped_column(sa.Float())
    weight: orm.Mapped[float] = orm.mapped_column(sa.Double())
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("pages.id"))
    parent: orm.Mapped[Page | None] = orm.relationship(remote_side=[id])
    notes: orm.Mapped[list[Note]] = orm.relationship()


class Note(Base):
    """Is on a page; its key has two columns."""

    __tablename__ = "notes"
    page_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("pages.id"), primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    size: orm.Mapped[int]
    before: orm.Mapped[int | None]
    previous: orm.Mapped[Note | None] = orm.relationship(
        remote_side=[page_id, number], viewonly=True
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["page_id", "before"], ["notes.page_id", "notes.number"]),
    )


CLOSURE = "allow(_, _, p: Page) if shown(p); shown(p: Page) if p.public or shown(p.parent);"
#: A policy for each construct, and what stands in the statement of each database for it.
CONSTRUCTS: dict[str, tuple[str, dict[str, str]]] = {
    "relation": (
        "allow(_, _, p: Page) if n in p.notes and n.size > 1;",
        dict.fromkeys(DIALECTS, "EXISTS (SELECT 1 FROM notes WHERE pages.id = notes.page_id"),
    ),
    "relation that leads to what is known": (
        "allow(u, _, p: Page) if p.parent.parent = u;",
        dict.fromkeys(DIALECTS, "pages.parent_id IN (SELECT pages_1.id FROM pages"),
    ),
    "recursion": (
        CLOSURE,
        dict.fromkeys(
            ["sqlite", "postgresql", "mysql", "mariadb", "cockroachdb"],
            "WITH RECURSIVE anon_1(key_0) AS (SELECT pages_1.id AS key_0 FROM pages AS pages_1",
        ),
    ),
    "boolean": (
        "allow(_, _, p: Page) if p.public;",
        {
            "sqlite": "pages.public = 1",
            "postgresql": "pages.public = true",
            "mysql": "pages.public = true",
            "mariadb": "pages.public = true",
            "cockroachdb": "pages.public = true",
            "mssql": "pages.[public] = 1",
            "oracle": 'pages."public" = 1',
        },
    ),
    "columns that may be NULL": (
        "allow(_, _, p: Page) if p.size = p.words;",
        {
            "sqlite": "pages.size IS pages.words",
            "postgresql": "pages.size IS NOT DISTINCT FROM pages.words",
            "mysql": "pages.size <=> pages.words",
            "mariadb": "pages.size <=> pages.words",
            "cockroachdb": "pages.size IS NOT DISTINCT FROM pages.words",
            "mssql": "EXISTS (SELECT pages.size INTERSECT SELECT pages.words)",
            "oracle": 'DECODE(pages."size", pages.words, 0, 1) = 0',
        },
    ),
    "text": (
        'allow(_, _, p: Page) if p.title = "a";',
        {
            "sqlite": "pages.title = ?",
            "postgresql": "pages.title = %(param_1)s",
            "mysql": "pages.title = %s AND CAST(CONVERT(pages.title USING utf8mb4) AS BINARY) =",
            "mariadb": "pages.title = %s AND CAST(CONVERT(pages.title USING utf8mb4) AS BINARY) =",
            "cockroachdb": "pages.title = %(param_1)s",
        },
    ),
    "text with a collation": (
        'allow(_, _, p: Page) if p.folded in ["a", "b"];',
        {
            "sqlite": "pages.folded COLLATE BINARY IN",
            "postgresql": 'pages.folded COLLATE "C" IN',
            "mysql": ") AND CAST(CONVERT(pages.folded USING utf8mb4) AS BINARY) IN",
            "mariadb": ") AND CAST(CONVERT(pages.folded USING utf8mb4) AS BINARY) IN",
        },
    ),
    "text in its order": (
        'allow(_, _, p: Page) if p.title < "a";',
        {
            "sqlite": "pages.title < ?",
            "postgresql": 'pages.title COLLATE "C" < %(param_1)s',
            "mysql": "CAST(CONVERT(pages.title USING utf8mb4) AS BINARY) < %s",
            "mariadb": "CAST(CONVERT(pages.title USING utf8mb4) AS BINARY) < %s",
            "cockroachdb": "WHERE pages.title < %(param_1)s",
        },
    ),
    "end of a text": (
        'allow(_, _, p: Page) if p.title.endswith("ab");',
        {
            "sqlite": "CAST(ifnull(substr(CAST(pages.title AS BLOB), -2), pages.title)",
            "postgresql": "right(pages.title, 2) = %(param_1)s",
            "mysql": "CAST(CONVERT(right(pages.title, 2) USING utf8mb4) AS BINARY) = %s",
            "mariadb": "CAST(CONVERT(right(pages.title, 2) USING utf8mb4) AS BINARY) = %s",
            "cockroachdb": "right(pages.title, 2) = %(param_1)s",
        },
    ),
    "arithmetic": (
        "allow(_, _, p: Page) if p.id + 1 = p.parent_id;",
        {
            "sqlite": "CAST(pages.id AS BIGINT) + ?",
            "postgresql": "CAST(pages.id AS BIGINT) + %(param_",
            "mysql": "CAST(pages.id AS SIGNED INTEGER) + %s",
            "mariadb": "CAST(pages.id AS SIGNED INTEGER) + %s",
            "cockroachdb": "CAST(pages.id AS BIGINT) + %(param_",
            "mssql": "CAST(pages.id AS BIGINT) + :param_",
            "oracle": "CAST(pages.id AS NUMBER(19)) + :param_",
        },
    ),
    "float": (
        "allow(_, _, p: Page) if p.score < 1.5;",
        {
            "sqlite": "pages.score < ?",
            "postgresql": "AND pages.score IS DISTINCT FROM 'NaN')",
            "cockroachdb": "AND pages.score IS DISTINCT FROM 'NaN')",
            "mssql": "pages.score < :param_1",
        },
    ),
    "double": (
        "allow(_, _, p: Page) if p.weight < 1.5;",
        {
            "sqlite": "pages.weight < ?",
            "postgresql": "AND pages.weight IS DISTINCT FROM 'NaN')",
            "cockroachdb": "AND pages.weight IS DISTINCT FROM 'NaN')",
            "mysql": "pages.weight < %s",
            "mariadb": "pages.weight < %s",
            "mssql": "pages.weight < :param_1",
        },
    ),
}
REFUSALS = {
    ("recursion", "mssql"): "SQL Server has no recursive query that ends in a circle of rows",
    ("recursion", "oracle"): "Oracle has no recursive query that ends in a circle of rows",
    ("text", "mssql"): "SQL Server compares pages.title without regard to case",
    ("text", "oracle"): "Oracle compares pages.title as its settings say",
    ("text with a collation", "mssql"): "SQL Server compares pages.folded without regard to case",
    ("text with a collation", "oracle"): "Oracle compares pages.folded as its settings say",
    ("text with a collation", "cockroachdb"): "CockroachDB compares pages.folded by its collation",
    ("text in its order", "mssql"): "SQL Server compares pages.title without regard to case",
    ("text in its order", "oracle"): "Oracle compares pages.title as its settings say",
    ("end of a text", "mssql"): "SQL Server compares .* without regard to case",
    ("end of a text", "oracle"): "Oracle compares .* as its settings say",
    (
        "float",
        "mysql",
    ): "MySQL compares pages.score with fewer digits than Python",
    ("float", "mariadb"): "MySQL compares pages.score with fewer digits than Python",
    ("float", "oracle"): "Oracle keeps pages.score as a decimal",
    ("double", "oracle"): "Oracle keeps pages.weight as a decimal",
}
COMPILED = [(c, d) for c, (_, texts) in CONSTRUCTS.items() for d in texts]


def statement(policy: str) -> t.Any:
    """Make the statement of a policy, for an actor that is a page."""
    oso = Oso()
    register_models(oso, Base)
    oso.load_str(policy)
    page = Page(id=7)
    orm.attributes.set_committed_value(page, "id", 7)
    orm.make_transient_to_detached(page)
    # Of a row without a session no relation can be read.
    with orm.Session() as session:
        session.add(page)
        return oso.authorized_query(page, "read", Page).with_only_columns(Page.id)


def compiled(policy: str, dialect: str) -> str:
    """Compile the statement of a policy for a database."""
    return " ".join(str(statement(policy).compile(dialect=DIALECTS[dialect]())).split())


@pytest.mark.parametrize(("construct", "dialect"), COMPILED)
def test_construct_of_a_dialect(construct: str, dialect: str) -> None:
    """The statement has what the database needs to compare as Python does."""
    policy, texts = CONSTRUCTS[construct]

    assert texts[dialect] in compiled(policy, dialect)


@pytest.mark.parametrize(("construct", "dialect"), REFUSALS)
def test_construct_is_refused(construct: str, dialect: str) -> None:
    """What a database would compare otherwise is an error before anything is read."""
    policy, _ = CONSTRUCTS[construct]

    with pytest.raises(sa.exc.CompileError, match=REFUSALS[construct, dialect]):
        compiled(policy, dialect)


def test_each_construct_is_compiled_or_refused() -> None:
    """Nothing is left open for any of the databases."""
    assert {*COMPILED, *REFUSALS} == set(itertools.product(CONSTRUCTS, DIALECTS))


def test_order_of_floats_leaves_indexes_alone() -> None:
    """SQLite would use no index for a comparison that is compared with true."""
    assert compiled("allow(_, _, p: Page) if p.score < 1.5;", "sqlite").endswith("pages.score < ?")


@pytest.mark.parametrize("dialect", ["postgresql", "cockroachdb"])
def test_database_that_stores_nan_looks_for_it(dialect: str) -> None:
    """CockroachDB stores NaN as PostgreSQL does."""
    text = str(HoldsNan(sa.column("score")).compile(dialect=DIALECTS[dialect]()))

    assert text == "(score IS NOT DISTINCT FROM 'NaN')"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql", "mariadb"])
def test_recursion_over_keys_of_two_columns(dialect: str) -> None:
    """A key of several columns is looked for as a whole."""
    text = compiled(
        "allow(_, _, p: Page) if n in p.notes and listed(n);"
        "listed(n: Note) if n.size = 1 or listed(n.previous);",
        dialect,
    )

    assert "(notes.page_id, notes.number) IN (WITH RECURSIVE anon_1(key_0, key_1)" in text
    assert text.endswith(
        "SELECT anon_1.key_0 AS found_once_1, anon_1.key_1 AS found_once_2 FROM anon_1))"
    )


def detached(row: t.Any, **values: t.Any) -> t.Any:
    """Make a row that counts as stored and loaded."""
    for name, value in values.items():
        orm.attributes.set_committed_value(row, name, value)
    orm.make_transient_to_detached(row)
    return row


_VALUES = "EXISTS (SELECT 1 FROM (VALUES __[POSTCOMPILE_param_1]) AS oso_keys (key_0, key_1) WHERE"
_SELECTED = "EXISTS (SELECT 1 FROM (SELECT notes_1.page_id, notes_1.number FROM"
#: Conditions on keys of two columns, and what SQL Server is asked.
KEYS_OF_TWO = {
    "p.id = 7 and n in both": f"{_VALUES} oso_keys.key_0 = notes.page_id AND oso_keys.key_1 =",
    "p.id = 7 and not (n in both)": f"NOT ({_VALUES} oso_keys.key_0 = notes.page_id AND",
    "n.previous in p.notes": _SELECTED,
    "m in p.parent.notes and n.previous = m": _SELECTED,
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("condition", KEYS_OF_TWO)
def test_keys_of_two_columns(condition: str, dialect: str) -> None:
    """SQL Server, which compares no tuples, finds them in a table of its own; others compare."""
    oso = Oso()
    register_models(oso, Base)
    notes = [detached(Note(), page_id=7, number=number, size=1) for number in (1, 2)]
    page = detached(Page(), id=7, parent_id=6, notes=notes)
    # What is the same in all keys is no part of a tuple.
    oso.register_constant([notes[0], detached(Note(), page_id=8, number=2, size=1)], "both")
    oso.load_str(f"allow(p: Page, _, n: Note) if {condition};")

    with orm.Session() as session:
        session.add(page)
        found = [oso.authorized_query(page, "read", Note).whereclause for _ in range(3)]
    texts = {" ".join(str(each.compile(dialect=DIALECTS[dialect]())).split()) for each in found}
    (text,) = texts

    is_server = dialect == "mssql"
    assert bool(re.search(r"\(notes[^()]*, notes[^()]*\) (NOT )?IN", text)) is not is_server
    assert (KEYS_OF_TWO[condition] in text) is is_server


#: Citus is PostgreSQL itself, and Vitess takes the dialect of MySQL.
LIKE = {
    "timescaledb": "postgresql",
    "yugabytedb": "postgresql",
    "tidb": "mysql",
    "rqlite": "sqlite",
}


@pytest.mark.parametrize("construct", CONSTRUCTS)
@pytest.mark.parametrize(("name", "base"), LIKE.items())
def test_dialect_that_is_like_another(name: str, base: str, construct: str) -> None:
    """A database that compares like another one gets its statement, or its refusal."""
    policy, _ = CONSTRUCTS[construct]
    query = statement(policy)

    if_known = _outcome(query, DIALECTS[base]())

    assert _outcome(query, named(DIALECTS[base], name)) == if_known


def _outcome(query: t.Any, dialect: t.Any) -> str:
    try:
        return str(query.compile(dialect=dialect))
    except sa.exc.CompileError as error:
        return str(error)


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ('p.title = "a"', "texts"),
        ('p.title != "a"', "texts"),
        ('p.title in ["a", "b"]', "texts"),
        ('p.title < "a"', "texts"),
        ('p.folded = "a"', "texts"),
        ('"a" in p.title', "texts"),
        ('p.title.startswith("a")', "texts"),
        ('p.title.endswith("a")', "texts"),
        ('not p.title.endswith("a")', "texts"),
        ("p.title = p.folded", "texts"),
        ('p.title.upper() = "A"', "texts"),
        ('p.title.find("a") = 0', "texts"),
        ("p.title.startswith(p.folded)", "texts"),
        ("p.size mod 2 = 1", "remainders"),
        ("p.score < 1.5", "floats"),
        ("p.score = 1.5", "floats"),
        ("not p.weight < 1.5", "floats"),
        ("p.public", "booleans"),
        ("p.public = true", "booleans"),
        ("not p.public", "booleans"),
        ("p.public in [true]", "booleans"),
        ("p.parent.public", "booleans"),
    ],
)
@pytest.mark.parametrize("base", ["sqlite", "postgresql", "mysql", "mssql"])
def test_dialect_that_is_not_known(base: str, rule: str, values: str) -> None:
    """Of another database nobody has said how it compares texts, floats and booleans."""
    query = statement(f"allow(_, _, p: Page) if {rule};")

    with pytest.raises(sa.exc.CompileError) as caught:
        query.compile(dialect=named(DIALECTS[base], "strangedb"))

    assert str(caught.value).startswith(f"Whether 'strangedb' compares {values}")


@pytest.mark.parametrize(
    "rule", ["p.size = 1", "p.size < 2", "p.parent = u", "n in p.notes and n.size = 1"]
)
def test_dialect_that_is_not_known_compares_integers(rule: str) -> None:
    """Integers and keys are the same everywhere."""
    query = statement(f"allow(u, _, p: Page) if p.id != u.id and {rule};")

    text = str(query.compile(dialect=named(sqlite.dialect, "strangedb")))

    assert text.startswith("SELECT pages.id")


def test_statement_that_is_shown() -> None:
    """A statement without a database has a text, for people."""
    text = str(statement('allow(_, _, p: Page) if p.title = "a" and p.public and p.score < 1.5;'))

    assert "pages.title = :" in text
