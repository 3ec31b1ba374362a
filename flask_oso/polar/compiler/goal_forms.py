"""Forms of goals that both layers know: rule calls, pairs, searches in what was just read.

In go terms as they stand in a clause; out come their parts and variables, whatever is known of
these.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..nodes import Call, List, Operator, Origin, Slot, Term, Value, parts
from ..solver.clauses import Template
from ..traversal import is_operation, walk

#: The length of what the elements of a dictionary are.
_PAIR = 2


def written_term(term: t.Any) -> t.Any:
    """Return a term as it is written, also one with variables in it."""
    return term.term if isinstance(term, Template) else term


def parts_of(term: Term) -> Sequence[t.Any]:
    """Give the parts of a term as it stands in a clause."""
    return (term.term,) if isinstance(term, Template) else parts(term)


def terms_in(term: Term | None) -> Iterator[t.Any]:
    """Yield a term of a clause, and all terms within it."""
    return walk([] if term is None else [term], parts_of)


def has_rest(term: Term) -> bool:
    """Tell whether a term is, or has in it, a list with a rest: ``[first, *rest]``."""
    return any(isinstance(part, List) and part.rest is not None for part in terms_in(term))


def variables_in(term: Term | None) -> Iterator[Slot]:
    """Yield the variables in a term of a clause."""
    return (part for part in terms_in(term) if isinstance(part, Slot))


def slots_in(term: Term | None) -> set[int]:
    """Return the indices of the variables in a term of a clause."""
    return {slot.index for slot in variables_in(term)}


def is_variable(term: t.Any, slot: Slot) -> bool:
    """Tell whether a term is a variable of the same clause."""
    return isinstance(term, Slot) and term.index == slot.index


def only_reads(goal: Term, slot: Slot) -> bool:
    """Tell whether a goal does nothing with a variable but read attributes of it."""
    parts = [*terms_in(goal)]
    reads = (part for part in parts if is_operation(part, Operator.DOT))
    count = sum(
        is_variable(read.args[0], slot) and isinstance(read.args[1], Value) for read in reads
    )
    return count == sum(is_variable(part, slot) for part in parts)


def mentions(term: Term | None, slot: Slot) -> bool:
    """Tell whether a variable stands somewhere in a term of its clause."""
    return any(is_variable(part, slot) for part in terms_in(term))


def has_operator(term: Term, operator: Operator) -> bool:
    """Tell whether an operator stands somewhere in a goal."""
    return any(getattr(part, "operator", None) is operator for part in terms_in(term))


def call_of(goal: Term) -> Call | None:
    """Return the rule call that a goal is; ``None`` for any other goal."""
    called = written_term(goal)
    return called if isinstance(called, Call) else None


def pair_in(term: Term) -> tuple[Term, Term] | None:
    """Return the key and the value of ``[key, value]``; ``None`` for any other term."""
    pair = written_term(term)
    if not isinstance(pair, List) or len(pair.items) != _PAIR or pair.rest is not None:
        return None
    return pair.items[0], pair.items[1]


def searched_in(made: Term, goals: tuple[t.Any, ...], number: int) -> Term | None:
    """Return what the next goal looks for in a value that the policy has no name for.

    :param goals: the goals that follow, linked; each comes with the number of its clause.
    :param number: the clause that made the value.
    """
    if not goals or not isinstance(made, Slot) or made.origin is not Origin.LOOKUP:
        return None
    goal, clause, *_ = goals[0]
    if clause != number or not is_operation(goal, Operator.IN):
        return None
    item, collection = goal.args
    return item if is_variable(collection, made) else None


def stays_comparison(
    operator: Operator, unbound: Iterable[Term], is_only_name: Callable[[Slot], bool]
) -> bool:
    """Tell whether an equation is no unification when its variables are bound later.

    So it is for ``!=`` with results of lookups that have no other name.

    :param is_only_name: tells whether no other variable is united with one.
    """
    return operator is Operator.NEQ and all(
        isinstance(slot, Slot) and slot.origin is Origin.LOOKUP and is_only_name(slot)
        for slot in unbound
    )
