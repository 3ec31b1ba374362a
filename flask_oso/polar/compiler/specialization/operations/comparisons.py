"""How specializations compare values, and search for them: unification, ``in``, ``==``, ``<``.

In go values of any class; out comes an answer, or ``NotSilent`` where code of an application would
run.
"""

from __future__ import annotations

import itertools
import operator
import types
import typing as t
from collections.abc import Callable

from ....host.conversion import is_representable
from ....host.dictionaries import (
    MISSING,
    LazyKeys,
    find_entry,
)
from ....host.iterators import Ahead
from ....host.numbers import equal_scalars
from ....host.sandbox import ITERATED, iterates_flags
from ....host.terms import QUESTIONS
from ....host.value_classes import (
    HASHED,
    MOMENTS,
    NUMBERS,
    SETS,
    find_by_hash,
    find_in_network,
    is_comparable_moment,
    is_hashed_tuple,
    is_of_addresses,
)
from ...classes.equality import SideEffectFreeEquality
from ...classes.generated_equality import is_data_class
from ...classes.known_classes import LEAST, MOST, KnownClasses
from ...classes.readable_classes import NotSilent
from ...classes.weak_classes import ClassMemo, add_class, set_for_class, set_for_pair
from .plain_data import (
    AMONG_ALIKE,
    AMONG_BY_WAY,
    MAX_ELEMENTS,
    MOST_NESTED,
    TEXTS,
    are_alike_flat,
    are_alike_sets,
    are_alike_trees,
    are_alike_tuples,
    are_different,
    are_one_moment,
    are_texts,
    has_flag,
    is_among_by_python,
    is_tuple_among,
)

SCALARS = frozenset({bool, int, float, str})
_SETS = frozenset({set, frozenset})
LISTED = _SETS | {tuple, list}
#: Collections that are gone through whatever is searched for; a range may be longer than memory.
GONE_THROUGH = frozenset({list, tuple, Ahead}) | (ITERATED - SETS - _SETS)
#: Those with the order of the solver, which sorts what a dictionary has by its keys.
_IN_ORDER = GONE_THROUGH - {type({}.values()), type({}.items())}
#: The classes of fields that Python compares as Polar does, besides texts.
_FIELDS = frozenset({int, bool, types.NoneType})
CONTAINERS = frozenset({list, dict})
_COLLECTIONS = LISTED | CONTAINERS
VALUES = frozenset({*SCALARS, list, dict})
#: How values unify that Python compares alike.
_AS_PYTHON: frozenset[t.Any] = frozenset({operator.eq, equal_scalars, are_different})
#: The equality of objects that equal themselves alone.
ALONE: t.Any = object.__eq__

#: How two values of some classes unify: tells it, or raises ``NotSilent``.
_Way = Callable[[t.Any, t.Any], bool]


class SilentComparisons:
    """The comparisons and searches of one program; each public method is an operation.

    :param known: knows classes; more are learnt while it runs.
    :param equality: compares dataclasses and rows.
    """

    def __init__(self, known: KnownClasses, equality: SideEffectFreeEquality) -> None:
        #: Classes whose values Python compares without running code of a class.
        self._simple = known.simple
        #: Those of them whose objects equal themselves alone, and have the hash of that.
        self._alone = known.alone
        #: Classes that derive from a native one and compare as it does.
        self._derived = known.derived
        #: Classes whose values are objects of the host that need no sandbox check.
        self._objects = known.objects
        #: Lists, and those of related rows.
        self._collections = known.collections
        #: Those, and other classes that derive from a list; and those that derive from a set.
        self._listed, self._sets = known.listed, known.sets
        #: Reads the key of a row.
        self._key_of = known.key_of
        self._told = known.told
        self._takes_list = known.takes_list
        self._learn = known.learn
        self._is_object = known.is_object
        self._keeps = known.keeps
        self._equality = equality
        self.is_told = ClassMemo(self._test_told)
        self._is_hashed = known.is_hashed
        #: Classes whose objects Python compares by fields, also with `!=`.
        self._data: set[type] = set()
        #: Those of objects that differ from any list or dictionary.
        self._other_kinds: set[type] = set()
        self._is_of_flags = ClassMemo(iterates_flags)
        #: The classes of networks, and those of their addresses, which are found by Python.
        self._addresses: dict[type, type] = {}
        self._ways: dict[tuple[type, type], _Way] = {}
        #: Those of two values of one class, which are found in less time.
        self._own_ways: dict[type, _Way] = {}
        #: Classes of simple values for which ``in`` a set is that of Python.
        self._found_by_hash: set[type] = set()
        #: How a value is looked for among others of its class, all at once.
        self._among_alike = {**AMONG_ALIKE}

    def _test_told(self, kind: type) -> bool:
        if kind in QUESTIONS:
            return False
        is_told = self._equality.is_told_from_nil(kind)
        if is_told:
            add_class(self._told, kind, keeps=self._keeps(kind))
        return is_told

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
        kind = type(left)
        if kind is type(right):
            if kind is list:
                return self._are_alike(left, right)
            if kind is tuple:
                return are_alike_flat(left, right)
            own = self._own_ways.get(kind)
            if own is not None:
                return own(left, right)
        way = self._ways.get((kind, type(right)))
        if way is None:
            way = self._way_of(type(left), type(right))
        return way(left, right)

    def _way_of(self, left: type, right: type) -> _Way:
        is_kept = self._is_kept(left) and self._is_kept(right)
        for kind in {left, right} - VALUES:
            # Whether its objects equal themselves alone, or compare as a text or a number does.
            self._learn(kind)
            self._is_object(kind)
        if is_kept:
            for kind in (left, right):
                if is_data_class(kind) and not self._equality.knows(kind):
                    # Nobody registers the small classes of values.
                    self._equality.learn(kind)
        way = self._find_way(left, right)
        is_known = all(
            self._is_simple(kind) or self._equality.knows(kind) for kind in (left, right)
        )
        # A class that is not known yet may be known later.
        if is_known or way != self._by_fields:
            set_for_pair(self._ways, (left, right), way, keeps=self._is_kept)
            if left is right:
                set_for_class(self._own_ways, left, way, keeps=is_kept)
                among = None if self._is_simple(left) else AMONG_BY_WAY.get(way)
                if among is not None:
                    set_for_class(self._among_alike, left, among, keeps=is_kept)
        return way

    def _is_kept(self, kind: type) -> bool:
        return kind in SCALARS or self._keeps(kind)

    def _find_way(self, left: type, right: type) -> _Way:
        kinds = left, right
        if SCALARS.issuperset(kinds):
            return equal_scalars
        if (left is types.NoneType or right is types.NoneType) and all(map(self.is_told, kinds)):
            return operator.eq if left is right else are_different
        if left in MOMENTS and right in MOMENTS:
            return are_one_moment
        is_address = left is right and left in self._objects and is_of_addresses(left)
        if is_address or all(map(self._is_simple, kinds)):
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
            return self._are_alike_containers
        for one, other in (kinds, kinds[::-1]):
            if one is list and self._is_no_list(other):
                return self._differs_from_list
        if left in _SETS and right in _SETS:
            return are_alike_sets
        if all(map(self._is_tuple, kinds)):
            return are_alike_tuples
        is_one = any(kind is dict or kind in _SETS or self._is_tuple(kind) for kind in kinds)
        return are_different if is_one and all(map(self._is_no_list, kinds)) else None

    def _is_no_list(self, kind: type) -> bool:
        """Tell whether objects of a class equal no list, and no container of another kind."""
        is_container = kind is dict or kind in _SETS or self._is_tuple(kind)
        return is_container or self._is_simple(kind) or self._equality.compares_fields(kind)

    def _is_own(self, kind: type) -> bool:
        """Tell whether a class has an equality of its own that nothing will be learnt of."""
        if self._is_simple(kind) or self._equality.knows(kind):
            return False
        own: t.Any = kind.__eq__
        if isinstance(own, types.FunctionType):
            return True
        # One that is written in C, as of a list with names for its elements. Of a class that is an
        # object all has been learnt; rows may compare by their keys.
        return own is not ALONE and self._is_object(kind)

    def _is_simple(self, kind: type) -> bool:
        return kind in self._simple or kind in self._derived or kind in MOMENTS or kind is bool

    def _is_tuple(self, kind: type) -> bool:
        """Tell whether objects of a class are tuples whose parts Python compares and reads."""
        if kind is tuple or not issubclass(kind, tuple):
            return kind is tuple
        own: t.Any = kind.__eq__, kind.__iter__, kind.__getitem__
        is_plain = own == (tuple.__eq__, tuple.__iter__, tuple.__getitem__)
        return is_plain and kind in self._objects

    def _by_fields(self, left: t.Any, right: t.Any) -> bool:
        """Compare by fields or keys, if they are known to."""
        answer = self._equality(left, right)
        if answer is None:
            raise NotSilent
        return answer

    def _by_plain_fields(self, read: Callable[[t.Any], t.Any]) -> _Way:
        """Return what compares two objects by fields: most are texts and numbers.

        Where an object has others, those of its class are compared field by field from then on.

        :param read: reads several fields that decide; a missing one is an ``AttributeError``.
        """

        def are_alike(left: t.Any, right: t.Any) -> bool:
            mine, other = read(left), read(right)
            if type(mine[0]) is type(other[0]) is str and mine[0] != other[0]:
                # Most differ in their first field, and then nothing else is compared.
                return False
            for part in mine + other:
                if (kind := type(part)) is str or kind in _FIELDS:
                    continue
                # Not a number is unequal to itself for newer versions of Python.
                if kind is not float or part != part:
                    if (type(left), type(left)) in self._ways:
                        self._ways[type(left), type(left)] = self._by_fields
                        self._own_ways.pop(type(left), None)
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
        return self._are_alike_containers(left, right)

    def _are_alike_containers(self, left: t.Any, right: t.Any) -> bool:
        """Compare two lists, or two dictionaries."""
        try:
            same = are_alike_trees(left, right)
        except RuntimeError as changed:
            # Another thread has changed one meanwhile.
            raise NotSilent from changed
        return self._are_alike_by_part(left, right, 0) if same is None else same

    def _are_alike_by_part(self, left: t.Any, right: t.Any, depth: int) -> bool:
        """Compare two lists, or two dictionaries, part by part.

        :param depth: how deep they are.
        """
        if depth > MOST_NESTED:
            raise NotSilent
        mine, other = (self._parts(each) for each in (left, right))
        if mine.keys() != other.keys():
            return False
        # Each pair is looked at: none may ask an object.
        same = [self._pair(value, other[key], depth) for key, value in mine.items()]
        return all(same)

    def _parts(self, container: t.Any) -> dict[t.Any, t.Any]:
        """Return the parts of a list or a dictionary by place or key, if Polar has all of them."""
        # A copy: another thread may change what is looked through.
        parts = container.copy()
        if type(parts) is list:
            parts = dict(enumerate(parts))
        elif not are_texts(parts):
            raise NotSilent
        if not self._takes_list([*parts.values()]):
            raise NotSilent
        return t.cast("dict[t.Any, t.Any]", parts)

    def _pair(self, left: t.Any, right: t.Any, depth: int) -> bool:
        """Tell whether two parts of containers unify, which may be containers themselves."""
        kinds = type(left), type(right)
        if SCALARS.issuperset(kinds):
            return equal_scalars(left, right)
        if kinds[0] is kinds[1] and kinds[0] in CONTAINERS:
            return self._are_alike_by_part(left, right, depth + 1)
        if not CONTAINERS.isdisjoint(kinds):
            if VALUES.issuperset(kinds) or types.NoneType in kinds:
                return False
            raise NotSilent
        if not self.comparable(left, right):
            raise NotSilent
        return bool(left == right)

    def among(self, item: t.Any, collection: t.Any, is_searched: bool = True) -> bool:
        """Tell whether a value unifies with an element.

        :param is_searched: whether all elements are looked at; else none behind one that is equal.
        """
        kind, mine, is_first = type(collection), type(item), not is_searched
        is_list = kind is list or kind in _IN_ORDER
        if not is_list and (kind not in self._listed or kind in self._sets):
            if kind in _SETS:
                if mine is tuple:
                    for part in item:
                        if type(part) is not str and type(part) not in HASHED:
                            break
                    else:
                        # As `find_by_hash` does it.
                        return item in collection
                elif mine in self._found_by_hash:
                    return item in collection
            if kind is str and mine is str:
                return len(item) == 1 and item in collection
            is_first = False
            # Related rows may be in a set, too.
            if kind in self._sets or (kind not in GONE_THROUGH and kind not in self._listed):
                if self._addresses.get(kind) is mine:
                    return item in collection
                answer = self._find(item, collection)
                if answer is not None:
                    return answer
                collection = itertools.islice(collection, MAX_ELEMENTS + 1)
        elements = [*collection]
        if len(elements) > MAX_ELEMENTS:
            raise NotSilent
        among_alike = None if mine is str or mine is int else self._among_alike.get(mine)
        if among_alike is not None:
            known = among_alike(item, elements, is_first)
            if known is not None:
                return known
        elif mine is str or mine is int or mine in self._simple or mine in self._derived:
            found, simple = False, self._simple
            # With `map` this takes longer, for few elements twice as long.
            for element in elements:
                if type(element) is not mine and type(element) not in simple:
                    break
                if element == item:
                    if is_first:
                        return True
                    found = True
            else:
                return found
        return self._is_among(item, elements, is_first)

    #: For a search where a solution ends the function.
    among_first = among

    def found_once(
        self, collection: t.Any, searched: t.Collection[t.Any] | None = None
    ) -> t.AbstractSet[t.Any] | None:
        """Return what finds texts, and objects that equal themselves alone, by their hash.

        A set, or what is in a list of such values; ``None`` for anything else.

        :param searched: what is searched for: for a single value no set is made of a list.
        """
        kind = type(collection)
        if kind in _SETS:
            return t.cast("t.AbstractSet[t.Any]", collection)
        if kind not in self._collections or len(collection) > MAX_ELEMENTS:
            return None
        if searched is not None and len(searched) == 1:
            return None
        elements, alone = [*collection], self._alone
        for element in elements:
            if type(element) is not str and type(element) not in alone:
                return None
        return frozenset(elements)

    def keys_of_rows(self, collection: t.Any, kind: type) -> t.AbstractSet[t.Any] | None:
        """Return the keys of related rows; ``None`` if one has none, or is of another class."""
        if type(collection) not in self._collections or len(collection) > MAX_ELEMENTS:
            return None
        rows = [*collection]
        if not {kind}.issuperset(map(type, rows)):
            return None
        keys = frozenset(map(self._key_of, rows))
        return None if None in keys else keys

    def all_texts(self, collection: t.Any, is_once: bool = False) -> t.Any:
        """Return what finds the texts of a collection by their hash. All elements are looked at.

        :param is_once: whether one text is looked up: a list takes less time then.
        """
        kind = type(collection)
        if kind is not tuple and kind not in self._listed:
            if kind not in self._sets or kind is range:
                raise NotSilent
            return collection
        elements = [*collection]
        if len(elements) > MAX_ELEMENTS:
            raise NotSilent
        for element in elements:
            if type(element) is not str:
                break
        else:
            return elements if is_once else {*elements}
        simple = self._simple
        for element in elements:
            if type(element) not in simple:
                raise NotSilent
        texts = [each for each in elements if type(each) is str]
        return texts if is_once else {*texts}

    def _find(self, item: t.Any, collection: t.Any) -> bool | None:
        """Look a value up in a set, a dictionary or a text; ``None``: look at all elements."""
        kind, mine = type(collection), type(item)
        if kind in self._sets:
            if mine in self._simple:
                is_found = self._is_hashed(mine)
                if is_found and mine is not bool and mine is not int:
                    add_class(self._found_by_hash, mine, keeps=self._keeps(mine))
            else:
                is_found = is_hashed_tuple(item)
                if not is_found and collection and self._is_hashed(mine):
                    raise NotSilent
            return find_by_hash(item, collection) if is_found else None
        if kind is LazyKeys:
            return find_entry(collection.source, item) is not MISSING if mine is str else None
        if kind in ITERATED:
            return None
        if self._is_of_flags(kind):
            return has_flag(collection, item) if mine is kind else None
        is_there = find_in_network(item, collection)
        if is_there is None:
            raise NotSilent
        if is_there and mine.__name__ == "IPv4Address":
            # An address of the newer version may have a scope.
            self._addresses[kind] = mine
        return is_there

    def _is_among(self, item: t.Any, elements: list[t.Any], is_first: bool) -> bool:
        """Compare a value with elements.

        :param is_first: whether none behind one that is equal is looked at.
        """
        mine = type(item)
        if not elements and mine not in self._objects and mine not in SCALARS:
            # Nothing else looks at what is searched for.
            raise NotSilent
        kinds = {*map(type, elements)}
        if len(kinds) == 1:
            # Most lists are of one class.
            if mine in kinds:
                known = self._is_among_alike(item, elements, is_first)
                if known is not None:
                    return known
            elif self._ways.get((mine, type(elements[0]))) is are_different:
                return False
        ways = {kind: self._ways.get((mine, kind)) for kind in kinds}
        if are_different in ways.values():
            elements = [each for each in elements if ways[type(each)] is not are_different]
        if _AS_PYTHON.issuperset(ways.values()):
            return is_among_by_python(item, elements, ways)
        if any(way is None for way in ways.values()):
            # Also for a class that may go, whose ways are not kept.
            ways = {kind: way or self._way_of(mine, kind) for kind, way in ways.items()}
        found = (t.cast(_Way, ways[type(each)])(item, each) for each in elements)
        return any(found) if is_first else any([*found])

    def _is_among_alike(self, item: t.Any, elements: list[t.Any], is_first: bool) -> bool | None:
        """Look for a value among others of its class, all at once; ``None`` where that asks."""
        kind = type(item)
        if (kind, kind) not in self._ways and self._keeps(kind):
            self._way_of(kind, kind)
        known = self._equality.is_among(item, elements, is_first=is_first)
        if known is not None:
            return known
        # Also for a class that may go, whose way is not kept.
        is_tuple = issubclass(kind, tuple) and self._is_tuple(kind)
        return is_tuple_among(item, elements, is_first) if is_tuple else None

    def is_other_kind(self, value: t.Any) -> bool:
        """Tell whether a value differs from any list or dictionary of another kind, unasked.

        So do dates, tuples and ordinary objects; lists differ from dictionaries.
        """
        kind = type(value)
        if kind in VALUES or kind in self._other_kinds:
            return True
        self._learn(kind)
        is_told = kind in self._objects and self.is_told(kind)
        if not is_told or issubclass(kind, (list, dict)):
            return False
        add_class(self._other_kinds, kind, keeps=self._keeps(kind))
        return True

    def is_no_object(self, value: t.Any) -> bool:
        """Tell whether a value is one of Polar, which differs from what is of another kind."""
        kind = type(value)
        return kind in CONTAINERS or (kind in SCALARS and is_representable(value))

    def is_empty(self, value: t.Any) -> bool:
        """Tell whether a value is the empty list of a policy, which asks no element of another."""
        return not value if type(value) is list else self.alike(value, [])

    # -- comparison

    def comparable(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether ``==`` and ``!=`` of Polar are those of Python, and run no code."""
        mine, other = type(left), type(right)
        if mine is other and mine in self._data:
            own = self._own_ways.get(mine)
            if own is None:
                return self._equality(left, right) is not None
            # It raises where anything else than Python's own would be asked.
            own(left, right)
            return True
        if mine in SCALARS and other in SCALARS:
            return (mine is str) is (other is str)
        if left is None or right is None:
            return self._is_told_from_nil(mine) and self._is_told_from_nil(other)
        if mine in MOMENTS and other in MOMENTS:
            return is_comparable_moment(left, right)
        if mine in _COLLECTIONS or other in _COLLECTIONS:
            return False
        for kind in (mine, other):
            if not self._is_simple(kind):
                # Whether its objects equal themselves alone, such as members of an enumeration.
                self._learn(kind)
                if not self._is_simple(kind):
                    return self._is_comparable_data(left, right)
        return True

    def _is_comparable_data(self, left: t.Any, right: t.Any) -> bool:
        """Tell whether Python compares two objects, one of a dataclass, and runs no code for it."""
        for kind in {type(left), type(right)}:
            if self._is_simple(kind):
                continue
            if not self._equality.knows(kind) and is_data_class(kind) and self._keeps(kind):
                self._equality.learn(kind)
            # A library wrote its `__ne__`, too, if it has one.
            if not (self._equality.compares_fields(kind) and self._is_told_from_nil(kind)):
                return False
            add_class(self._data, kind, keeps=self._keeps(kind))
            self._way_of(kind, kind)
        return self._equality(left, right) is not None

    def _is_told_from_nil(self, kind: type) -> bool:
        return kind in self._told or self.is_told(kind)

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

    def is_equal_data(self, values: list[t.Any]) -> bool:
        """Tell whether a list becomes a list of Polar as it is, and equals itself."""
        # Most have objects of one class alone, or texts and small integers, which a loop tells.
        known, least, most = None, LEAST, MOST
        for value in values:
            if type(value) is not known:
                known = type(value)
                if known is str or known not in self._alone or known not in self._objects:
                    break
        else:
            return True
        for value in values:
            if type(value) is str:
                if not value.isascii():
                    break
            elif type(value) is not int or value < least or value > most:
                break
        else:
            return True
        return self._takes_list(values) and self.are_themselves(values)

    def are_themselves(self, values: list[t.Any]) -> bool:
        """Tell whether values equal themselves, as NaN does not, without running code."""
        simple, known = self._simple, None
        for value in values:
            kind = type(value)
            # Most are of one class.
            if kind is known:
                continue
            if kind in TEXTS or kind is bool or (kind in simple and kind.__eq__ is ALONE):
                known = kind
                continue
            if not (self.are_themselves(value) if kind is list else self.alike(value, value)):
                return False
        return True


def _observe(_left: t.Any, _right: t.Any) -> t.NoReturn:
    raise NotSilent
