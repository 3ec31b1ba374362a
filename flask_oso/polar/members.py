"""Attributes that the objects of a registered class surely do not have: they are misspelt.

In go rules as they were parsed; out come warnings. Python lets any object have any
attribute, so a name is told of only if nothing of the class, of its parents and its
subclasses mentions it, nothing of them makes attributes up, and a name that is near is
there. Where any doubt is left, nothing is said: the error at run time will tell.
"""

from __future__ import annotations

import abc
import dis
import types
import typing as t
from collections.abc import Iterator

from .comparing import Operands
from .host import Host
from .inventory import Inventory
from .nodes import Call, Pattern, Value
from .sources import Span, located
from .spelling import Guesses
from .traits import MOST_RELATIVES, codes, declared, relatives

_NEARNESS = 0.8
#: Code that mentions one of these may make attributes up.
_MAKERS = frozenset(("setattr", "__dict__", "vars", "__setattr__"))
_HOOKS = ("__getattr__", "__getattribute__")
_Mention = tuple[str, str, Span | None]


class Members:
    """What is known of the classes of a host during one load."""

    def __init__(self, host: Host) -> None:
        self.host: t.Final = host
        self._by_class: dict[type, _Names | None] = {}
        self._meant: dict[tuple[str, str], str | None] = {}
        self._guesses = Guesses()

    def warn(self, inventory: Inventory, operands: Operands) -> list[str]:
        """Warn about attributes, methods and fields of patterns that are misspelt."""
        mentioned = [*mentions(inventory, operands)]
        wrong = [each for each in mentioned if self._meant_by(each[0], each[1]) is not None]
        wrong.sort(key=lambda mention: mention[2].start if mention[2] else 0)
        return [self._warning(*mention) for mention in wrong]

    def _meant_by(self, class_name: str, name: str) -> str | None:
        """Give the attribute that is meant, if an object of a class surely lacks one."""
        key = class_name, name
        if key not in self._meant:
            self._meant[key] = self._find_meant(class_name, name)
        return self._meant[key]

    def _find_meant(self, class_name: str, name: str) -> str | None:
        cls = self.host.classes.get(class_name)
        if cls is None or name.startswith("_") or issubclass(cls, dict):
            return None
        if cls not in self._by_class:
            self._by_class[cls] = _find_names(cls, self.host)
        names = self._by_class[cls]
        if names is None or name in names.possible:
            return None
        return self._guesses.nearest(name, names.certain, _NEARNESS)

    def _warning(self, class_name: str, name: str, span: Span | None) -> str:
        meant = self._meant_by(class_name, name)
        return located(f"{class_name} has no attribute {name}, did you mean {meant}?", span)


def mentions(inventory: Inventory, operands: Operands) -> Iterator[_Mention]:
    """Give class, name and place of each attribute that a rule asks for."""
    for pattern in inventory.patterns:
        if pattern.tag is not None and pattern.fields:
            yield from _in_pattern(pattern, pattern.tag, operands)
    for lookup in inventory.lookups:
        key = lookup.args[1]
        name = key.value if isinstance(key, Value) else key.name if isinstance(key, Call) else None
        class_name = operands.class_name(lookup.args[0]) if isinstance(name, str) else None
        if class_name is not None:
            yield class_name, str(name), key.span


def _in_pattern(pattern: Pattern, tag: str, operands: Operands) -> Iterator[_Mention]:
    """Give the fields of a pattern, and of those in it that name no class of their own."""
    waiting = [(pattern, tag)]
    while waiting:
        pattern, tag = waiting.pop()
        for name, value in pattern.fields:
            yield tag, name, value.span or pattern.span
            shape = operands.shapes.of_attribute(operands.of_class(tag), name)
            if isinstance(value, Pattern) and value.tag is None and shape is not None:
                waiting.append((value, shape.name))


# -- what a class has ------------------------------------------------------------------


class _Names(t.NamedTuple):
    """Names of attributes: those that are there, and those that anything mentions."""

    certain: set[str]
    possible: set[str]


def _find_names(cls: type, host: Host) -> _Names | None:
    """Give the names of a class; ``None`` if its objects may have any others."""
    names = _Names(set(), set())
    related = relatives(cls)
    if cls.__module__ == "builtins" or len(related) > MOST_RELATIVES:
        # Anything may derive from them, and did somewhere.
        return None
    for each in related:
        if type(each) not in (type, abc.ABCMeta) or any(hook in vars(each) for hook in _HOOKS):
            return None
        names.certain.update(vars(each), declared(each), host.fields.get(each, ()))
        for code in codes(each):
            if not _MAKERS.isdisjoint(code.co_names):
                return None
            names.possible.update(code.co_names)
            names.certain.update(_assigned(code))
    names.possible.update(names.certain)
    return names


def _assigned(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_ATTR":
            yield instruction.argval
