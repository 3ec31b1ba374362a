"""Clauses on the keys of rows, and on values of objects."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from .binary_clauses import KeyAmong
from .known_values import KnownValue


def conjunction(clauses: list[t.Any]) -> t.Any:
    """Return the conjunction of clauses, of which there is often one."""
    return clauses[0] if len(clauses) == 1 else sa.and_(sa.true(), *clauses)


def has_nil(values: list[t.Any]) -> bool:
    """Tell whether one of the values of an object is nil, so that nothing equals them."""
    return any(
        value is None or (isinstance(value, KnownValue) and value.value is None) for value in values
    )


def listed(key: list[t.Any], keys: t.Any) -> t.Any:
    """Return the condition that a key is one of those that are selected.

    It may be that of a known object, such as the folder of a row of which the actors are listed.
    """
    columns = keys.selected_columns
    key = [
        sa.literal(each.alone(), column.type) if isinstance(each, KnownValue) else each
        for each, column in zip(key, columns, strict=True)
    ]
    return key[0].in_(keys) if len(key) == 1 else KeyAmong(key, keys)


def named_key(column: t.Any, number: int) -> t.Any:
    """Give a column of a key the name that it has in a common table expression.

    What is selected from that then is a plain column: one with the facts of a table, as a column of
    a model would be, takes many times as long to make.
    """
    return sa.type_coerce(column, column.type).label(f"key_{number}")


def negation(found: t.Any) -> t.Any:
    """Negate a condition that may be NULL, which counts as false."""
    return sa.case((found, sa.false()), else_=sa.true())


def joined(sources: list[t.Any], where: list[t.Any]) -> t.Any:
    """Join what a recursive query reads, last the rows before, by conditions on all of it."""
    source, *others, before = sources
    for each in others:
        source = source.join(each, sa.true())
    return source.join(before, sa.and_(sa.true(), *where))


def with_values(clause: t.Any) -> t.Any:
    """Give each parameter of a clause its current value and a unique name.

    INVARIANT: after a relation was loaded lazily, ``with_parent`` uses one parameter name for all
    objects: within one statement, one object would be taken for another.
    """

    def replace(element: t.Any, **_: t.Any) -> t.Any:
        if isinstance(element, sa.BindParameter):
            return sa.literal(element.effective_value, element.type)
        return None

    return visitors.replacement_traverse(clause, {}, replace)
