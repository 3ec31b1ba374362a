"""Where a compiled function cannot go on, the solver does.

In go a call or a goal with what is known of its arguments, and the frames of the functions that led
to it; out come the solutions of the solver, from this goal on and with the goals around it, so that
depths, backtraces and places are its own. It gets what calls of the application have given before:
a method that changes its answer is asked once for each of them.
"""

from __future__ import annotations

import math
import sys
import time
import types
import typing as t
from collections.abc import Iterator

from ..exceptions import OsoError
from ..host.conversion import argument_to_term, follow, list_elements, result_to_term
from ..host.terms import Variable
from ..nodes import (
    Call,
    Dictionary,
    Instance,
    List,
    Operator,
    Origin,
    Slot,
    Term,
    Value,
    is_ground,
)
from ..solver.backtrace import Step
from ..solver.clauses import Template
from ..solver.machine import HostCall, MadeCall
from ..solver.solver import Solver
from ..solver.tabling import READ_ALONE, Solutions, TabledSolver
from ..sources import Span
from ..traversal import is_operation
from .binding_analysis import is_recursive, measure_height
from .classes.found_values import FoundValues
from .classes.known_classes import KnownClasses, SolverNeeded
from .elements import begun
from .entry_points import CALLS, FIRST, Clock
from .scopes import Elsewhere, HandedGoal, Site
from .source_map import (
    GoalSteps,
    argument_place,
    chain,
    entry_call,
    frames_of,
    until_next_entry,
    with_spans,
)

#: What stands for an argument that is open.
OPEN = Variable("_")
#: Arguments of these classes are the same if they are equal: terms make them anew.
_SCALARS = frozenset({str, int, bool, float})


class Takeovers:
    """The part of the runtime that leaves to the solver what functions cannot do.

    :param engine: the engine whose rules they are.
    """

    def __init__(self, engine: t.Any) -> None:
        self._engine = engine
        # The goals of the instructions of each function.
        self._sites: dict[types.CodeType, dict[int, Site]] = {}
        self._heights: dict[str, float] = {}
        self._recursive: dict[str, bool] = {}
        self._classes = KnownClasses(engine.host)
        self.found = FoundValues(self._classes, engine.host)

    # -- the solver takes over -------------------------------------------------------------

    def _hand_over(
        self, name: str, args: tuple[t.Any, ...], clock: Clock, labels: t.Any = None
    ) -> bool:
        for _ in self._hand_over_each(name, args, clock, labels):
            return True
        return False

    def _hand_over_each(
        self, name: str, args: tuple[t.Any, ...], clock: Clock, labels: t.Any = None
    ) -> Iterator[t.Any]:
        """Let the solver find the solutions of a call, with the values of its open arguments.

        :param labels: one label for each term among the arguments: two may have the same value.
        """
        if len(clock) > FIRST:
            clock[FIRST].ask(clock)
        if clock[1] is None:
            clock[1] = time.monotonic()
        steps = self._steps(frames_of(sys._getframe(1), self._sites))
        frame: list[t.Any] = []
        made: list[Term] = []
        given: Solutions | None = None
        for at, arg in enumerate(args):
            if arg is OPEN or arg is READ_ALONE or type(arg) is Solutions:
                given = arg if type(arg) is Solutions else given
                written = t.cast(Call, self._goals(sys._getframe(1))[0]).args[at]
                made.append(Slot(len(frame), *_name_of(written)))
                frame.append(None)
            else:
                made.append(ground(arg))
        named = dict(zip(labels or range(len(args)), made, strict=True))
        goal = Call(name, tuple(named[label] for label in labels or named))
        around = None
        if steps:
            # The last step is the call itself, which the solver adds.
            around = chain(steps[:-1], entry_call(sys._getframe(1)))
            goal = with_spans(goal, self._goals(sys._getframe(1)))
        handed = Template(goal, span=goal.span) if frame else goal
        solved = self._go_on(handed, around, frame, clock)
        found = (self._all_found(frame, args) for _ in solved)
        for values in found if given is None else given.each_once(found):
            yield values or None

    def _all_found(self, frame: list[t.Any], args: tuple[t.Any, ...]) -> tuple[t.Any, ...]:
        """Return the values that the solver gave variables: two may have become one term."""
        terms = [follow(each) for each in frame]
        known = (*args, *(getattr(each, "value", []) for each in terms))
        at, count = len(args), len(terms)
        return tuple(
            self._found_by_solver(each, (*known[: at + number], *known[at + number + 1 :]))
            if count > 1
            else self._found_by_solver(each, args)
            for number, each in enumerate(terms)
        )

    def _found_by_solver(self, found: t.Any, args: tuple[t.Any, ...]) -> t.Any:
        """Return the value of a term that the solver gave a variable."""
        if type(found) is List:
            return self._list_found_by_solver(found)
        if not isinstance(found, (Instance, Value)):
            raise SolverNeeded
        return self.found.checked(found.value, args)

    def _list_found_by_solver(self, found: List) -> list[t.Any]:
        """Return the elements of a list, if comparing them runs no code and each equals itself."""
        terms_found, rest = list_elements(found)
        elements = [follow(each) for each in terms_found]
        if rest is not None or not all(isinstance(each, (Instance, Value)) for each in elements):
            raise SolverNeeded
        return [self.found.compared_by_nobody(each.value) for each in elements]

    def _solve_goal(
        self, what: HandedGoal, values: tuple[t.Any, ...], clock: Clock
    ) -> Iterator[None]:
        """Let the solver solve a goal."""
        if clock[1] is None:
            clock[1] = time.monotonic()
        frame: list[t.Any] = [None] * what.size
        terms: dict[str, Term] = {}
        for (index, name, span), value in zip(what.bound, values, strict=True):
            if name not in terms:
                term = ground(value)
                terms[name] = term if span is None else _at_place(term, span)
            frame[index] = terms[name]
        for index, literal in what.literals:
            frame[index] = literal
        steps = self._steps(frames_of(sys._getframe(1), self._sites))
        # The last step is the goal itself, which the solver adds.
        around = chain(steps[:-1], entry_call(sys._getframe(1)))
        yield from self._go_on(what.goal, around, frame, clock)

    def _go_on(
        self, goal: Term, around: Step | None, frame: list[t.Any], clock: Clock
    ) -> Iterator[None]:
        """Yield once for each solution of a goal, found with the table of the question."""
        if clock[3] is None:
            clock[3] = {}
        solver = TabledSolver(self._engine, self._engine.limits, clock[3], self.is_recursive)
        solver.machine.begun, solver.machine.made = begun(clock), clock[4]
        solver.machine.calls = clock[CALLS]
        for is_decided in solver.go_on(goal, around, clock[1], frame):
            if not is_decided:
                # An error unless a later goal fails, which only the solver knows.
                raise SolverNeeded
            yield

    def _by_solver(
        self,
        name: str,
        args: tuple[t.Any, ...],
        is_searched: bool = False,
        clock: Clock | None = None,
    ) -> bool:
        made = None if clock is None else self._made_before(clock)
        return bool(self._engine.solve_call(name, args, is_searched, made=made))

    def _made_before(self, clock: Clock) -> CallsMade:
        """Return the calls that the solver need not make again."""
        outcome = clock[4]
        if outcome is not None:
            outcome.begin_anew()
        return CallsMade(clock[CALLS], outcome)

    def height(self, name: str) -> float:
        """Return the greatest depth of calls below a rule."""
        return measure_height(name, self._engine.policy.rules, self._heights)

    def is_recursive(self, name: str) -> bool:
        """Tell whether a rule may call itself."""
        known = self._recursive.get(name)
        if known is None:
            known = math.isinf(self.height(name)) and is_recursive(name, self._engine.policy.rules)
            self._recursive[name] = known
        return known

    # -- where a function is ---------------------------------------------------------------

    def _placed(self, value: t.Any, written: Span | int | Elsewhere | None) -> Term:
        """Return a value as a term, with its span if it was a literal, also a list or a dictionary.

        :param written: the span, or the parameter through which the value came.
        :raises SolverNeeded: if only the solver knows where it is written.
        """
        term = result_to_term(value)
        place: Span | Elsewhere | None
        if type(written) is int:
            # The current goal comes first, then the call with the parameter.
            place = argument_place(self._goals(sys._getframe(2))[1:], written)
        else:
            place = t.cast("Span | Elsewhere | None", written)
        if place is Elsewhere.FOUND:
            raise SolverNeeded
        return term if place is None else _at_place(term, place)

    def _goals(self, frame: types.FrameType) -> list[Term | None]:
        """Return the current goals of the compiled functions, innermost first."""
        found = frames_of(frame, self._sites)
        sites = (self._sites[code].get(offset) for code, offset in reversed(found))
        return [site.steps[-1][0] for site in sites if site is not None and site.steps]

    def _at(self, goal: Term) -> Solver:
        """Return a solver at a goal, without the backtrace."""
        solver: Solver = self._engine.solver()
        solver.stand_at(chain([(goal, None)], None))
        return solver

    def _here(self, goal: Term | None = None) -> Solver:
        """Return a solver at the current goal of the calling function, with the backtrace.

        :param goal: the value of the current goal, if that is a variable.
        """
        solver: Solver = self._engine.solver()
        steps = self._steps(frames_of(sys._getframe(2), self._sites))
        if goal is not None:
            steps[-1] = (goal, steps[-1][1])
        solver.stand_at(chain(steps, entry_call(sys._getframe(2))))
        return solver

    def _steps(self, frames: list[tuple[types.CodeType, int]]) -> GoalSteps:
        steps: GoalSteps = []
        for code, offset in frames:
            site = self._sites[code].get(offset)
            if site is not None:
                steps.extend(site.steps)
        return steps

    def _problem_of(
        self, error: AttributeError, name: str, args: tuple[t.Any, ...]
    ) -> OsoError | None:
        """Return the error of the policy for an attribute that a function did not find.

        ``None`` if the error comes from elsewhere: from within a method, or from a comparison.
        """
        frames = list(until_next_entry(error.__traceback__, self._sites))
        code, offset = frames[-1]
        site = self._sites[code].get(offset)
        if site is None:
            return None
        goal = site.steps[-1][0]
        if not is_operation(goal, Operator.DOT):
            return None
        key = goal.args[1]
        if not isinstance(key, Value):
            return None
        solver: Solver = self._engine.solver()
        solver.stand_at(chain(self._steps(frames), Call(name, tuple(map(argument_to_term, args)))))
        # An error raised within a property has no owner, and then no proposal.
        value = Instance(error.obj)
        return solver.operators.no_attribute(value, str(key.value), error, goal.span)

    def _stop_of(self, error: RuntimeError) -> StopIteration | None:
        """Return what a search of the policy ended with, for which Python raises this error.

        ``None`` if the error comes from elsewhere: from within a method, or its generator.
        """
        stop = error.__cause__
        trace = stop.__traceback__ if isinstance(stop, StopIteration) else None
        is_ours = trace is not None and trace.tb_frame.f_code in self._sites
        return t.cast(StopIteration, stop) if is_ours else None


def _name_of(written: Term) -> tuple[str, Origin]:
    """Return the name of a variable in messages."""
    slot = t.cast(Slot, written)
    return slot.name, slot.origin


def _at_place(term: Term, span: Span) -> Term:
    """Return a number, a text, a list or a dictionary of a policy with its place."""
    if type(term) is Value:
        return Value(term.value, span=span)
    if type(term) is List:
        return List(term.items, term.rest, span, ground=term.ground)
    if type(term) is Dictionary:
        return Dictionary(None, span, ground=term.ground, entries=term.entries)
    return term


def ground(value: t.Any) -> Term:
    """Return a value as a term.

    :raises SolverNeeded: if it contains a variable, which only the solver can bind.
    """
    term = result_to_term(value)
    if not is_ground(term):
        raise SolverNeeded
    return term


class CallsMade:
    """Gives the result of each call that was made once, in the order of the calls.

    :param calls: the notes.
    :param before: a call that was made before the compiled functions began.
    """

    __slots__ = ("_before", "_found", "_results")

    def __init__(self, calls: list[HostCall], before: MadeCall | None) -> None:
        self._before = before
        #: The calls of one name of one object of which one was found, and its position.
        self._found: tuple[list[HostCall], int] | None = None
        self._results: dict[tuple[int, str], list[HostCall]] = {}
        for each in reversed(calls):
            owner, name, _, result = each
            # An iterator is used up.
            if not hasattr(type(result), "__next__"):
                # The note keeps the owner, and so its identity.
                self._results.setdefault((id(owner), name), []).append(each)

    def is_of(self, owner: t.Any, name: str, args: tuple[t.Any, ...] | None) -> bool:
        """Tell whether a call was made, and its result not taken so far."""
        self._found = None
        if self._before is not None and self._before.is_of(owner, name, args):
            return True
        # The first call is the last of its list, where the solver mostly finds it.
        made = self._results.get((id(owner), name), [])
        for at in range(len(made) - 1, -1, -1):
            if _are_same(made[at][2], args):
                self._found = made, at
                return True
        return False

    def take(self) -> t.Any:
        """Return the result, or raise the error."""
        if self._found is None:
            return t.cast("MadeCall", self._before).take()
        made, at = self._found
        return made.pop(at)[3]


def _are_same(made: tuple[t.Any, ...] | None, args: tuple[t.Any, ...] | None) -> bool:
    if made is None or args is None:
        return made is args
    return len(made) == len(args) and all(map(_is_same, made, args))


def _is_same(one: t.Any, other: t.Any) -> bool:
    kind = type(one)
    if one is other or kind is not type(other):
        return one is other
    if kind is list:
        return len(one) == len(other) and all(map(_is_same, one, other))
    # A variable has another name whenever it becomes a value of the host.
    return kind is Variable or (kind in _SCALARS and bool(one == other))
