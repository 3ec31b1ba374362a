"""The value of ``x.name`` for a Python object: an attribute, or the rows of a relation.

A field that is declared as a ``Relation`` is read through the adapter, for instances of exactly
the class that declares it, and hides an attribute of the same name. The value of a ``one``
relation is the row or ``None``, that of a ``many`` relation a list. If the foreign key is
``None`` there is no row, and the adapter is not asked: "equals null" may be many rows or an
error.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..sources import Span
from . import sandbox
from .conversion import is_representable
from .data_adapter import Condition, DataFilter, Projection, Relation
from .dictionaries import MISSING, find_entry
from .registry import Host


class UnreadableRelation(Exception):
    """A relation cannot be read. The solver adds the place and raises its own error.

    :param fact: what is wrong, without a period: the place comes after it.
    :param remedy: one line on how to mend it, or an empty string.
    """

    def __init__(self, fact: str, remedy: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.remedy = remedy


def read_attribute(host: Host, owner: t.Any, name: str, span: Span | None) -> t.Any:
    """Return the value of an attribute of an object, or the rows of a relation.

    :raises PolarRuntimeError: if the sandbox refuses the attribute.
    :raises AttributeError: if there is no such attribute.
    :raises UnreadableRelation: if it is a relation that cannot be read.
    """
    relation = host.fields.get(type(owner), {}).get(name)
    if not isinstance(relation, Relation):
        return sandbox.checked_getattr(
            owner,
            name,
            span,
            is_opened=host.opens(owner, name),
            is_opened_module=host.opens_module(owner),
        )
    described = f"relation '{name}' of '{type(owner).__name__}'"
    try:
        return _follow(host, owner, relation, described)
    except AttributeError as error:
        # INVARIANT: not an AttributeError, which a pattern takes for "has no such field": the
        # relation exists, but its rows are not known.
        raise UnreadableRelation(f"The {described} cannot be followed: {error}") from error


def silent_text(host: Host, value: t.Any, names: Sequence[str]) -> str | None:
    """Return the text that attributes lead to, one of the other, if reading it runs no code.

    ``None`` if it would, if there is no such attribute, or the value is no text.
    """
    for name in names:
        kind = type(value)
        if kind is dict:
            value = find_entry(value, name)
        elif _is_guarded(host, kind, name):
            return None
        elif host.identities is not None and host.identities.stored_attribute(kind, name):
            value = value.__dict__.get(name, MISSING)
        elif sandbox.is_silent_read(kind, name):
            value = getattr(value, name, MISSING)
        else:
            return None
    return value if type(value) is str and is_representable(value) else None


def _is_guarded(host: Host, kind: type, name: str) -> bool:
    """Tell whether the sandbox, or an adapter, has a say in an attribute."""
    is_relation = isinstance(host.fields.get(kind, {}).get(name), Relation)
    return is_relation or not sandbox.passes_sandbox(kind) or not sandbox.is_unrestricted(name)


def _follow(host: Host, owner: t.Any, relation: Relation, described: str) -> t.Any:
    if relation.kind not in ("one", "many"):
        raise UnreadableRelation(
            f"Invalid kind {relation.kind!r} of the {described}", "The kind is 'one' or 'many'.\n"
        )
    rows = _rows(host, relation, getattr(owner, relation.my_field), described)
    if relation.kind == "many":
        return rows
    if len(rows) > 1:
        raise UnreadableRelation(
            f"The {described} has {len(rows)} rows where its kind is 'one'",
            "Declare it as 'many', or compare a field that is unique.\n",
        )
    return rows[0] if rows else None


def _rows(host: Host, relation: Relation, key: t.Any, described: str) -> list[t.Any]:
    other = host.classes.get(relation.other_type) if type(relation.other_type) is str else None
    if other is None:
        raise UnreadableRelation(
            f"The {described} leads to {relation.other_type!r}, which is not the name of a"
            " registered class",
            "Register the class under this name.\n",
        )
    if host.adapter is None:
        raise UnreadableRelation(
            f"No adapter reads the {described}",
            "Set one with 'set_data_filtering_adapter'.\n",
        )
    if key is None:
        return []
    condition = Condition(Projection(other, relation.other_field), "Eq", key)
    query = host.adapter.build_query(DataFilter(other, [], [[condition]], host.types))
    return list(host.adapter.execute_query(query))
