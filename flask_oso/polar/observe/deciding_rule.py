"""The rule that decided: the rule that the first solution of a rule call comes from.

Compiled rules that are made for this return the rule in place of ``True`` (``compiler.py``). If
they do not know it, a run of the solver is observed.
"""

from __future__ import annotations

from ..nodes import Call, Rule
from ..solver.backtrace import Step
from ..solver.clauses import Clause, passed_on
from ..solver.observation import ObservedFrame, Observer, RunView


class RuleFinder(Observer):
    """Finds the rule that a solution of a rule call comes from.

    That is the rule of the call that held. If it passes its arguments on, as in
    ``allow(actor, action, resource) if is_active(actor) and
    has_permission(actor, action, resource)``, it is the rule that they are passed to: the other
    one has a part in every answer. See ``passed_on``.
    """

    def __init__(self) -> None:
        self._path: list[tuple[Step, Clause]] = []

    @property
    def rule(self) -> Rule | None:
        """The rule, once there is a solution."""
        return self._path[-1][1].rule if self._path else None

    def on_rule(self, view: RunView, step: Step, frame: ObservedFrame) -> None:
        """Keep the rule: of the rules of one call, the last one before a solution holds."""
        caller = _caller(step)
        if caller is None:
            self._path = [(step, frame.clause)]
            return
        for at, (above, passing) in enumerate(self._path):
            if above is caller and step.goal is passed_on(passing):
                self._path[at + 1 :] = [(step, frame.clause)]


def _caller(step: Step) -> Step | None:
    """Return the call whose rule contains a call; ``None`` for the query itself."""
    above = step.parent
    while above is not None and not isinstance(getattr(above.goal, "term", above.goal), Call):
        above = above.parent
    return above
