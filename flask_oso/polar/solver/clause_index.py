"""An index of clauses by the literals of their parameters.

In go the clauses of one name and one number of parameters; out come those whose literals do not
exclude a call. Of 10,000 facts it gives those that have the call's rarest argument.
"""

from __future__ import annotations

import heapq
import typing as t
from collections.abc import Iterator, Sequence

from ..host import numbers
from ..host.conversion import follow
from ..nodes import Dictionary, List, Value
from .clauses import Clause


class ClauseIndex:
    """The clauses of one name and one number of parameters, in the order of the policy."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self._clauses = clauses
        #: The numbers of the clauses, once for all indices: each is an object.
        self.numbers = [*range(len(clauses))]
        # By position: the numbers of the clauses with each literal, and those of all others.
        self._index: dict[int, tuple[dict[t.Any, tuple[int, ...]], tuple[int, ...]]] = {}
        if len(clauses) >= _WORTH_AN_INDEX:
            for at in sorted({at for clause in clauses for at in clause.literals}):
                self._index[at] = self._index_of(at)

    def __len__(self) -> int:
        return len(self._clauses)

    @property
    def arity(self) -> int:
        """The number of parameters."""
        return len(self._clauses[0].parameters)

    def __iter__(self) -> Iterator[Clause]:
        return iter(self._clauses)

    def _index_of(self, position: int) -> tuple[dict[t.Any, tuple[int, ...]], tuple[int, ...]]:
        by_literal: dict[t.Any, list[int]] = {}
        others: list[int] = []
        for number, clause in zip(self.numbers, self._clauses, strict=True):
            literal = clause.parameters[position].term
            if isinstance(literal, Value):
                by_literal.setdefault(_key(literal), []).append(number)
            else:
                others.append(number)
        # Tuples take half the memory of lists that have grown.
        return {key: tuple(numbers) for key, numbers in by_literal.items()}, tuple(others)

    def for_call(self, args: Sequence[t.Any]) -> Sequence[Clause]:
        """Return the clauses without some of those whose literals exclude the arguments."""
        fewest, found = len(self._clauses), None
        for position, (by_literal, others) in self._index.items():
            arg = follow(args[position])
            if type(arg) is Value:
                same = by_literal.get(_key(arg), _NONE)
                if len(same) + len(others) < fewest:
                    fewest, found = len(same) + len(others), (same, others)
        if found is None:
            return self._clauses
        return [self._clauses[number] for number in heapq.merge(*found)]


def is_excluded(clause: Clause, args: tuple[t.Any, ...]) -> bool:
    """Return whether a literal parameter of a clause can never be the argument of a call."""
    for position in clause.literals:
        literal, arg = clause.parameters[position].term, follow(args[position])
        kind = type(arg)
        if kind is not Value and kind is not List and kind is not Dictionary:
            continue
        if kind is not type(literal):
            return True
        if isinstance(literal, Value) and not numbers.equal_scalars(literal.value, arg.value):
            return True
    return False


#: Fewer clauses than this have no index.
_WORTH_AN_INDEX = 8
_NONE: tuple[int, ...] = ()


def _key(literal: Value) -> t.Any:
    """Return a key that is equal for values that unify: 1 and 1.0, but not 1 and true."""
    return (literal.value,) if type(literal.value) is bool else literal.value
