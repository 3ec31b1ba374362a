"""Columns of rows in scope, and equations of the keys with which rows lead to each other.

In goes a row or an ``Equation``, and the rows in scope; out come columns, values of known objects,
or a clause.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

from ...polar.residual.algebra.ir import Column, Comparison, KnownRow, RowPath, SameLink
from ..mapped.mapper_facts import MapperFacts
from ..mapped.tables import TableSource, column_of
from .comparisons import ComparisonTranslator, RowScope
from .key_clauses import conjunction, has_nil
from .known_values import KnownObjects, equated
from .related.semijoins import Equation, LinkRow, SemiJoin, Side


class KeyColumns(tuple[t.Any, ...]):
    """The columns of a primary key, where no other column of a row is in scope."""


class KeyEquations:
    """Translates equations of keys.

    :param names: the facts about the mapped classes.
    :param known: the objects of placeholder rows.
    """

    def __init__(self, names: MapperFacts, known: KnownObjects) -> None:
        self._names = names
        self._known = known
        self.compare = ComparisonTranslator(self.column, known.attribute)

    def column(self, row: RowPath, name: str, scope: RowScope) -> t.Any:
        """Return a column of a row."""
        at = scope[row]
        return at.column(name) if isinstance(at, TableSource) else column_of(at, name)

    def key(self, row: RowPath, scope: RowScope) -> list[t.Any]:
        """Return the columns of the primary key of a row."""
        entity = scope[row]
        if isinstance(entity, KeyColumns):
            return list(entity)
        return [self.column(row, name, scope) for name in self._names.key(row.cls)]

    def values(self, side: Side, scope: RowScope) -> list[t.Any]:
        """Return the columns of a side, or the values of an object."""
        node, names = side.node, list(side.columns)
        if isinstance(node, LinkRow):
            return [scope[node].c[name] for name in names]
        if isinstance(node, KnownRow):
            if names == self._names.key(node.cls):
                return list(self._known.key(node))
            return [self._known.attribute(node, name) for name in names]
        if isinstance(scope[node], KeyColumns):
            return list(scope[node])
        return [self.column(node, name, scope) for name in names]

    def pairs(self, equation: Equation, scope: RowScope) -> list[tuple[t.Any, t.Any]]:
        """Return what an equation compares; nothing where it is nil, which equals nothing."""
        if equation.comparison is not None:
            return [self.compared(equation, scope)]
        left, right = self.values(equation.left, scope), self.values(equation.right, scope)
        if has_nil(left) or has_nil(right):
            return []
        return list(zip(left, right, strict=True))

    def compared(self, equation: Equation, scope: RowScope) -> tuple[t.Any, t.Any]:
        """Return the columns that a policy compares, in the order of the equation."""
        comparison = t.cast(Comparison, equation.comparison)
        left, right = self.compare.sides(comparison, scope)
        is_same = t.cast(Column, comparison.left).row == equation.left.node
        return (left, right) if is_same else (right, left)

    def equal(self, equation: Equation, scope: RowScope) -> t.Any:
        """Translate an equation."""
        if equation.comparison is not None:
            return self.compare.comparison(equation.comparison, scope)
        pairs = self.pairs(equation, scope)
        if not pairs:
            # Nothing equals NULL.
            return sa.false()
        return conjunction([equated(mine, other) for mine, other in pairs])

    def not_equal(self, equation: Equation, scope: RowScope) -> t.Any:
        """Translate the opposite of an equation, which is never NULL."""
        pairs = self.pairs(equation, scope)
        if not pairs:
            return sa.true()
        empty = [
            value.is_(None)
            for side in (equation.left, equation.right)
            if not isinstance(side.node, KnownRow) and self.may_be_null(side)
            for value in self.values(side, scope)
        ]
        return sa.or_(sa.not_(self.equal(equation, scope)), *empty)

    def may_be_null(self, side: Side) -> bool:
        """Tell whether a column of a side may be NULL."""
        if isinstance(side.node, LinkRow):
            table = self._names.link_table(side.node.row)
            return any(table.c[name].nullable for name in side.columns)
        cls = side.node.cls
        return any(self._names.may_be_null(cls, name) for name in side.columns)

    def is_firm(self, join: SemiJoin) -> bool:
        """Tell whether no column is NULL that is looked for on a list, and none that is on it."""
        return not any(
            self.may_be_null(side) for each in join.outer for side in (each.left, each.right)
        )

    def link_equation(self, condition: SameLink) -> Equation:
        """Return the equation of two foreign keys."""
        sides = [
            Side(
                row.owner,
                tuple(
                    name for name, _ in self._names.key_of_class(row.owner.cls, row.relation) or ()
                ),
            )
            for row in (condition.left, condition.right)
        ]
        return Equation(sides[0], sides[1])
