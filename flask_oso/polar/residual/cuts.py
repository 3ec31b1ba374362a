"""Cuts that no row decides: which rules of a call are tried for all rows.

In go the rules that a call may match, in their order; out come those that are tried, each with its
body. Where all that stands before a cut is about known objects, such as the actor, the solver says
whether it holds: the cut then ends the search for all rows, or its rule is left out. Any other cut
differs from row to row; it stays in its body, and the evaluator refuses it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..host.conversion import follow
from ..nodes import (
    Call,
    Expression,
    Operator,
    Parameter,
    Pattern,
    Slot,
    Term,
    Unknown,
    is_ground,
    parts,
    with_parts,
)
from ..solver.clauses import Clause, Template
from ..traversal import conjuncts_in, fold, terms_of, walk
from .equations import EquationSolver
from .patterns import PatternMatcher
from .search import ClauseFrame, HostError, Search
from .symbolic_terms import SymbolicRow, is_settled, open_parts


class TriedRule(t.NamedTuple):
    """A rule that is tried, and what has to hold besides its head."""

    clause: Clause
    body: Term | None


class CutDecider:
    """Decides the cuts of rules by what is known."""

    def __init__(self, search: Search, equations: EquationSolver, patterns: PatternMatcher) -> None:
        self._search = search
        self._equations = equations
        self._patterns = patterns

    def may_choose(self, call: Call) -> bool:
        """Tell whether a cut of a call may depend on goals that wait for its arguments."""
        return any(map(_waits, call.args)) and self._search.analysis.may_cut(call.name)

    def matching(self, clauses: list[Clause], args: Sequence[t.Any]) -> tuple[list[Clause], bool]:
        """Return the rules of a call whose heads match, and whether they do so for all rows.

        INVARIANT: where a rule with a cut is among them, the others are those that a check sorts:
        the order of two rules may depend on a third one, and with a cut the order counts.
        """
        if not any(_is_cut(goal) for each in clauses for goal in conjuncts_in(each.body)):
            return clauses, True
        found = [(each, self._matches(each, args)) for each in clauses]
        left = [clause for clause, matches in found if matches is not False]
        return left, all(matches is not None for _, matches in found)

    def _matches(self, clause: Clause, args: Sequence[t.Any]) -> bool | None:
        """Tell whether a head matches; ``None`` if that may differ from row to row."""
        return self._is_reached(clause, args, [], 0)

    def tried(self, clauses: Sequence[Clause], args: Sequence[t.Any]) -> list[TriedRule]:
        """Return the rules that are tried for all rows.

        :param clauses: the rules of a call, in an order that is the same for each row.
        """
        found = []
        for clause in clauses:
            goals = [*conjuncts_in(clause.body)]
            at = next((n for n, goal in enumerate(goals) if _is_cut(goal)), None)
            is_reached = None if at is None else self._is_reached(clause, args, goals, at)
            if at is None or is_reached is None:
                found.append(TriedRule(clause, clause.body))
            elif is_reached:
                found.append(TriedRule(clause, _conjunction(goals[at + 1 :])))
                break
        return found

    def _is_reached(
        self, clause: Clause, args: Sequence[t.Any], goals: list[Term], at: int
    ) -> bool | None:
        """Tell whether a cut is reached; ``None`` if that may differ from row to row."""
        if any(_waits(arg) for arg in args):
            # What waits for the value of an argument may be about a row.
            return None
        frame = ClauseFrame(clause)
        known: list[t.Any] = []
        for parameter, arg in zip(clause.parameters, args, strict=True):
            matched = self._matched(parameter, arg, frame)
            if matched is None:
                return None
            known += matched
        if self._binds_arguments(clause, args, goals[:at]):
            return None
        if self._is_choice_of_values(clause, goals, at):
            return None
        known += [self._closed(goal, frame) for goal in goals[:at]]
        if not all(map(is_settled, known)):
            return None
        question = _conjunction(known)
        try:
            return question is None or self._equations.has_solution(question)
        except HostError:
            return None

    def _binds_arguments(
        self, clause: Clause, args: Sequence[t.Any], before: Sequence[Term]
    ) -> bool:
        """Tell whether goals may give a value to a variable of the call.

        INVARIANT: goals in front of a cut are left out only where nothing else reads what they
        bind, be it behind the cut or behind the call.
        """
        pairs = zip(clause.parameters, args, strict=True)
        heads = [each for each, arg in pairs if not self._search.is_closed(arg)]
        left = {n for term in terms_of(heads) for n in self._variables(term)}
        return any(n in left for goal in before for n in self._variables(goal))

    def _is_choice_of_values(self, clause: Clause, goals: list[Term], at: int) -> bool:
        """Tell whether what stands behind a cut reads what is found in front of it."""
        given = {each.term.index for each in clause.parameters if type(each.term) is Slot}
        before, behind = (
            {index for term in terms for index in self._variables(term)}
            for terms in ([*terms_of(clause.parameters), *goals[:at]], goals[at + 1 :])
        )
        return bool((before & behind) - given)

    def _variables(self, term: Term) -> t.Iterable[int]:
        return self._search.analysis.counts(term)

    def _matched(self, parameter: Parameter, arg: t.Any, frame: ClauseFrame) -> list[t.Any] | None:
        """Return the goals that are left of matching an argument; ``None`` if a row decides it."""
        term, specializer = parameter.term, parameter.specializer
        goals: list[t.Any] = []
        if type(term) is Slot and frame[term.index] is None:
            frame[term.index] = arg
        else:
            goals.append(Expression(Operator.UNIFY, (self._closed(term, frame), arg)))
        if specializer is not None and not self._is_of_all(specializer, arg):
            goals.append(Expression(Operator.ISA, (arg, self._closed(specializer, frame))))
        return goals if all(map(is_settled, goals)) else None

    def _is_of_all(self, specializer: Term, arg: t.Any) -> bool:
        """Tell whether each row that an argument may be is of the class of a specializer."""
        if not isinstance(arg, SymbolicRow) or not isinstance(specializer, Pattern):
            return False
        tag = specializer.tag
        if tag is None or specializer.fields:
            return False
        classes = self._search.classes_of(arg.row)
        return all(self._patterns.knows_one(cls, tag) for cls in classes)

    def _closed(self, term: Term, frame: ClauseFrame) -> t.Any:
        """Return a term of a clause with the values of its variables."""

        def look(part: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
            if type(part) is Slot:
                return self._search.operand(part, frame), ()
            if type(part) is Template:
                part = part.term
            return part, () if is_ground(part) else parts(part)

        return fold(term, look, with_parts)


def _is_cut(goal: Term) -> bool:
    return isinstance(goal, Expression) and goal.operator is Operator.CUT


def _conjunction(goals: Sequence[t.Any]) -> t.Any:
    if len(goals) < 2:
        return goals[0] if goals else None
    return Expression(Operator.AND, tuple(goals))


def _waits(term: t.Any) -> bool:
    unknowns = (part for part in walk([follow(term)], open_parts) if type(part) is Unknown)
    return any(each.constraints for each in unknowns)
