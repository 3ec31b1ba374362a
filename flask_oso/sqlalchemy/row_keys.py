"""Which objects are one row: those of one class with one primary key, whatever their session.

A class with an ``__eq__`` of its own says itself what its objects equal; that which SQLAlchemy
has dataclasses write compares the key with all the rest, and is none.
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
        # Two threads may both find the same out.
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
        # The key names the class, the values, and the shard, of which there mostly is one.
        mine = instance_state(left).key
        return mine is not None and bool(mine == instance_state(right).key)


def _has_keys(cls: type) -> bool:
    is_mapped = isinstance(sa.inspect(cls, raiseerr=False), orm.Mapper)
    return is_mapped and own_equality((cls,)) == (None, False)
