"""Desugaring: rewrites expressions to the form that the solver evaluates.

In goes a parsed rule or query; out comes one in which no lookup, arithmetic or ``new`` is nested
in another expression: each becomes a goal whose last operand is a variable for the result. The
goal is placed beside the smallest conjunct around it::

    x.a > 1        =>  x.a = _value_1 and _value_1 > 1
    x.a = 1        =>  _value_1 = 1 and x.a = _value_1
    f(x, x.a);     =>  f(x, _value_1) if x.a = _value_1;

In a unification it comes after the conjunct, as in the second line, so that a recursive call may
bind the operands first. Every ``_`` becomes a variable with a name of its own. The variables of a
rule become ``Slot``s, which have an index.

``forall(c, a)`` stays as it is: traces, proofs, messages and the place of computed goals inside it
are its own. Whoever evaluates it takes the negation that ``forall_as_negation`` makes of it.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Sequence

from ..nodes import (
    ARITHMETIC,
    Expression,
    Operator,
    Origin,
    Parameter,
    Rule,
    Slot,
    Term,
    Value,
    Variable,
    is_ground,
    parts,
    rebuilt,
    with_parts,
)
from ..sources import Span
from ..traversal import fold, is_control
from ..value_objects import Record

_EXTRACTED = ARITHMETIC | {Operator.DOT, Operator.NEW}
#: The names of the variables for results, by operation.
_RESULT_NAMES = {
    Operator.DOT: "value",
    Operator.NEW: "instance",
    Operator.MOD: "temp",
    Operator.REM: "temp",
}
#: Operations that may wait until after the unification they belong to.
_DEFERRED = _EXTRACTED - {Operator.NEW, Operator.MOD}
#: How deep to recurse before ``fold`` takes over: recursion is faster, and seldom needs more.
_LEVELS = 5


def rewrite_rule(rule: Rule) -> Rule:
    """Rewrite the body of a rule, then its head, whose computed goals end the body.

    Its variables become ``Slot``s, so that a clause of it needs no copy of its terms.
    """
    rewriter = _Rewriter({})
    rewriter.number_parameters(rule.parameters)
    conjuncts: list[Term] = []
    if rule.body is not None:
        conjuncts.extend(rewriter.conjuncts(rule.body))
    computed: list[Term] = []
    parameters = tuple([rewriter.parameter(each, computed) for each in rule.parameters])
    conjuncts.extend(computed)
    if not conjuncts:
        return Rule(rule.name, parameters, None, rule.span)
    span = rule.span if rule.body is None else rule.body.span
    body = Expression(Operator.AND, tuple(conjuncts), span)
    return Rule(rule.name, parameters, body, rule.span)


def rewrite_query(query: Term) -> Term:
    """Rewrite a query. In a query that is a single unification, computed goals come first."""
    rewriter = _Rewriter(None)
    if isinstance(query, Expression) and query.operator is Operator.UNIFY:
        computed: list[Term] = []
        goal = rewriter.value(query, computed)
        return _before(computed, goal)
    return rewriter.condition(query)


def flattened(rule: Rule) -> Rule:
    """Flatten the conjunctions that rewriting nested, for messages that show the rule.

    ``(a and b) and c  =>  a and b and c``
    """
    if rule.body is None:
        return rule
    body = fold(rule.body, _look_at_control, _flat)
    return Rule(rule.name, rule.parameters, body, rule.span)


def _look_at_control(term: Term) -> tuple[Term, Sequence[Term]]:
    return term, term.args if is_control(term) else ()


def _flat(term: Expression, parts_of_term: list[Term]) -> Term:
    args: list[Term] = []
    for arg in parts_of_term:
        is_nested = isinstance(arg, Expression) and arg.operator is Operator.AND
        if term.operator is Operator.AND and is_nested:
            args.extend(t.cast(Expression, arg).args)
        else:
            args.append(arg)
    return t.cast(Term, with_parts(term, args))


class _Rewriter:
    """Rewrites one rule or query, and numbers its new variables.

    :param indices: of the variables of a rule so far; ``None`` for a query, whose variables stay
        without an index.
    """

    def __init__(self, indices: dict[tuple[str, Origin], int] | None) -> None:
        self._indices = indices
        self._count = 0

    def number_parameters(self, parameters: Sequence[Parameter]) -> None:
        """Give the named parameters the first indices: the debugger shows them first."""
        for each in parameters:
            if isinstance(each.term, Variable) and each.term.name != "_":
                self._written(each.term)

    def _variable(self, name: str, origin: Origin, span: Span | None) -> Variable:
        if self._indices is None:
            return Variable(name, origin, span)
        index = self._indices.setdefault((name, origin), len(self._indices))
        return Slot(index, name, origin, span)

    def _written(self, term: Variable) -> Variable:
        if term.name == "_":
            return self._anonymous(term)
        return term if self._indices is None else self._variable(term.name, term.origin, term.span)

    def _anonymous(self, like: Variable) -> Variable:
        self._count += 1
        # All rules of a policy share these names.
        name = sys.intern(f"_{self._count}")
        return self._variable(name, Origin.ANONYMOUS, like.span)

    def _result(self, term: Expression) -> Variable:
        self._count += 1
        origin = Origin.LOOKUP if term.operator is Operator.DOT else Origin.COMPUTED
        kind = _RESULT_NAMES.get(term.operator, "op")
        return self._variable(sys.intern(f"_{kind}_{self._count}"), origin, term.span)

    def conjuncts(self, term: Term) -> list[Term]:
        """Give the goals that a rule's body consists of."""
        if isinstance(term, Expression) and term.operator is Operator.AND:
            return [self.condition(arg) for arg in term.args]
        return [self.condition(term)]

    def condition(self, term: Term, levels: int = _LEVELS) -> Term:
        """Rewrite a term that is a condition."""
        if not is_control(term):
            return self._goal(term)
        if levels and term.operator is not Operator.FORALL:
            return rebuilt(term, [self.condition(arg, levels - 1) for arg in term.args])
        return t.cast(Term, fold(term, self._look_at_condition, with_parts))

    def _look_at_condition(self, term: Term | _InForall) -> tuple[Term, Sequence[t.Any]]:
        if isinstance(term, _InForall):
            return self._part_of_forall(term.term)
        if not is_control(term):
            return self._goal(term), ()
        if term.operator is Operator.FORALL:
            return term, [_InForall(arg) for arg in term.args]
        return term, term.args

    def _part_of_forall(self, term: Term) -> tuple[Term, Sequence[t.Any]]:
        if is_control(term):
            return self._look_at_condition(term)
        computed: list[Term] = []
        goal = self.value(term, computed)
        return _after(goal, computed), ()

    def _goal(self, term: Term) -> Term:
        computed: list[Term] = []
        goal = self.value(term, computed)
        if not computed:
            return goal
        if isinstance(term, Expression) and term.operator is Operator.UNIFY:
            operators = {part.operator for part in computed if isinstance(part, Expression)}
            if operators <= _DEFERRED:
                return _after(goal, computed)
        return _before(computed, goal)

    def parameter(self, parameter: Parameter, computed: list[Term]) -> Parameter:
        """Rewrite the term and the specializer of a parameter."""
        term, specializer = parameter.term, parameter.specializer
        new_term = self.value(term, computed)
        new_specializer = None if specializer is None else self.value(specializer, computed)
        if new_term is term and new_specializer is specializer:
            return parameter
        return Parameter(new_term, new_specializer)

    def value(self, term: Term, computed: list[Term], levels: int = _LEVELS) -> Term:
        """Rewrite an operand; the goals that compute its parts are appended to ``computed``."""
        if type(term) is Value:
            return term
        if isinstance(term, Variable):
            return self._written(term)
        inside = term.args if isinstance(term, Expression) else _inside(term)
        if not inside:
            return term
        if levels:
            args = [self.value(part, computed, levels - 1) for part in inside]
            return self._made(term, args, computed)

        def make(term: Term, args: list[Term]) -> Term:
            return self._made(term, args, computed)

        return t.cast(Term, fold(term, self._look, make))

    def _look(self, term: Term) -> tuple[Term, Sequence[Term]]:
        if isinstance(term, Variable):
            return self._written(term), ()
        return term, _inside(term)

    def _made(self, term: Term, args: list[Term], computed: list[Term]) -> Term:
        """Rebuild a term with rewritten parts; the term itself, if they are unchanged."""
        if isinstance(term, Expression) and _is_computed(term):
            result = self._result(term)
            computed.append(Expression(term.operator, (*args, result), term.span))
            return result
        return rebuilt(term, args)


def _inside(term: Term) -> Sequence[Term]:
    return () if is_ground(term) else parts(term)


def forall_as_negation(goal: Expression) -> Expression:
    """Return ``forall(c, a)`` as ``not (c and not a)``, which has the same solutions."""
    condition, action = goal.args
    wrong = Expression(Operator.NOT, (action,), span=action.span)
    both = Expression(Operator.AND, (condition, wrong), span=goal.span)
    return Expression(Operator.NOT, (both,), span=goal.span)


class _InForall(Record):
    """An operand of ``forall``, in which computed goals come after the goal."""

    term: Term


def _is_computed(term: Expression) -> bool:
    """Tell whether an expression computes a result, which needs a goal and a variable."""
    operands = 1 if term.operator is Operator.NEW else 2
    return term.operator in _EXTRACTED and len(term.args) <= operands


# Nested conjunctions of two goals, since each is a step in the backtrace of an error.


def _before(computed: Sequence[Term], goal: Term) -> Term:
    for step in reversed(computed):
        goal = Expression(Operator.AND, (step, goal), step.span)
    return goal


def _after(goal: Term, computed: Sequence[Term]) -> Term:
    for step in computed:
        goal = Expression(Operator.AND, (goal, step), goal.span)
    return goal
