"""What a subquery selects from: the tables of rows, under names that do not hide each other."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Iterator

from ...polar.residual.algebra.ir import RowPath
from ..mapped.mapper_facts import MapperFacts
from ..mapped.tables import TableSource
from .comparisons import RowScope
from .related.semijoins import LinkRow, Node


class Aliases:
    """Names the tables of one statement.

    :param names: the facts about the mapped classes.
    """

    def __init__(self, names: MapperFacts) -> None:
        self._names = names
        self._numbers: dict[t.Any, Iterator[int]] = {}

    def entity(
        self, row: RowPath, scope: RowScope, *, is_own: bool = False
    ) -> tuple[TableSource, RowScope]:
        """Return the entity of a related row: tables, or an alias if they are in scope already."""
        tables = self._names.tables(row.cls)
        is_taken = any(not tables.isdisjoint(self._tables(each)) for each in scope)
        number = self._next_number(row.cls) if is_taken else None
        target = self._names.source(row.cls, number, is_own=is_own)
        return target, {**scope, row: target}

    def alias(self, cls: type) -> TableSource:
        """Return a table under a name that nothing else in the statement has."""
        return self._names.source(cls, self._next_number(cls))

    def link_alias(self, node: LinkRow, scope: RowScope) -> t.Any:
        """Return a secondary table, or an alias if it is in scope already."""
        table = self._link_table(node)
        if not any(table in self._tables(each) for each in scope):
            return self._names.link_source(table)
        number = next(self._numbers.setdefault(table, itertools.count()))
        return self._names.link_source(table, number)

    def _tables(self, node: Node) -> frozenset[t.Any]:
        """Return the tables that a row in scope is read from."""
        if isinstance(node, LinkRow):
            return frozenset([self._link_table(node)])
        return self._names.tables(node.cls)

    def _link_table(self, node: LinkRow) -> t.Any:
        return self._names.link_table(node.row)

    def _next_number(self, cls: type) -> int:
        return next(self._numbers.setdefault(cls, itertools.count()))
