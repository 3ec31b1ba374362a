"""What a database calculates, or writes itself, as SQLAlchemy reads it.

In goes an expression whose field ``is_calculated``; out comes what to compare in its place. SQLite
has floats for decimals, and texts for times; as MySQL does, it takes any number for a boolean.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from ...polar.residual.algebra.schema import TIME_KINDS, Field, ValueKind
from ..mapped.calculated_columns import casts_time
from .dialects import MYSQL, SQLITE, SqlFunction


class DecimalAsRead(SqlFunction[t.Any]):
    """A decimal that is calculated with no more places than it is read with.

    The arguments are the decimal, and the number of places.
    """

    inherit_cache = True
    name = "decimal_as_read"

    def __init__(self, number: t.Any, places: int) -> None:
        super().__init__(number, sa.literal_column(str(places)))
        self.type = number.type


class GeneratedDecimal(DecimalAsRead):
    """A decimal of a column that a database generates, with places that are not known."""

    inherit_cache = True
    name = "generated_decimal"


class TruthAsRead(SqlFunction[bool]):
    """A boolean that may be any number in the database."""

    inherit_cache = True
    name = "truth_as_read"
    type = sa.Boolean()


class TimeAsRead(SqlFunction[t.Any]):
    """A time that the database may have written: SQLite does without a fraction of a second."""

    inherit_cache = True
    name = "time_as_read"

    def __init__(self, time: t.Any) -> None:
        super().__init__(time)
        self.type = time.type


class CastTime(TimeAsRead):
    """What is cast to a time or a date, of which SQLite makes a number."""

    name = "cast_time"


def as_read(expression: t.Any, field: Field) -> t.Any:
    """Return what to compare in the place of an expression."""
    if field.kind is ValueKind.BOOLEAN:
        return TruthAsRead(expression)
    if field.kind in (ValueKind.DATE, *TIME_KINDS):
        return (CastTime if casts_time(expression) else TimeAsRead)(expression)
    if field.kind is not ValueKind.DECIMAL or field.scale is None:
        # It is compared with nil alone, if it is a decimal without a scale.
        return expression
    is_generated = getattr(expression, "computed", None) is not None
    return (GeneratedDecimal if is_generated else DecimalAsRead)(expression, field.scale)


def _spell(kind: type, spelling: str, *dialects: str) -> None:
    """Compile a function to a text, in which ``{0}`` is its first argument."""

    @compiles(kind, *dialects)
    def spelled(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
        found = (compiler.process(each, **keywords) for each in element.clauses)
        return spelling.format(*found)


@compiles(DecimalAsRead)
@compiles(TruthAsRead)
@compiles(TimeAsRead)
def _as_it_is(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    value, *_ = element.clauses
    return str(compiler.process(value.self_group(), **keywords))


_spell(DecimalAsRead, "round({0}, {1})", *SQLITE)
_spell(TruthAsRead, "({0} <> 0)", *SQLITE, *MYSQL)
# The first form is that of SQLite's CURRENT_TIMESTAMP; others have fewer digits than SQLAlchemy's.
_spell(
    TimeAsRead,
    "CASE instr({0}, '.') WHEN 0 THEN {0} || '.000000'"
    " ELSE substr({0}, 1, instr({0}, '.')) || substr(substr({0}, instr({0}, '.') + 1)"
    " || '000000', 1, 6) END",
    *SQLITE,
)


@compiles(CastTime, *SQLITE)
def _cast_time(element: t.Any, compiler: t.Any, **keywords: t.Any) -> t.NoReturn:
    (time,) = (compiler.process(each, **keywords) for each in element.clauses)
    raise sa.exc.CompileError(
        f"SQLite makes a number of {time}, and no time. Write 'func.date(…, type_=Date)', or"
        " 'func.datetime(…, type_=DateTime)'."
    )


@compiles(GeneratedDecimal, *SQLITE)
def _generated(element: t.Any, compiler: t.Any, **keywords: t.Any) -> t.NoReturn:
    value, *_ = element.clauses
    raise sa.exc.CompileError(
        f"SQLite generates {compiler.process(value, **keywords)} as a float, and SQLAlchemy rounds"
        " it when it is read. Keep it in a column of its own, or calculate with integers, such as"
        " cents."
    )
