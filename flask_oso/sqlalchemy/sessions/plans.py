"""Statements as text, and the plans of databases for them.

In goes a statement; out comes its SQL in the dialect of a name, with the values in it where they
are plain, its parameters, and what the database of a session says to ``EXPLAIN``. Nothing is read.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import default
from sqlalchemy.ext.compiler import compiles

from ...polar.exceptions import OsoError
from ..queries import as_select

#: Databases that are spoken to in the dialect of another.
_SPOKEN = {
    "citus": "postgresql",
    "yugabytedb": "postgresql",
    "timescaledb": "postgresql",
    "tidb": "mysql",
    "vitess": "mysql",
}
_COCKROACHDB = {"name": "cockroachdb", "supports_statement_cache": True}
_EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN"}
_EXPLAINING = ("sqlite", "postgresql", "cockroachdb", "mysql", "mariadb")


class PrintedStatement(t.NamedTuple):
    """A statement as text.

    :param parameters: the values of the placeholders, or of what stands in their place.
    :param no_plan: why there is no plan.
    """

    dialect: str
    sql: str
    parameters: dict[str, t.Any]
    plan: t.Sequence[str] = ()
    no_plan: str | None = None


class _Explain(sa.Executable, sa.ClauseElement):
    """What asks a database for its plan."""

    inherit_cache = False

    def __init__(self, statement: t.Any) -> None:
        self.statement = statement


@compiles(_Explain)
def _compile_explain(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    word = _EXPLAIN.get(compiler.dialect.name, "EXPLAIN")
    return f"{word} {compiler.process(element.statement, **keywords)}"


def print_statement(
    statement: t.Any, session: t.Any, name: str | None, *, has_plan: bool
) -> PrintedStatement:
    """Return a statement as text, with a plan if the database of a session has one.

    :param statement: a statement, or what an adapter gives in its place.
    :param session: ``None`` is no database.
    :param name: the dialect; by default that of the session.
    :raises OsoError: there is no such dialect, or it has no statement for the policy.
    """
    statement = as_select(statement)
    if not isinstance(statement, sa.ClauseElement):
        raise OsoError(
            f"The adapter gives an object of {type(statement).__name__!r} as its query, which is no"
            " statement of SQLAlchemy: there is no SQL to print."
        )
    bind = None if session is None else session.get_bind()
    dialect = bind.dialect if name is None and bind is not None else _dialect(name or "default")
    try:
        printed = _printed(name or dialect.name, statement, dialect)
    except sa.exc.CompileError as error:
        raise OsoError(f"There is no statement for {name or dialect.name!r}: {error}") from None
    if not has_plan:
        return printed
    if bind is None or bind.dialect.name != dialect.name:
        database = "there is no session" if bind is None else f"the session is {bind.dialect.name}"
        return printed._replace(no_plan=f"{database}.")
    if dialect.name not in _EXPLAINING:
        return printed._replace(no_plan=f"how {dialect.name} gives plans is not known.")
    try:
        # As the driver gives them: they are no rows of the statement, whose columns would convert
        # them, as that of a UUID does.
        rows = session.execute(_Explain(statement)).cursor.fetchall()
    except sa.exc.DBAPIError as error:
        return printed._replace(no_plan=str(error.orig))
    return printed._replace(plan=[_line(dialect.name, row) for row in rows])


def _line(dialect: str, row: t.Any) -> str:
    # SQLite gives numbers of steps, and which is below which; what is last is for people.
    shown = row[-1:] if dialect == "sqlite" else row
    return "  ".join("" if each is None else str(each) for each in shown)


def _dialect(name: str) -> t.Any:
    if name == "default":
        return default.DefaultDialect()
    try:
        return sa.make_url(f"{_SPOKEN.get(name, name)}://").get_dialect()()
    except (sa.exc.NoSuchModuleError, sa.exc.ArgumentError):
        if name == "cockroachdb":
            # To print a statement, its package need not be installed.
            return type(name, (postgresql.dialect,), _COCKROACHDB)()
        raise OsoError(
            f"There is no dialect {name!r}. Install its package, or name one of SQLAlchemy."
        ) from None


def _printed(name: str, statement: t.Any, dialect: t.Any) -> PrintedStatement:
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    parameters = dict(compiled.params)
    text = str(compiled)
    if all(map(_is_plain, parameters.values())):
        text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return PrintedStatement(name, text, parameters)


def _is_plain(value: t.Any) -> bool:
    """Tell whether a value stands in a statement as every database reads it."""
    if value is None or type(value) is int or type(value) is bool:
        return True
    return type(value) is str and value.isascii() and value.replace(" ", "x").isalnum()
