"""Which objects are the same row: those of one class with one primary key, in any session.

A class with an ``__eq__`` of its own decides itself. The ``__eq__`` that SQLAlchemy's dataclass
mapping generates compares the key with all other fields, and does not count as one.
"""

from __future__ import annotations

import typing as t
import weakref

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm.attributes import instance_state

from .mapping import own_equality


class RowKeys:
    """Compares the objects of mapped classes."""

    def __init__(self) -> None:
        # Two threads may compute the same entry.
        self._known: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()

    def has_keys(self, cls: type) -> bool:
        """Tell whether a class is mapped, and has no equality of its own."""
        known = self._known.get(cls)
        if known is None:
            known = self._known[cls] = _has_keys(cls)
        return known

    def is_same(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether two objects of one class are one row; without a key, one object."""
        if left is right:
            return True
        # The identity key has the class, the values, and the identity token (the shard).
        mine = instance_state(left).key
        return mine is not None and bool(mine == instance_state(right).key)


def _has_keys(cls: type) -> bool:
    is_mapped = isinstance(sa.inspect(cls, raiseerr=False), orm.Mapper)
    return is_mapped and own_equality((cls,)) == (None, False)
