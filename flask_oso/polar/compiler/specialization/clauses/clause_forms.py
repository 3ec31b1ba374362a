"""Forms of clauses that a specialization knows.

In go the clauses of a rule. Out comes what they ask of each element of a list, if they go through
it from its first element to its last and do nothing else::

    has([x, *_], x);  has([_, *rest], x) if has(rest, x);          =>  some element is x
    good([]);  good([first, *rest]) if first.ok and good(rest);    =>  each element is ok

And of one clause: what stands before its cut and behind it, whether it only calls other rules, and
which string it compares with one attribute.
"""

from __future__ import annotations

import typing as t
from collections.abc import Container, Iterable, Sequence

from ....nodes import Expression, Instance, List, Operator, PlacedParameter, Slot, Term, Value
from ....solver.clauses import Clause, Template
from ....sources import Span
from ....traversal import conjuncts_in, goals_in, is_operation
from ....value_objects import Record
from ...binding_analysis import NotCompilable, has_cut, is_string
from ...goal_forms import call_of, is_variable, mentions, slots_in
from ..regions import Known


class ListRule(Record):
    """What a rule asks of the elements of a list.

    :param at: the position of the list.
    :param clauses: the clauses with the element in place of the list, and their goals.
    :param of_each: whether they have to hold of each element, or of one.
    """

    at: int
    clauses: Sequence[tuple[Clause, list[Term]]]
    of_each: bool


class PutOff(t.NamedTuple):
    """A goal that waits for a variable.

    :param of_all: whether the solver does not wait, but looks at all elements.
    :param is_ahead: whether it looks for what is compared next, if that is a text.
    """

    goal: Term
    waits: int
    of_all: bool = False
    is_ahead: bool = False

    @property
    def span(self) -> Span | None:
        return self.goal.span


def find_list_rule(name: str, clauses: Sequence[Clause]) -> ListRule | None:
    """Return what a rule asks of each element of a list; ``None`` if it does anything else."""
    if len(clauses) < 2 or any(map(has_cut, clauses)):
        return None
    places = {at for clause in clauses for at in _open_lists(clause)}
    if len(places) != 1:
        return None
    at = places.pop()
    repeating = [clause for clause in clauses if _is_repeating(clause, name, at)]
    if len(repeating) != 1:
        return None
    again = repeating[0]
    others = [clause for clause in clauses if clause is not again]
    goals = [*conjuncts_in(again.body)]
    if len(goals) == 1 and all(_is_about_first(clause, at) for clause in others):
        made = [(_about_first(clause, at), [*conjuncts_in(clause.body)]) for clause in others]
        return ListRule(at, made, of_each=False)
    if len(others) == 1 and _is_empty_end(others[0], at):
        return ListRule(at, [(_about_first(again, at), goals[:-1])], of_each=True)
    return None


def _open_lists(clause: Clause) -> Iterable[int]:
    for at, parameter in enumerate(clause.parameters):
        if isinstance(parameter.term, Template) and isinstance(parameter.term.term, List):
            yield at


def _parts(clause: Clause, at: int) -> tuple[Slot, Slot] | None:
    """Return the first element and the rest of the list in a head."""
    parameter = clause.parameters[at]
    whole = parameter.term.term if isinstance(parameter.term, Template) else None
    if not isinstance(whole, List) or len(whole.items) != 1 or parameter.specializer is not None:
        return None
    first, rest = whole.items[0], whole.rest
    if not isinstance(first, Slot) or not isinstance(rest, Slot) or first.index == rest.index:
        return None
    return first, rest


def _is_about_first(clause: Clause, at: int, *, but_last: bool = False) -> bool:
    """Tell whether a clause is about the first element, and not about the rest.

    :param but_last: whether its last goal may be about the rest.
    """
    parts = _parts(clause, at)
    if parts is None:
        return False
    goals = [*conjuncts_in(clause.body)]
    terms = [each.term for n, each in enumerate(clause.parameters) if n != at]
    terms += [each.specializer for each in clause.parameters if each.specializer is not None]
    terms += goals[:-1] if but_last else goals
    used = set[int]().union(*map(slots_in, terms))
    return parts[1].index not in used


def _is_repeating(clause: Clause, name: str, at: int) -> bool:
    """Tell whether the last goal of a clause asks the same of the rest, and of nothing else."""
    parts, goals = _parts(clause, at), [*conjuncts_in(clause.body)]
    called = call_of(goals[-1]) if goals else None
    if parts is None or called is None or called.name != name or called.kwargs:
        return False
    heads = [each.term for each in clause.parameters]
    if len(called.args) != len(heads):
        return False
    wanted = [parts[1] if n == at else head for n, head in enumerate(heads)]
    are_same = all(
        isinstance(arg, Slot) and isinstance(head, Slot) and arg.index == head.index
        for arg, head in zip(called.args, wanted, strict=True)
    )
    indices = {head.index for head in wanted if isinstance(head, Slot)}
    is_open = all(each.specializer is None for each in clause.parameters)
    are_apart = len(indices) == len(heads) and parts[0].index not in indices
    return are_same and is_open and are_apart and _is_about_first(clause, at, but_last=True)


def _is_empty_end(clause: Clause, at: int) -> bool:
    """Tell whether a clause says that something holds of the empty list, whatever else it gets."""
    end, others = clause.parameters[at], [*clause.parameters]
    others.remove(end)
    slots = [each.term.index for each in others if isinstance(each.term, Slot)]
    is_empty = isinstance(end.term, List) and not end.term.items and end.term.rest is None
    return (
        clause.body is None
        and is_empty
        and len({*slots}) == len(others)
        and all(each.specializer is None for each in clause.parameters)
    )


def _about_first(clause: Clause, at: int) -> Clause:
    """Return a clause about the first element of a list in place of the list."""
    first, _ = t.cast("tuple[Slot, Slot]", _parts(clause, at))
    parameters = [*clause.parameters]
    parameters[at] = PlacedParameter(first, None, parameters[at].span)
    return clause.with_parameters(tuple(parameters))


_PASSING = (Operator.DOT, Operator.UNIFY, Operator.ISA)


def is_passed_on(clause: Clause) -> bool:
    """Tell whether a clause only calls other rules, with its arguments or their attributes."""
    goals = list(conjuncts_in(clause.body))
    if not goals or call_of(goals[-1]) is None:
        return False
    return all(
        call_of(goal) is not None or (isinstance(goal, Expression) and goal.operator in _PASSING)
        for goal in goals[:-1]
    )


def calls_itself_last(clause: Clause) -> bool:
    """Tell whether the last goal of a clause is a call of its own rule, as for a parent folder.

    What is asked of the next object of a chain is written before what is asked of this one, so
    that the chain is seen before a list is gone through for one of its objects.
    """
    last = call_of([*conjuncts_in(clause.body)][-1]) if clause.body is not None else None
    return last is not None and last.name == clause.rule.name


def cut_apart(clause: Clause, opened: Container[int]) -> tuple[list[Term], list[Term]]:
    """Return the goals before and behind the cut of a clause.

    :param opened: the positions of arguments that have no value: only the head may bind them, or
        what is behind the cut.
    """
    body = clause.body
    is_conjunction = is_operation(body, Operator.AND)
    # A cut in a conjunction of its own cuts less: `(cut and a) and b`.
    goals = [*t.cast(Expression, body).args] if is_conjunction else [t.cast(Term, body)]
    places = [at for at, goal in enumerate(goals) if _is_cut(goal)]
    if len(places) != 1 or sum(map(_is_cut, goals_in(body))) != 1:
        raise NotCompilable("a cut that is not one of the conditions", clause.rule.span)
    before, behind = goals[: places[0]], goals[places[0] + 1 :]
    given, found = list[Term](), list[Term]()
    for at, parameter in enumerate(clause.parameters):
        (found if at in opened else given).append(parameter.term)
        if at in opened and parameter.specializer is not None:
            raise NotCompilable("a class of what a rule with a cut binds", clause.rule.span)
    heads = set[int]().union(*map(slots_in, given))
    bound = set[int]().union(*map(slots_in, before)) - heads
    if bound & set[int]().union(*map(slots_in, [*behind, *found])):
        # Only the first solution of what is before it counts.
        raise NotCompilable("a variable before and behind a cut", clause.rule.span)
    return before, behind


def _is_cut(goal: Term) -> bool:
    return is_operation(goal, Operator.CUT)


def open_string(clause: Clause, args: Sequence[Known]) -> int | None:
    """Return the position of a string that the clause only compares with one attribute."""
    named = [
        (at, parameter.term)
        for at, (parameter, arg) in enumerate(zip(clause.parameters, args, strict=True))
        if isinstance(parameter.term, Slot) and is_string(arg.literal)
    ]
    if not named:
        # As most clauses, which are asked about again and again.
        return None
    goals = list(conjuncts_in(clause.body))
    if any(call_of(goal) is not None for goal in goals):
        return None
    return next((at for at, slot in named if _is_compared_once(slot, goals)), None)


def _is_compared_once(slot: Slot, goals: list[Term]) -> bool:
    """Tell whether a variable is only compared with one attribute."""
    match [goal for goal in goals if mentions(goal, slot)]:
        case [Expression(Operator.DOT, (owner, key, _))]:
            return not (mentions(owner, slot) or mentions(key, slot))
        case [Expression(Operator.UNIFY, args) as use]:
            others = [arg for arg in args if not is_variable(arg, slot)]
            if len(others) == 1 and isinstance(others[0], Slot):
                return _is_result_once(others[0], [each for each in goals if each is not use])
    return False


def _is_result_once(slot: Slot, goals: list[Term]) -> bool:
    match [goal for goal in goals if mentions(goal, slot)]:
        case [Expression(Operator.DOT, (_, _, result))]:
            return is_variable(result, slot)
    return False


def is_operand(term: Term) -> bool:
    """Tell whether a term is a variable or a constant."""
    return isinstance(term, (Slot, Instance, Value))


def is_scalar(term: Term) -> bool:
    """Tell whether a term is a string, a number or a Boolean that equals itself."""
    return isinstance(term, Value) and term.value == term.value
