"""The search of a partial evaluation: goals, alternatives and variables.

Goals are a linked list of ``(handler, payload, rest)``. A handler returns whether it succeeded,
the ``SearchOutcome`` of a test of rows, or ``Branches``; it may push further goals. The search
combines them into one outcome.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..exceptions import (
    OsoError,
    PolarRuntimeError,
    StackOverflowError,
    UnsupportedError,
    error_at,
    with_help,
)
from ..host import sandbox
from ..host.conversion import follow, to_python
from ..limits import Limits, WorkClock
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    Operator,
    Origin,
    Slot,
    Term,
    Unknown,
    Value,
    is_ground,
    parts,
    with_parts,
)
from ..policy.policy import calls_in
from ..solver.backtrace import Step
from ..solver.clauses import Clause, Template, operand
from ..solver.machine import KnowledgeBase
from ..solver.solver import Solver
from ..solver.unification import Trail
from ..sources import Span
from ..traversal import conjuncts_in, fold, walk
from .algebra.ir import (
    FALSE,
    TRUE,
    Column,
    Entry,
    KnownRow,
    MemberPart,
    RowPath,
    RowValue,
    ToMany,
    is_of_object,
)
from .algebra.outcomes import (
    FAILURE,
    SUCCESS,
    SearchOutcome,
    and_then,
    first_of,
    for_some_row,
    in_any_order,
)
from .algebra.refusals import NotTranslatable
from .algebra.schema import Field, Model, Schema, ValueKind
from .database_semantics import field_of
from .host_questions import (
    FILLABLE,
    LISTED,
    Answer,
    GivenValue,
    Journal,
    Recorder,
    Replay,
    given_row,
)
from .symbolic_terms import (
    Given,
    SymbolicRow,
    SymbolicValue,
    has_unknown_rows,
    is_known_row,
    is_of_host,
    open_parts,
)

#: The most goals of one question, and the deepest nesting of searches.
MAX_RESIDUAL_GOALS = 100_000
MAX_SEARCH_DEPTH = 60


class ClauseFrame(list[t.Any]):
    """The variables of a clause in one call."""

    def __init__(self, clause: Clause) -> None:
        super().__init__([None] * clause.size)
        self.clause = clause


GoalHandler = Callable[[t.Any], t.Any]


@dataclass
class Branches:
    """Alternatives; each is searched together with the goals that follow.

    :param row: the row of a to-many relation that the only alternative is about, if there is one.
    :param is_ordered: whether the alternatives have the same order for each row.
    """

    alternatives: Iterable[Callable[[], t.Any]]
    row: ToMany | None = None
    is_ordered: bool = True


class TooDeepError(UnsupportedError):
    """Rules call each other too deeply for a condition on rows."""


class SearchTimeoutError(PolarRuntimeError):
    """A search took longer than its limit: the next one may find the machine less busy."""


class HostError(Exception):
    """Python raised while known objects were asked; a check that gets there raises, too."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


#: Errors that end the evaluation of a list, whatever other rules there are.
_OF_LISTS = (UnsupportedError, StackOverflowError, RecursionError, MemoryError)

#: The result of a handler: whether it succeeded, for which rows it does, or alternatives.
GoalResult = bool | SearchOutcome | Branches


class RuleAnalysis:
    """Facts about the clauses of a policy that do not depend on a question."""

    def __init__(self, program: KnowledgeBase) -> None:
        self._program = program
        self._recursive: dict[str, bool] = {}
        self._cutting: dict[str, bool] = {}
        self._passed_on: dict[tuple[str, int], frozenset[int]] = {}
        self._counts: dict[int, tuple[t.Any, dict[int, int]]] = {}
        self._parts: dict[tuple[int, int, int], tuple[Expression, Expression]] = {}

    def flat(self, goal: Expression) -> Expression:
        """Return a conjunction without conjunctions in it."""
        goals = list(conjuncts_in(goal))
        if len(goals) == len(goal.args):
            return goal
        known = self._parts.get((id(goal), 0, 0))
        if known is None:
            part = Expression(goal.operator, tuple(goals), span=goal.span)
            known = self._parts[id(goal), 0, 0] = goal, part
        return known[1]

    def part(self, goal: Expression, at: int, end: int) -> Expression:
        """Return some of the goals of a conjunction, as one that is made once."""
        # INVARIANT: an entry keeps its goal alive, so that no other gets the same identity.
        known = self._parts.get((id(goal), at, end))
        if known is None:
            part = Expression(goal.operator, goal.args[at:end], span=goal.span)
            known = self._parts[id(goal), at, end] = goal, part
        return known[1]

    def is_recursive(self, name: str) -> bool:
        """Tell whether a rule may call itself, directly or through others."""
        known = self._recursive.get(name)
        if known is None:
            known = self._recursive[name] = name in self._reached(name)
        return known

    def passed_on(self, name: str, arity: int) -> frozenset[int]:
        """Return the places of arguments that a rule passes on as they are where it calls itself.

        None, if it calls itself by way of other rules alone.
        """
        known = self._passed_on.get((name, arity))
        if known is None:
            known = self._passed_on[name, arity] = self._find_passed_on(name, arity)
        return known

    def _find_passed_on(self, name: str, arity: int) -> frozenset[int]:
        clauses = (self._program.clauses(name) or {}).get(arity, ())
        kept = [
            {n for n, arg in enumerate(call.args) if arg == clause.rule.parameters[n].term}
            for clause in clauses
            for call in calls_in(clause.rule.body)
            if call.name == name and len(call.args) == arity
        ]
        return frozenset(set.intersection(*kept)) if kept else frozenset()

    def may_cut(self, name: str) -> bool:
        """Tell whether a call of a rule may come to a cut."""
        known = self._cutting.get(name)
        if known is None:
            names = {name, *self._reached(name)}
            clauses = (each for one in names for each in self._clauses_of(one))
            known = self._cutting[name] = any(_has_cut(each.body) for each in clauses)
        return known

    def _clauses_of(self, name: str) -> Iterator[Clause]:
        for each in (self._program.clauses(name) or {}).values():
            yield from each

    def _reached(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for called in self._called(waiting.pop()):
                if called not in found:
                    found.add(called)
                    waiting.append(called)
        return found

    def _called(self, name: str) -> set[str]:
        clauses = self._program.clauses(name) or {}
        rules = [clause.rule for each in clauses.values() for clause in each]
        return {call.name for rule in rules for call in calls_in(rule.body)}

    def counts(self, term: t.Any) -> dict[int, int]:
        """Count how often each variable occurs in a term of a clause."""
        known = self._counts.get(id(term))
        if known is None:
            counts: dict[int, int] = {}
            for part in walk([term], _within):
                if isinstance(part, Slot):
                    counts[part.index] = counts.get(part.index, 0) + 1
            # The term is kept, so that no other gets its id.
            known = self._counts[id(term)] = (term, counts)
        return known[1]

    def clause_counts(self, clause: Clause) -> dict[int, int]:
        """Count how often each variable occurs in a whole clause."""
        total = dict(self.counts(clause.body))
        for parameter in clause.parameters:
            for term in (parameter.term, parameter.specializer):
                for index, count in self.counts(term).items():
                    total[index] = total.get(index, 0) + count
        return total


def _has_cut(body: t.Any) -> bool:
    return any(
        isinstance(each, Expression) and each.operator is Operator.CUT
        for each in walk([body], _within)
    )


def _within(term: t.Any) -> Sequence[t.Any]:
    if type(term) is Template:
        return (term.term,)
    return () if term is None or is_ground(term) else parts(term)


class HostSolver(Solver):
    """Reads Python objects for a question that also has unknown rows."""

    def attribute(self, value: Term, key: Term, goal: Expression) -> Term:
        """Read an attribute."""
        self.stand_at(Step(goal, [], None, None, 0))
        return self.operators.get_attribute(value, self.operators.key_name(key, goal), goal)

    def called(self, value: Term, call: Term, goal: Expression) -> Term:
        """Call a method."""
        self.stand_at(Step(goal, [], None, None, 0))
        made = Unknown("value")
        self.operators.lookup(value, call, made, goal)
        self.machine.check_clock()
        result: Term = follow(made)
        if not is_ground(result):
            raise OsoError("A method leaves a variable unbound.")
        return result

    def pattern_field(self, value: Term, name: str, span: Span | None) -> t.Any:
        """Read a field that a pattern names; ``None`` if there is none."""
        self.stand_at(None)
        return self.matcher.field(value, name, span)


class Search:
    """The goals, the variables and the outcome of one question with an unknown row.

    :param program: the policy.
    :param models: the schema of the classes.
    :param analysis: facts about the clauses, kept for the next question.
    :param limits: the limits of the question.
    :param follows: whether to-many relations of known objects become part of the condition,
        instead of being read.
    :param recorder: asks objects, where the outcome must not depend on their state.
    """

    def __init__(
        self,
        program: KnowledgeBase,
        models: Schema,
        analysis: RuleAnalysis,
        limits: Limits | None = None,
        *,
        follows: bool = False,
        recorder: Recorder | None = None,
    ) -> None:
        self.program = program
        self.host = program.host
        self.schema = models
        self.analysis = analysis
        self.limits = Limits() if limits is None else limits
        self.goals: t.Any = None
        self.goal: t.Any = None
        self._trail = Trail()
        self._number = 0
        self._depth = 0
        self._steps = 0
        self.needs_all = False
        #: Unbound variables that were passed on, or made equal to others: none may be assigned to.
        self.aliased: set[Unknown] = set()
        self.follows = follows
        self.recorder = recorder
        self.errors: list[Exception] = []
        #: The current time, where it was asked for.
        self._moments: dict[tuple[t.Any, str] | None, Given] = {}
        self._clock = WorkClock()

    # -- searching ------------------------------------------------------------------------

    def run(self, goals: t.Any, needs_all: bool) -> SearchOutcome:
        """Solve goals and return their outcome.

        :param needs_all: whether an error after a certain success matters.
        """
        self._depth += 1
        if self._depth > MAX_SEARCH_DEPTH:
            raise self.too_deep()
        tests: list[SearchOutcome] = []
        self.goals = goals
        outcome = SUCCESS
        while self.goals is not None:
            handler, payload, self.goals = self.goals
            self._count()
            self.needs_all = needs_all
            result = self._handled(handler, payload)
            if isinstance(result, Branches):
                outcome = self._try_all(result, self.goals, needs_all)
                break
            if isinstance(result, SearchOutcome):
                tests.append(result)
                if result.holds != FALSE:
                    continue
                result = False
            if not result:
                outcome = FAILURE
                break
        self._depth -= 1
        for test in reversed(tests):
            outcome = and_then(test, outcome)
        self._check_clock()
        return outcome

    def _handled(self, handler: GoalHandler, payload: t.Any) -> GoalResult:
        try:
            return t.cast(GoalResult, handler(payload))
        except NotTranslatable as reason:
            raise self.refusal(reason.fact, reason.remedy) from None
        except HostError as raised:
            return self.failed(raised.error)
        except _OF_LISTS:
            raise
        except OsoError as error:
            # An error of the policy. A timeout is found again by the next look at the clock.
            return self.failed(error)

    def failed(self, error: Exception) -> SearchOutcome:
        """Return the outcome for an error that a check raises here for each row."""
        self.errors.append(error)
        return SearchOutcome(FALSE, TRUE)

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Turn what Python objects raise into a ``HostError``, an error of some rows.

        INVARIANT: an error here allows no row, and if every row raises it, the list raises it.
        """
        try:
            with self._clock.waiting():
                yield
        except _OF_LISTS:
            raise
        except Exception as error:
            if self.recorder is not None:
                raise self.refusal("an object raises", "Ask it alone.") from error
            if self.schema.is_unread(error):
                # It says nothing of the rows: a list that leaves them out would look whole.
                raise
            raise HostError(error) from error

    def _try_all(self, branches: Branches, rest: t.Any, needs_all: bool) -> SearchOutcome:
        outcomes: list[SearchOutcome] = []
        for alternative in branches.alternatives:
            mark = self._trail.mark()
            found = self.run((_apply, alternative, rest), needs_all)
            self._trail.undo(mark)
            outcomes.append(found if branches.row is None else for_some_row(branches.row, found))
            if found.holds == TRUE and branches.is_ordered and not needs_all:
                break
        return first_of(outcomes) if branches.is_ordered else in_any_order(outcomes)

    def alone(self, handler: GoalHandler, payload: t.Any) -> SearchOutcome:
        """Search a goal that binds no variable of the goals that follow."""
        rest = self.goals
        mark = self._trail.mark()
        outcome = self.run((handler, payload, None), True)
        self._trail.undo(mark)
        self.goals = rest
        return outcome

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MAX_RESIDUAL_GOALS:
            raise self.too_deep()
        self._check_clock()

    def _check_clock(self) -> None:
        # A goal may make conditions that take long to simplify.
        timeout = self.limits.timeout
        used = 0.0 if timeout is None else self._clock.used()
        if timeout is not None and used > timeout:
            raise SearchTimeoutError(
                f"Query timeout: Query running for {used * 1000:.0f}ms, which exceeds the timeout"
                f" of {timeout * 1000:.0f}ms. To disable timeouts, set the POLAR_TIMEOUT_MS"
                " environment variable to 0."
            )

    def too_deep(self) -> TooDeepError:
        """Return the error for rules that call each other too deeply."""
        return error_at(
            TooDeepError,
            "The rules call each other too deep for a condition on rows. Have each round of a"
            " recursion follow a relation of one class, with the same other arguments",
            self.span(),
        )

    def fresh_number(self) -> int:
        """Return a number that no row of this search has yet."""
        self._number += 1
        return self._number

    def push(self, handler: GoalHandler, payload: t.Any) -> None:
        """Put a goal in front of the others."""
        self.goals = (handler, payload, self.goals)

    def noting(self) -> contextlib.AbstractContextManager[Journal]:
        """Note what the outcome of a part of the search depends on; ``depend_on`` uses it."""
        recorder = self.recorder
        return contextlib.nullcontext(Journal()) if recorder is None else recorder.noting()

    def depend_on(self, journal: Journal) -> None:
        """Note that an outcome is used that depends on what a journal says."""
        if self.recorder is not None:
            self.recorder.depend_on(journal)

    # -- variables ------------------------------------------------------------------------

    def _fresh(self, name: str, origin: Origin) -> Unknown:
        return Unknown(name, origin=origin)

    def operand(self, term: t.Any, frame: t.Any) -> t.Any:
        """Return the value of a term of a clause, or the unbound variable."""
        return follow(operand(term, frame, self._fresh)) if frame is not None else follow(term)

    def bind(self, unknown: Unknown, value: t.Any) -> None:
        """Bind a variable; the goals that waited for it come next."""
        waiting = unknown.constraints
        self._trail.assign(unknown, value, ())
        if type(value) is Unknown:
            self.aliased.add(value)
            self._trail.assign(value, None, (*value.constraints, *waiting))
            return
        for handler, payload in reversed(waiting):
            self.push(handler, payload)

    def defer(self, unknown: Unknown, handler: GoalHandler, payload: t.Any) -> bool:
        """Suspend a goal until a variable has a value."""
        self._trail.assign(unknown, None, (*unknown.constraints, (handler, payload)))
        # A goal that still waits at the end of the search is refused.
        self.goals = _before_end(self.goals, (self._check_decided, unknown, None))
        return True

    def _check_decided(self, unknown: Unknown) -> bool:
        end = follow(unknown)
        if type(end) is Unknown and end.constraints:
            raise self.refusal(
                f"nothing says what '{unknown.name}' is", "Bind it before it is used."
            )
        return True

    def is_closed(self, term: t.Any) -> bool:
        """Tell whether a term has no unbound variable."""
        return not any(type(each) is Unknown for each in walk([follow(term)], open_parts))

    def binds_nothing(self, goal: Term, frame: ClauseFrame) -> bool:
        """Tell whether a goal has no unbound variable that occurs elsewhere."""
        total: dict[int, int] | None = None
        for index, count in self.analysis.counts(goal).items():
            value = frame[index]
            if value is not None and self.is_closed(value):
                continue
            if total is None:
                total = self.analysis.clause_counts(frame.clause)
            if total[index] != count:
                return False
        return True

    # -- what is known --------------------------------------------------------------------

    def model(self, cls: type) -> Model:
        """Return the model of a class; refuse a class without one."""
        model = self.schema.model(cls)
        if model is None:
            raise self.refusal(
                f"'{cls.__name__}' is not known as a class of rows",
                "Register it with 'register_models'.",
            )
        return model

    def classes_of(self, row: RowPath) -> tuple[type, ...]:
        """Return the classes that a row may have; that of an object is known."""
        model = self.model(row.cls)
        return (row.cls,) if isinstance(row, KnownRow) else model.classes

    def is_known(self, term: t.Any) -> bool:
        """Tell whether a term does not depend on an unknown row."""
        return not has_unknown_rows(term) or is_of_host(term)

    def is_of_objects(self, *terms: t.Any) -> bool:
        """Tell whether a template has to ask objects about terms."""
        return self.recorder is not None and any(
            has_object(term) or is_of_host(term) or is_known_row(follow(term)) for term in terms
        )

    def _host_solver(self) -> HostSolver:
        return HostSolver(self.program, self.limits)

    def equal(self, left: Term, right: Term) -> bool:
        """Tell whether two known terms are equal."""

        def compare(_: Replay | None, terms: tuple[t.Any, ...]) -> Answer:
            return Answer(self._host_solver().equal(*terms))

        with self.asking():
            if self.recorder is None or not self.is_of_objects(left, right):
                return t.cast(bool, compare(None, (left, right)).way)
            return t.cast(bool, self.recorder.ask((left, right), compare)[0])

    def attribute(self, value: t.Any, key: Term, goal: Expression) -> t.Any:
        """Read an attribute of an object; ``None`` for an entry that a dictionary has not."""

        def read(_: Replay | None, terms: tuple[t.Any, ...]) -> Answer:
            owner = terms[0]
            if type(owner) is Dictionary and type(key) is Value:
                # It is no error, and the search goes on without it.
                found = owner.get(str(key.value), goal.span)
                return Answer(found is not None, () if found is None else (found,))
            return Answer(None, (self._host_solver().attribute(owner, key, goal),))

        with self.asking():
            if self.recorder is None or _is_member(value, key):
                return read(None, (value,)).values[0]
            values = self.recorder.ask((value,), read)[1]
            return self.given(values[0]) if values else None

    def called(self, value: t.Any, call: t.Any, goal: Expression) -> t.Any:
        """Call a method of an object, in a template."""

        def ask(replay: Replay, terms: tuple[t.Any, ...]) -> Answer:
            value, key = terms
            moment = _moment_of(value, key)
            found = replay.moments.get(moment)
            if found is None:
                found = self._host_solver().called(value, key, goal)
            if moment is not None:
                replay.moments[moment] = found
            return Answer(None, (found,))

        known = self.moment(value, call)
        if known is not None:
            return known
        with self.asking():
            asked = t.cast(Recorder, self.recorder).ask((value, call), ask)[1][0]
            self.keep_moment(value, call, asked)
            return self.given(asked)

    def moment(self, value: t.Any, call: t.Any) -> Given | None:
        """Return the current time, or its day, if a method gives it and was asked before."""
        known = self._moments.get(_moment_of(value, call))
        if known is not None:
            t.cast(Recorder, self.recorder).depend_on_value(known)
        return known

    def keep_moment(self, value: t.Any, call: t.Any, asked: Given) -> None:
        """Keep what a method gives, if it is the current time, or its day."""
        moment = _moment_of(value, call)
        if moment is not None and (type(value) is not Given or value in self._moments.values()):
            self._moments[moment] = asked

    def settled(self, term: t.Any, goal: Expression) -> t.Any:
        """Return a term for Python, in a template: with values of objects instead of columns."""
        if self.recorder is None:
            return term

        def look(part: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
            part = follow(part)
            if isinstance(part, SymbolicValue) and is_of_object(part.operand):
                column = t.cast(Column, part.operand)
                key, row = Value(column.name), SymbolicRow(column.row)
                return self.attribute(row, key, goal), ()
            return part, () if type(part) is Unknown else open_parts(part)

        return fold(term, look, with_parts)

    def elements(self, collection: t.Any, goal: Expression) -> list[t.Any]:
        """Read the elements of a collection."""

        def read(_: Replay | None, terms: tuple[t.Any, ...]) -> Answer:
            found = self._read_elements(terms[0], goal)
            return Answer(len(found), found)

        with self.asking():
            if self.recorder is None or not self.is_of_objects(collection):
                return list(read(None, (collection,)).values)
            return [self.given(each) for each in self.recorder.ask((collection,), read)[1]]

    def listed(self, collection: t.Any, goal: Expression) -> Given | list[t.Any]:
        """Read a collection of an object, in a template: as one value if its elements are plain.

        The template then serves collections of any length.
        """

        def read(_: Replay | None, terms: tuple[t.Any, ...]) -> Answer:
            found = self._read_elements(terms[0], goal)
            values = [to_python(each, str) for each in found]
            if all(type(each) in LISTED for each in values):
                return Answer(None, (Instance(values),))
            return Answer(len(found), found)

        recorder = t.cast(Recorder, self.recorder)
        with self.asking():
            way, values = recorder.ask((collection,), read)
            return values[0] if way is None else [self.given(each) for each in values]

    def _read_elements(self, collection: t.Any, goal: Expression) -> list[t.Any]:
        solver = self._host_solver()
        solver.stand_at(Step(goal, [], None, None, 0))
        found = list(solver.operators.elements(collection, goal))
        if self.recorder is not None:
            # Another actor may have other elements: which of them a check reads is not known.
            for each in found:
                solver.machine.check_element(each)
        return found

    def check_element(self, element: t.Any) -> None:
        """Refuse an element of a list that the sandbox does not let through, when it is read."""
        if type(element) is Instance:
            with self.asking():
                sandbox.check_reachable(element.value, self.span())

    def pattern_field(self, value: t.Any, name: str) -> t.Any:
        """Read a field that a pattern names; ``None`` if there is none."""
        span = self.span()

        def read(_: Replay | None, terms: tuple[t.Any, ...]) -> Answer:
            found = self._host_solver().pattern_field(terms[0], name, span)
            return Answer(found is not None, () if found is None else (found,))

        with self.asking():
            if self.recorder is None or not self.is_of_objects(value):
                return next(iter(read(None, (value,)).values), None)
            values = self.recorder.ask((value,), read)[1]
            return self.given(values[0]) if values else None

    def given(self, given: Given) -> t.Any:
        """Return a value as a term: the row of an object that is one.

        INVARIANT: the search depends on which of both it is, and says so for either: else the next
        question of one object would stand in the place of another question of the next object.
        """
        if self.recorder is None:
            return given
        cls = self.recorder.class_of_row(given, self.schema)
        return given if cls is None else SymbolicRow(given_row(cls, given.number))

    def actual(self, term: t.Any) -> t.Any:
        """Return a term for which only its class counts, instead of a value."""
        if type(term) is not Given or self.recorder is None:
            return term
        return self.recorder.known(term)

    def as_column(self, term: t.Any, other: t.Any, *, is_refusable: bool = True) -> t.Any:
        """Return a value of an object as a column, to compare it with another one.

        :param is_refusable: whether a check raises for values of some kinds. A template then is
            for values of the kind of the column alone, whatever its condition still says of it.
        """
        if type(term) is not Given or not isinstance(other, SymbolicValue):
            return term
        if isinstance(other.operand, MemberPart) and self.recorder is not None:
            # Which members have this name, or this value, is told when the statement is made.
            return self.recorder.decided(term)
        field = field_of(other.operand)
        if isinstance(other.operand, Entry) and self.recorder is not None:
            known = self.recorder.known(term)
            is_text = type(known) is Value and type(known.value) is str
            field = Field(ValueKind.TEXT) if is_text else field
        if field.kind not in FILLABLE:
            return term
        row = given_row(GivenValue, term.number)
        # What is known not to be nil, such as the current time, fails for no row.
        is_nullable = self.recorder is None or _is_nil(self.recorder.known(term))
        column = Column(row, "value", replace(field, is_nullable=is_nullable))
        if is_refusable and self.recorder is not None:
            self.recorder.read(column)
        return SymbolicValue(column)

    def of_object(self, term: t.Any, operand: RowValue) -> Column | None:
        """Return the column that stands for a value of an object; ``None`` for another term."""
        found = None if self.recorder is None else self.as_column(term, SymbolicValue(operand))
        is_column = isinstance(found, SymbolicValue) and is_of_object(found.operand)
        return t.cast(Column, t.cast(SymbolicValue, found).operand) if is_column else None

    # -- messages -------------------------------------------------------------------------

    def span(self) -> Span | None:
        """Return the place of the current goal."""
        goal = self.goal
        span = getattr(goal, "span", None)
        if span is None and isinstance(goal, Expression):
            span = next((a.span for a in goal.args if getattr(a, "span", None)), None)
        return span

    def refusal(self, fact: str, remedy: str) -> UnsupportedError:
        """Return the error for a goal that has no condition on rows."""
        span = self.span()
        written = f" `{span.text}`" if span is not None and "\n" not in span.text else ""
        message = f"Not supported for a list of rows{written and f':{written}'}: {fact}"
        return with_help(error_at(UnsupportedError, message, span), f"{remedy}\n" if remedy else "")


def _apply(alternative: Callable[[], GoalResult]) -> GoalResult:
    return alternative()


#: Which methods give the current time, or the day.
_CLOCKS = {datetime.datetime: ("now", "today"), datetime.date: ("today",)}


def _moment_of(value: t.Any, call: t.Any) -> tuple[t.Any, str] | None:
    """Return what tells the current time, or its day, from another one: all rules get one time."""
    if type(call) is not Call or call.args or call.kwargs:
        return None
    if type(value) is Given:
        return (value.number, call.name) if call.name == "date" else None
    clock = value.value if type(value) is Instance else None
    is_clock = any(clock is cls and call.name in names for cls, names in _CLOCKS.items())
    return (clock, call.name) if is_clock else None


def _is_nil(term: t.Any) -> bool:
    return isinstance(term, Instance) and term.value is None


def _is_member(value: t.Any, key: Term) -> bool:
    """Tell whether an attribute is a member of an enumeration, which no program can replace."""
    cls = value.value if type(value) is Instance else None
    name = key.value if type(key) is Value else None
    return type(cls) is enum.EnumMeta and name in cls.__members__


def has_object(goal: t.Any) -> bool:
    """Tell whether a goal contains an object, or makes one."""
    if isinstance(goal, Expression) and goal.operator is Operator.NEW:
        return True
    inner = walk([follow(goal)], _data)
    return any(isinstance(part, Instance) and part.value is not None for part in inner)


def _data(term: t.Any) -> Sequence[t.Any]:
    # Lists and dictionaries of the host are ground, but may contain objects.
    return [follow(part) for part in parts(term)]


def _before_end(goals: t.Any, last: t.Any) -> t.Any:
    """Append a goal after all others."""
    listed = []
    while goals is not None:
        handler, payload, goals = goals
        listed.append((handler, payload))
    for handler, payload in reversed(listed):
        last = (handler, payload, last)
    return last
