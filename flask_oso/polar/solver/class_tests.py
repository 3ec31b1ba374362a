"""Which classes a pattern names, and how their instances are told.

In goes the tag of a pattern; out come the classes that it stands for: itself, or the members of
the unions ``Actor`` and ``Resource``. ``Matcher`` makes the test; compiled rules, lists and
proofs ask here what it would be.
"""

from __future__ import annotations

import abc
import collections.abc
import contextlib
import os
import typing as t

from ..host.registry import RESERVED_NAMES
from .machine import KnowledgeBase

#: Metaclasses whose classes tell their instances by the class of the instance alone.
PLAIN_METACLASSES = (type, abc.ABCMeta)
#: What `abc` calls on a class to tell whether another one is a subclass.
_ASKED = frozenset({"__subclasscheck__", "__subclasses__"})
_TYPING = ("typing", "typing_extensions")
#: Classes of Python with a hook that looks for methods, and leaves out what derives from them.
_OF_METHODS = (
    *(each for each in vars(collections.abc).values() if isinstance(each, type)),
    *(contextlib.AbstractContextManager, contextlib.AbstractAsyncContextManager, os.PathLike),
)
#: The metaclasses whose classes may have others registered as subclasses, and ask nobody else.
_OF_ABSTRACT = frozenset(
    {
        *(("abc", "ABCMeta"), *((module, "_ProtocolMeta") for module in _TYPING)),
        ("pydantic._internal._model_construction", "ModelMetaclass"),
    }
)


def members_of_tag(tag: str, program: KnowledgeBase) -> tuple[str, ...]:
    """Return the names of the classes that a tag stands for: its own, or those of a union."""
    if tag not in RESERVED_NAMES:
        return (tag,)
    return program.actors if tag == "Actor" else program.resources


def has_instance_test(cls: type) -> bool:
    """Return whether a class tells its instances by more than its subclasses."""
    own: t.Any = type(cls).__instancecheck__
    return own is not type.__instancecheck__


def runs_instance_test(cls: type) -> bool:
    """Return whether a class has a test of its own for instances, which may run any code."""
    return has_instance_test(cls) and not is_abstract(cls)


def is_abstract(cls: type) -> bool:
    """Return whether a class tells its instances as ``abc`` does, and runs no code of its own.

    They are those of its subclasses, and of what is registered as one, at any time.
    """
    kind = type(cls)
    owners = [_owner(kind, name) for name in ("__instancecheck__", "__subclasscheck__")]
    if any((each.__module__, each.__qualname__) not in _OF_ABSTRACT for each in owners):
        return False
    if any(not _ASKED.isdisjoint(vars(each)) for each in cls.__mro__ if each is not type):
        # The metaclass asks the class by these names.
        return False
    owner = _owner(cls, "__subclasshook__")
    hook = vars(owner)["__subclasshook__"]
    where = getattr(hook, "__module__", ""), getattr(hook, "__name__", "")
    # A class that derives from a protocol, and is none, has its hook.
    is_default = owner is object or (where[0] in _TYPING and where[1] == "_proto_hook")
    # Not by equality, which a metaclass may define.
    if not is_default and any(owner is each for each in _OF_METHODS):
        is_default = not any(cls is each for each in _OF_METHODS)
    # One of its bases may keep `typing` from telling that it is none.
    return is_default and not getattr(cls, "_is_protocol", False)


def _owner(cls: type, name: str) -> type:
    return next(each for each in cls.__mro__ if name in vars(each))


def is_subclass(cls: type, wanted: type) -> bool | None:
    """Return whether all objects of exactly one class are instances of another.

    ``None`` where only an object tells, since the class has a test of its own. This is not
    ``issubclass``, which may be told something else than ``isinstance``.
    """
    if cls is wanted:
        return True
    if not has_instance_test(wanted):
        return derives(cls, wanted)
    owner = _owner(type(wanted), "__instancecheck__")
    if owner is not abc.ABCMeta and (owner.__module__, owner.__qualname__) not in _OF_ABSTRACT:
        return None
    try:
        answer = issubclass(cls, wanted)
    except TypeError:
        # A protocol with attributes, or one that cannot be asked.
        return None
    # That of pydantic takes nothing that was registered.
    is_told = owner is abc.ABCMeta or owner.__module__ in _TYPING or derives(cls, wanted)
    return answer if is_told or not answer else None


def are_unrelated(one: type, other: type) -> bool:
    """Return whether no class derives from the other; objects of a third one may be of both."""
    return not derives(one, other) and not derives(other, one)


def derives(cls: type, base: type) -> bool:
    """Return whether a class is another one, or derives from it, and ask neither."""
    # Not by `in`: a metaclass may say that any class is equal.
    return type.__subclasscheck__(base, cls)


def tells_by_class(cls: type) -> bool:
    """Return whether a class knows its instances by the class alone, as mapped ones do.

    Unlike for ``has_instance_test``, the test of ``abc.ABCMeta`` counts as one by class.
    """
    owner = next(each for each in type.mro(type(cls)) if "__instancecheck__" in vars(each))
    return owner in PLAIN_METACLASSES
