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


class Members:
    """What is known of the classes of a host during one load."""

    def __init__(self, host: Host) -> None:
        self.host: t.Final = host
        self._by_class: dict[type, _Names | None] = {}
        self._meant: dict[tuple[str, str], str | None] = {}

    def warn(self, rule: Rule, inventory: Inventory) -> list[str]:
        """Warn about attributes, methods and fields of patterns that are misspelt."""
        terms = [pattern for pattern in inventory.patterns if pattern.fields] + inventory.lookups
        if not terms:
            return []
        classes = classes_of_variables(rule, has_matches=bool(inventory.matches))
        if not self._wrong(terms, classes):
            return []
        wrong = self._wrong(in_order(terms), classes)
        return [self._warning(*mention) for mention in wrong]

    def _wrong(
        self, terms: t.Iterable[Pattern | Expression], classes: t.Mapping[str, str]
    ) -> list[_Mention]:
        mentioned = [each for term in terms for each in mentions(term, classes)]
        return [each for each in mentioned if self._meant_by(each[0], each[1]) is not None]

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
        return nearest(name, names.certain, _NEARNESS)

    def _warning(self, class_name: str, name: str, span: Span | None) -> str:
        meant = self._meant_by(class_name, name)
        return located(f"{class_name} has no attribute {name}, did you mean {meant}?", span)


def mentions(term: Pattern | Expression, classes: t.Mapping[str, str]) -> t.Sequence[_Mention]:
    """Give class, name and place of each attribute that a term asks for."""
    if isinstance(term, Pattern):
        tag = term.tag
        return [(tag, name, value.span or term.span) for name, value in term.fields if tag]
    owner, key = term.args[:2]
    if not isinstance(owner, Variable) or owner.name not in classes:
        return ()
    if isinstance(key, Value) and isinstance(key.value, str):
        return ((classes[owner.name], key.value, key.span),)
    return ((classes[owner.name], key.name, key.span),) if isinstance(key, Call) else ()


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
