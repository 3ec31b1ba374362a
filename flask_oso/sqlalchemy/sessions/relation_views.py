"""The two values of a relation: what the actor may read of it, and all of it.

A relation that a program loads is filtered, and stays in the object; a policy that reads the same
relation needs all of its rows, and what it loads must not stay for the program. So the values are
exchanged when a policy begins to read, and back when it has ended. Neither is loaded twice.

INVARIANT: while a policy reads, no relation has a value that was filtered; while a program runs,
none has a value that was not. So the sessions of other requests are left alone: their programs may
run while the policy reads.
"""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy import orm

from ...polar.exceptions import OsoError
from ...row_access.waivers import Waiver
from .hierarchies import Hierarchies

_Values = dict[str, t.Any]
_Taken = list[tuple[t.Any, str, t.Any]]


class RelationViews:
    """The values of relations of the objects of one session.

    :param guarded: gives the guarded classes; relations to others have one value.
    """

    def __init__(self, session: orm.Session, guarded: Callable[[], Hierarchies]) -> None:
        self._session = weakref.ref(session)
        self._guarded = guarded
        #: The guarded classes for which relations are known.
        self._known: Hierarchies | None = None
        #: The actor whose rows the program sees now; ``None`` before the first one.
        self.reader: object = None
        self._relations: dict[t.Any, tuple[str, ...]] = {}
        self._lists: dict[t.Any, frozenset[str]] = {}
        self._full: weakref.WeakKeyDictionary[t.Any, _Values] = weakref.WeakKeyDictionary()
        self._before: dict[t.Any, frozenset[str]] | None = None
        self._waiver: Waiver | None = None
        #: The requests, or contexts of an app, in which the session is read.
        self._places: weakref.WeakSet[t.Any] = weakref.WeakSet()
        self._has_place = False

    def note_place(self, place: object) -> None:
        """Note that the session is read in a request; ``None`` is outside of any."""
        if place is not None and place not in self._places:
            self._places.add(place)
            self._has_place = True

    def is_elsewhere(self, place: object) -> bool:
        """Tell whether the session belongs to other requests.

        They may go on meanwhile, and several may ask at a time about what an ended one has left.
        """
        return self._has_place and place not in self._places

    def begin(self, waiver: Waiver) -> None:
        """Put the values of the program aside until the end.

        :raises OsoError: a list was changed, and is not flushed by itself.
        """
        session = self._session()
        # Objects are looked through each time: a result may load some whenever it is iterated.
        if session is None or self.reader is None:
            return
        if not self._full and not session.identity_map.all_states():
            return
        self._flush_lists(session)
        loaded = [*self._loaded(session)]
        aside = [(state, name, state.dict.pop(name)) for state, names in loaded for name in names]
        for state, values in [*self._full.items()]:
            for name, value in values.items():
                state.dict.setdefault(name, value)
        self._before, self._waiver = None, waiver
        waiver.endings.append(lambda: self._end(session, aside))

    def look(self, waiver: Waiver) -> None:
        """Note what is loaded before a policy loads more."""
        session = self._session()
        if session is None:
            return
        if self._waiver is not waiver:
            self._before, self._waiver = None, waiver
            waiver.endings.append(lambda: self._end(session, []))
        if self._before is None:
            self._before = {state: frozenset(names) for state, names in self._loaded(session)}

    def forget(self) -> None:
        """Have policies read relations again: the database has changed."""
        self._full.clear()

    def change(self, reader: object) -> None:
        """Expire what another actor has loaded."""
        session, was_known = self._session(), self.reader is not None
        self.reader = reader
        self.forget()
        if session is None or not was_known:
            return
        for state, names in [*self._loaded(session)]:
            row = state.obj()
            if row is not None:
                session.expire(row, names)

    def _end(self, session: orm.Session, aside: _Taken) -> None:
        if self._before is not None:
            for state, names in self._loaded(session):
                new = set(names) - self._before.get(state, frozenset())
                if new:
                    self._full.setdefault(state, {}).update({n: state.dict[n] for n in new})
            self._before = None
        for state, values in [*self._full.items()]:
            for name in values:
                if name in state.dict and name not in state.committed_state:
                    values[name] = state.dict.pop(name)
        for state, name, value in aside:
            state.dict.setdefault(name, value)

    def _loaded(self, session: orm.Session) -> Iterator[tuple[t.Any, list[str]]]:
        """Return the guarded relations that objects have loaded, and not changed."""
        self._update()
        for state in session.identity_map.all_states():
            values, changed = state.dict, state.committed_state
            names = self._relations_of(state.manager.mapper)
            loaded = [each for each in names if each in values and each not in changed]
            if loaded:
                yield state, loaded

    def _flush_lists(self, session: orm.Session) -> None:
        """Flush lists that were changed: a policy has to see all of their rows."""
        if not session.identity_map.check_modified():
            return
        for state in session.identity_map.all_states():
            mapper = state.manager.mapper
            changed = {each for each in self._relations_of(mapper) if each in state.committed_state}
            changed &= self._lists[mapper].intersection(state.dict)
            if not changed:
                continue
            if not session.autoflush:
                raise OsoError(
                    f"{min(changed)!r} of a {state.class_.__name__!r} was changed after it was"
                    " filtered, so a policy cannot tell which rows it has. Flush the session"
                    " before."
                )
            session.flush()
            return

    def _update(self) -> Hierarchies:
        """Forget which relations are guarded, if the guarded classes have changed."""
        guarded = self._guarded()
        if guarded is not self._known:
            self._known = guarded
            self._relations.clear()
        return guarded

    def _relations_of(self, mapper: t.Any) -> tuple[str, ...]:
        known = self._relations.get(mapper)
        if known is None:
            guarded = self._update()
            relations = [
                each
                for each in t.cast(t.Any, sa.inspect(mapper)).relationships
                if guarded.root_of(each.mapper) is not None
            ]
            self._lists[mapper] = frozenset(each.key for each in relations if each.uselist)
            known = self._relations[mapper] = tuple(each.key for each in relations)
        return known
