"""The code for each kind of goal: an operator, a rule call, a value that is a condition.

A goal on bound operands becomes a test, ``in`` a loop, a rule call a call of a function; a call
that binds a variable is inlined.
"""

from __future__ import annotations

import ast
import itertools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ...host.numbers import COMPARISON_FUNCTIONS
from ...nodes import ARITHMETIC, COMPARISONS, Call, Expression, Operator, Slot, Term, Value
from ...solver.class_index import Lineage
from ...solver.clauses import Clause
from ...sources import Span
from ...syntax.desugar import forall_as_negation
from ..binding_analysis import (
    ArgumentFacts,
    ClauseOrder,
    NotCompilable,
    has_cut,
    is_class_only,
    is_string,
    order_clauses,
)
from ..function_tables import chosen_function
from ..goal_forms import call_of, has_operator, only_reads, slots_in, stays_comparison
from ..quotations import expr
from ..scopes import (
    Goal,
    GoalPart,
    HandedGoal,
    Passed,
    Ref,
    Scope,
    Success,
    VariableCell,
    Variant,
    awaited_classes,
    concatenate,
    conjunct_goals,
    instance_test,
    pending_goals,
    prepend,
)
from ..snippets import (
    COMPARE,
    all_of,
    any_of,
    assign,
    block,
    call,
    compared,
    is_of,
    item_of,
    load,
    negate,
    tuple_of,
)
from .last_bindings import binds_last
from .patterns import Argument, at_most_one_matches, is_simple_head
from .places import Continuation, Following, Output, compares_silently
from .searches import SearchGoals

#: The most goals around a call that is written inline.
MAX_INLINED = 40


class GoalWriter(SearchGoals, frozen=False):
    """Writes one goal; each method is for one kind."""

    def write(self) -> Continuation:
        """Write the goal; return the goals that follow, or ``None`` if all is written."""
        term = self.goal
        if isinstance(term, GoalPart):
            return t.cast("Continuation", term.write(self.replaced(goal=term.goal)))
        # The solver checks a value when it reads it; here the next goal that uses it does.
        self.check_others(goal_operands(term))
        if id(term) in self.writer.left:
            return self._left(term)
        called = call_of(term)
        if called is not None:
            return self.rule_call(called)
        if isinstance(term, Expression):
            method = _OPERATORS.get(term.operator)
            if method is None:
                raise NotCompilable(f"'{term.operator.value.lower()}'", term.span)
            return method(self, term)
        return self.condition(term)

    # -- operators

    def all_of(self, term: Expression) -> Continuation:
        """Write a conjunction."""
        return self.go_on(*conjunct_goals(term, self.clause, self.site.within(term)))

    def negation(self, term: Expression) -> Continuation:
        """Write that a goal has no solution, searching it to the end, so that errors are raised."""
        return self._none_of(term.args[0], term)

    def for_all(self, term: Expression) -> Continuation:
        """Write ``forall(c, a)``."""
        return self._none_of(forall_as_negation(term).args[0], term)

    def _none_of(self, goal: Term, term: Expression) -> Continuation:
        below = self.site.within(term).within(None).within(None)
        found, scope = self.writer.fresh(), self.scope.copy()
        for cell in scope.cells.values():
            # A constraint on the variable within the negation must not apply outside.
            cell.is_outside = cell.ref is None
        inside = self._noting(found, scope, self.writer.finish)
        goals: list[Goal] = [(goal, self.clause, below)]
        self.writer.write_goals(prepend(goals, ()), inside.scope, inside.out, inside.place)
        self.out += [assign(found, ast.Constant(False)), block(inside.out)]
        self.fail_unless(negate(load(found)))
        return self.go_on()

    def _noting(self, found: str, scope: Scope, finish: Success) -> GoalWriter:
        """Return this goal in a block of its own, which notes that there is a solution.

        :param finish: writes what comes before that.
        """

        def note(scope: Scope, out: list[ast.stmt]) -> None:
            finish(scope, out)
            out.append(assign(found, ast.Constant(True)))

        return self.replaced(scope=scope, out=[], place=self.nested(note))

    def cut(self, term: Expression) -> Continuation:
        """Write that no other rule and no other solution before the cut is tried."""
        if len(self.site.steps) != 1:
            # Within another goal, a cut has less effect.
            raise self.not_compilable("a cut inside of another condition")
        leave = self.writer.give_up
        place = Output(leave, self.place.loops, self.place.success)
        self.writer.write_goals(self.rest, self.scope, self.out, place)
        self.out.append(leave())
        return None

    def unification(self, term: Expression) -> Continuation:
        """Write ``a = b``."""
        return self.unified(*term.args)

    def instance(self, term: Expression) -> Continuation:
        """Write ``x matches …``."""
        left, pattern = term.args
        ref = self.ref(left)
        if ref is not None:
            return self.match(ref, pattern)
        if not is_class_only(pattern):
            raise self.not_compilable("a pattern for a variable that is not bound yet")
        goal = (self.goal, self.clause, self.site)
        return self.await_class(self.unbound(left), pattern, goal)

    def comparison(self, term: Expression) -> Continuation:
        """Write a comparison."""
        refs = [self.ref(arg) for arg in term.args]
        unbound = [arg for arg, ref in zip(term.args, refs, strict=True) if ref is None]
        if unbound:
            is_equation = term.operator in (Operator.EQ, Operator.NEQ)
            if is_equation and not stays_comparison(term.operator, unbound, self._is_only_name):
                # Once the variable is bound, the solver unifies instead.
                raise self.not_compilable("a comparison with a variable that is not bound yet")
            return self.wait_for_any(*term.args)
        left, right = t.cast("list[Ref]", refs)
        values = [self.checked(left), self.checked(right)]
        how = self.constants(term, COMPARISON_FUNCTIONS[term.operator])
        test: ast.expr = self.mark(call("compare", *values, *how))
        if left.literal is None or right.literal is None:
            quick = compared(values[0], COMPARE[term.operator](), values[1])
            is_equation = term.operator in (Operator.EQ, Operator.NEQ)
            known = "simple" if is_equation else "ordered"
            test = ast.IfExp(compares_silently(left, right, known, alike=True), quick, test)
        self.fail_unless(test)
        return self.go_on()

    def _is_only_name(self, slot: Slot) -> bool:
        """Tell whether no other variable is united with one."""
        return self.scope.count_names(self.unbound(slot)) == 1

    def condition(self, term: Term) -> Continuation:
        """Write a value that is a condition."""
        if isinstance(term, Value) and type(term.value) is bool:
            return self.go_on() if term.value else self.fail()
        ref = self.ref(term)
        if ref is None:
            # As the solver does: the variable becomes 'true', as in 'forall(x in y, x.done)'.
            return self.unified(term, Value(True))
        self.check_placed(ref)
        goal, *places = self.constants(term, ref.read, ref.written)
        doubt = self.mark(call("condition", load(ref.name), goal, *places))
        holds = "X is True or (X is not False and DOUBT)"
        self.fail_unless(expr(holds, X=ref.name, DOUBT=doubt))
        return self.go_on()

    # -- goals of the solver

    def _left(self, goal: Term) -> Continuation:
        """Write that the solver solves a goal, which binds nothing for the goals that follow."""
        reason = self.writer.left[id(goal)]
        slots = slots_in(goal)
        refs = {index: self.scope.cell(self.clause, index).ref for index in slots}
        bound = {index: ref for index, ref in refs.items() if ref is not None}
        if any(ref.is_found for ref in bound.values()):
            raise NotCompilable(reason.reason, reason.span)
        if not self._is_apart(goal, slots - bound.keys()):
            raise NotCompilable(reason.reason, reason.span)
        self.writer.handed[id(goal)] = reason
        self._check_apart(bound.values())
        named = {index: ref for index, ref in sorted(bound.items()) if ref.literal is None}
        values = tuple_of([self.checked(ref) for ref in named.values()])
        what = HandedGoal(
            goal,
            max(slots, default=-1) + 1,
            tuple((index, ref.name, _span_of(ref)) for index, ref in named.items()),
            tuple((index, ref.literal) for index, ref in bound.items() if ref.literal),
        )
        made = call("solve_goal", *self.constants(what), values, load("clock"))
        return self.once(self.writer.fresh(), self.mark(made))

    def _is_apart(self, goal: Term, free: set[int]) -> bool:
        """Tell whether the solver can solve a goal apart from those around it.

        :param free: the variables of the goal without a value.
        """
        used, cells = self.used_later(), self.scope.cells
        if used is None or used & free:
            return False
        is_closed = getattr(goal, "operator", None) in (Operator.NOT, Operator.FORALL)
        if free and not (is_closed and len(self.site.steps) == 1):
            # The goal may bind them, or leave conditions on them to goals around it.
            return False
        # An error about an assignment has the name that the variable has in the run.
        if has_operator(goal, Operator.CUT) or has_operator(goal, Operator.ASSIGN):
            return False
        if any(cell.ref is not None and cell.ref.shape for cell in cells.values()):
            return False
        own = [cells[self.clause, index] for index in free]
        is_shared = any(self.scope.count_names(cell) > 1 for cell in own)
        return not is_shared and not any(cell.waiting or cell.is_outside for cell in own)

    # -- calls

    def rule_call(self, called: Call) -> Continuation:
        """Write a rule call: a call of a function, or inlined where it binds a variable."""
        if called.kwargs:
            raise self.not_compilable("keyword arguments")
        refs = [self.ref(arg) for arg in called.args]
        if any(ref is None for ref in refs):
            if self.writer.names.is_recursive(called.name):
                return self._values_found(called, refs)
            return self.in_place(called)
        bound = t.cast("list[Ref]", refs)
        self._check_apart(bound)
        lineages = tuple(_lineages(refs).items())
        variant = Variant(called.name, len(bound), _known_texts(refs), True, lineages)
        args = [self.checked(ref) for ref in bound]
        is_test = not self.rest and self.writer.variant.is_test
        is_test = is_test and self.place.success == self.writer.success
        names = [ref.name for ref in bound]
        function = chosen_function(self.writer.names, variant.replaced(is_test=is_test), names)
        passed = self.replaced(goal=_as_passed(called, bound))
        made = passed._called(function, args)
        if twice := _given_twice(bound):
            by_solver = passed._by_solver(called.name, bound, is_test)
            made = ast.IfExp(_are_decided(twice), made, by_solver)
        if self.writer.passed_on is self.goal is not None:
            return self._passed_on(made, is_test=is_test)
        if not is_test:
            return self.once(self.writer.fresh(), made)
        self.fail_unless(made)
        return self.go_on()

    def _passed_on(self, made: ast.expr, *, is_test: bool) -> Continuation:
        """Write that the rule returned by a call is returned, instead of the rule with the call."""
        name = self.writer.fresh()
        # Where the solver took over, it reports a solution without its rule.
        rule = any_of([load(name), ast.Constant(True)])
        place = self.place.replaced(success=self.writer.succeed_with(rule))
        here = self.replaced(place=place)
        if not is_test:
            return here.once(name, made)
        self.out.append(assign(name, made))
        here.fail_unless(load(name))
        return here.go_on()

    def _check_apart(self, refs: Iterable[Ref]) -> None:
        """Refuse arguments that are one term, but would have several names in another function."""
        passed = [ref for ref in refs if ref.literal is None]
        names = [ref.name for ref in passed]
        if any(ref.origin == ref.name for ref in passed):
            raise self.not_compilable("a constant that is passed to a rule and compares itself")
        if any(ref.origin in names for ref in passed):
            raise self.not_compilable("a collection that is passed to a rule with its element")

    def _by_solver(self, rule: str, refs: list[Ref], is_test: bool) -> ast.expr:
        """Write that the solver answers a call that gets some value twice."""
        function = "hand_over" if is_test else "hand_over_each"
        args = tuple_of([self.value(ref) for ref in refs])
        name, labels = self.constants(rule, tuple(ref.name for ref in refs))
        made: ast.expr = self.mark(call(function, name, args, load("clock"), labels))
        return made

    def _called(self, function: ast.expr, args: list[ast.expr]) -> ast.expr:
        """Write the call of a function of a rule."""
        made = expr("FUNCTION(*ARGS, depth + 1, clock)", FUNCTION=function, ARGS=args)
        return t.cast(ast.expr, self.mark(made))

    def _values_found(self, called: Call, refs: list[Ref | None]) -> Continuation:
        """Write a search for the values of variables, by a rule that may call itself."""
        cells = {at: self.unbound(called.args[at]) for at, ref in enumerate(refs) if ref is None}
        distinct = {id(cell): cell for cell in cells.values()}.values()
        is_odd = len(distinct) < len(cells) or any(each.is_outside for each in distinct)
        if is_odd or not all(self._may_wait(called, at, cell) for at, cell in cells.items()):
            raise self.not_compilable("a rule that calls itself and binds what others wait for")
        bound = [ref for ref in refs if ref is not None]
        self._check_apart(bound)
        variable = load("read_alone" if self._is_only_read(called, cells) else "variable")
        args = [variable if ref is None else self.checked(ref) for ref in refs]
        at_open, lineages = tuple(cells), tuple(_lineages(refs).items())
        variant = Variant(called.name, len(refs), _known_texts(refs), False, lineages, open=at_open)
        function = load(self.writer.names.function(variant))
        passed = self.replaced(goal=_as_passed(called, refs))
        if self._only_passes_on([*cells.values()]):
            names = [load(self.writer.variant.parameters[at]) for at in self.writer.variant.open]
            shared = dict(zip(cells, names, strict=True))
            args = [shared.get(at, arg) for at, arg in enumerate(args)]
            searched = passed._searched(called.name, function, args, refs)
            made: ast.expr = passed.mark(ast.YieldFrom(searched))
            self.out.append(ast.Expr(made))
            return self.fail()
        found = self.writer.fresh()
        searched = passed._searched(called.name, function, args, refs)
        _, out, place = self.loop(found, searched)
        following: list[Goal] = []
        inside = self.site.within(self.goal)
        for number, cell in enumerate(cells.values()):
            name = self.writer.fresh()
            value = item_of(load(found), ast.Constant(number))
            out.append(assign(name, value))
            following += [(goal, clause, inside) for goal, clause, _ in cell.waiting]
            for goal in cell.waiting:
                self.scope.forget(goal)
            cell.ref = Ref(name, is_found=True)
        return prepend(following, self.rest), out, place

    def _is_only_read(self, called: Call, cells: Mapping[int, VariableCell]) -> bool:
        """Tell whether what follows reads attributes of the value that is found, and nothing else.

        Then it does not matter by which other name the value is known.
        """
        (at, cell), *others = cells.items()
        slot = called.args[at]
        is_known_elsewhere = cell.waiting or self.scope.count_names(cell) > 1
        if others or is_known_elsewhere or not isinstance(slot, Slot):
            return False
        # It may become a part of a list with variables.
        if any(each.ref and each.ref.shape for each in self.scope.cells.values()):
            return False
        if any(self.scope.cell(*key) is cell for key in self.writer.open_variables):
            return False
        goals = [goal for goal, clause, _ in pending_goals(self.rest) if clause == self.clause]
        return all(not isinstance(goal, GoalPart) and only_reads(goal, slot) for goal in goals)

    def _searched(
        self, rule: str, function: ast.expr, args: list[ast.expr], refs: list[Ref | None]
    ) -> ast.expr:
        """Write the search, by the solver where a value given twice may be unequal to itself."""
        made = self._called(function, args)
        twice = _given_twice([ref for ref in refs if ref is not None])
        if not twice:
            return made
        labels = tuple(at if ref is None else ref.name for at, ref in enumerate(refs))
        name, labelled = self.constants(rule, labels)
        handed = call("hand_over_each", name, tuple_of(args), load("clock"), labelled)
        return ast.IfExp(_are_decided(twice), made, self.mark(handed))

    def _only_passes_on(self, cells: list[VariableCell]) -> bool:
        """Tell whether what a search finds is what this function finds, and nothing follows."""
        own = [self.scope.cell(*key) for key in self.writer.open_variables]
        every = self.scope.cells.values()
        return (
            not self.rest
            and self.place.success == self.writer.success
            and [*map(id, own)] == [*map(id, cells)]
            and not any(each.waiting or (each.ref and each.ref.read) for each in every)
        )

    def _may_wait(self, called: Call, at: int, cell: VariableCell) -> bool:
        """Tell whether what waits for a variable may as well come behind the rule that binds it.

        Class tests may, which ask nobody, where the rule does nothing once it has bound it.
        """
        tests = [*awaited_classes(cell)]
        return len(tests) == len(cell.waiting) and (
            not tests or binds_last(self.writer.names.candidates, called, at, {*tests})
        )

    def in_place(self, called: Call) -> Continuation:
        """Write the clauses of a rule inline, since the call binds variables."""
        refs = [self.ref(arg) for arg in called.args]
        clauses = self._matching(called, refs)
        order = self._order(clauses, refs)
        args = [
            (self.clause, t.cast(Slot, term)) if ref is None else ref
            for term, ref in zip(called.args, refs, strict=True)
        ]
        numbers = {id(clause): self.writer.next_clause() for clause in order.clauses}
        found: dict[int, str] = {}
        for clause in clauses:
            if not self._takes_one_look(clause, refs):
                here = self.replaced(clause=numbers[id(clause)])
                found[id(clause)] = here.note_match(self.writer.fresh(), clause, args)
        if len(clauses) == 1:
            return self._clause_in_place(clauses[0], numbers, found, args)
        self._one_at_most(order, refs)
        for clause in order.clauses:
            inside = self.alternative()
            goals, out, where = inside._clause_in_place(clause, numbers, found, args)
            self.writer.write_goals(goals, inside.scope, out, where)
            self.out.append(block(inside.out))
        return self.fail()

    def _matching(self, called: Call, refs: list[Ref | None]) -> list[Clause]:
        """Return the clauses that a call may match."""
        names = self.writer.names
        if names.candidates(called.name, len(refs)) is None:
            raise self.not_compilable("a rule that is not defined")
        literals = {at: ref.literal for at, ref in enumerate(refs) if ref and ref.literal}
        facts = ArgumentFacts(literals, _lineages(refs))
        clauses = names.clauses_for(called.name, len(refs), facts)
        if any(map(has_cut, clauses)):
            raise self.not_compilable("a cut in a rule that binds variables")
        if len(self.site.steps) > MAX_INLINED:
            raise self.not_compilable("a rule that binds variables and calls itself")
        return clauses

    def _order(self, clauses: list[Clause], refs: list[Ref | None]) -> ClauseOrder:
        """Return clauses in the order in which they are tried."""
        unbound = [at for at, ref in enumerate(refs) if ref is None]
        order = order_clauses(clauses, self.writer.names.host, unbound, _lineages(refs))
        if order.is_open or (order.exclusive and not all(map(is_simple_head, clauses))):
            raise self.not_compilable("rules whose order depends on others")
        return order

    def _one_at_most(self, order: ClauseOrder, refs: list[Ref | None]) -> None:
        """Write that at most one of two clauses whose order depends on a class matches."""
        matched = {}
        for number in sorted({number for pair in order.exclusive for number in pair}):
            tests = [
                instance_test(self.writer.names, ref.name, parameter.specializer)
                for ref, parameter in zip(refs, order.clauses[number].parameters, strict=True)
                if ref is not None and ref.literal is None and is_class_only(parameter.specializer)
            ]
            matched[number] = self.writer.fresh()
            self.out.append(assign(matched[number], all_of(tests or [ast.Constant(True)])))
        self.out += at_most_one_matches(order, matched, [ast.Raise(load("unforeseen"), None)])

    def _takes_one_look(self, clause: Clause, refs: list[Ref | None]) -> bool:
        return is_simple_head(clause) and all(
            isinstance(parameter.term, Slot) or ref is None or ref.literal is not None
            for parameter, ref in zip(clause.parameters, refs, strict=True)
        )

    def note_match(self, found: str, clause: Clause, args: list[Argument]) -> str:
        """Write a test whether a rule applies; return the name of the flag."""
        inside = self._noting(found, self.scope.copy(), lambda *_: None)
        inside.fail_if_excluded(clause, args)
        goals = prepend(inside.head(clause, args), ())
        self.writer.write_goals(goals, inside.scope, inside.out, inside.place)
        self.out += [assign(found, ast.Constant(False)), block(inside.out)]
        return found

    def _clause_in_place(
        self, clause: Clause, numbers: dict[int, int], found: dict[int, str], args: list[Argument]
    ) -> Following:
        number = numbers[id(clause)]
        if id(clause) in found:
            self.fail_unless(load(found[id(clause)]))
        head = self.replaced(clause=number).head(clause, args)
        site = self.site if self.goal is None else self.site.within(self.goal)
        body = self.writer.body_goals(clause, number, site)
        return prepend(head, concatenate(body, self.rest)), self.out, self.place


def _lineages(refs: Sequence[Ref | None]) -> dict[int, Lineage]:
    """Return what is known of the classes of arguments, by position."""
    return {at: ref.lineage for at, ref in enumerate(refs) if ref and ref.lineage}


def _known_texts(refs: Sequence[Ref | None]) -> tuple[tuple[int, str], ...]:
    """Return the arguments that are known strings, by position."""
    return tuple(
        (position, str(ref.literal.value))
        for position, ref in enumerate(refs)
        if ref is not None and ref.literal is not None and is_string(ref.literal)
    )


def _given_twice(refs: list[Ref]) -> list[str]:
    """Return the names of the values that a call gets more than once."""
    return sorted({ref.name for ref in refs if refs.count(ref) > 1 and not ref.literal})


def _are_decided(names: list[str]) -> ast.expr:
    """Write whether values compare without calls, and equal themselves."""
    tests = ([is_of(name, "decided"), call("equals_itself", load(name))] for name in names)
    return all_of([*itertools.chain.from_iterable(tests)])


def _span_of(ref: Ref) -> Span | None:
    """Return the place of a value that the clause itself writes or calculates."""
    return ref.written if isinstance(ref.written, Span) else None


def _as_passed(called: Call, refs: Sequence[Ref | None]) -> Call:
    """Return a call whose arguments have the places of the values, for errors in the rule."""
    if called.span is None:
        return called
    args = [
        arg
        if ref is None
        else Passed(None, span=ref.written, is_found=ref.is_found)
        if ref.written is None or isinstance(ref.written, Span)
        else Passed(ref.written)
        for arg, ref in zip(called.args, refs, strict=True)
    ]
    return Call(called.name, tuple(args), span=called.span)


def goal_operands(goal: Term) -> tuple[Term, ...]:
    """Return the operands that a goal reads first."""
    if not isinstance(goal, Expression):
        return (goal,)
    return goal.args[:1] if goal.operator is Operator.DOT else goal.args


_OPERATORS: dict[Operator, Callable[[GoalWriter, Expression], Continuation]] = {
    Operator.AND: GoalWriter.all_of,
    Operator.OR: GoalWriter.any_of,
    Operator.NOT: GoalWriter.negation,
    Operator.FORALL: GoalWriter.for_all,
    Operator.UNIFY: GoalWriter.unification,
    Operator.DOT: GoalWriter.lookup,
    Operator.IN: GoalWriter.membership,
    Operator.ISA: GoalWriter.instance,
    Operator.CUT: GoalWriter.cut,
    Operator.ASSIGN: GoalWriter.assignment,
    Operator.NEW: GoalWriter.construction,
    **dict.fromkeys(ARITHMETIC, GoalWriter.arithmetic),
    **dict.fromkeys(COMPARISONS, GoalWriter.comparison),
}
