"""SQL functions that compile to what makes each database compare as Python does.

Each is a ``SqlFunction`` with a compiler per dialect: texts are compared by code points, and
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
SQLITE = ("sqlite", "rqlite")
POSTGRESQL = ("postgresql", "cockroachdb", "timescaledb", "yugabytedb")
MYSQL = ("mysql", "mariadb", "tidb")
_NO_UNION = ("mssql", "oracle")
#: The dialect "default" is that of a statement that is only printed.
_KNOWN = {*SQLITE, *POSTGRESQL, *MYSQL, *_NO_UNION, "default"}


_T = t.TypeVar("_T")


class SqlFunction(FunctionElement[_T]):
    """A function of SQL with the arguments that it has now.

    INVARIANT: its arguments are never kept apart from what SQLAlchemy copies. SQLAlchemy keeps
    ``clauses`` once it was asked for, and an annotated copy has those of the original, also when
    its own arguments have been replaced by columns of an alias. A condition would then be one on
    another row.
    """

    inherit_cache = True

    def __init_subclass__(cls, **options: t.Any) -> None:
        super().__init_subclass__(**options)
        # SQLAlchemy looks for it in each class. What tells two of one class apart is its arguments.
        cls.inherit_cache = True

    @property
    def clauses(self) -> t.Any:
        """The arguments."""
        return self.clause_expr.element


class ExactText(SqlFunction[str]):
    """A text that equals only itself, whatever the collation of its column."""

    name = "exact"

    def __init__(self, text: t.Any) -> None:
        super().__init__(text)
        self.type = text.type


class CodePoints(ExactText):
    """A text that is ordered by code points."""

    name = "code_points"


class LastCharacters(SqlFunction[str]):
    """The last characters of a text; all of a shorter one.

    The arguments are the text, the number of characters, and their length in bytes.
    """

    name = "last_characters"
    type = sa.String()


class ReplacedText(SqlFunction[str]):
    """A text with characters replaced, one kind after the other, whatever its collation."""

    name = "replaced"
    type = sa.String()

    def __init__(self, text: t.Any, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(ExactText(text), *itertools.chain(*pairs))


class TextPosition(SqlFunction[int]):
    """The number of characters before a text in another one; -1 where it does not occur."""

    name = "position"
    type = sa.Integer()

    def __init__(self, text: t.Any, wanted: str) -> None:
        super().__init__(text, wanted)


class TextWithin(SqlFunction[bool]):
    """Whether a text contains another one; NULL, or false, where either is NULL."""

    name = "text_within"
    type = sa.Boolean()

    def __init__(self, text: t.Any, part: t.Any) -> None:
        super().__init__(ExactText(text), ExactText(part))


class TextStart(TextWithin):
    """Whether a text begins with another one."""

    name = "text_start"


class TextEnd(TextWithin):
    """Whether a text ends with another one."""

    name = "text_end"


class ExactFloat(SqlFunction[float]):
    """A float, which has 64 bits in most databases, and 32, or is a decimal, in others."""

    name = "precise"
    type = sa.Float()


class ExactBoolean(SqlFunction[bool]):
    """A boolean that has two values and NULL in the database."""

    name = "truth"
    type = sa.Boolean()


class Remainder(SqlFunction[int]):
    """What is left of a division of integers, with the sign of the dividend."""

    name = "remainder"
    type = sa.BigInteger()


class HoldsNothing(SqlFunction[bool]):
    """Whether JSON is NULL or null, which Python reads as ``None``; never NULL."""

    name = "holds_nothing"
    type = sa.Boolean()


class _OfEntry(SqlFunction[bool]):
    """Something that is said of an entry of JSON; it is never NULL.

    The arguments are the JSON, and words: its keys, which are letters, digits and `_`, and more.
    """

    type = sa.Boolean()

    def __init__(self, document: t.Any, keys: tuple[str, ...], *words: str, value: t.Any = ()):
        listed: list[t.Any] = [sa.literal_column(word) for word in (".".join(keys), *words)]
        super().__init__(document, *listed, *value)


class EntryIsThere(_OfEntry):
    """Whether there is an entry, of one of some kinds if there are any."""

    name = "entry_is_there"

    def __init__(self, document: t.Any, keys: tuple[str, ...], kinds: Sequence[EntryKind]):
        super().__init__(document, keys, ",".join(each.value for each in kinds))


class EntryIsBoolean(_OfEntry):
    """Whether an entry is true, or whether it is false."""

    name = "entry_is_boolean"

    def __init__(self, document: t.Any, keys: tuple[str, ...], value: bool):
        super().__init__(document, keys, "true" if value else "false")


class EntryIsText(_OfEntry):
    """Whether an entry is a text that is known."""

    name = "entry_is_text"

    def __init__(self, document: t.Any, keys: tuple[str, ...], value: t.Any, is_ascii: bool):
        super().__init__(document, keys, "ascii" if is_ascii else "letters", value=[value])


class EntryHoldsValue(_OfEntry):
    """Whether an entry is a list that has a known value, or a text with a known character.

    The last word is the kind of the value: "text", "integer" or "null".
    """

    inherit_cache = True
    name = "entry_holds_value"

    def __init__(self, document: t.Any, keys: tuple[str, ...], kind: str, value: t.Any):
        super().__init__(document, keys, kind, value=[value])


class ZonedTime(SqlFunction[t.Any]):
    """A time with a zone, to compare with another one that is read by the same connection."""

    name = "zoned_time"
    type = sa.DateTime(timezone=True)


class AwareTime(ZonedTime):
    """A time to compare with one that has a zone, where the database keeps zones."""

    name = "aware_time"


class NaiveTime(ZonedTime):
    """A time to compare with one that has no zone, where the database keeps none."""

    name = "naive_time"
    type = sa.DateTime()


class WithoutNan(SqlFunction[bool]):
    """A comparison that is false where a number is NaN, which PostgreSQL would order."""

    name = "without_nan"
    type = sa.Boolean()

    def self_group(self, against: t.Any = None) -> t.Any:
        """Keep the expression as it is in AND and OR: ``= 1`` would prevent the use of an index."""
        return self


class FoundOnce(SqlFunction[t.Any]):
    """A column of a recursive query with UNION, which ends since it finds no row twice."""

    name = "found_once"

    def __init__(self, column: t.Any) -> None:
        super().__init__(column)
        self.type = column.type


class OrNan(WithoutNan):
    """A comparison that is also true where a number is NaN."""

    name = "or_nan"


class HoldsNan(SqlFunction[bool]):
    """Whether a number is NaN, which only PostgreSQL can store; never NULL."""

    name = "holds_nan"
    type = sa.Boolean()


class WithNul(SqlFunction[bool]):
    """A comparison with a text that contains NUL, and its result where no text can.

    PostgreSQL cannot store such a text, and rejects it as a parameter.
    """

    name = "with_nul"
    type = sa.Boolean()


class ByHeldKey(SqlFunction[bool]):
    """Whether a relation leads to a row: by its foreign key, where the database holds that.

    The arguments are what the foreign key says, and what looking for the row says; neither is NULL.
    SQLite holds no foreign keys unless it is told to, and what MariaDB is asked may be a database
    of its kind that holds none.
    """

    name = "by_held_key"
    type = sa.Boolean()

    def self_group(self, against: t.Any = None) -> t.Any:
        """Stand among other conditions as it is: of ``EXISTS … = 1`` databases make no join."""
        # It has parentheses of its own.
        return self


# -- how they are compiled ---------------------------------------------------------


def _arguments(element: t.Any, compiler: t.Any, keywords: t.Any) -> list[str]:
    return [compiler.process(each, **keywords) for each in element.clauses]


def _spell(kind: type, spelling: str, *dialects: str, compared: str = "") -> None:
    """Compile a function to a text, in which ``{0}`` is its first argument.

    :param compared: what it compares; a dialect that is not known is refused.
    """

    @compiles(kind, *dialects)
    def spelled(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
        if compared:
            _check_known(compiler, compared)
        return spelling.format(*_arguments(element, compiler, keywords))


def _refuse(kind: type, message: str, *dialects: str) -> None:
    """Refuse a function, with a message in which ``{0}`` is its first argument."""

    @compiles(kind, *dialects)
    def refused(element: t.Any, compiler: t.Any, **keywords: t.Any) -> t.NoReturn:
        found = _arguments(element, compiler, keywords)
        raise sa.exc.CompileError(message.format(*found, name=compiler.dialect.name))


def _take(
    kind: type, number: int, *dialects: str, compared: str = "", spelling: str = "{0}"
) -> None:
    """Compile a function to one of its arguments; the parameters of the others are left out.

    :param compared: what it compares; a dialect that is not known is refused.
    """

    @compiles(kind, *dialects)
    def taken(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
        if compared:
            _check_known(compiler, compared)
        return spelling.format(compiler.process([*element.clauses][number], **keywords))


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


# -- texts --------------------------------------------------------------------------


def declared_type(element: t.Any, compiler: t.Any) -> t.Any:
    """Return the type that a column declares for the database."""
    return element.type._variant_mapping.get(compiler.dialect.name, element.type)


def has_collation(element: t.Any, compiler: t.Any) -> bool:
    """Tell whether a text declares a collation for the database."""
    return getattr(declared_type(element, compiler), "collation", None) is not None


@compiles(ExactText)
def _exact(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "texts")
    (text,) = _arguments(element, compiler, keywords)
    # The sign keeps SQLite from finding a row of another table by this equation, and by the
    # collation of a key: it then leaves out rows.
    return f"+{text} COLLATE BINARY" if has_collation(element, compiler) else text


@compiles(ExactText, *POSTGRESQL)
def _exact_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    (text,) = _arguments(element, compiler, keywords)
    return f'{text} COLLATE "C"' if has_collation(element, compiler) else text


_spell(CodePoints, '{0} COLLATE "C"', *POSTGRESQL)


@compiles(ExactText, "cockroachdb")
@compiles(CodePoints, "cockroachdb")
def _exact_cockroachdb(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # Without a collation, texts are compared by their bytes. One with a collation it compares
    # with nothing that has another, or none.
    (text,) = _arguments(element, compiler, keywords)
    if not has_collation(element, compiler):
        return text
    raise sa.exc.CompileError(
        f"CockroachDB compares {text} by its collation, and not as Python does. Give the column"
        " none, or compare numbers, keys or an Enum."
    )


_BYTES = "CAST(CONVERT({0} USING utf8mb4) AS BINARY)"
_spell(ExactText, _BYTES, *MYSQL)
_spell(CodePoints, _BYTES, *MYSQL)
_refuse(
    ExactText,
    "SQL Server compares {0} without regard to case and to spaces at the end. Compare numbers,"
    " keys or an Enum.",
    "mssql",
)
_refuse(
    ExactText,
    "Oracle compares {0} as its settings say, and takes an empty text for NULL. Compare numbers,"
    " keys or an Enum.",
    "oracle",
)

_spell(LastCharacters, "right({0}, {1})", compared="texts")
# In bytes: SQLite counts the characters of a text only up to the first NUL. For an empty text
# `substr` of a blob is NULL.
_spell(LastCharacters, "CAST(ifnull(substr(CAST({0} AS BLOB), -{2}), {0}) AS TEXT)", *SQLITE)


@compiles(ReplacedText)
def _replaced(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, *parts = _arguments(element, compiler, keywords)
    for old, new in zip(parts[::2], parts[1::2], strict=True):
        text = f"replace({text}, {old}, {new})"
    return text


@compiles(ReplacedText, *MYSQL)
def _replaced_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # In bytes; the result has characters again.
    return f"CONVERT({_replaced(element, compiler, **keywords)} USING utf8mb4)"


@compiles(TextPosition)
def _position(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    text, wanted = element.clauses
    found = [compiler.process(each, **keywords) for each in (ExactText(text), wanted)]
    return f"(strpos({', '.join(found)}) - 1)"


_spell(TextPosition, "(instr({0}, {1}) - 1)", *SQLITE)
# In characters, and by code points: the collation is that of the whole comparison.
_spell(
    TextPosition,
    "(LOCATE({1}, CONVERT({0} USING utf8mb4) COLLATE utf8mb4_bin) - 1)",
    *MYSQL,
)

_spell(TextWithin, "(strpos({0}, {1}) > 0)")
_spell(TextStart, "(left({0}, char_length({1})) = {1})")
_spell(TextEnd, "(right({0}, char_length({1})) = {1})")
# In bytes, of both.
_spell(TextWithin, "(LOCATE({1}, {0}) > 0)", *MYSQL)
_spell(TextStart, "(LEFT({0}, LENGTH({1})) = {1})", *MYSQL)
_spell(TextEnd, "(RIGHT({0}, LENGTH({1})) = {1})", *MYSQL)
# In bytes: some functions of SQLite read a text up to the first NUL.
_spell(TextWithin, "(instr(CAST({0} AS BLOB), CAST({1} AS BLOB)) > 0)", *SQLITE)
_spell(TextStart, "(instr(CAST({0} AS BLOB), CAST({1} AS BLOB)) = 1)", *SQLITE)
# The last 0 bytes of a blob are all of it, and a part of an empty blob is NULL.
_spell(
    TextEnd,
    "(CASE length(CAST({1} AS BLOB)) WHEN 0 THEN CAST({0} AS BLOB) IS NOT NULL"
    " ELSE ifnull(substr(CAST({0} AS BLOB), -length(CAST({1} AS BLOB))), x'')"
    " = CAST({1} AS BLOB) END)",
    *SQLITE,
)


_take(WithNul, 0, compared="texts")
_take(WithNul, 1, *POSTGRESQL)

_take(ByHeldKey, 1, spelling="({0})")
_take(ByHeldKey, 0, *POSTGRESQL, spelling="({0})")


# -- numbers and booleans -----------------------------------------------------------


def _grouped(element: t.Any, compiler: t.Any, keywords: t.Any) -> str:
    """Compile the only argument, in parentheses unless it is a column."""
    (argument,) = element.clauses
    text = str(compiler.process(argument, **keywords))
    return text if isinstance(argument, sa.ColumnClause) else f"({text})"


@compiles(ExactFloat)
def _precise(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "floats")
    return _grouped(element, compiler, keywords)


@compiles(ExactFloat, *MYSQL)
def _precise_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    number = _grouped(element, compiler, keywords)
    if isinstance(next(iter(element.clauses)).type, sa.Double):
        return number
    raise sa.exc.CompileError(
        f"MySQL compares {number} with fewer digits than Python. Make it a Double."
    )


_refuse(
    ExactFloat,
    "Oracle keeps {0} as a decimal, and compares it otherwise than Python does. Make it a Numeric"
    " with a scale.",
    "oracle",
)


@compiles(ExactBoolean)
def _truth(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    _check_known(compiler, "booleans")
    return _grouped(element, compiler, keywords)


_take(WithoutNan, 0, compared="floats and decimals")


@compiles(HoldsNan)
def _holds_nan(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # Its parameter is left out.
    return "(1 = 0)"


@compiles(WithoutNan, *POSTGRESQL)
def _without_nan(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return _joined(" AND ", "{} IS DISTINCT FROM 'NaN'", _arguments(element, compiler, keywords))


@compiles(OrNan, *POSTGRESQL)
def _or_nan(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return _joined(" OR ", "{} = 'NaN'", _arguments(element, compiler, keywords))


def _joined(word: str, test: str, arguments: list[str]) -> str:
    """Join a comparison, which stands first, with a test of each of its numbers."""
    comparison, *numbers = arguments
    return f"({word.join([comparison, *map(test.format, numbers)])})"


_spell(HoldsNan, "({0} IS NOT DISTINCT FROM 'NaN')", *POSTGRESQL)
_spell(Remainder, "({0})", compared="remainders")

# -- recursive queries --------------------------------------------------------------

_spell(FoundOnce, "{0}")
_CIRCLE = (
    "{0} has no recursive query that ends in a circle of rows. Write a rule that does not call"
    " itself, for as many rows above each other as there may be."
)
_refuse(FoundOnce, _CIRCLE.format("SQL Server"), "mssql")
_refuse(FoundOnce, _CIRCLE.format("Oracle"), "oracle")

# -- JSON ---------------------------------------------------------------------------

# Blanks may stand around it.
_spell(HoldsNothing, "({0} IS NULL OR CAST({0} AS TEXT) = 'null')", compared="JSON")
_spell(HoldsNothing, "({0} IS NULL OR trim({0}, ' ' || char(9, 10, 13)) = 'null')", *SQLITE)
_spell(
    HoldsNothing,
    "({0} IS NULL OR btrim(CAST({0} AS TEXT), E' \\t\\n\\r') = 'null')",
    *POSTGRESQL,
)
_spell(HoldsNothing, "({0} IS NULL OR JSON_TYPE({0}) = 'NULL')", *MYSQL)
_refuse(
    HoldsNothing,
    "Whether {name!r} tells null of JSON in {0} from other values is not known. Compare a column"
    " that may be NULL.",
    *_NO_UNION,
)


class _Json(t.NamedTuple):
    """What a database says of an entry of JSON, with blanks for the words of ``_entry``.

    :param kind: the kind of the entry.
    :param boolean: whether it is a boolean.
    :param text: whether it is a text.
    :param element: whether it is a list with a value, or a text with a character, by the kind of
        the value; empty if the database does not tell.
    :param kinds: how kinds are called; one has its own name where none is here.
    """

    kind: str
    boolean: str
    text: str
    element: t.Mapping[str, str]
    kinds: t.Mapping[str, str] = {}
    false: str = "false"


_EACH = (
    "json_type({{data}}, {{path}}) = 'array' AND EXISTS (SELECT 1"
    " FROM json_each({{data}}, {{path}}) AS oso_each"
    " WHERE oso_each.type IN ({0}) AND oso_each.value = {{value}})"
)
_JSON_SQLITE = _Json(
    "json_type({data}, {path})",
    "json_type({data}, {path}) = '{word}'",
    "json_type({data}, {path}) = 'text' AND json_extract({data}, {path}) = {value}",
    {
        "text": _EACH.format("'text'")
        + " OR json_type({data}, {path}) = 'text' AND length({value}) = 1"
        " AND instr(json_extract({data}, {path}), {value}) > 0",
        "integer": _EACH.format("'integer', 'real'"),
        "null": _EACH.format("'null'").replace("= {value}", "IS NULL"),
    },
    {"string": "'text'", "boolean": "'true', 'false'"},
    "0",
)
_JSON_POSTGRESQL = _Json(
    "{json}_typeof({entry})",
    "CAST({data} #> {array} AS TEXT) = '{word}'",
    "{json}_typeof({data} #> {array}) = 'string' AND {data} #>> {array} = {value}",
    {
        "text": "CAST({entry} AS JSONB) @> jsonb_build_array(CAST({value} AS TEXT))"
        " OR {json}_typeof({entry}) = 'string' AND char_length(CAST({value} AS TEXT)) = 1"
        " AND strpos({data} #>> {array}, CAST({value} AS TEXT)) > 0",
        "integer": "CAST({entry} AS JSONB) @> jsonb_build_array(CAST({value} AS BIGINT))",
        "null": "CAST({entry} AS JSONB) @> CAST('[null]' AS JSONB)",
    },
)
_JSON_MYSQL = _Json(
    "JSON_TYPE(JSON_EXTRACT({data}, {path}))",
    "JSON_TYPE(JSON_EXTRACT({data}, {path})) = 'BOOLEAN'"
    " AND JSON_UNQUOTE(JSON_EXTRACT({data}, {path})) = '{word}'",
    "JSON_TYPE(JSON_EXTRACT({data}, {path})) = 'STRING' AND "
    + _BYTES.format("JSON_UNQUOTE(JSON_EXTRACT({data}, {path}))")
    + " = "
    + _BYTES.format("{value}"),
    # It looks into lists within lists, too.
    {},
    {each.value: repr(each.value.upper()) for each in EntryKind},
)
_JSON = {
    **dict.fromkeys(SQLITE, _JSON_SQLITE),
    **dict.fromkeys((*POSTGRESQL, "default"), _JSON_POSTGRESQL),
    **dict.fromkeys(MYSQL, _JSON_MYSQL),
}


def _entry(element: t.Any, compiler: t.Any, keywords: t.Any) -> tuple[_Json, dict[str, str]]:
    """Return what the database says of entries, and the words for its blanks.

    :raises sqlalchemy.exc.CompileError: if the JSON of the database is not known.
    """
    document, keys, word, *values = element.clauses
    data, name = compiler.process(document, **keywords), compiler.dialect.name
    if name not in _JSON:
        raise sa.exc.CompileError(
            f"What {name!r} has in {data} is not known. Keep what the policy asks for in a column."
        )
    if name in MYSQL and word.name == "letters":
        raise sa.exc.CompileError(
            f"MySQL does not read each letter of {data} as Python does. Compare a text of ASCII,"
            " or keep the text in a column."
        )
    names = keys.name.split(".") if keys.name else []
    kind = document.type._variant_mapping.get(name, document.type)
    array = "'{{{}}}'".format(",".join(names))
    words = {
        "data": data,
        "path": "'{}'".format(".".join(["$", *names])),
        "array": array,
        "entry": f"{data} #> {array}" if names else data,
        "json": "jsonb" if isinstance(kind, postgresql.JSONB) else "json",
        "word": word.name,
        "value": "".join(str(compiler.process(each, **keywords)) for each in values),
    }
    return _JSON[name], words


@compiles(EntryIsThere)
def _there(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    json, words = _entry(element, compiler, keywords)
    kind = json.kind.format(**words)
    if not words["word"]:
        return f"({kind} IS NOT NULL)"
    kinds = [json.kinds.get(each, f"'{each}'") for each in words["word"].split(",")]
    return f"coalesce({kind} IN ({', '.join(kinds)}), {json.false})"


@compiles(EntryIsBoolean)
def _boolean(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    json, words = _entry(element, compiler, keywords)
    return f"coalesce({json.boolean.format(**words)}, {json.false})"


@compiles(EntryIsText)
def _text(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    json, words = _entry(element, compiler, keywords)
    return f"coalesce({json.text.format(**words)}, {json.false})"


@compiles(EntryHoldsValue)
def _element(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    if compiler.dialect.name in MYSQL:
        document, *_ = element.clauses
        raise sa.exc.CompileError(
            f"MySQL also looks into the lists within a list of {compiler.process(document)}. Keep"
            " what the policy asks for in a table of its own."
        )
    json, words = _entry(element, compiler, keywords)
    return f"coalesce({json.element[words['word']].format(**words)}, {json.false})"


# -- times --------------------------------------------------------------------------


def _keeps_zones(compiler: t.Any, time: str) -> bool:
    """Tell whether a database keeps time zones.

    :raises sqlalchemy.exc.CompileError: if that is not known.
    """
    name = compiler.dialect.name
    if name not in {*SQLITE, *POSTGRESQL, *MYSQL, "default"}:
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
