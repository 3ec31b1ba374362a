"""A run that is watched: the same solver, and it tells what it does.

``ObservedSolver`` gives the results that ``Solver`` gives. It takes the place of it only
where someone watches: for a trace (``tracing.py``) or in the debugger (``debugger.py``),
so a run that nobody watches pays nothing. A ``Observer`` is told of goals, rules, results
and errors; the text of anything else is made only if it asks for it.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Sequence

from ..host.conversion import follow
from ..host.registry import Host
from ..limits import Limits
from ..nodes import Call, Expression, Operator, Parameter, Term, Unknown
from ..solver.backtrace import Step
from ..solver.clauses import Clause, Frame, Slot
from ..solver.machine import Goals, Handler, KnowledgeBase
from ..solver.solver import Solver
from ..solver.unification import Bindings
from .inspection import Inspector, NamedFrame

Text = Callable[[], str]


class RunView(t.Protocol):
    """What a observer may look at while the run waits for it."""

    @property
    def inspector(self) -> Inspector:
        """Prints what the run is made of."""

    @property
    def host(self) -> Host:
        """The registered names."""

    @property
    def pending(self) -> Goals:
        """What is still to be solved."""


class Observer:
    """Is told what a run does. Each method may wait as long as it likes."""

    def on_goal(self, view: RunView, step: Step) -> None:
        """A goal is about to be solved."""

    def on_candidates(self, view: RunView, step: Step, clauses: Sequence[Clause]) -> None:
        """These are the rules that apply to a call, in the order in which they are tried."""

    def on_rule(self, view: RunView, step: Step, clause: Clause) -> None:
        """A rule is about to be tried."""

    def on_event(self, view: RunView, step: Step, text: Text) -> None:
        """Something else happens; ``text`` says what."""

    def on_result(self, view: RunView, result: t.Mapping[str, t.Any]) -> None:
        """There is a solution."""

    def on_error(self, view: RunView, step: Step, error: Exception) -> None:
        """The run ends with an error, which is raised next."""

    def on_debug(self, view: RunView, step: Step) -> bool:
        """The policy says ``debug()``; tell whether this observer saw to it."""
        return False


class ObservedSolver(Solver):
    """One run of one query that tells observers what it does.

    :param observers: who is told what it does, in this order.
    """

    def __init__(
        self, program: KnowledgeBase, limits: Limits | None, observers: Sequence[Observer]
    ) -> None:
        super().__init__(program, limits)
        self.inspector = Inspector(self._host.class_name)
        self._observers = tuple(observers)
        self._bindings = _WatchedBindings(
            self._compare_objects, self._limits.comparisons, self._announce_binding
        )

    # -- what observers look at ----------------------------------------------------------

    @property
    def host(self) -> Host:
        """The registered names."""
        return self._host

    @property
    def pending(self) -> Goals:
        """What is still to be solved."""
        return self._goals

    def _announce(self, text: Text) -> None:
        for observer in self._observers:
            observer.on_event(self, self._step, text)

    def _announce_goal(self, step: Step) -> None:
        for observer in self._observers:
            observer.on_goal(self, step)

    def _announce_binding(self, unknown: Unknown, value: t.Any) -> None:
        self._announce(lambda: f"⇒ bind: {unknown.name} ← {self.inspector.term(value)}")

    def _announce_candidates(self, step: Step, clauses: Sequence[Clause]) -> None:
        for observer in self._observers:
            observer.on_candidates(self, step, clauses)

    # -- the machine --------------------------------------------------------------------

    def _advance(self) -> bool:
        try:
            found = super()._advance()
        except Exception as error:
            # Whatever it is, it goes on.
            for observer in self._observers:
                observer.on_error(self, self._step, error)
            raise
        if not found:
            self._announce(lambda: "HALT")
        return found

    def _backtrack(self) -> bool:
        self._announce(lambda: "BACKTRACK")
        return super()._backtrack()

    def _unify(self, left: t.Any, right: t.Any) -> bool:
        self._announce(lambda: f"Unify({self.inspector.term(left)}, {self.inspector.term(right)})")
        return super()._unify(left, right)

    def _isa(self, left: t.Any, pattern: t.Any, place: Expression | Parameter, step: Step) -> bool:
        self._announce(
            lambda: f"MATCHES: {self.inspector.term(left)} matches {self.inspector.term(pattern)}"
        )
        return super()._isa(left, pattern, place, step)

    def _get_attribute(self, value: Term, name: str, goal: Expression) -> Term:
        self._announce(lambda: f"LOOKUP: {self.inspector.term(value)}.{name}")
        return self._told(super()._get_attribute(value, name, goal))

    def _call_method(self, value: Term, call: Call, goal: Expression) -> Term:
        self._announce(lambda: f"CALL: {self.inspector.term(value)}.{self.inspector.term(call)}")
        return self._told(super()._call_method(value, call, goal))

    def _told(self, result: Term) -> Term:
        self._announce(lambda: f"=> {self.inspector.term(result)}")
        return result

    # -- goals and rules ----------------------------------------------------------------

    def _solve_goal(self, payload: tuple[Term, Frame], around: Step) -> bool:
        goal, frame = payload
        step = Step(goal, frame, around, around.rule, self._choice_number)
        self._step = step
        self._announce_goal(step)
        return super()._solve_goal(payload, around)

    def _solve_body(self, payload: tuple[Term, Frame, str], call: Step) -> bool:
        body, frame, rule = payload
        if isinstance(body, Expression) and body.operator is Operator.AND and len(body.args) > 1:
            # The solver goes on with its parts; whoever watches sees it as a goal first.
            self._announce_goal(Step(body, frame, call, rule, self._choice_number))
        return super()._solve_body(payload, call)

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        by_arity = self._program.clauses(call.name)
        if by_arity is not None and not by_arity.get(len(call.args)):
            self._announce_candidates(step, [])
        return super()._solve_call(call, frame, step)

    def _branch_over(self, handler: Handler, payloads: list[t.Any], step: Step) -> bool:
        if handler == self._call_clause:
            self._announce_candidates(step, [clause for clause, _ in payloads])
        return super()._branch_over(handler, payloads, step)

    def _call_clause(self, payload: tuple[Clause, tuple[t.Any, ...]], step: Step) -> bool:
        clause, args = payload
        for observer in self._observers:
            observer.on_rule(self, step, clause)
        return self._enter((clause, args, NamedFrame(clause), 0, True), step)

    def _match_parameter(self, parameter: Parameter, arg: t.Any, frame: Frame, step: Step) -> bool:
        term = parameter.term
        if type(term) is Slot and frame[term.index] is None and isinstance(frame, NamedFrame):
            end = follow(arg)
            if type(end) is not Unknown:
                name = frame.names[term.index] = self._bindings.fresh(term.name, term.origin).name
                self._announce(lambda: f"⇒ bind: {name} ← {self.inspector.term(end)}")
        return super()._match_parameter(parameter, arg, frame, step)

    def _solve_debug(self, goal: Expression, frame: Frame, step: Step) -> bool:
        answers = [observer.on_debug(self, step) for observer in self._observers]
        if not any(answers):
            return super()._solve_debug(goal, frame, step)
        # Time spent at a prompt is not the policy's.
        self._used = 0.0
        self._resumed = time.monotonic()
        return True

    def _solution(self) -> dict[str, t.Any]:
        solution = super()._solution()
        for observer in self._observers:
            observer.on_result(self, solution)
        return solution


class _WatchedBindings(Bindings):
    """Bindings that tell what becomes of a variable."""

    def __init__(
        self,
        compare_objects: Callable[[Term, Term], bool],
        comparisons: int,
        announce: Callable[[Unknown, t.Any], None],
    ) -> None:
        super().__init__(compare_objects, comparisons)
        self._announce = announce

    def _bind(self, unknown: Unknown, value: t.Any, written: t.Any, other: t.Any) -> None:
        if type(value) is not Unknown:
            self._announce(unknown, value)
        super()._bind(unknown, value, written, other)

    def alias(self, left: Unknown, right: Unknown) -> None:
        """Make one variable of two; the older one goes on for both."""
        if follow(left) is not follow(right):
            self._announce(left, right)
        super().alias(left, right)
