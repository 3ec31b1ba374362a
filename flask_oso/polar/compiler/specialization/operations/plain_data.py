"""What operations find out about plain data: they read elements, and know no classes but Python's.

In go values, lists and dictionaries; out comes what holds of all of their elements, or
``NotSilent`` for one that may run code of an application.
"""

from __future__ import annotations

import decimal
import itertools
import operator
import types
import typing as t
from collections.abc import Callable, Mapping

from ....host.dictionaries import has_text_keys
from ....host.numbers import equal_scalars
from ....host.value_classes import EQUATED, MOMENTS, is_comparable_moment
from ...classes.readable_classes import NotSilent

#: The most elements of a collection that is searched.
MAX_ELEMENTS = 100_000
#: Classes whose values have a hash and an equality that run no code.
ELEMENTS = EQUATED | {bool}
#: Lists of these are equal for Python if they are for Polar.
TEXTS = frozenset({str, int, types.NoneType})
#: The class of texts alone.
TEXT = frozenset({str})
#: How deep lists and dictionaries may stand in each other that are compared part by part.
MOST_NESTED = 8
#: The most containers within one that Python compares: what is there many times counts each time.
MAX_CONTAINERS = 10_000
_PLAIN_EQUALITIES: tuple[t.Any, ...] = (object.__eq__, int.__eq__)
_Set = set[t.Any] | frozenset[t.Any]


def texts_found(solutions: list[t.Any]) -> set[str]:
    """Return the values that an argument may have, each once, if they are texts."""
    for each in solutions:
        if type(each) is not str:
            raise NotSilent
    found = {*solutions}
    if not "".join(found).isascii():
        raise NotSilent
    return found


def number_of(value: t.Any) -> t.Any:
    """Return what finds a value in a table of integers; ``None`` if it equals none of them."""
    kind: t.Any = type(value)
    if kind is bool or kind is str or kind.__eq__ is object.__eq__:
        return None
    if kind is float or (kind.__eq__ is int.__eq__ and kind.__hash__ is int.__hash__):
        return value
    if value is None:
        return None
    # Equal numbers have one hash. What says that it is no number has none.
    if kind is decimal.Decimal and not value.is_snan():
        return value
    raise NotSilent


def are_different(_left: t.Any, _right: t.Any) -> bool:
    return False


def are_one_moment(left: t.Any, right: t.Any) -> bool:
    """Compare two datetimes: whether that asks nobody depends on their zones."""
    if not is_comparable_moment(left, right):
        raise NotSilent
    return bool(left == right)


def are_alike_flat(left: t.Any, right: t.Any) -> bool:
    """Compare tuples, or sets: whether that asks nobody depends on their elements."""
    # Two comparisons of classes take less than a look into a set.
    for element in left:
        if (kind := type(element)) is not str and kind is not int and kind not in ELEMENTS:
            raise NotSilent
    for element in right:
        if (kind := type(element)) is not str and kind is not int and kind not in ELEMENTS:
            raise NotSilent
    same: bool = left == right
    return same


def are_alike_tuples(left: tuple[t.Any, ...], right: tuple[t.Any, ...]) -> bool:
    """Compare tuples with names. Most differ in the first part: Python compares none behind it."""
    try:
        one, other = left[0], right[0]
    except IndexError:
        # One has no parts.
        return are_alike_flat(left, right)
    kind = type(one)
    if kind is type(other) and (kind is str or kind is int) and one != other:
        return False
    return are_alike_flat(left, right)


def are_alike_sets(left: _Set, right: _Set) -> bool:
    """Compare sets as above."""
    try:
        return are_alike_flat(left, right)
    except RuntimeError as changed:
        # Another thread has changed one meanwhile.
        raise NotSilent from changed


def is_among_by_python(
    item: t.Any, elements: list[t.Any], ways: Mapping[type, Callable[..., bool] | None]
) -> bool:
    """Tell whether a value equals an element, where Python compares with all of them as Polar does.

    :param ways: how the value unifies with elements, by their classes. For ``equal_scalars``, a
        Boolean is no number.
    """
    if equal_scalars in ways.values():
        is_boolean = type(item) is bool
        elements = [
            each
            for each in elements
            if ways[type(each)] is not equal_scalars or (type(each) is bool) is is_boolean
        ]
    # Identical elements are equal for Python, but for what does not equal itself.
    return item in elements and bool(item == item)


def are_texts(keys: dict[t.Any, t.Any]) -> bool:
    """Tell whether all keys are texts that are sorted as the solver sorts them."""
    return has_text_keys(keys) and "".join(keys).isascii()


def are_alike_trees(left: t.Any, right: t.Any) -> bool | None:
    """Compare two containers of texts, numbers and containers, as JSON gives them.

    ``None`` if there is anything else in one of them, or they are too many. All are looked at in
    one loop: a call for each of them takes as long as all else.
    """
    met: list[type] = []
    containers = [left, right]
    # What is there many times is looked at each time.
    for parts in itertools.islice(containers, MAX_CONTAINERS):
        if type(parts) is dict:
            for key in parts:
                if type(key) is not str or not key.isascii():
                    return None
            parts = parts.values()
        for part in parts:
            if (kind := type(part)) is str or part is None:
                continue
            if kind is dict or kind is list:
                containers.append(part)
            elif kind is bool:
                met.append(bool)
            elif kind is int or (kind is float and part == part):
                if part == 1 or part == 0:
                    met.append(kind)
            else:
                return None
    if len(containers) > MAX_CONTAINERS:
        return None
    if left != right:
        return False
    # For Python, ``True`` is the number 1.
    is_exact = bool not in met or (int not in met and float not in met)
    return True if is_exact else None


def has_flag(flags: t.Any, item: t.Any) -> bool | None:
    """Tell whether a member of a class of flags is one of those that others are made of.

    They are those of a single bit, and ``enum`` gives no others when it goes through some.
    ``None`` for what an unusual boundary lets in, and for flags that have an equality of their own.
    """
    kind, held, bit = type(flags), flags._value_, item._value_
    if held < 0 or bit <= 0 or bit & (bit - 1) or kind.__eq__ not in _PLAIN_EQUALITIES:
        return None
    return bool(held & bit & kind._flag_mask_)


def is_tuple_among(item: t.Any, elements: list[t.Any], is_first: bool) -> bool | None:
    """Look for a tuple, with or without names, among others of its class, as Python does.

    All is done in one loop, where others would take most of the time: so do the searches below.

    :param is_first: whether nothing is looked at behind one that is equal.
    :returns: ``None`` if there are elements of another class, or with parts that may run code.
    """
    cls, found, is_plain = type(item), False, False
    try:
        ahead = type(first := item[0])
        if ahead is not str and ahead is not int and ahead not in ELEMENTS:
            return None
        for element in elements:
            if type(element) is not cls:
                return None
            # Most differ in the first part, and Python compares none behind it.
            if type(one := element[0]) is ahead and one is not first and one != first:
                continue
            # Two comparisons of classes take less than a look into a set.
            for part in element:
                if (kind := type(part)) is not int and kind is not str and kind not in ELEMENTS:
                    return None
            if not is_plain:
                for part in item:
                    if (kind := type(part)) is not int and kind is not str and kind not in ELEMENTS:
                        return None
                is_plain = True
            if element == item:
                if is_first:
                    return True
                found = True
    except IndexError:
        # One has no parts.
        return None
    return found


def is_moment_among(item: t.Any, elements: list[t.Any], is_first: bool) -> bool | None:
    """Look for a datetime or a time among others, as above, if no zone is asked."""
    kind, zone, found = type(item), item.tzinfo, False
    for element in elements:
        if type(element) is not kind:
            return None
        if element.tzinfo is not zone and not is_comparable_moment(item, element):
            return None
        if element == item:
            if is_first:
                return True
            found = True
    return found


def is_dictionary_among(item: t.Any, elements: list[t.Any], is_first: bool) -> bool | None:
    """Look for a dictionary among others, as above: they have texts and integers under texts."""
    if not elements:
        return None
    wanted, found = None, False
    try:
        for element in itertools.chain((item,), elements):
            if type(element) is not dict:
                return None
            for key, part in element.items():
                if type(key) is not str or not key.isascii():
                    return None
                if (kind := type(part)) is not str and kind is not int and part is not None:
                    return None
            if element == wanted:
                if is_first:
                    return True
                found = True
            # The first of them is the value itself, which is only looked at.
            wanted = item
    except RuntimeError as changed:
        # Another thread has changed one meanwhile.
        raise NotSilent from changed
    return found


def is_address_among(item: t.Any, elements: list[t.Any], _is_first: bool) -> bool | None:
    """Look for an address among others of its class, as above: Python compares two of them."""
    kind = type(item)
    for element in elements:
        if type(element) is not kind:
            return None
    return item in elements


#: How a value is looked for among others of its class, all at once.
AMONG_ALIKE: dict[type, Callable[[t.Any, list[t.Any], bool], bool | None]] = {
    tuple: is_tuple_among,
    dict: is_dictionary_among,
    **dict.fromkeys(MOMENTS, is_moment_among),
}
#: The same for classes that are met later, by how two of their values unify: tuples with names, and
#: addresses.
AMONG_BY_WAY: dict[t.Any, Callable[[t.Any, list[t.Any], bool], bool | None]] = {
    are_alike_tuples: is_tuple_among,
    operator.eq: is_address_among,
}


def values_behind(
    elements: list[t.Any], key: t.Any, taken: t.Collection[type]
) -> list[t.Any] | None:
    """Return what lists of two have behind a key; ``None`` if other elements are among them.

    Most have keys of one class, and values of one class.

    :param key: a value of a class that Python compares without code.
    :param taken: the classes whose values need no check, besides lists and dictionaries.
    """
    first, known, values = type(key), type(key), []
    try:
        for pair in elements:
            if type(pair) is not list:
                return None
            one, other = pair
            if type(one) is not first:
                return None
            if type(other) is not known:
                known = type(other)
                if known not in taken and known is not list and known is not dict:
                    return None
            if one == key:
                values.append(other)
    except ValueError:
        # One has not two elements.
        return None
    return values


def each_once(solutions: list[t.Any]) -> list[t.Any]:
    """Leave out the solutions that are there already: the same objects."""
    if len(solutions) < 2:
        return solutions
    if type(solutions[0]) is tuple:
        return [*{tuple(map(id, each)): each for each in solutions}.values()]
    return [*{id(each): each for each in solutions}.values()]
