"""Helper rules that search a list in front of short tests: written in place of their calls.

The solver makes these tests at the first element that the helper finds, and ends there::

    allow(u, d) if member(u, d) and d.open;
    member(u, d) if m in d.members and m.user = u;
        =>  for m in d.members:
                if m.user is u and d.open: return True

In go the clauses of the helper and the goals behind its call; out comes whether these may stand at
each of its solutions: they only read and compare, so that it does not matter how often they do it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ....nodes import COMPARISONS, Call, Expression, Operator, Slot, Term, Value
from ....solver.clauses import Clause
from ....traversal import goals_in, is_operation
from ...binding_analysis import has_cut, is_class_only, is_string
from ...goal_forms import call_of
from ...scopes import ProgramInterface

#: The most clauses of a rule that is written in place, and the most goals behind it.
_CLAUSES, _BEHIND = 3, 6
#: How deep rules that such a rule calls, and those that are called behind it, are looked at.
_DEPTH = 3
#: The most calls of a function that are written in place for this.
MAX_IN_PLACE = 8
_TESTS = frozenset({Operator.UNIFY, Operator.ISA, *COMPARISONS})


def is_search(names: ProgramInterface, clauses: Sequence[Clause], depth: int = _DEPTH) -> bool:
    """Tell whether clauses search a list, or call what does, and may stand in place of a call."""
    if not 0 < len(clauses) <= _CLAUSES or not depth or not all(map(_is_open, clauses)):
        return False
    goals = [goal for clause in clauses for goal in goals_in(clause.body)]
    called = [call for goal in goals if (call := call_of(goal)) is not None]
    if any(names.is_recursive(call.name) for call in called):
        return False
    return any(is_operation(goal, Operator.IN) for goal in goals) or any(
        is_search(names, _clauses(names, call), depth - 1) for call in called
    )


def are_short_tests(names: ProgramInterface, goals: Iterable[Term], depth: int = _DEPTH) -> bool:
    """Tell whether goals, and rules that they call, only read and compare."""
    tests = [*goals]
    return len(tests) <= _BEHIND and all(_is_test(names, each, depth) for each in tests)


def _is_test(names: ProgramInterface, goal: Term, depth: int) -> bool:
    call = call_of(goal)
    if call is None:
        if is_operation(goal, Operator.DOT):
            return is_string(goal.args[1])
        return not isinstance(goal, Expression) or goal.operator in _TESTS
    clauses = _clauses(names, call)
    return (
        depth > 0
        and 0 < len(clauses) <= _CLAUSES
        and all(map(_is_open, clauses))
        and all(are_short_tests(names, goals_in(each.body), depth - 1) for each in clauses)
    )


def _clauses(names: ProgramInterface, call: Call) -> Sequence[Clause]:
    """Return the clauses of a rule that does not call itself."""
    index = None if names.is_recursive(call.name) else names.candidates(call.name, len(call.args))
    return () if index is None or call.kwargs else [*index]


def _is_open(clause: Clause) -> bool:
    """Tell whether a head has variables, texts and classes alone, and the body no cut."""
    return not has_cut(clause) and all(
        isinstance(each.term, (Slot, Value))
        and (each.specializer is None or is_class_only(each.specializer))
        for each in clause.parameters
    )
