"""What an object has loaded: a check reads that, so a statement must not find other rows.

A loaded relation may differ from the database: ``selectinload(User.roles.and_(...))``,
``contains_eager``, ``noload`` and ``set_committed_value`` omit rows. In goes an object and
relations; out comes whether a statement finds the same rows, and the rows of a loaded list.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import orm

from ..polar.exceptions import UnsupportedError
from .tables import attribute_name

#: The most parameters that every database takes in one statement.
_MOST = 10_000


def is_stored(value: t.Any, names: Sequence[str]) -> bool:
    """Tell whether the database has an object, and its related rows, as they are in Python.

    :param names: a chain of relations, each starting where the one before ends.
    """
    state: t.Any = sa.inspect(value, raiseerr=False)
    if not isinstance(state, orm.InstanceState) or state.identity is None or state.modified:
        return False
    states = [state]
    for depth, name in enumerate(names):
        found: list[t.Any] = []
        for each in states:
            following = _followed(each, name, depth == 0)
            if following is None:
                return False
            found += following
        states = found
    return True


def _followed(state: t.Any, name: str, is_first: bool) -> list[t.Any] | None:
    """Return the states of loaded related rows; ``None`` if a statement may find others."""
    relation = state.mapper.relationships.get(name)
    if relation is None:
        return []
    if name not in state.dict:
        return None if any(map(chooses_rows, state.load_options)) else []
    value = state.dict[name]
    if relation.uselist:
        states = [sa.inspect(each, raiseerr=False) for each in value]
        are_rows = all(getattr(each, "identity", None) is not None for each in states)
        return states if is_first and are_rows else None
    return _followed_one(state, relation, value)


def _followed_one(state: t.Any, relation: t.Any, value: t.Any) -> list[t.Any] | None:
    """Return the state of a loaded row, if its key equals the foreign key; else ``None``."""
    keys = {far: near for near, far in relation.local_remote_pairs}
    is_direct = relation.direction is orm.MANYTOONE and set(keys) == set(
        relation.mapper.primary_key
    )
    if not is_direct:
        return None
    names = [attribute_name(state.mapper, keys[column]) for column in relation.mapper.primary_key]
    if any(name not in state.dict for name in names):
        return None
    key = tuple(state.dict[name] for name in names)
    other: t.Any = None if value is None else sa.inspect(value, raiseerr=False)
    if other is None:
        return [] if None in key else None
    return [other] if other.identity == key else None


def chooses_rows(option: t.Any) -> bool:
    """Tell whether a loader option of an object may omit rows of its relations."""
    if not isinstance(option, orm.Load):
        return True
    return any(
        each._extra_criteria or ("lazy", "noload") in (each.strategy or ())
        for each in option.context
    )


def loaded_rows(value: t.Any, name: str) -> list[t.Any] | None:
    """Return the rows of a loaded to-many relation; ``None`` if it is not loaded.

    :raises UnsupportedError: if they are too many for one statement.
    """
    state: t.Any = sa.inspect(value)
    relation = state.mapper.relationships.get(name)
    if relation is None or not relation.uselist or name not in state.dict:
        return None
    rows = list(state.dict[name])
    if len(rows) > _MOST:
        raise UnsupportedError(
            f"{name!r} of this {type(value).__name__!r} is loaded and has {len(rows)} rows, more"
            " than a statement takes. Expire it, so that the database looks for them."
        )
    return rows
