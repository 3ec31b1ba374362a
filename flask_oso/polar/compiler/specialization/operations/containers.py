"""What specializations read of dictionaries, lists and texts: entries, elements, counts.

In go values of any class; out comes what is read of one, or ``NotSilent`` where code of an
application would run, or what is read needs the check of the sandbox.
"""

from __future__ import annotations

import collections
import types
import typing as t

from ....exceptions import OperationalError
from ....host.dictionaries import (
    MISSING,
    SIZES_OF_TEXTS,
    LazyKeys,
    call_reading,
    entry_of_text,
    find_entry,
    has_text_keys,
    is_numeric,
    lacks_number,
    sorted_entries,
)
from ....host.terms import QUESTIONS
from ...classes.known_classes import KnownClasses
from ...classes.readable_classes import NotSilent
from ...classes.weak_classes import add_class, set_for_class
from .comparisons import ALONE, CONTAINERS, GONE_THROUGH, LISTED, SCALARS, VALUES, SilentComparisons
from .plain_data import MAX_ELEMENTS, are_texts, values_behind

_get = dict.get
#: How the dictionaries of Python find a method, without a call.
_OF_DICTIONARIES = frozenset(
    each.__getattribute__ for each in (dict, collections.defaultdict, collections.OrderedDict)
)


class _Fields:
    """The entries of a dictionary as attributes."""

    __slots__ = ("__dict__",)


class SilentReads:
    """The reads of one program; each public method is an operation.

    :param known: knows classes; more are learnt while it runs.
    :param comparisons: compares what is read.
    """

    def __init__(self, known: KnownClasses, comparisons: SilentComparisons) -> None:
        #: Classes whose values Python compares without running code of a class.
        self._simple = known.simple
        #: Classes whose values are objects of the host that need no sandbox check.
        self._objects = known.objects
        #: Those, texts and numbers.
        self._taken = known.taken
        self._takes_list = known.takes_list
        #: The lists of related rows; those and other classes that derive from a list.
        self._collections, self._listed = known.collections, known.listed
        self._learn, self._is_object = known.learn, known.is_object
        self._keeps, self._is_hashed = known.keeps, known.is_hashed
        self._alike, self._among = comparisons.alike, comparisons.among
        self._text_of = comparisons.text_of
        self._is_other_kind = comparisons.is_other_kind
        #: Classes of the host that derive from ``dict`` and have its ``get``, and whether an object
        #: may have another one.
        self._dictionaries: dict[t.Any, bool] = {}
        #: Classes of objects that are keys by themselves alone, as members of enumerations are.
        self._own_keys: set[t.Any] = set()

    def _unchecked(self, found: t.Any) -> t.Any:
        """Return what was found in a dictionary, if it needs no sandbox check."""
        kind = type(found)
        if kind is str or kind in VALUES or kind in self._objects:
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
                entries, is_ordered = _in_order_of_keys(entries), False
            known: type = str
            for each in entries.values():
                # Most are of one class.
                if type(each) is not known:
                    known = type(each)
                    if known not in VALUES and known not in self._objects:
                        raise NotSilent
            if not is_ordered or (keys := [*entries]) == (ordered := sorted(keys)):
                return entries.items()
            return [*zip(ordered, map(entries.__getitem__, ordered), strict=True)]
        if not self._is_gone_through(type(collection)):
            raise NotSilent
        elements = [*collection]
        return elements if self._are_plain_pairs(elements) else self._pairs_among(elements)

    def _is_gone_through(self, kind: type) -> bool:
        return kind in GONE_THROUGH or kind in self._listed

    def _are_plain_pairs(self, elements: list[t.Any]) -> bool:
        """Tell whether all are lists of two values that need no check, as most are.

        With a loop over each of the two it takes twice as long.
        """
        taken = self._taken
        known: type = str
        try:
            for pair in elements:
                if type(pair) is not list:
                    return False
                one, other = pair
                if type(one) is not str and type(one) not in taken and type(one) not in CONTAINERS:
                    return False
                # Most are of one class.
                if type(other) is not known:
                    known = type(other)
                    if known not in taken and known not in CONTAINERS:
                        return False
        except ValueError:
            # It has not two.
            return False
        return True

    def _pairs_among(self, elements: list[t.Any]) -> list[list[t.Any]]:
        """Return the lists of two; what is of another kind has to differ from them unasked."""
        pairs, known = [], set[type]()
        for element in elements:
            if type(element) is not list:
                # Most are of few classes.
                if type(element) not in known:
                    if not self._is_other_kind(element):
                        raise NotSilent
                    known.add(type(element))
            elif len(element) == 2:
                for part in element:
                    kind = type(part)
                    if kind not in VALUES and kind not in self._objects:
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
            if are_texts(entries) and VALUES.issuperset(map(type, entries.values())):
                return ((key, entries[key]),) if key in entries else ()
        return self.entries_of(collection, is_ordered)

    def entry_under(
        self, collection: t.Any, key: t.Any, is_ordered: bool = False
    ) -> t.Collection[t.Any]:
        """Return the entry of a dictionary under a text; else what ``entries_with`` does.

        No other value is looked at.
        """
        if type(collection) is not dict or type(key) is not str or not key.isascii():
            return self.entries_with(collection, key, is_ordered)
        if collection.__sizeof__() not in SIZES_OF_TEXTS:
            found = entry_of_text(collection, key)
            if found is None:
                return self.entries_with(collection, key, is_ordered)
            value = found[0][1] if found else MISSING
        else:
            value = collection.get(key, MISSING)
        if value is MISSING:
            return ()
        return ((key, value if type(value) is str else self._unchecked(value)),)

    def are_compared_unasked(self, entries: t.Iterable[t.Any]) -> bool:
        """Tell whether a text is compared with the values of entries, and no object is asked."""
        known: type = str
        for _, value in entries:
            # Most are of one class.
            if type(value) is not known:
                known = type(value)
                if known not in VALUES:
                    # It gives up for an object that may be asked.
                    self._text_of(value)
        return True

    def values_under(self, collection: t.Any, key: t.Any) -> t.Sequence[t.Any]:
        """Return the entry of a dictionary under a text, or what lists of two have behind a key."""
        if type(collection) is dict:
            if type(key) is not str or not key.isascii():
                raise NotSilent
            found = collection.get(key, MISSING)
            if type(found) in VALUES:
                return (found,)
            found = find_entry(collection, key)
            return () if found is MISSING else (self._unchecked(found),)
        first, simple = type(key), self._simple
        values, is_simple = [], first in simple
        if is_simple and self._is_gone_through(type(collection)):
            behind = values_behind([*collection], key, self._taken)
            if behind is not None:
                return behind
        for one, other in self.entries_of(collection):
            if is_simple and (type(one) is first or type(one) in simple):
                if one == key:
                    values.append(other)
            elif self._alike(key, one):
                values.append(other)
        return values

    def pair_among(self, collection: t.Any, key: t.Any, value: t.Any) -> bool:
        """Tell whether a dictionary has an entry, or a list a list of these two."""
        if type(collection) is dict:
            found = collection.get(key) if type(key) is str and key.isascii() else None
            if type(found) is str and type(value) is str:
                return found == value
            found = self.entry_among(collection, key)
            return found is not MISSING and self._alike(value, found)
        if not self._is_gone_through(type(collection)) or len(collection) > MAX_ELEMENTS:
            raise NotSilent
        return self._is_pair_among([*collection], key, value)

    def _is_pair_among(self, pairs: list[t.Any], key: t.Any, value: t.Any) -> bool:
        """Tell whether lists of two have one of these two. All of them are looked at."""
        kinds = type(key), type(value)
        if self._simple.issuperset(kinds):
            return self._is_simple_pair_among(pairs, key, value)
        # Nothing else looks at what is searched for.
        if any(kind not in SCALARS and kind not in self._objects for kind in kinds):
            raise NotSilent
        found = [self._is_pair(pair, key, value) for pair in pairs]
        return any(found)

    def _is_simple_pair_among(self, pairs: list[t.Any], key: t.Any, value: t.Any) -> bool:
        """Tell it of values that ``==`` compares with those of simple classes as Polar does."""
        first, second, simple, found = type(key), type(value), self._simple, False
        equality: t.Any = second.__eq__
        is_alone = equality is ALONE
        for pair in pairs:
            if type(pair) is list:
                try:
                    one, other = pair
                except ValueError:
                    # It has not two.
                    continue
                # Most are of these classes.
                if (type(one) is first or type(one) in simple) and (
                    type(other) is second or type(other) in simple
                ):
                    if one == key and (other is value if is_alone else other == value):
                        found = True
                    continue
            found = self._is_pair(pair, key, value) or found
        return found

    def _is_pair(self, pair: t.Any, key: t.Any, value: t.Any) -> bool:
        """Tell whether a value is a list of these two; both are looked at."""
        if type(pair) is not list:
            if not self._is_other_kind(pair):
                raise NotSilent
            return False
        if len(pair) != 2:
            return False
        one, other = pair
        # Neither may ask an object.
        parts = self._alike(key, one), self._alike(value, other)
        return all(parts)

    def has_texts(self, value: dict[t.Any, t.Any]) -> bool:
        """Tell whether all keys of a dictionary are strings, which are found without code."""
        try:
            return has_text_keys(value)
        except RuntimeError as changed:
            # Another thread has changed it meanwhile.
            raise NotSilent from changed

    def has_plain_keys(self, keys: LazyKeys) -> bool:
        """Tell whether the keys of a dictionary are texts: all compare with texts as in Python."""
        return are_texts(keys.source.copy())

    def with_fields(self, value: t.Any, names: frozenset[str]) -> t.Any:
        """Return a copy of a dictionary that has these keys and no others, or ``missing``."""
        kind = type(value)
        if kind is not dict:
            if kind in SCALARS or (kind in self._simple and kind in self._objects):
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
        kind = type(value)
        is_text = kind is str and value.isascii()
        if kind not in LISTED and kind not in self._collections and not is_text:
            raise NotSilent
        return len(value)

    def item_at(self, value: t.Any, place: int) -> t.Any:
        """Return an element of a list or of a tuple. No other one is looked at."""
        is_sequence = type(value) is list or type(value) is tuple
        if not is_sequence or not -len(value) <= place < len(value):
            raise NotSilent
        found = value[place]
        # Most elements are objects, and this is all that is done.
        return found if type(found) in self._objects else self._unchecked(found)

    def _compared_by_python(self, value: t.Any, item: t.Any) -> list[t.Any]:
        """Return a copy of a list whose elements Python compares with a value as Polar does."""
        if type(value) is not list or len(value) > MAX_ELEMENTS:
            raise NotSilent
        elements, mine = [*value], type(item)
        simple = SCALARS if mine in SCALARS else self._simple
        if mine not in simple:
            raise NotSilent
        # As in `among`, most are of one class.
        for element in elements:
            if type(element) is not mine and type(element) not in simple:
                raise NotSilent
        return elements

    def entries(self, value: t.Any, method: str, is_ordered: bool = False) -> t.Any:
        """Call a method of a dictionary that reads it, without arguments.

        :param is_ordered: as for ``entries_of``.
        """
        if type(value) is not dict:
            raise NotSilent
        if method == "keys":
            return LazyKeys(value)
        entries = value.copy()
        if method == "values" and has_text_keys(entries):
            known: type = str
            for each in entries.values():
                # Most are of one class.
                if type(each) is not known:
                    known = type(each)
                    if known in QUESTIONS:
                        raise NotSilent
            # In the order of their keys, without a dictionary that has that order.
            return [*map(entries.__getitem__, sorted(entries))] if is_ordered else entries.values()
        if not QUESTIONS.isdisjoint(map(type, entries.values())):
            raise NotSilent
        return call_reading(value, method, ())

    def among_values(self, item: t.Any, value: t.Any) -> bool:
        """Tell whether a value unifies with one in a dictionary. All of them are looked at."""
        mine, simple, found = type(item), self._simple, False
        if type(value) is not dict:
            raise NotSilent
        if mine in simple and len(value) <= MAX_ELEMENTS:
            entries = value.copy()
            for name in entries:
                if type(name) is not str:
                    break
                each = entries[name]
                if type(each) is not mine and type(each) not in simple:
                    break
                if each == item:
                    found = True
            else:
                return found
        return self._among(item, self.entries(value, "values"))

    def has_key(self, value: t.Any, key: t.Any) -> bool:
        """Tell whether a value is among the keys of a dictionary."""
        if type(value) is not dict:
            raise NotSilent
        if type(key) is str:
            return find_entry(value, key) is not MISSING
        if type(key) in SCALARS and lacks_number(value, key):
            return False
        return self._among(key, call_reading(value, "keys", ()))

    def entry_or_nil(self, value: t.Any, key: t.Any, default: t.Any = None) -> t.Any:
        """Return an entry of a dictionary, or what the policy has for none, as ``get`` does."""
        kind = type(value)
        if kind is not dict:
            has_attributes = self._dictionaries.get(kind)
            if has_attributes is None:
                has_attributes = self._learn_dictionary(kind)
            # An object may have an attribute of this name, and its class another one by now.
            is_its_own = kind.get is _get and not (has_attributes and "get" in value.__dict__)
            if not is_its_own or type(key) not in SCALARS:
                raise NotSilent
            found = _get(value, key, default)
        elif type(key) is str:
            found = find_entry(value, key)
            if found is MISSING:
                return default
        elif type(key) in self._own_keys:
            found = value.get(key, default)
        elif type(key) in SCALARS and key not in value:
            # A number is no key of what JSON writes.
            return default
        else:
            found = self._found_by_hash(value, key, default)
        kind = type(found)
        if kind is int or kind in VALUES or kind in self._objects:
            return found
        raise NotSilent

    def _found_by_hash(self, value: dict[t.Any, t.Any], key: t.Any, default: t.Any) -> t.Any:
        """Return what a dictionary has under a number, a member of an enumeration or an object."""
        kind = type(key)
        if kind not in SCALARS:
            self._learn(kind)
            if kind not in self._simple or not self._is_hashed(kind):
                raise NotSilent
            if kind.__eq__ is ALONE and not is_numeric(kind):
                add_class(self._own_keys, kind, keeps=self._keeps(kind))
        return call_reading(value, "get", (key, default))

    def _learn_dictionary(self, kind: type) -> bool:
        """Note that ``get`` of a class is that of dictionaries, and is found without calls.

        Tell whether its objects, such as a counter, have attributes of their own.
        """
        own: t.Any = kind.__getattribute__
        if not self._is_object(kind) or own not in _OF_DICTIONARIES:
            raise NotSilent
        if next((b for b in kind.__mro__ if "get" in vars(b)), None) is not dict:
            raise NotSilent
        stored = next((vars(b)["__dict__"] for b in kind.__mro__ if "__dict__" in vars(b)), None)
        has_attributes = stored is not None
        if has_attributes and type(stored) is not types.GetSetDescriptorType:
            raise NotSilent
        set_for_class(self._dictionaries, kind, has_attributes, keeps=self._keeps(kind))
        return has_attributes


def _in_order_of_keys(entries: dict[t.Any, t.Any]) -> dict[str, t.Any]:
    """Return entries as the solver goes through them, where it goes through all."""
    try:
        return dict(sorted_entries(entries))
    except OperationalError as refused:
        raise NotSilent from refused
