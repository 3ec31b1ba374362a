"""What compiled functions go through: the elements of a collection, as the policy takes them.

In goes a collection of the application or of the policy; out come its elements, in the order of the
solver. An iterator that nobody else refers to is looked ahead of, which its reference count tells:
how many variables hold it here is part of each such look.
"""

from __future__ import annotations

import time
import types
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..host import sandbox
from ..host.conversion import is_representable, list_for_policy, result_to_term, to_python
from ..host.dictionaries import MISSING, entry_of_text, find_entry, sorted_entries
from ..host.iterators import (
    READ,
    SILENT,
    Ahead,
    IteratorUse,
    begins_alone,
    elements_ahead,
    what_is_read,
)
from ..host.value_classes import find_by_hash, find_in_network, find_text, is_hashed_tuple
from ..nodes import Expression, Instance, Term, Value
from ..solver.solver import Solver
from .classes.known_classes import SCALARS, KnownClasses
from .entry_points import BRIEF, Clock

#: A list of fewer elements is gone through, and one of more, which takes longer than the clock may.
_FEW_ELEMENTS, _MANY_ELEMENTS = 4, 100_000
#: A key and a value.
_PAIR = 2
#: How many elements an iterator gives before the clock is looked at again, in the first moments.
_UNTIMED = 3
#: The goal that searches a collection, where the collection was read, if it has not passed the
#: sandbox check, and where it is written.
Searched = tuple[Expression, t.Any, t.Any]
_ITERATORS = SILENT | {types.GeneratorType}
#: What a search finds that is known to equal what it looks for: the solver has one term for both.
ITSELF: t.Final = object()
#: What is searched for in what a generator yields, where it yields such values, too.
_COMPARED = frozenset({str, int})


class Elements:
    """Goes through the collections of one engine.

    :param classes: what is known of classes.
    :param at: gives a solver at a goal.
    :param here: gives one at the current goal of the function that called, with the backtrace.
    :param placed: gives the term of a value that is written somewhere.
    :param check_clock: ends a question whose time is up.
    """

    def __init__(
        self,
        classes: KnownClasses,
        at: Callable[[Term], Solver],
        here: Callable[[], Solver],
        placed: Callable[[t.Any, t.Any], Term],
        check_clock: Callable[[Clock], None],
    ) -> None:
        self._classes, self._simple = classes, classes.simple
        self._at, self._here, self._placed = at, here, placed
        self._check_clock = check_clock

    def elements(
        self, collection: t.Any, what: Searched, clock: Clock, *sought: t.Any
    ) -> Iterable[t.Any]:
        """Return the elements of a collection that the policy does not search again."""
        if type(collection) in SILENT:
            # The variable of the function, and the one here.
            ahead = elements_ahead(collection, 2)
            if type(ahead) is Ahead:
                return self._silently(collection, ahead, what[0], sought)
        if type(collection) is types.GeneratorType and begins_alone(collection, 2):
            return self._timed(collection, what[0], clock, sought)
        return self.kept_elements(collection, what, clock, *sought)

    def kept_elements(
        self, collection: t.Any, what: Searched, clock: Clock, *sought: t.Any
    ) -> Iterable[t.Any]:
        """Return the elements of a collection for which the policy has a name."""
        goal, span, written = what
        if span is not None:
            self._classes.check_sandbox(collection, span)
        kind = type(collection)
        if kind is str:
            return t.cast("Iterable[str]", collection)
        if kind in _ITERATORS:
            return self._each(collection, goal, clock)
        if kind is dict:
            return self.pairs_at(collection, _key_of(*sought), goal)
        if sandbox.iterates_itself(kind):
            self._classes.learn_collection(kind)
            if sought and kind in self._classes.sets:
                return self.found_in(sought[0], collection)
            return self._members(collection, goal)
        if self._classes.is_object(kind) and issubclass(kind, Iterable):
            is_there = find_in_network(sought[0], collection) if sought else None
            if is_there is not None:
                return sought * is_there
            return self._each(collection, goal, clock, sought)
        term = result_to_term(collection)
        # Only the error for a value that is no collection needs a backtrace, which is slow to make.
        is_collection = type(term) is not Value or type(term.value) is str
        solver = self._at(goal) if is_collection else self._here()
        if not is_collection:
            term = self._placed(collection, written)
        solver.machine.begun = begun(clock)
        if clock[1] is None:
            clock[1] = time.monotonic()
        return self._terms(solver.operators.elements(term, goal), clock)

    def _pairs(self, collection: dict[t.Any, t.Any], goal: Expression) -> Iterator[t.Any]:
        """Yield keys and values, as lists."""
        for key, value in sorted_entries(collection):
            yield [key, self._element(value, goal)]

    def pairs_at(
        self, collection: dict[t.Any, t.Any], key: t.Any, goal: Expression
    ) -> Iterable[t.Any]:
        """Return what of a dictionary may be ``[key, value]``: the entry of a text, or nothing.

        All entries, where the key is no text, or is not known.
        """
        if type(key) is not str or not is_representable(key):
            return self._pairs(collection, goal)
        found = find_entry(collection, key)
        return () if found is MISSING else ([key, self._element(found, goal)],)

    def pairs_ahead(
        self, collection: dict[t.Any, t.Any], text: str | None, goal: Expression
    ) -> Iterable[t.Any]:
        """Return the entry under the text that the next goal compares; all, if none is known."""
        found = None if text is None else entry_of_text(collection, text)
        if found is None:
            return self._pairs(collection, goal)
        return [[key, self._element(value, goal)] for key, value in found]

    def texts_ahead(self, collection: t.Any, text: str | None) -> t.Iterable[t.Any]:
        """Return what of a set of texts is the one that the next goal compares, if it is known."""
        found = None if text is None else find_text(text, collection)
        return t.cast("t.Iterable[t.Any]", collection) if found is None else (text,) * found

    def _terms(self, elements: Iterable[Term], clock: Clock) -> Iterator[t.Any]:
        """Yield the elements that the solver finds; look at the clock after each."""
        for element in elements:
            if time.monotonic() - clock[1] > BRIEF:
                self._check_clock(clock)
            yield to_python(element, str)

    def found_in(self, item: t.Any, collection: t.Any) -> t.Iterable[t.Any]:
        """Return what of a collection may equal a value: itself or nothing, where Python tells."""
        kind = type(item)
        if type(collection) is list:
            return self._found_in_list(item, collection[:])
        if not self._classes.is_hashed(kind) and not is_hashed_tuple(item):
            return t.cast("t.Iterable[t.Any]", collection)
        found = find_by_hash(item, collection)
        if found is None:
            return t.cast("t.Iterable[t.Any]", collection)
        # An equality of its own is not asked whether the object equals itself.
        return (item if kind in self._simple else ITSELF,) * found

    def _found_in_list(self, item: t.Any, elements: Sequence[t.Any]) -> t.Iterable[t.Any]:
        mine, simple = type(item), self._simple
        if mine not in simple or not _FEW_ELEMENTS < len(elements) < _MANY_ELEMENTS:
            return elements
        found: list[t.Any] = []
        try:
            # With `map` this takes longer, for few elements twice as long.
            for element in elements:
                if type(element) is not mine and type(element) not in simple:
                    return elements
                if element == item:
                    found.append(item)
        except ArithmeticError:
            # A signalling NaN of `decimal`, to which the search may not come.
            return elements
        return found

    def _members(self, collection: t.Iterable[t.Any], goal: Expression) -> Iterator[t.Any]:
        """Yield the elements of a collection whose iterator runs no Python code."""
        for element in collection:
            yield self._element(element, goal)

    def _element(self, element: t.Any, goal: Expression) -> t.Any:
        """Return an element as the solver takes it: a list as a copy."""
        kind = type(element)
        if kind is str or kind in self._classes.objects or kind in SCALARS:
            return element
        if kind is list:
            return list_for_policy(element)
        if kind is dict:
            return element
        self._classes.check_sandbox(element, goal.span)
        self._classes.is_object(kind)
        return element

    def _each(
        self,
        collection: Iterable[t.Any],
        goal: Expression,
        clock: Clock,
        sought: tuple[t.Any, ...] = (),
    ) -> Iterable[t.Any]:
        """Return the elements of an object of the host; look at the clock after each."""
        if clock[1] is None:
            clock[1] = time.monotonic()
        iterator = iter(collection)
        source = what_is_read(collection, iterator)
        if type(iterator) in SILENT and source is iterator is not collection:
            # Those of Python's own containers take no time that counts.
            ahead = elements_ahead(iterator, 2)
            if type(ahead) is Ahead:
                return self._silently(iterator, ahead, goal, sought)
        # The variables here are two.
        if type(source) is types.GeneratorType and begins_alone(source, 2):
            return self._timed(source, goal, clock, sought)
        begun(clock)
        if not READ.begin(source):
            # This raises the error of the solver.
            [*self._at(goal).operators.elements(Instance(source), goal)]
        if type(iterator) in SILENT:
            return self._members(iterator, goal)
        return self._timed(iterator, goal, clock)

    def _silently(
        self, iterator: Iterator[t.Any], ahead: Ahead, goal: Expression, sought: tuple[t.Any, ...]
    ) -> Iterable[t.Any]:
        """Return what an iterator yields that nobody else reads.

        :param sought: the value that is searched for, if it is known.
        """
        found = self._found_in_list(sought[0], ahead) if sought else ahead
        if found is not ahead:
            return found
        is_known = self._classes.taken.issuperset(map(type, ahead))
        return iterator if is_known else self._members(iterator, goal)

    def _timed(
        self,
        iterator: Iterator[t.Any],
        goal: Expression,
        clock: Clock,
        sought: tuple[t.Any, ...] = (),
    ) -> Iterator[t.Any]:
        """Yield what an iterator of the host yields; look at the clock after each element.

        While a question has hardly begun, only after some: it takes as long as the rest.

        :param sought: the value that is searched for, if it is known: of texts and integers, Python
            tells whether it is one.
        """
        now, taken = time.monotonic, self._classes.taken
        item = sought[0] if sought else None
        is_told = type(item) in _COMPARED
        if clock[1] is None:
            clock[1] = now()
        brief, known, left = clock[1] + BRIEF, None, 0
        for element in iterator:
            if left:
                left -= 1
            elif now() > brief:
                self._check_clock(clock)
            else:
                left = _UNTIMED
            if is_told and (type(element) is str or type(element) is int):
                if element == item:
                    yield element
                continue
            if type(element) is not known:
                # Most are of one class.
                if type(element) not in taken:
                    yield self._element(element, goal)
                    continue
                known = type(element)
            yield element


def _key_of(sought: t.Any = None) -> str | None:
    """Return the key of a pair that is searched for, if that is a text."""
    if type(sought) is not list or len(sought) != _PAIR:
        return None
    return sought[0] if type(sought[0]) is str else None


def begun(clock: Clock) -> IteratorUse:
    """Return the state of the iterators that the question reads."""
    if clock[2] is None:
        clock[2] = IteratorUse()
    return t.cast(IteratorUse, clock[2])
