"""Misspelt attributes: names that no object of a registered class can have.

In go parsed rules; out come warnings. Python lets any object have any attribute, so a load
warns about a name only if no code of the class, its parents and its subclasses mentions it, none
of them creates attributes dynamically, and a similar name exists. In any other case there is no
warning: the error at run time will tell.
"""

from __future__ import annotations

import abc
import dis
import types
import typing as t
from collections.abc import Iterable, Iterator

from ...host.class_facts import MOST_RELATIVES, codes, declared, relatives
from ...host.registry import Host
from ...nodes import Call, Expression, Pattern, Value, key_span
from ...sources import Span, located
from ...spelling import Guesses
from ...value_objects import Record
from .comparisons import Operands
from .inventory import Inventory

_NEARNESS = 0.8
#: Code that uses one of these names may create attributes dynamically.
_DYNAMIC = frozenset(("setattr", "__dict__", "vars", "__setattr__"))
_HOOKS = ("__getattr__", "__getattribute__")
#: A class, a name and its place, or the lookup whose key it is.
_Mention = tuple[str, str, Expression | Span | None]


class Members:
    """The attribute names of the classes of a host, cached for one load."""

    def __init__(self, host: Host) -> None:
        self.host: t.Final = host
        self._names: dict[type, ClassMembers | None] = {}
        self._meant: dict[tuple[str, str], str | None] = {}
        self._guesses = Guesses()

    def warn(self, inventory: Inventory, operands: Operands) -> list[str]:
        """Warn about attributes, methods and fields of patterns that are misspelt."""
        mentioned = [*attribute_mentions(inventory, operands)]
        wrong = [each for each in mentioned if self._meant_by(each[0], each[1]) is not None]
        return [self._warning(*mention) for mention in with_places(wrong)]

    def _meant_by(self, class_name: str, name: str) -> str | None:
        """Give the similar name that exists, if no object of the class can have this one."""
        key = class_name, name
        if key not in self._meant:
            self._meant[key] = self._find_meant(class_name, name)
        return self._meant[key]

    def _find_meant(self, class_name: str, name: str) -> str | None:
        cls = self.host.classes.get(class_name)
        if cls is None or not may_lack(cls, name):
            return None
        if cls not in self._names:
            self._names[cls] = _closed_names(cls, self.host)
        names = self._names[cls]
        if names is None or name in names.possible:
            return None
        return self._guesses.nearest(name, names.certain, _NEARNESS)

    def _warning(self, class_name: str, name: str, span: Span | None) -> str:
        meant = self._meant_by(class_name, name)
        return located(f"{class_name} has no attribute {name}, did you mean {meant}?", span)


def attribute_mentions(inventory: Inventory, operands: Operands) -> Iterator[_Mention]:
    """Give the class and the name of each attribute that a rule reads, and where."""
    for pattern in inventory.patterns:
        if pattern.tag is not None and pattern.fields:
            yield from _in_pattern(pattern, pattern.tag, operands)
    for lookup in inventory.lookups:
        key = lookup.args[1]
        name = key.value if isinstance(key, Value) else key.name if isinstance(key, Call) else None
        class_name = operands.class_name(lookup.args[0]) if isinstance(name, str) else None
        if class_name is not None:
            yield class_name, str(name), key.span or lookup


def with_places(mentions: Iterable[_Mention]) -> list[tuple[str, str, Span | None]]:
    """Find the places of keys, and sort by them: most mentions are right, and need none."""
    found = [
        (cls, name, key_span(at) if isinstance(at, Expression) else at)
        for cls, name, at in mentions
    ]
    return sorted(found, key=lambda mention: mention[2].start if mention[2] else 0)


def _in_pattern(pattern: Pattern, tag: str, operands: Operands) -> Iterator[_Mention]:
    """Give the fields of a pattern and of the dictionary patterns nested in it."""
    waiting = [(pattern, tag)]
    while waiting:
        pattern, tag = waiting.pop()
        for name, value in pattern.fields:
            yield tag, name, value.span or pattern.span
            shape = operands.shapes.of_attribute(operands.of_class(tag), name)
            if isinstance(value, Pattern) and value.tag is None and shape is not None:
                waiting.append((value, shape.name))


# -- the attributes of a class ---------------------------------------------------------


class ClassMembers(Record):
    """The attribute names of a class, its parents and its subclasses.

    :param certain: names that are defined, declared or assigned.
    :param possible: those, and all names that code of these classes uses.
    :param is_open: whether code may create attributes dynamically.
    """

    certain: set[str]
    possible: set[str]
    is_open: bool


def may_lack(cls: type, name: str) -> bool:
    """Tell whether the names of a class can show that its objects lack an attribute."""
    if name.startswith("_") or cls.__module__ == "builtins" or issubclass(cls, dict):
        return False
    # A class with so many relatives is a general base class: anything may derive from it.
    return len(relatives(cls)) <= MOST_RELATIVES


def has_hook(cls: type) -> bool:
    """Tell whether a class itself computes attributes by name."""
    return any(hook in vars(cls) for hook in _HOOKS)


def names_of_class(cls: type, host: Host) -> ClassMembers:
    """Collect the names from the definitions and the code of a class and its relatives."""
    certain: set[str] = set()
    used: set[str] = set()
    for each in relatives(cls):
        certain.update(vars(each), declared(each), host.fields.get(each, ()))
        for code in codes(each):
            used.update(code.co_names)
            certain.update(_assigned(code))
    return ClassMembers(certain, certain | used, not _DYNAMIC.isdisjoint(used))


def _closed_names(cls: type, host: Host) -> ClassMembers | None:
    """Give the names of a class; ``None`` if its objects may have any others."""
    for each in relatives(cls):
        if type(each) not in (type, abc.ABCMeta) or has_hook(each):
            return None
    names = names_of_class(cls, host)
    return None if names.is_open else names


def _assigned(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_ATTR":
            yield instruction.argval
