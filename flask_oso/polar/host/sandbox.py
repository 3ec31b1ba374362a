"""Attributes of Python objects: which of them a policy may read, and how.

A policy is trusted with decisions, not with the process: it may come from an admin page
or a repository. So nothing leads from an object it sees to the interpreter or to the
database: no name that begins with an underscore, no frame, no code, no module, no
``str.format``, no session, connection or engine, and no method that changes a collection.
What is refused is an error everywhere, under ``not`` and in patterns too. Every read of an
attribute goes through ``checked_getattr``.
"""

from __future__ import annotations

import collections.abc
import inspect
import sys
import types
import typing as t
import weakref

from ..exceptions import PolarRuntimeError, PolarTypeError, error_at
from ..sources import Span
from .awaitables import described, dispose

#: Kinds of objects through which the whole process can be reached.
_INTERNAL = (types.ModuleType, types.FrameType, types.CodeType, types.TracebackType)

#: The modules of SQLAlchemy whose objects lead to the whole database. It is not imported here.
_DATABASE_MODULES = frozenset(
    {
        "sqlalchemy.engine.base",
        "sqlalchemy.engine.mock",
        "sqlalchemy.ext.asyncio.engine",
        "sqlalchemy.ext.asyncio.scoping",
        "sqlalchemy.ext.asyncio.session",
        "sqlalchemy.orm.scoping",
        "sqlalchemy.orm.session",
        "sqlalchemy.pool.base",
        "sqlalchemy.pool.impl",
    }
)
#: A class in one of them that mapped classes derive from.
_MIXIN = "AsyncAttrs"
#: What a connection and a cursor have, by the Python Database API (PEP 249).
_CONNECTION = ("cursor", "commit", "rollback", "close")
_CURSOR = ("execute", "executemany", "fetchone", "fetchall")

#: The flag of classes that a program makes; those of the interpreter claim to be nothing else.
_IS_HEAP = 1 << 9

#: Names of Python's own that lead nowhere: call, look for an element, take one, count, tell
#: whether something is an instance. Polar has no other way to index a list.
_HARMLESS = frozenset({"__call__", "__contains__", "__getitem__", "__instancecheck__", "__len__"})

#: What is refused of which kind of object, by the kind.
_LEADS_OUT: dict[type, str] = {
    types.GeneratorType: "gi_code gi_frame gi_yieldfrom",
    types.CoroutineType: "cr_await cr_code cr_frame cr_origin",
    types.AsyncGeneratorType: "ag_await ag_code ag_frame",
    type: "mro",
    # They read attributes whose names stand in a string.
    str: "format format_map",
}
_CHANGES: dict[type, str] = {
    collections.abc.MutableSet: (
        "add clear difference_update discard intersection_update pop remove"
        " symmetric_difference_update update"
    ),
    collections.abc.MutableMapping: "clear pop popitem setdefault update",
    collections.abc.MutableSequence: (
        "append appendleft clear extend extendleft insert pop popleft remove reverse rotate sort"
    ),
}


def _by_name(names: dict[type, str]) -> dict[str, tuple[type, ...]]:
    """Turn a table of kinds with their names into one of names with their kinds."""
    every = {name for line in names.values() for name in line.split()}
    return {
        name: tuple(kind for kind, line in names.items() if name in line.split()) for name in every
    }


_REFUSED = _by_name(_LEADS_OUT | _CHANGES)


def checked_getattr(
    value: t.Any,
    name: str,
    span: Span | None,
    *,
    is_opened: bool = False,
    is_opened_module: bool = False,
) -> t.Any:
    """Read an attribute for a policy.

    :param is_opened: whether the class was registered with this name as one of ``private``.
    :param is_opened_module: whether it is a module that was registered as a constant.
    :raises PolarRuntimeError: if the name, or what stands there, is not for policies.
    :raises AttributeError: if there is no such attribute.
    """
    if not is_opened:
        check_public(value, name, span)
    kinds = _REFUSED.get(name)
    if kinds is not None and _is_of(value, kinds):
        raise error_at(
            PolarRuntimeError,
            f"'{name}' of a {type(value).__name__} is not for policies: it changes the object"
            " or leads out of it. Give the class a method that answers the question.",
            span,
        )
    if not (is_opened_module and isinstance(value, types.ModuleType)):
        check_reachable(value, span)
    return getattr(value, name)


def check_public(value: t.Any, name: str, span: Span | None) -> None:
    """Refuse the name of an attribute that begins with an underscore.

    :param value: the object, or its class.
    :raises PolarRuntimeError: if it is such a name.
    """
    if name.startswith("_") and name not in _HARMLESS:
        raise _private(value, name, span)


def is_openable(name: str) -> bool:
    """Tell whether a name may be given as one of ``private`` to ``register_class``."""
    return name.startswith("_") and not name.startswith("__")


def is_computed(value: t.Any, name: str) -> bool:
    """Tell whether the class of a value computes this attribute, as a property does.

    An ``AttributeError`` of such a one comes from within: it is there, and failed. Nothing
    of the object runs.
    """
    found = inspect.getattr_static(value, name, None)
    # A slot that holds nothing is missing.
    return hasattr(type(found), "__get__") and not isinstance(found, types.MemberDescriptorType)


def is_unrestricted(name: str) -> bool:
    """Tell whether a name may be read of every object that leads nowhere itself."""
    return not name.startswith("_") and name not in _REFUSED


def is_internal(cls: type) -> bool:
    """Tell whether instances of a class lead to the whole process or to the whole database."""
    return issubclass(cls, _INTERNAL) or is_database(cls)


#: Classes that were found to be none of a database, by their ids: every value that a decision
#: reads is asked for its class. They are not kept.
_NO_DATABASE: dict[int, weakref.ref[type]] = {}


def is_database(cls: type) -> bool:
    """Tell whether instances of a class are sessions, connections or engines.

    Those of SQLAlchemy are found by the modules of their classes, those of drivers by what
    they have. Nothing of the class runs.
    """
    key = id(cls)
    known = _NO_DATABASE.get(key)
    if known is not None and known() is cls:
        return False
    if _leads_to_database(cls.__mro__):
        return True
    _NO_DATABASE[key] = weakref.ref(cls, lambda ended: _forget(key, ended))
    return False


def _forget(key: int, ended: weakref.ref[type]) -> None:
    # Another class may have got the id meanwhile.
    if _NO_DATABASE.get(key) is ended:
        _NO_DATABASE.pop(key, None)


def _leads_to_database(bases: tuple[type, ...]) -> bool:
    for base in bases:
        if base.__module__ in _DATABASE_MODULES and not base.__qualname__.startswith(_MIXIN):
            return True
    return _has_all(bases, _CONNECTION) or _has_all(bases, _CURSOR)


def _has_all(bases: tuple[type, ...], names: tuple[str, ...]) -> bool:
    return all(any(name in vars(base) for base in bases) for name in names)


def is_candid(cls: type) -> bool:
    """Tell whether no instance of a class leads to the whole process, nor claims to be another.

    A proxy is what it stands for, which may change.
    """
    return not is_internal(cls) and not any(
        "__class__" in vars(base)
        or (base.__flags__ & _IS_HEAP and "__getattribute__" in vars(base))
        for base in cls.__mro__
        if base is not object
    )


def is_lasting(cls: type) -> bool:
    """Tell whether a class lives as long as the process: one of the interpreter, or of a module.

    One that a function made ends with its last object, unless somebody remembers it.
    """
    if not cls.__flags__ & _IS_HEAP:
        return True
    found: t.Any = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        names = vars(found) if isinstance(found, (types.ModuleType, type)) else {}
        found = names.get(name)
    return found is cls


def iterates_itself(cls: type) -> bool:
    """Tell whether the elements of a collection are given without any Python code running."""
    return any(
        issubclass(cls, base) and cls.__iter__ is base.__iter__
        for base in (list, tuple, set, frozenset)
    )


def is_quiet(cls: type, name: str) -> bool:
    """Tell whether nothing of Python runs when this attribute of an instance is read.

    It stands in the object itself, in a slot, or in the class as a plain value.
    """
    own: t.Any = cls.__getattribute__
    if own is not object.__getattribute__ or hasattr(cls, "__getattr__"):
        return False
    for base in cls.__mro__:
        if name in vars(base):
            kind = type(vars(base)[name])
            is_computed = any("__get__" in vars(each) for each in kind.__mro__)
            return kind is types.MemberDescriptorType or not is_computed
    return True


def attribute_names(value: t.Any) -> list[str]:
    """Give the names that a policy may read of an object, for messages that propose one.

    They come from the object itself and from its classes, and nothing of it runs.
    """
    names: dict[str, None] = {}
    own = value.__mro__ if isinstance(value, type) else (value,)
    for holder in (*own, *type(value).__mro__):
        try:
            names.update(dict.fromkeys(object.__getattribute__(holder, "__dict__")))
        except AttributeError:
            # An object without a dictionary, such as one with slots.
            continue
    return [
        name
        for name in names
        if type(name) is str
        and not name.startswith("_")
        and not (name in _REFUSED and _is_of(value, _REFUSED[name]))
    ]


def _is_of(value: t.Any, kinds: tuple[type, ...]) -> bool:
    """Tell whether a value is of some kinds, or a class of them, whose methods do the same."""
    if isinstance(value, type):
        return issubclass(value, kinds) or isinstance(value, kinds)
    # A list or a dictionary is a copy here, so what a method does to it does no harm.
    return type(value) not in (list, dict) and isinstance(value, kinds)


def check_reachable(value: t.Any, span: Span | None) -> None:
    """Refuse what an attribute or a method gave if it leads to the process or the database.

    A module that the application registered as a constant can be read.

    :raises PolarRuntimeError: for a module, a frame, code or a traceback; for a session, a
        connection or an engine; and for a coroutine: it would be taken for what it gives,
        which nobody knows yet.
    """
    if isinstance(value, _INTERNAL):
        raise error_at(
            PolarRuntimeError,
            f"A {type(value).__name__} is not for policies: it leads to the whole program."
            " Register what the policy needs of it as a constant.",
            span,
        )
    if type(value) is types.CoroutineType:
        dispose(value)
        raise error_at(
            PolarTypeError,
            f"The policy got {described(value)}, and cannot await it. Give the class a method or"
            " an attribute that is not 'async'.",
            span,
        )
    check_no_database(type(value), span)
    claimed = value.__class__
    if claimed is not type(value):
        # A proxy is what it stands for.
        check_no_database(claimed, span)


def check_no_database(cls: type, span: Span | None) -> None:
    """Refuse the class of a session, a connection or an engine.

    :raises PolarRuntimeError: if it is one.
    """
    if is_database(cls):
        raise error_at(
            PolarRuntimeError,
            f"Objects of '{cls.__name__}' are not for policies: they lead to the whole"
            " database. Give the policy rows, or a method that answers the question.",
            span,
        )


def _private(value: t.Any, name: str, span: Span | None) -> PolarRuntimeError:
    if name.startswith("__"):
        return error_at(
            PolarRuntimeError,
            f"'{name}' is not for policies: names that begin with two underscores are Python's"
            " own. Give the class a property with another name.",
            span,
        )
    cls = (value if isinstance(value, type) else type(value)).__name__
    return error_at(
        PolarRuntimeError,
        f"'{name}' of a {cls} is not for policies: names that begin with an underscore are"
        f" private. Give the class a property with another name, or open this one:"
        f" 'register_class({cls}, private=[\"{name}\"])'.",
        span,
    )
