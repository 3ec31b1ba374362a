"""Rules that are there in tests only, and that a negation asks for.

In go the whole policy and the names that it declares; out come errors. A rule without clauses never
holds, which allows nothing, except under ``not``: there it would allow what it denies in a test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ...exceptions import OsoError, ValidationError
from ...nodes import Call, Expression, Operator, Rule, Term
from ...sources import located
from ...spelling import Guesses
from ...traversal import goals_in
from ..policy import Policy, calls_in

#: Behind these, what does not hold may allow.
_NEGATIONS = (Operator.NOT, Operator.FORALL)


def check_absent_rules(policy: Policy, declared: Collection[str]) -> list[OsoError]:
    """Give an error for each rule that only tests have facts of, and that a negation asks for.

    :param declared: names whose rules may be missing wherever they are asked for.
    """
    absent = {name for name in policy.declared if not policy.rules[name]}.difference(declared)
    return (
        [_wrong(call) for call in _negated_calls(policy) if call.name in absent] if absent else []
    )


def absent_names(rules: Mapping[str, Sequence[Rule]]) -> Iterator[str]:
    """Give the names that rules ask for and that have no rule.

    One that is close to the name of a rule is left out: most likely it is misspelt.
    """
    calls = (call for group in rules.values() for rule in group for call in calls_in(rule.body))
    guesses = Guesses()
    for name in dict.fromkeys(call.name for call in calls):
        if name not in rules and guesses.nearest(name, rules) is None:
            yield name


def _negated_calls(policy: Policy) -> Iterator[Call]:
    """Give the calls that a negation or a cut depends on, also through other rules."""
    waiting = [call for rule in policy.rules_in_source_order() for call in _negated(rule.body)]
    seen: set[str] = set()
    for call in waiting:
        yield call
        if call.name not in seen:
            seen.add(call.name)
            for rule in policy.rules.get(call.name, ()):
                waiting += calls_in(rule.body)


def _negated(body: Term | None) -> Iterator[Call]:
    goals = [*goals_in(body, (Operator.AND, Operator.OR))]
    operators = {goal.operator for goal in goals_in(body) if isinstance(goal, Expression)}
    for goal in goals:
        is_negation = isinstance(goal, Expression) and goal.operator in _NEGATIONS
        if is_negation or Operator.CUT in operators:
            yield from calls_in(goal)


def _wrong(call: Call) -> OsoError:
    message = (
        f"Only tests have facts of `{call.name}`, and a negation depends on it:"
        " outside of them it would never deny"
    )
    help_line = f"Write a rule for it, or `declare {call.name}(…);` if its rules come later.\n"
    return ValidationError(located(message, call.span) + help_line)
