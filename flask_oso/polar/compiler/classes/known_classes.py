"""What is known of the classes of values: which values need no check, and how they compare.

In goes a class that a question meets; it is added to the sets that compiled functions look into.
A class that may be temporary is in no set that would keep it alive.
"""

from __future__ import annotations

import decimal
import operator
import types
import typing as t

from ...host import sandbox, terms
from ...host.awaitables import is_awaitable, may_be_awaited
from ...host.comparison import Comparison
from ...host.conversion import is_data, to_term
from ...host.dictionaries import LazyKeys
from ...host.iterators import Ahead
from ...host.numbers import INTEGER_MAX, INTEGER_MIN
from ...host.registry import Host, UnreadRelation
from ...host.sandbox import ITERATED
from ...host.value_classes import (
    EQUATED,
    MOMENTS,
    ORDERED,
    SETS,
    finds_by_hash,
    has_own_hash,
    inherits_comparisons,
    is_hashed,
    is_told_from_nil,
    looks_like,
)
from ...nodes import Value
from .plain_classes import compares_by_identity, is_plain
from .weak_classes import ClassMemo, add_class, set_for_pair

_HARMLESS = (
    *(bool, int, float, str, list, dict, type(None), types.MethodType, UnreadRelation),
    Ahead,
    LazyKeys,
)
SCALARS = frozenset({bool, int, float, str})
_CONTAINERS = frozenset({list, dict})
#: Classes whose values are no objects of the host for the solver, or may be none.
NO_OBJECTS = frozenset(
    {
        *(*SCALARS, list, dict, terms.Variable, terms.Predicate, terms.Expression),
        *(terms.TypeConstraint, terms.Pattern, types.CoroutineType, UnreadRelation),
    }
)
#: Python compares integers between these with each other in a quarter of the time.
LEAST, MOST = 1 - 2**30, 2**30 - 1
_ROWS, _PYTHON, _OF_SCALARS, _LISTS, _SOLVER = Comparison


class SolverNeeded(Exception):
    """A function met a case that its code does not cover: the solver has to answer."""


class KnownClasses:
    """The sets of classes of one engine.

    :param host: the classes that are registered.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        # Classes whose values need no sandbox check and are no variables; more are learnt.
        self.harmless: set[type] = {*_HARMLESS, *EQUATED, *MOMENTS, *ITERATED}
        self.plain: set[type] = set()
        # Classes whose values are objects of the host for the solver, and pass the sandbox.
        self.objects: set[type] = {*EQUATED, *MOMENTS, *ITERATED} - SCALARS
        # Those, texts and numbers: the solver takes such elements of a collection as they are.
        self.taken: set[type] = {*self.objects, *SCALARS}
        # Classes whose attributes Python reads directly, if the sandbox knows their names.
        self.readable: set[type] = {*self.objects}
        # Classes whose values Python compares without running code of a class.
        self.simple: set[type] = {*EQUATED, range}
        # Those of them whose objects equal themselves alone, and have the hash of that.
        self.alone: set[type] = set()
        # Classes that derive from a native one and compare as it does.
        self.derived: set[type] = set()
        # Classes whose values have an order among themselves, and compare without code of a class.
        self.ordered: set[type] = {*ORDERED}
        self.keeps = ClassMemo(self._host.keeps)
        self._is_simple_class = ClassMemo(self._test_simple)
        self._is_learnt = ClassMemo(self._test_learnt)
        self._is_object_class = ClassMemo(self._test_object)
        # Classes whose instances a set finds by their hash.
        self.is_hashed = ClassMemo(self._test_hashed)
        # Classes whose values equal `nil` only if they are `nil`.
        self.told: set[type] = {*EQUATED, *MOMENTS, *ITERATED, bool, dict, list}
        # How values of two classes are compared.
        self.pairs: dict[tuple[type, type], Comparison] = {}
        # Those of them whose values Python compares as they are: none is a list or a dictionary.
        self.by_python: set[tuple[type, type]] = set()
        #: The classes of which two objects are such a pair.
        self.alike_by_python: set[type] = set()
        # Classes whose objects are equal if they are the same row.
        self.rows: set[type] = set()
        # Collections of rows that are iterated over without running code.
        rows = self._host.identities
        # Reads the key of a row.
        self.key_of = operator.attrgetter(".".join(rows.key_path) if rows else "__class__")
        self.collections = frozenset({list}) | (rows.collections if rows else frozenset())
        self.harmless |= self.collections
        # Classes of collections that are gone through as they are; those that derive from one of
        # Python's own are learnt.
        self.gone_through: set[type] = {*ITERATED, str, Ahead, LazyKeys}
        # Those that find a value by its hash.
        self.sets: set[type] = {*SETS, *filter(finds_by_hash, self.collections)}
        # Lists, those of related rows, and others that were learnt.
        self.listed: set[type] = {*self.collections}
        # Classes whose values compare with literals without running code, and without an error: a
        # signalling NaN of `decimal` raises.
        self.decided: set[type] = {*self.simple, bool} - {decimal.Decimal}
        for cls in self._host.classes.values():
            self.learn(cls)
            self.learn_metaclass(type(cls))

    def is_simple(self, arg: t.Any) -> bool:
        """Tell whether an argument can be used directly; learn its class if it can."""
        kind = type(arg)
        if kind is type and arg in self.plain:
            return True
        if (kind is str and arg.isascii()) or (kind is int and is_number(arg)):
            return True
        if kind not in NO_OBJECTS:
            return self._is_simple_class(kind)
        if kind in _CONTAINERS or sandbox.is_internal(kind) or is_awaitable(arg):
            return False
        return type(to_term(arg)) is Value

    def takes(self, kind: type) -> bool:
        """Tell whether arguments of a class are objects that can be used directly."""
        return kind not in NO_OBJECTS and self._is_simple_class(kind)

    def _test_hashed(self, kind: type) -> bool:
        return (is_hashed(kind) or has_own_hash(kind)) and not self._host.has_keys(kind)

    def _test_simple(self, kind: type) -> bool:
        """Tell whether arguments of a class that is none of Polar's can be used directly."""
        if sandbox.is_internal(kind) or may_be_awaited(kind):
            return False
        self.learn(kind)
        return True

    def learn(self, cls: type) -> None:
        """Note what is known of a class, once."""
        self._is_learnt(cls)

    def _test_learnt(self, cls: type) -> bool:
        if not is_plain(cls) or issubclass(cls, type) or sandbox.is_internal(cls):
            return False
        self._add(cls, self.plain, self.readable)
        if not sandbox.passes_sandbox(cls):
            return False
        self.is_object(cls)
        if self._host.has_keys(cls):
            self._add(cls, self.rows, self.decided, self.harmless)
        elif compares_by_identity(cls):
            self._add(cls, self.simple, self.decided)
            own: t.Any = cls.__hash__
            if own is object.__hash__:
                self._add(cls, self.alone)
        elif self._host.text_equality(cls) is not None:
            self._add(cls, self.decided)
        return True

    def learn_collection(self, cls: type) -> None:
        """Note how a collection is gone through whose class derives from one of Python's own."""
        base = sandbox.base_of_iterated(cls)
        if base is None or not looks_like(cls, base) or not self.is_object(cls):
            return
        own = self.sets if finds_by_hash(cls) else self.listed
        self._add(cls, self.gone_through, own)

    def _add(self, cls: type, *sets: set[type]) -> None:
        """Add a class to sets, which do not hold it if it may go."""
        keeps = self.keeps(cls)
        for classes in sets:
            add_class(classes, cls, keeps=keeps)

    def learn_metaclass(self, kind: type) -> None:
        """Learn that classes of a kind are equal if they are the same."""
        if compares_by_identity(kind) and self.is_object(kind):
            self.simple.add(kind)
            self.decided.add(kind)

    def check_sandbox(self, value: t.Any, span: t.Any) -> None:
        """Check a value in the sandbox; learn the class of one that passes."""
        kind = type(value)
        if kind not in NO_OBJECTS and self.is_object(kind):
            return
        sandbox.check_reachable(value, span)
        if kind is terms.Variable:
            raise SolverNeeded
        if sandbox.passes_sandbox(kind):
            self._add(kind, self.harmless)

    def is_object(self, kind: type) -> bool:
        """Tell whether values of a class are objects of the host, and pass the sandbox."""
        return kind in self.objects or self._is_object_class(kind)

    def _test_object(self, kind: type) -> bool:
        if kind in NO_OBJECTS or not sandbox.passes_sandbox(kind):
            return False
        if inherits_comparisons(kind):
            self._add(kind, self.derived)
            if not issubclass(kind, str):
                # What is no text is compared as Python does, also with one.
                self._add(kind, self.simple)
            if issubclass(kind, (int, float, str)):
                self._add(kind, self.ordered)
        if is_told_from_nil(kind):
            self._add(kind, self.told)
        self._add(kind, self.harmless, self.readable, self.objects, self.taken)
        return True

    def takes_list(self, value: list[t.Any]) -> bool:
        """Tell whether a list becomes a list of Polar as it is; learn the classes of its elements.

        Few register the classes of parts, of which such a list may be the first that is seen.
        """
        known, least, most = None, LEAST, MOST
        # Most begin with objects of one class of the application.
        for each in value:
            if type(each) is known:
                continue
            if type(each) in self.objects:
                known = type(each)
            elif known is None or type(each) is not str or not each.isascii():
                break
        else:
            return True
        # Others have texts and small integers.
        for each in value:
            if type(each) is str:
                if not each.isascii():
                    break
            elif type(each) is int:
                # In one comparison, it takes longer.
                if each < least or each > most:
                    break
            elif type(each) not in self.objects:
                break
        else:
            return True
        if is_data(value, self.objects):
            return True
        return self._learns_classes_in(value) and is_data(value, self.objects)

    def _learns_classes_in(self, value: list[t.Any]) -> bool:
        """Tell whether a class of an element, also of lists in the list, was learnt just now."""
        kinds, seen, waiting = set[type](), {id(value)}, [value]
        while waiting:
            elements = waiting.pop().copy()
            kinds.update(map(type, elements))
            for each in elements:
                if type(each) is list and id(each) not in seen:
                    seen.add(id(each))
                    waiting.append(each)
        new = [kind for kind in kinds if kind not in NO_OBJECTS and kind not in self.objects]
        # All of them: one list is looked at once.
        return any([self.is_object(kind) for kind in new])  # noqa: C419

    def comparison_of(self, left: type, right: type) -> Comparison:
        """Return how values of two classes are compared."""
        found = self._find_comparison(left, right)
        set_for_pair(self.pairs, (left, right), found, keeps=self.keeps)
        is_direct = found is _PYTHON and _CONTAINERS.isdisjoint((left, right))
        if is_direct and self.keeps(left) and self.keeps(right):
            self.by_python.add((left, right))
            if left is right:
                self.alike_by_python.add(left)
        return found

    def _find_comparison(self, left: type, right: type) -> Comparison:
        if left is right and self._host.has_keys(left):
            return _ROWS
        kinds = left, right
        if SCALARS.issuperset(kinds):
            return _OF_SCALARS
        objects = [self.is_object(kind) for kind in kinds]
        others = [kind for kind, is_object in zip(kinds, objects, strict=True) if not is_object]
        if any(objects) and all(kind in SCALARS or kind in _CONTAINERS for kind in others):
            return _PYTHON
        return _LISTS if left is right is list else _SOLVER


def is_number(value: t.Any) -> bool:
    """Tell whether a value is a number of Polar: a float, or an integer of 64 bits."""
    kind = type(value)
    return kind is float or (kind is int and INTEGER_MIN <= value <= INTEGER_MAX)
