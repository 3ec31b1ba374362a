"""The rule that decided: which of all rules gave the first solution of a rule call.

Compiled rules that are made for this give the rule in place of ``True`` (``compiler.py``).
Where they do not know, the solver is watched.
"""

from __future__ import annotations

import typing as t

from .clauses import Clause, Slot
from .nodes import Call, Expression, Operator, Rule, Term, Value, Variable
from .traces import Step
from .watching import View, Watcher


class RuleFinder(Watcher):
    """Finds the rule to which a solution of a rule call is owed.

    That is the rule of the call which held. If it passes its arguments on, as in
    ``allow(actor, action, resource) if is_active(actor) and
    has_permission(actor, action, resource)``, it is the rule to which they are passed, since
    the other one is behind every answer: see ``passed_on``.
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
            if above is caller and step.goal is passed_on(passing):
                self._path[at + 1 :] = [(step, clause)]


def _caller(step: Step) -> Step | None:
    """Give the call in whose rule a call stands; ``None`` for the question itself."""
    above = step.parent
    while above is not None and not isinstance(getattr(above.goal, "term", above.goal), Call):
        above = above.parent
    return above


def passed_on(clause: Clause) -> Term | None:
    """Give the goal of a clause that is asked what the clause is asked; ``None`` if none is.

    It is a call, besides which there are conditions at most, and is given all parameters that
    have a name. None of these is a literal: such a rule is about something of its own. Of
    several it is the last one.
    """
    parameters = clause.rule.parameters
    if any(
        not isinstance(each.term, Variable) or isinstance(each.specializer, Value)
        for each in parameters
    ):
        return None
    goals = [*_conjuncts(clause.body)]
    if len(goals) == 1:
        return goals[0] if isinstance(_called(goals[0]), Call) else None
    named = {
        t.cast(Slot, each.term).index
        for each, written in zip(clause.parameters, parameters, strict=True)
        if not t.cast(Variable, written.term).name.startswith("_")
    }
    calls = [goal for goal in goals if named and named <= _given(_called(goal))]
    return calls[-1] if calls else None


def _conjuncts(body: Term | None) -> t.Iterator[Term]:
    """Give the goals of a conjunction, also of one inside it."""
    stack = [] if body is None else [body]
    while stack:
        term = stack.pop()
        if isinstance(term, Expression) and term.operator is Operator.AND:
            stack.extend(reversed(term.args))
        else:
            yield term


def _called(goal: Term) -> Term:
    term: Term = getattr(goal, "term", goal)
    return term


def _given(term: Term) -> set[int]:
    """Give the variables that a call is given as they are."""
    args = term.args if isinstance(term, Call) else ()
    return {arg.index for arg in args if isinstance(arg, Slot)}
