"""How many rows satisfy one condition and not another, for many such pairs at once.

In go pairs of residuals of one class, one pair for each group of actors; out come numbers. Rows
that conditions cannot tell apart are counted together: one statement groups the table by the
columns that conditions compare with what is known of actors, and by whether the other conditions
hold. Values of columns for which the same conditions hold, such as the folders of one tenant, are
then one kind. What is left is set algebra on those groups of rows, so that a thousand actors do
not read the table a thousand times.

A condition that tells single rows apart, such as "shared with the actor", would make a group of
each row. It is left out at first, and the rows for which it holds are then counted anew.
"""

from __future__ import annotations

import functools
import itertools
import operator
import typing as t
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import orm

from ...polar.residual.algebra.ir import (
    And,
    Constant,
    KnownRow,
    Not,
    Or,
    RowCondition,
    walk_condition,
)
from ...polar.residual.algebra.outcomes import Residual
from ..statements.dialects import POSTGRESQL, ExactText

#: How many conditions on the same columns are told one by one, and not by the columns.
MOST_TOLD = 8
#: How many groups of rows there are at most, and from how many values of columns they are made.
_MOST_GROUPS, _MOST_VALUES = 1_500_000, 200_000
#: How many answers about a row and a condition are read to tell for which values conditions hold.
_MOST_ANSWERS = 50_000_000
#: How many bits the sets of groups have that are kept.
_MOST_BITS = 1_000_000_000
#: Databases that group by sorting, in this process: it is faster to group the rows here.
_UNGROUPED = ("sqlite",)
#: How many groups are read at once.
_GROUPS_AT_ONCE = 500
#: How many rows, and how many conditions on them, one statement tells.
_ROWS_AT_ONCE, _CONDITIONS_AT_ONCE = 500, 200
#: How many answers are the bits of one number.
_BITS = 50
#: How many rows it tells whose keys are integers, which are written out and no parameters.
_INTEGERS_AT_ONCE = 5_000

#: Writes the bytes 0 and 1 as digits.
_DIGITS = bytes.maketrans(b"\0\1", b"01")

#: Rows of one condition that do not satisfy another one.
Difference = tuple[Residual, Residual]
#: The columns that a condition reads of a row.
_Columns = tuple[t.Any, ...]


class NotCounted(Exception):
    """Rows cannot be counted in groups: each difference has to be asked for by itself."""


@dataclass(eq=False)
class _Atom:
    """A condition that is no composition of others.

    :param at: its position among the parts of a group, where it is told one by one.
    :param kinds: the kinds of values for which it holds, where the values of its columns tell.
    """

    clause: t.Any
    columns: _Columns
    at: int | None = None
    kinds: list[int] | None = None

    @property
    def is_single(self) -> bool:
        """Whether it tells single rows apart."""
        return self.at is None and self.kinds is None


@dataclass(frozen=True)
class _Family:
    """Columns whose values tell whether some conditions hold.

    :param kinds: the kind of each value. The same conditions hold for values of one kind.
    """

    columns: _Columns
    atoms: Sequence[_Atom]
    kinds: Mapping[t.Any, int]

    @functools.cached_property
    def size(self) -> int:
        """The number of kinds."""
        return len({*self.kinds.values()})


class _Groups:
    """Groups of rows that conditions cannot tell apart.

    A group is a number: the kind of values for each family, and the answers of conditions that
    are told one by one, are its digits.

    :param families: what has a digit each.
    :param told: how many conditions have one.
    """

    def __init__(self, families: Sequence[_Family], told: int) -> None:
        self.counts: defaultdict[int, int] = defaultdict(int)
        self._sizes = [*(family.size for family in families), *[2] * told]
        self._weights = [*itertools.accumulate(self._sizes, operator.mul, initial=1)]
        self._kinds = [
            {value: kind * weight for value, kind in family.kinds.items()}
            for family, weight in zip(families, self._weights, strict=False)
        ]

    def add(self, values: Sequence[Iterable[t.Any]], answers: Sequence[Iterable[int]]) -> None:
        """Add rows, with their values for each family and the answers of conditions.

        :param answers: the last are the counts of the rows.
        :raises KeyError: if a value is not known.
        """
        *told, counts = answers
        weights = self._weights[len(values) :]
        digits = [
            *(map(kinds.__getitem__, of) for kinds, of in zip(self._kinds, values, strict=True)),
            *(
                map(operator.mul, of, itertools.repeat(w))
                for of, w in zip(told, weights, strict=False)
            ),
        ]
        groups = map(sum, zip(*digits, strict=True)) if digits else itertools.repeat(0)
        for group, count in zip(groups, counts, strict=False):
            self.counts[group] += count

    def digits(self, at: int) -> Iterator[int]:
        """Yield one of the digits of each group."""
        weight, size = self._weights[at], self._sizes[at]
        return (group // weight % size for group in self.counts)


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
        self._dialect = session.get_bind(self._mapper).dialect
        self._rows_in: dict[RowCondition, list[KnownRow]] = {}
        self._atoms: dict[t.Any, _Atom] = {}
        self._by_clause: dict[t.Any, _Atom] = {}
        self._families: list[_Family] = []
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
        self._make_families()
        while (found := self._read(())) is None:
            if not self._families:
                raise NotCounted
            largest = max(self._families, key=lambda family: family.size)
            # These tell single rows apart, or nearly so.
            for atom in largest.atoms:
                atom.kinds = None
            self._families.remove(largest)
        for at, atom in enumerate(self._told, len(self._families)):
            atom.at = at
        sets = _Sets(found, self._families)
        counts = [sets.count(formula.value(sets.of, sets.all)) for formula in formulas]
        by_single: dict[tuple[_Atom, ...], list[int]] = {}
        for number, formula in enumerate(formulas):
            by_single.setdefault(formula.single, []).append(number)
        for single, numbers in by_single.items():
            if single:
                rows = self._rows_of(single)
                for number in numbers:
                    counts[number] += rows.changed(formulas[number])
        return counts

    # -- what conditions are composed of

    def _atoms_of(self, residual: Residual) -> dict[RowCondition, _Atom]:
        found = {}
        for part in _parts(residual.condition):
            if part not in self._rows_in:
                every = dict.fromkeys(walk_condition(part))
                self._rows_in[part] = [row for row in every if isinstance(row, KnownRow)]
            objects = [residual.objects.get(row) for row in self._rows_in[part]]
            # The objects are those of differences, and are kept while these are counted.
            key = part, *map(id, objects)
            atom = self._atoms.get(key)
            if atom is None:
                one = Residual(residual.cls, residual.root, part, objects=residual.objects)
                atom = self._atoms[key] = self._atom(self._clause(one))
            found[part] = atom
        return found

    def _atom(self, clause: t.Any) -> _Atom:
        """Give the condition of a clause, the same one for the same clause.

        What is known of different actors is often the same, as for those of one tenant.
        """
        key = _clause_key(clause)
        if key not in self._by_clause:
            self._by_clause[key] = _Atom(clause, self._columns_of(clause))
        return self._by_clause[key]

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

    def _make_families(self) -> None:
        """Decide what tells whether each condition holds."""
        by_columns: dict[tuple[str, ...], list[_Atom]] = {}
        for atom in self._by_clause.values():
            by_columns.setdefault(tuple(map(str, atom.columns)), []).append(atom)
        for atoms in by_columns.values():
            columns = atoms[0].columns
            if len(atoms) <= MOST_TOLD:
                self._told += atoms
            elif all(map(self._is_groupable, columns)):
                values = self._values(columns)
                if len(values) <= _MOST_VALUES and len(values) * len(atoms) <= _MOST_ANSWERS:
                    self._families.append(self._family(columns, atoms, values))

    def _values(self, columns: _Columns) -> dict[t.Any, t.Any]:
        """Give the values of columns, by the key of one row that has them."""
        table, given = self._parts_of(columns, ())
        keys = sa.select(*given, sa.func.min(table.c.row_key)).group_by(*given)
        found = self._session.execute(keys.limit(_MOST_VALUES + 1)).all()
        # There is no key if there are neither columns nor rows.
        return {
            key: value[0] if len(value) == 1 else tuple(value)
            for *value, key in found
            if key is not None
        }

    def _family(
        self, columns: _Columns, atoms: Sequence[_Atom], values: Mapping[t.Any, t.Any]
    ) -> _Family:
        """Find the values of columns for which conditions hold, by asking of one row each."""
        holding: dict[t.Any, list[int]] = {key: [] for key in values}
        (column,) = self._mapper.primary_key
        is_integer = isinstance(column.type, sa.Integer)
        for some in batched(values, _INTEGERS_AT_ONCE if is_integer else _ROWS_AT_ONCE):
            wanted: t.Any = sa.bindparam(
                "row_keys", some, expanding=True, literal_execute=is_integer
            )
            for first in range(0, len(atoms), _CONDITIONS_AT_ONCE):
                clauses = [atom.clause for atom in atoms[first : first + _CONDITIONS_AT_ONCE]]
                told = map(_answers, batched(clauses, _BITS))
                rows = sa.select(column, *told).select_from(self._cls).where(column.in_(wanted))
                for key, *answers in self._session.execute(rows):
                    for start, bits in enumerate(answers):
                        if bits:
                            before = first + start * _BITS
                            holding[key] += (before + at for at in _ones(int(bits)))
        kinds: dict[tuple[int, ...], int] = {}
        of_value = {
            values[key]: kinds.setdefault(tuple(holds), len(kinds))
            for key, holds in holding.items()
        }
        for atom in atoms:
            atom.kinds = []
        for holds, kind in kinds.items():
            for at in holds:
                t.cast(list[int], atoms[at].kinds).append(kind)
        return _Family(columns, atoms, of_value)

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
            dialect = self._dialect.name
            if dialect in POSTGRESQL:
                return column
            return sa.type_coerce(column, sa.String()) if dialect == "sqlite" else None
        return None

    def _read(self, single: Sequence[_Atom]) -> _Groups | None:
        """Read the groups of rows; ``None`` if there are too many.

        :param single: conditions that are told, too; only rows for which one holds are read then.
        """
        columns = _merged([family.columns for family in self._families])
        table, given = self._parts_of(columns, [*self._told, *single], single)
        is_grouped = self._dialect.name not in _UNGROUPED
        count: t.Any = sa.func.count() if is_grouped else sa.literal_column("1", sa.Integer())
        rows = sa.select(*given, count.label("row_count")).select_from(table)
        grouped = rows.group_by(*given) if is_grouped else rows
        at = {id(each): position for position, each in enumerate(columns)}
        places = [[at[id(each)] for each in family.columns] for family in self._families]
        found = _Groups(self._families, len(self._told) + len(single))
        streamed = grouped.execution_options(yield_per=_GROUPS_AT_ONCE)
        with self._session.execute(streamed) as result:
            for some in result.partitions():
                parts = [*zip(*some, strict=True)]
                values = [_values([parts[n] for n in place], len(some)) for place in places]
                try:
                    found.add(values, parts[len(columns) :])
                except KeyError:
                    # A row was not there, or a value does not equal itself.
                    raise NotCounted from None
                if len(found.counts) > _MOST_GROUPS:
                    return None
        return found

    def _parts_of(
        self, columns: _Columns, told: Sequence[_Atom], single: Sequence[_Atom] = ()
    ) -> tuple[t.Any, list[t.Any]]:
        """Select columns of rows, and whether conditions hold; give these parts, too."""
        parts = [*map(self._grouping, columns), *(_is_true(atom.clause) for atom in told)]
        (key,) = self._mapper.primary_key
        named = [part.label(f"part_{at}") for at, part in enumerate(parts)]
        rows = sa.select(key.label("row_key"), *named).select_from(self._cls)
        if single:
            rows = rows.where(sa.or_(*(atom.clause for atom in single)))
        table = rows.subquery()
        return table, [table.c[f"part_{at}"] for at in range(len(parts))]

    # -- conditions that tell single rows apart

    def _rows_of(self, single: tuple[_Atom, ...]) -> _SingleRows:
        """Read the rows for which conditions hold that were left out, once for all differences."""
        found = self._read(single)
        if found is None:
            raise NotCounted
        first = len(self._families) + len(self._told)
        return _SingleRows(_Sets(found, self._families), first, single)


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

    def __init__(self, groups: _Groups, families: Sequence[_Family]) -> None:
        self._groups = groups
        counts = groups.counts.values()
        self.all = (1 << len(counts)) - 1
        sizes = range(max(counts, default=0).bit_length())
        self._counted = [_bits(count >> size & 1 for count in counts) for size in sizes]
        self._places = {
            atom: places
            for at, family in enumerate(families)
            for places in [_places(groups.digits(at))]
            for atom in family.atoms
        }
        most = _MOST_BITS // (len(counts) + 1)
        self.of: Callable[[_Atom], int] = functools.lru_cache(most)(self._of)

    def told(self, at: int) -> int:
        """Give the groups for which a condition holds that is told one by one."""
        return _bits(self._groups.digits(at))

    def _of(self, atom: _Atom) -> int:
        """Give the groups for which a condition holds; none if it tells single rows apart."""
        if atom.at is not None:
            return self.told(atom.at)
        if not atom.kinds:
            return 0
        places = self._places[atom]
        found = bytearray(len(self._groups.counts) // 8 + 1)
        for place in itertools.chain.from_iterable(places.get(kind, ()) for kind in atom.kinds):
            found[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(found, "little")

    def count(self, groups: int) -> int:
        """Count the rows of a set of groups."""
        return sum(
            (groups & counted).bit_count() << size for size, counted in enumerate(self._counted)
        )


class _SingleRows:
    """The rows for which conditions hold that tell single rows apart.

    :param sets: sets of the groups of these rows, for which these conditions are told, too.
    :param first: the position of the first of their answers.
    """

    def __init__(self, sets: _Sets, first: int, single: Sequence[_Atom]) -> None:
        self._sets = sets
        self._after = {atom: sets.told(at) for at, atom in enumerate(single, first)}

    def changed(self, formula: _Formula) -> int:
        """Count by how much a difference grows when these conditions are not left out."""
        after, before = (
            self._sets.count(formula.value(of, self._sets.all)) for of in (self._of, self._sets.of)
        )
        return after - before

    def _of(self, atom: _Atom) -> int:
        return self._after[atom] if atom in self._after else self._sets.of(atom)


def _bits(values: Iterable[int]) -> int:
    return int(bytes(map(bool, values))[::-1].translate(_DIGITS) or b"0", 2)


def _places(kinds: Iterable[int]) -> dict[int, array[int]]:
    """Give where each of the kinds is."""
    found: dict[int, array[int]] = {}
    for place, kind in enumerate(kinds):
        if kind not in found:
            found[kind] = array("I")
        found[kind].append(place)
    return found


def _ones(answers: int) -> Iterator[int]:
    """Yield the places of the bits of a number."""
    while answers:
        last = answers & -answers
        yield last.bit_length() - 1
        answers ^= last


def _values(parts: Sequence[Iterable[t.Any]], size: int) -> Iterable[t.Any]:
    """Give so many rows of some columns; of a single one its values."""
    if len(parts) == 1:
        return parts[0]
    return zip(*parts, strict=True) if parts else itertools.repeat((), size)


def _clause_key(clause: t.Any) -> t.Any:
    """Give what is equal for clauses with the same structure and the same parameters.

    SQLAlchemy keeps compiled statements by the structure: what shares it differs in the values of
    parameters alone.
    """
    structure = clause._generate_cache_key()
    if structure is None:
        return id(clause)
    key = structure.key, *(_parameter(each.effective_value) for each in structure.bindparams)
    try:
        hash(key)
    except TypeError:
        return id(clause)
    return key


def _parameter(value: t.Any) -> t.Any:
    if isinstance(value, list | tuple):
        return tuple(map(_parameter, value))
    # Equal values, such as one time in two zones, may be written differently.
    return type(value), value, repr(value)


def _answers(clauses: Sequence[t.Any]) -> t.Any:
    """Select a number whose bits tell for which of some conditions a row satisfies them."""
    given = (
        sa.case((clause, _number(1 << at)), else_=_number(0)) for at, clause in enumerate(clauses)
    )
    return functools.reduce(operator.add, given)


def _number(value: int) -> t.Any:
    return sa.literal_column(str(value), sa.BigInteger())


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
    # An element may make its parts when it is asked: they are kept, so no other gets their ids.
    waiting, seen = [clause], dict[int, t.Any]()
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, sa.Table):
            continue
        if isinstance(part, sa.Alias) and isinstance(part.element, sa.Table):
            continue
        seen[id(part)] = part
        yield part
        waiting.extend(part.get_children())


_T = t.TypeVar("_T")


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Give lists of so many items; Python has it since version 3.12."""
    waiting = iter(items)
    while batch := [*itertools.islice(waiting, size)]:
        yield batch
