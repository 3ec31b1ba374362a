"""Bring expressions into the form that the solver evaluates (specification 4.2).

In goes a parsed rule or query; out comes one in which no dot lookup, arithmetic or
``new`` stands inside another expression: each became a goal of its own whose last
operand names the result. A goal goes next to the smallest conjunct around it::

    x.a > 1        =>  x.a = _value_1 and _value_1 > 1
    x.a = 1        =>  _value_1 = 1 and x.a = _value_1
    f(x, x.a);     =>  f(x, _value_1) if x.a = _value_1;

The second form, after the conjunct, is for unifications, where it lets a recursive
call bind the operands first. Every ``_`` gets a name of its own here too.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence

from .nodes import (
    ARITHMETIC,
    Call,
    Dictionary,
    Expression,
    List,
    Operator,
    Parameter,
    Pattern,
    Rule,
    Term,
    Variable,
    is_ground,
)

_EXTRACTED = ARITHMETIC | {Operator.DOT, Operator.NEW}
#: How the variable for the result of an operation is called.
_RESULT_NAMES = {
    Operator.DOT: "value",
    Operator.NEW: "instance",
    Operator.MOD: "temp",
    Operator.REM: "temp",
}
#: Operations that may wait until after the unification they belong to.
_DEFERRED = _EXTRACTED - {Operator.NEW, Operator.MOD}
_CONTROL = frozenset({Operator.AND, Operator.OR, Operator.NOT, Operator.FORALL})


def rewrite_rule(rule: Rule) -> Rule:
    """Rewrite the body of a rule, then its head: what the head computes ends the body."""
    rewriter = _Rewriter()
    conjuncts: list[Term] = []
    if rule.body is not None:
        conjuncts.extend(rewriter.conjuncts(rule.body))
    computed: list[Term] = []
    parameters = tuple(
        Parameter(
            rewriter.value(parameter.term, computed),
            parameter.specializer and rewriter.value(parameter.specializer, computed),
            span=parameter.span,
        )
        for parameter in rule.parameters
    )
    conjuncts.extend(computed)
    if not conjuncts:
        return Rule(rule.name, parameters, span=rule.span)
    span = rule.span if rule.body is None else rule.body.span
    body = Expression(Operator.AND, tuple(conjuncts), span=span)
    return Rule(rule.name, parameters, body, span=rule.span)


def rewrite_query(query: Term) -> Term:
    """Rewrite a query. What a query that is one unification needs is computed first."""
    rewriter = _Rewriter()
    if isinstance(query, Expression) and query.operator is Operator.UNIFY:
        computed: list[Term] = []
        goal = rewriter.value(query, computed)
        return _before(computed, goal)
    return rewriter.condition(query)


def flattened(rule: Rule) -> Rule:
    """Splice the conjunctions that rewriting nested, for messages that show the rule.

    ``(a and b) and c  =>  a and b and c``
    """
    if rule.body is None:
        return rule
    return dataclasses.replace(rule, body=_flat(rule.body))


def _flat(term: Term) -> Term:
    if not isinstance(term, Expression) or term.operator not in _CONTROL:
        return term
    args: list[Term] = []
    for arg in map(_flat, term.args):
        is_nested = isinstance(arg, Expression) and arg.operator is Operator.AND
        if term.operator is Operator.AND and is_nested:
            args.extend(t.cast(Expression, arg).args)
        else:
            args.append(arg)
    return dataclasses.replace(term, args=tuple(args))


class _Rewriter:
    """Numbers the variables of one rule or query."""

    def __init__(self) -> None:
        self._count = 0

    def _fresh(self, kind: str, like: Term) -> Variable:
        self._count += 1
        name = f"_{kind}_{self._count}" if kind else f"_{self._count}"
        return Variable(name, span=like.span)

    def conjuncts(self, term: Term) -> list[Term]:
        """Give the goals that a rule's body consists of."""
        if isinstance(term, Expression) and term.operator is Operator.AND:
            return [self.condition(arg) for arg in term.args]
        return [self.condition(term)]

    def condition(self, term: Term) -> Term:
        """Rewrite a term that stands for a whole condition."""
        if isinstance(term, Expression):
            if term.operator in (Operator.AND, Operator.OR, Operator.NOT):
                args = tuple(self.condition(arg) for arg in term.args)
                return dataclasses.replace(term, args=args)
            if term.operator is Operator.FORALL:
                args = tuple(self._part_of_forall(arg) for arg in term.args)
                return dataclasses.replace(term, args=args)
        computed: list[Term] = []
        goal = self.value(term, computed)
        if isinstance(term, Expression) and term.operator is Operator.UNIFY:
            operators = {part.operator for part in computed if isinstance(part, Expression)}
            if operators <= _DEFERRED:
                return _after(goal, computed)
        return _before(computed, goal)

    def _part_of_forall(self, term: Term) -> Term:
        if isinstance(term, Expression) and term.operator in _CONTROL:
            return self.condition(term)
        computed: list[Term] = []
        goal = self.value(term, computed)
        return _after(goal, computed)

    def value(self, term: Term, computed: list[Term]) -> Term:
        """Rewrite an operand; the goals that compute its parts are appended to ``computed``."""
        if is_ground(term):
            return term
        if isinstance(term, Variable):
            return self._fresh("", term) if term.name == "_" else term
        if isinstance(term, Expression):
            return self._expression(term, computed)
        return self._parts(term, computed)

    def _expression(self, term: Expression, computed: list[Term]) -> Term:
        args = tuple(self.value(arg, computed) for arg in term.args)
        operands = 1 if term.operator is Operator.NEW else 2
        if term.operator not in _EXTRACTED or len(args) > operands:
            return dataclasses.replace(term, args=args)
        result = self._fresh(_RESULT_NAMES.get(term.operator, "op"), term)
        computed.append(Expression(term.operator, (*args, result), span=term.span))
        return result

    def _parts(self, term: Term, computed: list[Term]) -> Term:
        """Rewrite the parts of a list, a dictionary, a pattern or a call."""

        def pairs(fields: tuple[tuple[str, Term], ...]) -> tuple[tuple[str, Term], ...]:
            return tuple((key, self.value(part, computed)) for key, part in fields)

        if isinstance(term, List):
            items = tuple(self.value(item, computed) for item in term.items)
            rest = term.rest and self.value(term.rest, computed)
            return List(items, rest, span=term.span)
        if isinstance(term, Dictionary):
            return Dictionary(pairs(term.fields), span=term.span)
        if isinstance(term, Pattern):
            return Pattern(term.tag, pairs(term.fields), span=term.span)
        if isinstance(term, Call):
            args = tuple(self.value(arg, computed) for arg in term.args)
            return Call(term.name, args, pairs(term.kwargs), span=term.span)
        return term


# Conjunctions of two, nested, since each counts as a step in the trace of an error.


def _before(computed: Sequence[Term], goal: Term) -> Term:
    for step in reversed(computed):
        goal = Expression(Operator.AND, (step, goal), span=step.span)
    return goal


def _after(goal: Term, computed: Sequence[Term]) -> Term:
    for step in computed:
        goal = Expression(Operator.AND, (goal, step), span=goal.span)
    return goal
