"""SQL functions that compile to what makes each database compare as Python does.

Each is a ``FunctionElement`` with a compiler per dialect: texts are compared by code points, and
NaN equals nothing.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

#: Dialects by the database that they compare like, as their documentation states.
_SQLITE = ("sqlite", "rqlite")
POSTGRESQL = ("postgresql", "cockroachdb", "timescaledb", "yugabytedb")
_MYSQL = ("mysql", "mariadb", "tidb")
_NO_UNION = ("mssql", "oracle")
#: The dialect "default" is that of a statement that is only printed.
_KNOWN = {*_SQLITE, *POSTGRESQL, *_MYSQL, *_NO_UNION, "default"}


class ExactText(FunctionElement[str]):
    """A text that equals only itself, whatever the collation of its column."""

    inherit_cache = True
    name = "exact"

    def __init__(self, text: t.Any) -> None:
        super().__init__(text)
        self.type = text.type


class CodePoints(ExactText):
    """A text that is ordered by code points."""

    inherit_cache = True
    name = "code_points"


class LastCharacters(FunctionElement[str]):
    """The last characters of a text; all of a shorter one.

    The arguments are the text, the number of characters, and their length in bytes.
    """

    inherit_cache = True
    name = "last_characters"
    type = sa.String()


class ExactFloat(FunctionElement[float]):
    """A float, which has 64 bits in most databases, and 32, or is a decimal, in others."""

    inherit_cache = True
    name = "precise"
    type = sa.Float()


class ExactBoolean(FunctionElement[bool]):
    """A boolean that has two values and NULL in the database."""

    inherit_cache = True
    name = "truth"
    type = sa.Boolean()


class WithoutNan(FunctionElement[bool]):
    """A comparison that is false where a number is NaN, which PostgreSQL would order."""

    inherit_cache = True
    name = "without_nan"
    type = sa.Boolean()

    def self_group(self, against: t.Any = None) -> t.Any:
        """Keep the expression as it is in AND and OR: ``= 1`` would prevent the use of an index."""
        return self


class FoundOnce(FunctionElement[t.Any]):
    """A column of a recursive query with UNION, which ends since it finds no row twice."""

    inherit_cache = True
    name = "found_once"

    def __init__(self, column: t.Any) -> None:
        super().__init__(column)
        self.type = column.type


class OrNan(WithoutNan):
    """A comparison that is also true where a number is NaN."""

    inherit_cache = True
    name = "or_nan"


class HoldsNan(FunctionElement[bool]):
    """Whether a number is NaN, which only PostgreSQL can store; never NULL."""

    inherit_cache = True
    name = "holds_nan"
    type = sa.Boolean()


class WithNul(FunctionElement[bool]):
    """A comparison with a text that contains NUL, and its result where no text can.

    PostgreSQL cannot store such a text, and rejects it as a parameter.
    """

    inherit_cache = True
    name = "with_nul"
    type = sa.Boolean()


def _arguments(element: t.Any, compiler: t.Any, keywords: t.Any) -> list[str]:
    return [compiler.process(each, **keywords) for each in element.clauses]


def _grouped(element: t.Any, compiler: t.Any, keywords: t.Any) -> str:
    """Compile the only argument, in parentheses unless it is a column."""
    (argument,) = element.clauses
    text = str(compiler.process(argument, **keywords))
    return text if isinstance(argument, sa.ColumnClause) else f"({text})"


def _check_known(compiler: t.Any, values: str) -> None:
    """Refuse a dialect whose comparisons are not known.

    :raises sqlalchemy.exc.CompileError: if so.
    """
    name = compiler.dialect.name
    if name not in _KNOWN:
        raise sa.exc.CompileError(
            f"Whether {name!r} compares {values} as Python does is not known. Compare integers,"
            " keys or an Enum, or use a database that is known: SQLite, PostgreSQL, MySQL, MariaDB"
            " or one like them."
        )


def _has_collation(element: t.Any, compiler: t.Any) -> bool:
    kind = element.type._variant_mapping.get(compiler.dialect.name, element.type)
    return getattr(kind, "collation", None) is not None


@compiles(ExactText)
def _exact(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "texts")
    (text,) = _arguments(element, compiler, keywords)
    return f"{text} COLLATE BINARY" if _has_collation(element, compiler) else text


@compiles(ExactText, *POSTGRESQL)
def _exact_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (text,) = _arguments(element, compiler, keywords)
    return f'{text} COLLATE "C"' if _has_collation(element, compiler) else text


@compiles(CodePoints, *POSTGRESQL)
def _code_points_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (text,) = _arguments(element, compiler, keywords)
    return f'{text} COLLATE "C"'


@compiles(ExactText, "cockroachdb")
@compiles(CodePoints, "cockroachdb")
def _exact_cockroachdb(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # Without a collation, texts are compared by their bytes. One with a collation it compares
    # with nothing that has another, or none.
    (text,) = _arguments(element, compiler, keywords)
    if not _has_collation(element, compiler):
        return text
    raise sa.exc.CompileError(
        f"CockroachDB compares {text} by its collation, and not as Python does. Give the column"
        " none, or compare numbers, keys or an Enum."
    )


@compiles(ExactText, *_MYSQL)
@compiles(CodePoints, *_MYSQL)
def _exact_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (text,) = _arguments(element, compiler, keywords)
    return f"CAST(CONVERT({text} USING utf8mb4) AS BINARY)"


@compiles(ExactText, "mssql")
def _exact_mssql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (text,) = _arguments(element, compiler, keywords)
    raise sa.exc.CompileError(
        f"SQL Server compares {text} without regard to case and to spaces at the end. Compare"
        " numbers, keys or an Enum."
    )


@compiles(ExactText, "oracle")
def _exact_oracle(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (text,) = _arguments(element, compiler, keywords)
    raise sa.exc.CompileError(
        f"Oracle compares {text} as its settings say, and takes an empty text for NULL. Compare"
        " numbers, keys or an Enum."
    )


@compiles(FoundOnce)
def _found_once(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (column,) = _arguments(element, compiler, keywords)
    return column


@compiles(FoundOnce, *_NO_UNION)
def _found_twice(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    name = "SQL Server" if compiler.dialect.name == "mssql" else "Oracle"
    raise sa.exc.CompileError(
        f"{name} has no recursive query that ends in a circle of rows. Write a rule that does not"
        " call itself, for as many rows above each other as there may be."
    )


@compiles(ExactFloat)
def _precise(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "floats")
    return _grouped(element, compiler, keywords)


@compiles(ExactFloat, *_MYSQL)
def _precise_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    number = _grouped(element, compiler, keywords)
    if isinstance(next(iter(element.clauses)).type, sa.Double):
        return number
    raise sa.exc.CompileError(
        f"MySQL compares {number} with fewer digits than Python. Make it a Double."
    )


@compiles(ExactFloat, "oracle")
def _precise_oracle(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (number,) = _arguments(element, compiler, keywords)
    raise sa.exc.CompileError(
        f"Oracle keeps {number} as a decimal, and compares it otherwise than Python does. Make it"
        " a Numeric with a scale."
    )


@compiles(LastCharacters)
def _last(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "texts")
    text, length, _ = _arguments(element, compiler, keywords)
    return f"right({text}, {length})"


@compiles(LastCharacters, *_SQLITE)
def _last_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # In bytes: SQLite counts the characters of a text only up to the first NUL.
    text, _, size = _arguments(element, compiler, keywords)
    # For an empty text `substr` of a blob is NULL.
    return f"CAST(ifnull(substr(CAST({text} AS BLOB), -{size}), {text}) AS TEXT)"


@compiles(ExactBoolean)
def _truth(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "booleans")
    return _grouped(element, compiler, keywords)


@compiles(WithoutNan)
def _without_nan(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "floats and decimals")
    comparison, *_ = element.clauses
    return str(compiler.process(comparison, **keywords))


@compiles(WithoutNan, *POSTGRESQL)
def _without_nan_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    comparison, *numbers = _arguments(element, compiler, keywords)
    known = [f"{each} IS DISTINCT FROM 'NaN'" for each in numbers]
    return "({})".format(" AND ".join([comparison, *known]))


@compiles(OrNan, *POSTGRESQL)
def _or_nan_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    comparison, *numbers = _arguments(element, compiler, keywords)
    return "({})".format(" OR ".join([comparison, *(f"{each} = 'NaN'" for each in numbers)]))


@compiles(HoldsNan)
def _holds_nan(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return "(1 = 0)"


@compiles(HoldsNan, *POSTGRESQL)
def _holds_nan_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (number,) = _arguments(element, compiler, keywords)
    return f"({number} IS NOT DISTINCT FROM 'NaN')"


@compiles(WithNul)
def _with_nul(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "texts")
    comparison, _ = element.clauses
    return str(compiler.process(comparison, **keywords))


@compiles(WithNul, *POSTGRESQL)
def _with_nul_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _, otherwise = element.clauses
    return str(compiler.process(otherwise, **keywords))
