"""Goals about relations of rows whose foreign keys tell the answer, so that none is loaded.

In go a lookup and the goals that follow; out comes the region where both hold.
"""

from __future__ import annotations

import typing as t

from ....nodes import Expression, Operator, Origin, Slot, Term, Value
from ....traversal import is_operation
from ...binding_analysis import is_string
from ...scopes import Pending, prepend
from ..clauses.chains import numbers_in
from ..clauses.clause_forms import is_operand
from ..regions import Known, Region
from ..value_tests import EQUATIONS
from .operands import Operands


class Relations(Operands, frozen=False):
    """Writes comparisons of relations."""

    def related(self, owner: Known, name: str, result: Term) -> Region | None:
        """Write ``x.a != v``, ``x.a == v`` and ``x.a = y.b`` of relations with foreign keys.

        ``None`` if the goal that follows is no such comparison.
        """
        number = self._variable(result)
        if not self.rest or not isinstance(result, Slot) or result.origin is not Origin.LOOKUP:
            return None
        goal, clause = self.rest[0]
        if clause is not self.clause or not isinstance(goal, Expression):
            return None
        if is_operation(goal, Operator.DOT):
            return self._two_related(owner, name, result, goal)
        is_used_once = [*self.env.names.values()].count(t.cast(int, number)) <= 1
        others = [arg for arg in goal.args if self._variable(arg) != number]
        if goal.operator not in EQUATIONS or len(others) != 1 or not is_used_once:
            return None
        known = self._value(others[0]) if is_operand(others[0]) else None
        if known is None:
            return None
        holds = goal.operator is Operator.EQ
        rows = self.values.rows
        return rows.compare_relation(self.region, owner, name, known, goal.span, holds=holds)

    def _two_related(self, owner: Known, name: str, mine: Slot, goal: Expression) -> Region | None:
        """Write ``x.a = y.b``, where nothing else is asked of what both are."""
        other, key, theirs = goal.args
        if not (isinstance(theirs, Slot) and theirs.origin is Origin.LOOKUP):
            return None
        number = self._unbound(mine)
        if self._variable(theirs) != number or not is_string(key) or not is_operand(other):
            return None
        value = self._value(other)
        if value is None or self._is_used_besides(number, {mine.index, theirs.index}):
            return None
        others = value, str(t.cast(Value, key).value)
        return self.values.rows.compare_relations(self.region, (owner, name), others, goal.span)

    def behind_reads(self, term: Expression) -> Pending | None:
        """Return the goals that follow in ``x.a = y.b.c``, with ``x.a`` in front of the last read.

        Then the two relations are compared by their foreign keys. Relations run no code, so it does
        not matter which is read first. ``None`` if what follows has another form.
        """
        number, before, rest = self._variable(term.args[2]), list[t.Any](), self.rest
        rows, cls, owner = self.values.rows, None, None
        while rest:
            (goal, clause), rest = rest
            if clause is not self.clause or not is_operation(goal, Operator.DOT):
                return None
            read, key, result = goal.args
            if not (isinstance(result, Slot) and result.origin is Origin.LOOKUP):
                return None
            if owner is None:
                value = self._value(read) if is_operand(read) else None
                cls = None if value is None else rows.class_of_rows(value)
            elif self._variable(read) != owner:
                return None
            if cls is None or not is_string(key):
                return None
            if self._variable(result) == number:
                last = [(term, self.clause), (goal, clause)]
                return prepend([*before, *last], rest) if before else None
            before.append((goal, clause))
            cls = rows.identities.related_class(cls, str(t.cast(Value, key).value))
            owner = self._variable(result)
        return None

    def _is_used_besides(self, number: int, results: set[int]) -> bool:
        """Tell whether a variable is more than the results of this goal and the next one."""
        if self.env.waiting.get(number):
            return True
        used = [each for each, named in self.env.names.items() if named == number]
        if {*used} != {(self.clause, at) for at in results}:
            return True
        return number in numbers_in(self.rest[1], self.env.copy())
