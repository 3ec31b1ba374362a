"""How many rows satisfy one condition and not another, for many such pairs at once.

In go pairs of residuals of one class, one pair for each group of actors; out come numbers. Rows
that conditions cannot tell apart are counted together: one statement groups the table by the
columns that conditions compare with what is known of actors, and by whether the other conditions
hold. What is left is set algebra on those groups of rows, so that a thousand actors do not read
the table a thousand times.

A condition that tells single rows apart, such as "shared with the actor", would make a group of
each row. It is left out at first, and the rows for which it holds are then counted anew.
"""

from __future__ import annotations

import functools
import itertools
import operator
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import orm

from ...polar.residual.algebra.ir import And, Constant, Not, Or, RowCondition
from ...polar.residual.outcomes import Residual
from ...polar.residual.templates import with_objects
from ..statements.dialects import POSTGRESQL, ExactText

#: How many conditions on the same columns are told one by one, and not by the columns.
MOST_TOLD = 8
#: How many groups of rows are read.
_MOST_GROUPS = 200_000
#: How many answers about a row and a condition are read to tell for which values conditions hold.
_MOST_ANSWERS = 5_000_000
#: How many rows, and how many conditions on them, one statement tells.
_ROWS_AT_ONCE, _CONDITIONS_AT_ONCE = 500, 50
#: How many rows it tells whose keys are integers, which are written out and no parameters.
_INTEGERS_AT_ONCE = 5_000

#: Rows of one condition that do not satisfy another one.
Difference = tuple[Residual, Residual]
#: The columns that a condition reads of a row.
_Columns = tuple[t.Any, ...]


class NotCounted(Exception):
    """Rows cannot be counted in groups: each difference has to be asked for by itself."""


@dataclass(eq=False)
class _Atom:
    """A condition that is no composition of others.

    :param at: its position among those told one by one, where it is one of them.
    :param values: the values of its columns for which it holds, where columns tell.
    """

    clause: t.Any
    columns: _Columns
    at: int | None = None
    values: set[t.Any] | None = None

    @property
    def is_single(self) -> bool:
        """Whether it tells single rows apart."""
        return self.at is None and self.values is None


@dataclass(frozen=True)
class _RowGroups:
    """Groups of rows that conditions cannot tell apart.

    :param columns: the columns that are grouped by.
    :param rows: of each group the values of columns, and whether conditions told one by one hold.
    :param counts: how many rows each group has.
    :param keys: the primary key of a row of each group.
    """

    columns: _Columns
    rows: list[tuple[t.Any, ...]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    keys: list[t.Any] = field(default_factory=list)

    def positions(self, columns: _Columns) -> list[int]:
        """Give where the values of some of the columns stand in a row."""
        at = {id(each): position for position, each in enumerate(self.columns)}
        return [at[id(each)] for each in columns]

    @functools.cached_property
    def _values(self) -> dict[_Columns, set[t.Any]]:
        return {}

    def known(self, columns: _Columns) -> set[t.Any]:
        """Give the values of some of the columns that rows have."""
        if columns not in self._values:
            at = self.positions(columns)
            self._values[columns] = {tuple(row[n] for n in at) for row in self.rows}
        return self._values[columns]


class RowCounts:
    """Counts rows of one class.

    :param clause: makes the clause of a residual.
    """

    def __init__(
        self, session: orm.Session, cls: type, clause: Callable[[Residual], t.Any]
    ) -> None:
        self._session = session
        self._cls = cls
        self._clause = clause
        self._mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        self._atoms: dict[RowCondition, _Atom] = {}
        self._told: list[_Atom] = []
        self._columns = {
            (table.fullname, column.key): column
            for table in self._mapper.tables
            if isinstance(table, sa.Table)
            for column in table.columns
        }

    def count(self, differences: Sequence[Difference]) -> list[int]:
        """Count the rows of each difference.

        :raises NotCounted: if that is not possible.
        """
        if len(self._mapper.primary_key) != 1:
            raise NotCounted
        formulas = [
            _Formula(each, [self._atoms_of(residual) for residual in each]) for each in differences
        ]
        groups = self._grouped()
        sets = _Sets(groups)
        known = {atom: sets.of(atom) for atom in self._atoms.values()}
        counts = [sets.count(formula.value(known.__getitem__, sets.all)) for formula in formulas]
        by_single: dict[tuple[_Atom, ...], list[int]] = {}
        for number, formula in enumerate(formulas):
            by_single.setdefault(formula.single, []).append(number)
        for single, numbers in by_single.items():
            if single:
                rows = self._rows_of(single, groups)
                for number in numbers:
                    counts[number] += rows.changed(formulas[number])
        return counts

    # -- what conditions are composed of

    def _atoms_of(self, residual: Residual) -> dict[RowCondition, _Atom]:
        found = {}
        for part in _parts(residual.condition):
            one = Residual(residual.cls, residual.root, part, objects=residual.objects)
            key = with_objects(one).condition
            atom = self._atoms.get(key)
            if atom is None:
                clause = self._clause(one)
                atom = self._atoms[key] = _Atom(clause, self._columns_of(clause))
            found[part] = atom
        return found

    def _columns_of(self, clause: t.Any) -> _Columns:
        """Give the columns that a clause reads of a row.

        INVARIANT: never too few. The subqueries of policies read aliases, so a column of a table
        itself is one of the row.
        """
        found: dict[str, t.Any] = {}
        for part in _walk(clause):
            if isinstance(part, sa.TextClause):
                raise NotCounted
            if isinstance(part, sa.Column) and isinstance(part.table, sa.Table):
                column = self._columns.get((part.table.fullname, part.key))
                if column is None:
                    raise NotCounted
                found[column.table.fullname + "." + column.key] = column
        return tuple(found[name] for name in sorted(found))

    # -- groups of rows

    def _grouped(self) -> _RowGroups:
        """Decide what tells whether each condition holds, and read the groups of rows."""
        by_columns: dict[tuple[str, ...], list[_Atom]] = {}
        for atom in self._atoms.values():
            by_columns.setdefault(tuple(map(str, atom.columns)), []).append(atom)
        grouped: list[list[_Atom]] = []
        for atoms in by_columns.values():
            if len(atoms) <= MOST_TOLD:
                self._told += atoms
            elif all(map(self._is_groupable, atoms[0].columns)):
                grouped.append(atoms)
        for at, atom in enumerate(self._told):
            atom.at = at
        while (groups := self._read([atoms[0].columns for atoms in grouped])) is None:
            if not grouped:
                raise NotCounted
            # These tell single rows apart, or nearly so.
            grouped.remove(max(grouped, key=lambda atoms: self._size(atoms[0].columns)))
        for atoms in grouped:
            self._find_values(groups, atoms)
        return groups

    def _is_groupable(self, column: t.Any) -> bool:
        """Tell whether the database groups the values of a column as Python does."""
        is_key = any(column is each for each in self._mapper.primary_key)
        return not is_key and self._grouping(column) is not None

    def _grouping(self, column: t.Any) -> t.Any:
        kind = column.type
        if isinstance(kind, sa.Integer):
            return sa.type_coerce(column, sa.BigInteger())
        if isinstance(kind, sa.String) and not isinstance(kind, sa.Enum | sa.CHAR):
            return sa.type_coerce(ExactText(column), sa.String())
        if isinstance(kind, sa.Uuid):
            dialect = self._session.get_bind(self._mapper).dialect.name
            if dialect in POSTGRESQL:
                return column
            return sa.type_coerce(column, sa.String()) if dialect == "sqlite" else None
        return None

    def _read(self, columns: Sequence[_Columns]) -> _RowGroups | None:
        """Read the groups of rows; ``None`` if there are too many."""
        groups = _RowGroups(_merged(columns))
        counted = self._groups_of(groups.columns, (), with_key=True).limit(_MOST_GROUPS + 1)
        found = self._session.execute(counted).all()
        if len(found) > _MOST_GROUPS:
            return None
        for *row, count, key in found:
            groups.rows.append(tuple(row))
            groups.counts.append(count)
            groups.keys.append(key)
        return groups

    def _groups_of(
        self, columns: _Columns, more: Sequence[_Atom], *, with_key: bool = False
    ) -> t.Any:
        """Select groups of rows, and how many there are of each."""
        told = [_is_true(atom.clause) for atom in (*self._told, *more)]
        (key,) = self._mapper.primary_key
        parts = [*map(self._grouping, columns), *told]
        named = [part.label(f"part_{at}") for at, part in enumerate(parts)]
        rows = sa.select(key.label("row_key"), *named).select_from(self._cls)
        if more:
            rows = rows.where(sa.or_(*(atom.clause for atom in more)))
        table = rows.subquery()
        given = [table.c[f"part_{at}"] for at in range(len(parts))]
        first = [sa.func.min(table.c.row_key)] if with_key else []
        return sa.select(*given, sa.func.count(), *first).group_by(*given)

    def _size(self, columns: _Columns) -> int:
        """Count the values of some columns."""
        named = [self._grouping(each).label(f"part_{at}") for at, each in enumerate(columns)]
        values = sa.select(*named).select_from(self._cls).distinct().subquery()
        return self._session.scalar(sa.select(sa.func.count()).select_from(values)) or 0

    def _find_values(self, groups: _RowGroups, atoms: Sequence[_Atom]) -> None:
        """Find the values of columns for which conditions hold, by asking of one row each."""
        at = groups.positions(atoms[0].columns)
        keys = {tuple(row[n] for n in at): key for row, key in zip(groups.rows, groups.keys)}  # noqa: B905
        if len(keys) * len(atoms) > _MOST_ANSWERS:
            return
        values = {key: value for value, key in keys.items()}
        for atom in atoms:
            atom.values = set()
        (column,) = self._mapper.primary_key
        is_integer = isinstance(column.type, sa.Integer)
        size = _INTEGERS_AT_ONCE if is_integer else _ROWS_AT_ONCE
        for some in batched(values, size):
            wanted: t.Any = sa.bindparam(
                "row_keys", some, expanding=True, literal_execute=is_integer
            )
            for batch in batched(atoms, _CONDITIONS_AT_ONCE):
                told = [_is_true(atom.clause).label(f"is_{n}") for n, atom in enumerate(batch)]
                rows = sa.select(column, *told).select_from(self._cls).where(column.in_(wanted))
                for key, *answers in self._session.execute(rows):
                    for atom in itertools.compress(batch, answers):
                        t.cast(set[t.Any], atom.values).add(values[key])

    # -- conditions that tell single rows apart

    def _rows_of(self, single: tuple[_Atom, ...], groups: _RowGroups) -> _SingleRows:
        """Read the rows for which conditions hold that were left out, once for all differences."""
        found = self._session.execute(self._groups_of(groups.columns, single)).all()
        return _SingleRows(groups, single, [tuple(each) for each in found])


class _Formula:
    """A difference as set algebra.

    :param atoms: what the parts of each of two conditions are.
    """

    def __init__(self, difference: Difference, atoms: Sequence[dict[RowCondition, _Atom]]) -> None:
        self._sides = [
            (residual.condition, found) for residual, found in zip(difference, atoms, strict=True)
        ]
        parts = (atom for found in atoms for atom in found.values())
        self._atoms = tuple(dict.fromkeys(parts))

    @property
    def single(self) -> tuple[_Atom, ...]:
        """The conditions that tell single rows apart."""
        return tuple(atom for atom in self._atoms if atom.is_single)

    def value(self, of: Callable[[_Atom], int], every: int) -> int:
        """Give the set of rows that satisfy one condition and not the other.

        :param of: gives the set of rows for which a part holds.
        :param every: the set of all rows.
        """
        only, other = (_set(condition, found, of, every) for condition, found in self._sides)
        return only & ~other


def _set(
    condition: RowCondition,
    atoms: dict[RowCondition, _Atom],
    of: Callable[[_Atom], int],
    every: int,
) -> int:
    if isinstance(condition, Constant):
        return every if condition.value else 0
    if isinstance(condition, Not):
        return every & ~_set(condition.part, atoms, of, every)
    if isinstance(condition, And | Or):
        parts = (_set(part, atoms, of, every) for part in condition.parts)
        return functools.reduce(
            operator.and_ if isinstance(condition, And) else operator.or_, parts
        )
    return of(atoms[condition])


class _Sets:
    """Sets of groups of rows: the bits of an integer stand for groups."""

    def __init__(self, groups: _RowGroups) -> None:
        self._groups = groups
        self._by_value: dict[_Columns, dict[t.Any, int]] = {}
        self.all = (1 << len(groups.rows)) - 1
        sizes = range(max(groups.counts, default=0).bit_length())
        self._counted = [_bits(count >> size & 1 for count in groups.counts) for size in sizes]

    def of(self, atom: _Atom) -> int:
        """Give the groups for which a condition holds; none if it tells single rows apart."""
        if atom.at is not None:
            at = len(self._groups.columns) + atom.at
            return _bits(row[at] for row in self._groups.rows)
        if not atom.values:
            return 0
        of_value = self._of_values(atom.columns)
        return functools.reduce(operator.or_, (of_value.get(value, 0) for value in atom.values))

    def _of_values(self, columns: _Columns) -> dict[t.Any, int]:
        if columns not in self._by_value:
            at = self._groups.positions(columns)
            places: dict[t.Any, list[int]] = {}
            for place, row in enumerate(self._groups.rows):
                places.setdefault(tuple(row[n] for n in at), []).append(place)
            size = len(self._groups.rows)
            self._by_value[columns] = {
                value: _bits_at(where, size) for value, where in places.items()
            }
        return self._by_value[columns]

    def count(self, groups: int) -> int:
        """Count the rows of a set of groups."""
        return sum(
            (groups & counted).bit_count() << size for size, counted in enumerate(self._counted)
        )


class _SingleRows:
    """The rows for which conditions hold that tell single rows apart.

    :param groups: those of all rows, for which these conditions were left out.
    :param found: of each group of rows what it has in ``groups``, the answers of these conditions,
        and the count.
    """

    def __init__(
        self, groups: _RowGroups, single: Sequence[_Atom], found: Sequence[tuple[t.Any, ...]]
    ) -> None:
        self._groups = groups
        rows = [(*row, count) for *row, count in found]
        self._rows = _RowGroups(groups.columns, rows, [row[-1] for row in rows])
        self._sets = _Sets(self._rows)
        # The last value is the count.
        first = -1 - len(single)
        self._after = {
            atom: _bits(row[first + at] for row in rows) for at, atom in enumerate(single)
        }
        self._before = dict.fromkeys(single, 0)
        self._others: dict[_Atom, int] = {}

    def changed(self, formula: _Formula) -> int:
        """Count by how much a difference grows when these conditions are not left out."""
        after, before = (
            formula.value(functools.partial(self._of, answers), self._sets.all)
            for answers in (self._after, self._before)
        )
        return self._sets.count(after) - self._sets.count(before)

    def _of(self, answers: Mapping[_Atom, int], atom: _Atom) -> int:
        if atom in answers:
            return answers[atom]
        if atom not in self._others:
            columns = atom.columns
            is_by_value = atom.at is None
            if is_by_value and not self._rows.known(columns) <= self._groups.known(columns):
                # A row was not there, or a value does not equal itself.
                raise NotCounted
            self._others[atom] = self._sets.of(atom)
        return self._others[atom]


def _bits(values: Iterable[int]) -> int:
    digits = "".join("1" if value else "0" for value in values)
    return int(digits[::-1] or "0", 2)


def _bits_at(places: Sequence[int], size: int) -> int:
    found = bytearray(size // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def _is_true(clause: t.Any) -> t.Any:
    """Select 1 or 0: a condition that is NULL does not hold."""
    return sa.case((clause, sa.literal_column("1")), else_=sa.literal_column("0"))


def _parts(condition: RowCondition) -> Iterator[RowCondition]:
    """Yield the parts of a condition that are no compositions of others."""
    if isinstance(condition, Not):
        yield from _parts(condition.part)
    elif isinstance(condition, And | Or):
        for part in condition.parts:
            yield from _parts(part)
    elif not isinstance(condition, Constant):
        yield condition


def _merged(columns: Sequence[_Columns]) -> _Columns:
    return tuple({id(each): each for some in columns for each in some}.values())


def _walk(clause: t.Any) -> Iterator[t.Any]:
    """Yield what a clause is made of, without the columns of tables that it only reads from."""
    waiting, seen = [clause], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, sa.Table):
            continue
        if isinstance(part, sa.Alias) and isinstance(part.element, sa.Table):
            continue
        seen.add(id(part))
        yield part
        waiting.extend(part.get_children())


_T = t.TypeVar("_T")


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Give lists of so many items; Python has it since version 3.12."""
    waiting = iter(items)
    while batch := [*itertools.islice(waiting, size)]:
        yield batch
