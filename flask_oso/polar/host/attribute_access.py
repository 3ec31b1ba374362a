"""The value of ``x.name`` for a Python object: an attribute, or the rows of a relation.

A field that is declared as a ``Relation`` is read through the adapter, for instances of exactly
the class that declares it, and hides an attribute of the same name. The value of a ``one``
relation is the row or ``None``, that of a ``many`` relation a list. If the foreign key is
``None`` there is no row, and the adapter is not asked: "equals null" may be many rows or an
error.
"""

from __future__ import annotations

import typing as t

from ..sources import Span
from . import sandbox
from .data_adapter import Condition, DataFilter, Projection, Relation
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
