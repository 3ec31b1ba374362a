"""The two values of a relation: what the actor may read of it, and all of it.

A relation that a program loads is filtered, and stays in the object; a policy that reads the same
relation needs all of its rows, and what it loads must not stay for the program. So the values are
exchanged when a policy begins to read, and back when it has ended. Neither is loaded twice. So
is a column that is computed from other rows, such as a count, but a policy loads it each time.

INVARIANT: while a policy reads, no relation has a value that was filtered; while a program runs,
none has a value that was not. So the sessions of other requests are left alone: their programs may
run while the policy reads.

A question costs what has changed since the last one, and the relations whose values are exchanged;
the other objects of the session cost nothing. So what may have got a value is noted when it gets
one, and what a policy has loaded is set again when a policy reads it.
"""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Callable, Iterable

from sqlalchemy import orm
from sqlalchemy.orm.attributes import instance_state

from ...polar.exceptions import OsoError
from ...row_access.waivers import Waiver, current_waiver
from .hierarchies import Hierarchies
from .relation_loads import add_hearer, watch_relations

_Values = dict[str, t.Any]
#: Values that were taken out of the values of objects, each with its name.
_Taken = list[tuple[_Values, str, t.Any]]
#: Objects with their values, and a name of each.
_Found = list[tuple[t.Any, _Values, str]]
#: Objects of which attributes may have got a value; ``None`` is any attribute.
_Noted = dict[t.Any, set[str] | None]


#: So many objects are noted one by one; a program may load rows and never ask.
_MOST = 10_000


class _Relations(t.NamedTuple):
    """The guarded relations of a class, by their names."""

    all: frozenset[str]
    lists: frozenset[str]
    #: Those to the one row that a key names. Who may not read it has ``None``, and everybody else
    #: the same row, so that only ``None`` is exchanged.
    keyed: frozenset[str]
    others: frozenset[str]
    #: Columns of no table that are selected from guarded classes, as a count of rows is.
    computed: frozenset[str]


class _Reading:
    """A policy reads, from the beginning of a waiver to its end."""

    __slots__ = ("aside", "computed", "keeps", "left", "noted", "queued", "waiver")

    def __init__(self, waiver: Waiver) -> None:
        self.waiver = waiver
        self.aside: _Taken = []
        #: Values of the program that were not put aside.
        self.left: _Taken = []
        #: What of it is computed, and so is no relation.
        self.computed: list[tuple[t.Any, str]] = []
        #: Changes of lists that are not loaded, and what SQLAlchemy knows of the lists before.
        self.queued: list[tuple[t.Any, str, t.Any, t.Any]] = []
        #: What the policy has loaded, or set again.
        self.noted: _Noted = {}
        #: Whether what it has loaded is still so in the database, and unfiltered.
        self.keeps = True


class RelationViews:
    """The values of relations of the objects of one session.

    :param guarded: gives the guarded classes; relations to others have one value.
    :param outdated: called when what policies have read may not be so any more.
    """

    def __init__(
        self,
        session: orm.Session,
        guarded: Callable[[], Hierarchies],
        outdated: Callable[[], None],
    ) -> None:
        self._session = weakref.ref(session)
        self._guarded = guarded
        self._outdated = outdated
        #: The guarded classes for which relations are known.
        self._known: Hierarchies | None = None
        #: The actor whose rows the program sees now; ``None`` before the first one.
        self.reader: object = None
        #: Whether objects came from elsewhere, with what was filtered there.
        self._has_brought = False
        self._relations: dict[type, _Relations] = {}
        self._full: weakref.WeakKeyDictionary[t.Any, _Values] = weakref.WeakKeyDictionary()
        #: What the program may have loaded since a policy began last.
        self._noted: _Noted = {}
        #: The names of the values to exchange, by the objects that had some then.
        self._holders: dict[t.Any, tuple[str, ...]] = {}
        #: Whether any object may have got a value.
        self._looks_through = True
        self._readings: list[_Reading] = []
        #: The requests, or contexts of an app, in which the session is read.
        self._places: weakref.WeakSet[t.Any] = weakref.WeakSet()
        self._has_place = False
        add_hearer(session, self)

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

    def note(self, state: t.Any, names: Iterable[str] | None) -> None:
        """Note that an object may have got values of attributes; ``None`` is any attribute."""
        if self._readings:
            noted = self._readings[-1].noted
        else:
            noted = self._noted
            if len(noted) > _MOST:
                noted.clear()
                self._looks_through = True
        if names is None:
            noted[state] = None
            return
        known = noted.setdefault(state, set())
        if known is not None:
            known.update(names)

    def bring(self, state: t.Any) -> None:
        """Note an object that came into the session with its values."""
        self._has_brought = self._has_brought or state.key is not None
        self._full.pop(state, None)
        self.note(state, None)

    def outdate(self, state: t.Any, names: Iterable[str] | None) -> None:
        """Have policies read relations of an object again; ``None`` is all of them."""
        self._outdated()
        full = self._full.get(state, {})
        for each in [*full] if names is None else names:
            full.pop(each, None)

    def recall(self, state: t.Any, values: _Values, name: str) -> None:
        """Set a relation that a policy reads, and that one has loaded before."""
        full = self._full.get(state)
        if full is None or name not in full or not self._readings:
            return
        if name in state.committed_state:
            return
        waiver = current_waiver()
        if waiver is not None and waiver.is_own:
            self._set(state, values, name, full)

    def begin(self, waiver: Waiver, asked: Iterable[t.Any] = ()) -> None:
        """Put the values of the program aside until the end.

        :param asked: the objects that the policy is asked about, as SQLAlchemy knows them.
        :raises OsoError: a list was changed, and is not flushed by itself.
        """
        session = self._session()
        if session is None:
            return
        states = [each for each in asked if each.session_id == session.hash_key]
        if self.reader is None and not states:
            # No program reads by a policy here: it may be the session of a job, in another thread.
            return
        self._update()
        if self._has_filtered:
            self._flush_lists(session)
        found = self._filtered(session, states)
        reading = self._open(session, waiver, found)
        reading.aside = [(values, name, values.pop(name)) for _, values, name in found]
        for state, name in reading.computed:
            state.expired_attributes.add(name)
        for state in states:
            # Those that are asked about are read for certain, and faster where they are set.
            full, values = self._full.get(state, {}), state.dict
            for name in [*full]:
                if name in values or name in state.committed_state:
                    # The program has the row of a key, or has changed the relation.
                    del full[name]
                else:
                    self._set(state, values, name, full)

    def look(self, waiver: Waiver) -> None:
        """Note what a policy loads from now on."""
        session = self._session()
        if session is None or any(each.waiver is waiver for each in self._readings):
            return
        self._update()
        found = self._filtered(session, ())
        reading = self._open(session, waiver, found)
        reading.left = [(values, name, values[name]) for _, values, name in found]

    def forget(self) -> None:
        """Have policies read relations again: the database has changed."""
        self._full.clear()
        self.mistrust()
        self._outdated()

    def mistrust(self) -> None:
        """Keep nothing of what policies read now: not all of it is what the database has."""
        for each in self._readings:
            each.keeps = False

    def look_through(self) -> None:
        """Look at all objects before a policy reads again: any may have got a value."""
        self._looks_through = True

    def change(self, reader: object) -> None:
        """Expire what another actor has loaded."""
        session, was_known = self._session(), self.reader is not None
        self.reader = reader
        self.forget()
        if session is None or not was_known:
            return
        self._update()
        for state in session.identity_map.all_states():
            row, values, changed = state.obj(), state.dict, state.committed_state
            known = self._relations_of(state)
            names = known.all | known.computed
            loaded = [each for each in names if each in values and each not in changed]
            if loaded and row is not None:
                session.expire(row, loaded)

    def _open(self, session: orm.Session, waiver: Waiver, found: _Found) -> _Reading:
        reading = _Reading(waiver)
        reading.computed = [
            (state, name) for state, _, name in found if name in self._relations_of(state).computed
        ]
        reading.queued = self._queued(session)
        self._readings.append(reading)
        waiver.endings.append(lambda: self._end(session, reading))
        return reading

    def _end(self, session: orm.Session, reading: _Reading) -> None:
        self._readings.remove(reading)
        if reading.noted:
            self._update()
            self._take_loaded(session, reading)
        for state, name, queue, known in reading.queued:
            # It was loaded, and the changes made to it.
            if name in state.dict and name in state.committed_state:
                del state.dict[name]
                state.committed_state[name] = known
                state._pending_mutations[name] = queue
        for values, name, value in reading.aside:
            values.setdefault(name, value)
        for values, name, value in reading.left:
            values.setdefault(name, value)
        for state, name in reading.computed:
            if name in state.dict:
                state.expired_attributes.discard(name)

    def _take_loaded(self, session: orm.Session, reading: _Reading) -> None:
        """Take what a policy has loaded from the program, and keep it for policies."""
        left = {(id(values), name): value for values, name, value in reading.left}
        for state, names in reading.noted.items():
            values, changed = state.dict, state.committed_state
            known = self._relations_of(state)
            loaded = (known.all | known.computed).intersection(values)
            if names is not None:
                loaded &= names
            for name in loaded.difference(changed):
                value = values.pop(name)
                if name in known.computed:
                    # No attribute of SQLAlchemy tells when it is read: it is always loaded again.
                    state.expired_attributes.add(name)
                    continue
                is_own = left.get((id(values), name), reading) is not value
                if is_own and reading.keeps and state.session_id == session.hash_key:
                    self._full.setdefault(state, {})[name] = value

    def _set(self, state: t.Any, values: _Values, name: str, full: _Values) -> None:
        values[name] = full[name]
        self.note(state, (name,))

    def _filtered(self, session: orm.Session, asked: Iterable[t.Any]) -> _Found:
        """Return the loaded relations whose values may be others for a policy.

        By the way their classes begin to tell what a policy loads.
        """
        holders, key = self._holders, session.hash_key
        for state in self._states(session, asked):
            names = self._names_to_exchange(session, state)
            if names:
                holders[state] = names
            else:
                holders.pop(state, None)
        found: _Found = []
        if not self._has_filtered:
            return found
        for state, names in holders.items():
            if state.session_id == key:
                values = state.dict
                found += [(state, values, each) for each in names if each in values]
        return found

    def _states(self, session: orm.Session, asked: Iterable[t.Any]) -> Iterable[t.Any]:
        """Return the objects that may have other values to exchange than before."""
        states = dict.fromkeys(asked)
        if self._looks_through:
            self._looks_through = False
            states |= dict.fromkeys((*self._holders, *session.identity_map.all_states()))
        elif session.identity_map.check_modified():
            # What is changed is not exchanged, and no event tells of each change.
            states |= dict.fromkeys(self._holders)
        states |= dict.fromkeys(self._noted)
        self._noted.clear()
        for each in self._readings:
            states |= dict.fromkeys(each.noted)
        return states

    def _names_to_exchange(self, session: orm.Session, state: t.Any) -> tuple[str, ...]:
        known, row = self._relations.get(state.class_) or self._relations_of(state), state.obj()
        if row is None or not (known.all or known.computed):
            return ()
        values = row.__dict__
        names = [each for each in known.keyed if values.get(each, known) is None]
        if not known.others.isdisjoint(values):
            names += [each for each in known.others if each in values]
        if not known.computed.isdisjoint(values):
            names += [each for each in known.computed if each in values]
        if not names or not session.identity_map.contains_state(state):
            return ()
        changed = state.committed_state
        return tuple(each for each in names if each not in changed)

    @property
    def _has_filtered(self) -> bool:
        return self.reader is not None or self._has_brought

    def _queued(self, session: orm.Session) -> list[tuple[t.Any, str, t.Any, t.Any]]:
        """Return changes of lists that SQLAlchemy makes when they are loaded, or flushes."""
        if not session.identity_map.check_modified():
            return []
        states = map(instance_state, (*session.dirty, *session.deleted))
        return [
            (state, name, queue, state.committed_state.get(name))
            for state in states
            for name, queue in vars(state).get("_pending_mutations", {}).items()
            if name in self._relations_of(state).lists
        ]

    def _flush_lists(self, session: orm.Session) -> None:
        """Flush lists that were changed: a policy has to see all of their rows."""
        if not session.identity_map.check_modified():
            return
        for row in (*session.dirty, *session.deleted):
            state = instance_state(row)
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

    def _update(self) -> None:
        """Forget which relations are guarded, if the guarded classes have changed."""
        guarded = self._guarded()
        if guarded is not self._known:
            self._known = guarded
            self._relations.clear()
            self._looks_through = True

    def _relations_of(self, state: t.Any) -> _Relations:
        known = self._relations.get(state.class_)
        if known is None:
            guarded = self._guarded()
            mapper = t.cast(t.Any, state.manager.mapper)
            relations = [
                each for each in mapper.relationships if guarded.root_of(each.mapper) is not None
            ]
            names = frozenset(each.key for each in relations)
            lists = frozenset(each.key for each in relations if each.uselist)
            keyed = frozenset(each.key for each in relations if _leads_to_key(each))
            computed = frozenset(
                each.key for each in mapper.column_attrs if guarded.selected_by(each)
            )
            known = _Relations(names, lists, keyed, names - keyed, computed)
            watch_relations(state, names)
            self._relations[state.class_] = known
        return known


def _leads_to_key(relation: orm.RelationshipProperty[t.Any]) -> bool:
    """Tell whether a relation finds the row that a key names, or none."""
    far = {column for _, column in relation.local_remote_pairs or ()}
    is_key = far == {*relation.mapper.primary_key}
    return relation.direction is orm.MANYTOONE and relation.secondary is None and is_key
