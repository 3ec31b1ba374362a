"""Rows of which only the key is asked for, read from the foreign keys that refer to them.

In goes a table with the conditions on its rows; out comes a column of another table with the same
keys, if there is one. As elsewhere in lists, foreign keys are taken to hold.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql import operators, visitors

from ...mapped.tables import TableSource
from ..key_clauses import named_key
from .listed_keys import ListedKey


def selected_keys(target: TableSource, key: Sequence[t.Any], where: t.Any) -> t.Any:
    """Return a SELECT of the keys that a condition allows, without the table of the keys.

    ``key IN (SELECT …)  =>  SELECT …``

    :return: ``None`` if the condition is another one, or keys are not all that is asked for.
    """
    if not _is_of_keys(target, key) or not _compares(where, operators.in_op):
        return None
    select = getattr(where.right, "element", None)
    if where.left is not key[0] or type(select) is not sa.Select:
        return None
    column, *others = select._raw_columns
    if others or not _refers(column, key[0]):
        return None
    return select.with_only_columns(named_key(column, 0)).where(*_is_there(column))


def equal_key(
    target: TableSource, key: Sequence[t.Any], where: Sequence[t.Any]
) -> tuple[t.Any, list[t.Any]] | None:
    """Return a foreign key that equals the key of each row, and the remaining conditions.

    :return: ``None`` if there is none, or the conditions read more of the rows.
    """
    if not _is_of_keys(target, key):
        return None
    for at, each in enumerate(where):
        others = [*where[:at], *where[at + 1 :]]
        if not _compares(each, operators.eq) or any(_reads(other, target) for other in others):
            continue
        for mine, other in ((each.left, each.right), (each.right, each.left)):
            if mine is key[0] and _refers(other, key[0]):
                return other, [*others, *_is_there(other)]
    return None


def _is_of_keys(target: TableSource, key: Sequence[t.Any]) -> bool:
    """Tell whether each row of a table belongs to the class, and its key is one column."""
    of_one_table = isinstance(getattr(target.selectable, "element", None), sa.Table)
    return len(key) == 1 and of_one_table and target.criterion() is None


def _compares(clause: t.Any, operator: t.Any) -> bool:
    return type(clause) in (sa.BinaryExpression, ListedKey) and clause.operator is operator


def _refers(column: t.Any, key: t.Any) -> bool:
    """Tell whether a column is a foreign key to a key."""
    is_column = isinstance(column, sa.Column)
    return is_column and any(each.column in key.base_columns for each in column.foreign_keys)


def _is_there(column: t.Any) -> list[t.Any]:
    # A NULL among keys would make NULL of what is asked about all others.
    return [column.is_not(None)] if column.nullable is not False else []


def _reads(clause: t.Any, target: TableSource) -> bool:
    return any(
        getattr(each, "table", None) is target.selectable for each in visitors.iterate(clause)
    )
