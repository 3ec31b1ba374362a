"""Clauses that are made once, and copied for each actor with other values in their parameters.

In goes a clause whose parameters tell where their values were read; out come copies. Only the
elements on the way from the clause to these parameters are copied, all others are shared. What
cannot be copied so is made anew for each statement. Several clauses of one statement, and the lists
that they share, are copied together.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.sql import elements, selectable

from ...polar.policy.garbage import without_collector
from ...polar.residual.algebra.ir import KnownRow
from ...polar.residual.algebra.outcomes import Residual
from ..mapped.loaded import explaining_unloaded
from .binary_clauses import FoundText, FoundTime, KeyAmong
from .dialects import (
    ByHeldKey,
    EntryHoldsValue,
    EntryIsText,
    FoundOnce,
    OrNan,
    Remainder,
    WithoutNan,
)
from .known_values import (
    KnownObjects,
    Objects,
    ObjectsOfPart,
    another,
    has_another,
    rows_of_parts,
)
from .many_values import AmongMany, FoundMany
from .related.broad_rows import SoughtOrListed
from .related.hashed_lists import SoughtOrHashed
from .related.held_joins import HeldJoin
from .related.listed_keys import ListedKey, UnitedKeys
from .related.page_rows import PageRow

#: The attributes with the parts of an element, by its class. Elements of other classes are not
#: copied: it is not known what they keep of their parts.
_PARTS: dict[type, tuple[str, ...]] = {
    elements.BinaryExpression: ("left", "right"),
    ListedKey: ("left", "right"),
    KeyAmong: ("left", "right"),
    AmongMany: ("left", "right"),
    FoundMany: ("left", "right"),
    FoundText: ("left", "right"),
    FoundTime: ("left", "right"),
    elements.BooleanClauseList: ("clauses",),
    elements.UnaryExpression: ("element",),
    elements.AsBoolean: ("element",),
    elements.Grouping: ("element",),
    elements.Cast: ("clause",),
    selectable.SelectStatementGrouping: ("element",),
    selectable.Exists: ("element",),
    selectable.ScalarSelect: ("element",),
    selectable.Select: ("_raw_columns", "_from_obj", "_where_criteria"),
    PageRow: ("_raw_columns", "_from_obj", "_where_criteria"),
    selectable.Join: ("left", "right", "onclause"),
    HeldJoin: ("left", "right", "onclause", "held"),
    selectable.CompoundSelect: ("selects",),
    UnitedKeys: ("selects",),
    elements.ClauseList: ("clauses",),
    WithoutNan: ("clause_expr",),
    OrNan: ("clause_expr",),
    FoundOnce: ("clause_expr",),
    EntryHoldsValue: ("clause_expr",),
    EntryIsText: ("clause_expr",),
    ByHeldKey: ("clause_expr",),
    Remainder: ("clause_expr",),
    SoughtOrListed: ("clause_expr",),
    SoughtOrHashed: ("clause_expr",),
}
#: The most conditions of which clauses are kept.
_MOST = 1_000
#: The most clauses of one condition; they differ in what is nil, or loaded.
_MOST_SHAPES = 256
#: How often a clause of one condition is found to be no copy, until copies are given up.
_MOST_FAILURES = 16


class _NotCopied(Exception):
    """A clause cannot be copied."""


class _Parameter(t.NamedTuple):
    """A parameter, the number of what is read for it, and the part of that."""

    parameter: t.Any
    read: int
    part: Callable[[t.Any], t.Any]


class _Element(t.NamedTuple):
    """An element, and its parts that are copied: attributes, with the numbers of their copies.

    :param sequences: attributes that are sequences, with the numbers by position.
    """

    element: t.Any
    parts: tuple[tuple[str, int], ...]
    sequences: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]

    def copy(self, made: Sequence[t.Any]) -> t.Any:
        """Return the copy of it, given the copies of other elements."""
        new = self.element._clone()
        for name, number in self.parts:
            setattr(new, name, made[number])
        for name, numbers in self.sequences:
            old = getattr(self.element, name)
            changed = list(old)
            for position, number in numbers:
                changed[position] = made[number]
            setattr(new, name, type(old)(changed))
        return new


class _List(t.NamedTuple):
    """A common table expression, and the number of its SELECT.

    :param is_first: whether it is what a recursive one begins with.
    """

    select: int
    is_first: bool

    def copy(self, made: Sequence[t.Any]) -> t.Any:
        """Return the copy of it, given the copies of other elements."""
        return made[self.select].cte(recursive=self.is_first, nesting=self.is_first)


class _Recursive(t.NamedTuple):
    """A recursive common table expression: what it begins with, and what finds further rows.

    :param numbers: the numbers of the two. What has none is shared.
    """

    parts: tuple[t.Any, t.Any]
    numbers: tuple[int | None, int | None]

    def copy(self, made: Sequence[t.Any]) -> t.Any:
        """Return the copy of it, given the copies of other elements."""
        pairs = zip(self.parts, self.numbers, strict=True)
        first, following = (part if number is None else made[number] for part, number in pairs)
        return first.union(following)


class _ColumnOf(t.NamedTuple):
    """A column of a common table expression, and the number of that."""

    key: str
    listed: int

    def copy(self, made: Sequence[t.Any]) -> t.Any:
        """Return the copy of it, given the copies of other elements."""
        return made[self.listed].c[self.key]


class _OfList(t.NamedTuple):
    """A SELECT of all columns of a common table expression, and the number of that."""

    element: t.Any
    listed: int

    def copy(self, made: Sequence[t.Any]) -> t.Any:
        """Return the copy of it, given the copies of other elements."""
        select = self.element._clone()
        select._raw_columns = [*made[self.listed].c]
        return select


_Step = _Parameter | _Element | _List | _Recursive | _ColumnOf | _OfList


class KeptClause:
    """A clause that is copied for other objects.

    INVARIANT: a copy has no parameter with a value of another object: the copy for other values is
    what is made of them. What is copied is made of other values than the clause that it is compared
    with: one that stayed in a copy would tell the two apart.

    :param clause: a clause.
    :param known: what it was made of.
    :param make: makes such a clause.
    :raises _NotCopied: if it cannot be copied.
    """

    def __init__(
        self, clause: t.Any, known: KnownObjects, make: Callable[[KnownObjects], t.Any]
    ) -> None:
        reads = list(known.reads.values())
        if not all(has_another(value) for _, value in reads):
            raise _NotCopied
        #: What is read, by its keys, and the shapes of that: another clause of the condition
        #: differs in one of the two.
        self.keys = tuple(known.reads)
        self.reads = tuple((read.of, read.shape) for read, _ in reads)
        self.shapes = tuple(read.shape(value) for read, value in reads)
        other = known.changed(another)
        # The clause itself gets into a statement, and compiling changes what it is given.
        self._clause = make(other)
        self._source_of = other.source_of
        if not other.is_lasting or tuple(other.reads) != self.keys:
            raise _NotCopied
        self._numbers = {read.key: number for number, (read, _) in enumerate(reads)}
        self._steps: list[_Step] = []
        # With the elements: an attribute may make one anew, and no other may get its id.
        self._known: dict[int, tuple[t.Any, int | None]] = {}
        self._last = self._plan(self._clause)
        self._check(clause, [value for _, value in reads])

    def copy(self, values: Sequence[t.Any]) -> t.Any:
        """Return the clause for other values of the same shapes."""
        if self._last is None:
            return self._clause
        made: list[t.Any] = []
        for step in self._steps:
            if isinstance(step, _Parameter):
                parameter, read, part = step
                made.append(_parameter(parameter, part(values[read])))
                continue
            made.append(step.copy(made))
        return made[self._last]

    def _plan(self, element: t.Any) -> int | None:
        """Plan the copy of an element; return its number, or ``None`` if it is shared."""
        if id(element) not in self._known:
            self._known[id(element)] = element, self._planned(element)
        return self._known[id(element)][1]

    def _planned(self, element: t.Any) -> int | None:
        step: _Step | None
        source = self._source_of(element) if type(element) is sa.BindParameter else None
        if source is not None:
            step = _Parameter(element, self._numbers[source.read.key], source.part)
        elif type(element) is sa.CTE:
            step = self._of_list(element)
        elif type(element) is elements.ColumnClause and type(element.table) is sa.CTE:
            number = self._plan(element.table)
            step = None if number is None else _ColumnOf(element.key, number)
        elif (listed := _list_of(element)) is not None:
            number = self._plan(listed)
            step = None if number is None else _OfList(element, number)
        else:
            step = self._of_parts(element)
        if step is None:
            return None
        self._steps.append(step)
        return len(self._steps) - 1

    def _of_list(self, listed: t.Any) -> _List | _Recursive | None:
        """Return the step for a common table expression; ``None`` if it is shared."""
        first = listed._restates
        if first is not None:
            following = listed.element.selects[-1]
            numbers = self._plan(first), self._plan(following)
            return None if numbers == (None, None) else _Recursive((first, following), numbers)
        number = self._plan(listed.element)
        return None if number is None else _List(number, listed.recursive)

    def _of_parts(self, element: t.Any) -> _Element | None:
        """Return the step for an element of which parts are copied; ``None`` if none is."""
        parts, sequences = [], []
        for name in _PARTS.get(type(element), ()):
            part = getattr(element, name)
            if isinstance(part, tuple | list):
                found = [(n, self._plan(each)) for n, each in enumerate(part)]
                numbers = tuple((n, each) for n, each in found if each is not None)
                sequences += [(name, numbers)] if numbers else []
            elif (number := self._plan(part)) is not None:
                parts.append((name, number))
        return _Element(element, tuple(parts), tuple(sequences)) if parts or sequences else None

    def _check(self, clause: t.Any, values: Sequence[t.Any]) -> None:
        """Check that a copy is what was made of the same values, with parameters of its own."""
        copied = self.copy(values)
        key, other = clause._generate_cache_key(), copied._generate_cache_key()
        if key is None or other is None or key.key != other.key:
            raise _NotCopied
        if list(map(_shown, key.bindparams)) != list(map(_shown, other.bindparams)):
            raise _NotCopied
        parameters = [each for each in _parts(copied) if type(each) is sa.BindParameter]
        if any(self._source_of(each) is not None for each in parameters):
            raise _NotCopied


def _list_of(element: t.Any) -> t.Any:
    """Return the common table expression of which a SELECT has all columns; else ``None``."""
    if type(element) is not sa.Select or element._where_criteria:
        return None
    listed: t.Any = getattr(element._raw_columns[0], "table", None)
    is_of_all = _is_list(listed) and [*map(id, element._raw_columns)] == [*map(id, listed.c)]
    return listed if is_of_all else None


def _is_list(element: t.Any) -> bool:
    return type(element) is sa.CTE and not element.recursive


def _parts(clause: t.Any) -> Iterator[t.Any]:
    """Yield a clause and everything in it once: conditions of a statement share lists."""
    # With the elements: one may be made for who asks, and no other may get its id.
    seen: dict[int, t.Any] = {}
    stack = [clause]
    while stack:
        each = stack.pop()
        if id(each) not in seen:
            seen[id(each)] = each
            yield each
            stack.extend(each.get_children())


def _shown(parameter: t.Any) -> t.Any:
    return type(parameter.value), parameter.value, parameter.expanding


def _parameter(like: t.Any, value: t.Any) -> t.Any:
    """Return a parameter that differs from another one in its name and its value."""
    made: t.Any = sa.BindParameter(
        like._orig_key, value, like.type, unique=True, expanding=like.expanding
    )
    made.expand_op = like.expand_op
    return made


class _Entry:
    """The clauses of conditions, which are kept alive: no others get their identities."""

    def __init__(self, conditions: Sequence[t.Any]) -> None:
        self._conditions = conditions
        # Two threads may add the same clause.
        self._clauses: dict[t.Any, tuple[t.Any, dict[t.Any, KeptClause]]] = {}
        self._count = 0
        self.failures = 0
        #: The clause, if nothing of any object is in it.
        self.constant: t.Any = None

    def copy(self, objects: Objects) -> t.Any:
        """Return the clause for some objects; ``None`` if none is kept that is theirs."""
        for reads, clauses in list(self._clauses.values()):
            values = [of(objects) for of, _ in reads]
            kept = clauses.get(tuple(of(v) for (_, of), v in zip(reads, values, strict=True)))
            if kept is not None:
                return kept.copy(values)
        return None

    def add(self, kept: KeptClause) -> None:
        """Add a clause, unless there are too many."""
        if self._count < _MOST_SHAPES:
            self._count += 1
            _, clauses = self._clauses.setdefault(kept.keys, (kept.reads, {}))
            clauses[kept.shapes] = kept
            if not kept.keys:
                self.constant = kept.copy(())

    @property
    def is_full(self) -> bool:
        """Whether no more clauses are kept."""
        return self._count >= _MOST_SHAPES or self.failures >= _MOST_FAILURES


def _merged(residuals: Sequence[Residual]) -> dict[KnownRow, t.Any] | None:
    """Return the objects of residuals by their rows; ``None`` if one row stands for two objects."""
    objects: dict[KnownRow, t.Any] = {}
    for each in residuals:
        for row, value in each.objects.items():
            if objects.setdefault(row, value) is not value:
                return None
    return objects


class KeptClauses:
    """The clauses of conditions that many actors have."""

    def __init__(self) -> None:
        # Two threads may make the same entry.
        self._entries: dict[t.Any, _Entry] = {}

    def clause(
        self, residual: Residual, entity: type, make: Callable[[KnownObjects], t.Any]
    ) -> t.Any:
        """Return the clause of a residual for a mapped class.

        :param make: makes it anew.
        """
        conditions = (residual.condition,)
        return self._clause(None, conditions, residual.objects, entity, make)

    def constant(self, residual: Residual, entity: type) -> t.Any:
        """Return the clause of a residual that is one for all objects; ``None`` if none is kept."""
        entry = self._entries.get((None, id(residual.condition), entity))
        return None if entry is None else entry.constant

    def clauses(
        self,
        residuals: Sequence[Residual],
        entity: type,
        make: Callable[[Sequence[t.Any], KnownObjects], Sequence[t.Any]],
    ) -> Sequence[t.Any]:
        """Return the clauses of residuals in one statement.

        :param make: makes all of them anew, given the objects of each, and of all.
        """
        objects = _merged(residuals)
        rows: list[dict[KnownRow, KnownRow]] = []
        if objects is None:
            # A method, such as that of a clock, gave something else for each of them.
            rows = rows_of_parts([each.objects for each in residuals])
            pairs = zip(rows, residuals, strict=True)
            objects = {own[row]: v for own, each in pairs for row, v in each.objects.items()}

        def make_one(known: KnownObjects) -> t.Any:
            parts: list[t.Any] = [ObjectsOfPart(known, own) for own in rows]
            parts = parts or [known] * len(residuals)
            return elements.ClauseList(*make(parts, known), group=False, group_contents=False)

        conditions = tuple(each.condition for each in residuals)
        # Conditions that were given the same value have one parameter for it.
        kind = tuple(tuple(each.value.value for each in own.values()) for own in rows)
        found = self._clause(kind, conditions, objects, entity, make_one)
        return t.cast("Sequence[t.Any]", found.clauses)

    def _clause(
        self,
        kind: tuple[tuple[t.Any, ...], ...] | None,
        conditions: tuple[t.Any, ...],
        objects: Objects,
        entity: type,
        make: Callable[[KnownObjects], t.Any],
    ) -> t.Any:
        key = (kind, *map(id, conditions), entity)
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= _MOST:
                self._entries.clear()
            # It is kept when it is asked for again: other conditions are made for one statement.
            self._entries[key] = _Entry(conditions)
            with without_collector():
                return make(KnownObjects(objects))
        with explaining_unloaded(objects.values()):
            copied = entry.copy(objects)
        if copied is not None:
            return copied
        known = KnownObjects(objects)
        made = make(known)
        if not known.is_lasting or entry.is_full:
            return made
        try:
            with without_collector():
                kept = KeptClause(made, known, make)
        except _NotCopied:
            entry.failures += 1
            return made
        entry.add(kept)
        return made
