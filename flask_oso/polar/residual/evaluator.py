"""Partial evaluation: a question about an unknown row becomes a condition on rows.

In goes a rule call one of whose arguments is an unknown row; out comes a ``Residual``. This module
has control flow, rules and recursion; ``operators.py`` has the operators. What depends on the row
becomes a condition, or is refused with its place in the policy; a condition is never widened.
"""

from __future__ import annotations

import graphlib
import itertools
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..exceptions import PolarRuntimeError
from ..host.conversion import list_elements, result_to_term
from ..host.registry import RESERVED_NAMES
from ..nodes import (
    ARITHMETIC,
    COMPARISONS,
    Call,
    Expression,
    Instance,
    Operator,
    Parameter,
    Pattern,
    Slot,
    Term,
    Unknown,
    Value,
)
from ..policy.legacy_roles import ABOVE_RULE
from ..solver.class_index import is_silent
from ..solver.class_tests import members_of_tag
from ..solver.clause_index import is_excluded
from ..solver.clauses import Clause, Template
from ..solver.rule_order import UnknownOfClass, argument_class, sort_clauses
from ..syntax.desugar import forall_as_negation
from .algebra.ir import (
    FALSE,
    TRUE,
    And,
    Closure,
    Comparison,
    Entry,
    EntryEquals,
    Exists,
    KnownRow,
    Literal,
    Not,
    Or,
    Root,
    RowCondition,
    RowPath,
    RowValue,
    SameRow,
    SelfReference,
    ToOne,
    contains,
    is_of_outer_rows,
    separated,
    walk_condition,
    with_row,
)
from .algebra.outcomes import Residual, SearchOutcome, for_row_or_nil, no_solution, test_outcome
from .algebra.schema import ValueKind
from .algebra.simplify import closure, conjunction, disjunction, exists, negation, rewrite
from .algebra.turned_recursions import turned
from .attributes.documents import is_no_boolean
from .cuts import CutDecider, TriedRule
from .database_semantics import field_of, is_null
from .equations import EquationSolver
from .host_questions import FIRST_GIVEN, Journal, Placeholder
from .operators import OperatorEvaluator
from .patterns import PatternMatcher
from .row_reads import RowReader
from .search import Branches, ClauseFrame, GoalHandler, GoalResult, Search
from .shared_calls import FoundCall, SharedCalls
from .symbolic_terms import (
    SYMBOLIC,
    Given,
    SymbolicRow,
    SymbolicTruth,
    SymbolicValue,
    has_unknown_rows,
    is_known_row,
    is_of_host,
    show_term,
)

#: How often a rule with several unknown rows may be called within itself.
MAX_ROUNDS = 10
MAX_GENERAL_ROUNDS = 2


@dataclass
class _Recursion:
    """A call under way that may be called again within itself."""

    root: Root
    is_met: bool = False


#: The outcome of a call of a recursive rule, and the call. It keeps its arguments alive: their
#: identities are part of the key.
_Done = tuple[FoundCall, Call]


class PartialEvaluator:
    """Evaluates one question with an unknown row.

    :param shared: outcomes of calls that other questions have made.
    """

    def __init__(self, search: Search, shared: SharedCalls | None = None) -> None:
        self._search = search
        self._shared = shared
        self._equations = EquationSolver(search)
        self._rows = RowReader(search, self._equations)
        operators = OperatorEvaluator(search, self._equations, self._rows)
        self._patterns = PatternMatcher(search, self._equations, self._rows)
        self._cuts = CutDecider(search, self._equations, self._patterns)
        self._recursions: dict[t.Any, _Recursion] = {}
        self._done: dict[t.Any, _Done] = {}
        #: The given objects that calls of recursive rules are about, by the place of the argument.
        self._met: dict[tuple[t.Any, ...], list[Given]] = {}
        self._rounds_of: dict[str, int] = {}
        #: The last call of a recursive rule that passes on an unknown row.
        self._passing_on: Call | None = None
        #: The outcomes of calls about arguments of the question and texts; ``None`` under way.
        self._of_fixed: dict[t.Any, tuple[SearchOutcome, Journal] | None] = {}
        self._handlers: dict[Operator, GoalHandler] = {
            Operator.AND: self._solve_and,
            Operator.OR: self._solve_or,
            Operator.NOT: self._solve_not,
            Operator.FORALL: self._solve_forall,
            Operator.UNIFY: self._equations.solve_unify,
            Operator.ASSIGN: self._equations.solve_assign,
            Operator.IN: operators.solve_in,
            Operator.ISA: self._patterns.solve_isa,
            Operator.DOT: operators.solve_dot,
            Operator.NEW: operators.solve_new,
            Operator.CUT: self._solve_cut,
            Operator.PRINT: self._solve_output,
            Operator.DEBUG: self._solve_output,
            **dict.fromkeys(COMPARISONS, operators.solve_comparison),
            **dict.fromkeys(ARITHMETIC, operators.solve_arithmetic),
        }

    def residual(
        self,
        name: str,
        args: Sequence[t.Any],
        at: int,
        cls: type,
        given: Mapping[int, t.Any] = {},
    ) -> Residual:
        """Return the rows of a class for which a rule call holds, given as one argument.

        :param args: the arguments; the one at the position of the row is ignored.
        :param at: the position of the unknown row.
        :param given: symbolic terms in the place of arguments, whose values are not read.
        :raises UnsupportedError: if no condition on rows means the same as the policy.
        :raises Exception: an error that a check raises for each row.
        """
        root = Root(cls)
        terms: list[t.Any] = [result_to_term(arg) for arg in args]
        terms[at] = SymbolicRow(root)
        for position, term in given.items():
            terms[position] = term
        try:
            question = Call(name, tuple(terms)), None
            outcome = self._search.run((self._solve_call, question, None), False)
        except RecursionError:
            raise self._search.too_deep() from None
        if outcome.holds == FALSE and outcome.fails == TRUE and self._search.errors:
            # Every check raises this.
            raise self._search.errors[0]
        if self._is_of_outer_rows(outcome):
            outcome = outcome.map(lambda condition: turned(condition, self._fresh_root))
        if self._is_of_outer_rows(outcome):
            self._search.goal = self._passing_on
            raise self._search.too_deep()
        return Residual(cls, root, separated(outcome.holds), separated(outcome.fails))

    def _is_of_outer_rows(self, outcome: SearchOutcome) -> bool:
        """Tell whether a recursion is left that has another set for each row around it."""
        parts = [*walk_condition(outcome.holds), *walk_condition(outcome.fails)]
        return any(isinstance(each, Closure) and is_of_outer_rows(each) for each in parts)

    def _push_goal(self, goal: Term, frame: ClauseFrame) -> None:
        self._search.push(self._solve, (goal, frame))

    # -- goals ----------------------------------------------------------------------------

    def _solve(self, payload: tuple[t.Any, ClauseFrame]) -> GoalResult:
        goal, frame = payload
        if isinstance(goal, Expression):
            self._search.goal = goal
            return t.cast(GoalResult, self._handlers[goal.operator](payload))
        if isinstance(goal, Call):
            return self._solve_call(payload)
        if type(goal) is Template and isinstance(goal.term, Call):
            return self._solve_call((goal.term, frame))
        return self._solve_condition(payload)

    def _solve_condition(self, payload: tuple[t.Any, ClauseFrame]) -> GoalResult:
        self._search.goal = payload[0]
        value = self._search.operand(*payload)
        if type(value) is Unknown:
            self._search.bind(value, Value(True))
            return True
        if type(value) is SymbolicTruth:
            return SearchOutcome(value.condition)
        if type(value) is SymbolicValue and field_of(value.operand).kind in (
            ValueKind.BOOLEAN,
            ValueKind.ANY,
        ):
            holds = Comparison("=", value.operand, Literal(True))
            return test_outcome(holds, _no_truth(value.operand), value.operand)
        if type(value) is SymbolicValue and isinstance(value.operand, Entry):
            is_true = EntryEquals(value.operand, Literal(True))
            return test_outcome(is_true, is_no_boolean(value.operand), value.operand)
        if isinstance(value, SYMBOLIC) and type(value) is not Given:
            raise self._search.refusal(
                f"`{show_term(value)}` is neither true nor false", "Compare it with something."
            )
        return self._equations.ask(value)

    def _solve_and(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        goal, frame = payload
        return self._solve_from((self._search.analysis.flat(goal), frame, 0))

    def _solve_from(self, payload: tuple[Expression, ClauseFrame, int]) -> GoalResult:
        """Solve the goals of a conjunction from one on.

        A goal with alternatives is solved with the goals that read what it binds, and apart from
        the others: ``(a or b) and (c or d)`` has two alternatives twice, and not four.
        """
        goal, frame, at = payload
        end = self._end_of_part(goal, frame, at)
        if end is None:
            if at + 1 < len(goal.args):
                self._search.push(self._solve_from, (goal, frame, at + 1))
            return self._solve((goal.args[at], frame))
        if end < len(goal.args):
            self._search.push(self._solve_from, (goal, frame, end))
        part = self._search.analysis.part(goal, at, end)
        return self._search.alone(self._solve_each, (part, frame))

    def _solve_each(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        goal, frame = payload
        for arg in reversed(goal.args):
            self._push_goal(arg, frame)
        return True

    def _end_of_part(self, goal: Expression, frame: ClauseFrame, at: int) -> int | None:
        """Return behind which goal nothing reads what one with alternatives binds.

        ``None`` if it binds nothing, or if all goals that follow belong to it.
        """
        first, size = goal.args[at], len(goal.args)
        if not isinstance(first, Expression) or first.operator not in (Operator.OR, Operator.IN):
            return None
        last = size if self._search.goals is not None else size - 1
        for end in range(at + 1, last + 1):
            part = self._search.analysis.part(goal, at, end)
            if self._search.binds_nothing(part, frame):
                return end if end > at + 1 else None
        return None

    def _solve_or(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        goal, frame = payload
        if self._search.goals is not None and self._search.binds_nothing(goal, frame):
            return self._search.alone(self._branch_or, payload)
        return self._branch_or(payload)

    def _branch_or(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        goal, frame = payload

        def alternative(arg: Term) -> Callable[[], GoalResult]:
            return lambda: self._solve((arg, frame))

        return Branches(map(alternative, goal.args))

    def _solve_not(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        goal, frame = payload
        return self._negated(goal.args[0], goal, frame)

    def _solve_forall(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        goal, frame = payload
        return self._negated(forall_as_negation(goal).args[0], goal, frame)

    def _negated(self, inner: Term, goal: Expression, frame: ClauseFrame) -> GoalResult:
        if not self._search.binds_nothing(goal, frame):
            raise self._search.refusal(
                "a negation has a variable that is bound only behind it",
                "Write what binds the variable in front of the negation.",
            )
        outcome = self._search.alone(self._solve, (inner, frame))
        self._search.goal = goal
        if _is_recursive(outcome.holds) or _is_recursive(outcome.endless):
            if self._passing_on is not None:
                # To read the relations of the actor one by one would take too long.
                raise self._search.too_deep()
            raise self._search.refusal(
                "a rule that calls itself in more than one way stands under a negation",
                "Have it follow one relation to one row, such as a parent.",
            )
        return no_solution(outcome)

    def _solve_cut(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        raise self._search.refusal(
            "a cut chooses among rules, which differs from row to row",
            "Have the rules exclude each other by conditions, or ask only the actor in front of the"
            " cut.",
        )

    def _solve_output(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        # There is no row to show, and none to stop at.
        return True

    # -- rules ----------------------------------------------------------------------------

    def _solve_call(self, payload: tuple[Call, t.Any]) -> GoalResult:
        call, frame = payload
        args = tuple(self._search.operand(arg, frame) for arg in call.args)
        known = Call(call.name, args, call.kwargs, span=call.span)
        is_known = not has_unknown_rows(known) and self._search.recorder is None
        if is_known and not self._cuts.may_choose(known):
            return self._equations.ask(known)
        by_arity = self._search.program.clauses(call.name)
        if by_arity is None:
            raise PolarRuntimeError(
                f"Query for undefined rule `{call.name}`{self._search.program.hint(call.name)}"
            )
        if len(args) not in by_arity:
            return False
        if call.name == ABOVE_RULE:
            self._check_levels(args[1], args[2])
        self._search.goal = call
        if not all(map(self._search.is_closed, args)):
            return self._branch_clauses(known)
        if self._search.analysis.is_recursive(call.name):
            at = self._position_of_row(known)
            if at is None:
                at = self._position_that_changes(known)
                self._passing_on = self._passing_on if at is None else call
            if at is not None:
                return self._call_again(known, at)
            return self._call_deeper(known)
        if self._search.goals is None:
            return self._branch_clauses(known)
        return self._search.alone(self._branch_clauses, known)

    def _check_levels(self, thing: t.Any, seen: t.Any) -> None:
        """Refuse resources of one class that lie in one another, for the roles of oso 0.15.

        Their rules note the whole path to a resource, so no number of levels is the last one.
        """
        rows = [each.row for each in list_elements(seen)[0] if isinstance(each, SymbolicRow)]
        if isinstance(thing, SymbolicRow) and sum(row.cls is thing.row.cls for row in rows) > 1:
            self._search.goal = None
            name = thing.row.cls.__name__
            raise self._search.refusal(
                f"`parent_child` puts one '{name}' into another, to any depth, and the roles of"
                " oso 0.15 look at the whole path",
                f'Write a resource block for \'{name}\' with `"reader" if "reader" on "parent";`.',
            )

    def _branch_clauses(self, call: Call) -> GoalResult:
        candidates = t.cast(t.Any, self._search.program.clauses(call.name))[len(call.args)]
        args = call.args
        possible, others = self._possible(candidates.for_call(args), args)
        possible, is_decided = self._cuts.matching(possible, args)
        if not possible and not others:
            return False
        clauses, is_ordered = self._in_order(possible, args)
        tried = [TriedRule(each, each.body) for each in clauses]
        if is_ordered and is_decided:
            tried = self._cuts.tried(clauses, args)

        def alternative(rule: TriedRule) -> Callable[[], GoalResult]:
            return lambda: self._enter(rule, args)

        if len(clauses) == 1 and not others:
            return self._enter(tried[0], args) if tried else False
        branches = Branches(map(alternative, tried), is_ordered=is_ordered)
        fails = self._failing_heads([*clauses, *others], args)
        if fails == FALSE:
            return branches
        self._search.push(lambda _: branches, None)
        return SearchOutcome(negation(fails), fails)

    def _failing_heads(self, clauses: list[Clause], args: tuple[t.Any, ...]) -> RowCondition:
        """Return for which rows a head raises: a check matches all of them before it tries one."""
        fails: list[RowCondition] = []
        for clause in clauses:
            if all(is_silent(clause, position) for position in range(len(args))):
                continue
            outcome = self._search.alone(self._match, (clause, args, ClauseFrame(clause)))
            fails += outcome.fails, outcome.fails_later
        return disjunction(*fails)

    def _enter(self, rule: TriedRule, args: tuple[t.Any, ...]) -> GoalResult:
        frame = ClauseFrame(rule.clause)
        if rule.body is not None:
            self._push_goal(rule.body, frame)
        return self._match((rule.clause, args, frame))

    def _match(self, payload: tuple[Clause, tuple[t.Any, ...], ClauseFrame]) -> GoalResult:
        clause, args, frame = payload
        for parameter, arg in reversed(list(zip(clause.parameters, args, strict=True))):
            self._search.push(self._match_parameter, (parameter, arg, frame))
        return True

    def _match_parameter(self, payload: tuple[Parameter, t.Any, ClauseFrame]) -> GoalResult:
        parameter, arg, frame = payload
        self._search.goal = parameter
        term, specializer = parameter.term, parameter.specializer
        if specializer is not None:
            self._search.push(self._patterns.isa, (arg, specializer, frame, parameter))
        if type(term) is Slot and frame[term.index] is None:
            frame[term.index] = arg
            if type(arg) is Unknown:
                self._search.aliased.add(arg)
            return True
        return self._equations.unified(self._search.operand(term, frame), arg)

    def _possible(
        self, clauses: Sequence[Clause], args: tuple[t.Any, ...]
    ) -> tuple[list[Clause], list[Clause]]:
        """Return the clauses that literals and classes allow to match a call for some row.

        And those about other classes whose heads may raise before the row is looked at: a check
        matches them, too. One stands for all that begin alike.
        """
        possible: list[Clause] = []
        others: dict[t.Any, Clause] = {}
        for clause in clauses:
            if is_excluded(clause, args):
                continue
            at = self._refused_at(clause, args)
            if at is None:
                possible.append(clause)
            elif not all(is_silent(clause, before) for before in range(at)):
                beginning = [(each.term, each.specializer) for each in clause.parameters[:at]]
                others.setdefault((at, *beginning), clause)
        return possible, [*others.values()]

    def _refused_at(self, clause: Clause, args: tuple[t.Any, ...]) -> int | None:
        """Return the position of a row, or nil, that is of no class that a clause is about."""
        for at, (parameter, arg) in enumerate(zip(clause.parameters, args, strict=True)):
            specializer = parameter.specializer
            if isinstance(specializer, Pattern) and not self._may_be(arg, specializer):
                return at
        return None

    def _may_be(self, arg: t.Any, pattern: Pattern) -> bool:
        """Tell whether a row, or nil, may match a pattern; another argument is not looked at."""
        tag = pattern.tag
        if tag is None or (tag not in RESERVED_NAMES and tag not in self._search.host.classes):
            return True
        if isinstance(arg, SymbolicRow):
            # A relation may lead to no row, and a class may take nil for an instance.
            nothing = (type(None),) if isinstance(arg.row, ToOne) else ()
            classes = (*self._search.classes_of(arg.row), *nothing)
        elif isinstance(arg, Instance) and arg.value is None:
            classes = (type(None),)
        else:
            return True
        return any(self._patterns.knows_one(cls, tag) is not False for cls in classes)

    def _in_order(
        self, clauses: list[Clause], args: tuple[t.Any, ...]
    ) -> tuple[list[Clause], bool]:
        """Sort clauses; tell whether the order is the same for each class of the rows."""
        if len(clauses) == 1:
            return clauses, True
        args = tuple(map(self._search.actual, args))
        rows = [arg.row for arg in args if isinstance(arg, SymbolicRow)]
        if not rows:
            return sort_clauses(clauses, args, self._search.host), True
        order: graphlib.TopologicalSorter[int] = graphlib.TopologicalSorter()
        for number in range(len(clauses)):
            order.add(number)
        numbers = {id(clause): number for number, clause in enumerate(clauses)}
        for classes in itertools.product(*map(self._search.classes_of, rows)):
            known = _with_classes(args, classes)
            mine = [c for c in clauses if self._applies_to(c, known)]
            tried = sort_clauses(mine, known, self._search.host)
            for first, second in itertools.pairwise(tried):
                order.add(numbers[id(second)], numbers[id(first)])
        try:
            return [clauses[number] for number in order.static_order()], True
        except graphlib.CycleError:
            return clauses, False

    def _applies_to(self, clause: Clause, args: list[t.Any]) -> bool:
        """Tell whether the classes of the arguments allow a clause to match."""
        for parameter, arg in zip(clause.parameters, args, strict=True):
            tag = getattr(parameter.specializer, "tag", None)
            if tag is None or (tag not in RESERVED_NAMES and tag not in self._search.host.classes):
                continue
            cls = argument_class(arg)
            is_meant = cls is None or self._patterns.knows_one(cls, tag)
            if not (is_meant or self._claims(arg, tag)):
                return False
        return True

    def _claims(self, arg: t.Any, tag: str) -> bool:
        """Tell whether an object is taken for one of a class that is not its own.

        A weak proxy is, and what a class with a test of its own takes for an instance.
        """
        classes = self._search.host.classes
        names = members_of_tag(tag, self._search.program)
        return isinstance(arg, Instance) and any(
            isinstance(arg.value, classes[name]) for name in names
        )

    # -- recursion ------------------------------------------------------------------------

    def _position_of_row(self, call: Call) -> int | None:
        """Return the position of the only unknown argument, if it is a row."""
        places = [
            n
            for n, arg in enumerate(call.args)
            if has_unknown_rows(arg) and not is_known_row(arg) and not is_of_host(arg)
        ]
        if len(places) == 1 and isinstance(call.args[places[0]], SymbolicRow):
            return places[0]
        return None

    def _position_that_changes(self, call: Call) -> int | None:
        """Return the position of the only unknown row that a recursion does not pass on as it is.

        ``within(team, above) if within(team.parent, above)``: ``above`` is the same in each round.
        """
        passed_on = self._search.analysis.passed_on(call.name, len(call.args))
        changing = [
            n
            for n, arg in enumerate(call.args)
            if n not in passed_on and has_unknown_rows(arg) and not is_known_row(arg)
        ]
        are_plain = all(
            isinstance(arg, SymbolicRow | SymbolicValue) or not has_unknown_rows(arg)
            for arg in call.args
        )
        if len(changing) != 1 or not are_plain:
            return None
        return changing[0] if isinstance(call.args[changing[0]], SymbolicRow) else None

    def _call_again(self, call: Call, at: int) -> GoalResult:
        """Solve a call of a recursive rule for any row of a class.

        ``f(x) if first(x) or (x.parent = y and f(y))  =>  x in closure(first, next)``
        """
        row = t.cast(SymbolicRow, call.args[at]).row
        asked = call.name, len(call.args), at, row.cls
        others = tuple(
            _identity(self._met_before(arg, (*asked, n)) if type(arg) is Given else arg)
            for n, arg in enumerate(call.args)
            if n != at
        )
        key = (*asked, others)
        under_way = self._recursions.get(key)
        if under_way is not None:
            under_way.is_met = True
            again = SelfReference(under_way.root.number, row)
            return self._about(row, SearchOutcome(again, endless=again), call, at)
        done = self._done.get(key)
        found = self._recurred(call, at, row.cls, key) if done is None else done[0]
        self._search.depend_on(found.journal)
        return self._about(row, _moved(found.outcome, found.root, row), call, at)

    def _met_before(self, given: Given, place: tuple[t.Any, ...]) -> Given:
        """Return the argument of an earlier call at the same place that is the same object.

        A template is given an object anew wherever it is read.
        """
        recorder, known = self._search.recorder, self._met.setdefault(place, [])
        if given in known or recorder is None:
            return given
        same = recorder.same_as(given, known) if known else given
        if same is given:
            known.append(given)
        return same

    def _recurred(self, call: Call, at: int, cls: type, key: t.Any) -> FoundCall:
        """Solve such a call once, however many paths lead to it, and questions make it."""
        shared, search = self._shared, self._search
        found = None if shared is None else shared.find(call, at, cls, search)
        if found is not None:
            self._done[key] = found, call
            return found
        with search.noting() as journal:
            found = FoundCall(*self._recur(call, at, cls, key), journal)
        if not any(map(_is_recursive, found.outcome.conditions)):
            self._done[key] = found, call
            if shared is not None:
                shared.keep(call, at, cls, search, found)
        return found

    def _recur(self, call: Call, at: int, cls: type, key: t.Any) -> tuple[Root, SearchOutcome]:
        root = self._fresh_root(cls)
        recursion = self._recursions[key] = _Recursion(root)
        args = tuple(SymbolicRow(root) if n == at else arg for n, arg in enumerate(call.args))
        outcome = self._search.alone(self._branch_clauses, Call(call.name, args, span=call.span))
        del self._recursions[key]
        self._search.goal = call
        if recursion.is_met:
            endless = self._endless(root, outcome)
            outcome = SearchOutcome(
                self._closed(root, outcome), missing=outcome.missing, endless=endless
            )
        return root, outcome

    def _call_deeper(self, call: Call) -> GoalResult:
        """Solve a call of a recursive rule with several unknown rows, to a limited depth."""
        if all(map(_is_fixed, call.args)):
            return self._call_of_fixed(call)
        args = tuple(map(self._rows.object_of, call.args))
        if args != call.args:
            # Now it may be about one unknown row: ``has_role(token.user, "reader", document)``.
            return self._solve_call((Call(call.name, args, call.kwargs, span=call.span), None))
        rounds = self._rounds_of.get(call.name, 0)
        limit = MAX_ROUNDS if self._search.recorder is None else MAX_GENERAL_ROUNDS
        if rounds >= limit:
            raise self._search.too_deep()
        self._rounds_of[call.name] = rounds + 1
        outcome = self._search.alone(self._branch_clauses, call)
        self._rounds_of[call.name] = rounds
        return outcome

    def _call_of_fixed(self, call: Call) -> GoalResult:
        """Solve a call about an argument of the question and texts once: there are few of these.

        ``has_role(actor, "reader") if has_role(actor, "writer")``: a role that follows from others.
        """
        key = call.name, *map(_identity, call.args)
        if key in self._of_fixed:
            known = self._of_fixed[key]
            if known is None:
                raise self._search.too_deep()
            self._search.depend_on(known[1])
            return known[0]
        self._of_fixed[key] = None
        with self._search.noting() as journal:
            outcome = self._search.alone(self._branch_clauses, call)
        self._search.depend_on(journal)
        if any(map(_is_recursive, outcome.conditions)):
            # It depends on another call that is under way.
            del self._of_fixed[key]
        else:
            self._of_fixed[key] = outcome, journal
        return outcome

    def _fresh_root(self, cls: type) -> Root:
        return Root(cls, self._search.fresh_number())

    def _closed(self, root: Root, outcome: SearchOutcome) -> RowCondition:
        """Return the closure of a condition that contains references to itself."""
        if outcome.fails != FALSE or outcome.fails_later != FALSE:
            raise self._search.refusal(
                "a rule that calls itself may raise an error for some rows",
                "Test for nil in front of what is read.",
            )
        if not self._is_linear(outcome.holds, root):
            raise self._search.refusal(
                "a rule calls itself twice for one row, or by way of another that does",
                "Have each round of the recursion make one call.",
            )
        return self._smallest(root, outcome.holds)

    def _is_linear(self, holds: RowCondition, root: Root) -> bool:
        """Tell whether a recursion is linear: one reference to itself, and none to another one."""
        calls = [part for part in walk_condition(holds) if isinstance(part, SelfReference)]
        return all(each.number == root.number for each in calls) and self._rounds(holds) < 2

    def _smallest(self, root: Root, holds: RowCondition) -> RowCondition:
        """Return the condition that a row is in the smallest set that a condition defines."""
        before = self._fresh_root(root.cls)
        first = rewrite(holds, lambda part: FALSE if isinstance(part, SelfReference) else None)
        return closure(Closure(root, root, first, before, _following(holds, before)))

    def _endless(self, root: Root, outcome: SearchOutcome) -> RowCondition:
        """Return the condition for the rows whose recursion runs into a circle.

        A recursion ends for the rows of the smallest set whose calls are for rows of the set. If
        no closure expresses that, the condition keeps its self-reference; a negation refuses it.
        """
        ends = _ending(outcome.endless)
        if ends is None or outcome.missing != FALSE or not self._is_linear(ends, root):
            return SelfReference(root.number, root)
        return negation(self._smallest(root, ends))

    def _rounds(self, condition: RowCondition) -> int:
        """Count the self-references along one alternative of a condition, at most."""
        if isinstance(condition, SelfReference):
            return 1
        if isinstance(condition, And):
            return sum(map(self._rounds, condition.parts))
        if isinstance(condition, Or):
            return max(map(self._rounds, condition.parts))
        if isinstance(condition, Exists):
            return self._rounds(condition.part)
        if _is_recursive(condition):
            return 2
        return 0

    def _about(self, row: RowPath, outcome: SearchOutcome, call: Call, at: int) -> SearchOutcome:
        """Return an outcome for the row of a relation, or for nil where there is none.

        ``f(x.parent)  =>  exists(x.parent: f(x.parent)) or (not exists(x.parent) and f(nil))``
        """
        if not isinstance(row, ToOne):
            return outcome
        nothing = tuple(Instance(None) if n == at else arg for n, arg in enumerate(call.args))
        without = self._search.alone(
            self._solve_call, (Call(call.name, nothing, span=call.span), None)
        )
        return for_row_or_nil(row, outcome, without)


def _is_fixed(term: t.Any) -> bool:
    """Tell whether a term is a text, or a row that is an argument of the question."""
    if isinstance(term, Value):
        return type(term.value) is str
    if not is_known_row(term):
        return False
    # An object that was read is another one wherever it is read.
    value = term.row.value.value
    return type(value) is Placeholder and value < FIRST_GIVEN


def _is_recursive(condition: RowCondition) -> bool:
    """Tell whether a condition contains a self-reference."""
    return contains(condition, SelfReference)


def _ending(endless: RowCondition) -> RowCondition | None:
    """Return when a search ends, given when it is endless; ``None`` if no closure can express it.

    ``exists(p: a)  =>  not exists(p) or exists(p: not a)`` for a row of which there is one.
    """
    if isinstance(endless, SelfReference):
        return endless
    if not _is_recursive(endless):
        return negation(endless)
    if isinstance(endless, And | Or):
        parts = [_ending(part) for part in endless.parts]
        join = disjunction if isinstance(endless, And) else conjunction
        return None if None in parts else join(*t.cast(list[RowCondition], parts))
    if not isinstance(endless, Exists) or not isinstance(endless.row, ToOne):
        return None
    inner = _ending(endless.part)
    if inner is None:
        return None
    return disjunction(negation(Exists(endless.row, TRUE)), exists(endless.row, inner))


def _following(condition: RowCondition, before: Root) -> RowCondition:
    """Keep the alternatives with a self-reference, given a row of the set."""
    if isinstance(condition, SelfReference):
        return SameRow(condition.row, before)
    if not _is_recursive(condition):
        return condition
    if isinstance(condition, Or):
        kept = filter(_is_recursive, condition.parts)
        return disjunction(*(_following(part, before) for part in kept))
    if isinstance(condition, And):
        return conjunction(*(_following(part, before) for part in condition.parts))
    if isinstance(condition, Exists):
        return exists(condition.row, _following(condition.part, before))
    raise AssertionError("A self-reference stands where none can be.")


def _no_truth(operand: RowValue) -> RowCondition:
    """Return the condition that a column is neither true nor false."""
    if not field_of(operand).is_declared:
        return is_null(operand)
    return conjunction(*(Not(Comparison("=", operand, Literal(each))) for each in (True, False)))


def _identity(term: t.Any) -> t.Any:
    if isinstance(term, Value):
        return type(term.value), term.value
    if is_known_row(term):
        return KnownRow, term.row
    if type(term) is Given:
        return Given, term.number
    if type(term) is SymbolicRow:
        return SymbolicRow, term.row
    if type(term) is SymbolicValue:
        return SymbolicValue, term.operand
    return Instance, id(term.value) if isinstance(term, Instance) else id(term)


def _moved(outcome: SearchOutcome, root: Root, row: RowPath) -> SearchOutcome:
    """Return an outcome for another row."""
    return outcome.map(lambda condition: with_row(condition, root, row))


def _with_classes(args: tuple[t.Any, ...], classes: tuple[type, ...]) -> list[t.Any]:
    """Replace unknown rows by placeholders of given classes, without making instances."""
    left = iter(classes)
    return [UnknownOfClass(next(left)) if isinstance(arg, SymbolicRow) else arg for arg in args]
