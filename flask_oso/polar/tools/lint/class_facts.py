"""What is known of the classes that a policy names: which is part of which, and which exclude
each other.

In go the names of classes in patterns; out come answers that hold for every object. Where the
classes of the application are not known, or tell their instances by code of their own, the answer
is the careful one.
"""

from __future__ import annotations

import typing as t

from ...engine import Engine
from ...host.registry import RESERVED_NAMES
from ...nodes import Value
from ...residual.algebra.schema import Field, Link, Member, Schema, ValueKind
from ...solver.class_tests import members_of_tag, tells_by_class

_NUMBERS = (bool, int, float)
#: The classes of the values of columns.
_OF_KIND = {
    ValueKind.TEXT: "String",
    ValueKind.INTEGER: "Integer",
    ValueKind.BOOLEAN: "Boolean",
    ValueKind.FLOAT: "Float",
}


class ClassFacts:
    """Answers about the names of classes.

    :param made_up: the names of classes that stand in for unknown ones.
    :param models: the schema of rows, if models are registered.
    """

    def __init__(
        self,
        engine: Engine,
        made_up: frozenset[str] = frozenset(),
        models: Schema | None = None,
    ) -> None:
        self._engine = engine
        self._made_up = made_up
        self._models = models
        self._disjoint: dict[tuple[str, str], bool] = {}

    def is_part_of(self, tag: str, other: str) -> bool:
        """Tell whether each object of one class is known to be one of another."""
        if tag == other:
            return True
        mine, others = self._members(tag), self._members(other)
        return bool(mine) and all(
            any(one == each or self._is_subclass(one, each) for each in others) for one in mine
        )

    def is_disjoint(self, tag: str, other: str) -> bool:
        """Tell whether no object can be of both classes."""
        key = (tag, other)
        if key not in self._disjoint:
            mine, others = self._members(tag), self._members(other)
            self._disjoint[key] = (
                bool(mine)
                and bool(others)
                and not any(self._may_share(one, each) for one in mine for each in others)
            )
        return self._disjoint[key]

    def excludes(self, tag: str, value: Value) -> bool:
        """Tell whether a value of the language is of no class that a name stands for."""
        if tag in RESERVED_NAMES and not self._members(tag):
            return False
        return all(self._excludes(each, value.value) for each in self._members(tag))

    def excludes_nil(self, tag: str) -> bool:
        """Tell whether nobody and nothing is of no class that a name stands for."""
        members = self._members(tag)
        return bool(members) and all(
            self._excludes(each, None) and self._class(each) is not object for each in members
        )

    def holds_for(self, tag: str, value: Value) -> bool:
        """Tell whether a value of the language is known to be of a class."""
        cls = self._class(tag)
        return cls is type(value.value)

    def attribute_class(self, tag: str, name: str) -> str | None:
        """Give the class of an attribute of a row, unless it is ``nil``; ``None`` if unknown."""
        member = self._member(tag, name)
        if isinstance(member, Field):
            return None if member.is_declared else _OF_KIND.get(member.kind)
        is_one = isinstance(member, Link) and not member.is_many
        return self._engine.host.name_of(t.cast(Link, member).cls) if is_one else None

    def element_class(self, tag: str, name: str) -> str | None:
        """Give the class of the rows of a relation; ``None`` if unknown."""
        member = self._member(tag, name)
        is_many = isinstance(member, Link) and member.is_many
        return self._engine.host.name_of(t.cast(Link, member).cls) if is_many else None

    def _member(self, tag: str, name: str) -> Member | None:
        cls = self._class(tag)
        if self._models is None or cls is None or not self._engine.host.has_keys(cls):
            return None
        model = self._models.model(cls)
        return None if model is None else model.members.get(name)

    def _excludes(self, tag: str, value: t.Any) -> bool:
        cls = self._class(tag)
        if cls is None or tag in self._made_up or not tells_by_class(cls):
            return False
        # Numbers of all kinds are compared with each other.
        if type(value) in _NUMBERS and cls in _NUMBERS:
            return False
        return not isinstance(value, cls) and not issubclass(cls, type(value))

    def _members(self, tag: str) -> tuple[str, ...]:
        return members_of_tag(tag, self._engine)

    def _class(self, tag: str) -> type | None:
        cls = self._engine.host.classes.get(tag)
        return cls if isinstance(cls, type) else None

    def _is_subclass(self, tag: str, other: str) -> bool:
        one, another = self._class(tag), self._class(other)
        if one is None or another is None or not tells_by_class(another):
            return False
        return another in one.__mro__

    def _may_share(self, tag: str, other: str) -> bool:
        one, another = self._class(tag), self._class(other)
        if one is None or another is None or {tag, other} <= self._made_up:
            return True
        if one in _NUMBERS and another in _NUMBERS:
            return True
        if not tells_by_class(one) or not tells_by_class(another):
            return True
        return any(another in each.__mro__ for each in _with_subclasses(one))


def _with_subclasses(cls: type) -> list[type]:
    found: dict[type, None] = {cls: None}
    stack = [cls]
    while stack:
        subclasses: list[type] = type.__subclasses__(stack.pop())
        for each in subclasses:
            if each not in found:
                found[each] = None
                stack.append(each)
    return [*found]
