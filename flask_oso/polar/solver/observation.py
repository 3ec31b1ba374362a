"""Observation of a run: the one place where its events are emitted.

``ObservedSolver`` has the results of ``Solver``, and tells ``Observer``s what it does, as do its
parts. Tracing, coverage, proofs and the debugger are observers: they listen, and override nothing
of the solver. It replaces ``Solver`` only in runs that are observed, so other runs have no
overhead.
"""

from __future__ import annotations

import enum
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..host.conversion import follow
from ..host.registry import Host
from ..limits import Limits
from ..nodes import Call, Dictionary, Expression, Operator, Parameter, Slot, Term, Unknown, Value
from ..sources import Span
from .backtrace import Step
from .clause_index import ClauseIndex
from .clauses import Clause, Frame
from .machine import Choice, Goals, Handler, KnowledgeBase, Machine
from .matcher import Matcher
from .operators import Operators
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
    def goals(self) -> Goals:
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


class Announcer:
    """Tells observers what one run does.

    :param observers: who is told, in this order.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        self.is_silent = any(each.is_silent for each in observers)
        self.names_parameters = any(each.names_parameters for each in observers)

    def watch(self, machine: Machine) -> None:
        """Set the machine of the run: it is what observers look at."""
        self._machine = machine

    def tell(self, kind: EventKind, *terms: t.Any) -> None:
        for each in self._observers:
            each.on_event(self._machine, self._machine.step, kind, *terms)

    def tell_goal(self, step: Step) -> None:
        for each in self._observers:
            each.on_goal(self._machine, step)

    def tell_call(self, step: Step, call: Call, clauses: ClauseIndex | None) -> None:
        for each in self._observers:
            each.on_call(self._machine, step, call, clauses)

    def tell_candidates(self, step: Step, clauses: Sequence[Clause]) -> None:
        for each in self._observers:
            each.on_candidates(self._machine, step, clauses)

    def tell_parameter(self, step: Step, parameter: Parameter) -> None:
        for each in self._observers:
            each.on_parameter(self._machine, step, parameter)

    def tell_rule(self, step: Step, frame: ObservedFrame) -> None:
        for each in self._observers:
            each.on_rule(self._machine, step, frame)

    def tell_value(self, owner: t.Any, name: str, value: Term, goal: Term | None) -> None:
        for each in self._observers:
            each.on_value(self._machine, self._machine.step, owner, name, value, goal)

    def tell_result(self, solution: Mapping[str, t.Any]) -> None:
        for each in self._observers:
            each.on_result(self._machine, solution)

    def tell_error(self, error: Exception) -> None:
        for each in self._observers:
            each.on_error(self._machine, self._machine.step, error)

    def tell_negated_solution(self, step: Step, marks: Sequence[t.Any]) -> None:
        for each, mark in zip(self._observers, marks, strict=True):
            each.on_negated_solution(self._machine, step, mark)

    def marks(self) -> list[t.Any]:
        """Return the marks of the observers, for ``tell_return``."""
        return [each.mark() for each in self._observers]

    def tell_return(self, marks: Sequence[t.Any]) -> None:
        for each, mark in zip(self._observers, marks, strict=True):
            each.on_return(self._machine, mark)

    def is_debugged(self, step: Step) -> bool:
        """Tell that the policy calls ``debug()``; return whether an observer handled it."""
        answers = [each.on_debug(self._machine, step) for each in self._observers]
        return any(answers)


class ObservedMachine(Machine):
    """A machine that announces what it does."""

    def __init__(
        self,
        program: KnowledgeBase,
        limits: Limits | None,
        recheck: Handler,
        announcer: Announcer,
    ) -> None:
        super().__init__(program, limits, recheck)
        self._announcer = announcer
        self.bindings = _ObservedBindings(
            self.compare_objects, self.limits.comparisons, self.check_element, announcer.tell
        )
        announcer.watch(self)

    def advance(self) -> bool:
        """Solve goals until none is left; return ``False`` if that is not possible."""
        try:
            found = super().advance()
        except Exception as error:
            # An error of any class is told and raised again.
            self._announcer.tell_error(error)
            raise
        if not found:
            self._announcer.tell(EventKind.HALT)
        return found

    def backtrack(self) -> bool:
        """Return to the latest choice that has another alternative."""
        self._announcer.tell(EventKind.BACKTRACK)
        return super().backtrack()

    def choose(self, resume: Callable[[Choice], bool], state: t.Any, step: Step) -> Choice:
        """Make a choice point."""
        return super().choose(_Return(self._announcer, resume), state, step)

    def unify(self, left: t.Any, right: t.Any) -> bool:
        """Unify two terms."""
        self._announcer.tell(EventKind.UNIFY, left, right)
        return super().unify(left, right)


class ObservedMatcher(Matcher):
    """A matcher that announces what it does."""

    def __init__(self, machine: Machine, announcer: Announcer) -> None:
        super().__init__(machine)
        self._announcer = announcer

    def isa(self, left: t.Any, pattern: t.Any, place: Expression | Parameter, step: Step) -> bool:
        """Match a term with a pattern."""
        self._announcer.tell(EventKind.MATCH, left, pattern)
        return super().isa(left, pattern, place, step)

    def field(self, value: t.Any, name: str, span: Span | None) -> t.Any:
        """Return a field of a value that is matched; ``None`` if it has no such field."""
        found = super().field(value, name, span)
        if found is not None:
            self._announcer.tell_value(value, name, found, None)
        return found


class ObservedOperators(Operators):
    """Operators that announce what they look up and call."""

    def __init__(self, machine: Machine, announcer: Announcer) -> None:
        super().__init__(machine)
        self._announcer = announcer

    def get_attribute(self, value: Term, name: str, goal: Expression) -> Term:
        """Read an attribute."""
        self._announcer.tell(EventKind.LOOKUP, value, name)
        return self._returned(value, name, super().get_attribute(value, name, goal), goal)

    def call_method(self, value: Term, call: Call, goal: Expression) -> Term:
        """Call a method."""
        self._announcer.tell(EventKind.CALL, value, call)
        return self._returned(value, call.name, super().call_method(value, call, goal), goal)

    def leads_to(self, value: t.Any, name: str, result: t.Any) -> bool | None:
        """Read each relation: observers show what it leads to."""
        return None

    def _returned(self, owner: Term, name: str, found: Term, goal: Expression) -> Term:
        self._announcer.tell(EventKind.RETURN, found)
        self._announcer.tell_value(owner, name, found, goal)
        return found

    def lookup(self, value: t.Any, key: t.Any, result: t.Any, goal: Expression) -> bool:
        """Look a key up in a value, or call a method, and unify the result."""
        if type(value) is Dictionary and type(key) is Value and type(key.value) is str:
            found = value.get(key.value)
            if found is not None:
                self._announcer.tell_value(value, key.value, found, goal)
        return super().lookup(value, key, result, goal)


class ObservedSolver(Solver):
    """One run of one query that tells observers what it does.

    :param observers: who is told, in this order.
    """

    def __init__(
        self, program: KnowledgeBase, limits: Limits | None, observers: Sequence[Observer]
    ) -> None:
        self.announcer = Announcer(observers)
        super().__init__(program, limits)
        self._filtered = self.machine.step

    def _make_machine(self, program: KnowledgeBase, limits: Limits | None) -> Machine:
        return ObservedMachine(program, limits, self._recheck, self.announcer)

    def _make_matcher(self) -> Matcher:
        return ObservedMatcher(self.machine, self.announcer)

    def _make_operators(self) -> Operators:
        return ObservedOperators(self.machine, self.announcer)

    # -- goals and rules ----------------------------------------------------------------

    def _solve_goal(self, payload: tuple[Term, Frame], around: Step) -> bool:
        goal, frame = payload
        self.machine.step = Step(goal, frame, around, around.rule, self.machine.choice_number)
        self.announcer.tell_goal(self.machine.step)
        return super()._solve_goal(payload, around)

    def _solve_body(self, payload: tuple[Term, Frame, str], call: Step) -> bool:
        body, frame, rule = payload
        if isinstance(body, Expression) and body.operator is Operator.AND and len(body.args) > 1:
            # The solver goes on with the parts; observers see the whole as a goal first.
            self.announcer.tell_goal(Step(body, frame, call, rule, self.machine.choice_number))
        return super()._solve_body(payload, call)

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        by_arity = self.machine.program.clauses(call.name)
        if by_arity is not None:
            clauses = by_arity.get(len(call.args))
            self.announcer.tell_call(step, call, clauses)
            if not clauses:
                self.announcer.tell_candidates(step, [])
        return super()._solve_call(call, frame, step)

    def _filter(self, state: t.Any, step: Step) -> bool:
        self._filtered = step
        return super()._filter(state, step)

    def _matches_without_search(
        self, parameter: Parameter, arg: t.Any, seen: set[t.Any]
    ) -> bool | None:
        verdict = super()._matches_without_search(parameter, arg, seen)
        if verdict is False:
            self.announcer.tell_parameter(self._filtered, parameter)
        return verdict

    def _try_clauses(self, clauses: list[Clause], args: tuple[t.Any, ...], step: Step) -> bool:
        self.announcer.tell_candidates(step, clauses)
        return super()._try_clauses(clauses, args, step)

    def _call_clause(self, payload: tuple[Clause, tuple[t.Any, ...]], step: Step) -> bool:
        clause, args = payload
        frame = ObservedFrame(clause)
        self.announcer.tell_rule(step, frame)
        return self._enter((clause, args, frame, 0, True), step)

    def _match_parameter(self, parameter: Parameter, arg: t.Any, frame: Frame, step: Step) -> bool:
        self.announcer.tell_parameter(step, parameter)
        if self.announcer.names_parameters and isinstance(frame, ObservedFrame):
            self._name_parameter(parameter.term, follow(arg), frame)
        return super()._match_parameter(parameter, arg, frame, step)

    def _name_parameter(self, term: Term, value: t.Any, frame: ObservedFrame) -> None:
        if type(term) is Slot and frame[term.index] is None and type(value) is not Unknown:
            name = self.machine.bindings.fresh(term.name, term.origin).name
            frame.names[term.index] = name
            self.announcer.tell(EventKind.BIND, name, value)

    def _negation_solved(self, barrier: Choice, step: Step) -> bool:
        self.announcer.tell_negated_solution(step, t.cast(_Return, barrier.resume).marks)
        return super()._negation_solved(barrier, step)

    # -- output and solutions -----------------------------------------------------------

    def _solve_print(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self.announcer.is_silent or super()._solve_print(goal, frame, step)

    def _solve_debug(self, goal: Expression, frame: Frame, step: Step) -> bool:
        if self.announcer.is_silent:
            return True
        if not self.announcer.is_debugged(step):
            return super()._solve_debug(goal, frame, step)
        # Time that was spent at a prompt does not count.
        self.machine.used = 0.0
        self.machine.resumed = time.monotonic()
        return True

    def _solution(self) -> dict[str, t.Any]:
        solution = super()._solution()
        self.announcer.tell_result(solution)
        return solution


class _Return:
    """Resumes a choice, and tells the observers."""

    __slots__ = ("_announcer", "_resume", "marks")

    def __init__(self, announcer: Announcer, resume: Callable[[Choice], bool]) -> None:
        self._announcer = announcer
        #: The marks of the observers, from the time of the choice.
        self.marks = announcer.marks()
        self._resume = resume

    def __call__(self, choice: Choice) -> bool:
        self._announcer.tell_return(self.marks)
        return self._resume(choice)


class _ObservedBindings(Bindings):
    """Bindings that tell when a variable is bound.

    :param tell: is called for each event.
    """

    def __init__(
        self,
        compare_objects: Callable[[Term, Term], bool],
        comparisons: int,
        check_element: Callable[[Term], None],
        tell: Callable[..., None],
    ) -> None:
        super().__init__(compare_objects, comparisons, check_element)
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
