"""Provenance: what a run tries, kept for the proof.
``ProvenanceObserver`` observes a run. It notes in a ``Provenance`` which rules are tried and how
far each gets: of a rule that fails, the furthest condition that was evaluated, with the values of
its variables there. The conditions after that one were not reached; those before it held.

Values are kept as terms until the run is over. The number of rules that are kept is bounded.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ..host.conversion import follow
from ..nodes import Call, Expression, Operator, Parameter, Term
from ..solver.backtrace import Step
from ..solver.clause_index import ClauseIndex
from ..solver.clauses import Clause, Frame
from ..solver.machine import NO_FRAME
from ..solver.observation import EventKind, ObservedFrame, Observer, RunView
from ..sources import Span
from ..traversal import is_operation
from .redaction import Describer
from .source_form import conditions_of, is_condition_with_operands

#: How many of the rules that are tried are kept, the first ones.
MAX_ATTEMPTS = 3_000
#: How many failures of one condition of one rule are kept.
MAX_FAILURES = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot:
    """The values of a rule at one moment.

    :param values: those of its variables by number; ``None`` if a variable has none yet.
    :param results: its goals with their results, by the identity of the goal.
    """

    values: Sequence[t.Any]
    results: Mapping[int, tuple[Term, t.Any]]

    def result_of(self, goal: Term) -> t.Any:
        """Return the result of a goal; ``None`` if it had none."""
        known = self.results.get(id(goal))
        return None if known is None else known[1]


@dataclasses.dataclass(eq=False)
class Subgoal:
    """A rule call in a run.

    :param around: the rule whose condition it is; ``None`` for the query itself.
    :param clauses: the rules of this name and arity.
    :param applicable: those that apply, in the order in which they are tried.
    :param reached: the parameters that were compared, by identity: of a rule that does not apply,
        the last of them is the one that does not match.
    """

    call: Call
    args: tuple[t.Any, ...]
    step: Step
    around: Attempt | None
    clauses: ClauseIndex | None = None
    applicable: Sequence[Clause] = ()
    attempts: list[Attempt] = dataclasses.field(default_factory=list)
    reached: set[int] = dataclasses.field(default_factory=set)
    #: The run tried more rules than are kept.
    is_cut_short: bool = False


@dataclasses.dataclass(eq=False)
class Failure:
    """One failure of a condition.

    :param goal: the innermost condition that failed.
    :param subgoal: the rule call that it is.
    :param held: for a ``not``, the solution of the negated condition.
    :param missing: the goal that looks up a key that a dictionary does not have.
    :param waiting: the condition that was a constraint until now.
    """

    goal: Term
    snapshot: Snapshot
    subgoal: Subgoal | None = None
    held: Path | None = None
    missing: Expression | None = None
    waiting: Span | None = None


@dataclasses.dataclass(eq=False)
class Attempt:
    """A rule that is tried.

    :param passed: the highest number of conditions that held; -1 before any failed.
    :param failures: the failures of the next condition, for some of the values that were tried.
    :param count: for how many values it failed.
    :param broke: whether an error ended the evaluation in that condition.
    """

    clause: Clause
    subgoal: Subgoal
    frame: ObservedFrame
    passed: int = -1
    failures: list[Failure] = dataclasses.field(default_factory=list)
    count: int = 0
    broke: bool = False
    #: The call that failed last.
    latest: Subgoal | None = None
    #: The last call of each goal, by the identity of the goal.
    asked: dict[int, Subgoal] = dataclasses.field(default_factory=dict)
    #: Goals with their results, by the identity of the goal: some are made while the rule is tried.
    results: dict[int, tuple[Term, t.Any]] = dataclasses.field(default_factory=dict)

    def snapshot(self) -> Snapshot:
        """Return the current values."""
        return Snapshot([follow(value) for value in self.frame], dict(self.results))


class Path:
    """The rules that led to a solution, and the alternatives of ``or`` that were taken.

    :param entries: the rules and alternatives that were begun, without those that were undone.
    """

    def __init__(self, entries: Sequence[Attempt | Step]) -> None:
        self._attempts: dict[tuple[int, int], tuple[Attempt, Snapshot]] = {}
        # An entry keeps what its key identifies: a rule that is tried again has another frame,
        # which may get the place of one that is gone.
        self._alternatives: dict[tuple[int, int], Step] = {}
        self.first: tuple[Attempt, Snapshot] | None = None
        for entry in entries:
            if isinstance(entry, Step):
                around = t.cast(Step, entry.parent).goal
                self._alternatives[id(entry.frame), id(around)] = entry
                continue
            pair = entry, entry.snapshot()
            self.first = self.first or pair
            around_it = entry.subgoal.around
            key = id(around_it), id(entry.subgoal.step.goal)
            self._attempts[key] = pair

    def rule_for(self, attempt: Attempt, goal: Term) -> tuple[Attempt, Snapshot] | None:
        """Return the rule that answered a condition of a rule."""
        return self._attempts.get((id(attempt), id(goal)))

    def alternative(self, attempt: Attempt, goal: Term) -> Term | None:
        """Return the alternative that was taken of an ``or``."""
        step = self._alternatives.get((id(attempt.frame), id(goal)))
        return None if step is None else step.goal


class Provenance:
    """The record of a run.

    :param describer: is told which values to redact.
    """

    def __init__(self, describer: Describer) -> None:
        self.describer = describer
        self.root: Subgoal | None = None
        self.solution: Path | None = None
        self.attempts = 0


class ProvenanceObserver(Observer):
    """Keeps in a ``Provenance`` what a run tries.

    ``print()`` and ``debug()`` of the policy have no effect in the run: they had it when the
    query was answered.

    :param record: where it is kept.
    """

    is_silent = True
    # The names of variables in messages are those of a run that nobody observes.
    names_parameters = False

    def __init__(self, record: Provenance) -> None:
        self._record = record
        self._path: list[Attempt | Step] = []
        self._subgoals: dict[Step, Subgoal] = {}
        self._held: Path | None = None
        self._begun: Step | None = None

    # -- goals and rules ----------------------------------------------------------------

    def on_goal(self, view: RunView, step: Step) -> None:
        """Keep which alternative of an ``or`` is taken."""
        self._begun = step
        goal = t.cast(Step, step.parent).goal
        if is_operation(goal, Operator.OR) and _attempt_of(step) is not None:
            self._path.append(step)

    def on_call(self, view: RunView, step: Step, call: Call, clauses: ClauseIndex | None) -> None:
        """Keep the call, if it is the query itself or in a rule that is kept."""
        around = _attempt_of(step)
        if around is None and self._record.root is not None:
            return
        args = tuple(follow(view.operand(arg, step.frame)) for arg in call.args)
        subgoal = Subgoal(call, args, step, around, clauses)
        self._subgoals[step] = subgoal
        if around is None:
            self._record.root = subgoal
        else:
            around.asked[id(step.goal)] = subgoal

    def on_candidates(self, view: RunView, step: Step, clauses: Sequence[Clause]) -> None:
        """Keep which rules apply."""
        subgoal = self._subgoals.get(step)
        if subgoal is not None:
            subgoal.applicable = clauses

    def on_parameter(self, view: RunView, step: Step, parameter: Parameter) -> None:
        """Keep which parameters were compared, for rules that do not apply."""
        subgoal = self._subgoals.get(step)
        if subgoal is not None:
            subgoal.reached.add(id(parameter))

    def on_rule(self, view: RunView, step: Step, frame: ObservedFrame) -> None:
        """Keep the rule, up to the limit."""
        subgoal = self._subgoals.get(step)
        if subgoal is None:
            return
        if self._record.attempts >= MAX_ATTEMPTS:
            subgoal.is_cut_short = True
            return
        self._record.attempts += 1
        frame.note = Attempt(frame.clause, subgoal, frame)
        subgoal.attempts.append(frame.note)
        self._path.append(frame.note)

    # -- values -------------------------------------------------------------------------

    def on_value(
        self, view: RunView, step: Step, owner: t.Any, name: str, value: Term, goal: Term | None
    ) -> None:
        """Keep the result of a goal, and which values to redact."""
        describer = self._record.describer
        # The attributes and method results of a redacted value are redacted, too.
        is_part = goal is not None and describer.is_hidden(owner)
        if describer.redaction.hides(name) or is_part:
            describer.hide(value)
        attempt = _attempt_of(step)
        if attempt is not None and goal is not None:
            attempt.results[id(goal)] = goal, value

    # -- what becomes of goals ----------------------------------------------------------

    def on_event(self, view: RunView, step: Step, kind: EventKind, *terms: t.Any) -> None:
        """Keep a failure; redact the values of a dictionary that a method is called on."""
        if kind is EventKind.BACKTRACK:
            self._note_failure(step)
            self._held = None
        elif kind is EventKind.CALL:
            self._record.describer.hide_named(terms[0])

    def mark(self) -> int:
        """Return the length of the path."""
        return len(self._path)

    def on_return(self, view: RunView, mark: int) -> None:
        """Drop the part of the path that is undone."""
        del self._path[mark:]

    def on_negated_solution(self, view: RunView, step: Step, mark: int) -> None:
        """Keep the solution of a negated condition."""
        if _attempt_of(step) is not None:
            self._held = Path(self._path[mark:])

    def on_result(self, view: RunView, result: Mapping[str, t.Any]) -> None:
        """Keep the path to the solution."""
        self._record.solution = Path(self._path)

    def on_error(self, view: RunView, step: Step, error: Exception) -> None:
        """Keep in which condition of which rules the run ends."""
        # If the depth limit kept a goal from beginning, the goal around it failed.
        failed: Step | None = step.parent if step is self._begun else step
        while failed is not None:
            attempt = _attempt_of(failed)
            if attempt is None:
                failed = failed.parent
                continue
            at, goal = _index(failed, attempt.clause)
            subgoal = attempt.asked.get(id(failed.goal))
            attempt.passed, attempt.broke = max(at, 0), True
            attempt.failures = [Failure(goal or failed.goal, attempt.snapshot(), subgoal)]
            attempt.count = 1
            failed = attempt.subgoal.step

    def _note_failure(self, step: Step) -> None:
        """Keep that a goal failed, in its rule and in the rules that called that rule.

        Only the first failure of a rule counts as a failure of the condition that called it: it
        is one failure of that condition, whatever else the rule tries.
        """
        failed: Step | None = step
        waiting: Span | None = None
        held = self._held
        while failed is not None and failed.goal is not None:
            attempt = _attempt_of(failed)
            if attempt is None:
                if failed.frame is NO_FRAME:
                    # A condition that was a constraint until its variables were bound.
                    waiting = waiting or getattr(failed.goal, "span", None)
                failed = failed.parent
                continue
            is_first = attempt.passed < 0
            found = _find(failed, attempt.clause)
            if found is None:
                return
            passed, goal = found
            if _is_news(attempt, passed, failed):
                attempt.failures.append(_failure(failed, attempt, goal, held, waiting))
            if not is_first:
                return
            failed, waiting, held = attempt.subgoal.step, None, None


def _attempt_of(step: Step) -> Attempt | None:
    """Return the rule that contains a goal, if it is kept."""
    return step.frame.note if isinstance(step.frame, ObservedFrame) else None


def _is_news(attempt: Attempt, passed: int, failed: Step) -> bool:
    """Count a failure in a rule; return whether to keep it."""
    subgoal = attempt.asked.get(id(failed.goal))
    if passed < attempt.passed or (subgoal is not None and subgoal is attempt.latest):
        return False
    if passed > attempt.passed:
        attempt.passed, attempt.count = passed, 0
        attempt.failures = []
    attempt.latest = subgoal
    attempt.count += 1
    return len(attempt.failures) < MAX_FAILURES


def _failure(
    failed: Step, attempt: Attempt, goal: Term, held: Path | None, waiting: Span | None
) -> Failure:
    snapshot = attempt.snapshot()
    subgoal = attempt.asked.get(id(failed.goal)) if waiting is None else None
    missing = failed.goal if _is_missing(failed.goal, snapshot) else None
    return Failure(goal, snapshot, subgoal, held, missing, waiting)


def _find(step: Step, clause: Clause) -> tuple[int, Term] | None:
    """Return the number of the condition in which a goal failed, and the innermost condition.

    ``None`` under a ``not``, where a failure is no failure of the rule, and outside conditions.
    """
    frame, top, leaf = step.frame, step, step
    while not _is_body(top.parent, frame, clause):
        parent = top.parent
        if parent is None or parent.goal is None or parent.frame is not frame:
            return None
        if leaf is top and is_condition_with_operands(parent.goal):
            leaf = parent
        top = parent
    return _number(top.goal, clause), leaf.goal


def _index(step: Step, clause: Clause) -> tuple[int, Term | None]:
    """Return the number of the condition that contains a goal, and that condition."""
    top: Step | None = step
    while top is not None and not _is_body(top.parent, step.frame, clause):
        top = top.parent
    if top is None:
        return -1, None
    return _number(top.goal, clause), top.goal


def _is_body(step: Step | None, frame: Frame, clause: Clause) -> bool:
    return step is not None and step.frame is frame and step.goal is clause.body


def _number(goal: Term, clause: Clause) -> int:
    return next((at for at, each in enumerate(conditions_of(clause)) if each is goal), 0)


def _is_missing(goal: t.Any, snapshot: Snapshot) -> bool:
    is_lookup = is_operation(goal, Operator.DOT)
    return is_lookup and id(goal) not in snapshot.results
