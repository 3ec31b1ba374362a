"""Observation of a run: the one place where its events are emitted.

``ObservedSolver`` has the results of ``Solver``, and tells ``Observer``s what it does. Tracing,
coverage, proofs and the debugger are observers: they listen, and override nothing of the solver.
It replaces ``Solver`` only in runs that are observed, so other runs have no overhead.
"""

from __future__ import annotations

import enum
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..host.conversion import follow
from ..host.registry import Host
from ..limits import Limits
from ..nodes import Call, Dictionary, Expression, Operator, Parameter, Term, Unknown, Value
from ..sources import Span
from .backtrace import Step
from .clause_index import ClauseIndex
from .clauses import Clause, Frame, Slot
from .machine import Choice, Goals, Handler, KnowledgeBase
from .solver import Solver
from .unification import Bindings


class EventKind(enum.Enum):
    """What happens besides goals, rules and choices. Each kind has terms that say more."""

    #: Two terms are unified: these terms.
    UNIFY = enum.auto()
    #: A term is matched with a pattern: the term, the pattern.
    MATCH = enum.auto()
    #: A variable gets a value: its name, the value.
    BIND = enum.auto()
    #: An attribute of an object is about to be read: the object, the name.
    LOOKUP = enum.auto()
    #: A method is about to be called: the object, the call.
    CALL = enum.auto()
    #: The lookup or the call before returned: the value.
    RETURN = enum.auto()
    #: The current goal failed: the run returns to the latest choice.
    BACKTRACK = enum.auto()
    #: There is no further solution.
    HALT = enum.auto()


class ObservedFrame(list[t.Any]):
    """The frame of a rule in an observed run.

    :param clause: the rule.
    """

    def __init__(self, clause: Clause) -> None:
        super().__init__([None] * clause.size)
        self.clause = clause
        #: By index, the names of parameters that are bound to a value; ``None`` for all others.
        self.names: list[str | None] = [None] * clause.size
        #: What an observer keeps about this use of the rule.
        self.note: t.Any = None


class RunView(t.Protocol):
    """What an observer may look at while the run waits for it."""

    @property
    def host(self) -> Host:
        """The registered names."""

    @property
    def pending(self) -> Goals:
        """What is still to be solved."""

    def operand(self, term: Term, frame: Frame) -> t.Any:
        """Return the value of a term of a clause in a frame."""


class Observer:
    """Is told what a run does. The run waits until a method returns."""

    #: ``print()`` and ``debug()`` of the policy have no effect in this run.
    is_silent = False
    #: Parameters get names of the run also where an argument takes their place at once.
    names_parameters = True

    def on_goal(self, view: RunView, step: Step) -> None:
        """A goal is about to be solved."""

    def on_call(self, view: RunView, step: Step, call: Call, clauses: ClauseIndex | None) -> None:
        """A rule call is about to be solved; these are the rules of its name and arity."""

    def on_parameter(self, view: RunView, step: Step, parameter: Parameter) -> None:
        """A parameter of a rule is compared with an argument of the call."""

    def on_candidates(self, view: RunView, step: Step, clauses: Sequence[Clause]) -> None:
        """These are the rules that apply to a call, in the order in which they are tried."""

    def on_rule(self, view: RunView, step: Step, frame: ObservedFrame) -> None:
        """A rule is about to be tried."""

    def on_value(
        self, view: RunView, step: Step, owner: t.Any, name: str, value: Term, goal: Term | None
    ) -> None:
        """An attribute, a method or a key gave a value.

        :param goal: the goal that looked it up; ``None`` if that was a field of a pattern.
        """

    def on_event(self, view: RunView, step: Step, kind: EventKind, *terms: t.Any) -> None:
        """Something else happens."""

    def mark(self) -> t.Any:
        """Return what ``on_return`` needs to undo what follows; called at each choice."""

    def on_return(self, view: RunView, mark: t.Any) -> None:
        """The run returns to a choice, and undoes everything since."""

    def on_negated_solution(self, view: RunView, step: Step, mark: t.Any) -> None:
        """The goal under a ``not`` has a solution.

        :param mark: the mark from the beginning of the ``not``.
        """

    def on_result(self, view: RunView, result: Mapping[str, t.Any]) -> None:
        """There is a solution."""

    def on_error(self, view: RunView, step: Step, error: Exception) -> None:
        """The run ends with an error, which is raised next."""

    def on_debug(self, view: RunView, step: Step) -> bool:
        """The policy calls ``debug()``; return whether this observer handled it."""
        return False


class ObservedSolver(Solver):
    """One run of one query that tells observers what it does.

    :param observers: who is told, in this order.
    """

    def __init__(
        self, program: KnowledgeBase, limits: Limits | None, observers: Sequence[Observer]
    ) -> None:
        super().__init__(program, limits)
        self._observers = tuple(observers)
        self._is_silent = any(each.is_silent for each in observers)
        self._names_parameters = any(each.names_parameters for each in observers)
        self._filtered = self._step
        self._bindings = _ObservedBindings(
            self._compare_objects, self._limits.comparisons, self._tell
        )

    def _leads_to(self, value: t.Any, name: str, result: t.Any) -> bool | None:
        """Read each relation: observers show what it leads to."""
        return None

    # -- what observers look at ---------------------------------------------------------

    @property
    def host(self) -> Host:
        """The registered names."""
        return self._host

    @property
    def pending(self) -> Goals:
        """What is still to be solved."""
        return self._goals

    def operand(self, term: Term, frame: Frame) -> t.Any:
        """Return the value of a term of a clause in a frame."""
        return self._operand(term, frame)

    def _tell(self, kind: EventKind, *terms: t.Any) -> None:
        for each in self._observers:
            each.on_event(self, self._step, kind, *terms)

    def _tell_goal(self, step: Step) -> None:
        for each in self._observers:
            each.on_goal(self, step)

    def _tell_candidates(self, step: Step, clauses: Sequence[Clause]) -> None:
        for each in self._observers:
            each.on_candidates(self, step, clauses)

    def _tell_parameter(self, step: Step, parameter: Parameter) -> None:
        for each in self._observers:
            each.on_parameter(self, step, parameter)

    def _tell_value(self, owner: t.Any, name: str, value: Term, goal: Term | None) -> None:
        for each in self._observers:
            each.on_value(self, self._step, owner, name, value, goal)

    # -- the machine --------------------------------------------------------------------

    def _advance(self) -> bool:
        try:
            found = super()._advance()
        except Exception as error:
            # An error of any class is told and raised again.
            for each in self._observers:
                each.on_error(self, self._step, error)
            raise
        if not found:
            self._tell(EventKind.HALT)
        return found

    def _backtrack(self) -> bool:
        self._tell(EventKind.BACKTRACK)
        return super()._backtrack()

    def _choose(self, resume: Callable[[Choice], bool], state: t.Any, step: Step) -> Choice:
        marks = [each.mark() for each in self._observers]
        return super()._choose(_Return(self, marks, resume), state, step)

    def return_to(self, marks: Sequence[t.Any]) -> None:
        """Tell the observers that the run returns to a choice."""
        for each, mark in zip(self._observers, marks, strict=True):
            each.on_return(self, mark)

    def _unify(self, left: t.Any, right: t.Any) -> bool:
        self._tell(EventKind.UNIFY, left, right)
        return super()._unify(left, right)

    def _isa(self, left: t.Any, pattern: t.Any, place: Expression | Parameter, step: Step) -> bool:
        self._tell(EventKind.MATCH, left, pattern)
        return super()._isa(left, pattern, place, step)

    # -- values -------------------------------------------------------------------------

    def _get_attribute(self, value: Term, name: str, goal: Expression) -> Term:
        self._tell(EventKind.LOOKUP, value, name)
        return self._returned(value, name, super()._get_attribute(value, name, goal), goal)

    def _call_method(self, value: Term, call: Call, goal: Expression) -> Term:
        self._tell(EventKind.CALL, value, call)
        return self._returned(value, call.name, super()._call_method(value, call, goal), goal)

    def _returned(self, owner: Term, name: str, found: Term, goal: Expression) -> Term:
        self._tell(EventKind.RETURN, found)
        self._tell_value(owner, name, found, goal)
        return found

    def _field(self, value: t.Any, name: str, span: Span | None) -> t.Any:
        found = super()._field(value, name, span)
        if found is not None:
            self._tell_value(value, name, found, None)
        return found

    def _lookup(self, value: t.Any, key: t.Any, result: t.Any, goal: Expression) -> bool:
        if type(value) is Dictionary and type(key) is Value and type(key.value) is str:
            found = value.get(key.value)
            if found is not None:
                self._tell_value(value, key.value, found, goal)
        return super()._lookup(value, key, result, goal)

    # -- goals and rules ----------------------------------------------------------------

    def _solve_goal(self, payload: tuple[Term, Frame], around: Step) -> bool:
        goal, frame = payload
        self._step = Step(goal, frame, around, around.rule, self._choice_number)
        self._tell_goal(self._step)
        return super()._solve_goal(payload, around)

    def _solve_body(self, payload: tuple[Term, Frame, str], call: Step) -> bool:
        body, frame, rule = payload
        if isinstance(body, Expression) and body.operator is Operator.AND and len(body.args) > 1:
            # The solver goes on with the parts; observers see the whole as a goal first.
            self._tell_goal(Step(body, frame, call, rule, self._choice_number))
        return super()._solve_body(payload, call)

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        by_arity = self._program.clauses(call.name)
        if by_arity is not None:
            clauses = by_arity.get(len(call.args))
            for each in self._observers:
                each.on_call(self, step, call, clauses)
            if not clauses:
                self._tell_candidates(step, [])
        return super()._solve_call(call, frame, step)

    def _filter(self, state: t.Any, step: Step) -> bool:
        self._filtered = step
        return super()._filter(state, step)

    def _matches_without_search(
        self, parameter: Parameter, arg: t.Any, seen: set[t.Any]
    ) -> bool | None:
        verdict = super()._matches_without_search(parameter, arg, seen)
        if verdict is False:
            self._tell_parameter(self._filtered, parameter)
        return verdict

    def _branch_over(self, handler: Handler, payloads: list[t.Any], step: Step) -> bool:
        if handler == self._call_clause:
            self._tell_candidates(step, [clause for clause, _ in payloads])
        return super()._branch_over(handler, payloads, step)

    def _call_clause(self, payload: tuple[Clause, tuple[t.Any, ...]], step: Step) -> bool:
        clause, args = payload
        frame = ObservedFrame(clause)
        for each in self._observers:
            each.on_rule(self, step, frame)
        return self._enter((clause, args, frame, 0, True), step)

    def _match_parameter(self, parameter: Parameter, arg: t.Any, frame: Frame, step: Step) -> bool:
        self._tell_parameter(step, parameter)
        if self._names_parameters and isinstance(frame, ObservedFrame):
            self._name_parameter(parameter.term, follow(arg), frame)
        return super()._match_parameter(parameter, arg, frame, step)

    def _name_parameter(self, term: Term, value: t.Any, frame: ObservedFrame) -> None:
        if type(term) is Slot and frame[term.index] is None and type(value) is not Unknown:
            name = self._bindings.fresh(term.name, term.origin).name
            frame.names[term.index] = name
            self._tell(EventKind.BIND, name, value)

    def _negation_solved(self, barrier: Choice, step: Step) -> bool:
        marks = t.cast(_Return, barrier.resume).marks
        for each, mark in zip(self._observers, marks, strict=True):
            each.on_negated_solution(self, step, mark)
        return super()._negation_solved(barrier, step)

    # -- output and solutions -----------------------------------------------------------

    def _solve_print(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self._is_silent or super()._solve_print(goal, frame, step)

    def _solve_debug(self, goal: Expression, frame: Frame, step: Step) -> bool:
        if self._is_silent:
            return True
        answers = [each.on_debug(self, step) for each in self._observers]
        if not any(answers):
            return super()._solve_debug(goal, frame, step)
        # Time that was spent at a prompt does not count.
        self._used = 0.0
        self._resumed = time.monotonic()
        return True

    def _solution(self) -> dict[str, t.Any]:
        solution = super()._solution()
        for each in self._observers:
            each.on_result(self, solution)
        return solution


class _Return:
    """Resumes a choice, and tells the observers.

    :param marks: the marks of the observers, from the time of the choice.
    """

    __slots__ = ("_resume", "_solver", "marks")

    def __init__(
        self, solver: ObservedSolver, marks: Sequence[t.Any], resume: Callable[[Choice], bool]
    ) -> None:
        self._solver = solver
        self.marks = marks
        self._resume = resume

    def __call__(self, choice: Choice) -> bool:
        self._solver.return_to(self.marks)
        return self._resume(choice)


class _ObservedBindings(Bindings):
    """Bindings that tell when a variable is bound.

    :param tell: is called for each event.
    """

    def __init__(
        self,
        compare_objects: Callable[[Term, Term], bool],
        comparisons: int,
        tell: Callable[..., None],
    ) -> None:
        super().__init__(compare_objects, comparisons)
        self._tell = tell

    def _bind(self, unknown: Unknown, value: t.Any, written: t.Any, other: t.Any) -> None:
        if type(value) is not Unknown:
            self._tell(EventKind.BIND, unknown.name, value)
        super()._bind(unknown, value, written, other)

    def alias(self, left: Unknown, right: Unknown) -> None:
        """Unify two unbound variables; the younger one becomes an alias of the older one."""
        if follow(left) is not follow(right):
            self._tell(EventKind.BIND, left.name, right)
        super().alias(left, right)
