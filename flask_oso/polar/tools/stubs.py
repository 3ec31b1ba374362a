"""Stubs: objects that a test of a policy makes up, of the classes that the policy knows.

In go ``User{"alice", email: "a@example.org"}`` and the host; out comes an instance of a subclass of
the registered class, made without its constructor. It has the attributes that the test gives, and
what the class itself computes from them: methods, properties and constants. Reading any other
attribute is an error, and never false, so that a test fails which forgot to say something.
"""

from __future__ import annotations

import abc
import functools
import inspect
import types
import typing as t
from collections.abc import Mapping

from ..exceptions import OsoError
from ..host.class_facts import annotations_of
from ..host.registry import Host
from ..nodes import Dictionary, List, Stub, Term, Value, Variable
from ..printer import to_polar
from ..spelling import meant_class, nearest
from ..syntax.policy_test_nodes import NamedStub

#: What a class computes from attributes of the instance, and no column or field.
_COMPUTED = (
    types.FunctionType,
    property,
    functools.cached_property,
    classmethod,
    staticmethod,
)


#: Where a stub keeps how it is written; no policy can read an attribute of such a name.
_SHOWN = " shown"


class MistakenPolicyTestError(OsoError):
    """A test of a policy says something that cannot be meant."""


class Stubs:
    """The stubs of one test: two of one class and key are the same object."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[tuple[str, type, t.Any], t.Any] = {}
        self._named: dict[str, t.Any] = {}
        self._classes: dict[type, type] = {}
        #: All stubs, in the order in which the test names them.
        self.all: list[t.Any] = []

    def add_named(self, item: NamedStub) -> None:
        """Make the stub of ``name: Class{…};``."""
        if item.name in self._named:
            raise MistakenPolicyTestError(
                f"`{item.name}` names two objects. Give one another name."
            )
        self._named[item.name] = self.value(item.stub)

    def value(self, term: Term) -> t.Any:
        """Give the Python value of data in a test."""
        if isinstance(term, Value):
            return term.value
        if isinstance(term, Stub):
            return self._stub(term)
        if isinstance(term, List):
            return [self.value(each) for each in term.items]
        if isinstance(term, Dictionary):
            return {key: self.value(each) for key, each in term.fields}
        assert isinstance(term, Variable)
        return self._name(term.name)

    def of_class(self, name: str) -> list[t.Any]:
        """Give the stubs that are instances of a registered class."""
        cls = self._class(name)
        return [each for each in self.all if isinstance(each, cls)]

    def _name(self, name: str) -> t.Any:
        if name in self._named:
            return self._named[name]
        if name in self._host.constants:
            constant = self._host.constants[name]
            return getattr(constant, "value", constant)
        near = nearest(name, [*self._named, *self._host.constants])
        meant = f" Did you mean `{near}`?" if near else ""
        raise MistakenPolicyTestError(
            f"`{name}` is no object of this test.{meant} Write `{name}: Class{{…}};` in its setup,"
            f" or quotes for a text, or in a question `{name}: Class` for any."
        )

    def _stub(self, term: Stub) -> t.Any:
        fields = {key: self.value(each) for key, each in term.fields}
        if term.key is None:
            return self._made(term, fields)
        key = term.cls, type(term.key.value), term.key.value
        if key not in self._known:
            self._known[key] = self._made(term, {"id": term.key.value, **fields})
            return self._known[key]
        known = self._known[key]
        for name, value in fields.items():
            if vars(known).setdefault(name, value) is not value and vars(known)[name] != value:
                raise MistakenPolicyTestError(
                    f"{known!r} has two values of `{name}` in this test. Give one of them."
                )
        return known

    def _made(self, term: Stub, fields: Mapping[str, t.Any]) -> t.Any:
        cls = self._class(term.cls)
        try:
            stub: t.Any = object.__new__(self._stub_class(cls))
        except TypeError as error:
            raise MistakenPolicyTestError(
                f"An object of `{term.cls}` cannot be made up: {error}."
            ) from error
        key = "" if term.key is None else to_polar(term.key)
        vars(stub).update({_SHOWN: f"{term.cls}{{{key}}}", **fields})
        self.all.append(stub)
        return stub

    def _stub_class(self, cls: type) -> type:
        if cls not in self._classes:
            self._classes[cls] = make_stub_class(cls)
        return self._classes[cls]

    def _class(self, name: str) -> type:
        if name in self._host.classes:
            return self._host.classes[name]
        raise MistakenPolicyTestError(
            f"No class is registered as `{name}`.\n{meant_class(name, self._host.classes)}".rstrip()
        )


def make_stub_class(cls: type) -> type:
    """Make a subclass whose instances have only what they are given.

    Neither its metaclass nor ``__init_subclass__`` hears of it: a subclass of a mapped class is
    no table.

    :raises TypeError: if Python lets no class derive from it.
    """
    kind = type(cls)
    # An abstract class is asked about its subclasses, and this one must be able to answer.
    make = abc.ABCMeta.__new__ if issubclass(kind, abc.ABCMeta) else type.__new__
    body = {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__getattribute__": _read,
        "__eq__": object.__eq__,
        "__ne__": object.__ne__,
        "__hash__": object.__hash__,
        "__repr__": _show,
        "__str__": _show,
    }
    made: t.Any = make(kind, cls.__name__, (_WithoutHooks, cls), body)
    if issubclass(kind, abc.ABCMeta):
        # A test says what an object has, so nothing of it is left open.
        made.__abstractmethods__ = frozenset()
    return t.cast(type, made)


class _WithoutHooks:
    """Keeps the hook of a base from hearing of the subclass."""

    def __init_subclass__(cls) -> None:
        """Do nothing."""


def _show(stub: t.Any) -> str:
    return str(object.__getattribute__(stub, "__dict__")[_SHOWN])


def _read(stub: t.Any, name: str) -> t.Any:
    """Read an attribute of a stub: what it was given, or what its class computes."""
    given = object.__getattribute__(stub, "__dict__")
    if name in given:
        return given[name]
    if name.startswith("__") or _is_computed(type(stub), name):
        return object.__getattribute__(stub, name)
    shown = _show(stub)
    inside = shown[:-1] + (", " if not shown.endswith("{}") else "")
    raise AttributeError(
        f"{shown} has no attribute `{name}` in this test. Give it one: {inside}{name}: …}}"
    )


def _is_computed(cls: type, name: str) -> bool:
    """Tell whether a class says what an attribute is, and does not only declare it."""
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, _COMPUTED):
        return True
    is_declared = any(name in annotations_of(base) for base in cls.__mro__)
    return found is not None and not is_declared and not hasattr(type(found), "__get__")
