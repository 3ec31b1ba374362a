"""Clauses that are made once, and copied for each actor with other values in their parameters.

In goes a clause whose parameters tell where their values were read; out come copies. Only the
elements on the way from the clause to these parameters are copied, all others are shared. What
cannot be copied so is made anew for each statement.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.sql import elements, selectable, visitors

from ...polar.residual.outcomes import Residual
from ..mapped.loaded import explaining_unloaded
from .dialects import KeyAmong
from .known_values import KnownObjects, Objects, another, has_another

#: The attributes with the parts of an element, by its class. Elements of other classes are not
#: copied: it is not known what they keep of their parts.
_PARTS: dict[type, tuple[str, ...]] = {
    elements.BinaryExpression: ("left", "right"),
    KeyAmong: ("left", "right"),
    elements.BooleanClauseList: ("clauses",),
    elements.UnaryExpression: ("element",),
    elements.Grouping: ("element",),
    selectable.SelectStatementGrouping: ("element",),
    selectable.Exists: ("element",),
    selectable.ScalarSelect: ("element",),
    selectable.Select: ("_where_criteria",),
    selectable.CompoundSelect: ("selects",),
}
#: The most conditions of which clauses are kept.
_MOST = 1_000
#: The most clauses of one condition; they differ in what is nil, or loaded.
_MOST_SHAPES = 16


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


class KeptClause:
    """A clause that is copied for other objects.

    INVARIANT: a copy has no parameter with a value of another object: the copy for other values is
    what is made of them.

    :param known: what the clause was made of.
    :param make: makes such a clause.
    :raises _NotCopied: if it cannot be copied.
    """

    def __init__(
        self, clause: t.Any, known: KnownObjects, make: Callable[[KnownObjects], t.Any]
    ) -> None:
        reads = list(known.reads.values())
        if not all(has_another(value) for _, value in reads):
            raise _NotCopied
        self._reads = tuple((read.of, read.shape, read.shape(value)) for read, value in reads)
        self._clause = clause
        self._source_of = known.source_of
        self._numbers = {read.key: number for number, (read, _) in enumerate(reads)}
        self._steps: list[_Parameter | _Element] = []
        self._known: dict[int, int | None] = {}
        self._last = self._plan(clause)
        self._check(clause, known)
        other = known.changed(another)
        self._check(make(other), other)

    def copy(self, objects: Objects) -> t.Any:
        """Return the clause for some objects; ``None`` if it is another one for them."""
        values = []
        for of, shape_of, shape in self._reads:
            value = of(objects)
            if shape_of(value) != shape:
                return None
            values.append(value)
        return self._copy(values)

    def _copy(self, values: Sequence[t.Any]) -> t.Any:
        if self._last is None:
            return self._clause
        made: list[t.Any] = []
        for step in self._steps:
            if type(step) is _Parameter:
                parameter, read, part = step
                made.append(_parameter(parameter, part(values[read])))
                continue
            element, parts, sequences = t.cast(_Element, step)
            new = element._clone()
            for name, number in parts:
                setattr(new, name, made[number])
            for name, numbers in sequences:
                old = getattr(element, name)
                changed = list(old)
                for position, number in numbers:
                    changed[position] = made[number]
                setattr(new, name, type(old)(changed))
            made.append(new)
        return made[self._last]

    def _plan(self, element: t.Any) -> int | None:
        """Plan the copy of an element; return its number, or ``None`` if it is shared."""
        if id(element) not in self._known:
            self._known[id(element)] = self._planned(element)
        return self._known[id(element)]

    def _planned(self, element: t.Any) -> int | None:
        step: _Parameter | _Element
        source = self._source_of(element) if type(element) is sa.BindParameter else None
        if source is not None:
            step = _Parameter(element, self._numbers[source.read.key], source.part)
        else:
            parts, sequences = [], []
            for name in _PARTS.get(type(element), ()):
                part = getattr(element, name)
                if isinstance(part, tuple | list):
                    found = [(n, self._plan(each)) for n, each in enumerate(part)]
                    numbers = tuple((n, each) for n, each in found if each is not None)
                    sequences += [(name, numbers)] if numbers else []
                elif (number := self._plan(part)) is not None:
                    parts.append((name, number))
            if not parts and not sequences:
                return None
            step = _Element(element, tuple(parts), tuple(sequences))
        self._steps.append(step)
        return len(self._steps) - 1

    def _check(self, clause: t.Any, known: KnownObjects) -> None:
        """Check that a copy is what was made of the same values, with parameters of its own."""
        if not known.is_lasting or len(known.reads) != len(self._reads):
            raise _NotCopied
        copied = self._copy([value for _, value in known.reads.values()])
        key, other = clause._generate_cache_key(), copied._generate_cache_key()
        if key is None or other is None or key.key != other.key:
            raise _NotCopied
        if list(map(_shown, key.bindparams)) != list(map(_shown, other.bindparams)):
            raise _NotCopied
        parameters = [each for each in _parts(copied) if type(each) is sa.BindParameter]
        if any(self._source_of(each) is not None for each in parameters):
            raise _NotCopied


def _parts(clause: t.Any) -> Iterator[t.Any]:
    return t.cast("Iterator[t.Any]", visitors.iterate(clause))


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
    """The clauses of a condition, which is kept alive: no other gets its identity."""

    def __init__(self, condition: t.Any) -> None:
        self.condition = condition
        self.clauses: tuple[KeptClause, ...] = ()
        self.tries = 0


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
        condition, key = residual.condition, (id(residual.condition), entity)
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= _MOST:
                self._entries.clear()
            # It is kept when it is asked for again: other conditions are made for one statement.
            self._entries[key] = _Entry(condition)
            return make(KnownObjects(residual.objects))
        with explaining_unloaded(list(residual.objects.values())):
            for kept in entry.clauses:
                copied = kept.copy(residual.objects)
                if copied is not None:
                    return copied
        known = KnownObjects(residual.objects)
        made = make(known)
        if not known.is_lasting or entry.tries >= _MOST_SHAPES:
            return made
        entry.tries += 1
        try:
            kept = KeptClause(made, known, make)
        except _NotCopied:
            return made
        entry.clauses += (kept,)
        # The clause itself gets into no statement: compiling changes what it is given.
        copied = kept.copy(residual.objects)
        return made if copied is None else copied
