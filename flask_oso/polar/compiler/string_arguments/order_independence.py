"""Whether asking for all values of an argument gives the values for which asking one by one holds.

In go the clauses of a rule, and which of its arguments is asked for. The answer is no where a
``cut`` excludes other clauses for some of the values only, or where Python makes or reads something
that depends on the argument; and in doubt.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

from ...host.registry import Host
from ...nodes import Call, Expression, Operator, Slot, Term
from ...solver.clause_index import ClauseIndex
from ...solver.clauses import Clause
from ...traversal import conjuncts_in, is_operation
from ...value_objects import Record
from ..binding_analysis import has_cut, order_clauses
from ..goal_forms import has_operator, slots_in, terms_in

Rules = Callable[[str, int], "ClauseIndex | None"]


class _Call(Record):
    """A call of a rule: its name and arity, and which arguments may depend on the one asked for."""

    name: str
    arity: int
    asked: frozenset[int]


class _Body(Record):
    """What the body of a clause has, whatever is asked for.

    :param calls: the rules that it calls, and the variables of each argument.
    :param goals: the variables of each goal, if it calls any rule.
    """

    depends_on_order: bool
    calls: list[tuple[str, list[set[int]]]]
    goals: list[set[int]]


def is_order_independent(rules: Rules, host: Host, name: str, arity: int, at: int) -> bool:
    """Tell whether a call has the same solutions with an argument bound before it, and bound by it.

    :param at: the position of the argument.
    """
    waiting = [_Call(name, arity, frozenset({at}))]
    seen = set(waiting)
    looked_at: dict[int, _Body] = {}
    while waiting:
        call = waiting.pop()
        clauses = [*(rules(call.name, call.arity) or ())]
        if any(map(has_cut, clauses)) and not _is_cut_for_all(clauses, call.asked, host):
            return False
        for clause in clauses:
            body = looked_at.get(id(clause))
            if body is None:
                body = looked_at[id(clause)] = _look_at(clause)
            if body.depends_on_order:
                return False
            calls = {*_calls_in(clause, body, call.asked)} - seen
            waiting += calls
            seen |= calls
    return True


def _depends_on_order(term: Term) -> bool:
    operator = getattr(term, "operator", None)
    if operator is Operator.DOT:
        return isinstance(t.cast(Expression, term).args[1], Slot)
    return operator in (Operator.ASSIGN, Operator.NEW)


def _look_at(clause: Clause) -> _Body:
    terms = [*terms_in(clause.body)]
    calls = [each for each in terms if isinstance(each, Call)]
    return _Body(
        any(map(_depends_on_order, terms)),
        [(each.name, [slots_in(arg) for arg in each.args]) for each in calls],
        [slots_in(goal) for goal in conjuncts_in(clause.body)] if calls else [],
    )


def _calls_in(clause: Clause, body: _Body, asked: frozenset[int]) -> Iterator[_Call]:
    dependent = _dependent(clause, body.goals, asked) if asked and body.calls else set[int]()
    for name, args in body.calls:
        places = (n for n, slots in enumerate(args) if slots & dependent)
        yield _Call(name, len(args), frozenset(places))


def _dependent(clause: Clause, body: list[set[int]], asked: frozenset[int]) -> set[int]:
    """Return the variables that may depend on arguments which are asked for.

    Those of other arguments have values before the call. Any other variable depends on what
    stands in one goal with it.

    :param body: the variables of each goal.
    """
    dependent, given = set[int](), set[int]()
    for position, parameter in enumerate(clause.parameters):
        slots = slots_in(parameter.term) | slots_in(parameter.specializer)
        if position in asked:
            dependent |= slots
        elif type(parameter.term) is Slot:
            given.add(parameter.term.index)
    dependent -= given
    goals = [slots - given for slots in body]
    while True:
        found = dependent.union(*(slots for slots in goals if slots & dependent))
        if found == dependent:
            return dependent
        dependent = found


def _is_cut_for_all(clauses: list[Clause], asked: frozenset[int], host: Host) -> bool:
    """Tell whether the only cut of a rule is reached for all values that are asked for, or none.

    Its clause is tried before all others, whatever the arguments are, and neither its head nor
    what stands in front of the cut looks at what is asked for.
    """
    if not asked:
        return True
    clause, *others = filter(has_cut, clauses)
    # Where another clause has one, as 'action: String', it decides about no order: a parameter in
    # front of it has to.
    if any(clause.parameters[n].specializer is not None for n in asked):
        return False
    order = order_clauses(clauses, host)
    is_first = order.clauses[0] is clause and not order.is_open
    # No class of an argument decides whether another one is tried before.
    is_first = is_first and not any(0 in pair for pair in order.exclusive)
    return not others and is_first and _is_cut_alike(clause, asked)


def _is_cut_alike(clause: Clause, asked: frozenset[int]) -> bool:
    """Tell whether a clause comes to its one cut for all values that are asked for, or for none."""
    goals = [*conjuncts_in(clause.body)]
    cuts = [n for n, goal in enumerate(goals) if is_operation(goal, Operator.CUT)]
    if len(cuts) != 1 or sum(has_operator(goal, Operator.CUT) for goal in goals) != 1:
        return False
    terms = [clause.parameters[n].term for n in asked]
    asked_slots = {each.index for each in terms if type(each) is Slot}
    heads = [part for each in clause.parameters for part in (each.term, each.specializer)]
    is_plain = len(asked_slots) == len(terms) and all(
        sum(slot in slots_in(part) for part in heads) == 1 for slot in asked_slots
    )
    dependent = _dependent(clause, [*map(slots_in, goals)], asked)
    return is_plain and not any(slots_in(goal) & dependent for goal in goals[: cuts[0]])
