"""The solver: it defines what a policy means.

In goes a desugared query; out come its solutions, one by one and in order. This module has
conjunction, disjunction, negation, ``cut``, and the selection of rules. ``machine.py`` has the
stacks it runs on; ``operators.py`` and ``matcher.py`` have the operators and patterns. They are
parts of the solver, and know nothing of it.

Operations on an unbound variable become constraints of it. When it is bound, they are evaluated
again as the next goals.
"""

from __future__ import annotations

import sys
import time
import types
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..exceptions import PolarRuntimeError, error_at
from ..host import numbers, terms
from ..host.conversion import follow, to_python
from ..limits import Limits
from ..nodes import (
    ARITHMETIC,
    COMPARISONS,
    Call,
    Expression,
    Instance,
    Lookup,
    Operator,
    Origin,
    Parameter,
    Pattern,
    Slot,
    Term,
    Unknown,
    Value,
    is_ground,
    parts,
    with_parts,
)
from ..output import read_log_settings, say
from ..syntax.desugar import forall_as_negation, rewrite_query
from ..traversal import fold, walk
from .backtrace import Step, stack_trace
from .clause_index import is_excluded
from .clauses import Clause, Frame, Template, bound, prepare_query
from .constraints import (
    Constraint,
    Naming,
    component,
    describe_constraints,
    without_aliases,
    without_helpers,
)
from .machine import NO_FRAME, Choice, Goals, KnowledgeBase, Machine
from .matcher import Matcher
from .operators import Operators
from .rule_order import sort_clauses

TRUE = Value(True)
_METHODS = (types.MethodType, types.BuiltinMethodType, types.FunctionType)
_CALL = "This is a method. Call it: write `()` behind its name.\n"
_COMPARE = "A condition is true or false. Compare this with something.\n"
_HOW_TO_STOP = (
    "A decision does not wait at debug(). To stop here, ask with 'query_rule' or in the"
    " prompt of 'python -m flask_oso'."
)


class _Negation(t.NamedTuple):
    """The state of a ``not``: the constraints that each solution of its goal would add."""

    trail: int
    age: int
    consequences: list[list[Expression]]


class _Filter(t.NamedTuple):
    """The state of the selection of the applicable rules of a call."""

    args: tuple[t.Any, ...]
    candidates: list[Clause]
    at: int
    applicable: list[Clause]


class Solver:
    """One run of one query.

    :param program: the policy.
    :param limits: the limits of the run; those of the environment by default.
    """

    def __init__(self, program: KnowledgeBase, limits: Limits | None = None) -> None:
        self.machine = self._make_machine(program, limits)
        self.matcher = self._make_matcher()
        self.operators = self._make_operators()
        self.operators.conjunction = self._next_conjunct
        self._handlers: dict[Operator, Callable[[Expression, Frame, Step], bool]] = {
            Operator.AND: self._solve_and,
            Operator.OR: self._solve_or,
            Operator.NOT: self._solve_not,
            Operator.FORALL: self._solve_forall,
            Operator.UNIFY: self._solve_unify,
            Operator.ASSIGN: self._solve_assign,
            Operator.IN: self.operators.solve_in,
            Operator.ISA: self._solve_isa,
            Operator.DOT: self.operators.solve_dot,
            Operator.NEW: self.operators.solve_new,
            Operator.CUT: self._solve_cut,
            Operator.PRINT: self._solve_print,
            Operator.DEBUG: self._solve_debug,
            **dict.fromkeys(COMPARISONS, self.operators.solve_comparison),
            **dict.fromkeys(ARITHMETIC, self.operators.solve_arithmetic),
        }

    # The parts, which a run that is observed makes of other classes.

    def _make_machine(self, program: KnowledgeBase, limits: Limits | None) -> Machine:
        return Machine(program, limits, self._recheck)

    def _make_matcher(self) -> Matcher:
        return Matcher(self.machine)

    def _make_operators(self) -> Operators:
        return Operators(self.machine)

    def solve(
        self, query: Term, bindings: Mapping[str, Term] | None = None
    ) -> Iterator[dict[str, t.Any]]:
        """Solve a desugared query; yield the bindings of each solution as Python values.

        The value of a variable with constraints is a ``terms.Expression``, that of an alias of
        another variable a ``terms.Variable``.

        :param bindings: initial values of variables, or constraints on them.
        """
        try:
            yield from self._solutions(query, bindings or {})
        finally:
            # Goals refer to the run and the run to its goals: break the cycle.
            begun = self.machine.begun
            self._clear()
            del begun

    def _solutions(self, query: Term, bindings: Mapping[str, Term]) -> Iterator[dict[str, t.Any]]:
        self.machine.resumed = time.monotonic()
        prepared = prepare_query(query, self.machine.host.constants)
        frame: Frame = [None] * len(prepared.slots)
        for slot in prepared.slots:
            is_written = slot.origin is Origin.WRITTEN
            made = (
                self.machine.know(slot.name) if is_written else Unknown(slot.name, 0, slot.origin)
            )
            frame[slot.index] = made
        written = [slot.name for slot in prepared.slots if slot.origin is Origin.WRITTEN]
        self._asked = [*written, *bindings]
        self.machine.push(self._solve_goal, (prepared.goal, frame), self.machine.step)
        if not self._bind_given(bindings):
            return
        while self.machine.advance():
            solution = self._solution()
            self.machine.used += time.monotonic() - self.machine.resumed
            yield solution
            self.machine.resumed = time.monotonic()
            self.machine.goals = (_fail, None, self.machine.step, None)

    def _clear(self) -> None:
        vars(self.machine).clear()
        vars(self).clear()

    # -- for compiled rules, which delegate parts of a run -------------------------------

    def stand_at(self, step: Step | None) -> None:
        """Set the step below which compiled rules continue, for traces."""
        self.machine.step = step or self.machine.step
        self.machine.resumed = time.monotonic()

    def go_on(
        self, goal: Term, around: Step | None, began: float, frame: Frame = NO_FRAME
    ) -> Iterator[bool]:
        """Solve a goal inside a query that began before; yield once for each solution.

        The value is ``False`` if constraints on unbound variables are left. If nothing binds
        these by the end of the query, that is an error.
        """
        try:
            self.stand_at(around)
            self.machine.resumed = began
            self.machine.push(self._solve_goal, (goal, frame), self.machine.step)
            while self.machine.advance():
                yield not self._has_open_constraints()
                self.machine.goals = (_fail, None, self.machine.step, None)
        finally:
            self._clear()

    def _has_open_constraints(self) -> bool:
        return bool(self.machine.bindings.age) and any(
            unknown.value is None and without_aliases(unknown.constraints)
            for unknown, *_ in self.machine.bindings.changes(0)
        )

    def equal(self, left: Term, right: Term) -> bool:
        """Return whether two terms without variables are equal."""
        return self.machine.bindings.unify(left, right)

    def compare_terms(self, goal: Expression) -> bool:
        """Compare two terms without variables."""
        return self.operators.solve_comparison(goal, NO_FRAME, self.machine.step)

    def check_time(self, began: float) -> None:
        """Raise the timeout error if a query that began at this time takes too long."""
        self.machine.resumed = began
        self.machine.check_clock()

    def _bind_given(self, bindings: Mapping[str, Term]) -> bool:
        # Bindings become the first goals: their constraints hold before the query begins.
        for name, value in bindings.items():
            if name in self.machine.host.constants:
                raise PolarRuntimeError(
                    f'Attempted binding was incompatible: Cannot rebind Symbol("{name}")'
                )
            unknown = self.machine.know(name)
            if isinstance(value, Expression):
                seeded = self.machine.with_variables(value, {"_this": unknown})
                self.machine.push(self._solve_rewritten, seeded, self.machine.step)
            elif not self.machine.unify(unknown, self.machine.with_variables(value, {})):
                return False
        return True

    # -- goals --------------------------------------------------------------------------

    def _solve_goal(self, payload: tuple[Term, Frame], around: Step) -> bool:
        goal, frame = payload
        step = Step(goal, frame, around, around.rule, self.machine.choice_number)
        self.machine.check_depth(step)
        self.machine.step = step
        kind = type(goal)
        if kind is Expression:
            expression = t.cast(Expression, goal)
            return self._handlers[expression.operator](expression, frame, step)
        if kind is Call:
            return self._solve_call(t.cast(Call, goal), NO_FRAME, step)
        if kind is Template and isinstance(inner := t.cast(Template, goal).term, Call):
            return self._solve_call(inner, frame, step)
        return self._solve_condition(goal, frame, step)

    def _solve_rewritten(self, goal: Term, step: Step) -> bool:
        """Solve a goal of the run that may have lookups inside expressions, after desugaring."""
        prepared = prepare_query(rewrite_query(goal), {})
        self.machine.push(self._solve_goal, (prepared.goal, [None] * len(prepared.slots)), step)
        return True

    def _solve_condition(self, goal: Term, frame: Frame, step: Step) -> bool:
        value = self.machine.operand(goal, frame)
        if type(value) is Unknown:
            return self.machine.unify(value, TRUE)
        return self.condition(value, goal)

    def condition(self, value: t.Any, goal: Term) -> bool:
        """Return the truth value of a condition.

        :raises PolarTypeError: if the value is neither true nor false.
        """
        if type(value) is Value and type(value.value) is bool:
            return value.value
        shown = self.machine.show(value)
        raise self.machine.type_error(
            f"{shown} isn't something that is true or false so can't be a condition",
            value.span or goal.span or self.machine.step_span(),
            _CALL if type(value) is Instance and isinstance(value.value, _METHODS) else _COMPARE,
        )

    # -- control ------------------------------------------------------------------------

    def _solve_and(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self._next_conjunct((goal.args, 0, frame), step)

    def _next_conjunct(self, payload: tuple[tuple[Term, ...], int, Frame], step: Step) -> bool:
        args, at, frame = payload
        if at == len(args):
            return True
        if at + 1 < len(args):
            self.machine.push(self._next_conjunct, (args, at + 1, frame), step)
        self.machine.push(self._solve_goal, (args[at], frame), step)
        return True

    def _solve_or(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self.machine.branch_over(self._solve_goal, [(arg, frame) for arg in goal.args], step)

    def _solve_cut(self, goal: Expression, frame: Frame, step: Step) -> bool:
        # The parent of the cut is the conjunction that contains it. The cut discards all choices
        # since the step around that conjunction began.
        holder = step.parent
        around = holder.parent if holder is not None else None
        self.machine.discard(around.first_choice if around is not None else 0)
        return True

    def _solve_forall(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self._negate(forall_as_negation(goal).args[0], frame, step)

    def _solve_not(self, goal: Expression, frame: Frame, step: Step) -> bool:
        return self._negate(goal.args[0], frame, step)

    def _negate(self, goal: Term, frame: Frame, step: Step) -> bool:
        state = _Negation(self.machine.bindings.mark(), self.machine.bindings.age, [])
        barrier = self.machine.choose(self._end_negation, state, step)
        # Choices inside are younger than the barrier. Two steps are needed between it and a cut
        # that is the whole negated goal: a cut looks at the parent of its parent.
        wall = Step(None, NO_FRAME, step, step.rule, barrier.number + 1)
        inside = Step(None, NO_FRAME, wall, step.rule, barrier.number + 1)
        self.machine.goals = (self._negation_solved, barrier, step, None)
        self.machine.push(self._solve_goal, (goal, frame), inside)
        return True

    def _negation_solved(self, barrier: Choice, step: Step) -> bool:
        """Keep the constraints that a solution of the negated goal adds to outer variables.

        All solutions are searched: a later one may raise an error, which must not be lost.
        """
        barrier.state.consequences.append(self._consequence(barrier.state))
        return False

    def _end_negation(self, barrier: Choice) -> bool:
        """Continue when the negated goal has no further solution."""
        self.machine.discard(barrier.number)
        if not all(barrier.state.consequences):
            return False
        for consequence in barrier.state.consequences:
            together = Expression(Operator.AND, tuple(consequence))
            inner = consequence[0] if len(consequence) == 1 else together
            self.machine.bindings.record(Expression(Operator.NOT, (inner,)))
        return True

    def _consequence(self, state: _Negation) -> list[Expression]:
        """Return the new constraints on variables that were aliased or constrained before."""
        outside: dict[int, Unknown] = {}
        for unknown, value, constraints in self.machine.bindings.changes(state.trail):
            is_known = any(constraint.age <= state.age for constraint in constraints)
            if value is None and is_known:
                outside.setdefault(id(unknown), unknown)
        found: list[Constraint] = []
        for unknown in outside.values():
            if unknown.value is not None:
                pair = (t.cast(Term, _Detached(unknown)), t.cast(Term, unknown.value))
                found.append(
                    Constraint(Expression(Operator.UNIFY, pair), self.machine.bindings.age)
                )
        later = component(outside.values())
        found.extend(c for c in without_aliases(later) if c.age > state.age)
        # Aliases that the negated goal made are undone, so they must not occur in the result.
        consequences = without_helpers(found, lambda helper: id(helper) not in outside, follow)
        return [t.cast(Expression, _attach(expression)) for expression in consequences]

    # -- rules --------------------------------------------------------------------------

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        by_arity = self.machine.program.clauses(call.name)
        if by_arity is None:
            raise PolarRuntimeError(
                f"Query for undefined rule `{call.name}`{self.machine.program.hint(call.name)}"
            )
        candidates = by_arity.get(len(call.args))
        if not candidates:
            return False
        args = tuple(self.machine.operand(arg, frame) for arg in call.args)
        # A rule whose literals exclude the arguments is left out: nothing of it is evaluated.
        possible = [c for c in candidates.for_call(args) if not is_excluded(c, args)]
        return self._filter(_Filter(args, possible, 0, []), step)

    def _filter(self, state: _Filter, step: Step) -> bool:
        """Find the applicable clauses, then try them in order of specificity.

        To see whether a clause applies may take a search. A choice undoes that search.
        """
        applicable = state.applicable
        for at in range(state.at, len(state.candidates)):
            clause = state.candidates[at]
            verdict = self._is_applicable(clause, state.args)
            if verdict is None:
                after = _Filter(state.args, state.candidates, at + 1, applicable)
                choice = self.machine.choose(self._not_applicable, after, step)
                self.machine.goals = (self._applicable, (choice, clause), step, None)
                return self._enter((clause, state.args, [None] * clause.size, 0, False), step)
            if verdict:
                applicable = [*applicable, clause]
        if len(applicable) > 1:
            applicable = sort_clauses(
                applicable, [follow(arg) for arg in state.args], self.machine.host
            )
        return self._try_clauses(applicable, state.args, step)

    def _try_clauses(self, clauses: list[Clause], args: tuple[t.Any, ...], step: Step) -> bool:
        return self.machine.branch_over(
            self._call_clause, [(clause, args) for clause in clauses], step
        )

    def _not_applicable(self, choice: Choice) -> bool:
        self.machine.discard(choice.number)
        return self._filter(choice.state, choice.step)

    def _applicable(self, payload: tuple[Choice, Clause], step: Step) -> bool:
        choice, clause = payload
        self.machine.bindings.undo(choice.trail)
        self.machine.discard(choice.number)
        self.machine.goals = choice.goals
        after: _Filter = choice.state
        after = _Filter(after.args, after.candidates, after.at, [*after.applicable, clause])
        return self._filter(after, step)

    def _is_applicable(self, clause: Clause, args: tuple[t.Any, ...]) -> bool | None:
        """Return whether a clause applies; ``None`` if a search is needed to decide."""
        undecided = False
        seen: set[t.Any] = set()
        for parameter, arg in zip(clause.parameters, args, strict=True):
            verdict = self._matches_without_search(parameter, arg, seen)
            if verdict is False:
                # Parameters before this one may call the host or raise errors.
                return None if undecided else False
            undecided = undecided or verdict is None
        return None if undecided else True

    def _matches_without_search(
        self, parameter: Parameter, arg: t.Any, seen: set[t.Any]
    ) -> bool | None:
        term, specializer = parameter.term, parameter.specializer
        arg = follow(arg)
        if type(arg) is Unknown:
            # One argument twice, or one with constraints, may clash.
            if arg in seen or without_aliases(arg.constraints):
                return None
            seen.add(arg)
        if type(term) is Slot:
            if term.index in seen:
                return None
            seen.add(term.index)
            if specializer is None:
                return True
            return self._isa_without_search(arg, specializer)
        if type(term) is Value and specializer is None:
            if type(arg) is Value:
                return numbers.equal_scalars(term.value, arg.value)
            return True if type(arg) is Unknown else None
        return None

    def _isa_without_search(self, value: t.Any, specializer: Term) -> bool | None:
        if type(value) is not Instance and type(value) is not Value:
            return None
        if type(specializer) is Value and type(value) is Value:
            return numbers.equal_scalars(specializer.value, value.value)
        if type(specializer) is not Pattern or specializer.fields or specializer.tag is None:
            return None
        if specializer.tag not in self.machine.host.classes:
            # An error or a union: evaluated in its turn, if the parameters before it match.
            return None
        return self.matcher.is_instance(value, specializer)

    def _call_clause(self, payload: tuple[Clause, tuple[t.Any, ...]], step: Step) -> bool:
        clause, args = payload
        return self._enter((clause, args, [None] * clause.size, 0, True), step)

    def _enter(
        self, payload: tuple[Clause, tuple[t.Any, ...], Frame, int, bool], step: Step
    ) -> bool:
        """Match arguments with parameters from one on, then go on with the body."""
        clause, args, frame, at, with_body = payload
        for i in range(at, len(args)):
            rest = self.machine.goals
            if not self._match_parameter(clause.parameters[i], args[i], frame, step):
                return False
            if self.machine.goals is not rest:
                # This parameter pushed goals; the other parameters come after these.
                return self._enter_later(rest, (clause, args, frame, i + 1, with_body), step)
        if with_body and clause.body is not None:
            self.machine.push(self._solve_body, (clause.body, frame, clause.rule.name), step)
        return True

    def _enter_later(self, rest: Goals, payload: t.Any, step: Step) -> bool:
        pending: list[tuple[t.Any, t.Any, Step]] = []
        goals = self.machine.goals
        while goals is not rest:
            handler, state, goal_step, goals = goals
            pending.append((handler, state, goal_step))
        self.machine.goals = (self._enter, payload, step, rest)
        for handler, state, goal_step in reversed(pending):
            self.machine.push(handler, state, goal_step)
        return True

    def _solve_body(self, payload: tuple[Term, Frame, str], call: Step) -> bool:
        body, frame, rule = payload
        step = Step(body, frame, call, rule, self.machine.choice_number)
        self.machine.check_depth(step)
        if isinstance(body, Expression) and body.operator is Operator.AND:
            return self._next_conjunct((body.args, 0, frame), step)
        self.machine.push(self._solve_goal, (body, frame), step)
        return True

    def _match_parameter(self, parameter: Parameter, arg: t.Any, frame: Frame, step: Step) -> bool:
        term = parameter.term
        if type(term) is Slot and frame[term.index] is None:
            end = follow(arg)
            if type(end) is Unknown:
                fresh = frame[term.index] = self.machine.bindings.fresh(term.name, term.origin)
                self.machine.bindings.alias(fresh, arg)
                self.machine.wake()
            else:
                frame[term.index] = end
        elif not self.machine.unify(arg, self.machine.operand(term, frame)):
            # Of two objects, the ``__eq__`` of the argument is called.
            return False
        if parameter.specializer is None:
            return True
        return self.matcher.isa(
            arg, self.machine.operand(parameter.specializer, frame), parameter, step
        )

    # -- unification --------------------------------------------------------------------

    def _solve_unify(self, goal: Expression, frame: Frame, step: Step) -> bool:
        left = self.machine.operand(goal.args[0], frame)
        right = goal.args[1]
        if type(right) is Lookup:
            # A lookup that was recorded as a constraint.
            return self.operators.lookup(
                self.machine.operand(right.args[0], frame),
                self.machine.operand(right.args[1], frame),
                left,
                goal,
            )
        if type(left) is Lookup:
            # A field of a pattern that was recorded as a constraint.
            return self.matcher.match_later_field(left, self.machine.operand(right, frame), step)
        return self.machine.unify(left, self.machine.operand(right, frame))

    def _recheck(self, constraint: Constraint, step: Step) -> bool:
        """Evaluate a constraint again; it is recorded again if a variable is still unbound."""
        self.machine.bindings.forget(constraint)
        expression = constraint.expression
        if any(_has_lookup(arg) for arg in expression.args) and not _is_recorded_lookup(expression):
            return self._solve_rewritten(expression, step)
        return self._solve_goal((_awakened(expression), NO_FRAME), step)

    def _solve_assign(self, goal: Expression, frame: Frame, step: Step) -> bool:
        target = goal.args[0]
        left = self.machine.operand(target, frame)
        if type(left) is not Unknown or left.value is not None or left.constraints:
            name = left.name if type(left) is Unknown else self._written_name(target, frame)
            raise self.machine.type_error(
                f"Can only assign to unbound variables, {name} is not unbound.", goal.span
            )
        return self.machine.unify(left, self.machine.operand(goal.args[1], frame))

    def _written_name(self, term: Term, frame: Frame) -> str:
        if isinstance(term, Slot):
            value = frame[term.index]
            return value.name if type(value) is Unknown else term.name
        return self.machine.show(term)

    def _solve_isa(self, goal: Expression, frame: Frame, step: Step) -> bool:
        left = self.machine.operand(goal.args[0], frame)
        return self.matcher.isa(left, self.machine.operand(goal.args[1], frame), goal, step)

    # -- output -------------------------------------------------------------------------

    def _solve_print(self, goal: Expression, frame: Frame, step: Step) -> bool:
        values = (self.machine.reveal(self.machine.operand(arg, frame)) for arg in goal.args)
        say(", ".join(values), sys.stderr if read_log_settings().is_immediate else sys.stdout)
        return True

    def _solve_debug(self, goal: Expression, frame: Frame, step: Step) -> bool:
        """Print the stack of goals to standard error, and continue: there is no prompt."""
        place = goal.span.place() if goal.span is not None else ""
        trace = stack_trace(step, self.machine.host.class_name).rstrip("\n")
        say(f"debug() {place}\n{trace}\n{_HOW_TO_STOP}", sys.stderr)
        return True

    # -- solutions ----------------------------------------------------------------------

    def _solution(self) -> dict[str, t.Any]:
        """Return the values of the variables of the query at the end of a search."""
        visible = {
            name: self.machine.known[name] for name in self._asked if not name.startswith("_")
        }
        self._check_related(visible)
        naming = Naming(visible)
        values: dict[str, t.Any] = {}
        for name, unknown in visible.items():
            end = follow(unknown)
            if type(end) is not Unknown:
                values[name] = to_python(end, naming.name)
            elif without_aliases(end.constraints):
                values[name] = to_python(describe_constraints(unknown, visible), naming.name)
            elif end.constraints:
                values[name] = terms.Variable(_other_member(name, end, visible))
        return values

    def _check_related(self, visible: dict[str, Unknown]) -> None:
        """Refuse a solution that depends on unbound variables unrelated to the query."""
        if not self.machine.bindings.age:
            return
        roots = [follow(unknown) for unknown in visible.values()]
        related = {id(c) for c in component(roots)}
        for unknown, *_ in self.machine.bindings.changes(0):
            waiting = without_aliases(unknown.constraints) if unknown.value is None else []
            if waiting and id(waiting[0]) not in related:
                raise self._unrelated(unknown)

    def _unrelated(self, unknown: Unknown) -> PolarRuntimeError:
        related = without_aliases(component([unknown]))
        # Where only attributes are read, each is the value of a helper.
        expressions = without_helpers(related, lambda helper: True) or [
            each.expression for each in related
        ]
        shown = self.machine.show(Expression(Operator.AND, tuple(expressions)))
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
    """Return the name of another variable that is an alias of this one, or its own name."""
    members = [other for other, unknown in visible.items() if follow(unknown) is root]
    return members[(members.index(name) + 1) % len(members)]


def _fail(payload: t.Any, step: Step) -> bool:
    return False


def _has_lookup(term: t.Any) -> bool:
    return any(type(part) is Lookup for part in walk([term], _operands))


def _operands(term: t.Any) -> tuple[Term, ...]:
    return term.args if isinstance(term, Expression) else ()


def _awakened(expression: Expression) -> Expression:
    """Return the goal that evaluates a constraint whose variables have values now.

    A comparison that waited is evaluated as unification, as if the variable had been bound by
    it: values of different kinds differ, and are no error::

        a == b  =>  a = b
        a != b  =>  not a = b

    The exception is ``!=`` with the result of a lookup, which stays a comparison.
    """
    if expression.operator not in (Operator.EQ, Operator.NEQ):
        return expression
    if any(type(bound(arg)) is Unknown for arg in expression.args):
        return expression
    equation = Expression(Operator.UNIFY, expression.args, span=expression.span)
    if expression.operator is Operator.EQ:
        return equation
    if any(map(_is_result, expression.args)):
        return expression
    return Expression(Operator.NOT, (equation,), span=expression.span)


def _is_result(term: t.Any) -> bool:
    """Return whether a term is a variable that desugaring made for the result of a lookup."""
    return type(term) is Unknown and term.origin is Origin.LOOKUP


def _is_recorded_lookup(expression: Expression) -> bool:
    """Return whether a constraint is a single lookup, which the solver evaluates as it is."""
    return expression.operator is Operator.UNIFY and not any(
        _has_lookup(part)
        for arg in expression.args
        if isinstance(arg, Expression)
        for part in arg.args
    )


class _Detached(Term):
    """Stands for a variable itself and not for its value. Equal only to itself."""

    __slots__ = ("unknown",)

    def __init__(self, unknown: Unknown) -> None:
        self.unknown: t.Final = unknown
        self.span = None


def _attach(term: t.Any) -> t.Any:
    return fold(term, _look_at_detached, with_parts)


def _look_at_detached(term: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
    if type(term) is _Detached:
        return term.unknown, ()
    return term, () if is_ground(term) else parts(term)
