"""Rules that do nothing once they have bound a variable.

In go the clauses of a rule and the position of a variable; out comes whether a class test that
waits for the variable may as well be made behind the call: nobody can tell the difference.
"""

from __future__ import annotations

from collections.abc import Callable

from ...nodes import Call, Expression, Operator, Slot, Term
from ...solver.clause_index import ClauseIndex
from ...solver.clauses import Clause
from ..binding_analysis import is_class_only
from ..goal_forms import is_variable, mentions, written_term

#: Gives the clauses of a rule, by its name and number of parameters.
Candidates = Callable[[str, int], ClauseIndex | None]


def binds_last(candidates: Candidates, called: Call, at: int, tags: set[str]) -> bool:
    """Tell whether a call does nothing after it has bound an argument.

    :param at: the position of the argument.
    :param tags: the classes that it has to be of.
    """
    return _Search(candidates, tags).binds_last(called, at)


class _Search:
    """Looks at the rules that a call comes to, each once."""

    def __init__(self, candidates: Candidates, tags: set[str]) -> None:
        self._candidates, self._tags = candidates, tags
        self._seen: set[tuple[str, int, int]] = set()

    def binds_last(self, called: Call, at: int) -> bool:
        key = called.name, len(called.args), at
        if key in self._seen:
            return True
        self._seen.add(key)
        clauses = self._candidates(*key[:2])
        return clauses is not None and all(self._is_bound_last(each, at) for each in clauses)

    def _is_bound_last(self, clause: Clause, at: int) -> bool:
        parameter = clause.parameters[at]
        slot, specializer = parameter.term, parameter.specializer
        if not isinstance(slot, Slot):
            return False
        # A class that excludes the others is seen before the rule is tried.
        if specializer is not None and not (
            is_class_only(specializer) and self._tags == {specializer.tag}
        ):
            return False
        others = [each for number, each in enumerate(clause.parameters) if number != at]
        if any(mentions(each.specializer, slot) for each in others):
            return False
        if any(mentions(each.term, slot) for each in others):
            return clause.body is None and all(
                isinstance(each.term, Slot) for each in others if mentions(each.term, slot)
            )
        return clause.body is not None and self._ends_with(clause.body, slot)

    def _ends_with(self, goal: Term, slot: Slot) -> bool:
        """Tell whether a goal binds a variable, if at all, and then does nothing."""
        goal = written_term(goal)
        if isinstance(goal, Call):
            places = [at for at, arg in enumerate(goal.args) if mentions(arg, slot)]
            is_plain = len(places) == 1 and isinstance(goal.args[places[0]], Slot)
            return is_plain and not goal.kwargs and self.binds_last(goal, places[0])
        if not isinstance(goal, Expression):
            return False
        if goal.operator is Operator.AND:
            *before, last = goal.args
            return not any(mentions(each, slot) for each in before) and self._ends_with(last, slot)
        if goal.operator is Operator.OR:
            return all(self._ends_with(each, slot) for each in goal.args)
        if goal.operator is Operator.UNIFY:
            left, right = goal.args
            return is_variable(left, slot) != is_variable(right, slot) and not (
                mentions(left, slot) and mentions(right, slot)
            )
        if goal.operator is Operator.IN:
            return is_variable(goal.args[0], slot) and not mentions(goal.args[1], slot)
        return False
