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
from collections.abc import Callable

from sqlalchemy import orm

from ...polar.exceptions import OsoError
from ...row_access.waivers import Waiver
from .hierarchies import Hierarchies

_Values = dict[str, t.Any]
#: Values that were taken out of the values of objects, each with its name.
_Taken = list[tuple[_Values, str, t.Any]]
#: An object, the values that it has, and those of their names that are meant.
_Loaded = tuple[t.Any, _Values, list[str]]


class _Relations(t.NamedTuple):
    """The guarded relations of a class, by their names."""

    all: tuple[str, ...]
    lists: frozenset[str]
    #: Those to the one row that a key names. Who may not read it has ``None``, and everybody else
    #: the same row, so that only ``None`` is exchanged.
    keyed: frozenset[str]
    others: frozenset[str]


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
        self._relations: dict[type, _Relations] = {}
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
        aside = [(values, each, values.pop(each)) for values, each in self._filtered(session)]
        for state, full in [*self._full.items()]:
            values = state.dict
            for name in [*full]:
                if name in values:
                    # The program has the row of a key, or has set another one.
                    del full[name]
                else:
                    values[name] = full[name]
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
            self._before = {state: frozenset(names) for state, _, names in self._loaded(session)}

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
        for state, _, names in self._loaded(session):
            row = state.obj()
            if row is not None:
                session.expire(row, names)

    def _end(self, session: orm.Session, aside: _Taken) -> None:
        if self._before is not None:
            for state, values, names in self._loaded(session):
                new = set(names) - self._before.get(state, frozenset())
                if new:
                    self._full.setdefault(state, {}).update({n: values[n] for n in new})
            self._before = None
        for state, full in [*self._full.items()]:
            values, changed = state.dict, state.committed_state
            for name in full:
                if name in values and name not in changed:
                    full[name] = values.pop(name)
        for values, name, value in aside:
            values.setdefault(name, value)

    def _loaded(self, session: orm.Session) -> list[_Loaded]:
        """Return the guarded relations that objects have loaded, and not changed."""
        self._update()
        found = []
        for state in session.identity_map.all_states():
            values, changed = state.dict, state.committed_state
            names = self._relations_of(state).all
            loaded = [each for each in names if each in values and each not in changed]
            if loaded:
                found.append((state, values, loaded))
        return found

    def _filtered(self, session: orm.Session) -> list[tuple[_Values, str]]:
        """Return the loaded relations whose values may be others for a policy.

        Each decision looks through all objects of a session, so this has few steps for each.
        """
        self._update()
        relations, found = self._relations, []
        for state in session.identity_map.all_states():
            known, row = relations.get(state.class_) or self._relations_of(state), state.obj()
            if row is None or not known.all:
                continue
            values = row.__dict__
            names = [each for each in known.keyed if values.get(each, known) is None]
            if not known.others.isdisjoint(values):
                names += [each for each in known.others if each in values]
            if names:
                changed = state.committed_state
                found += [(values, each) for each in names if each not in changed]
        return found

    def _flush_lists(self, session: orm.Session) -> None:
        """Flush lists that were changed: a policy has to see all of their rows."""
        if not session.identity_map.check_modified():
            return
        for state in session.identity_map.all_states():
            lists = self._relations_of(state).lists
            changed = {each for each in lists if each in state.committed_state}
            changed &= state.dict.keys()
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

    def _relations_of(self, state: t.Any) -> _Relations:
        known = self._relations.get(state.class_)
        if known is None:
            guarded = self._update()
            relations = [
                each
                for each in t.cast(t.Any, state.manager.mapper).relationships
                if guarded.root_of(each.mapper) is not None
            ]
            names = tuple(each.key for each in relations)
            lists = frozenset(each.key for each in relations if each.uselist)
            keyed = frozenset(each.key for each in relations if _leads_to_key(each))
            others = frozenset(names) - keyed
            known = self._relations[state.class_] = _Relations(names, lists, keyed, others)
        return known


def _leads_to_key(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether a relation finds the row that a key names, or none."""
    far = {column for _, column in relation.local_remote_pairs or ()}
    is_key = far == {*relation.mapper.primary_key}
    return relation.direction is orm.MANYTOONE and relation.secondary is None and is_key
