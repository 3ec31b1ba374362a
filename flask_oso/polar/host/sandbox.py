"""The sandbox: which attributes of Python objects a policy may read.

A policy is trusted with decisions and not with the process: it may come from an admin page or a
repository. So no attribute of an object gives access to the interpreter or the database: no name
that begins with an underscore, no frame, code object or module, no ``str.format``, no session,
connection or engine, and no method that changes a collection. A refused attribute is an error
everywhere, under ``not`` and in patterns too. Every read of an attribute goes through
``checked_getattr``.
"""

from __future__ import annotations

import abc
import collections
import collections.abc
import datetime
import decimal
import enum
import functools
import inspect
import sys
import types
import typing as t
import weakref
from collections.abc import Callable

from ..exceptions import PolarRuntimeError, PolarTypeError, error_at
from ..sources import Span
from .awaitables import described, dispose

#: Proxies whose classes do not show it.
_PROXIES = frozenset({weakref.ProxyType, weakref.CallableProxyType})
#: Classes whose instances give access to the whole process.
_INTERNAL = (types.ModuleType, types.FrameType, types.CodeType, types.TracebackType)

#: The modules of SQLAlchemy whose objects give access to the database. It is not imported here.
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
#: A class in one of these modules that mapped classes derive from, which is harmless.
_MIXIN = "AsyncAttrs"
#: The methods of connections and cursors by the Python Database API (PEP 249).
_CONNECTION = ("cursor", "commit", "rollback", "close")
_CURSOR = ("execute", "executemany", "fetchone", "fetchall")

#: The flag of classes that Python code makes. Built-in classes are no proxies.
_IS_HEAP = 1 << 9

#: Special methods that are harmless: to call, test for an element, index, count, test for an
#: instance. Polar has no other way to index a list.
_HARMLESS = frozenset({"__call__", "__contains__", "__getitem__", "__instancecheck__", "__len__"})

#: Attributes that are refused because they give access to the process, by class.
_LEADS_OUT: dict[type, str] = {
    types.GeneratorType: "gi_code gi_frame gi_yieldfrom",
    types.CoroutineType: "cr_await cr_code cr_frame cr_origin",
    types.AsyncGeneratorType: "ag_await ag_code ag_frame",
    type: "mro",
    # They read the attributes that a format string names.
    str: "format format_map",
}
_CHANGES: dict[type, str] = {
    collections.abc.MutableSet: (
        "add clear difference_update discard intersection_update pop remove"
        " symmetric_difference_update update"
    ),
    collections.abc.MutableMapping: "clear pop popitem setdefault update",
    collections.OrderedDict: "move_to_end",
    collections.Counter: "subtract",
    collections.abc.MutableSequence: (
        "append appendleft clear extend extendleft insert pop popleft remove reverse rotate sort"
        # Of 'array'.
        " byteswap frombytes fromfile fromlist fromunicode"
    ),
    # Since Python 3.14, and since 3.15.
    bytearray: "resize take_bytes",
}


def _by_name(names: dict[type, str]) -> dict[str, tuple[type, ...]]:
    """Turn a table of names by class into one of classes by name."""
    found: dict[str, tuple[type, ...]] = {}
    for kind, line in names.items():
        for name in line.split():
            found[name] = (*found.get(name, ()), kind)
    return found


_REFUSED = _by_name(_LEADS_OUT | _CHANGES)


def checked_getattr(
    value: t.Any,
    name: str,
    span: Span | None,
    *,
    is_opened: bool = False,
    is_opened_module: bool = False,
) -> t.Any:
    """Read an attribute for a policy, if the sandbox allows it.

    :param is_opened: whether the class was registered with this name as one of ``private``.
    :param is_opened_module: whether the value is a module that was registered as a constant.
    :raises PolarRuntimeError: if the name or the object is refused.
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

    :param value: the object or its class.
    :raises PolarRuntimeError: if the name begins with an underscore.
    """
    if name.startswith("_") and name not in _HARMLESS:
        raise _private(value, name, span)


def is_harmless(name: str) -> bool:
    """Return whether policies may call a special method of this name."""
    return name in _HARMLESS


def is_openable(name: str) -> bool:
    """Return whether ``private`` of ``register_class`` may have this name."""
    return name.startswith("_") and not name.startswith("__")


def is_computed(value: t.Any, name: str) -> bool:
    """Return whether the class of a value computes this attribute, as a property does.

    If reading such an attribute raises ``AttributeError``, it exists and its code failed. No code
    of the object runs here.
    """
    own: t.Any = type(value).__getattribute__
    # The search below takes ten times as long, and most missing attributes are none of a class.
    if own is object.__getattribute__ and _is_of_no_class(value, name):
        return False
    found = inspect.getattr_static(value, name, None)
    # A slot without a value counts as a missing attribute.
    return hasattr(type(found), "__get__") and not isinstance(found, types.MemberDescriptorType)


def _is_of_no_class(value: t.Any, name: str) -> bool:
    for base in type(value).__mro__:  # noqa: SIM110 - a generator takes three times as long
        if name in base.__dict__:
            return False
    return True


def is_unrestricted(name: str) -> bool:
    """Return whether a name may be read of every object that is not refused itself."""
    return not name.startswith("_") and name not in _REFUSED


#: Some versions of Python have a class with a ``__getattribute__`` of its own for each of these.
_OWN = (collections.defaultdict, collections.deque, decimal.Decimal)


def is_internal(cls: type) -> bool:
    """Return whether instances of a class give access to the process or the database."""
    return issubclass(cls, _INTERNAL) or is_database(cls)


#: Classes that do not belong to a database, by their ids: the class of every value that a decision
#: reads is checked. The classes are not kept alive.
_NO_DATABASE: dict[int, weakref.ref[type]] = {}


def is_database(cls: type) -> bool:
    """Return whether instances of a class are sessions, connections or engines.

    SQLAlchemy's classes are recognized by their modules, those of drivers by their methods. No
    code of the class runs.
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
    # Another class may have the id of one that was collected.
    if _NO_DATABASE.get(key) is ended:
        _NO_DATABASE.pop(key, None)


def _leads_to_database(bases: tuple[type, ...]) -> bool:
    for base in bases:
        if base.__module__ in _DATABASE_MODULES and not base.__qualname__.startswith(_MIXIN):
            return True
    return _has_all(bases, _CONNECTION) or _has_all(bases, _CURSOR)


def _has_all(bases: tuple[type, ...], names: tuple[str, ...]) -> bool:
    return all(any(name in vars(base) for base in bases) for name in names)


def passes_sandbox(cls: type) -> bool:
    """Return whether instances of a class pass the sandbox check and are no proxies.

    A proxy claims the class of the object that it stands for, and that may change.
    """
    if cls in _PROXIES or cls is types.CoroutineType:
        return False
    return not is_internal(cls) and not any(
        "__class__" in vars(base)
        or (base.__flags__ & _IS_HEAP and "__getattribute__" in vars(base) and not _is_own(base))
        for base in cls.__mro__
        if base is not object
    )


def _is_own(cls: type) -> bool:
    """Return whether a class is one of Python's own, whose attributes call nothing.

    These read attributes as ``object`` does, and say so anew, as few classes in C have to.
    """
    # Without an import of what few programs have.
    zone = getattr(sys.modules.get("zoneinfo"), "ZoneInfo", None)
    # Not by equality, which a metaclass may define.
    return cls is zone or any(cls is each for each in _OWN)


def is_permanent(cls: type) -> bool:
    """Return whether a class lives as long as the process: it is built in, or global in a module.

    A class that a function made is collected with its last instance, unless a cache holds it.
    """
    if not cls.__flags__ & _IS_HEAP:
        return True
    found: t.Any = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        names = vars(found) if isinstance(found, (types.ModuleType, type)) else {}
        found = names.get(name)
    return found is cls


def is_changeable(cls: type) -> bool:
    """Return whether programs may put something else under the names of a class."""
    return bool(cls.__flags__ & _IS_HEAP)


def iterates_itself(cls: type) -> bool:
    """Return whether iterating over instances of a class runs no Python code.

    They can be iterated over again and again.
    """
    if cls in ITERATED:
        return True
    base: t.Any = base_of_iterated(cls)
    return base is not None and getattr(cls, "__iter__", None) is base.__iter__


def base_of_iterated(cls: type) -> type | None:
    """Return the collection of Python from which a class derives."""
    return next((each for each in cls.__mro__ if each in _BASES_OF_ITERATED), None)


def iterates_flags(cls: type) -> bool:
    """Return whether a class is one of flags that are gone through as `enum` does it."""
    own: t.Any = cls
    return (
        issubclass(cls, enum.Flag)
        and own.__iter__ is enum.Flag.__iter__
        and getattr(own._iter_member_, "__func__", None) in _OF_FLAGS
    )


_OF_FLAGS: tuple[t.Any, ...] = (
    enum.Flag._iter_member_by_value_.__func__,  # type: ignore[attr-defined]
    enum.Flag._iter_member_by_def_.__func__,  # type: ignore[attr-defined]
)
_BASES_OF_ITERATED = frozenset({list, tuple, set, frozenset, dict, collections.deque})
#: Built-in classes, except ``list``, whose instances are iterated over as they are.
ITERATED: frozenset[type] = frozenset(
    {tuple, set, frozenset, collections.deque, range}
    | {type({}.keys()), type({}.values()), type({}.items())}
)


def is_silent_read(cls: type, name: str) -> bool:
    """Return whether reading this attribute of an instance runs no Python code that can be told.

    Its value is in the object's dictionary, in a slot, a field of a named tuple or of a built-in
    class, the name or the value of an enum's member, a plain value in the class; or a property
    returns one of these and does nothing else.
    """
    return _is_silent_read(cls, name, follows=True)


def _is_silent_read(cls: type, name: str, *, follows: bool) -> bool:
    """Tell the same.

    :param follows: whether it may be a property that returns another attribute.
    """
    own: t.Any = cls.__getattribute__
    if own not in _GENERIC or answers_missing(cls):
        return False
    for base in cls.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            kind = type(found)
            if kind is property and follows:
                returned = _returned_attribute(found)
                return returned is not None and _is_silent_read(cls, returned, follows=False)
            is_computed = any("__get__" in vars(each) for each in kind.__mro__)
            # Not by equality, which the class of a descriptor may define.
            is_known = kind in _FIELDS or any(found is each for each in _OF_ENUMS)
            is_built_in = kind is types.GetSetDescriptorType and not base.__flags__ & _IS_HEAP
            return not is_computed or is_known or is_built_in
    return True


def answers_missing(cls: type) -> bool:
    """Return whether a class has a ``__getattr__``, which may run any code for what is not there.

    That of pydantic gives a value that was given besides those of the fields, or fails.
    """
    found = getattr(cls, "__getattr__", None)
    where = getattr(found, "__module__", ""), getattr(found, "__qualname__", "")
    return found is not None and where != ("pydantic.main", "BaseModel.__getattr__")


def silent_method(cls: type, name: str) -> types.FunctionType | None:
    """Return a method that only returns an attribute which is read silently, or ``None``.

    An object may have something else under its name.
    """
    own: t.Any = cls.__getattribute__
    if own not in _GENERIC or answers_missing(cls):
        return None
    found = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    returned = _attribute_returned_by(found)
    if returned is None or not _is_silent_read(cls, returned, follows=False):
        return None
    return t.cast(types.FunctionType, found)


def _returned_attribute(found: property) -> str | None:
    """Return the attribute of the object that a property returns, if it does nothing else."""
    return _attribute_returned_by(found.fget)


def _attribute_returned_by(getter: t.Any) -> str | None:
    if type(getter) is not types.FunctionType:
        return None
    code, simple = getter.__code__, _getter.__code__
    is_simple = code.co_code == simple.co_code and len(code.co_names) == 1
    is_simple = is_simple and code.co_argcount == 1 and code.co_varnames[1:] == ()
    return code.co_names[0] if is_simple and not code.co_exceptiontable else None


def _getter(self: t.Any) -> t.Any:
    return self.attribute


def is_silent_class_read(cls: type, name: str) -> bool:
    """Return whether reading this attribute of a class runs no Python code."""
    meta: type = type(cls)
    if meta not in _METACLASSES or any(name in vars(base) for base in type.mro(meta)):
        return False
    for base in cls.__mro__:
        if name in vars(base):
            kind = type(vars(base)[name])
            return not any("__get__" in vars(each) for each in kind.__mro__)
    return False


#: The ways to read an attribute that call nothing but descriptors.
_GENERIC = tuple(
    base.__getattribute__
    for base in (
        *(object, tuple, datetime.date, datetime.datetime, datetime.timedelta, enum.Enum),
        types.SimpleNamespace,
    )
)
#: The descriptors of slots and of the fields of named tuples.
_FIELDS = (types.MemberDescriptorType, type(vars(inspect.FullArgSpec)["args"]))
_OF_ENUMS = (vars(enum.Enum)["name"], vars(enum.Enum)["value"])
_METACLASSES = (type, abc.ABCMeta, *((enum.EnumMeta,) if sys.version_info >= (3, 12) else ()))


def attribute_names(value: t.Any) -> list[str]:
    """Return the names that a policy may read of an object, for messages that propose one.

    No code of the object runs.
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
    """Return whether a value is an instance of one of some classes, or a subclass of one."""
    if isinstance(value, type):
        return issubclass(value, kinds) or isinstance(value, kinds)
    # Policies see copies of lists and dictionaries, which methods may change.
    kind = type(value)
    return kind is not list and kind is not dict and isinstance(value, kinds)


def check_reachable(value: t.Any, span: Span | None) -> None:
    """Refuse the value of an attribute or method that gives access to process or database.

    A module that the application registered as a constant can be read.

    :raises PolarRuntimeError: for a module, a frame, a code object or a traceback; for a session,
        a connection or an engine; for a coroutine, which would be taken for its result.
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
        # A proxy is checked as the object that it stands for.
        check_no_database(claimed, span)


def check_contents(given: t.Any, place: Callable[[], Span | None]) -> None:
    """Refuse a list for a method of the application that holds what no policy may read.

    :param place: gives the place of the call.
    :raises PolarRuntimeError: as ``check_reachable`` does.
    """
    # The place is looked for once, and the class of most elements is looked at once.
    place = functools.cache(place)
    stack, met, passed = [given], set[int](), set[type]()
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind is list:
            if id(value) not in met:
                met.add(id(value))
                stack += value
        elif value is not given and kind not in passed:
            if passes_sandbox(kind):
                passed.add(kind)
            else:
                check_reachable(value, place())


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
