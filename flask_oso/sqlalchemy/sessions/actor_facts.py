"""The facts about an actor that conditions depend on: whether they are still the same.

In goes an actor; out comes a value that equals the one before as long as its attributes do. Rows
that SQLAlchemy knows of it are left to the session, which notices their changes.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import types
import typing as t
import uuid

_PLAIN = frozenset(
    {
        *(str, bytes, int, float, bool, types.NoneType, decimal.Decimal, uuid.UUID),
        *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta),
    }
)
_LISTS = (list, tuple, set, frozenset)


class _UnknownError(Exception):
    """It cannot be told whether a value changes."""


def facts_of(actor: t.Any) -> object:
    """Return the current values of an actor; ``None`` if changes of them would not be noticed."""
    try:
        if hasattr(actor, "_sa_instance_state"):
            return _facts_of_row(actor)
        # A class of its own may add attributes to a text or to a tuple.
        values = getattr(actor, "__dict__", None)
        return (None if values is None else _copied(dict(values)), _copied(actor, values))
    except _UnknownError:
        return None


def _facts_of_row(row: t.Any) -> object:
    names = row._sa_instance_state.mapper.attrs.keys()
    facts = []
    for name, value in vars(row).items():
        try:
            facts.append((name, _copied(value)))
        except _UnknownError:
            if name != "_sa_instance_state" and name not in names:
                raise
    return facts


def _copied(value: t.Any, values: t.Any = None) -> object:
    """Return a value that does not change with this one.

    :param values: its attributes, if they are known already.
    :raises _UnknownError: there is none.
    """
    kind = type(value)
    if kind in _PLAIN or isinstance(value, enum.Enum):
        return kind, value
    if isinstance(value, _LISTS) and (kind in _LISTS or isinstance(value, tuple)):
        return kind, [_copied(each) for each in value]
    if kind is dict:
        return kind, [(_copied(key), _copied(each)) for key, each in value.items()]
    if values is not None and not _has_slots(kind):
        return kind
    raise _UnknownError


def _has_slots(kind: type) -> bool:
    """Tell whether objects have values that are no attributes in their dictionary."""
    return any(vars(each).get("__slots__") for each in kind.__mro__) or not _is_of_python(kind)


def _is_of_python(kind: type) -> bool:
    builtin = [each for each in kind.__mro__ if not each.__flags__ & _HEAP_TYPE]
    return all(each in (object, str, int) for each in builtin)


_HEAP_TYPE = 1 << 9
