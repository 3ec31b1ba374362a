"""The rule that decided: which of all rules gave the first solution of a rule call.

Compiled rules that are made for this give the rule in place of ``True`` (``compiler.py``).
Where they do not know, the solver is watched.
"""

from __future__ import annotations

from ..nodes import Call, Rule
from ..solver.backtrace import Step
from ..solver.clauses import Clause, passed_on
from .observer import Observer, RunView


class RuleFinder(Observer):
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

    def on_rule(self, view: RunView, step: Step, clause: Clause) -> None:
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
