"""The operations that specializations call: they run no code of an application, or give up.

In go values of any class; out comes an answer, or ``NotSilent``, for which a specialization
returns ``None``.
"""

from __future__ import annotations

import dataclasses
import itertools
import operator
import types
import typing as t
from collections.abc import Callable

from ...host.conversion import is_representable
from ...host.dictionaries import (
    MISSING,
    LazyKeys,
    call_reading,
    find_entry,
    sorted_by_text,
    sorted_entries,
)
from ...host.iterators import Ahead
from ...host.numbers import equal_scalars
from ...host.sandbox import ITERATED, iterates_flags
from ...host.terms import QUESTIONS
from ...host.value_classes import (
    MOMENTS,
    NUMBERS,
    SETS,
    find_by_hash,
    find_in_network,
    is_comparable_moment,
    is_hashed_tuple,
)
from ..classes.equality import SideEffectFreeEquality
from ..classes.known_classes import KnownClasses
from ..classes.readable_classes import NotSilent
from ..classes.weak_classes import ClassMemo, add_class, set_for_class
from ..passes.recursion.worklists import leads_back
from .plain_data import (
    ELEMENTS,
    MAX_ELEMENTS,
    TEXTS,
    are_alike_flat,
    are_alike_sets,
    are_different,
    are_one_moment,
    are_plain_tuples,
    are_texts,
    each_once,
    is_among_by_python,
    number_of,
    texts_found,
    texts_in,
)

_SCALARS = frozenset({bool, int, float, str})
_SETS = frozenset({set, frozenset})
_LISTED = _SETS | {tuple, list}
#: Collections that are gone through whatever is searched for; a range may be longer than memory.
_GONE_THROUGH = frozenset({list, tuple, Ahead}) | (ITERATED - SETS - _SETS)
#: The classes of fields that Python compares as Polar does, besides texts.
_FIELDS = frozenset({int, bool, types.NoneType})
_PLAIN = frozenset({str, int, types.NoneType})
_get = dict.get
_CONTAINERS = frozenset({list, dict})
_COLLECTIONS = _LISTED | _CONTAINERS
_VALUES = frozenset({*_SCALARS, list, dict})
#: How values unify that Python compares alike.
_AS_PYTHON: frozenset[t.Any] = frozenset({operator.eq, equal_scalars, are_different})
#: Of more elements than this, the classes are looked at, and not each element.
_MANY = 16
#: The equality of objects that equal themselves alone.
_ALONE: t.Any = object.__eq__

#: What a specialization gives up for: a missing attribute or entry, a signalling NaN, arguments
#: that a method of a string refuses, and the above.
GIVES_UP = (AttributeError, ArithmeticError, KeyError, TypeError, ValueError, NotSilent)

#: What else specializations call, or look into.
_FUNCTIONS: dict[str, t.Any] = {
    "bound_method": types.MethodType,
    "each_once": each_once,
    "gives_up": GIVES_UP,
    "gives_up_or_deep": (*GIVES_UP, RecursionError),
    "islice": itertools.islice,
    "leads_back": leads_back,
    "not_silent": NotSilent,
    "number_of": number_of,
    "texts_found": texts_found,
    "texts_in": texts_in,
}
#: How two values of some classes unify: tells it, or raises ``NotSilent``.
_Way = Callable[[t.Any, t.Any], bool]


class _Fields:
    """The entries of a dictionary as attributes."""

    __slots__ = ("__dict__",)


class SilentOperations:
    """The operations of one program.

    :param known: knows classes; more are learnt while it runs.
    :param equality: compares dataclasses and rows.
    """

    def __init__(self, known: KnownClasses, equality: SideEffectFreeEquality) -> None:
        #: Classes whose values Python compares without running code of a class.
        self._simple = known.simple
        #: Classes that derive from a native one and compare as it does.
        self._derived = known.derived
        #: Classes whose values are objects of the host that need no sandbox check.
        self._objects = known.objects
        #: Those, texts and numbers.
        self._taken = known.taken
        self._told = known.told
        self._takes_list = known.takes_list
        self._learn = known.learn
        self._keeps = known.keeps
        self._equality = equality
        self._is_told_memo = ClassMemo(self._test_told)
        self._is_hashed = known.is_hashed
        self._is_of_flags = ClassMemo(iterates_flags)
        #: Classes of the host that derive from ``dict`` and have its ``get``, and whether an object
        #: may have another one.
        self._dictionaries: dict[t.Any, bool] = {}
        self._ways: dict[tuple[type, type], _Way] = {}

    def named(self) -> dict[str, t.Any]:
        """Return the operations by the names that specializations have for them.

        Each public method is one.
        """
        methods = [name for name in vars(SilentOperations) if not name.startswith("_")]
        return {
            **_FUNCTIONS,
            **{name: getattr(self, name) for name in methods if name != "named"},
            "is_plain_data": self._takes_list,
            "is_told": self._is_told_memo,
        }

    def _test_told(self, kind: type) -> bool:
        if kind in QUESTIONS:
            return False
        is_told = self._equality.is_told_from_nil(kind)
        if is_told:
            add_class(self._told, kind, keeps=self._keeps(kind))
        return is_told

    # -- equality

    def text_of(self, value: t.Any) -> str | None:
        """Return the string that a value is for a comparison with one; ``None`` if it is none."""
        kind = type(value)
        if kind in self._derived:
            return str.__str__(value) if issubclass(kind, str) else None
        if kind is bool or kind in self._simple or kind in self._equality.by_text:
            return None
        raise NotSilent

    def alike(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether two values unify."""
        way = self._ways.get((type(left), type(right)))
        if way is None:
            way = self._way_of(type(left), type(right))
        return way(left, right)

    def _way_of(self, left: type, right: type) -> _Way:
        is_kept = all(kind in _SCALARS or self._keeps(kind) for kind in (left, right))
        for kind in {left, right} - _VALUES:
            # Whether its objects equal themselves alone.
            self._learn(kind)
        if is_kept:
            for kind in (left, right):
                if dataclasses.is_dataclass(kind) and not self._equality.knows(kind):
                    # Nobody registers the small classes of values.
                    self._equality.learn(kind)
        way = self._find_way(left, right)
        is_known = all(
            self._is_simple(kind) or self._equality.knows(kind) for kind in (left, right)
        )
        # A class that is not known yet may be known later.
        if is_kept and (is_known or way != self._by_fields):
            self._ways[left, right] = way
        return way

    def _find_way(self, left: type, right: type) -> _Way:
        kinds = left, right
        if _SCALARS.issuperset(kinds):
            return equal_scalars
        if (left is types.NoneType or right is types.NoneType) and all(
            map(self._is_told_memo, kinds)
        ):
            return operator.eq if left is right else are_different
        if left in MOMENTS and right in MOMENTS:
            return are_one_moment
        if all(map(self._is_simple, kinds)):
            return operator.eq
        way = self._way_of_containers(left, right)
        if way is not None:
            return way
        if any(map(self._is_own, kinds)):
            return _observe
        if self._equality.differ(left, right):
            return are_different
        read = self._equality.reader(left) if left is right else None
        return self._by_fields if read is None else self._by_plain_fields(read)

    def _way_of_containers(self, left: type, right: type) -> _Way | None:
        """Return how two containers unify, or a container with something simple."""
        kinds = left, right
        if left is right is list:
            return self._are_alike
        if left is right is dict:
            return self._are_alike_by_key
        for one, other in (kinds, kinds[::-1]):
            if one is list and self._is_no_list(other):
                return self._differs_from_list
        if left in _SETS and right in _SETS:
            return are_alike_sets
        if all(map(self._is_tuple, kinds)):
            return are_alike_flat
        is_one = any(kind is dict or kind in _SETS or self._is_tuple(kind) for kind in kinds)
        return are_different if is_one and all(map(self._is_no_list, kinds)) else None

    def _is_no_list(self, kind: type) -> bool:
        """Tell whether objects of a class equal no list, and no container of another kind."""
        is_container = kind is dict or kind in _SETS or self._is_tuple(kind)
        return is_container or self._is_simple(kind) or self._equality.is_dataclass(kind)

    def _is_own(self, kind: type) -> bool:
        """Tell whether a class has an equality of its own that nothing will be learnt of."""
        is_known = self._is_simple(kind) or self._equality.knows(kind)
        return not is_known and isinstance(kind.__eq__, types.FunctionType)

    def _is_simple(self, kind: type) -> bool:
        return kind in self._simple or kind in self._derived or kind in MOMENTS or kind is bool

    def _is_tuple(self, kind: type) -> bool:
        """Tell whether objects of a class are tuples, which Python compares and goes through."""
        own: t.Any = kind.__eq__, kind.__iter__ if issubclass(kind, tuple) else None
        is_plain = own == (tuple.__eq__, tuple.__iter__)
        return kind is tuple or (kind in self._objects and is_plain)

    def _by_fields(self, left: t.Any, right: t.Any) -> bool:
        """Compare by fields or keys, if they are known to."""
        answer = self._equality(left, right)
        if answer is None:
            raise NotSilent
        return answer

    def _by_plain_fields(self, read: Callable[[t.Any], t.Any]) -> _Way:
        """Return what compares two objects of a dataclass: most fields are texts and numbers.

        Where an object has others, those of its class are compared field by field from then on.

        :param read: reads several fields that decide; a missing one is an ``AttributeError``.
        """

        def are_alike(left: t.Any, right: t.Any) -> bool:
            mine, other = read(left), read(right)
            for parts in (mine, other):
                for part in parts:
                    if (kind := type(part)) is str or kind in _FIELDS:
                        continue
                    # Not a number is unequal to itself for newer versions of Python.
                    if kind is not float or part != part:
                        if (type(left), type(left)) in self._ways:
                            self._ways[type(left), type(left)] = self._by_fields
                        return self._by_fields(left, right)
            same: bool = mine == other
            return same

        return are_alike

    def _differs_from_list(self, left: t.Any, right: t.Any) -> bool:
        if not self._takes_list(left if type(left) is list else right):
            raise NotSilent
        return False

    def _are_alike(self, left: list[t.Any], right: list[t.Any]) -> bool:
        # Most have texts and numbers: no function is called for that.
        for element in left:
            if (kind := type(element)) is not str and kind is not int and element is not None:
                break
        else:
            for element in right:
                if (kind := type(element)) is not str and kind is not int and element is not None:
                    break
            else:
                return left == right
        if not self._takes_list(left) or not self._takes_list(right):
            raise NotSilent
        # Each pair is looked at: none may ask an object.
        pairs = [self._pair(*pair) for pair in zip(left, right, strict=False)]
        return len(left) == len(right) and all(pairs)

    def _are_alike_by_key(self, left: dict[t.Any, t.Any], right: dict[t.Any, t.Any]) -> bool:
        pairs = left.copy(), right.copy()
        if all(map(_is_plain, pairs)):
            return pairs[0] == pairs[1]
        for entries in pairs:
            if not are_texts(entries) or not self._takes_list([*entries.values()]):
                raise NotSilent
        mine, other = pairs
        # Each value is looked at: none may ask an object.
        same = [self._pair(value, other[key]) for key, value in mine.items() if key in other]
        return len(mine) == len(other) == len(same) and all(same)

    def _pair(self, left: t.Any, right: t.Any) -> bool:
        if _SCALARS.issuperset((type(left), type(right))):
            return equal_scalars(left, right)
        if type(left) in _CONTAINERS or type(right) in _CONTAINERS:
            raise NotSilent
        if not self.comparable(left, right):
            raise NotSilent
        return bool(left == right)

    def among(self, item: t.Any, collection: t.Any) -> bool:
        """Tell whether a value unifies with an element. All elements are looked at."""
        kind, mine = type(collection), type(item)
        if kind not in _GONE_THROUGH:
            if mine is tuple and kind in _SETS and is_hashed_tuple(item):
                # As `find_by_hash` does it.
                return item in collection
            answer = self._find(item, collection)
            if answer is not None:
                return answer
            collection = itertools.islice(collection, MAX_ELEMENTS + 1)
        elements = [*collection]
        if len(elements) > MAX_ELEMENTS:
            raise NotSilent
        if mine is str or mine is int or mine in self._simple:
            found, simple = False, self._simple
            # With `map` this takes longer, for few elements twice as long.
            for element in elements:
                if type(element) is not mine and type(element) not in simple:
                    break
                if element == item:
                    found = True
            else:
                return found
        return self._is_among(item, elements)

    def among_first(self, item: t.Any, collection: t.Any, is_searched: bool) -> bool:
        """Tell whether a value unifies with an element; no element behind that is looked at.

        :param is_searched: whether all elements are looked at.
        """
        kind, mine, simple = type(collection), type(item), self._simple
        is_alone = mine is str or mine is int or mine in simple
        if is_searched or not is_alone or (kind is not list and kind is not tuple):
            return self.among(item, collection)
        for element in [*collection]:
            if type(element) is not mine and type(element) not in simple:
                break
            if element == item:
                return True
        else:
            return False
        return self.among(item, collection)

    def all_texts(self, collection: t.Any) -> t.Any:
        """Return what finds the texts of a collection by their hash. All elements are looked at."""
        kind, simple = type(collection), self._simple
        if kind in SETS and kind is not range:
            return collection
        if (kind is not list and kind is not tuple) or len(collection) > MAX_ELEMENTS:
            raise NotSilent
        elements = [*collection]
        others = False
        for element in elements:
            if type(element) is not str:
                if type(element) not in simple:
                    raise NotSilent
                others = True
        return {each for each in elements if type(each) is str} if others else {*elements}

    def _find(self, item: t.Any, collection: t.Any) -> bool | None:
        """Look a value up in a set, a dictionary or a text; ``None``: look at all elements."""
        kind, mine = type(collection), type(item)
        if kind in SETS:
            is_found = (mine in self._simple and self._is_hashed(mine)) or is_hashed_tuple(item)
            return find_by_hash(item, collection) if is_found else None
        if kind is LazyKeys:
            return find_entry(collection.source, item) is not MISSING if mine is str else None
        if kind is str and mine is str:
            return len(item) == 1 and item in collection
        if kind in ITERATED or self._is_of_flags(kind):
            return None
        is_there = find_in_network(item, collection)
        if is_there is None:
            raise NotSilent
        return is_there

    def _is_among(self, item: t.Any, elements: list[t.Any]) -> bool:
        mine = type(item)
        if mine is tuple and are_plain_tuples(elements):
            if not ELEMENTS.issuperset(map(type, item)):
                raise NotSilent
            return item in elements
        if not elements and mine not in self._objects and mine not in _SCALARS:
            # Nothing else looks at what is searched for.
            raise NotSilent
        kinds = {*map(type, elements)}
        if len(kinds) == 1 and mine in kinds:
            known = self._equality.is_among(item, elements)
            if known is not None:
                return known
        ways = {kind: self._ways.get((mine, kind)) for kind in kinds}
        if are_different in ways.values():
            elements = [each for each in elements if ways[type(each)] is not are_different]
        if _AS_PYTHON.issuperset(ways.values()):
            return is_among_by_python(item, elements, ways)
        found = [self.alike(item, element) for element in elements]
        return any(found)

    def is_other_kind(self, value: t.Any) -> bool:
        """Tell whether a value differs from any list or dictionary of another kind, unasked.

        So do dates, tuples and ordinary objects; lists differ from dictionaries.
        """
        kind = type(value)
        if kind in _VALUES:
            return True
        self._learn(kind)
        is_told = kind in self._objects and self._is_told_memo(kind)
        return is_told and not issubclass(kind, (list, dict))

    def is_no_object(self, value: t.Any) -> bool:
        """Tell whether a value is one of Polar, which differs from what is of another kind."""
        kind = type(value)
        return kind in _CONTAINERS or (kind in _SCALARS and is_representable(value))

    def is_empty(self, value: t.Any) -> bool:
        """Tell whether a value is the empty list of a policy, which asks no element of another."""
        return not value if type(value) is list else self.alike(value, [])

    # -- comparison

    def comparable(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether ``==`` and ``!=`` of Polar are those of Python, and run no code."""
        mine, other = type(left), type(right)
        if mine in _SCALARS and other in _SCALARS:
            return (mine is str) is (other is str)
        if left is None or right is None:
            return self._is_told(mine) and self._is_told(other)
        if mine in MOMENTS and other in MOMENTS:
            return is_comparable_moment(left, right)
        if mine in _COLLECTIONS or other in _COLLECTIONS:
            return False
        for kind in (mine, other):
            if not self._is_simple(kind):
                # Whether its objects equal themselves alone, such as members of an enumeration.
                self._learn(kind)
                if not self._is_simple(kind):
                    return False
        return True

    def _is_told(self, kind: type) -> bool:
        return kind in self._told or self._is_told_memo(kind)

    def has_order(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether Python orders two values as Polar does, and runs no code."""
        mine, other = type(left), type(right)
        if mine in MOMENTS and mine is other:
            is_one_kind = (left.tzinfo is None) is (right.tzinfo is None)
            return is_one_kind and is_comparable_moment(left, right)
        if self._is_number(mine):
            return self._is_number(other)
        return self._is_text(mine) and self._is_text(other)

    def _is_number(self, kind: type) -> bool:
        return kind in NUMBERS or (kind in self._derived and issubclass(kind, (int, float)))

    def _is_text(self, kind: type) -> bool:
        return kind is str or (kind in self._derived and issubclass(kind, str))

    # -- dictionaries

    def _unchecked(self, found: t.Any) -> t.Any:
        """Return what was found in a dictionary, if it needs no sandbox check."""
        kind = type(found)
        if kind is str or kind in _VALUES or kind in self._objects:
            return found
        raise NotSilent

    def fields_of(self, value: dict[t.Any, t.Any]) -> _Fields:
        """Return an object that has the entries of a dictionary as its attributes.

        A missing one is an ``AttributeError``, for which a specialization gives up.
        """
        made = _Fields()
        made.__dict__ = value
        return made

    def entry_among(self, collection: t.Any, key: t.Any) -> t.Any:
        """Return the entry of a dictionary under a text, or that it is missing."""
        if type(key) is not str or type(collection) is not dict or not key.isascii():
            raise NotSilent
        found = find_entry(collection, key)
        return MISSING if found is MISSING else self._unchecked(found)

    def entries_of(self, collection: t.Any, is_ordered: bool = False) -> t.Collection[t.Any]:
        """Return the entries of a dictionary, or the lists of two elements in a list of lists.

        :param is_ordered: in the order of the solver, where the first solution ends the function:
            what the solver meets before may be an error.
        """
        if type(collection) is dict:
            # A copy is safe from other threads.
            entries = collection.copy()
            if not are_texts(entries):
                entries = dict(sorted_entries(entries))
            elif is_ordered:
                entries = sorted_by_text(entries)
            known: type = str
            for each in entries.values():
                # Most are of one class.
                if type(each) is not known:
                    known = type(each)
                    if known not in _VALUES and known not in self._objects:
                        raise NotSilent
            return entries.items()
        if type(collection) not in _GONE_THROUGH:
            raise NotSilent
        elements = [*collection]
        return elements if self._are_plain_pairs(elements) else self._pairs_among(elements)

    def _are_plain_pairs(self, elements: list[t.Any]) -> bool:
        """Tell whether all are lists of two values that need no check, as most are.

        With a loop over each of the two it takes twice as long.
        """
        taken = self._taken
        for pair in elements:
            if type(pair) is not list or len(pair) != 2:
                return False
            one, other = pair
            if type(one) is not str and type(one) not in taken and type(one) not in _CONTAINERS:
                return False
            if type(other) is str or type(other) in taken:
                continue
            if type(other) not in _CONTAINERS:
                return False
        return True

    def _pairs_among(self, elements: list[t.Any]) -> list[list[t.Any]]:
        """Return the lists of two; what is of another kind has to differ from them unasked."""
        pairs, known = [], None
        for element in elements:
            if type(element) is not list:
                # Most are of one class.
                if type(element) is not known and not self.is_other_kind(element):
                    raise NotSilent
                known = type(element)
            elif len(element) == 2:
                for part in element:
                    kind = type(part)
                    if kind not in _VALUES and kind not in self._objects:
                        self._learn(kind)
                        self._unchecked(part)
                pairs.append(element)
        return pairs

    def entries_with(
        self, collection: t.Any, key: t.Any, is_ordered: bool = False
    ) -> t.Collection[t.Any]:
        """Return what of ``entries_of`` may have a key. All entries are looked at.

        Of a dictionary that is the entry under it, where no other one may be an error.
        """
        if type(key) is str and type(collection) is dict:
            entries = collection.copy()
            if are_texts(entries) and _VALUES.issuperset(map(type, entries.values())):
                return ((key, entries[key]),) if key in entries else ()
        return self.entries_of(collection, is_ordered)

    def values_under(self, collection: t.Any, key: t.Any) -> t.Sequence[t.Any]:
        """Return the entry of a dictionary under a text, or what lists of two have behind a key."""
        if type(collection) is dict:
            if type(key) is not str or not key.isascii():
                raise NotSilent
            found = find_entry(collection, key)
            return () if found is MISSING else (self._unchecked(found),)
        first, simple = type(key), self._simple
        values, is_simple = [], first in simple
        for one, other in self.entries_of(collection):
            if is_simple and (type(one) is first or type(one) in simple):
                if one == key:
                    values.append(other)
            elif self.alike(key, one):
                values.append(other)
        return values

    def pair_among(self, collection: t.Any, key: t.Any, value: t.Any) -> bool:
        """Tell whether a dictionary has an entry, or a list a list of these two."""
        if type(collection) is dict:
            found = collection.get(key) if type(key) is str and key.isascii() else None
            if type(found) is str and type(value) is str:
                return found == value
            found = self.entry_among(collection, key)
            return found is not MISSING and self.alike(value, found)
        if type(collection) not in _GONE_THROUGH or len(collection) > MAX_ELEMENTS:
            raise NotSilent
        return self._is_pair_among([*collection], key, value)

    def _is_pair_among(self, pairs: list[t.Any], key: t.Any, value: t.Any) -> bool:
        """Tell whether lists of two have one of these two. All of them are looked at."""
        first, second, simple = type(key), type(value), self._simple
        is_simple, found = first in simple and second in simple, False
        if not is_simple:
            for kind in (first, second):
                # Nothing else looks at what is searched for.
                if kind not in _SCALARS and kind not in self._objects:
                    raise NotSilent
        for pair in pairs:
            if type(pair) is not list:
                if not self.is_other_kind(pair):
                    raise NotSilent
                continue
            if len(pair) != 2:
                continue
            # Where another thread changes it, it is a ``ValueError``: a specialization gives up.
            one, other = pair
            if (
                is_simple
                and (type(one) is first or type(one) in simple)
                and (type(other) is second or type(other) in simple)
            ):
                if one == key and other == value:
                    found = True
                continue
            # Both are looked at: neither may ask an object.
            parts = self.alike(key, one), self.alike(value, other)
            found = found or all(parts)
        return found

    def has_texts(self, value: dict[t.Any, t.Any]) -> bool:
        """Tell whether all keys of a dictionary are strings, which are found without code."""
        try:
            for key in value:
                if type(key) is not str:
                    return False
        except RuntimeError as changed:
            # Another thread has changed it meanwhile.
            raise NotSilent from changed
        return True

    def with_fields(self, value: t.Any, names: frozenset[str]) -> t.Any:
        """Return a copy of a dictionary that has these keys and no others, or ``missing``."""
        kind = type(value)
        if kind is not dict:
            if kind in _SCALARS or (kind in self._simple and kind in self._objects):
                return MISSING
            raise NotSilent
        entries = value.copy()
        if not are_texts(entries) or not self._takes_list([*entries.values()]):
            raise NotSilent
        return entries if entries.keys() == names else MISSING

    def counted(self, value: t.Any, item: t.Any) -> int:
        """Return how often a text or a list contains a value, as Python counts it."""
        if type(value) is str and type(item) is str:
            return value.count(item)
        return self._compared_by_python(value, item).count(item)

    def place_of(self, value: t.Any, item: t.Any) -> int:
        """Return where a text or a list has a value first; a ``ValueError`` if it has none."""
        if type(value) is str and type(item) is str:
            return value.index(item)
        return self._compared_by_python(value, item).index(item)

    def length_of(self, value: t.Any) -> int:
        """Return how many elements a list, a tuple, a set or a text has. None is looked at."""
        if type(value) not in _LISTED and not (type(value) is str and value.isascii()):
            raise NotSilent
        return len(value)

    def item_at(self, value: t.Any, place: int) -> t.Any:
        """Return an element of a list or of a tuple. No other one is looked at."""
        is_sequence = type(value) is list or type(value) is tuple
        if not is_sequence or not -len(value) <= place < len(value):
            raise NotSilent
        return self._unchecked(value[place])

    def _compared_by_python(self, value: t.Any, item: t.Any) -> list[t.Any]:
        """Return a copy of a list whose elements Python compares with a value as Polar does."""
        if type(value) is not list or len(value) > MAX_ELEMENTS:
            raise NotSilent
        elements, mine = [*value], type(item)
        simple = _SCALARS if mine in _SCALARS else self._simple
        if mine not in simple:
            raise NotSilent
        # As in `among`, most are of one class.
        for element in elements:
            if type(element) is not mine and type(element) not in simple:
                raise NotSilent
        return elements

    def are_themselves(self, values: list[t.Any]) -> bool:
        """Tell whether values equal themselves, as NaN does not, without running code."""
        simple = self._simple
        if len(values) > _MANY:
            kinds = {*map(type, values)}
            if all(kind in simple and kind.__eq__ is _ALONE for kind in kinds - TEXTS):
                return True
        for value in values:
            kind = type(value)
            if kind in TEXTS or kind is bool or (kind in simple and kind.__eq__ is _ALONE):
                continue
            if not (
                self.are_themselves(value) if kind is list else self._equality(value, value) is True
            ):
                return False
        return True

    def entries(self, value: t.Any, method: str, is_ordered: bool = False) -> t.Any:
        """Call a method of a dictionary that reads it, without arguments.

        :param is_ordered: as for ``entries_of``.
        """
        if type(value) is not dict:
            raise NotSilent
        if method == "keys":
            return LazyKeys(value)
        entries = value.copy()
        known: type = str
        has_texts = True
        for name, each in entries.items():
            if type(name) is not str:
                has_texts = False
            # Most are of one class.
            if type(each) is not known:
                known = type(each)
                if known in QUESTIONS:
                    raise NotSilent
        if method == "values" and not is_ordered and has_texts:
            return entries.values()
        return call_reading(value, method, ())

    def has_key(self, value: t.Any, key: t.Any) -> bool:
        """Tell whether a value is among the keys of a dictionary."""
        if type(value) is not dict:
            raise NotSilent
        if type(key) is str:
            return find_entry(value, key) is not MISSING
        if type(key) in _SCALARS and key not in value:
            return False
        return self.among(key, call_reading(value, "keys", ()))

    def entry_or_nil(self, value: t.Any, key: t.Any, default: t.Any = None) -> t.Any:
        """Return an entry of a dictionary, or what the policy has for none, as ``get`` does."""
        kind = type(value)
        if kind is not dict:
            has_attributes = self._dictionaries.get(kind)
            if has_attributes is None:
                has_attributes = self._learn_dictionary(kind)
            # An object may have an attribute of this name, and its class another one by now.
            is_its_own = kind.get is _get and not (has_attributes and "get" in value.__dict__)
            if not is_its_own or type(key) not in _SCALARS:
                raise NotSilent
            found = _get(value, key, default)
        elif type(key) is str:
            found = find_entry(value, key)
            if found is MISSING:
                return default
        elif type(key) in _SCALARS and key not in value:
            # A number is no key of what JSON writes.
            return default
        else:
            found = call_reading(value, "get", (key, default))
        kind = type(found)
        if kind is int or kind in _VALUES or kind in self._objects:
            return found
        raise NotSilent

    def _learn_dictionary(self, kind: type) -> bool:
        """Note that ``get`` of a class is that of dictionaries, and is found without calls.

        Tell whether its objects, such as a counter, have attributes of their own.
        """
        own: t.Any = kind.__getattribute__
        if kind not in self._objects or own is not dict.__getattribute__:
            raise NotSilent
        if next((b for b in kind.__mro__ if "get" in vars(b)), None) is not dict:
            raise NotSilent
        stored = next((vars(b)["__dict__"] for b in kind.__mro__ if "__dict__" in vars(b)), None)
        has_attributes = stored is not None
        if has_attributes and type(stored) is not types.GetSetDescriptorType:
            raise NotSilent
        set_for_class(self._dictionaries, kind, has_attributes, keeps=self._keeps(kind))
        return has_attributes


def _observe(_left: t.Any, _right: t.Any) -> t.NoReturn:
    raise NotSilent


def _is_plain(entries: dict[t.Any, t.Any]) -> bool:
    """Tell whether a dictionary has texts and integers by name, which Python compares as Polar."""
    return are_texts(entries) and _PLAIN.issuperset(map(type, entries.values()))
