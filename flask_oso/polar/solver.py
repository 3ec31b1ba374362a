"""The solver: it defines what a policy means (specification 4).

In goes a prepared query; out come its solutions, one by one and in order. The machine
is a loop over explicit stacks, so Polar's depth never becomes Python's:

``goals``
    what is still to be solved, a linked list of ``(handler, payload, step, rest)``. A
    handler returns whether it succeeded; it may put further goals in front.
``choices``
    where to go on when a goal fails. Each remembers the goals and the length of the
    trail at its time.
The variables, their constraints and the trail that undoes changes are in ``bindings.py``.
A variable that is needed and not bound yet collects ``Constraint`` objects; binding it
puts them in front of the goals again. Errors leave the loop as exceptions: there is no
way from an error to a solution.
"""

from __future__ import annotations

import sys
import time
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from . import numbers, terms
from .bindings import Bindings
from .clauses import (
    Clause,
    Frame,
    Slot,
    Template,
    bound,
    operand,
    prepare_query,
)
from .constraints import (
    Constraint,
    Naming,
    component,
    describe,
    real,
    rebuild,
    without_helpers,
)
from .exceptions import (
    InvalidCallError,
    InvalidIteratorError,
    OsoError,
    PolarRuntimeError,
    PolarTypeError,
    StackOverflowError,
    UnregisteredClassError,
    UnsupportedError,
    error_at,
)
from .host import (
    RESERVED_NAMES,
    Host,
    compare,
    follow,
    iterate,
    list_elements,
    result_to_polar,
    to_python,
)
from .nodes import (
    ARITHMETIC,
    COMPARISONS,
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Parameter,
    Pattern,
    Term,
    Unknown,
    Value,
    Variable,
)
from .printer import to_polar
from .rewriting import rewrite_query
from .sources import Span, located
from .specificity import sort_clauses
from .traces import Step, debug_form, in_run, stack_trace

MAX_GOALS = 10_000
MAX_CHOICES = 10_000
#: How many goals are solved between two looks at the clock.
_CLOCK_INTERVAL = 64

Handler = Callable[[t.Any, Step], bool]
# (handler, payload, step, rest); recursive, so spelled with Any.
Goals = t.Any
TRUE = Value(True)
_NO_FRAME: Frame = []


class Program(t.Protocol):
    """What a run needs to know of a policy."""

    @property
    def host(self) -> Host:
        """The registered names."""

    @property
    def actors(self) -> tuple[str, ...]:
        """The members of the union ``Actor``."""

    @property
    def resources(self) -> tuple[str, ...]:
        """The members of the union ``Resource``."""

    def clauses(self, name: str) -> Mapping[int, list[Clause]] | None:
        """The clauses of a name by number of parameters; ``None`` for an undefined rule."""


@dataclass(slots=True, eq=False)
class _Choice:
    """A place to go back to.

    ``resume`` takes the choice, whose state has been restored, and returns whether there
    was another alternative; it removes the choice once it has none.
    """

    number: int
    trail: int
    goals: Goals
    step: Step
    resume: Callable[[_Choice], bool]
    state: t.Any


@dataclass(slots=True, eq=False)
class _Negation:
    """The state of a ``not`` under way: what each solution of its inside would add."""

    trail: int
    age: int
    consequences: list[list[Expression]]


@dataclass(slots=True, eq=False)
class _Filter:
    """The state of finding the applicable rules of a call."""

    args: tuple[t.Any, ...]
    candidates: list[Clause]
    at: int
    applicable: list[Clause]


class Solver:
    """One run of one query.

    :param program: the policy.
    :param timeout: seconds that the run may take in all, waiting consumers not counted;
        ``None`` for no limit.
    """

    def __init__(self, program: Program, *, timeout: float | None = None) -> None:
        self._program = program
        self._host = program.host
        self._timeout = timeout
        self._used = 0.0
        self._resumed = 0.0
        self._until_clock = _CLOCK_INTERVAL
        self._bindings = Bindings(self._compare_objects)
        self._choice_number = 0
        self._goals: Goals = None
        self._step = Step(None, _NO_FRAME, None, None, 0)
        self._choices: list[_Choice] = []
        #: The variables that the host knows by name: the query's, and those it was handed.
        self._known: dict[str, Unknown] = {}
        self._operators: dict[Operator, Callable[[Expression, Frame, Step], bool]] = {
            Operator.AND: self._solve_and,
            Operator.OR: self._solve_or,
            Operator.NOT: self._solve_not,
            Operator.FORALL: self._solve_forall,
            Operator.UNIFY: self._solve_unify,
            Operator.ASSIGN: self._solve_assign,
            Operator.IN: self._solve_in,
            Operator.ISA: self._solve_isa,
            Operator.DOT: self._solve_dot,
            Operator.NEW: self._solve_new,
            Operator.CUT: self._solve_cut,
            Operator.PRINT: self._solve_print,
            Operator.DEBUG: self._solve_debug,
            **dict.fromkeys(COMPARISONS, self._solve_comparison),
            **dict.fromkeys(ARITHMETIC, self._solve_arithmetic),
        }

    # -- the machine -----------------------------------------------------------------

    def solve(
        self, query: Term, bindings: Mapping[str, Term] | None = None
    ) -> Iterator[dict[str, t.Any]]:
        """Solve a rewritten query; give the bindings of each solution as Python values.

        The value of a variable that is constrained is a ``terms.Expression``, that of one
        that is only known to equal another a ``terms.Variable``.

        :param bindings: values that variables have from the beginning, or constraints on them.
        """
        self._resumed = time.monotonic()
        prepared = prepare_query(query, self._host.constants)
        frame: Frame = [None] * len(prepared.slots)
        for name, index in prepared.slots.items():
            frame[index] = self._know(name)
        self._asked = [*prepared.slots, *(bindings or {})]
        self._push(self._solve_goal, (prepared.goal, frame), self._step)
        if not self._bind_given(bindings or {}):
            return
        while self._advance():
            solution = self._solution()
            self._used += time.monotonic() - self._resumed
            yield solution
            self._resumed = time.monotonic()
            self._goals = (_fail, None, self._step, None)

    def _know(self, name: str) -> Unknown:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = Unknown(name, 0)
        return known

    def _bind_given(self, bindings: Mapping[str, Term]) -> bool:
        # What is given goes in front of the query: constraints hold before it begins.
        for name, value in bindings.items():
            if name in self._host.constants:
                raise PolarRuntimeError(
                    f'Attempted binding was incompatible: Cannot rebind Symbol("{name}")'
                )
            unknown = self._know(name)
            if isinstance(value, Expression):
                seeded = self._with_variables(value, {"_this": unknown})
                self._push(self._solve_rewritten, seeded, self._step)
            elif not self._unify(unknown, self._with_variables(value, {})):
                return False
        return True

    def _push(self, handler: Handler, payload: t.Any, step: Step) -> None:
        self._goals = (handler, payload, step, self._goals)

    def _advance(self) -> bool:
        """Solve goals until none is left; ``False`` if no way leads there."""
        while (goals := self._goals) is not None:
            handler, payload, step, self._goals = goals
            self._step = step
            self._until_clock -= 1
            if not self._until_clock:
                self._check_clock()
            if not handler(payload, step) and not self._backtrack():
                return False
        return True

    def _check_clock(self) -> None:
        self._until_clock = _CLOCK_INTERVAL
        if self._timeout is None:
            return
        used = self._used + time.monotonic() - self._resumed
        if used > self._timeout:
            raise PolarRuntimeError(
                f"Query timeout: Query running for {used * 1000:.0f}ms, which exceeds the timeout"
                f" of {self._timeout * 1000:.0f}ms. To disable timeouts, set the"
                " POLAR_TIMEOUT_MS environment variable to 0."
            )

    def _backtrack(self) -> bool:
        while self._choices:
            choice = self._choices[-1]
            self._bindings.undo(choice.trail)
            self._goals = choice.goals
            self._step = choice.step
            if choice.resume(choice):
                return True
        return False

    def _choose(self, resume: Callable[[_Choice], bool], state: t.Any, step: Step) -> _Choice:
        if len(self._choices) >= MAX_CHOICES:
            raise StackOverflowError("Too many choices.")
        choice = _Choice(
            self._choice_number, self._bindings.mark(), self._goals, step, resume, state
        )
        self._choice_number += 1
        self._choices.append(choice)
        return choice

    def _branch(self, handler: Handler, payloads: Iterable[t.Any], step: Step) -> bool:
        """Try a handler on each of some payloads, which are made one at a time."""
        choice = self._choose(self._next_alternative, (handler, iter(payloads)), step)
        return self._next_alternative(choice)

    def _next_alternative(self, choice: _Choice) -> bool:
        handler, payloads = choice.state
        for payload in payloads:
            self._goals = (handler, payload, choice.step, choice.goals)
            return True
        self._discard(choice.number)
        return False

    def _branch_over(self, handler: Handler, payloads: list[t.Any], step: Step) -> bool:
        """Try a handler on each of some payloads; the last one leaves no choice behind."""
        if len(payloads) > 1:
            self._choose(self._next_of_list, (handler, payloads, 1), step)
        elif not payloads:
            return False
        self._push(handler, payloads[0], step)
        return True

    def _next_of_list(self, choice: _Choice) -> bool:
        handler, payloads, at = choice.state
        if at + 1 == len(payloads):
            self._discard(choice.number)
        else:
            choice.state = (handler, payloads, at + 1)
        self._goals = (handler, payloads[at], choice.step, choice.goals)
        return True

    def _discard(self, number: int) -> None:
        """Discard the choice of this number and all younger ones."""
        choices = self._choices
        while choices and choices[-1].number >= number:
            choices.pop()

    # -- goals -----------------------------------------------------------------------

    def _solve_goal(self, payload: tuple[Term, Frame], around: Step) -> bool:
        goal, frame = payload
        step = Step(goal, frame, around, around.rule, self._choice_number)
        if step.depth > MAX_GOALS:
            raise StackOverflowError(f"Goal stack overflow! MAX_GOALS = {MAX_GOALS}")
        self._step = step
        kind = type(goal)
        if kind is Expression:
            expression = t.cast(Expression, goal)
            return self._operators[expression.operator](expression, frame, step)
        if kind is Call:
            return self._solve_call(t.cast(Call, goal), _NO_FRAME, step)
        if kind is Template and isinstance(inner := t.cast(Template, goal).term, Call):
            return self._solve_call(inner, frame, step)
        return self._solve_condition(goal, frame, step)

    def _solve_rewritten(self, goal: Term, step: Step) -> bool:
        """Solve a goal of the run that may still have lookups inside expressions."""
        prepared = prepare_query(rewrite_query(goal), {})
        self._push(self._solve_goal, (prepared.goal, [None] * len(prepared.slots)), step)
        return True

    def _operand(self, term: Term, frame: Frame) -> t.Any:
        return operand(term, frame, self._bindings.fresh)

    def _solve_condition(self, goal: Term, frame: Frame, step: Step) -> bool:
        value = self._operand(goal, frame)
        if type(value) is Unknown:
            return self._unify(value, TRUE)
        if type(value) is Value and type(value.value) is bool:
            return value.value
        raise self._type_error(
            f"{self._print(value)} isn't something that is true or false so can't be a condition",
            value.span,
        )

    # -- control ---------------------------------------------------------------------

    def _solve_and(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self._next_conjunct((goal.args, 0, frame), step)

    def _next_conjunct(self, payload: tuple[tuple[Term, ...], int, Frame], step: Step) -> bool:
        args, at, frame = payload
        if at == len(args):
            return True
        if at + 1 < len(args):
            self._push(self._next_conjunct, (args, at + 1, frame), step)
        self._push(self._solve_goal, (args[at], frame), step)
        return True

    def _solve_or(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self._branch_over(self._solve_goal, [(arg, frame) for arg in goal.args], step)

    def _solve_cut(self, goal: Expression, frame: Frame, step: Step) -> bool:
        # The cut stands in a node, and commits to what the node around that one chose.
        holder = step.parent
        around = holder.parent if holder is not None else None
        self._discard(around.first_choice if around is not None else 0)
        return True

    def _solve_forall(self, goal: Expression, frame: Frame, step: Step) -> bool:
        """Solve ``forall(c, a)``, which is ``not (c and not a)``."""
        condition, action = goal.args
        negated = Expression(Operator.NOT, (action,), span=action.span)
        both = Expression(Operator.AND, (condition, negated), span=goal.span)
        return self._negate(both, frame, step)

    def _solve_not(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self._negate(goal.args[0], frame, step)

    def _negate(self, goal: Term, frame: Frame, step: Step) -> bool:
        state = _Negation(self._bindings.mark(), self._bindings.age, [])
        barrier = self._choose(self._end_negation, state, step)
        # Choices inside are younger than the barrier. Two steps stand between it and a cut
        # that is the whole negated goal, since a cut looks at the step around its holder.
        wall = Step(None, _NO_FRAME, step, step.rule, barrier.number + 1)
        inside = Step(None, _NO_FRAME, wall, step.rule, barrier.number + 1)
        self._goals = (self._negation_solved, barrier, step, None)
        self._push(self._solve_goal, (goal, frame), inside)
        return True

    def _negation_solved(self, barrier: _Choice, step: Step) -> bool:
        """Note what a solution of the negated goal says about variables outside.

        All solutions are looked for: a later one may be an error, and errors come out.
        """
        barrier.state.consequences.append(self._consequence(barrier.state))
        return False

    def _end_negation(self, barrier: _Choice) -> bool:
        """Go on after the negated goal has no further solution."""
        self._discard(barrier.number)
        if not all(barrier.state.consequences):
            return False
        for consequence in barrier.state.consequences:
            together = Expression(Operator.AND, tuple(consequence))
            inner = consequence[0] if len(consequence) == 1 else together
            self._bindings.record(Expression(Operator.NOT, (inner,)))
        return True

    def _consequence(self, state: _Negation) -> list[Expression]:
        """Give what has been learnt of variables that were aliased or constrained before."""
        outside: dict[int, Unknown] = {}
        for unknown, value, constraints in self._bindings.changes(state.trail):
            is_known = any(constraint.age <= state.age for constraint in constraints)
            if value is None and is_known:
                outside.setdefault(id(unknown), unknown)
        found: list[Constraint] = []
        for unknown in outside.values():
            if unknown.value is not None:
                pair = (t.cast(Term, _Detached(unknown)), t.cast(Term, unknown.value))
                found.append(Constraint(Expression(Operator.UNIFY, pair), self._bindings.age))
        later = component(outside.values())
        found.extend(c for c in real(later) if c.age > state.age)
        # Aliases made inside are undone, so they must not stand for what they are aliases of.
        consequences = without_helpers(found, lambda helper: id(helper) not in outside, follow)
        return [t.cast(Expression, _attach(expression)) for expression in consequences]

    # -- rules -----------------------------------------------------------------------

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        by_arity = self._program.clauses(call.name)
        if by_arity is None:
            raise PolarRuntimeError(f"Query for undefined rule `{call.name}`")
        candidates = by_arity.get(len(call.args))
        if not candidates:
            return False
        args = tuple(self._operand(arg, frame) for arg in call.args)
        return self._filter(_Filter(args, candidates, 0, []), step)

    def _filter(self, state: _Filter, step: Step) -> bool:
        """Find the applicable clauses, then try them in order of specificity.

        A clause that needs a search of its own is tried behind a choice, which undoes it.
        """
        applicable = state.applicable
        for at in range(state.at, len(state.candidates)):
            clause = state.candidates[at]
            verdict = self._is_applicable(clause, state.args)
            if verdict is None:
                after = _Filter(state.args, state.candidates, at + 1, applicable)
                choice = self._choose(self._not_applicable, after, step)
                self._goals = (self._applicable, (choice, clause), step, None)
                return self._enter((clause, state.args, [None] * clause.size, 0, False), step)
            if verdict:
                applicable = [*applicable, clause]
        if len(applicable) > 1:
            applicable = sort_clauses(applicable, [follow(arg) for arg in state.args], self._host)
        return self._branch_over(
            self._call_clause, [(clause, state.args) for clause in applicable], step
        )

    def _not_applicable(self, choice: _Choice) -> bool:
        self._discard(choice.number)
        return self._filter(choice.state, choice.step)

    def _applicable(self, payload: tuple[_Choice, Clause], step: Step) -> bool:
        choice, clause = payload
        self._bindings.undo(choice.trail)
        self._discard(choice.number)
        self._goals = choice.goals
        after: _Filter = choice.state
        after = _Filter(after.args, after.candidates, after.at, [*after.applicable, clause])
        return self._filter(after, step)

    def _is_applicable(self, clause: Clause, args: tuple[t.Any, ...]) -> bool | None:
        """Tell at a glance whether a clause applies; ``None`` if that takes a search."""
        undecided = False
        seen: set[t.Any] = set()
        for parameter, arg in zip(clause.parameters, args, strict=True):
            verdict = self._matches_at_a_glance(parameter, arg, seen)
            if verdict is False:
                # What stands before may have host calls to make, or errors to raise.
                return None if undecided else False
            undecided = undecided or verdict is None
        return None if undecided else True

    def _matches_at_a_glance(
        self, parameter: Parameter, arg: t.Any, seen: set[t.Any]
    ) -> bool | None:
        term, specializer = parameter.term, parameter.specializer
        arg = follow(arg)
        if type(arg) is Unknown:
            # One argument twice, or one with constraints, may clash.
            if arg in seen or real(arg.constraints):
                return None
            seen.add(arg)
        if type(term) is Slot:
            if term.index in seen:
                return None
            seen.add(term.index)
            if specializer is None:
                return True
            return self._isa_at_a_glance(arg, specializer)
        if type(term) is Value and specializer is None:
            if type(arg) is Value:
                return numbers.equal(term.value, arg.value)
            return True if type(arg) is Unknown else None
        return None

    def _isa_at_a_glance(self, value: t.Any, specializer: Term) -> bool | None:
        if type(value) is not Instance and type(value) is not Value:
            return None
        if type(specializer) is Value and type(value) is Value:
            return numbers.equal(specializer.value, value.value)
        if type(specializer) is not Pattern or specializer.fields or specializer.tag is None:
            return None
        return self._is_instance(value, specializer)

    def _call_clause(self, payload: tuple[Clause, tuple[t.Any, ...]], step: Step) -> bool:
        clause, args = payload
        return self._enter((clause, args, [None] * clause.size, 0, True), step)

    def _enter(
        self, payload: tuple[Clause, tuple[t.Any, ...], Frame, int, bool], step: Step
    ) -> bool:
        """Match arguments with parameters from one on, then go on with the body."""
        clause, args, frame, at, with_body = payload
        for i in range(at, len(args)):
            rest = self._goals
            if not self._match_parameter(clause.parameters[i], args[i], frame, step):
                return False
            if self._goals is not rest:
                # There is more to do for this parameter; the others come after that.
                return self._enter_later(rest, (clause, args, frame, i + 1, with_body), step)
        if with_body and clause.body is not None:
            self._push(self._solve_body, (clause.body, frame, clause.rule.name), step)
        return True

    def _enter_later(self, rest: Goals, payload: t.Any, step: Step) -> bool:
        pending: list[tuple[t.Any, t.Any, Step]] = []
        goals = self._goals
        while goals is not rest:
            handler, state, goal_step, goals = goals
            pending.append((handler, state, goal_step))
        self._goals = (self._enter, payload, step, rest)
        for handler, state, goal_step in reversed(pending):
            self._push(handler, state, goal_step)
        return True

    def _solve_body(self, payload: tuple[Term, Frame, str], call: Step) -> bool:
        body, frame, rule = payload
        step = Step(body, frame, call, rule, self._choice_number)
        if step.depth > MAX_GOALS:
            raise StackOverflowError(f"Goal stack overflow! MAX_GOALS = {MAX_GOALS}")
        if isinstance(body, Expression) and body.operator is Operator.AND:
            return self._next_conjunct((body.args, 0, frame), step)
        self._push(self._solve_goal, (body, frame), step)
        return True

    def _match_parameter(self, parameter: Parameter, arg: t.Any, frame: Frame, step: Step) -> bool:
        term = parameter.term
        if type(term) is Slot and frame[term.index] is None:
            end = follow(arg)
            if type(end) is Unknown:
                fresh = frame[term.index] = self._bindings.fresh(term.name)
                self._bindings.alias(fresh, arg)
                self._wake()
            else:
                frame[term.index] = end
        elif not self._unify(self._operand(term, frame), arg):
            return False
        if parameter.specializer is None:
            return True
        return self._isa(arg, self._operand(parameter.specializer, frame), parameter, step)

    # -- unification -----------------------------------------------------------------

    def _solve_unify(self, goal: Expression, frame: Frame, step: Step) -> bool:
        left = self._operand(goal.args[0], frame)
        right = goal.args[1]
        if type(right) is Expression:
            # A lookup recorded as a constraint: the result first, then where it comes from.
            return self._lookup(
                self._operand(right.args[0], frame), self._operand(right.args[1], frame), left, goal
            )
        if type(left) is Expression:
            # A field of a pattern: where it comes from, then what it must be.
            return self._match_later_field(left, self._operand(right, frame), step)
        return self._unify(left, self._operand(right, frame))

    def _unify(self, left: t.Any, right: t.Any) -> bool:
        """Unify two terms; constraints that this concerns go in front of the goals."""
        unified = self._bindings.unify(left, right)
        self._wake()
        return unified

    def _wake(self) -> None:
        for constraint in reversed(self._bindings.take_woken()):
            self._push(self._recheck, constraint, self._step)

    def _recheck(self, constraint: Constraint, step: Step) -> bool:
        """Evaluate a constraint again; it is recorded anew if a variable is still missing."""
        self._bindings.forget(constraint)
        expression = constraint.expression
        if any(_has_lookup(arg) for arg in expression.args) and not _is_recorded_lookup(expression):
            return self._solve_rewritten(expression, step)
        return self._solve_goal((expression, _NO_FRAME), step)

    def _solve_assign(self, goal: Expression, frame: Frame, step: Step) -> bool:
        target = goal.args[0]
        left = self._operand(target, frame)
        if type(left) is not Unknown or left.value is not None or left.constraints:
            name = left.name if type(left) is Unknown else self._written_name(target, frame)
            raise self._type_error(
                f"Can only assign to unbound variables, {name} is not unbound.", goal.span
            )
        return self._unify(left, self._operand(goal.args[1], frame))

    def _written_name(self, term: Term, frame: Frame) -> str:
        if isinstance(term, Slot):
            value = frame[term.index]
            return value.name if type(value) is Unknown else term.name
        return self._print(term)

    # -- comparison and arithmetic ---------------------------------------------------

    def _solve_comparison(self, goal: Expression, frame: Frame, step: Step) -> bool:
        left = self._operand(goal.args[0], frame)
        right = self._operand(goal.args[1], frame)
        if type(left) is Unknown or type(right) is Unknown:
            return self._bindings.record(Expression(goal.operator, (left, right), span=goal.span))
        if type(left) is Value and type(right) is Value:
            if numbers.comparable(left.value, right.value):
                return numbers.compare(goal.operator, left.value, right.value)
        elif type(left) is Instance or type(right) is Instance:
            return self._compare_objects(left, right, goal.operator)
        shown = Expression(goal.operator, (left, right))
        raise error_at(UnsupportedError, f"Not supported: {self._print(shown)}", goal.span)

    def _compare_objects(self, left: Term, right: Term, kind: Operator = Operator.EQ) -> bool:
        self._until_clock = 1
        return compare(kind, self._to_python(left), self._to_python(right))

    def _solve_arithmetic(self, goal: Expression, frame: Frame, step: Step) -> bool:
        left = self._operand(goal.args[0], frame)
        right = self._operand(goal.args[1], frame)
        result = self._operand(goal.args[2], frame)
        if type(left) is Unknown or type(right) is Unknown:
            return self._bindings.record(
                Expression(goal.operator, (left, right, result), span=goal.span)
            )
        value: int | float | None = None
        if type(left) is Value and type(right) is Value:
            try:
                value = numbers.calculate(goal.operator, left.value, right.value)
            except ArithmeticError as error:
                shown = self._shown_operation(goal, left, right, frame)
                raise error_at(
                    PolarRuntimeError, f"Arithmetic error: {shown}", goal.span
                ) from error
        if value is None:
            shown = self._shown_operation(goal, left, right, frame)
            raise error_at(
                UnsupportedError,
                f"Not supported: unsupported arithmetic operands: {shown}",
                goal.span,
            )
        return self._unify(result, Value(value, span=goal.span))

    def _shown_operation(self, goal: Expression, left: Term, right: Term, frame: Frame) -> str:
        result = in_run(goal.args[2], frame)
        return self._print(Expression(goal.operator, (left, right, result)))

    # -- membership ------------------------------------------------------------------

    def _solve_in(self, goal: Expression, frame: Frame, step: Step) -> bool:
        item = self._operand(goal.args[0], frame)
        collection = self._operand(goal.args[1], frame)
        kind = type(collection)
        if kind is Unknown:
            return self._bindings.record(
                Expression(Operator.IN, (item, collection), span=goal.span)
            )
        if kind is List:
            return self._in_list(item, collection, goal, step)
        if kind is Dictionary:
            pairs = [List((Value(key), value)) for key, value in collection.fields]
            return self._in_elements(item, pairs, step)
        if kind is Value and type(collection.value) is str:
            return self._in_elements(item, map(Value, collection.value), step)
        if kind is Instance:
            return self._in_elements(item, self._iterate(collection), step)
        raise self._type_error(
            f"can only use `in` on an iterable value, this is {debug_form(collection)}",
            collection.span,
        )

    def _in_list(self, item: t.Any, collection: List, goal: Expression, step: Step) -> bool:
        if collection.rest is None:
            return self._in_elements(item, collection.items, step)
        elements, rest = list_elements(collection)
        if type(rest) is not Unknown:
            return self._in_elements(item, elements, step)
        open_rest = Expression(Operator.IN, (item, t.cast(Term, rest)), span=goal.span)
        alternatives = [(item, element) for element in elements]
        return self._branch(self._unify_or_record, [*alternatives, open_rest], step)

    def _unify_or_record(self, payload: t.Any, step: Step) -> bool:
        if isinstance(payload, Expression):
            return self._bindings.record(payload)
        return self._unify(*payload)

    def _in_elements(self, item: t.Any, elements: Iterable[t.Any], step: Step) -> bool:
        end = follow(item)
        if type(end) is Value:
            # No goal for an element that is plainly another value.
            elements = (e for e in elements if not _plainly_differ(end, follow(e)))
        return self._branch(self._unify_pair, ((item, element) for element in elements), step)

    def _unify_pair(self, pair: tuple[t.Any, t.Any], step: Step) -> bool:
        return self._unify(*pair)

    def _iterate(self, collection: Instance) -> Iterator[t.Any]:
        iterator = iterate(collection.value)
        if iterator is None:
            raise error_at(
                InvalidIteratorError, f"{collection.value} is not iterable", self._step_span()
            )
        return self._elements(iterator)

    def _elements(self, iterator: Iterator[t.Any]) -> Iterator[t.Any]:
        for value in iterator:
            self._until_clock = 1
            yield self._from_python(value)

    # -- lookups and calls -----------------------------------------------------------

    def _solve_dot(self, goal: Expression, frame: Frame, step: Step) -> bool:
        value = self._operand(goal.args[0], frame)
        key = self._operand(goal.args[1], frame)
        result = self._operand(goal.args[2], frame)
        return self._lookup(value, key, result, goal)

    def _lookup(self, value: t.Any, key: t.Any, result: t.Any, goal: Expression) -> bool:
        """Look a key up in a value, or call a method, and unify what comes out."""
        kind = type(value)
        if kind is Unknown:
            return self._lookup_later(value, key, result, goal)
        if kind is Value and type(value.value) is bool:
            raise self._type_error(
                f"can only perform lookups on dicts and instances, this is {self._print(value)}",
                value.span,
            )
        if type(key) is Call:
            return self._unify(result, self._call_method(value, key, goal))
        if kind is Dictionary:
            if type(key) is Unknown:
                pairs = [(key, Value(name), result, item) for name, item in value.fields]
                return self._branch_over(self._unify_field, pairs, self._step)
            found = value.get(self._key_name(key, goal))
            return found is not None and self._unify(result, found)
        return self._unify(result, self._get_attribute(value, self._key_name(key, goal), goal))

    def _unify_field(self, payload: tuple[t.Any, ...], step: Step) -> bool:
        key, name, result, item = payload
        return self._unify(key, name) and self._unify(result, item)

    def _lookup_later(self, value: Unknown, key: t.Any, result: t.Any, goal: Expression) -> bool:
        if type(key) is Call:
            raise error_at(
                UnsupportedError,
                f"Not supported: cannot call method on unbound variable {value.name}",
                goal.span,
            )
        if type(key) is Unknown:
            operands = (t.cast(Term, value), t.cast(Term, key), result)
            return self._bindings.record(Expression(Operator.DOT, operands, span=goal.span))
        lookup = Expression(Operator.DOT, (t.cast(Term, value), key))
        return self._bindings.record(Expression(Operator.UNIFY, (result, lookup), span=goal.span))

    def _key_name(self, key: t.Any, goal: Expression) -> str:
        if type(key) is Value and type(key.value) is str:
            return key.value
        raise self._type_error(
            f"cannot look up field {debug_form(key)} on an external instance",
            key.span or goal.args[1].span,
        )

    def _get_attribute(self, value: Term, name: str, goal: Expression) -> Term:
        return self._from_python(self._attribute(value, name, goal.span))

    def _attribute(self, value: Term, name: str, span: Span | None) -> t.Any:
        self._until_clock = 1
        try:
            return getattr(self._to_python(value), name)
        except AttributeError as error:
            raise self._traced(PolarRuntimeError, f"Application error: {error}", span) from error

    def _call_method(self, value: Term, call: Call, goal: Expression) -> Term:
        method = self._attribute(value, call.name, goal.span)
        if not callable(method):
            raise error_at(
                InvalidCallError,
                f"tried to call '{call.name}' but it is not callable",
                goal.span,
            )
        return self._from_python(self._call_host(method, call))

    def _call_host(self, function: Callable[..., t.Any], call: Call) -> t.Any:
        args = [self._to_python(arg) for arg in call.args]
        kwargs = {key: self._to_python(arg) for key, arg in call.kwargs}
        self._until_clock = 1
        return function(*args, **kwargs)

    def _solve_new(self, goal: Expression, frame: Frame, step: Step) -> bool:
        call = t.cast(Call, self._operand(goal.args[0], frame))
        cls = self._host.classes.get(call.name)
        if cls is None:
            raise error_at(UnregisteredClassError, call.name, call.span)
        try:
            made = self._call_host(cls, call)
        except Exception as error:
            if isinstance(error, OsoError):
                raise
            raise error_at(
                PolarRuntimeError,
                f"Error constructing instance of {call.name}: {error}",
                call.span,
            ) from error
        instance = Instance(made, self._print(call), span=goal.span)
        return self._unify(self._operand(goal.args[1], frame), instance)

    # -- matching --------------------------------------------------------------------

    def _solve_isa(self, goal: Expression, frame: Frame, step: Step) -> bool:
        left = self._operand(goal.args[0], frame)
        return self._isa(left, self._operand(goal.args[1], frame), goal, step)

    def _isa(self, left: t.Any, pattern: t.Any, place: Expression | Parameter, step: Step) -> bool:
        """Match a term with a pattern; what needs goals of its own goes in front."""
        if type(pattern) is Pattern:
            if pattern.tag in RESERVED_NAMES:
                return self._isa_union(left, pattern, place, step)
            if pattern.tag is not None and not self._isa_class(left, pattern, place):
                return False
            return self._match_fields(left, pattern, step)
        if type(pattern) is List and _has_pattern(pattern):
            return self._isa_list(left, pattern, step)
        return self._unify(left, pattern)

    def _isa_class(self, left: t.Any, pattern: Pattern, place: Expression | Parameter) -> bool:
        end = follow(left)
        if type(end) is not Unknown:
            return self._is_instance(end, pattern)
        tag = t.cast(str, pattern.tag)
        for constraint in real(end.constraints):
            if constraint.expression.operator is Operator.ISA:
                other = t.cast(Pattern, constraint.expression.args[1]).tag
                if other is not None and not self._are_related(tag, other):
                    return False
        bare = Pattern(tag, span=pattern.span)
        return self._bindings.record(Expression(Operator.ISA, (left, bare), span=place.span))

    def _are_related(self, left: str, right: str) -> bool:
        if left == right:
            return True
        for name in (left, right):
            if name not in self._host.classes:
                raise UnregisteredClassError(name)
        return self._host.is_subclass(left, right) or self._host.is_subclass(right, left)

    def _is_instance(self, value: t.Any, pattern: Pattern) -> bool:
        tag = t.cast(str, pattern.tag)
        if tag in RESERVED_NAMES:
            return any(
                isinstance(self._to_python(value), self._host.classes[member])
                for member in self._members(tag)
            )
        cls = self._host.classes.get(tag)
        if cls is None:
            raise error_at(UnregisteredClassError, tag, pattern.span)
        return isinstance(self._to_python(value), cls)

    def _members(self, union: str) -> tuple[str, ...]:
        program = self._program
        return program.actors if union == "Actor" else program.resources

    def _isa_union(
        self, left: t.Any, pattern: Pattern, place: Expression | Parameter, step: Step
    ) -> bool:
        end = follow(left)
        if type(end) is not Unknown:
            return self._is_instance(end, pattern) and self._match_fields(left, pattern, step)
        members = self._members(t.cast(str, pattern.tag))
        alternatives = [
            (left, Pattern(member, pattern.fields, span=pattern.span), place) for member in members
        ]
        return self._branch_over(self._isa_member, alternatives, step)

    def _isa_member(self, payload: tuple[t.Any, Pattern, t.Any], step: Step) -> bool:
        left, pattern, place = payload
        return self._isa(left, pattern, place, step)

    def _match_fields(self, left: t.Any, pattern: Pattern, step: Step) -> bool:
        if not pattern.fields:
            return True
        return self._match_field((left, pattern.fields, 0), step)

    def _match_field(
        self, payload: tuple[t.Any, tuple[tuple[str, Term], ...], int], step: Step
    ) -> bool:
        left, fields, at = payload
        name, pattern = fields[at]
        if at + 1 < len(fields):
            self._push(self._match_field, (left, fields, at + 1), step)
        end = follow(left)
        if type(end) is Unknown:
            return self._match_unknown_field(left, name, pattern, step)
        value = self._field(end, name)
        return value is not None and self._isa_nested(value, pattern, step)

    def _field(self, value: t.Any, name: str) -> t.Any:
        """Give a field of a value that is matched; ``None`` where it has no such field."""
        if type(value) is Dictionary:
            return value.get(name)
        self._until_clock = 1
        try:
            found = getattr(self._to_python(value), name)
        except AttributeError:
            return None
        return self._from_python(found)

    def _match_unknown_field(self, left: t.Any, name: str, pattern: t.Any, step: Step) -> bool:
        lookup = Expression(Operator.DOT, (left, Value(name)))
        if type(bound(pattern)) in (Pattern, List):
            value = self._bindings.fresh("value")
            self._bindings.record(Expression(Operator.UNIFY, (t.cast(Term, value), lookup)))
            return self._isa_nested(value, pattern, step)
        return self._bindings.record(Expression(Operator.UNIFY, (lookup, pattern)))

    def _match_later_field(self, lookup: Expression, pattern: t.Any, step: Step) -> bool:
        value, name = bound(lookup.args[0]), t.cast(Value, lookup.args[1]).value
        if type(value) is Unknown:
            return self._bindings.record(Expression(Operator.UNIFY, (lookup, pattern)))
        found = self._field(value, t.cast(str, name))
        return found is not None and self._isa_nested(found, pattern, step)

    def _isa_nested(self, value: t.Any, pattern: t.Any, step: Step) -> bool:
        pattern = bound(pattern)
        if type(pattern) is Unknown:
            return self._unify(value, pattern)
        return self._isa(value, pattern, Expression(Operator.ISA, (value, pattern)), step)

    def _isa_list(self, left: t.Any, pattern: List, step: Step) -> bool:
        """Match a list with a list of patterns, element by element."""
        end = follow(left)
        if type(end) is Unknown:
            items = tuple(t.cast(Term, self._bindings.fresh("value")) for _ in pattern.items)
            rest = None if pattern.rest is None else t.cast(Term, self._bindings.fresh("rest"))
            made = List(items, rest)
            return self._unify(end, made) and self._isa_list(made, pattern, step)
        if type(end) is not List:
            return False
        elements, open_rest = list_elements(end)
        if open_rest is not None or len(elements) < len(pattern.items):
            return False
        if pattern.rest is None and len(elements) > len(pattern.items):
            return False
        for element, part in reversed(list(zip(elements, pattern.items, strict=False))):
            self._push(self._match_element, (element, part), step)
        if pattern.rest is None:
            return True
        return self._unify(pattern.rest, List(tuple(elements[len(pattern.items) :])))

    def _match_element(self, pair: tuple[t.Any, t.Any], step: Step) -> bool:
        return self._isa_nested(*pair, step)

    # -- output ----------------------------------------------------------------------

    def _solve_print(self, goal: Expression, frame: Frame, step: Step) -> bool:
        print(", ".join(self._print(self._operand(arg, frame)) for arg in goal.args))
        return True

    def _solve_debug(self, goal: Expression, frame: Frame, step: Step) -> bool:
        """Say where the run is, on standard error. A decision never waits for input."""
        place = goal.span.place() if goal.span is not None else ""
        trace = stack_trace(step, self._host.class_name).rstrip("\n")
        print(f"debug() {place}\n{trace}", file=sys.stderr)
        return True

    def _print(self, term: t.Any) -> str:
        return to_polar(bound(term), self._host.class_name)

    # -- errors ----------------------------------------------------------------------

    def _step_span(self) -> Span | None:
        return getattr(in_run(self._step.goal, self._step.frame), "span", None)

    def _type_error(self, message: str, span: Span | None) -> PolarTypeError:
        return self._traced(PolarTypeError, f"Type error: {message}", span)

    _E = t.TypeVar("_E", bound=OsoError)

    def _traced(self, kind: type[_E], message: str, span: Span | None) -> _E:
        trace = stack_trace(self._step, self._host.class_name)
        return kind(trace + located(message, span), {"stack_trace": trace})

    # -- the border with Python ------------------------------------------------------

    def _name_for_host(self, unknown: Unknown) -> str:
        self._known.setdefault(unknown.name, unknown)
        return unknown.name

    def _to_python(self, term: t.Any) -> t.Any:
        return to_python(follow(term), self._name_for_host)

    def _from_python(self, value: t.Any) -> Term:
        term = result_to_polar(value)
        kind = type(term)
        if kind is Value or kind is Instance:
            return term
        return t.cast(Term, self._with_variables(term, {}))

    def _with_variables(self, term: t.Any, names: Mapping[str, Unknown]) -> t.Any:
        """Put the variables of the run in the place of those that the host named."""
        if type(term) is Variable:
            return names.get(term.name) or self._know(term.name)
        if type(term) is Value or type(term) is Instance:
            return term
        return rebuild(term, lambda part: self._with_variables(part, names))

    # -- solutions -------------------------------------------------------------------

    def _solution(self) -> dict[str, t.Any]:
        """Give the values of the query's variables at the end of a search."""
        visible = {name: self._known[name] for name in self._asked if not name.startswith("_")}
        self._check_related(visible)
        naming = Naming(visible)
        values: dict[str, t.Any] = {}
        for name, unknown in visible.items():
            end = follow(unknown)
            if type(end) is not Unknown:
                values[name] = to_python(end, naming.name)
            elif real(end.constraints):
                values[name] = to_python(describe(unknown, visible), naming.name)
            elif end.constraints:
                values[name] = terms.Variable(_other_member(name, end, visible))
        return values

    def _check_related(self, visible: dict[str, Unknown]) -> None:
        """Refuse a solution that hangs on variables which the query cannot see."""
        if not self._bindings.age:
            return
        roots = [follow(unknown) for unknown in visible.values()]
        related = {id(c) for c in component(roots)}
        for unknown, *_ in self._bindings.changes(0):
            waiting = real(unknown.constraints) if unknown.value is None else []
            if waiting and id(waiting[0]) not in related:
                raise self._unrelated(unknown)

    def _unrelated(self, unknown: Unknown) -> PolarRuntimeError:
        expressions = without_helpers(real(component([unknown])), lambda helper: True)
        shown = self._print(Expression(Operator.AND, tuple(expressions)))
        return error_at(
            PolarRuntimeError,
            f"Found an unhandled partial in the query result: {unknown.name}\n\n"
            "A rule constrains a variable that has nothing to do with what the query asks,\n"
            "so nothing decides it. Bind the variable before it is used, or relate it to an\n"
            "argument of the rule.\n\n"
            f"The unhandled partial is for variable {unknown.name}.\n"
            f"The expression is: {shown}\n",
            expressions[0].span if expressions else None,
        )


def _other_member(name: str, root: Unknown, visible: dict[str, Unknown]) -> str:
    """Name another variable that is an alias of this one; itself if there is none."""
    members = [other for other, unknown in visible.items() if follow(unknown) is root]
    return members[(members.index(name) + 1) % len(members)]


def _fail(payload: t.Any, step: Step) -> bool:
    return False


def _plainly_differ(left: Value, right: t.Any) -> bool:
    return type(right) is Value and not numbers.equal(left.value, right.value)


def _has_pattern(pattern: List) -> bool:
    return any(
        isinstance(item, Pattern) or (isinstance(item, List) and _has_pattern(item))
        for item in pattern.items
    )


def _has_lookup(term: t.Any) -> bool:
    if isinstance(term, Expression):
        if term.operator is Operator.DOT and len(term.args) == 2:
            return True
        return any(map(_has_lookup, term.args))
    return False


def _is_recorded_lookup(expression: Expression) -> bool:
    """Tell whether a constraint is a single lookup, which the solver evaluates as it is."""
    return expression.operator is Operator.UNIFY and not any(
        _has_lookup(part)
        for arg in expression.args
        if isinstance(arg, Expression)
        for part in arg.args
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Detached(Term):
    """A variable as such, whatever it is bound to at the moment."""

    unknown: Unknown


def _attach(term: t.Any) -> t.Any:
    if isinstance(term, _Detached):
        return term.unknown
    return rebuild(term, _attach) if type(term) is not Unknown else term
