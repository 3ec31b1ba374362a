"""Comparisons that databases spell in ways of their own: of keys of several columns, texts, times.

Each is a ``BinaryExpression`` with a compiler per dialect, so that SQLAlchemy copies, negates and
caches it as any other.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import elements, operators

from .dialects import MYSQL, SQLITE


class KeyAmong(elements.BinaryExpression[bool]):
    """Whether a key of several columns is one of some: ``(a, b) IN …``.

    :param key: the columns.
    :param keys: keys as values, or a SELECT of such columns.
    """

    inherit_cache = True

    def __init__(self, key: Sequence[t.Any], keys: t.Any) -> None:
        left, right, operator, options = binary_parts(sa.tuple_(*key).in_(keys))
        super().__init__(left, right, operator, **options)

    def _negate(self) -> t.Any:
        # SQLAlchemy would make a NOT IN of its own class of it.
        grouped = self.self_group(against=operators.inv)
        return elements.UnaryExpression(grouped, operator=operators.inv, type_=self.type)


class FoundText(elements.BinaryExpression[bool]):
    """An exact comparison of a text with known texts of ASCII, and a plain one beside it.

    The exact one converts the column, so that MySQL would look at each row. The plain one finds few
    rows by an index. It holds wherever the exact one does, whatever the collation of the column is.

    :param made: such a comparison, with ``=`` or ``IN``.
    """

    inherit_cache = True

    def __init__(self, made: t.Any) -> None:
        left, right, operator, options = binary_parts(made)
        super().__init__(left, right, operator, **options)

    def _negate(self) -> t.Any:
        # An index is of no use to find what differs.
        return _plain_binary(self)._negate()


class FoundTime(FoundText):
    """A comparison of a time that a database may have written with a known one, and a plain one.

    The plain one finds rows by an index in SQLite. It holds wherever the exact one does.

    :param made: such a comparison, with the column, a ``TimeAsRead``, on the left.
    """

    inherit_cache = True


def _plain_binary(made: t.Any) -> t.Any:
    left, right, operator, options = binary_parts(made)
    return elements.BinaryExpression(left, right, operator, **options)


def binary_parts(made: t.Any) -> tuple[t.Any, t.Any, t.Any, dict[str, t.Any]]:
    """Return what a comparison is made of."""
    options = {"type_": made.type, "negate": made.negate, "modifiers": made.modifiers}
    return made.left, made.right, made.operator, options


@compiles(FoundText)
def _found_text(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_binary(element, **keywords))


@compiles(FoundText, *MYSQL)
def _found_text_mysql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    exact = compiler.visit_binary(element, **keywords)
    plain = _plain_binary(element)
    (plain.left,) = element.left.clauses
    return f"({compiler.process(plain, **keywords)} AND {exact})"


@compiles(FoundTime)
def _found_time(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_binary(element, **keywords))


@compiles(FoundTime, *SQLITE)
def _found_time_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    exact = compiler.visit_binary(element, **keywords)
    (column,) = (compiler.process(each, **keywords) for each in element.left.clauses)
    time = compiler.process(element.right, **keywords)
    # A time without zeros at its end is a beginning of the one that it is compared as.
    least = f"rtrim(rtrim({time}, '0'), '.')"
    plain = _PLAIN_TIMES[element.operator].format(column=column, time=time, least=least)
    return f"({plain} AND {exact})"


#: What holds of the text of a time wherever a comparison of the time does.
_PLAIN_TIMES: dict[t.Any, str] = {
    operators.eq: "{column} BETWEEN {least} AND {time}",
    operators.lt: "{column} < {time}",
    operators.le: "{column} <= {time}",
    operators.gt: "{column} > {time}",
    operators.ge: "{column} >= {least}",
}


@compiles(KeyAmong)
def _among(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_binary(element, **keywords))


@compiles(KeyAmong, *SQLITE)
def _among_sqlite(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # SQLite finds rows by an index for a list of several columns that one SELECT makes alone.
    united = getattr(element.right, "element", None)
    if not isinstance(united, sa.CompoundSelect):
        return _among(element, compiler, **keywords)
    parts = (KeyAmong(element.left.clauses, each) for each in united.selects)
    return f"({' OR '.join(compiler.process(each, **keywords) for each in parts)})"


@compiles(KeyAmong, "mssql")
def _among_mssql(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    # SQL Server compares no tuples, but makes a table of values, and of a SELECT.
    keys = compiler.process(element.right, **keywords)
    if isinstance(element.right, sa.BindParameter):
        keys = f"(VALUES {keys.removeprefix('(').removesuffix(')')})"
    columns = [compiler.process(each, **keywords) for each in element.left.clauses]
    names = [f"key_{number}" for number in range(len(columns))]
    equal = (f"oso_keys.{name} = {each}" for name, each in zip(names, columns, strict=True))
    return (
        f"EXISTS (SELECT 1 FROM {keys} AS oso_keys ({', '.join(names)})"
        f" WHERE {' AND '.join(equal)})"
    )
