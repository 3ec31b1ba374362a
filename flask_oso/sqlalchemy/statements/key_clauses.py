"""Clauses on the keys of rows, and on values of objects."""

from __future__ import annotations

import operator
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import visitors


def conjunction(clauses: list[t.Any]) -> t.Any:
    """Return the conjunction of clauses, of which there is often one."""
    return clauses[0] if len(clauses) == 1 else sa.and_(sa.true(), *clauses)


def has_nil(values: list[t.Any]) -> bool:
    """Tell whether one of the values of an object is nil, so that nothing equals them."""
    return any(value is None for value in values)


def as_value(key: list[t.Any]) -> t.Any:
    """Return the columns of a key as one value."""
    return key[0] if len(key) == 1 else sa.tuple_(*key)


def negation(found: t.Any) -> t.Any:
    """Negate a condition that may be NULL, which counts as false."""
    return sa.case((found, sa.false()), else_=sa.true())


def identity_of(value: t.Any) -> t.Any:
    """Return the primary key of an object; ``None`` if it was not stored."""
    state = sa.inspect(value, raiseerr=False)
    return state.identity if isinstance(state, orm.InstanceState) else None


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


def among_keys(key: list[t.Any], objects: list[t.Any]) -> t.Any:
    """Return the condition that a key is that of one of several stored objects."""
    found = [identity for each in objects if (identity := identity_of(each)) is not None]
    if not found:
        return sa.false()
    if len(key) == 1:
        values = [identity[0] for identity in found]
        return key[0] == values[0] if len(values) == 1 else key[0].in_(values)
    return sa.or_(*(sa.and_(*map(operator.eq, key, identity)) for identity in found))
