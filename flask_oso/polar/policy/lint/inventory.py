"""The inventory of a rule: its terms by kind, collected in one traversal for all checks.

In goes a parsed rule; out come its terms, unordered. Most rules are fine, so terms are sorted by
their place only when there is something to report.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ...nodes import Expression, List, Operator, Pattern, Rule, Slot, Term, Value, Variable, parts
from ...traversal import terms_of


class Inventory(t.NamedTuple):
    """The terms of a rule by kind, at any depth."""

    variables: list[Variable]
    patterns: list[Pattern]
    #: Each ``*rest`` of a list; it is also among the variables.
    rests: list[Term]
    #: ``x.name``, ``x.name(…)``, ``x.(name)``
    lookups: list[Expression]
    #: ``x matches Pattern``
    matches: list[Expression]
    #: ``a = b``, ``a == b``, ``a != b``, ``a in b``
    comparisons: list[Expression]

    @property
    def has_literals_only(self) -> bool:
        """Whether no variable, pattern or operation is in the rule."""
        return not any(self)


_COMPARING = (Operator.UNIFY, Operator.EQ, Operator.NEQ, Operator.IN)


def take_inventory(rule: Rule) -> Inventory:
    """Collect the terms of a rule."""
    inventory = Inventory([], [], [], [], [], [])
    variables, patterns, rests, lookups, matches, comparisons = inventory
    # The work list grows during the loop.
    terms = terms_of(rule.parameters, rule.body)
    for term in terms:
        kind = type(term)
        if kind is Slot or kind is Variable:
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


def matched_patterns(rule: Rule, inventory: Inventory) -> list[Term | None]:
    """Give what parameters and goals are matched with, in the order of the text."""
    goals = in_text_order(inventory.matches)
    return [*(each.specializer for each in rule.parameters), *(goal.args[1] for goal in goals)]


_T = t.TypeVar("_T", bound=Term)


def in_text_order(terms: Iterable[_T]) -> list[_T]:
    """Sort terms by their place in the text."""
    found = [*terms]
    # Most are none or one.
    return sorted(found, key=_start) if len(found) > 1 else found


def _start(term: Term) -> int:
    return term.span.start if term.span else 0
