"""Says which rows the classes of the playground's data would have in a database.

In go the names that the data defines; out comes for each class what its attributes are: a column,
one other row, or many. An annotation says it, or else the objects of the data do. What is neither
is left out: a condition on it is refused.
"""

import datetime
import decimal
import enum
import types
import typing
from dataclasses import dataclass

#: Types of columns. The values of lists and dictionaries can be kept, but not compared.
_KINDS = (bool, int, float, str, bytes, decimal.Decimal)
_TIMES = (datetime.datetime, datetime.date, datetime.time)
_LISTS = (list, set, frozenset, tuple)
#: Classes that derive from these are values: they have no table.
_VALUES = (*_KINDS, *_LISTS, dict, enum.Enum, BaseException)


@dataclass
class Column:
    """A value of its own."""

    kind: type
    optional: bool = False


@dataclass
class One:
    """Another row, whose key is in a column of this one."""

    target: type
    key: str
    optional: bool = False


@dataclass
class Many:
    """Other rows, which have the key of this one; without ``key`` they are in a table of pairs."""

    target: type
    key: str | None = None


def classes_of(names):
    """Give the classes that the data defines, by their names."""
    return {
        name: value
        for name, value in names.items()
        if isinstance(value, type) and value.__module__ == "data"
    }


def table_classes_of(names):
    """Give those of the classes whose objects can be rows."""
    return [cls for cls in classes_of(names).values() if not issubclass(cls, _VALUES)]


def objects_of(names):
    """Give all objects of these classes that the data holds, in the order in which they are met."""
    classes, found = tuple(table_classes_of(names)), {}
    waiting = list(reversed([each for each in names.values() if not isinstance(each, type)]))
    seen = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, classes):
            found[id(value)] = value
            waiting.extend(reversed(list(getattr(value, "__dict__", {}).values())))
        elif isinstance(value, dict):
            waiting.extend(reversed(list(value.values())))
        elif isinstance(value, _LISTS):
            waiting.extend(reversed(list(value)))
    return list(found.values())


def rows_of(names):
    """Give the columns and relations of each class: ``{cls: {attribute: Column | One | Many}}``."""
    classes = table_classes_of(names)
    rows = {cls: _attributes(cls, set(classes), names) for cls in classes}
    for attributes in rows.values():
        _add_keys(rows, attributes)
    for cls, attributes in rows.items():
        for name, each in attributes.items():
            if isinstance(each, Many):
                each.key = _key_back(rows, cls, name, each.target, objects_of(names))
    return rows


def _key_back(rows, cls, name, target, objects):
    """Give the column by which the rows of a list belong to a row, if there is one for sure.

    For any object of the data the list and what leads back have to agree.
    """
    back = [
        (other, each.key)
        for other, each in rows[target].items()
        if isinstance(each, One) and each.target is cls
    ]
    if len(back) != 1:
        return None
    ((attribute, key),) = back
    for member in objects:
        if isinstance(member, target):
            owners = [each for each in objects if member in _list_of(each, cls, name)]
            if owners != [each for each in [getattr(member, attribute, None)] if each is not None]:
                return None
    return key


def _list_of(value, cls, name):
    return (getattr(value, name, None) or ()) if isinstance(value, cls) else ()


def _add_keys(rows, attributes):
    """Add the key of a row, and those of the other rows that it leads to."""
    given = {"id": Column(int), **attributes}
    attributes.clear()
    for name, each in given.items():
        attributes[name] = each
        if isinstance(each, One):
            target = rows[each.target].get("id", Column(int))
            attributes[each.key] = given.get(each.key, Column(target.kind, each.optional))


def _attributes(cls, classes, names):
    hints = typing.get_type_hints(cls, names)
    found = {name: _by_hint(name, hint, classes) for name, hint in hints.items()}
    values = {}
    for each in objects_of(names):
        for name, value in getattr(each, "__dict__", {}).items() if type(each) is cls else ():
            values.setdefault(name, []).append(value)
    for name in values.keys() - hints.keys():
        found[name] = _by_values(name, values[name], classes)
    order = [*hints, *(name for name in values if name not in hints)]
    return {name: found[name] for name in order if found[name] and not name.startswith("_")}


def _by_hint(name, hint, classes):
    parts = [hint]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        parts = [each for each in typing.get_args(hint) if each is not type(None)]
    optional = len(parts) < max(1, len(typing.get_args(hint)))
    kind, arguments = typing.get_origin(parts[0]) or parts[0], typing.get_args(parts[0])
    if len(parts) > 1 or not isinstance(kind, type):
        return None
    if kind in _LISTS and arguments and arguments[0] in classes:
        return Many(arguments[0])
    return _by_type(name, kind, classes, optional and len(parts) == 1)


def _by_values(name, values, classes):
    members = [each for value in values if isinstance(value, _LISTS) for each in value]
    if members and all(isinstance(value, _LISTS) for value in values):
        target = _common_class(members, classes)
        if target is not None:
            return Many(target)
    given = [value for value in values if value is not None]
    kinds = {type(value) for value in given}
    if len(kinds) > 1:
        kinds = {_common_class(given, classes)}
    kind = kinds.pop() if kinds else None
    return kind and _by_type(name, kind, classes, optional=True)


def _common_class(values, classes):
    """Give the nearest class that all objects are of; ``None`` if there is none."""
    found = [cls for cls in classes if all(isinstance(each, cls) for each in values)]
    return max(found, key=lambda cls: len(cls.__mro__), default=None)


def _by_type(name, kind, classes, optional):
    if kind in classes:
        return One(kind, f"{name}_id", optional)
    if kind in (*_KINDS, *_TIMES, *_LISTS, dict) or issubclass(kind, enum.Enum):
        return Column(kind, optional)
    return None
