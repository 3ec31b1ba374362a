"""SQL functions that compile to what makes each database compare as Python does.

Each is a ``FunctionElement`` with a compiler per dialect: texts are compared by code points, and
NaN equals nothing.
"""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from ...polar.residual.algebra.ir import EntryKind

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


class ReplacedText(FunctionElement[str]):
    """A text with characters replaced, one kind after the other, whatever its collation."""

    inherit_cache = True
    name = "replaced"
    type = sa.String()

    def __init__(self, text: t.Any, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(ExactText(text), *itertools.chain(*pairs))


class TextPosition(FunctionElement[int]):
    """The number of characters before a text in another one; -1 where it does not occur."""

    inherit_cache = True
    name = "position"
    type = sa.Integer()

    def __init__(self, text: t.Any, wanted: str) -> None:
        super().__init__(text, wanted)


class TextWithin(FunctionElement[bool]):
    """Whether a text contains another one; NULL, or false, where either is NULL."""

    inherit_cache = True
    name = "text_within"
    type = sa.Boolean()

    def __init__(self, text: t.Any, part: t.Any) -> None:
        super().__init__(ExactText(text), ExactText(part))


class TextStart(TextWithin):
    """Whether a text begins with another one."""

    inherit_cache = True
    name = "text_start"


class TextEnd(TextWithin):
    """Whether a text ends with another one."""

    inherit_cache = True
    name = "text_end"


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


class Remainder(FunctionElement[int]):
    """What is left of a division of integers, with the sign of the dividend."""

    inherit_cache = True
    name = "remainder"
    type = sa.BigInteger()


class HoldsNothing(FunctionElement[bool]):
    """Whether JSON is NULL or null, which Python reads as ``None``; never NULL."""

    inherit_cache = True
    name = "holds_nothing"
    type = sa.Boolean()


class _OfEntry(FunctionElement[bool]):
    """Something that is said of an entry of JSON; it is never NULL.

    The arguments are the JSON, and words: its keys, which are letters, digits and `_`, and more.
    """

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, document: t.Any, keys: tuple[str, ...], *words: str, value: t.Any = ()):
        listed: list[t.Any] = [sa.literal_column(word) for word in (".".join(keys), *words)]
        super().__init__(document, *listed, *value)


class EntryIsThere(_OfEntry):
    """Whether there is an entry, of one of some kinds if there are any."""

    inherit_cache = True
    name = "entry_is_there"

    def __init__(self, document: t.Any, keys: tuple[str, ...], kinds: Sequence[EntryKind]):
        super().__init__(document, keys, ",".join(each.value for each in kinds))


class EntryIsBoolean(_OfEntry):
    """Whether an entry is true, or whether it is false."""

    inherit_cache = True
    name = "entry_is_boolean"

    def __init__(self, document: t.Any, keys: tuple[str, ...], value: bool):
        super().__init__(document, keys, "true" if value else "false")


class EntryIsText(_OfEntry):
    """Whether an entry is a text that is known."""

    inherit_cache = True
    name = "entry_is_text"

    def __init__(self, document: t.Any, keys: tuple[str, ...], value: str):
        word = "ascii" if value.isascii() else "letters"
        super().__init__(document, keys, word, value=[sa.literal(value, sa.String())])


class ZonedTime(FunctionElement[t.Any]):
    """A time with a zone, to compare with another one that is read by the same connection."""

    inherit_cache = True
    name = "zoned_time"
    type = sa.DateTime(timezone=True)


class AwareTime(ZonedTime):
    """A time to compare with one that has a zone, where the database keeps zones."""

    inherit_cache = True
    name = "aware_time"


class NaiveTime(ZonedTime):
    """A time to compare with one that has no zone, where the database keeps none."""

    inherit_cache = True
    name = "naive_time"
    type = sa.DateTime()


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


@compiles(Remainder)
def _remainder(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "remainders")
    (rest,) = element.clauses
    return f"({compiler.process(rest, **keywords)})"


@compiles(ReplacedText)
def _replaced(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, *parts = _arguments(element, compiler, keywords)
    for old, new in zip(parts[::2], parts[1::2], strict=True):
        text = f"replace({text}, {old}, {new})"
    return text


@compiles(ReplacedText, *_MYSQL)
def _replaced_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # In bytes; the result has characters again.
    return f"CONVERT({_replaced(element, compiler, **keywords)} USING utf8mb4)"


@compiles(TextPosition)
def _position(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, wanted = element.clauses
    found = [compiler.process(each, **keywords) for each in (ExactText(text), wanted)]
    return f"(strpos({', '.join(found)}) - 1)"


@compiles(TextPosition, *_SQLITE)
def _position_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, wanted = _arguments(element, compiler, keywords)
    return f"(instr({text}, {wanted}) - 1)"


@compiles(TextPosition, *_MYSQL)
def _position_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # In characters, and by code points: the collation is that of the whole comparison.
    text, wanted = _arguments(element, compiler, keywords)
    return f"(LOCATE({wanted}, CONVERT({text} USING utf8mb4) COLLATE utf8mb4_bin) - 1)"


@compiles(TextWithin)
def _within(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, part = _arguments(element, compiler, keywords)
    return f"(strpos({text}, {part}) > 0)"


@compiles(TextStart)
def _start(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, part = _arguments(element, compiler, keywords)
    return f"(left({text}, char_length({part})) = {part})"


@compiles(TextEnd)
def _end(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, part = _arguments(element, compiler, keywords)
    return f"(right({text}, char_length({part})) = {part})"


@compiles(TextWithin, *_MYSQL)
def _within_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, part = _arguments(element, compiler, keywords)
    return f"(LOCATE({part}, {text}) > 0)"


@compiles(TextStart, *_MYSQL)
def _start_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # In bytes, of both.
    text, part = _arguments(element, compiler, keywords)
    return f"(LEFT({text}, LENGTH({part})) = {part})"


@compiles(TextEnd, *_MYSQL)
def _end_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, part = _arguments(element, compiler, keywords)
    return f"(RIGHT({text}, LENGTH({part})) = {part})"


def _blobs(element: t.Any, compiler: t.Any, keywords: t.Any) -> list[str]:
    """Compile texts as their bytes: some functions of SQLite read a text up to the first NUL."""
    return [f"CAST({each} AS BLOB)" for each in _arguments(element, compiler, keywords)]


@compiles(TextWithin, *_SQLITE)
def _within_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, part = _blobs(element, compiler, keywords)
    return f"(instr({text}, {part}) > 0)"


@compiles(TextStart, *_SQLITE)
def _start_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, part = _blobs(element, compiler, keywords)
    return f"(instr({text}, {part}) = 1)"


@compiles(TextEnd, *_SQLITE)
def _end_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # The last 0 bytes of a blob are all of it, and a part of an empty blob is NULL.
    text, part = _blobs(element, compiler, keywords)
    last = f"ifnull(substr({text}, -length({part})), x'') = {part}"
    return f"(CASE length({part}) WHEN 0 THEN {text} IS NOT NULL ELSE {last} END)"


#: The characters between which JSON may stand.
_BLANKS = {"sqlite": "' ' || char(9, 10, 13)", "postgresql": "E' \\t\\n\\r'"}


@compiles(HoldsNothing)
def _holds_nothing(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "JSON")
    (data,) = _arguments(element, compiler, keywords)
    return f"({data} IS NULL OR CAST({data} AS TEXT) = 'null')"


@compiles(HoldsNothing, *_SQLITE)
def _holds_nothing_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (data,) = _arguments(element, compiler, keywords)
    return f"({data} IS NULL OR trim({data}, {_BLANKS['sqlite']}) = 'null')"


@compiles(HoldsNothing, *POSTGRESQL)
def _holds_nothing_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (data,) = _arguments(element, compiler, keywords)
    return f"({data} IS NULL OR btrim(CAST({data} AS TEXT), {_BLANKS['postgresql']}) = 'null')"


@compiles(HoldsNothing, *_MYSQL)
def _holds_nothing_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (data,) = _arguments(element, compiler, keywords)
    return f"({data} IS NULL OR JSON_TYPE({data}) = 'NULL')"


@compiles(HoldsNothing, *_NO_UNION)
def _holds_nothing_refused(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (data,) = _arguments(element, compiler, keywords)
    raise sa.exc.CompileError(
        f"Whether {compiler.dialect.name!r} tells null of JSON in {data} from other values is not"
        " known. Compare a column that may be NULL."
    )


#: How databases call the kinds of JSON; a kind has its own name where none is here.
_SQLITE_KINDS = {"string": "'text'", "boolean": "'true', 'false'"}


def _entry(element: t.Any, compiler: t.Any, keywords: t.Any) -> tuple[str, list[str], str]:
    """Compile the JSON; return it with the keys and the word behind them."""
    document, keys, word, *_ = element.clauses
    names = keys.name.split(".") if keys.name else []
    return compiler.process(document, **keywords), names, word.name


def _path(keys: list[str]) -> str:
    return "'{}'".format(".".join(["$", *keys]))


def _kinds(word: str, names: dict[str, str]) -> str:
    return ", ".join(names.get(each, f"'{each}'") for each in word.split(","))


def _value(element: t.Any, compiler: t.Any, keywords: t.Any) -> str:
    return str(compiler.process(list(element.clauses)[-1], **keywords))


@compiles(EntryIsThere, *_SQLITE)
def _there_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    data, keys, word = _entry(element, compiler, keywords)
    kind = f"json_type({data}, {_path(keys)})"
    if not word:
        return f"({kind} IS NOT NULL)"
    return f"coalesce({kind} IN ({_kinds(word, _SQLITE_KINDS)}), 0)"


@compiles(EntryIsBoolean, *_SQLITE)
def _boolean_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    data, keys, word = _entry(element, compiler, keywords)
    return f"coalesce(json_type({data}, {_path(keys)}) = '{word}', 0)"


@compiles(EntryIsText, *_SQLITE)
def _text_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    data, keys, _ = _entry(element, compiler, keywords)
    value = _value(element, compiler, keywords)
    path = _path(keys)
    is_text = f"json_type({data}, {path}) = 'text'"
    return f"coalesce({is_text} AND json_extract({data}, {path}) = {value}, 0)"


def _postgresql_kind(element: t.Any, compiler: t.Any, entry: str) -> str:
    kind = next(iter(element.clauses)).type
    kind = kind._variant_mapping.get(compiler.dialect.name, kind)
    return f"{'jsonb' if isinstance(kind, postgresql.JSONB) else 'json'}_typeof({entry})"


def _array(keys: list[str]) -> str:
    return "'{{{}}}'".format(",".join(keys))


@compiles(EntryIsThere)
def _there(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_entries(element, compiler, keywords)
    data, keys, word = _entry(element, compiler, keywords)
    kind = _postgresql_kind(element, compiler, f"{data} #> {_array(keys)}" if keys else data)
    if not word:
        return f"({kind} IS NOT NULL)"
    return f"coalesce({kind} IN ({_kinds(word, {})}), false)"


@compiles(EntryIsBoolean)
def _boolean(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_entries(element, compiler, keywords)
    data, keys, word = _entry(element, compiler, keywords)
    return f"coalesce(CAST({data} #> {_array(keys)} AS TEXT) = '{word}', false)"


@compiles(EntryIsText)
def _text(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_entries(element, compiler, keywords)
    data, keys, _ = _entry(element, compiler, keywords)
    kind = _postgresql_kind(element, compiler, f"{data} #> {_array(keys)}")
    is_value = f"{data} #>> {_array(keys)} = {_value(element, compiler, keywords)}"
    return f"coalesce({kind} = 'string' AND {is_value}, false)"


def _check_entries(element: t.Any, compiler: t.Any, keywords: t.Any) -> None:
    """Refuse a database whose JSON is not known.

    :raises sqlalchemy.exc.CompileError: if so.
    """
    if compiler.dialect.name not in {*POSTGRESQL, "default"}:
        document, *_ = _entry(element, compiler, keywords)
        raise sa.exc.CompileError(
            f"What {compiler.dialect.name!r} has in {document} is not known. Keep what the policy"
            " asks for in a column."
        )


@compiles(EntryIsThere, *_MYSQL)
def _there_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    data, keys, word = _entry(element, compiler, keywords)
    kind = f"JSON_TYPE(JSON_EXTRACT({data}, {_path(keys)}))"
    if not word:
        return f"({kind} IS NOT NULL)"
    return f"coalesce({kind} IN ({_kinds(word, {}).upper()}), false)"


@compiles(EntryIsBoolean, *_MYSQL)
def _boolean_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    data, keys, word = _entry(element, compiler, keywords)
    entry = f"JSON_EXTRACT({data}, {_path(keys)})"
    is_boolean = f"JSON_TYPE({entry}) = 'BOOLEAN'"
    return f"coalesce({is_boolean} AND JSON_UNQUOTE({entry}) = '{word}', false)"


@compiles(EntryIsText, *_MYSQL)
def _text_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    data, keys, word = _entry(element, compiler, keywords)
    if word != "ascii":
        raise sa.exc.CompileError(
            f"MySQL does not read each letter of {data} as Python does. Compare a text of ASCII,"
            " or keep the text in a column."
        )
    entry = f"JSON_EXTRACT({data}, {_path(keys)})"
    found, wanted = (
        f"CAST(CONVERT({each} USING utf8mb4) AS BINARY)"
        for each in (f"JSON_UNQUOTE({entry})", _value(element, compiler, keywords))
    )
    return f"coalesce(JSON_TYPE({entry}) = 'STRING' AND {found} = {wanted}, false)"


def _keeps_zones(compiler: t.Any, time: str) -> bool:
    """Tell whether a database keeps time zones.

    :raises sqlalchemy.exc.CompileError: if that is not known.
    """
    name = compiler.dialect.name
    if name not in {*_SQLITE, *POSTGRESQL, *_MYSQL, "default"}:
        raise sa.exc.CompileError(
            f"Whether {name!r} compares {time} with its time zone as Python does is not known."
            " Use a time without a zone."
        )
    return name in POSTGRESQL


@compiles(ZonedTime)
def _zoned_time(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # Two times of one zone are compared by their clocks. That of psycopg is the zone of the
    # session; other drivers give each time the offset that it has, or that of UTC.
    (time,) = _arguments(element, compiler, keywords)
    is_by_clock = _keeps_zones(compiler, time) and compiler.dialect.driver.startswith("psycopg")
    if is_by_clock and compiler.dialect.driver != "psycopg2":
        return f"CAST({time} AS TIMESTAMP WITHOUT TIME ZONE)"
    return time


@compiles(AwareTime)
def _aware_time(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (time,) = _arguments(element, compiler, keywords)
    if _keeps_zones(compiler, time) or compiler.dialect.name == "default":
        return time
    raise sa.exc.CompileError(
        f"{compiler.dialect.name!r} keeps no time zone of {time}, and Python does not compare a"
        " time without a zone with one that has it. Compare with a time without a zone."
    )


@compiles(NaiveTime)
def _naive_time(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (time,) = _arguments(element, compiler, keywords)
    if not _keeps_zones(compiler, time):
        return time
    raise sa.exc.CompileError(
        f"{compiler.dialect.name!r} keeps the time zone of {time}, and Python does not compare a"
        " time with a zone with one that has none. Compare with a time of UTC."
    )
