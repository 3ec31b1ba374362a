"""The code for each kind of goal in a specialization."""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Sequence

from ....host.numbers import COMPARISON_FUNCTIONS
from ....host.value_classes import EQUATED, MOMENTS
from ....nodes import (
    COMPARISONS,
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Origin,
    Pattern,
    Slot,
    Term,
    Value,
)
from ....solver.clauses import Clause
from ....syntax.desugar import forall_as_negation
from ....traversal import conjuncts_in, is_operation
from ...binding_analysis import NotCompilable, has_cut, is_string, order_clauses
from ...goal_forms import call_of, stays_comparison, written_term
from ...quotations import stmt
from ...scopes import Pending, pending_goals, prepend
from ...snippets import (
    COMPARE,
    all_of,
    any_of,
    compared,
    is_more_than,
    is_type,
    load,
    method_call,
    size_of,
    tuple_of,
)
from ..clauses.chains import asks_again, link_in, numbers_in
from ..clauses.clause_forms import PutOff, is_operand
from ..clauses.delegations import Delegation
from ..patterns import fields_in, has_open_fields, is_like
from ..regions import GIVE_UP, MAX_STEPS, Fact, Known, Region, RuleCall, give_up_if
from ..solution_keys import NOTED
from ..value_tests import (
    ARITHMETIC_OF_PYTHON,
    CONTAINERS,
    EQUATIONS,
    is_comparable,
    is_modulus,
    is_small,
    is_small_literal,
    written,
)
from .compounds import is_open_compound
from .heads import Heads
from .keeping import write_kept


class GoalStep(Heads, frozen=False):
    """Writes one goal of a clause, given the goals that follow."""

    def take(self) -> tuple[Region, Pending] | None:
        """Write the goal; return the region and the goals that follow, or ``None`` for none."""
        if isinstance(self.goal, PutOff):
            self.goal, self.waits, self.of_all, self.is_ahead = self.goal
        term = self.goal
        called = call_of(term)
        if called is not None:
            return self._call(called)
        if not isinstance(term, Expression):
            return self._condition(term)
        method = _OPERATORS.get(term.operator)
        if method is None:
            raise NotCompilable(f"'{term.operator.value.lower()}'", term.span)
        return method(self, term)

    # -- operators

    def conjunction(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write all of several goals."""
        goals = prepend([(arg, self.clause) for arg in term.args], self.rest)
        return self.region, goals

    def unification(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``a = b``."""
        forms = [written_term(arg) for arg in term.args]
        if any(map(is_open_compound, term.args)):
            if any(all(isinstance(each, kind) for each in forms) for kind in (List, Dictionary)):
                return self.compounds_unified(term)
            is_first = is_open_compound(term.args[0])
            return self.compound_unified(*(term.args if is_first else term.args[::-1]))
        left, right = (self._value(arg) for arg in term.args)
        if left is not None and right is not None:
            return self._at(self.values_unified(self.region, left, right))
        variables = [self._variable(arg) for arg in term.args]
        if left is None and right is None:
            one, other = t.cast("list[int]", variables)
            if one != other:
                self.env.unite(one, other)
            return self._at(self.region)
        if left is None:
            return self._bind(t.cast(int, variables[0]), t.cast(Known, right), self.region)
        return self._bind(t.cast(int, variables[1]), left, self.region)

    def lookup(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``x.a = v``."""
        owner, key, result = term.args
        inner = written_term(key)
        if isinstance(inner, Call):
            return self.method(self._bound(owner), inner, result)
        if not is_string(key):
            return self._computed_entry(self._bound(owner), self._bound(key), result)
        name = str(t.cast(Value, key).value)
        value, known = self._bound(owner), self._value(result)
        if known is not None:
            region = self.values.rows.compare_relation(self.region, value, name, known, term.span)
            if region is not None:
                return self._at(region)
        elif (region := self.related(value, name, result)) is not None:
            return self._at(region, self.rest[1])
        elif self.values.rows.is_told_by_key(self.region, value, name) and (
            (pending := self.behind_reads(term)) is not None
        ):
            return self._at(self.region, pending)
        if (found := self.among_proxied(value, name, result)) is not None:
            return found
        if self._is_computed(value, name):
            return self.observed(value, name, None, result)
        made = self.values.read(self.region, value, name, term.span)
        return self._result(self.region, made, result)

    def _computed_entry(
        self, owner: Known, key: Known, result: Term
    ) -> tuple[Region, Pending] | None:
        """Write a lookup of a computed name in a dictionary. One that has none is no match."""
        is_odd = owner.literal is not None or owner.exact not in (None, dict)
        if is_odd or key.choices is not None or key.exact not in (None, str):
            raise NotCompilable("a field that is computed", self.goal.span)
        region, made = self.entry_found(key, owner)
        return self._result(region, made, result)

    def arithmetic(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``a + b = v`` of small integers, or of two floats."""
        values = [self._bound(arg) for arg in term.args[:2]]
        python = ARITHMETIC_OF_PYTHON.get(term.operator)
        is_odd = any(value.choices or value.exact not in (None, int, float) for value in values)
        if python is None or is_odd:
            raise NotCompilable("this arithmetic", term.span)
        sign, limit = python
        region = self.region
        unknown = {value.name: value for value in values if value.literal is None}
        if not unknown or not all(map(is_small_literal, values)):
            raise NotCompilable("arithmetic of literals", term.span)
        is_modulo = term.operator is Operator.MOD
        if is_modulo and not is_modulus(values[1]):
            raise NotCompilable("this arithmetic", term.span)
        tests = [is_small(name, limit) for name in unknown]
        if not is_modulo:
            floats = [is_type(name, "float") for name in unknown]
            tests = [any_of([*pair]) for pair in zip(tests, floats, strict=True)]
        fact: Fact = ("small", term.operator, *(value.key for value in values))
        operands = [*unknown.values()]
        region = self.guards.guard(region, fact, all_of(tests), operands, term.span)
        value = ast.BinOp(written(values[0]), sign(), written(values[1]))
        made = self.guards.computed(region, value, ("made", *fact[1:]), term.span)
        region.known["number", made.name] = made
        region.note_checked(made)
        return self._result(region, made, term.args[2])

    def instance(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``x matches Class``."""
        left, right = term.args
        whole = written_term(right)
        value, variable = self._value(left), self._variable(left)
        if value is not None and has_open_fields(whole):
            return self._fields_matched(value, variable, t.cast(Pattern, whole))
        pattern = self.patterns.pattern(right)
        if value is None:
            self.env.wait(t.cast(int, variable), pattern)
            return self._at(self.region)
        region, value = self.patterns.class_test(self.region, value, pattern, term.span)
        if variable is not None:
            self.env.values[variable] = value
        return self._at(region)

    def _fields_matched(
        self, value: Known, variable: int | None, pattern: Pattern
    ) -> tuple[Region, Pending] | None:
        """Write that a value is of a class, if one is named, and that its fields match."""
        if self.woken()[0] and fields_in(pattern) > 1:
            # The solver looks at the goal that waits between two of them.
            raise NotCompilable("fields behind what a goal waits for", self.goal.span)
        region, value = self._tag_matched(self.region, value, pattern)
        if variable is not None:
            self.env.values[variable] = value
        return self._at(self._parts_matched(region, value, pattern))

    def _tag_matched(
        self, region: Region, value: Known, pattern: Pattern
    ) -> tuple[Region | None, Known]:
        if pattern.tag is None:
            return region, value
        bare = self.patterns.pattern(Pattern(pattern.tag, span=pattern.span))
        return self.patterns.class_test(region, value, bare, self.goal.span)

    def _parts_matched(
        self, region: Region | None, value: Known, pattern: Pattern
    ) -> Region | None:
        """Write that fields match, which may be patterns: ``nil`` has none of theirs."""
        for name, part in reversed(pattern.fields):
            if region is None:
                return None
            span, inner = pattern.span or self.goal.span, written_term(part)
            known = None if isinstance(inner, Pattern) else self._value(part)
            if known is not None:
                rows = self.values.rows
                related = rows.compare_relation(region, value, name, known, span)
                if related is not None:
                    region = related
                    continue
            made = self.values.read(region, value, name, span)
            if isinstance(inner, Pattern):
                if inner.fields:
                    region = self.values.is_nil(region, made, span, holds=False)
                if region is not None:
                    region, made = self._tag_matched(region, made, inner)
                region = self._parts_matched(region, made, inner)
                continue
            if known is not None:
                region = self.values.equal(region, known, made, self.goal.span)
                continue
            bound = self._bind(self._unbound(part), made, region)
            region = None if bound is None else bound[0]
        return region

    def comparison(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write a comparison, of values that Python compares without calls."""
        operator = term.operator
        unbound = [arg for arg in term.args if self._value(arg) is None]
        if unbound and (
            operator not in EQUATIONS or stays_comparison(operator, unbound, self._is_only_name)
        ):
            return self._put_off()
        values = [self._bound(arg) for arg in term.args]
        equate = self._equation(values, term) if operator in EQUATIONS else None
        return self._at(self._scalars_compared(values, term) if equate is None else equate())

    def _equation(
        self, values: list[Known], term: Expression
    ) -> Callable[[], Region | None] | None:
        """Return what compares two values of which one is no scalar; ``None`` if Python does."""
        holds, here = term.operator is Operator.EQ, self.region
        for one, other in (values, values[::-1]):
            if one.exact is type(None):
                return lambda: self.values.is_nil(here, other, term.span, holds=holds)
            if self.values.may_be_member(other, one):
                return lambda: self.values.is_member(here, other, one, term.span, holds=holds)
        if any(map(self.values.is_told, values)) and not any(v.literal for v in values):
            compare = self.values.equal if holds else self.values.unequal
            return lambda: compare(here, values[0], values[1], term.span)
        return None

    def _scalars_compared(self, values: list[Known], term: Expression) -> Region | None:
        """Write that Python compares two values, which are strings, numbers or dates."""
        operator = term.operator
        for value in values:
            is_odd = value.exact is not None and value.exact not in (EQUATED | MOMENTS)
            if is_odd or value.choices is not None:
                raise NotCompilable("a comparison of objects", term.span)
        unknown = [value for value in values if value.literal is None]
        literals = [value.literal for value in values if value.literal is not None]
        keys, region = [value.key for value in values], self.region
        if unknown:
            literal = literals[0] if literals else None
            is_known = is_comparable(unknown, literal, operator, self.guards.fresh("p"))
            # Of a literal only the class counts.
            kinds = [type(each.value) for each in literals]
            checked = "ordered", operator in EQUATIONS, *(each.key for each in unknown), *kinds
            region = self.guards.guard(region, checked, is_known, unknown, term.span)
        elif {type(each.value) for each in literals} not in ({int}, {str}):
            raise NotCompilable("a comparison of this kind of literals", term.span)
        else:
            one, other = literals
            return region if COMPARISON_FUNCTIONS[operator](one.value, other.value) else None
        key: Fact = (operator, *keys)
        test = compared(written(values[0]), COMPARE[operator](), written(values[1]))
        inner = self.guards.under(region, key, test, [], term.span)
        if literals and inner is region.inside.get(key):
            # What few of many rules want of another value is compared first.
            inner.late, inner.ordered = key, unknown[0] if unknown else None
        return inner

    def _is_only_name(self, slot: Slot) -> bool:
        """Tell whether no other variable is united with one."""
        return [*self.env.names.values()].count(self._unbound(slot)) <= 1

    def negation(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write that a goal has no solution."""
        value = self._compared_with_nil(term.args[0])
        if value is not None:
            # No region of its own: what follows may belong to a chain of objects.
            return self._at(self.values.is_nil(self.region, value, term.span, holds=False))
        goal, env = term.args[0], self.env.copy()
        self._check_bound_outside(goal)
        # What waits for a variable is tested where that is bound, which is not in here.
        env.waiting = {}
        env.is_watched = True

        def write(inner: Region) -> None:
            bound = set(env.values)
            self.writer.run(inner, prepend([(goal, self.clause)], ()), env, self.asking)
            numbers = set(self.env.names.values())
            if any(number in numbers and number not in bound for number in env.values):
                raise NotCompilable("a negation that binds a variable", term.span)

        key = ("not", _Itself(goal), *self._operands(goal))
        inner = self.writer.written_once(self.region, key, self.asking, write, is_negated=True)
        return self._at(self.writer.unless(self.region, inner, term.span))

    def _check_bound_outside(self, goal: Term) -> None:
        """Refuse a negation about a variable that is united with another one, or conditions wait
        for, and has no value: the solver notes what the variable must not be.
        """
        numbers, names = numbers_in(((goal, self.clause), ()), self.env.copy()), self.env.names
        free = {*numbers} - self.env.values.keys()
        if not free:
            return
        put_off = self._put_off_about()
        every = [*names.values()]
        for number in free:
            if every.count(number) > 1 or number in put_off or self.env.waiting.get(number):
                raise NotCompilable("a negation that binds a variable", goal.span)

    def _operands(self, goal: Term) -> list[t.Any]:
        """Return what the variables of a goal stand for, by which it is told from another one."""
        numbers, values = numbers_in(((goal, self.clause), ()), self.env.copy()), self.env.values
        free = [number for number in dict.fromkeys(numbers) if number not in values]
        return [free.index(number) if number in free else values[number].key for number in numbers]

    def _compared_with_nil(self, goal: Term) -> Known | None:
        """Return the value that a goal compares with ``nil``, if it does nothing else.

        An attribute, too: it is read here, whether it is ``nil`` or not.
        """
        goals = [*conjuncts_in(goal)]
        reads = [each for each in goals if is_operation(each, Operator.DOT)]
        if len(goals) == 2 and len(reads) == 1:
            (equation,) = (each for each in goals if each is not reads[0])
            return self._attribute_that_is_nil(reads[0], equation)
        if not isinstance(goal, Expression) or goal.operator not in _EQUALITIES:
            return None
        values = [self._value(arg) if is_operand(arg) else None for arg in goal.args]
        for one, other in (values, values[::-1]):
            if one is not None and other is not None and one.exact is type(None):
                return other
        return None

    def _attribute_that_is_nil(self, read: Expression, equation: Term) -> Known | None:
        owner, key, result = read.args
        if not isinstance(equation, Expression) or equation.operator not in _EQUALITIES:
            return None
        if not (isinstance(result, Slot) and result.origin is Origin.LOOKUP):
            return None
        others = [arg for arg in equation.args if getattr(arg, "index", None) != result.index]
        if not (len(others) == 1 and isinstance(others[0], Instance) and others[0].value is None):
            return None
        value = self._value(owner) if is_operand(owner) else None
        if value is None or not is_string(key) or self._value(result) is not None:
            return None
        name = str(t.cast(Value, key).value)
        if value.is_literal or self._is_computed(value, name):
            return None
        return self.values.read(self.region, value, name, read.span)

    def assignment(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``x := y``, where nothing is known of ``x``."""
        variable, value = self._variable(term.args[0]), self._value(term.args[1])
        is_used = [*self.env.names.values()].count(t.cast(int, variable)) > 1
        if variable is None or value is None or variable in self.env.values or is_used:
            raise NotCompilable("an assignment to what may have a value", term.span)
        if self.env.waiting.get(variable) or variable in self._put_off_about():
            raise NotCompilable("an assignment to what may have a value", term.span)
        return self._bind(variable, value, self.region)

    def for_all(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``forall(c, a)``."""
        return self.negation(forall_as_negation(term))

    def _condition(self, term: Term) -> tuple[Region, Pending] | None:
        """Write a value that is true."""
        if isinstance(term, Value) and type(term.value) is bool:
            return self._at(self.region if term.value else None)
        value = self._value(term)
        if value is None:
            # As the solver does: the variable becomes 'true', as in 'forall(x in y, x.done)'.
            return self._bind(self._unbound(term), Known("", literal=Value(True)), self.region)
        if value.literal is not None and type(value.literal.value) is bool:
            # An entry of a constant.
            return self._at(self.region if value.literal.value else None)
        if not value.is_unknown:
            raise NotCompilable("a condition that is no attribute", term.span)
        is_true = compared(load(value.name), ast.Is(), ast.Constant(True))
        doubt = give_up_if(compared(load(value.name), ast.IsNot(), ast.Constant(False)))
        key = ("true", value.name)
        inner = self.guards.under(self.region, key, is_true, [doubt], term.span)
        inner.note_checked(value)
        return self._at(inner)

    # -- calls

    def _call(self, called: Call) -> tuple[Region, Pending] | None:
        if called.kwargs:
            raise NotCompilable("keyword arguments", self.goal.span)
        if called.name == NOTED:
            return self._noted([self._passed(arg) for arg in called.args])
        values = [self._passed(arg) for arg in called.args]
        if self.writer.kept is not None and None not in values:
            args = tuple(t.cast("list[Known]", values))
            kept = write_kept(self, self.writer.kept, called, args)
            if kept is not None:
                return kept[0]
        has_function = self.guards.names.is_recursive(called.name)
        self.guards.meets_recursion |= has_function
        is_open, delegation = any(value is None for value in values), self.writer.delegation
        is_called = self.guards.functions is not None and has_function
        if is_called and (is_open or delegation is Delegation.IN_PLACE):
            return self._by_function(called, values)
        if is_open:
            return self.in_place(called, values)
        node = called.name, tuple(t.cast("list[Known]", values))
        if self.writer.delegates(self.region, node, self.asking):
            if delegation is Delegation.BY_FUNCTION:
                return self._by_function(called, values)
            if delegation is Delegation.GIVEN_UP:
                self._give_up()
                return None
        return self._ask(node)

    def _ask(self, node: RuleCall) -> tuple[Region, Pending] | None:
        """Ask a rule about values: the question itself if nothing follows, or a condition."""
        name, args = node
        if any(arg.choices is not None for arg in args):
            raise NotCompilable("a string of several that is passed on", self.goal.span)
        for arg in args:
            self.guards.check_sandbox(self.region, arg)
        if not self.rest and not any(self.env.waiting.values()):
            self.writer.ask(self.region, node, self.asking)
            return None
        key: Fact = ("call", name, *(arg.key for arg in args))
        inner = self.writer.written_once(
            self.region, key, self.asking, lambda inner: self.writer.ask(inner, node, self.asking)
        )
        found: Fact = ("found", inner.found)
        return self._at(
            self.guards.under(self.region, found, load(inner.found), [], self.goal.span)
        )

    def _give_up(self) -> None:
        """Write that the function gives up where it comes here."""
        if self.region.above is None:
            raise NotCompilable("a rule that asks itself in any case", self.goal.span)
        self.region.reads.append(GIVE_UP)

    def _by_function(
        self, called: Call, values: list[Known | None]
    ) -> tuple[Region, Pending] | None:
        """Write that a function finds the solutions of a rule that calls itself."""
        opened = [arg for arg, value in zip(called.args, values, strict=True) if value is None]
        if len({self._variable(arg) for arg in opened}) < len(opened):
            raise NotCompilable("a variable that is passed twice", self.goal.span)
        values = [None if each is None else self._as_row(each) for each in values]
        found = self.guards.solutions(self.region, called.name, values, self.goal.span)
        if not opened:
            holds: Fact = ("holds", found.name)
            return self._at(
                self.guards.under(self.region, holds, load(found.name), [], self.goal.span)
            )
        if self.woken()[0]:
            raise NotCompilable("a goal that waits for what a rule finds", self.goal.span)
        # The function has them in an order of its own.
        self.guards.leave_place()
        if self._are_noted(opened):
            return self._all_noted(found), ()
        region: Region | None
        region, item = self.guards.loop(self.region, found, self.goal.span)
        region.note_checked(item)
        if len(opened) > 1:
            return self._at(self._parts(region, opened, item))
        return self._bind(t.cast(int, self._variable(opened[0])), item, region)

    def _as_row(self, value: Known) -> Known:
        """Return a related row that is not ``nil`` as one of the class its relation leads to.

        So what a rule without a class asks of each parent is read from the rows.
        """
        cls = self.values.rows.related_one(value)
        if cls is None or self.region.holds(("nil", value.name, False)) is None:
            return value
        self.values.rows.check_class(self.region, value)
        return value.replaced(exact=cls)

    def _are_noted(self, opened: Sequence[Term]) -> bool:
        """Tell whether what a call finds is what the function finds, as it is."""
        if len(pending := [*pending_goals(self.rest)]) != 1 or any(self.env.waiting.values()):
            return False
        goal, clause = pending[0]
        if not isinstance(goal, Call) or goal.name != NOTED:
            return False
        numbers = [self.env.variable(clause, arg.index) for arg in goal.args]  # type: ignore[attr-defined]
        return numbers == [self._variable(arg) for arg in opened]

    def _all_noted(self, found: Known) -> Region:
        """Write that all solutions of a call are solutions of the function."""
        key: Fact = ("noted", self.guards.fresh())
        region = self.guards.under(self.region, key, load(found.name), [], self.goal.span)
        region.give_up_if(is_more_than(size_of(found.name), MAX_STEPS))
        added = method_call(load("solutions"), "extend", load(found.name))
        region.first = [ast.Expr(added)]
        return region

    def _noted(self, values: Sequence[Known | None]) -> tuple[Region, Pending]:
        """Write that there is a solution, of which the open arguments have become these values.

        INVARIANT: what equals nothing, not even itself, is not given to a caller that may have it
        under another name: the solver asks no value whether it equals itself.
        """
        known = [value for value in values if value is not None and value.choices is None]
        if len(known) < len(values):
            raise NotCompilable("a variable that is not bound", self.goal.span)
        region, names = self.region, [value.name for value in known]
        has_odd = self.guards.names.found.has_odd_constants()
        for value in known:
            self.guards.check_sandbox(region, value)
            if value.literal is not None:
                if value.literal.value != value.literal.value:
                    raise NotCompilable("a literal that is no number", self.goal.span)
                continue
            if has_odd or names.count(value.name) > 1:
                self.guards.check_itself(region, value)
            if value.exact in CONTAINERS:
                continue
            if value.exact is None and value.source is None:
                self.guards.check_itself(region, value)
            elif value.name in self.guards.given:
                region = t.cast(Region, self.values.equal(region, value, value, self.goal.span))
        if values:
            key: Fact = ("noted", self.guards.fresh())
            region = self.guards.under(region, key, ast.Constant(True), [], self.goal.span)
            parts = [written(value) for value in known]
            solution = parts[0] if len(parts) == 1 else tuple_of(parts)
            region.first = [stmt("solutions.append(X)", X=solution)]
        return region, self.rest

    def in_place(self, called: Call, values: list[Known | None]) -> tuple[Region, Pending] | None:
        """Write the clauses of a rule inline, since the call binds a variable."""
        possible = self.patterns.possible(called.name, values, self.region)
        if possible is None:
            raise NotCompilable("a rule that is not defined", self.goal.span)
        takes_lists = self.guards.functions is not None
        clauses = self.patterns.matching(
            possible, values, takes_lists=takes_lists, region=self.region
        )
        if any(map(has_cut, clauses)):
            self._with_cuts(called, clauses, values)
            return None
        self._each(
            lambda here, clause: here._clause_in_place(called, clause, values),
            [(clause, clause.body) for clause in clauses],
            is_in_order=self._are_in_order(clauses, values),
        )
        return None

    def _are_in_order(self, clauses: list[Clause], values: list[Known | None]) -> bool:
        """Tell whether the solver tries clauses in this order, and no head asks anything more."""
        opened = [at for at, value in enumerate(values) if value is None]
        order = order_clauses(clauses, self.guards.names.host, opened)
        is_kept = order.is_known and order.clauses == clauses
        return is_kept and all(is_like(clauses[0], each, values) for each in clauses[1:])

    def _with_cuts(self, called: Call, clauses: list[Clause], values: list[Known | None]) -> None:
        """Write clauses of which some have a cut, inline."""
        opened = {at: self._unbound(called.args[at]) for at, v in enumerate(values) if v is None}
        is_awaited = any(self.env.waiting.get(number) for number in opened.values())
        is_awaited |= bool(self.woken()[0])
        if is_awaited or len({*opened.values()}) < len(opened):
            raise NotCompilable("a cut in rules that bind variables", clauses[0].rule.span)
        for clause in clauses:
            is_repeated = asks_again(self.guards.names, clause.body)
            if is_repeated and self.guards.functions is None:
                raise NotCompilable("a cut in a rule that calls itself", clause.rule.span)

        def write(
            region: Region, clause: Clause, goals: Sequence[Term] | None, goes_on: bool
        ) -> None:
            here = self.replaced(region=region, rest=self.rest if goes_on else ())
            here._clause_in_place(called, clause, values, goals)

        self.guards.are_placed = False
        self.writer.clauses_with_cuts(self.region, clauses, values, write, opened)

    def _clause_in_place(
        self,
        called: Call,
        clause: Clause,
        values: list[Known | None],
        goals: Sequence[Term] | None = None,
    ) -> None:
        """Write a clause, and the goals that follow the call.

        :param goals: its goals, if they are not those of its body.
        """
        env = self.env.copy()
        opened = {
            at: env.variable(self.clause, t.cast(Slot, arg).index)
            for at, (arg, value) in enumerate(zip(called.args, values, strict=True))
            if value is None
        }
        inside = self.replaced(env=env, clause=self.writer.next_clause())
        matched = inside.head_matched(clause, values, opened, goals)
        if matched is None:
            return
        here, pending = matched
        is_again = asks_again(self.guards.names, clause.body)
        link = link_in(values) if is_again and here is self.region else None
        if link is not None:
            here = self.guards.under(here, ("link", link.name), ast.Constant(True), [], None)
            here.subject = here.subject or link
        before = self.region if is_again or here is not self.region else None
        self.writer.enter(clause)
        self.writer.run(here, pending, env, self.asking, before)
        self.writer.leave(clause)


class _Itself:
    """Stands for a goal in a key: equals that of the same goal alone.

    INVARIANT: it keeps the goal alive, so that no other gets its identity: that of a ``forall`` is
    made anew for each.
    """

    __slots__ = ("_goal",)

    def __init__(self, goal: Term) -> None:
        self._goal = goal

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self._goal is other._goal

    def __hash__(self) -> int:
        return id(self._goal)


_EQUALITIES = (Operator.EQ, Operator.UNIFY)
_OPERATORS: dict[Operator, t.Callable[[GoalStep, Expression], tuple[Region, Pending] | None]] = {
    Operator.AND: GoalStep.conjunction,
    Operator.OR: GoalStep.disjunction,
    Operator.NOT: GoalStep.negation,
    Operator.FORALL: GoalStep.for_all,
    Operator.UNIFY: GoalStep.unification,
    Operator.ASSIGN: GoalStep.assignment,
    Operator.DOT: GoalStep.lookup,
    Operator.IN: GoalStep.membership,
    Operator.ISA: GoalStep.instance,
    **dict.fromkeys(COMPARISONS, GoalStep.comparison),
    **dict.fromkeys(ARITHMETIC_OF_PYTHON, GoalStep.arithmetic),
}
