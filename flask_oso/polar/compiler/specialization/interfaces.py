"""What a goal needs of the writer of its function."""

from __future__ import annotations

import typing as t

from ...sources import Span
from ..scopes import Pending
from .patterns import PatternGuards
from .regions import Fact, Region, RegionWriter, RuleCall, Variables
from .rows import RowGuards


class SpecializationInterface(RegionWriter, t.Protocol):
    """What a goal needs of the writer of its function."""

    rows: RowGuards
    patterns: PatternGuards

    def next_clause(self) -> int: ...
    def ask(self, region: Region, node: RuleCall, asking: Fact | None) -> None: ...
    def part_of(self, asking: Fact) -> Fact: ...
    def put_behind(self, region: Region, write: t.Callable[[], None]) -> None: ...
    def run(
        self,
        region: Region,
        goals: Pending,
        env: Variables,
        asking: Fact,
        before: Region | None = None,
    ) -> None: ...
    def written_once(
        self,
        region: Region,
        key: Fact,
        asking: Fact,
        write: t.Callable[[Region], None],
        *,
        is_negated: bool = False,
    ) -> Region: ...
    def unless(self, region: Region, inner: Region, span: Span | None) -> Region: ...
