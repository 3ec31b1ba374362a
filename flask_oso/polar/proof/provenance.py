"""A run that keeps account of what it tries, for whoever asks why.

``ProvenanceSolver`` solves as ``Solver`` does. Besides it notes in a ``Provenance`` which rules are
tried and how far each gets: of a rule that fails, the furthest condition that it came to,
with the values of its variables there. What is behind that condition was not reached; what
is before it held.

Values are kept as terms until the run is over; the rules that are kept are bounded.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..host.conversion import follow
from ..limits import Limits
from ..nodes import Call, Dictionary, Expression, Operator, Parameter, Term, Value
from ..solver.backtrace import Step
from ..solver.clause_index import ClauseIndex
from ..solver.clauses import Clause, Frame
from ..solver.machine import NO_FRAME, Choice, Handler, KnowledgeBase
from ..solver.solver import Solver
from ..sources import Span
from .redaction import Describer
from .source_form import conditions_of, is_condition_with_operands

#: So many rules that are tried are kept, the first ones.
MAX_ATTEMPTS = 3_000
#: So many ways in which one condition of one rule failed are kept.
MAX_FAILURES = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot:
    """The values that a rule had at one moment.

    :param values: those of its variables by number; ``None`` where there is none yet.
    :param results: what its goals computed, by the identity of the goal.
    """

    values: Sequence[t.Any]
    results: Mapping[int, t.Any]


@dataclasses.dataclass(eq=False)
class Subgoal:
    """A rule call under way.

    :param around: the rule whose condition it is; ``None`` for the question itself.
    :param clauses: the rules of this name with as many parameters.
    :param applicable: those that apply, in the order in which they are tried.
    :param reached: the parameters that were looked at, by identity: of a rule that does not
        apply, the last of them is the one that does not match.
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
    """One way in which a condition failed.

    :param goal: the innermost condition that did.
    :param subgoal: the rule call that it is.
    :param held: what holds although it must not, for a ``not``.
    :param missing: the goal that looks for a key that a dictionary does not have.
    :param waiting: the condition that was put off until now.
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

    :param passed: how many conditions held where it got furthest; -1 before any failed.
    :param failures: how the next one failed, for some of the values that were tried.
    :param count: for how many.
    :param broke: whether an error ended the evaluation in that condition.
    """

    clause: Clause
    subgoal: Subgoal
    frame: RecordedFrame
    passed: int = -1
    failures: list[Failure] = dataclasses.field(default_factory=list)
    count: int = 0
    broke: bool = False
    #: The call that failed last.
    latest: Subgoal | None = None
    #: The last call of each goal, by the identity of the goal.
    asked: dict[int, Subgoal] = dataclasses.field(default_factory=dict)

    def snapshot(self) -> Snapshot:
        """Keep the values that it has now."""
        return Snapshot([follow(value) for value in self.frame], dict(self.frame.results))


class RecordedFrame(list[t.Any]):
    """The frame of a rule that is kept account of."""

    def __init__(self, clause: Clause, subgoal: Subgoal) -> None:
        super().__init__([None] * clause.size)
        self.attempt = Attempt(clause, subgoal, self)
        self.results: dict[int, t.Any] = {}


class Path:
    """The rules that led to a solution, and which alternatives were taken.

    :param entries: what was begun and not gone back on: rules, and alternatives of ``or``.
    """

    def __init__(self, entries: Sequence[Attempt | Step]) -> None:
        self._attempts: dict[tuple[int, int], tuple[Attempt, Snapshot]] = {}
        self._alternatives: dict[tuple[int, int], Term] = {}
        self.first: tuple[Attempt, Snapshot] | None = None
        for entry in entries:
            if isinstance(entry, Step):
                around = t.cast(Step, entry.parent).goal
                self._alternatives[id(entry.frame), id(around)] = entry.goal
                continue
            pair = entry, entry.snapshot()
            self.first = self.first or pair
            around_it = entry.subgoal.around
            key = id(around_it), id(entry.subgoal.step.goal)
            self._attempts[key] = pair

    def rule_for(self, attempt: Attempt, goal: Term) -> tuple[Attempt, Snapshot] | None:
        """Give the rule that answered a condition of a rule."""
        return self._attempts.get((id(attempt), id(goal)))

    def alternative(self, attempt: Attempt, goal: Term) -> Term | None:
        """Give the alternative that was taken of an ``or``."""
        return self._alternatives.get((id(attempt.frame), id(goal)))


class Provenance:
    """What a run leaves behind.

    :param describer: is told which values are not to be shown.
    """

    def __init__(self, describer: Describer) -> None:
        self.describer = describer
        self.root: Subgoal | None = None
        self.solution: Path | None = None
        self.attempts = 0


class ProvenanceSolver(Solver):
    """One run of one query that keeps account.

    It prints nothing and stops nowhere, whatever the policy says: a question that is asked
    again for the sake of an explanation was answered before.

    :param record: where it keeps account.
    """

    def __init__(self, program: KnowledgeBase, limits: Limits | None, record: Provenance) -> None:
        super().__init__(program, limits)
        self._record = record
        self._path: list[Attempt | Step] = []
        self._subgoals: dict[Step, Subgoal] = {}
        self._held: Path | None = None
        self._filtered: Subgoal | None = None

    # -- what is asked ------------------------------------------------------------------

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        by_arity = self._program.clauses(call.name)
        around = step.frame.attempt if isinstance(step.frame, RecordedFrame) else None
        if by_arity is not None and (around is not None or self._record.root is None):
            args = tuple(follow(self._operand(arg, frame)) for arg in call.args)
            subgoal = Subgoal(call, args, step, around, by_arity.get(len(args)))
            self._subgoals[step] = subgoal
            if around is None:
                self._record.root = subgoal
            else:
                around.asked[id(step.goal)] = subgoal
        return super()._solve_call(call, frame, step)

    def _branch_over(self, handler: Handler, payloads: list[t.Any], step: Step) -> bool:
        subgoal = self._subgoals.get(step)
        if subgoal is not None and handler == self._call_clause:
            subgoal.applicable = [clause for clause, _ in payloads]
        return super()._branch_over(handler, payloads, step)

    def _call_clause(self, payload: tuple[Clause, tuple[t.Any, ...]], step: Step) -> bool:
        clause, args = payload
        subgoal = self._subgoals.get(step)
        if subgoal is None or self._record.attempts >= MAX_ATTEMPTS:
            if subgoal is not None:
                subgoal.is_cut_short = True
            return super()._call_clause(payload, step)
        self._record.attempts += 1
        frame = RecordedFrame(clause, subgoal)
        subgoal.attempts.append(frame.attempt)
        self._path.append(frame.attempt)
        return self._enter((clause, args, frame, 0, True), step)

    def _filter(self, state: t.Any, step: Step) -> bool:
        self._filtered = self._subgoals.get(step)
        return super()._filter(state, step)

    def _matches_at_a_glance(
        self, parameter: Parameter, arg: t.Any, seen: set[t.Any]
    ) -> bool | None:
        verdict = super()._matches_at_a_glance(parameter, arg, seen)
        if verdict is False and self._filtered is not None:
            self._filtered.reached.add(id(parameter))
        return verdict

    def _match_parameter(self, parameter: Parameter, arg: t.Any, frame: Frame, step: Step) -> bool:
        subgoal = self._subgoals.get(step)
        if subgoal is not None:
            subgoal.reached.add(id(parameter))
        return super()._match_parameter(parameter, arg, frame, step)

    def _solve_goal(self, payload: tuple[Term, Frame], around: Step) -> bool:
        goal, frame = payload
        if _is_or(around.goal) and isinstance(frame, RecordedFrame):
            self._path.append(Step(goal, frame, around, None, 0))
        return super()._solve_goal(payload, around)

    # -- what is seen -------------------------------------------------------------------

    def _get_attribute(self, value: Term, name: str, goal: Expression) -> Term:
        return self._seen(name, super()._get_attribute(value, name, goal), goal, value)

    def _call_method(self, value: Term, call: Call, goal: Expression) -> Term:
        self._record.describer.hide_named(value)
        return self._seen(call.name, super()._call_method(value, call, goal), goal, value)

    def _field(self, value: t.Any, name: str, span: Span | None) -> t.Any:
        found = super()._field(value, name, span)
        if found is not None and self._record.describer.redaction.hides(name):
            self._record.describer.hide(found)
        return found

    def _lookup(self, value: t.Any, key: t.Any, result: t.Any, goal: Expression) -> bool:
        if type(value) is Dictionary and type(key) is Value and type(key.value) is str:
            found = value.get(key.value)
            if found is not None:
                self._seen(key.value, found, goal, value)
        return super()._lookup(value, key, result, goal)

    def _seen(self, name: str, found: Term, goal: Expression, owner: Term) -> Term:
        describer = self._record.describer
        # What is made of a hidden value is hidden, too: a part of it, say.
        if describer.redaction.hides(name) or describer.is_hidden(owner):
            describer.hide(found)
        if isinstance(self._step.frame, RecordedFrame):
            self._step.frame.results[id(goal)] = found
        return found

    # -- what becomes of it -------------------------------------------------------------

    def _choose(self, resume: Callable[[Choice], bool], state: t.Any, step: Step) -> Choice:
        return super()._choose(_Return(self._path, resume), state, step)

    def _negation_solved(self, barrier: Choice, step: Step) -> bool:
        if isinstance(step.frame, RecordedFrame):
            self._held = Path(self._path[t.cast(_Return, barrier.resume).length :])
        return super()._negation_solved(barrier, step)

    def _backtrack(self) -> bool:
        self._note_failure()
        self._held = None
        return super()._backtrack()

    def _advance(self) -> bool:
        try:
            return super()._advance()
        except Exception:
            # Whatever it is, it goes on.
            self._note_error()
            raise

    def _solution(self) -> dict[str, t.Any]:
        solution = super()._solution()
        self._record.solution = Path(self._path)
        return solution

    def _solve_print(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return True

    def _solve_debug(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return True

    # -- the account --------------------------------------------------------------------

    def _note_failure(self) -> None:
        """Note that the goal at hand failed, in its rule, and in the rules that asked for it.

        Only the first failure of a rule fails the condition that asked for it: there it is
        one way in which this condition failed, whatever the rule tries besides.
        """
        failed: Step | None = self._step
        waiting: Span | None = None
        held = self._held
        while failed is not None and failed.goal is not None:
            if not isinstance(failed.frame, RecordedFrame):
                if failed.frame is NO_FRAME:
                    # A condition that was put off until its variables have values.
                    waiting = waiting or getattr(failed.goal, "span", None)
                failed = failed.parent
                continue
            attempt = failed.frame.attempt
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

    def _note_error(self) -> None:
        """Note in which condition of which rules the run ends."""
        step: Step | None = self._step
        while step is not None:
            if isinstance(step.frame, RecordedFrame):
                attempt = step.frame.attempt
                at, goal = _index(step, attempt.clause)
                subgoal = attempt.asked.get(id(step.goal))
                attempt.passed, attempt.broke = max(at, 0), True
                attempt.failures = [Failure(goal or step.goal, attempt.snapshot(), subgoal)]
                attempt.count = 1
                step = attempt.subgoal.step
            else:
                step = step.parent


class _Return:
    """Goes back to a choice, which takes with it what was tried since.

    :param path: what is being tried.
    """

    __slots__ = ("_path", "_resume", "length")

    def __init__(self, path: list[Attempt | Step], resume: Callable[[Choice], bool]) -> None:
        self._path = path
        self._resume = resume
        self.length = len(path)

    def __call__(self, choice: Choice) -> bool:
        del self._path[self.length :]
        return self._resume(choice)


def _is_news(attempt: Attempt, passed: int, failed: Step) -> bool:
    """Count a failure in a rule; tell whether it is one to keep."""
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
    """Give the number of the condition in which a goal failed, and the innermost condition.

    ``None`` under a ``not``, where to fail is all right, and outside of the conditions.
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
    """Give the number of the condition in which a goal is, and that condition."""
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


def _is_or(goal: t.Any) -> bool:
    return isinstance(goal, Expression) and goal.operator is Operator.OR


def _is_missing(goal: t.Any, snapshot: Snapshot) -> bool:
    is_lookup = isinstance(goal, Expression) and goal.operator is Operator.DOT
    return is_lookup and id(goal) not in snapshot.results
