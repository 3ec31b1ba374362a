"""What a statement reads through names, types, operators and definitions is verified, too."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from flask_oso import UnfilteredRowsError
from flask_oso.sqlalchemy.sessions.hierarchies import Hierarchies
from flask_oso.sqlalchemy.sessions.verification import problem_of
from tests.support.models.protected_notes import Log, Note, Notebook, open_notebook

Session = t.Any
notes, logs = (t.cast(sa.Table, each.__table__) for each in (Note, Log))
TITLES = "(select group_concat(title) from notes)"
BARE, TEXT = "without the condition", "a text of SQL"


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """Give an app within a request of Ann."""
    with open_notebook() as notebook, notebook.request_of(1):
        yield notebook


def raw(name: str) -> t.Any:
    """Make a name that is written without quotes."""
    return sa.quoted_name(name, quote=False)


def titles_of(table: t.Any) -> t.Any:
    """Select titles from a table that has no columns."""
    return sa.select(sa.literal_column("title")).select_from(table)


def table_in(schema: str | None) -> sa.Table:
    """Make a table with the name of a guarded one."""
    return sa.Table("notes", sa.MetaData(), sa.Column("title", sa.String), schema=schema)


class Keep(sa.schema.ExecutableDDLElement):
    """A definition that a program compiles itself."""

    inherit_cache = False


@compiles(Keep)
def compile_keep(_element: t.Any, _compiler: t.Any, **_keywords: t.Any) -> str:
    """Write the definition."""
    return "create table kept as select title from notes"


#: Statements that read what nobody judged, and what is said of them.
REFUSED: dict[str, tuple[t.Any, str]] = {
    "name of a column": (sa.select(Log.id, sa.column(raw(TITLES))), TEXT),
    "label": (sa.select(Log.id.label(raw(f"x, {TITLES}"))), TEXT),
    "names of two tables": (titles_of(sa.table(raw("logs, notes"))), TEXT),
    "name of a table with a blank": (titles_of(sa.table(raw(" notes"))), TEXT),
    "name of a table with a dot": (titles_of(sa.table(raw("main.notes"))), TEXT),
    "schema": (titles_of(sa.table("x", schema=raw("notes, main"))), TEXT),
    "alias": (titles_of(logs.alias(raw("l, notes"))), TEXT),
    "name of a common table expression": (
        sa.select(sa.select(Log.id).cte(raw("a as (select title as id from notes), b")).c.id),
        TEXT,
    ),
    "function": (sa.select(getattr(sa.func, raw(f"{TITLES} || upper"))("x")), TEXT),
    "collation": (sa.select(sa.collate(Log.text, f"nocase || {TITLES}")), TEXT),
    "type": (sa.select(sa.cast(Log.id, sa.String(collation=f'x" || {TITLES} || "'))), TEXT),
    "operator in front": (
        sa.select(Log.id).where(
            UnaryExpression(sa.true(), operator=operators.custom_op(f"{TITLES} ="))
        ),
        TEXT,
    ),
    "operator behind": (
        sa.select(Log.id).where(
            UnaryExpression(sa.true(), modifier=operators.custom_op(f"= {TITLES}"))
        ),
        TEXT,
    ),
    "table behind IN": (sa.select(Log.id).where(sa.text("1 IN notes")), TEXT),
    "IN as an operator": (sa.select(Log.id).where(Log.id.op("IN")(sa.column("notes"))), TEXT),
    "definition as a text": (sa.DDL("select title from notes"), TEXT),
    "definition of the program": (Keep(), TEXT),
}


@pytest.mark.parametrize("name", REFUSED)
def test_text_in_the_place_of_a_name_is_refused(notebook: Notebook, name: str) -> None:
    """What is no name, operator or type is not executed in the place of one."""
    statement, problem = REFUSED[name]

    with pytest.raises(UnfilteredRowsError, match=problem):
        notebook.session.execute(statement)


def test_field_of_a_date_that_is_no_name_is_refused() -> None:
    """PostgreSQL is given the field of a date as it is."""
    statement = sa.select(sa.extract(f"year from {TITLES}", sa.func.now()))

    problem = problem_of(statement.compile(dialect=postgresql.dialect()), Hierarchies([Note], []))

    assert problem is not None and TEXT in problem


NAMED = {
    "column": sa.select(sa.column(raw("text"))).select_from(Log),
    "table": sa.select(sa.column("text")).select_from(sa.table(raw("main.logs"))),
    "collation": sa.select(sa.collate(Log.text, "nocase")),
    "type": sa.select(sa.cast(Log.text, sa.String(50))),
    "field of a date": sa.select(sa.extract("year", sa.literal("begun"))),
    "list behind IN": sa.select(Log.text).where(sa.text("logs.id in (1, 2)")),
    "parameter behind IN": sa.select(Log.text).where(
        sa.text("logs.id in :ids").bindparams(sa.bindparam("ids", [1], expanding=True))
    ),
    "operator in front": sa.select(Log.text).where(
        UnaryExpression(sa.literal(1), operator=operators.custom_op("+"))
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_name_is_executed(notebook: Notebook, name: str) -> None:
    """A name without quotes, an operator and a type of a table that nobody guards are executed."""
    assert len(notebook.session.execute(NAMED[name]).all()) == 1


WAYS: dict[str, Callable[[Session, t.Any, t.Any], t.Any]] = {
    "statement": lambda s, statement, names: s.execute(
        statement.execution_options(schema_translate_map=names)
    ),
    "session": lambda s, statement, names: s.execute(
        statement, execution_options={"schema_translate_map": names}
    ),
    "connection": lambda s, statement, names: (
        s.rollback(),
        s.connection(execution_options={"schema_translate_map": names}).execute(statement),
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("schema", "other"), [("elsewhere", None), ("elsewhere", "main")])
def test_schema_that_is_translated_is_verified(
    notebook: Notebook, way: str, schema: str | None, other: str | None
) -> None:
    """A table that gets the name of a guarded one when it is executed is refused."""
    with pytest.raises(UnfilteredRowsError, match=BARE):
        WAYS[way](notebook.session, sa.select(table_in(schema).c.title), {schema: other})


def test_schema_of_a_guarded_table_that_is_translated(notebook: Notebook) -> None:
    """The table that a guarded one becomes is guarded."""
    statement = sa.select(sa.table("notes", sa.column("title"), schema="tenant").c.title)

    with pytest.raises(UnfilteredRowsError, match=BARE):
        WAYS["session"](notebook.session, statement, {None: "tenant"})


def test_verdict_is_that_of_a_translation(notebook: Notebook) -> None:
    """A statement that was executed with one translation is verified again with another."""
    session = notebook.session
    statement = sa.select(table_in("elsewhere").c.title)
    with pytest.raises(sa.exc.OperationalError, match="no such table"):
        WAYS["session"](session, statement, {"elsewhere": "annex"})

    with pytest.raises(UnfilteredRowsError, match=BARE):
        WAYS["session"](session, statement, {"elsewhere": "main"})


# SQLAlchemy has them since version 2.1.
if hasattr(sa, "CreateTableAs"):
    KEPT: dict[str, Callable[[t.Any], t.Any]] = {
        "table": lambda select: sa.CreateTableAs(select, "kept"),
        "view": lambda select: sa.CreateView(select, "kept"),
        "into": lambda select: select.into("kept"),
    }

    @pytest.mark.parametrize("way", KEPT)
    @pytest.mark.parametrize(
        "rows", [sa.select(notes.c.title), sa.select(Note.title)], ids=["table", "class"]
    )
    def test_rows_are_not_kept_under_another_name(
        notebook: Notebook, way: str, rows: t.Any
    ) -> None:
        """A table or a view of rows that nobody judged is not made."""
        with pytest.raises(UnfilteredRowsError, match=BARE):
            notebook.session.execute(KEPT[way](rows))

    @pytest.mark.parametrize("way", KEPT)
    def test_rows_that_nobody_guards_are_kept(notebook: Notebook, way: str) -> None:
        """A table or a view of rows of which the policy says nothing is made."""
        notebook.session.execute(KEPT[way](sa.select(logs.c.text)))

        found = notebook.session.scalars(sa.select(sa.table("kept", sa.column("text")).c.text))
        assert found.all() == ["begun"]


def test_tables_are_made_in_a_protected_session(notebook: Notebook) -> None:
    """Tables and indexes of the metadata may be made and dropped."""
    metadata = sa.MetaData()
    made = sa.Table("made", metadata, sa.Column("id", sa.Integer, primary_key=True, index=True))

    metadata.create_all(notebook.session.connection(), checkfirst=False)

    assert notebook.session.execute(sa.select(made)).all() == []
