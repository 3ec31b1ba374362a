"""Tabling: within one decision, a call of a recursive rule is not made twice.

A ``Table`` has what is known of calls whose arguments are all bound. Compiled functions fill it
and ask it; where they hand over, ``TabledSolver`` goes on with the same table. So a chain costs its
length, groups in groups cost their number, and a ring ends.

INVARIANT: a table belongs to one decision. An entry keeps the arguments of its call alive, so that
no other object gets their identities.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator

from ..host.conversion import follow
from ..limits import Limits
from ..nodes import Call, Instance, Slot, Value
from .backtrace import Step
from .clauses import Frame, Template
from .machine import Choice, KnowledgeBase
from .solver import Solver

# A search with open arguments has another kind of entry: ``None`` while it goes on, ``EXHAUSTED``
# once ``Solutions`` has all that it finds, ``SHARED`` if it may have more; then the ``Solutions``.
#: What is known of a call comes first in its entry, then the arguments: ``None`` while it has not
#: succeeded, ``False`` if it has no solution, ``EXHAUSTED`` if it has solutions and no errors,
#: ``RESUMED`` while further solutions are searched for. Anything else, such as ``True``, says that
#: it has a solution.
Entry = list[t.Any]
Table = dict[tuple[t.Any, ...], Entry]
_NUMBERS = frozenset({int, float, bool})
EXHAUSTED: t.Final = "exhausted"
RESUMED: t.Final = "resumed"
SHARED: t.Final = "shared"


def key_of(value: t.Any) -> t.Any:
    """Return what identifies an argument: kind and value of a scalar, the identity of an object."""
    kind = type(value)
    if kind is str:
        return value
    # `-0.0` and `0.0` are equal and differ in what a division gives.
    return (kind, repr(value)) if kind in _NUMBERS else id(value)


#: Stands for an argument without a value, of which the caller reads attributes and nothing else.
READ_ALONE: t.Final = object()


class Solutions(dict[t.Any, tuple[t.Any, ...]]):
    """What a search with open arguments has given its caller, each once, by ``key_of`` its values.

    A search that only passes on what another one finds shares it with that one.

    :param given: the arguments of the search that are not open, as far as the caller may compare
        with them what is found.
    :param mark: tells searches apart of which some found what the caller only reads.
    """

    __slots__ = ("given", "included", "mark", "waits")

    def __init__(self, given: tuple[t.Any, ...], mark: bool | None = None) -> None:
        self.given, self.mark = given, mark
        #: Those of other searches that were given, too, by their identities.
        self.included: dict[int, Solutions] = {}
        #: Whether the caller goes on with a solution, and the search waits.
        self.waits = False

    def each_once(self, found: Iterable[tuple[t.Any, ...]]) -> Iterator[tuple[t.Any, ...]]:
        """Yield solutions that were not given before."""
        for values in found:
            key = tuple(map(key_of, values)) if len(values) > 1 else key_of(values[0])
            if key not in self:
                self[key] = values
                self.waits = True
                yield values
                self.waits = False

    def again(self, others: Solutions) -> Iterator[tuple[t.Any, ...]]:
        """Yield what another search has found, as far as it is new."""
        if id(others) not in self.included:
            self.included[id(others)] = others
            yield from self.each_once(others.values())


def shared_solutions(passed: t.Any, given: tuple[t.Any, ...]) -> Solutions:
    """Return the solutions that the caller of a search shares with it, or else none so far."""
    if type(passed) is Solutions:
        return passed
    return Solutions((), mark=True) if passed is READ_ALONE else Solutions(given)


class TabledSolver(Solver):
    """A solver that goes on below compiled functions, with their table.

    :param is_recursive: tells whether a rule may call itself.
    """

    def __init__(
        self,
        program: KnowledgeBase,
        limits: Limits,
        table: Table,
        is_recursive: Callable[[str], bool],
    ) -> None:
        super().__init__(program, limits)
        self._table = table
        self._is_recursive = is_recursive
        # The calls that were begun and did not end, except those that a cut ended.
        self._begun: set[tuple[t.Any, ...]] = set()

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        if not self._is_recursive(call.name):
            return super()._solve_call(call, frame, step)
        key, values = self._key(call, frame)
        if key is None:
            return super()._solve_call(call, frame, step)
        entry = self._table.setdefault(key, [None, *values])
        if entry[0] is False or entry[0] is EXHAUSTED:
            return entry[0] is EXHAUSTED
        if key in self._begun:
            self._refuse_circle(key, step)
        self._begun.add(key)
        self.machine.choose(self._end_call, (key, entry), step)
        state = key, entry, self.machine.bindings.age
        self.machine.push(self._note_solution, state, step)
        return super()._solve_call(call, frame, step)

    def _key(self, call: Call, frame: Frame) -> tuple[tuple[t.Any, ...] | None, list[t.Any]]:
        """Return the key of a call, and the values of its arguments; no key if one is unbound."""
        parts: list[t.Any] = [call.name]
        values: list[t.Any] = []
        for arg in call.args:
            if isinstance(arg, Slot) and arg.index >= len(frame):
                # A call of a compiled function, whose variables are not known here.
                return None, []
            term = follow(self.machine.operand(arg, frame))
            if not isinstance(term, (Instance, Value)):
                return None, []
            if isinstance(term, Instance) and any(term.value is value for value in values):
                # Whether they are one term makes a difference for objects with an `__eq__`.
                return None, []
            values.append(term.value)
            parts.append(id(term.value) if isinstance(term, Instance) else key_of(term.value))
        return tuple(parts), values

    def _note_solution(self, state: tuple[t.Any, Entry, int], step: Step) -> bool:
        key, entry, age = state
        self._begun.discard(key)
        if self.machine.bindings.age != age and self._has_open_constraints():
            # The solution depends on variables that are bound later, if at all.
            self._table.pop(key, None)
        else:
            entry[0] = True
        return True

    def _end_call(self, choice: Choice) -> bool:
        key: tuple[t.Any, ...]
        entry: Entry
        key, entry = choice.state
        self.machine.discard(choice.number)
        self._begun.discard(key)
        if self._table.get(key) is entry:
            # It may have been removed, since a solution depends on more than its arguments.
            entry[0] = EXHAUSTED if entry[0] else False
        return False

    def _refuse_circle(self, key: tuple[t.Any, ...], step: Step) -> None:
        """Raise the error of an endless recursion if a call is below one that is the same."""
        names = [str(key[0])]
        for call, frame in _calls_around(step.parent):
            other, _ = self._key(call, frame)
            if other == key:
                raise self.machine.circle(min(names))
            if other is not None:
                names.append(call.name)


def _calls_around(step: Step | None) -> Iterator[tuple[Call, Frame]]:
    """Yield the calls that enclose a goal, innermost first, each with its frame."""
    while step is not None:
        goal = step.goal.term if isinstance(step.goal, Template) else step.goal
        if isinstance(goal, Call):
            yield goal, step.frame
        step = step.parent
