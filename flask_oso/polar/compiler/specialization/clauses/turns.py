"""Alternatives that nothing follows: each is tried where none before it holds.

The solver ends with the first that holds. So does a function in the order of the rules; another one
goes on, and need not look at what the solver never comes to. In go the regions where alternatives
are written; out come those where they are tried.
"""

from __future__ import annotations

import ast
import contextlib
import typing as t
from collections.abc import Iterator

from ....nodes import COMPARISONS, Expression, Operator, Term
from ....sources import Span
from ....traversal import goals_in
from ...passes.names import FOUND
from ..guards import Guards
from ..regions import Fact, Region

#: Operators of goals that are looked at once, and search nothing.
_SIMPLE = frozenset({*COMPARISONS, Operator.UNIFY, Operator.DOT, Operator.ISA})
#: Operators of goals that fail for values without an order, such as ``nil``.
_ORDERS = frozenset({Operator.LT, Operator.LEQ, Operator.GT, Operator.GEQ})
#: The most alternatives that are tried in turn.
MAX_TURNS = 8


class Turns:
    """The alternatives of one goal or one question.

    INVARIANT: nothing follows them. What follows may differ from one question to another that are
    written as one, such as those about several roles, and where it does not hold the solver tries
    the next alternative.

    :param count: how many alternatives there are.
    :param span: where they stand.
    """

    def __init__(self, guards: Guards, count: int, span: Span | None) -> None:
        self._guards = guards
        self._flag = guards.fresh("s")
        self._left, self._count, self._span = count, count, span

    @contextlib.contextmanager
    def next(self, region: Region) -> Iterator[Region]:
        """Give the region where the next alternative is written."""
        key: Fact = ("open", self._flag, self._left)
        if self._left < self._count:
            region = self._guards.under(region, key, ast.Constant(True), [], self._span)
            region.unless = self._flag
        self._left -= 1
        if not self._left:
            # Nothing asks whether the last one holds.
            yield region
            return
        self._guards.marks.append(self._flag)
        try:
            yield region
        finally:
            self._guards.marks.pop()


def may_take_turns(region: Region, bodies: t.Sequence[Term | None]) -> bool:
    """Tell whether each of several alternatives is a solution, and only compares and reads.

    It is worth it where a later one asks for an order, as beside ``x = nil``: the function would
    give up for what has none. Other tests fail for no value, and are faster side by side.
    """
    is_worth_it = 1 < len(bodies) <= MAX_TURNS and any(map(_asks_for_order, bodies[1:]))
    return region.found == FOUND and is_worth_it and all(map(_is_simple, bodies))


def _is_simple(body: Term | None) -> bool:
    return all(isinstance(each, Expression) and each.operator in _SIMPLE for each in goals_in(body))


def _asks_for_order(body: Term | None) -> bool:
    return any(isinstance(each, Expression) and each.operator in _ORDERS for each in goals_in(body))
