"""What stands in a rule, gathered in one walk for all that is checked of it.

In goes a rule as it was parsed; out come its terms by kind. Most rules have nothing wrong
with them, so the order of the text is made only where something is said.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ...nodes import Expression, List, Operator, Pattern, Rule, Term, Value, Variable, parts


class Inventory(t.NamedTuple):
    """The terms of a rule that are of interest, whatever they stand in."""

    variables: list[Variable]
    patterns: list[Pattern]
    #: Each ``*rest`` of a list, which is a variable, too.
    rests: list[Term]
    #: ``x.name``, ``x.name(…)``, ``x.(name)``
    lookups: list[Expression]
    #: ``x matches Pattern``
    matches: list[Expression]
    #: ``a = b``, ``a == b``, ``a != b``, ``a in b``
    comparisons: list[Expression]


_COMPARING = (Operator.UNIFY, Operator.EQ, Operator.NEQ, Operator.IN)


def take_inventory(rule: Rule) -> Inventory:
    """Gather the terms of a rule."""
    inventory = Inventory([], [], [], [], [], [])
    variables, patterns, rests, lookups, matches, comparisons = inventory
    # The list of what waits grows while it is walked through.
    terms = _roots(rule)
    for term in terms:
        kind = type(term)
        if kind is Variable:
            variables.append(t.cast(Variable, term))
        elif isinstance(term, Expression):
            terms += term.args
            if term.operator is Operator.DOT:
                lookups.append(term)
            elif term.operator is Operator.ISA:
                matches.append(term)
            elif term.operator in _COMPARING:
                comparisons.append(term)
        elif kind is not Value:
            terms += parts(term)
            if isinstance(term, Pattern):
                patterns.append(term)
            elif isinstance(term, List) and term.rest is not None:
                rests.append(term.rest)
    return inventory


def _roots(rule: Rule) -> list[Term]:
    terms: list[Term] = []
    for parameter in rule.parameters:
        terms.append(parameter.term)
        if parameter.specializer is not None:
            terms.append(parameter.specializer)
    if rule.body is not None:
        terms.append(rule.body)
    return terms


_T = t.TypeVar("_T", bound=Term)


def in_text_order(terms: Iterable[_T]) -> list[_T]:
    """Give terms in the order of the text."""
    return sorted(terms, key=_start)


def _start(term: Term) -> int:
    return term.span.start if term.span else 0
