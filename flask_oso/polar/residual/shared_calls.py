"""Calls of recursive rules that several questions make, such as the actions of one list.

In goes the outcome of a call, with the journal of what it depends on; out comes the outcome of the
same call in another search. That search asks the same questions of its objects first: the outcome
counts for it only if all of them are answered as they were, as far as the search depends on that.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..host.conversion import follow
from ..nodes import Call, Instance, Unknown, Value, is_ground, parts, with_parts
from ..traversal import fold
from .algebra.ir import And, Closure, Column, KnownRow, Or, Root, ToMany, map_parts
from .algebra.outcomes import SearchOutcome
from .host_questions import (
    FIRST_GIVEN,
    HostQuestion,
    Journal,
    Placeholder,
    Recorder,
    given_row,
)
from .search import Search
from .symbolic_terms import Given, SymbolicRow, is_known_row

#: The most calls that are kept.
MAX_SHARED_CALLS = 1_000


class _Asked(t.NamedTuple):
    """A question that a call has asked, how it was answered, and the numbers of the values."""

    question: HostQuestion
    way: t.Any
    values: range


class _SharedCall(t.NamedTuple):
    """The outcome of a call for the row of a root, and what it depends on."""

    root: Root
    outcome: SearchOutcome
    asked: tuple[_Asked, ...]
    columns: tuple[Column, ...]


class FoundCall(t.NamedTuple):
    """The outcome of a call for the row of a root, in a search that has not made it."""

    root: Root
    outcome: SearchOutcome
    journal: Journal


class SharedCalls:
    """The outcomes of calls, for all questions of an engine about the rows of one schema."""

    def __init__(self) -> None:
        # Two threads may add the same call.
        self._calls: dict[t.Any, _SharedCall] = {}

    def keep(self, call: Call, at: int, cls: type, search: Search, done: FoundCall) -> None:
        """Keep the outcome of a call, if another search may ask what it depends on."""
        recorder = t.cast(Recorder, search.recorder)
        key = _key_of(call, at, cls, recorder)
        numbers = sorted(done.journal.questions)
        if key is None or not all(recorder.way[number][0].is_movable for number in numbers):
            return
        if len(self._calls) >= MAX_SHARED_CALLS:
            # Roles and actions may come from requests.
            self._calls.clear()
        asked = (_Asked(*recorder.way[number], recorder.values_of[number]) for number in numbers)
        self._calls[key] = _SharedCall(
            done.root, done.outcome, tuple(asked), tuple(done.journal.columns)
        )

    def find(self, call: Call, at: int, cls: type, search: Search) -> FoundCall | None:
        """Return the outcome of a call in another search; ``None`` if none is known to be its own.

        INVARIANT: an outcome counts in another search only where all that it depends on was asked
        anew, of its objects, and answered the same.
        """
        recorder = t.cast(Recorder, search.recorder)
        key = _key_of(call, at, cls, recorder)
        known = None if key is None else self._calls.get(key)
        if known is None:
            return None
        with recorder.noting() as journal:
            moved = _asked_again(known, search, recorder)
            if moved is None:
                return None
            for column in known.columns:
                recorder.read(moved(column))
        return FoundCall(moved(known.root), known.outcome.map(moved), journal)


def _key_of(call: Call, at: int, cls: type, recorder: Recorder) -> t.Any:
    """Return what is equal for calls that are the same in other questions; ``None`` for another."""
    others = [arg for n, arg in enumerate(call.args) if n != at]
    if call.kwargs or not all(_is_shareable(arg, recorder) for arg in others):
        return None
    return call.name, at, cls, *(_identity(each, recorder) for each in others)


def _is_shareable(term: t.Any, recorder: Recorder) -> bool:
    """Tell whether an argument is a value, or stands for an argument of the question."""
    if type(term) is Given:
        return term.number < recorder.given
    if is_known_row(term):
        placeholder = term.row.value.value
        return type(placeholder) is Placeholder and placeholder < FIRST_GIVEN
    return type(term) is Value or (type(term) is Instance and term.value is None)


def _identity(term: t.Any, recorder: Recorder) -> t.Any:
    if type(term) is Value:
        return type(term.value), term.value
    if type(term) is Given:
        # A template is for values of one class.
        value = recorder.value(term)
        return Given, term.number, type(value), type(getattr(value, "value", None))
    return (KnownRow, term.row) if isinstance(term, SymbolicRow) else None


def _asked_again(
    call: _SharedCall, search: Search, recorder: Recorder
) -> Callable[[t.Any], t.Any] | None:
    """Ask what a call depends on; return what moves its conditions into the search.

    ``None`` if something is answered otherwise.
    """
    # An argument of the question has one number in all searches for which the key is equal.
    numbers = {number: number for number in range(recorder.given)}
    for question, way, values in call.asked:
        terms = tuple(_moved_term(term, numbers) for term in question.terms)
        known = search.moment(*terms) if _is_of_method(terms) else None
        if known is not None:
            numbers[values.start] = known.number
            continue
        with search.asking():
            other, found = recorder.ask(terms, question.run)
        if other != way or len(found) != len(values):
            return None
        if _is_of_method(terms):
            search.keep_moment(terms[0], terms[1], found[0])
        numbers.update(zip(values, [given.number for given in found], strict=True))
    return _Mover(numbers, search).moved


def _is_of_method(terms: tuple[t.Any, ...]) -> bool:
    return len(terms) == 2 and type(terms[1]) is Call


def _moved_term(term: t.Any, numbers: dict[int, int]) -> t.Any:
    """Return a term about the values of this search."""

    def look(part: t.Any) -> tuple[t.Any, t.Any]:
        part = follow(part)
        if type(part) is Given:
            return Given(numbers[part.number]), ()
        if isinstance(part, SymbolicRow):
            return SymbolicRow(_moved_row(part.row, numbers)), ()
        return part, () if is_ground(part) or type(part) is Unknown else parts(part)

    return fold(term, look, with_parts)


def _moved_row(row: t.Any, numbers: dict[int, int]) -> t.Any:
    """Return a row that was given for that of this search."""
    number = row.value.value if isinstance(row, KnownRow) else None
    if type(number) is not Placeholder or number < FIRST_GIVEN:
        return row
    return given_row(row.cls, numbers[number - FIRST_GIVEN])


class _Mover:
    """Moves parts of conditions into a search.

    :param numbers: the numbers of values there.
    """

    def __init__(self, numbers: dict[int, int], search: Search) -> None:
        self._numbers, self._search = numbers, search
        #: The numbers of rows there, which no other rows of the search have.
        self._roots: dict[int, int] = {}
        # A part may stand in many places. The parts are kept alive: their identities are the keys.
        self._known: dict[int, tuple[t.Any, t.Any]] = {}

    def moved(self, node: t.Any) -> t.Any:
        """Return a part of a condition about the values of the search, with rows of its own."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = node, self._moved_anew(node)
        return known[1]

    def _moved_anew(self, node: t.Any) -> t.Any:
        kind = type(node)
        if kind is KnownRow:
            return _moved_row(node, self._numbers)
        if kind is Root:
            return Root(node.cls, self._fresh(node.number))
        if kind is And or kind is Or:
            return kind(tuple(map(self.moved, node.parts)))
        if kind is ToMany:
            owner, number = self.moved(node.owner), self._fresh(node.number)
            return ToMany(owner, node.relation, node.cls, number)
        if kind is Closure:
            parts = node.row, node.variable, node.first, node.before, node.next
            return Closure(*map(self.moved, parts))
        return map_parts(node, self.moved)

    def _fresh(self, number: int) -> int:
        if number not in self._roots:
            self._roots[number] = self._search.fresh_number()
        return self._roots[number]
