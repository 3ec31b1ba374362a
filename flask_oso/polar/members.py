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
from dataclasses import dataclass, field

from .host import Host
from .inventory import Inventory, in_order
from .nodes import Call, Expression, Pattern, Rule, Value, Variable
from .sources import Span, located
from .spelling import nearest
from .traits import MOST_RELATIVES, codes, declared, relatives
from .vocabulary import classes_of_variables

_NEARNESS = 0.8
#: Code that mentions one of these may make attributes up.
_MAKERS = frozenset(("setattr", "__dict__", "vars", "__setattr__"))
_HOOKS = ("__getattr__", "__getattribute__")
_Mention = tuple[str, str, Span | None]


@dataclass(frozen=True)
class Members:
    """What is known of the classes of a host during one load."""

    host: Host
    _by_class: dict[type, _Names | None] = field(default_factory=dict)
    _meant: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def warn(self, rule: Rule, inventory: Inventory) -> list[str]:
        """Warn about attributes, methods and fields of patterns that are misspelt."""
        terms = [pattern for pattern in inventory.patterns if pattern.fields] + inventory.lookups
        if not terms:
            return []
        classes = classes_of_variables(rule)
        wrong = [
            mention
            for term in in_order(terms)
            for mention in _mentions(term, classes)
            if not self._is_right(mention[0], mention[1])
        ]
        return [warning for mention in wrong if (warning := self._warning(*mention)) is not None]

    def _is_right(self, class_name: str, name: str) -> bool:
        """Tell whether an object of a class may well have an attribute."""
        cls = self.host.classes.get(class_name)
        if cls is None or name.startswith("_") or issubclass(cls, dict):
            return True
        if cls not in self._by_class:
            self._by_class[cls] = _find_names(cls, self.host)
        names = self._by_class[cls]
        return names is None or name in names.possible

    def _warning(self, class_name: str, name: str, span: Span | None) -> str | None:
        if (class_name, name) not in self._meant:
            names = self._by_class[self.host.classes[class_name]]
            certain = names.certain if names else ()
            self._meant[class_name, name] = nearest(name, certain, _NEARNESS)
        meant = self._meant[class_name, name]
        if meant is None:
            return None
        return located(f"{class_name} has no attribute {name}, did you mean {meant}?", span)


def _mentions(term: Pattern | Expression, classes: t.Mapping[str, str]) -> Iterator[_Mention]:
    """Give class, name and place of each attribute that a term asks for."""
    if isinstance(term, Pattern):
        if term.tag is not None:
            yield from ((term.tag, name, value.span or term.span) for name, value in term.fields)
        return
    owner, key = term.args[:2]
    if isinstance(owner, Variable) and owner.name in classes:
        if isinstance(key, Value) and isinstance(key.value, str):
            yield classes[owner.name], key.value, key.span
        elif isinstance(key, Call):
            yield classes[owner.name], key.name, key.span


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
