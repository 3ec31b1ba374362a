"""Lists with many values, none of which is a parameter of its own.

In goes the IN of a column and known values; out comes an element that PostgreSQL is given as an
array, and SQLite as JSON. Other databases are given each value, as always.

Integers, and UUIDs on PostgreSQL, are written into the statement when it is executed. A database
does not know how many there are of a parameter. SQLite takes them for few, and sorts all of their
rows for a page. So does PostgreSQL once the statement is prepared, and it then compares each row
with each value, where it looks a row up among values that are written.
"""

from __future__ import annotations

import datetime
import json
import typing as t
import uuid
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import elements, operators

from .binary_clauses import FoundText, binary_parts
from .dialects import MYSQL, POSTGRESQL, SQLITE, declared_type

#: The most values that are parameters of their own. A database takes so many at most, and to write
#: and to read 1,000 of them takes as long as many a statement.
MAX_PARAMETERS = 200
#: Types of values of which many are one parameter.
_OF_LISTS = ({int}, {str}, {datetime.date}, {datetime.datetime}, {uuid.UUID})
#: Their types in arrays, and in JSON.
_IN_ARRAYS = (sa.Integer, sa.String, sa.Uuid, sa.Date, sa.DateTime)
_IN_JSON = (sa.Integer, sa.String)
_WRITTEN_AS_TEXTS = (sa.Uuid, sa.Date, sa.DateTime)
_WIDEST = range(-(2**63), 2**63)


class AmongMany(elements.BinaryExpression[bool]):
    """Whether a column has one of many values.

    :param made: the same with IN, of which the values are one parameter.
    """

    inherit_cache = True

    def __init__(self, made: t.Any) -> None:
        left, right, operator, options = binary_parts(made)
        super().__init__(left, right, operator, **options)

    def _negate(self) -> t.Any:
        # SQLAlchemy would make a NOT IN of its own class of it.
        grouped = self.self_group(against=operators.inv)
        return elements.UnaryExpression(grouped, operator=operators.inv, type_=self.type)


class FoundMany(AmongMany):
    """Whether an exact text is one of many texts of ASCII, of which an index of MySQL finds it."""

    inherit_cache = True


def are_many(values: list[t.Any]) -> bool:
    """Tell whether values are one parameter, since they may be too many to be one each."""
    types = {*map(type, values)} if len(values) > MAX_PARAMETERS else None
    if types not in _OF_LISTS:
        return False
    # SQLite ends a text of JSON in front of NUL.
    return types != {str} or not any("\0" in each for each in values)


class _JsonList(sa.TypeDecorator[t.Any]):
    """A list as a text of JSON."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: t.Any) -> str:
        _check_integers(each for each in value if type(each) is int)
        return json.dumps(value, ensure_ascii=False)


class _WrittenList(sa.TypeDecorator[t.Any]):
    """A list of integers, or of UUIDs, with commas.

    INVARIANT: nothing is written into a statement but digits, signs and what ``str`` makes of a
    UUID.
    """

    impl = sa.Text
    cache_ok = True

    def process_literal_param(self, value: t.Any, dialect: t.Any) -> str:
        types = {*map(type, value)}
        if types == {int}:
            _check_integers(value)
        elif types != {uuid.UUID}:
            raise TypeError("A list of integers, or of UUIDs, has other values.")
        return ",".join(map(str, value))

    def literal_processor(self, dialect: t.Any) -> Callable[[t.Any], str]:
        # The one of a text would quote it.
        return lambda value: self.process_literal_param(value, dialect)


def _check_integers(values: Iterable[int]) -> None:
    # SQLite would read larger ones as floats.
    if not all(each in _WIDEST for each in values):
        raise OverflowError("An integer of a list has more than 64 bits.")


@compiles(AmongMany)
def _among(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_binary(element, **keywords))


@compiles(AmongMany, *POSTGRESQL)
def _among_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    if not _is_of(element.right.type, _IN_ARRAYS):
        return _among(element, compiler, **keywords)
    column = compiler.process(element.left, **keywords)
    type_ = declared_type(element.right, compiler)
    if _is_written(type_):
        values = _written(element.right, compiler, keywords)
        array = compiler.dialect.type_compiler_instance.process(postgresql.ARRAY(type_))
        return f"({column} = ANY (CAST('{{{values}}}' AS {array})))"
    if isinstance(type_, sa.String):
        # A text in an array of VARCHAR(20) would be cut off, and equal others.
        type_ = sa.String(collation=type_.collation)
    whole: t.Any = _whole(element.right, postgresql.ARRAY(type_))
    if keywords.get("literal_binds") and isinstance(type_, _WRITTEN_AS_TEXTS):
        # Written out, it would be an array of texts, which no time equals.
        whole = sa.cast(whole, postgresql.ARRAY(type_))
    return f"({column} = ANY ({compiler.process(whole, **keywords)}))"


@compiles(AmongMany, *SQLITE)
def _among_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    if not _is_of(element.right.type, _IN_JSON):
        return _among(element, compiler, **keywords)
    column = compiler.process(element.left, **keywords)
    if isinstance(element.right.type, sa.Integer):
        return f"({column} IN ({_written(element.right, compiler, keywords)}))"
    values = compiler.process(_whole(element.right, _JsonList()), **keywords)
    return f"({column} IN (SELECT value FROM json_each({values})))"


@compiles(FoundMany, *MYSQL)
def _found_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.process(FoundText(element), **keywords))


def _is_of(type_: t.Any, types: tuple[type, ...]) -> bool:
    return isinstance(type_, types) and not isinstance(type_, sa.Enum)


def _is_written(type_: t.Any) -> bool:
    """Tell whether the values of a type are integers, or UUIDs as PostgreSQL reads them."""
    is_uuid = isinstance(type_, sa.Uuid) and type_.as_uuid and type_.native_uuid
    return is_uuid or isinstance(type_, sa.Integer)


def _written(parameter: t.Any, compiler: t.Any, keywords: dict[str, t.Any]) -> str:
    """Return the values of a parameter, as they are written when the statement is executed."""
    whole = _whole(parameter, _WrittenList())
    whole.literal_execute = True
    return str(compiler.process(whole, **keywords))


def _whole(parameter: t.Any, type_: t.Any) -> t.Any:
    """Return the parameter of IN as one that stays a list."""
    # It has the key of the other one, by which SQLAlchemy finds the values of a kept statement.
    made = parameter._clone(maintain_key=True)
    made.expanding = False
    made.type = type_
    return made
