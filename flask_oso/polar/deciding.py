"""The rule that decided: which of all rules gave the first solution of a rule call.

Compiled rules say that there is a solution and not where it came from, so whoever wants to
know has the solver watched once more.
"""

from __future__ import annotations

from .clauses import Clause
from .nodes import Call, Expression, Operator, Rule, Term, Value, Variable
from .traces import Step
from .watching import View, Watcher


class RuleFinder(Watcher):
    """Finds the rule to which a solution of a rule call is owed.

    That is the rule of the call which held. If it only passes its arguments on, as in
    ``allow(actor, action, resource) if has_permission(actor, action, resource)``, it is the
    rule to which they are passed, since the other one is behind every answer.
    """

    def __init__(self) -> None:
        self._path: list[tuple[Step, Clause]] = []

    @property
    def rule(self) -> Rule | None:
        """The rule, once there is a solution."""
        return self._path[-1][1].rule if self._path else None

    def on_rule(self, view: View, step: Step, clause: Clause) -> None:
        """Of the rules of one call, the one that is tried last before a solution holds."""
        caller = _caller(step)
        if caller is None:
            self._path = [(step, clause)]
            return
        for at, (above, passing) in enumerate(self._path):
            if above is caller and _only_passes_on(passing.rule):
                self._path[at + 1 :] = [(step, clause)]


def _caller(step: Step) -> Step | None:
    """Give the call in whose rule a call stands; ``None`` for the question itself."""
    above = step.parent
    while above is not None and not isinstance(_term(above), Call):
        above = above.parent
    return above


def _term(step: Step) -> Term:
    term: Term = getattr(step.goal, "term", step.goal)
    return term


def _only_passes_on(rule: Rule) -> bool:
    return isinstance(_only_goal(rule.body), Call) and all(
        isinstance(each.term, Variable) and not isinstance(each.specializer, Value)
        for each in rule.parameters
    )


def _only_goal(body: Term | None) -> Term | None:
    if isinstance(body, Expression) and body.operator is Operator.AND:
        return body.args[0] if len(body.args) == 1 else None
    return body
