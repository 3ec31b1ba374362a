"""Which relations of which objects of a session get a value: nobody looks through all objects.

In go a session and who hears of it. Statements tell of objects that are made or read again. What
is loaded, or set as if it had been, passes through SQLAlchemy's attribute of the relation, whose
class is replaced by one that tells. What a program writes into the dictionary of an object is not
heard of.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable

from sqlalchemy import event, orm

_HEARERS = "__flask_oso_relation_loads__"
_TELLS = "_flask_oso_tells"


class Hearer(t.Protocol):
    """Hears of the objects of a session."""

    def note(self, state: t.Any, names: Iterable[str] | None) -> None:
        """Hear that attributes may have got values; ``None`` is any of them."""

    def outdate(self, state: t.Any, names: Iterable[str] | None) -> None:
        """Hear that attributes are to be read again; ``None`` is all of them."""

    def recall(self, state: t.Any, values: dict[str, t.Any], name: str) -> None:
        """Set a relation that is read and has no value, if its value is known."""


def add_hearer(session: orm.Session, hearer: Hearer) -> None:
    """Tell of the objects of a session; its class, or itself, tells of what is loaded."""
    vars(session).setdefault(_HEARERS, []).append(hearer)


def listen_to_loads(target: t.Any) -> None:
    """Have a class of sessions, or a session, tell of objects that are made or read again."""
    event.listen(target, "loaded_as_persistent", _note_object, raw=True)
    # A statement finds out before its first row which listeners there are.
    if not event.contains(orm.Mapper, "refresh", _note_refreshed):
        event.listen(orm.Mapper, "refresh", _note_refreshed, raw=True)
        event.listen(orm.Mapper, "expire", _note_expired, raw=True)


def watch_relations(state: t.Any, names: Iterable[str]) -> None:
    """Have relations of the class of an object tell when they get a value."""
    for name in names:
        attribute = state.manager[name].impl
        if not hasattr(type(attribute), _TELLS):
            kind = t.cast(t.Hashable, type(attribute))
            attribute.__class__ = _telling(kind)


def _note_object(session: orm.Session, state: t.Any) -> None:
    for each in vars(session).get(_HEARERS, ()):
        each.note(state, None)


def _note_refreshed(state: t.Any, _context: object, names: Iterable[str] | None) -> None:
    for each in _hearers_of(state):
        if names is None:
            # All attributes of a row are read again, and relations when they are read.
            each.outdate(state, None)
        each.note(state, names)


def _note_expired(state: t.Any, names: Iterable[str] | None) -> None:
    for each in _hearers_of(state):
        each.outdate(state, names)


def _hearers_of(state: t.Any) -> Iterable[Hearer]:
    session = state.session
    return () if session is None else vars(session).get(_HEARERS, ())


@functools.cache
def _telling(kind: t.Any) -> type:
    """Make the class of the attributes that tell."""

    def get(
        attribute: t.Any, state: t.Any, values: t.Any, *args: t.Any, **keywords: t.Any
    ) -> t.Any:
        name = attribute.key
        if name not in values:
            for each in _hearers_of(state):
                each.recall(state, values, name)
        return kind.get(attribute, state, values, *args, **keywords)

    def telling(method: t.Any) -> t.Any:
        @functools.wraps(method)
        def set_value(attribute: t.Any, state: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
            try:
                return method(attribute, state, *args, **keywords)
            finally:
                for each in _hearers_of(state):
                    each.note(state, (attribute.key,))

        return set_value

    # The second one makes the list that a statement, or 'init_collection', fills.
    setters = ("set_committed_value", "_default_value")
    replaced = {name: telling(getattr(kind, name)) for name in setters}
    return type(kind.__name__, (kind,), {"__slots__": (), _TELLS: True, "get": get, **replaced})
