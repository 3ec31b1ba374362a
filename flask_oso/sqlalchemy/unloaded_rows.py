"""Rows with a relation that is not loaded, and whether one of them leads to a given row.

In go rows of one class. Their foreign keys, kept in one set, tell which rows they lead to: a
look-up costs the same however many they are. A few rows are asked one by one.
"""

from __future__ import annotations

import typing as t

from sqlalchemy.orm.attributes import instance_state

from ..polar.host.registry import RowTest

#: The most rows that are asked one by one sooner than their keys are sorted.
_FEW = 3


class ForeignKey(t.Protocol):
    """What tells by foreign keys to which row a relation leads."""

    test: RowTest
    #: Whether rows are equal exactly if their keys are.
    is_exact: bool

    def key_of(self, row: t.Any) -> t.Any: ...


class UnloadedRows:
    """Rows whose relation is not loaded.

    :param foreign: the foreign key of the relation.
    :param rows: the rows, of which the ``chosen`` ones are looked for. Of the others, too, only a
        read may tell to which row they lead.
    """

    __slots__ = ("_begins", "_chosen", "_foreign", "_keys", "_others", "_rows")

    def __init__(self, foreign: ForeignKey, rows: list[t.Any], chosen: list[t.Any]) -> None:
        self._foreign = foreign
        self._rows = rows
        self._chosen = {*map(id, chosen)}
        #: What all keys begin with: the class, the session, and the classes of their values.
        self._begins: t.Any = None
        #: The rows that are asked one by one.
        self._others: list[t.Any] = []
        self._keys = self._sort()

    def holds(self, other: t.Any) -> bool | None:
        """Tell whether one that is chosen leads to a row; ``None`` if only reading can tell."""
        state: t.Any = instance_state(other)
        found, asked = False, self._others
        if self._begins is not None:
            if self._is_usual(other, state):
                found = state.key[1] in self._keys
            else:
                asked = self._rows
        for row in asked:
            answer = self._foreign.test(row, other)
            if answer is None:
                return None
            found = found or (answer and id(row) in self._chosen)
        return found

    def _sort(self) -> set[tuple[t.Any, ...]]:
        """Return the foreign keys that tell at once to which rows they lead."""
        keys: set[tuple[t.Any, ...]] = set()
        if len(self._rows) <= _FEW:
            self._others = self._rows
            return keys
        for row in self._rows:
            found = self._foreign.key_of(row) if self._foreign.is_exact else None
            *begins, key = found or (None,)
            # Texts may be equal in the database that differ in Python.
            if key is None or str in begins[-1]:
                self._others.append(row)
                continue
            if self._begins is None:
                self._begins = begins
            if self._begins != begins:
                self._others.append(row)
            elif id(row) in self._chosen:
                keys.add(key)
        return keys

    def _is_usual(self, other: t.Any, state: t.Any) -> bool:
        """Tell whether reading a relation would find a row, if it has its key."""
        cls, session, kinds = self._begins
        key = state.key
        return (
            key is not None
            and key[2] is None
            and state.session_id == session
            and not (state._deleted or state.expired)
            and [*map(type, key[1])] == kinds
            and isinstance(other, cls())
        )
