"""Value classes: classes whose values compare without running code of an application.

In goes a class; out comes whether a comparison of its instances can be observed. A class belongs
here in one of two ways: it is in the closed list of immutable classes of Python below, or it
derives from one of the native ones and inherits every comparison from it, as an ``IntEnum`` does.
Being written in C is not enough: an array compares element by element, and has no truth value.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import pathlib
import sys
import types
import typing as t
import uuid

from . import sandbox
from .dictionaries import are_all_texts

#: Classes whose values have an order, and raise no ``TypeError`` among themselves.
ORDERED: frozenset[type] = frozenset(
    {
        *(bool, int, float, str, bytes, decimal.Decimal, datetime.date, datetime.timedelta),
        *(uuid.UUID, pathlib.PurePosixPath, pathlib.PosixPath),
        *(pathlib.PureWindowsPath, pathlib.WindowsPath),
    }
)
#: Classes of values that Polar has itself.
NATIVE: frozenset[type] = frozenset({bool, int, float, str})
#: Numbers that compare with each other; a Boolean counts as 0 or 1.
NUMBERS: frozenset[type] = frozenset({bool, int, float, decimal.Decimal})
#: Classes of dates with a zone. Comparing two calls their zones, unless these are the same.
MOMENTS: frozenset[type] = frozenset({datetime.datetime, datetime.time})
#: Classes whose values equal each other as Python says, and ask nobody. A Boolean is missing: for
#: Python it equals a number.
EQUATED: frozenset[type] = (ORDERED - {bool}) | {types.NoneType, complex}
#: Zones that are Python's own.
_ZONES = frozenset({types.NoneType, datetime.timezone})
#: Classes whose own comparisons return ``NotImplemented`` for ``None``.
_BASES: frozenset[type] = frozenset(
    {
        *(object, int, float, str, bytes, tuple, list, dict, set, frozenset, complex),
        *(decimal.Decimal, datetime.date, datetime.time, datetime.timedelta),
        *(datetime.datetime, uuid.UUID, pathlib.PurePath),
        *(collections.OrderedDict, collections.Counter),
    }
)
#: Classes of which others inherit comparisons that are written in C: they call nothing. Not those
#: of dates: a day of a class of its own equals a datetime, and this does not equal the day.
_NATIVE = tuple(
    each
    for each in (int, float, str, bytes, decimal.Decimal, datetime.timedelta)
    if type(vars(each)["__eq__"]) is types.WrapperDescriptorType
)
#: The classes of keys of rows that are shown, and compared in Python.
KEY_KINDS = frozenset({int, str, uuid.UUID})
#: Classes whose values Python finds in a set by their hash.
HASHED = frozenset({str, int, bool, bytes, types.NoneType, uuid.UUID})
#: Collections that find a value by its hash.
SETS: frozenset[type] = frozenset({set, frozenset, type({}.keys()), range})
_LOOKING_UP = (set, frozenset, dict)
#: The flag of a class that was made while a program runs, as all that are written in Python.
_HEAP_TYPE = 1 << 9
_PLAIN_HASHES = (object.__hash__, enum.Enum.__hash__)
_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")


def inherits_comparisons(cls: type) -> bool:
    """Return whether a class derives from a native one, and compares exactly as that does."""
    base = next((each for each in _NATIVE if issubclass(cls, each)), None)
    return (
        base is not None
        and sandbox.passes_sandbox(cls)
        and all(getattr(cls, name) is getattr(base, name) for name in _COMPARISONS)
    )


def is_told_from_nil(cls: type) -> bool:
    """Return whether comparing an instance with ``None`` runs no code of an application.

    Then it equals ``None`` only if it is ``None``.
    """
    if cls is types.NoneType or is_of_addresses(cls):
        return True
    return sandbox.passes_sandbox(cls) and all(
        _is_native(_owner(cls, name)) for name in ("__eq__", "__ne__")
    )


def inverts_equality(cls: type) -> bool:
    """Return whether ``!=`` of an instance is the opposite of ``==``."""
    # That of `object` asks `__eq__`. Classes in C have both, as long as none of them is replaced.
    return _owner(cls, "__ne__") is object or has_from_c(cls, "__eq__", "__ne__")


def has_from_c(cls: type, *names: str) -> bool:
    """Return whether what a class has under some names was written in C."""
    owners = [_owner(cls, name) for name in names]
    return all(_is_native(each) or not each.__flags__ & _HEAP_TYPE for each in owners)


def is_of_addresses(cls: type) -> bool:
    """Return whether a class is one of ``ipaddress``, whose objects ask for a missing attribute.

    Two of one class run no code of an application. A class that derives from it may compute what
    is compared.
    """
    return cls.__module__ == "ipaddress" and cls is getattr(
        sys.modules.get("ipaddress"), cls.__name__, None
    )


def differs_from_data(cls: type) -> bool:
    """Return whether an instance equals no list and no dictionary, and looks into none."""
    return is_told_from_nil(cls) and not issubclass(cls, (list, dict))


def is_comparable_moment(left: t.Any, right: t.Any) -> bool:
    """Return whether two datetimes, or two times, compare without a call of a zone."""
    mine, other = left.tzinfo, right.tzinfo
    return mine is other or (type(mine) in _ZONES and type(other) in _ZONES)


def is_hashed(cls: type) -> bool:
    """Return whether a set finds instances of a class by their hash, and asks none of them.

    The keys of rows are not looked at.
    """
    own: t.Any = cls.__hash__
    compared: t.Any = (cls.__eq__, cls.__ne__)
    is_itself = compared == (object.__eq__, object.__ne__)
    return cls in HASHED or (is_itself and own in _PLAIN_HASHES)


def has_own_hash(cls: type) -> bool:
    """Return whether a class has an equality, and a hash that was made for it.

    A set finds its instances by the two, as Python does. A class that takes its hash from
    elsewhere, such as that of ``object``, may have equal instances of several hashes.
    """
    own: t.Any = _owner(cls, "__eq__")
    if own is not _owner(cls, "__hash__"):
        return False
    methods = vars(own)["__eq__"], vars(own)["__hash__"]
    return all(type(each) is types.FunctionType for each in methods)


def is_like_tuple(cls: t.Any) -> bool:
    """Return whether the instances of a class that derives from ``tuple`` compare as tuples do."""
    own = cls.__eq__, cls.__ne__, cls.__hash__, cls.__iter__
    return own == (tuple.__eq__, tuple.__ne__, tuple.__hash__, tuple.__iter__)


def is_hashed_tuple(value: t.Any) -> bool:
    """Return whether a value is a tuple of values that a set finds by their hash.

    The hash finds such a tuple, too, also one with names. Tuples within tuples are compared one by
    one.
    """
    kind = type(value)
    if kind is not tuple and (not issubclass(kind, tuple) or not is_like_tuple(kind)):
        return False
    for part in value:  # noqa: SIM110 - without a generator, and `map`, it takes half of the time
        if type(part) not in HASHED:
            return False
    return True


def finds_by_hash(cls: type) -> bool:
    """Return whether a class is one of ``SETS``, or of a set that looks up as those do.

    A dictionary of another class than ``dict`` is an object with its keys as elements.
    """
    if cls in SETS:
        return True
    # Not by `in`: a metaclass may say that any class is equal.
    base = next((each for each in _LOOKING_UP if issubclass(cls, each)), None)
    return base is not None and cls is not dict and looks_like(cls, base)


def looks_like(cls: type, base: type) -> bool:
    """Return whether a class is gone through, counted and searched as a built-in one is."""
    names = ("__iter__", "__len__", "__contains__")
    return all(_owner(cls, name) is base for name in names) and not any(
        "__bool__" in vars(each) for each in cls.__mro__
    )


def find_by_hash(item: t.Any, collection: t.Collection[t.Any]) -> bool | None:
    """Tell whether one of ``SETS`` contains a value whose class ``is_hashed``, or a tuple of such.

    Or an object of a class that ``has_own_hash``. ``None`` if the elements have to be compared: for
    Python, ``True`` is the number 1.
    """
    kind = type(item)
    if not collection:
        # Nothing is asked for its hash.
        return False
    if type(collection) is range:
        return _is_in_range(item, collection)
    try:
        if item not in collection:
            return False
    except TypeError:
        # A value that has no hash after all.
        return None
    return None if kind is bool or (kind is int and 0 <= item <= 1) else True


def find_text(text: str, collection: t.Collection[t.Any]) -> bool | None:
    """Tell whether one of ``SETS`` contains a text; ``None`` if not all elements are texts.

    An object that equals the text is found under it, and is another value.
    """
    if type(collection) is range:
        return None
    # A copy: another thread may change what is looked through.
    elements = [*collection]
    return text in collection if are_all_texts(elements) else None


def _is_in_range(item: t.Any, collection: range) -> bool | None:
    if type(item) is int:
        return item in collection
    return None if has_own_hash(type(item)) else False


def find_in_network(item: t.Any, network: t.Any) -> bool | None:
    """Tell whether a network of ``ipaddress`` has an address; ``None`` for any other collection.

    The answer is that of comparing each address of the network, of which there may be too many.
    """
    # Not imported here: until a program has done so, no object is of these classes.
    known = sys.modules.get("ipaddress")
    kind, mine = type(network), type(item)
    if known is None or (kind is not known.IPv4Network and kind is not known.IPv6Network):
        return None
    if mine in NATIVE or mine is types.NoneType:
        return False
    if mine is known.IPv4Address:
        return item in network
    # A network has no addresses with a scope.
    return item.scope_id is None and item in network if mine is known.IPv6Address else None


def _is_native(owner: type) -> bool:
    if owner in _BASES:
        return True
    # Without an import of what few programs have: that takes a millisecond.
    return owner is getattr(sys.modules.get("fractions"), "Fraction", None)


def _owner(cls: type, name: str) -> type:
    return next(base for base in cls.__mro__ if name in vars(base))
