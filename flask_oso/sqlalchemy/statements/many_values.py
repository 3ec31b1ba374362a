"""Lists with many values, each of them passed as one parameter.

In goes the IN of a column and known values; out comes an element that PostgreSQL is given as an
array, and SQLite as JSON. Other databases are given each value, as always.
"""

from __future__ import annotations

import datetime
import json
import typing as t
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import elements, operators

from .binary_clauses import FoundText, binary_parts
from .dialects import MYSQL, POSTGRESQL, SQLITE

#: The most values that are parameters of their own. A database takes so many at most, and to write
#: and to read 1,000 of them takes as long as many a statement.
MAX_PARAMETERS = 200
#: Types of values of which many are one parameter.
_OF_LISTS = ({int}, {str}, {datetime.date}, {datetime.datetime}, {uuid.UUID})
#: Their types in arrays, and in JSON.
_IN_ARRAYS = (sa.Integer, sa.String, sa.Uuid, sa.Date, sa.DateTime)
_IN_JSON = (sa.Integer, sa.String)
_WRITTEN_AS_TEXTS = (sa.Uuid, sa.Date, sa.DateTime)


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
        # Larger integers would be read as floats.
        if any(type(each) is int and not -(2**63) <= each < 2**63 for each in value):
            raise OverflowError("An integer of a list has more than 64 bits.")
        return json.dumps(value, ensure_ascii=False)


@compiles(AmongMany)
def _among(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_binary(element, **keywords))


@compiles(AmongMany, *POSTGRESQL)
def _among_postgresql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    if not _is_of(element.right.type, _IN_ARRAYS):
        return _among(element, compiler, **keywords)
    column, type_ = compiler.process(element.left, **keywords), element.right.type
    if isinstance(type_, sa.String):
        # A text in an array of VARCHAR(20) would be cut off, and equal others.
        type_ = sa.String(collation=type_.collation)
    array: t.Any = _whole(element.right, postgresql.ARRAY(type_))
    if keywords.get("literal_binds") and isinstance(type_, _WRITTEN_AS_TEXTS):
        # Written out, it would be an array of texts, which no time equals.
        array = sa.cast(array, postgresql.ARRAY(type_))
    return f"({column} = ANY ({compiler.process(array, **keywords)}))"


@compiles(AmongMany, *SQLITE)
def _among_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    if not _is_of(element.right.type, _IN_JSON):
        return _among(element, compiler, **keywords)
    column = compiler.process(element.left, **keywords)
    values = compiler.process(_whole(element.right, _JsonList()), **keywords)
    return f"({column} IN (SELECT value FROM json_each({values})))"


@compiles(FoundMany, *MYSQL)
def _found_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.process(FoundText(element), **keywords))


def _is_of(type_: t.Any, types: tuple[type, ...]) -> bool:
    return isinstance(type_, types) and not isinstance(type_, sa.Enum)


def _whole(parameter: t.Any, type_: t.Any) -> t.Any:
    """Return the parameter of IN as one that stays a list."""
    # It has the key of the other one, by which SQLAlchemy finds the values of a kept statement.
    made = parameter._clone(maintain_key=True)
    made.expanding = False
    made.type = type_
    return made
