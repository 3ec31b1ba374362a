"""The code for each kind of goal in a specialization."""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ...host import sandbox
from ...nodes import COMPARISONS, Call, Expression, Instance, List, Operator, Pattern, Term, Value
from ...solver.clauses import Clause, Slot, Template
from ...sources import Span
from ...syntax.desugar import forall_as_negation
from ..binding_analysis import NotCompilable, has_cut, is_plain, is_string
from ..scopes import Pending, concatenate, prepend
from ..snippets import COMPARE, all_of, any_of, compared, is_type, load, negate
from .guards import GuardInterface
from .regions import GIVE_UP, Fact, Known, Region, RuleCall, Variables


class SpecializationInterface(t.Protocol):
    """What a goal needs of the writer of its function."""

    names: GuardInterface

    def next_clause(self) -> int: ...
    def next_alternative(self) -> None: ...
    def forget_order(self) -> None: ...
    def ask(self, region: Region, node: RuleCall, asking: Fact | None) -> None: ...
    def run(self, region: Region, goals: Pending, env: Variables, asking: Fact) -> None: ...
    def read(self, region: Region, owner: Known, name: str, span: Span | None) -> Known: ...
    def check_sandbox(self, region: Region, value: Known) -> None: ...
    def equal(
        self, region: Region, one: Known, other: Known, span: Span | None
    ) -> Region | None: ...
    def pattern(self, specializer: t.Any) -> Pattern: ...
    def may_match(self, clause: Clause, args: Sequence[Known | None]) -> bool: ...
    def class_test(
        self, region: Region, value: Known, pattern: Pattern, span: Span | None
    ) -> tuple[Region | None, Known]: ...
    def compare_relation(
        self, region: Region, owner: Known, name: str, other: Known, span: Span | None
    ) -> Region | None: ...
    def loop(
        self, region: Region, collection: Known, span: Span | None
    ) -> tuple[Region, Known]: ...
    def apart(self, region: Region) -> Region: ...
    def under(
        self,
        region: Region,
        key: Fact,
        test: ast.expr,
        otherwise: list[ast.stmt],
        span: Span | None,
    ) -> Region: ...


@dataclass
class GoalStep:
    """Writes one goal of a clause, given the goals that follow."""

    writer: SpecializationInterface
    region: Region
    rest: Pending
    env: Variables
    clause: int
    goal: Term
    asking: Fact

    def take(self) -> tuple[Region, Pending] | None:
        """Write the goal; return the region and the goals that follow, or ``None`` for none."""
        term = self.goal
        if isinstance(term, Template) and isinstance(term.term, Call):
            return self._call(term.term)
        if isinstance(term, Call):
            return self._call(term)
        if not isinstance(term, Expression):
            return self._condition(term)
        method = _OPERATORS.get(term.operator)
        if method is None:
            raise NotCompilable(f"'{term.operator.value.lower()}'", term.span)
        return method(self, term)

    def _at(
        self, region: Region | None, rest: Pending | None = None
    ) -> tuple[Region, Pending] | None:
        return None if region is None else (region, self.rest if rest is None else rest)

    # -- operands

    def _variable(self, term: Term) -> int | None:
        return self.env.variable(self.clause, term.index) if isinstance(term, Slot) else None

    def _value(self, term: Term) -> Known | None:
        """Return the value of an operand; ``None`` if it is unbound."""
        if isinstance(term, Slot):
            return self.env.values.get(self.env.variable(self.clause, term.index))
        if isinstance(term, Value):
            return Known("", literal=term)
        if isinstance(term, Instance) and _is_itself(type(term.value)):
            return Known(self.writer.names.constant(term.value), exact=type(term.value))
        raise NotCompilable("a list, a dictionary or a pattern", term.span)

    def _bound(self, term: Term) -> Known:
        value = self._value(term)
        if value is None:
            raise NotCompilable("a variable that is not bound yet", self.goal.span)
        return value

    def _bind(self, variable: int, value: Known, region: Region) -> tuple[Region, Pending] | None:
        here: Region | None = region
        for pattern in self.env.waiting.pop(variable, ()):
            here, value = self.writer.class_test(t.cast(Region, here), value, pattern, pattern.span)
            if here is None:
                return None
        self.env.values[variable] = value
        return self._at(here)

    # -- operators

    def conjunction(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write all of several goals."""
        goals = prepend([(arg, self.clause) for arg in term.args], self.rest)
        return self.region, goals

    def disjunction(self, term: Expression) -> None:
        """Write each alternative, together with the goals that follow."""
        for arg in term.args:
            self.writer.next_alternative()
            goals = prepend([(arg, self.clause)], self.rest)
            self.writer.run(self.region, goals, self.env.copy(), self.asking)

    def unification(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``a = b``."""
        left, right = (self._value(arg) for arg in term.args)
        if left is not None and right is not None:
            return self._at(self.writer.equal(self.region, left, right, term.span))
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
        if not is_string(key):
            raise NotCompilable("a method, or a field that is computed", term.span)
        name = str(t.cast(Value, key).value)
        value, known = self._bound(owner), self._value(result)
        if known is not None:
            region = self.writer.compare_relation(self.region, value, name, known, term.span)
            if region is not None:
                return self._at(region)
        made = self.writer.read(self.region, value, name, term.span)
        if known is not None:
            return self._at(self.writer.equal(self.region, known, made, term.span))
        return self._bind(t.cast(int, self._variable(result)), made, self.region)

    def membership(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``x in xs``."""
        item, collection = term.args
        if isinstance(collection, List):
            return self._among(item, collection)
        region, element = self.writer.loop(self.region, self._bound(collection), term.span)
        known = self._value(item)
        if known is not None:
            return self._at(self.writer.equal(region, known, element, term.span))
        return self._bind(t.cast(int, self._variable(item)), element, region)

    def _among(self, item: Term, collection: List) -> tuple[Region, Pending] | None:
        items = collection.items
        if collection.rest is not None or not items or not all(map(is_string, items)):
            raise NotCompilable("a search in a list of more than strings", self.goal.span)
        known = self._bound(item)
        texts = frozenset(str(t.cast(Value, each).value) for each in collection.items)
        if known.literal is not None or known.choices is not None:
            raise NotCompilable("a literal that is searched for", self.goal.span)
        choices = Known(self.writer.names.constant(texts), choices=texts)
        return self._at(self.writer.equal(self.region, choices, known, self.goal.span))

    def instance(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``x matches Class``."""
        left, right = term.args
        pattern = self.writer.pattern(right)
        value, variable = self._value(left), self._variable(left)
        if value is None:
            waiting = self.env.waiting.get(t.cast(int, variable), ())
            self.env.waiting[t.cast(int, variable)] = (*waiting, pattern)
            return self._at(self.region)
        region, value = self.writer.class_test(self.region, value, pattern, term.span)
        if variable is not None:
            self.env.values[variable] = value
        return self._at(region)

    def comparison(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write a comparison of two integers, or of two strings."""
        values = [self._bound(arg) for arg in term.args]
        region, kind = self.region, None
        for value in values:
            if value.exact is not None or value.choices is not None:
                raise NotCompilable("a comparison of objects", term.span)
            if value.literal is not None:
                kind = type(value.literal.value)
        unknown = [value for value in values if value.literal is None]
        if kind not in (int, str, None) or not unknown:
            raise NotCompilable("a comparison of this kind of literals", term.span)
        test = compared(*self._compared(values, COMPARE[term.operator]()))
        key: Fact = ("ordered", *(value.name for value in unknown))
        if kind is None:
            names = [value.name for value in unknown]
            is_known = any_of(
                [all_of([is_type(name, k) for name in names]) for k in ("int", "str")]
            )
        else:
            key = (kind, unknown[0].name)
            is_known = is_type(unknown[0].name, kind.__name__)
        region = self.writer.under(region, key, is_known, [GIVE_UP], term.span)
        for value in unknown:
            region.known["checked", value.name] = value
        key = (term.operator, *(value.key for value in values))
        return self._at(self.writer.under(region, key, test, [], term.span))

    def _compared(
        self, values: list[Known], sign: ast.cmpop
    ) -> tuple[ast.expr, ast.cmpop, ast.expr]:
        left, right = (
            load(v.name) if v.literal is None else ast.Constant(v.literal.value) for v in values
        )
        return left, sign, right

    def negation(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write that a goal has no solution."""
        inner = self.writer.apart(self.region)
        env = self.env.copy()
        bound = set(env.values)
        self.writer.run(inner, prepend([(term.args[0], self.clause)], ()), env, self.asking)
        numbers = set(self.env.names.values())
        if any(number in numbers and number not in bound for number in env.values):
            raise NotCompilable("a negation that binds a variable", term.span)
        key = ("not", inner.found)
        return self._at(
            self.writer.under(self.region, key, negate(load(inner.found)), [], term.span)
        )

    def for_all(self, term: Expression) -> tuple[Region, Pending] | None:
        """Write ``forall(c, a)``."""
        return self.negation(forall_as_negation(term))

    def _condition(self, term: Term) -> tuple[Region, Pending] | None:
        """Write a value that is true."""
        if isinstance(term, Value) and type(term.value) is bool:
            return self._at(self.region if term.value else None)
        value = self._bound(term)
        if value.literal is not None or value.choices is not None or value.exact is not None:
            raise NotCompilable("a condition that is no attribute", term.span)
        is_true = compared(load(value.name), ast.Is(), ast.Constant(True))
        doubt = compared(load(value.name), ast.IsNot(), ast.Constant(False))
        key = ("true", value.name)
        otherwise: list[ast.stmt] = [ast.If(doubt, [GIVE_UP], [])]
        return self._at(self.writer.under(self.region, key, is_true, otherwise, term.span))

    # -- calls

    def _call(self, called: Call) -> tuple[Region, Pending] | None:
        if called.kwargs:
            raise NotCompilable("keyword arguments", self.goal.span)
        values = [self._value(arg) for arg in called.args]
        if any(value is None for value in values):
            return self._in_place(called, values)
        args = tuple(t.cast("list[Known]", values))
        if any(arg.choices is not None for arg in args):
            raise NotCompilable("a string of several that is passed on", self.goal.span)
        for arg in args:
            self.writer.check_sandbox(self.region, arg)
        if not self.rest and not any(self.env.waiting.values()):
            self.writer.ask(self.region, (called.name, args), self.asking)
            return None
        inner = self.writer.apart(self.region)
        self.writer.ask(inner, (called.name, args), self.asking)
        region = self.region
        return self._at(
            self.writer.under(region, ("found", inner.found), load(inner.found), [], self.goal.span)
        )

    def _in_place(self, called: Call, values: list[Known | None]) -> tuple[Region, Pending] | None:
        """Write the clauses of a rule inline, since the call binds a variable."""
        candidates = self.writer.names.candidates(called.name, len(values))
        if candidates is None:
            raise NotCompilable("a rule that is not defined", self.goal.span)
        clauses = [clause for clause in candidates if self.writer.may_match(clause, values)]
        if len(clauses) > 1:
            self.writer.forget_order()
        for clause in clauses:
            if has_cut(clause):
                raise NotCompilable("a cut", clause.rule.span)
            self._clause_in_place(called, clause, values)
        return None

    def _clause_in_place(self, called: Call, clause: Clause, values: list[Known | None]) -> None:
        env, number = self.env.copy(), self.writer.next_clause()
        region: Region | None = self.region
        for at, parameter in enumerate(clause.parameters):
            value, term = values[at], parameter.term
            span = parameter.span
            if isinstance(term, Value):
                if value is None:
                    raise NotCompilable("a literal that a variable has to become", span)
                region = self.writer.equal(
                    t.cast(Region, region), Known("", literal=term), value, span
                )
            elif not isinstance(term, Slot):
                raise NotCompilable("a list or dictionary in a head", span)
            elif (number, term.index) in env.names:
                raise NotCompilable("a variable that stands in a head twice", span)
            elif value is None:
                outer = env.variable(self.clause, t.cast(Slot, called.args[at]).index)
                env.names[number, term.index] = outer
                if parameter.specializer is not None:
                    pattern = self.writer.pattern(parameter.specializer)
                    env.waiting[outer] = (*env.waiting.get(outer, ()), pattern)
            else:
                if parameter.specializer is not None:
                    pattern = self.writer.pattern(parameter.specializer)
                    region, value = self.writer.class_test(
                        t.cast(Region, region), value, pattern, span
                    )
                env.values[env.variable(number, term.index)] = value
            if region is None:
                return
        goals = concatenate(body_goals(clause, number), self.rest)
        self.writer.run(t.cast(Region, region), goals, env, self.asking)


def _is_itself(cls: type) -> bool:
    """Tell whether a constant of a class is an object that does not claim to be another."""
    return is_plain(cls) and sandbox.passes_sandbox(cls)


_OPERATORS: dict[Operator, t.Callable[[GoalStep, Expression], tuple[Region, Pending] | None]] = {
    Operator.AND: GoalStep.conjunction,
    Operator.OR: GoalStep.disjunction,
    Operator.NOT: GoalStep.negation,
    Operator.FORALL: GoalStep.for_all,
    Operator.UNIFY: GoalStep.unification,
    Operator.DOT: GoalStep.lookup,
    Operator.IN: GoalStep.membership,
    Operator.ISA: GoalStep.instance,
    **dict.fromkeys(COMPARISONS, GoalStep.comparison),
}


def body_goals(clause: Clause, number: int) -> Pending:
    """Return the goals of a clause."""
    return () if clause.body is None else ((clause.body, number), ())
