"""Attributes of arguments that many clauses of a rule read, as ``doc.kind`` here.

In go clauses and arguments; out come the attributes that are read once, before all clauses::

    allow(user: User, "read", doc: Doc) if user.flag1 and doc.kind = 1;
    allow(user: User, "read", doc: Doc) if user.flag2 and doc.kind = 2; …

Few of these clauses pass the comparison with a literal, ``doc.kind = 1``. So ``values.py`` has it
tested before what stands in front of it, ``user.flag1``.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterator, Sequence

from ....host import sandbox
from ....nodes import Expression, Operator, Slot, Term, Value
from ....solver.clauses import Clause
from ....traversal import conjuncts_in, is_operation
from ...binding_analysis import is_string
from ..regions import Known

#: What so many clauses read is read once.
MANY_CLAUSES = 8


class SharedRead(t.NamedTuple):
    """An attribute of an argument.

    :param at: the position of the argument.
    :param is_searched: whether clauses search it for texts of the policy.
    """

    at: int
    name: str
    is_searched: bool


def shared_reads(clauses: Sequence[Clause], args: Sequence[Known]) -> list[SharedRead]:
    """Return what more than ``MANY_CLAUSES`` clauses read of an argument of a known class."""
    if len(clauses) <= MANY_CLAUSES:
        return []
    read: Counter[tuple[int, str]] = Counter()
    searched: Counter[tuple[int, str]] = Counter()
    for clause in clauses:
        mine = dict(_reads_of(clause))
        # In the order of the policy: a set of texts has another one in each process.
        read.update([*dict.fromkeys(mine.values())])
        searched.update({mine[each] for each in _searched_in(clause.body) if each in mine})
    return [
        SharedRead(at, name, searched[at, name] > MANY_CLAUSES)
        for (at, name), count in read.items()
        if count > MANY_CLAUSES and _is_plain(args[at], name)
    ]


def _is_plain(arg: Known, name: str) -> bool:
    is_object = arg.exact is not None and arg.exact is not dict and arg.literal is None
    is_open = sandbox.is_unrestricted(name)
    return is_object and is_open and sandbox.is_silent_read(t.cast(type, arg.exact), name)


def _reads_of(clause: Clause) -> Iterator[tuple[int, tuple[int, str]]]:
    """Yield the variable and the source of each attribute of an argument that is read."""
    terms = [parameter.term for parameter in clause.parameters]
    places = {term.index: at for at, term in enumerate(terms) if isinstance(term, Slot)}
    for goal in conjuncts_in(clause.body):
        if not is_operation(goal, Operator.DOT):
            continue
        owner, name, made = goal.args
        if not (isinstance(owner, Slot) and isinstance(made, Slot) and isinstance(name, Value)):
            continue
        if owner.index in places and type(name.value) is str:
            yield made.index, (places[owner.index], name.value)


def _searched_in(body: Term | None) -> Iterator[int]:
    """Yield the variables that are searched for a text of the policy, before all other tests."""
    for goal in conjuncts_in(body):
        if is_operation(goal, Operator.IN):
            item, collection = goal.args
            if isinstance(collection, Slot) and isinstance(item, Value) and is_string(item):
                yield collection.index
        elif isinstance(goal, Expression) and goal.operator is not Operator.DOT:
            return
