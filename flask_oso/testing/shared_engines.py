"""Engines that several objects share, which load the same policy for the same classes: in tests.

A test suite that makes an application for each test would otherwise load and compile its policy for
each. In go what a load reads; out comes the engine of an earlier load that read the same, with all
that was compiled since.

What is compiled depends on what classes have under their names, and tests replace that. So an
engine is used while each class is as it was when the policy was loaded; ``CheckedEngine`` looks
before each question, which takes some time. This is why nothing is shared unless a program asks
for it.
"""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Hashable, Iterator, Mapping, Sequence

from ..polar.engine import Engine
from ..polar.host import sandbox
from ..polar.host.registry import Host
from ..polar.nodes import Instance, Term, Value
from ..polar.polar import Polar
from ..polar.sources import Source

#: The most engines that are kept.
MAX_SHARED = 8
_MISSING: t.Final = object()


class SharedEngine:
    """An engine, with what has to stay as it is.

    :param warnings: those of the load.
    """

    def __init__(self, engine: Engine, warnings: Sequence[str]) -> None:
        self.engine, self.warnings = engine, warnings
        #: What builds queries for all that share it.
        self.builder: t.Any = None
        self._facts: dict[type, _ClassFacts] = {}
        for cls in _classes_of(engine.host):
            self._note(cls)
        # Caches of the engine may hold other classes, too.
        engine.host.field_types.noticed = self._note

    def _note(self, cls: type) -> None:
        meta: type = type(cls)
        for each in (*cls.__mro__, *meta.__mro__):
            if each not in self._facts and sandbox.is_changeable(each):
                self._facts[each] = _ClassFacts(each)

    def holds(self) -> bool:
        """Tell whether all classes have what they had."""
        return all(facts.hold(cls) for cls, facts in [*self._facts.items()])

    def apart(self) -> Engine:
        """Return an engine for the same policy and the same names, which knows nothing yet."""
        return self.engine.with_host(self.engine.host.anew())


class _ClassFacts:
    """The bases of a class, and what it had under its names."""

    __slots__ = ("_bases", "_names")

    def __init__(self, cls: type) -> None:
        self._bases, self._names = cls.__mro__, dict(vars(cls))

    def hold(self, cls: type) -> bool:
        names, kept = vars(cls), self._names
        if len(names) != len(kept) or len(self._bases) != len(cls.__mro__):
            return False
        are_bases = all(map(operator.is_, self._bases, cls.__mro__))
        return are_bases and all(kept.get(name, _MISSING) is names[name] for name in [*names])


class SharedEngines:
    """The engines of the latest policies, for classes that live as long as the process."""

    def __init__(self) -> None:
        # The latest one comes last.
        self._known: dict[Hashable, SharedEngine] = {}

    def key(self, sources: Sequence[Source], engine: Engine, *options: Hashable) -> Hashable | None:
        """Return what is equal for loads that may share an engine; ``None`` for one that may not.

        :param engine: the engine before the load.
        :param options: what else the load depends on.
        """
        host = engine.host
        if engine.is_observed or host.adapter is not None or not _lasts(host):
            return None
        if host.field_types.assigned is not None or engine.policy.sources:
            return None
        constants = [_constant(term) for term in host.constants.values()]
        fields = [_fields(declared) for declared in host.fields.values()]
        if None in constants or None in fields:
            return None
        return (
            tuple((source.name, source.text) for source in sources),
            (engine.is_compiling, *options),
            tuple(host.classes),
            tuple(map(id, host.classes.values())),
            tuple(zip(host.constants, constants, strict=True)),
            tuple(zip(map(id, host.fields), fields, strict=True)),
            type(host.identities),
            host.text_equalities,
            tuple((id(cls), names) for cls, names in host.private.items()),
        )

    def find(self, key: Hashable) -> SharedEngine | None:
        """Return the engine of an earlier load, if nothing has changed since."""
        found = self._known.pop(key, None)
        if found is None or not found.holds() or not _lasts(found.engine.host):
            return None
        self._known[key] = found
        return found

    def keep(self, key: Hashable, engine: Engine, warnings: Sequence[str]) -> SharedEngine:
        """Keep an engine that nobody has asked yet."""
        made = self._known[key] = SharedEngine(engine, warnings)
        engine.shared = made
        while len(self._known) > MAX_SHARED:
            self._known.pop(next(iter(self._known)))
        return made


class CheckedEngine:
    """The attribute for the engine of an object, which has an engine apart once a class changed."""

    def __get__(self, polar: Polar, owner: type | None = None) -> Engine:
        engine: Engine = vars(polar)["_engine"]
        shared = engine.shared
        if isinstance(shared, SharedEngine) and not shared.holds():
            engine = vars(polar)["_engine"] = shared.apart()
        return engine

    def __set__(self, polar: Polar, engine: Engine) -> None:
        vars(polar)["_engine"] = engine


def _constant(term: Term) -> Hashable | None:
    """Return what is equal for terms that stand for the same value; ``None`` where none is.

    The engine keeps objects alive, so that no others get their identities.
    """
    if type(term) is Instance:
        return Instance, id(term.value)
    # NaN and zeros with a sign have texts of their own.
    return (type(term.value), repr(term.value)) if type(term) is Value else None


def _fields(declared: Mapping[str, t.Any]) -> Hashable | None:
    """Return the same for declared fields; a relation may change."""
    if not all(isinstance(kind, type) for kind in declared.values()):
        return None
    return tuple((name, id(kind)) for name, kind in declared.items())


def _classes_of(host: Host) -> Iterator[type]:
    """Yield the classes that a host has, and those of its constants."""
    yield from host.classes.values()
    for term in host.constants.values():
        if isinstance(term, Instance):
            yield type(term.value)
    for declared in host.fields.values():
        yield from (kind for kind in declared.values() if isinstance(kind, type))


def _lasts(host: Host) -> bool:
    """Tell whether no class of a host may go."""
    return all(map(sandbox.is_permanent, _classes_of(host)))
