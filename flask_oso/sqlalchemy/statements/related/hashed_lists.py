"""Related rows that PostgreSQL is asked for once, for a statement that reads all rows.

Beside an ``or`` PostgreSQL makes no join of EXISTS. It looks a row up in a hash table, or asks for
each, whichever takes less; but it counts the cost of asking for each. A statement that takes a
tenth of a second then seems to be worth seconds of compiling (``jit``). IN has its own cost.

IN alone is no answer. Its list may have many more rows than are asked about, where EXISTS asks for
a few; and of a list that seems too long for a hash table PostgreSQL reads all, for each row. So the
list has no more keys than the table itself: those to which its rows lead. Finding these is a join,
of which PostgreSQL chooses the kind.

In goes a condition, or a join of related rows; out comes where such lists help, and the clause.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from ....polar.residual.algebra.ir import (
    Column,
    Exists,
    Not,
    Or,
    Root,
    RowCondition,
    Unlinked,
    children_of,
    conjuncts_of,
)
from ...mapped.mapper_facts import MapperFacts
from ..dialects import ByHeldKey
from .read_rows import needs_all_rows
from .semijoins import SemiJoin, could_be_list, is_anchored, reads_rows

#: The column of a list. It is selected from a list with this name, which hides no other one.
KEY, _LIST = "oso_key", "oso_list"
_ONE: t.Any = sa.literal_column("1")


def reads_all(condition: RowCondition, names: MapperFacts) -> bool:
    """Tell whether a condition is asked of all rows of a table: no index finds some of them.

    Another one of few rows is asked for each.
    """
    return not any(
        isinstance(each, Exists) or _may_be_found(each, names) for each in conjuncts_of(condition)
    )


def _may_be_found(part: RowCondition, names: MapperFacts) -> bool:
    if isinstance(part, Or):
        # Beside an `or` no index finds what is on a list.
        return all(
            any(
                _may_be_found(each, names) and not reads_rows(each, names)
                for each in conjuncts_of(way)
            )
            for way in part.parts
        )
    if isinstance(part, Unlinked) or is_anchored(part, names):
        return True
    return not isinstance(part, Exists | Not) and any(
        isinstance(each.row, Root) and names.is_key(each.row.cls, each.name)
        for each in _columns_of(part)
    )


def _columns_of(part: t.Any) -> t.Iterator[Column]:
    stack = [part]
    while stack:
        each = stack.pop()
        if isinstance(each, Column):
            yield each
        stack.extend(children_of(each))


def has_hashed_list(join: SemiJoin) -> bool:
    """Tell whether the rows of a join may be listed by a key of rows in scope."""
    # Keys have types that can be hashed.
    return (
        not join.is_anchored and could_be_list(join) and not any(e.comparison for e in join.outer)
    )


class SoughtOrHashed(ByHeldKey):
    """Whether a row is there: sought for each row, or looked up in a hash table of all.

    The arguments are EXISTS, a column, and a SELECT of ``KEY``, in which the values of the column
    are for which EXISTS is true. Neither is NULL.
    """

    inherit_cache = True
    name = "sought_or_hashed"


def keys_of(rows: t.Any, own: t.Any, mine: t.Any, far: t.Any) -> t.Any:
    """Select the keys of rows to which rows of a table lead.

    :param rows: selects the rows.
    :param own: the table, under another name.
    :param mine: its column that leads to them.
    :param far: their column.
    """
    leading = sa.select(_ONE).select_from(own).where(mine == far).correlate_except(own)
    return _apart(rows.where(leading.exists()))


def keys_with(own: t.Any, mine: t.Any, sought: t.Any) -> t.Any:
    """Select the keys of rows of a table for which another row is there."""
    return _apart(sa.select(mine.label(KEY)).select_from(own).where(sought).correlate(None))


def _apart(keys: t.Any) -> t.Any:
    """Return a SELECT that PostgreSQL plans on its own."""
    return keys.offset(sa.literal_column("0"))


@compiles(SoughtOrHashed)
def _sought(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return f"({compiler.process(next(iter(element.clauses)), **keywords)})"


@compiles(SoughtOrHashed, "postgresql", "timescaledb")
def _sought_or_hashed(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    if not needs_all_rows(compiler, SoughtOrHashed):
        return _sought(element, compiler, **keywords)
    # EXISTS is not asked, and so it is not compiled either.
    near, keys = (compiler.process(each, **keywords) for each in [*element.clauses][1:])
    key = f"{_LIST}.{KEY}"
    # What a column is not distinct from itself seems to be true of few rows: it is hashed, however
    # many there are.
    return (
        f"(({near} IN (SELECT {key} FROM {keys} AS {_LIST}"
        f" WHERE {key} IS NOT DISTINCT FROM {key})) IS TRUE)"
    )
