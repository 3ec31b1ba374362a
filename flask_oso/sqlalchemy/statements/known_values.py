"""Values of known objects in a statement: where each was read, and the parameter that it became.

In go the objects that rows of a condition stand for; out come their values, each with the ``Read``
that says how to find it anew in another object. A value meets a column in ``compared``, ``equated``
and ``among_keys`` alone, which note the parameters that they make, so that ``KeptClause`` can put
other values in their places.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import operator
import typing as t
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ...polar.residual.algebra.ir import KnownRow, Literal
from ...polar.residual.host_questions import FIRST_GIVEN, GivenValue, Placeholder
from ..mapped.loaded import keys_of, loaded_rows, state_of
from .binary_clauses import KeyAmong
from .many_values import AmongMany, are_many

Objects = Mapping[KnownRow, t.Any]


def identity_of(value: t.Any) -> tuple[t.Any, ...] | None:
    """Return the primary key of an object; ``None`` if it was not stored."""
    state = state_of(value)
    # Its identity is the second part of its key.
    return None if state is None or state.key is None else state.key[1]


class Read(t.NamedTuple):
    """What is read of objects.

    :param key: tells it from others.
    :param of: reads it.
    :param shape: of a value, what a clause depends on besides its parameters.
    """

    key: t.Any
    of: Callable[[Objects], t.Any]
    shape: Callable[[t.Any], t.Any]


class Source(t.NamedTuple):
    """Where the value of a parameter comes from: a part of what was read.

    :param part: equal to another one if it gives the same part.
    """

    read: Read
    part: Callable[[t.Any], t.Any]


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value of an object. No driver takes one for a value."""

    value: t.Any
    source: Source
    known: KnownObjects

    def alone(self) -> t.Any:
        """Return the value for what only a clause made anew can say of it."""
        self.known.is_lasting = False
        return self.value


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """The primary keys of several objects."""

    keys: Sequence[tuple[t.Any, ...]]
    read: Read
    known: KnownObjects


class KnownObjects:
    """The objects of one statement, and what was read of them.

    ``reads`` has what was read so far, with the values, and ``is_lasting`` tells whether the clause
    depends on nothing else of the objects.

    :param changes: what to take for a value that is read.
    """

    def __init__(self, objects: Objects, changes: Callable[[t.Any], t.Any] | None = None) -> None:
        self._objects = objects
        self._changes = changes
        self.reads: dict[t.Any, tuple[Read, t.Any]] = {}
        self.is_lasting = True
        # The parameters are kept alive: their identities are the keys.
        self._sources: dict[int, tuple[t.Any, Source]] = {}

    def changed(self, changes: Callable[[t.Any], t.Any]) -> KnownObjects:
        """Return the same objects, of which other values are read."""
        return KnownObjects(self._objects, changes)

    def all(self) -> list[t.Any]:
        """Return the objects."""
        return list(self._objects.values())

    def object(self, row: KnownRow) -> t.Any:
        """Return an object, for what only a clause made anew can say of it."""
        self.is_lasting = False
        return _object(self._objects, row)

    def attribute(self, row: KnownRow, name: str) -> KnownValue:
        """Return the value of an attribute."""
        read = Read((row, name), lambda objects: getattr(_object(objects, row), name), _shape)
        return KnownValue(self._noted(read), Source(read, _itself), self)

    def key(self, row: KnownRow) -> list[KnownValue]:
        """Return the primary key, or ``[nil]``."""
        read = Read((row,), lambda objects: _key(_object(objects, row)), _types)
        key = self._noted(read)
        return [
            KnownValue(value, Source(read, _At(position)), self)
            for position, value in enumerate(key)
        ]

    def keys(self, row: KnownRow) -> KnownKeys:
        """Return the primary key of an object, as one of several."""
        read = Read(("one", row), lambda objects: keys_of([_object(objects, row)]), _keys_shape)
        return KnownKeys(self._noted(read), read, self)

    def keys_of(self, objects: Sequence[t.Any]) -> KnownKeys:
        """Return the primary keys of objects that a condition names."""
        named = tuple(map(id, objects))
        read = Read(("named", *named), lambda _: keys_of(objects), _keys_shape)
        return KnownKeys(self._noted(read), read, self)

    def loaded(self, row: KnownRow, name: str) -> KnownKeys | None:
        """Return the keys of the rows of a loaded to-many relation; ``None`` if not loaded."""

        def find(objects: Objects) -> t.Any:
            rows = loaded_rows(_object(objects, row), name)
            return None if rows is None else keys_of(rows)

        read = Read(("loaded", row, name), find, _keys_shape)
        found = self._noted(read)
        return None if found is None else KnownKeys(found, read, self)

    def holds(self, row: KnownRow, names: tuple[str, ...]) -> bool:
        """Tell whether a row is stored with values of some attributes, as they are now."""

        def find(objects: Objects) -> t.Any:
            # Neither changes where a clause is made with other values.
            return () if _is_stored_with(_object(objects, row), names) else None

        return self._noted(Read(("held", row, names), find, type)) is not None

    def _noted(self, read: Read) -> t.Any:
        known = self.reads.get(read.key)
        if known is None:
            value = read.of(self._objects)
            changed = value if self._changes is None else self._changes(value)
            known = self.reads[read.key] = read, changed
        return known[1]

    def note(self, parameter: t.Any, source: Source) -> None:
        """Note the source of the value of a parameter, and of its copies."""
        first = _first_of(parameter)
        self._sources[id(first)] = first, source

    def source_of(self, parameter: t.Any) -> Source | None:
        """Return the source of the value of a parameter; ``None`` if it is no object's."""
        known = self._sources.get(id(_first_of(parameter)))
        return None if known is None else known[1]


class ObjectsOfPart:
    """The objects of one of several conditions of a statement.

    :param rows: the rows of the statement for those of the condition.
    """

    def __init__(self, known: KnownObjects, rows: Mapping[KnownRow, KnownRow]) -> None:
        self._known = known
        self._rows = rows

    def all(self) -> list[t.Any]:
        """Return the objects."""
        return self._known.all()

    def object(self, row: KnownRow) -> t.Any:
        """Return an object, for what only a clause made anew can say of it."""
        return self._known.object(self._rows.get(row, row))

    def attribute(self, row: KnownRow, name: str) -> KnownValue:
        """Return the value of an attribute."""
        return self._known.attribute(self._rows.get(row, row), name)

    def key(self, row: KnownRow) -> list[KnownValue]:
        """Return the primary key, or ``[nil]``."""
        return self._known.key(self._rows.get(row, row))

    def keys(self, row: KnownRow) -> KnownKeys:
        """Return the primary key of an object, as one of several."""
        return self._known.keys(self._rows.get(row, row))

    def keys_of(self, objects: Sequence[t.Any]) -> KnownKeys:
        """Return the primary keys of objects that a condition names."""
        return self._known.keys_of(objects)

    def holds(self, row: KnownRow, names: tuple[str, ...]) -> bool:
        """Tell whether a row is stored with values of some attributes, as they are now."""
        return self._known.holds(self._rows.get(row, row), names)

    def loaded(self, row: KnownRow, name: str) -> KnownKeys | None:
        """Return the keys of the rows of a loaded to-many relation; ``None`` if not loaded."""
        return self._known.loaded(self._rows.get(row, row), name)


#: No condition is given as many values.
_GIVEN_OF_PART = 1_000_000
#: Types of values that may be one value for several conditions.
_SHARED = frozenset({str, int, datetime.date, datetime.datetime, datetime.time, uuid.UUID})


def rows_of_parts(parts: Sequence[Objects]) -> list[dict[KnownRow, KnownRow]]:
    """Return the rows of a statement for those of each of its conditions.

    What a condition was given, as by a method, is numbered from the first on, in each of them.
    Where two were given the same, such as the current time, it is one row for both, so that what
    they look up by it is one list.
    """
    known: dict[t.Any, KnownRow] = {}
    found = []
    for number, objects in enumerate(parts):
        rows = {}
        for row, value in objects.items():
            own = _row_of_part(row, number)
            given = value.value if row.cls is GivenValue else None
            is_shared = type(given) in _SHARED and getattr(given, "tzinfo", None) is None
            rows[row] = known.setdefault((type(given), given), own) if is_shared else own
        found.append(rows)
    return found


def _row_of_part(row: KnownRow, number: int) -> KnownRow:
    known = row.value.value
    if type(known) is not Placeholder or known < FIRST_GIVEN:
        return row
    return KnownRow(row.cls, Literal(Placeholder(known + number * _GIVEN_OF_PART)))


def _first_of(parameter: t.Any) -> t.Any:
    # Where it stands under NOT, SQLAlchemy copies it.
    return parameter if parameter._is_clone_of is None else parameter._is_clone_of


def another(value: t.Any) -> t.Any:
    """Return a value that differs from what was read, and has the same shape.

    Where there is none, as for an enumeration with one member, it is the value.
    """
    if type(value) is list or type(value) is tuple:
        return type(value)(map(another, value))
    if isinstance(value, enum.Enum):
        return next((each for each in type(value) if each is not value), value)
    change = _CHANGES.get(type(value))
    return value if change is None else change(value)


def has_another(value: t.Any) -> bool:
    """Tell whether a value that stayed in a clause could be told from another one."""
    if type(value) is list or type(value) is tuple:
        return all(map(has_another, value))
    return value is None or bool(another(value) != value)


def _other_integer(value: int) -> int:
    return value - 1 if _bits([value + 1]) != _bits([value]) else value + 1


def _other_date(value: t.Any) -> t.Any:
    # Not beyond the first or the last day that there is.
    day = datetime.timedelta(days=1)
    return value - day if value.year > datetime.MINYEAR else value + day


def _other_duration(value: datetime.timedelta) -> datetime.timedelta:
    second = datetime.timedelta(seconds=1)
    return value - second if value.days > 0 else value + second


def _other_decimal(value: decimal.Decimal) -> decimal.Decimal:
    # A sum has no more digits than the context, and so may be the same number.
    return value.copy_negate() if value else decimal.Decimal(1)


#: A change of a value, by its type.
_CHANGES: dict[type, Callable[[t.Any], t.Any]] = {
    bool: operator.not_,
    int: _other_integer,
    str: lambda value: value + ".",
    bytes: lambda value: value + b".",
    float: lambda value: -value or 1.0,
    decimal.Decimal: _other_decimal,
    datetime.date: _other_date,
    datetime.datetime: _other_date,
    datetime.time: lambda value: value.replace(microsecond=value.microsecond ^ 1),
    datetime.timedelta: _other_duration,
    uuid.UUID: lambda value: uuid.UUID(int=value.int ^ 1),
}


def _object(objects: Objects, row: KnownRow) -> t.Any:
    return objects.get(row, row.value.value)


def _key(value: t.Any) -> Sequence[t.Any]:
    return identity_of(value) or (None,)


def _is_stored_with(value: t.Any, names: tuple[str, ...]) -> bool:
    state = state_of(value)
    if state is None or not state.persistent:
        return False
    return all(
        state.dict.get(name) is not None and name not in state.committed_state for name in names
    )


def _shape(value: t.Any) -> t.Any:
    if type(value) is datetime.datetime:
        # Databases that keep zones compare it with one kind of column, others with the other.
        return datetime.datetime, value.tzinfo is None
    if type(value) is str:
        # Some databases find a text of ASCII otherwise.
        return str, value.isascii()
    if type(value) is list:
        is_ascii = all(type(each) is str and each.isascii() for each in value)
        return list, _bits(value), is_ascii, are_many(value)
    return is_wide(value) if type(value) is int else type(value)


def _bits(values: Sequence[t.Any]) -> int:
    """Return how many bits the integers of a list need: 16, 32 or 64."""
    integers = [each for each in values if type(each) is int]
    if not any(map(is_wide, integers)):
        return 16
    return 32 if all(-(2**31) <= each < 2**31 for each in integers) else 64


def _types(key: Sequence[t.Any]) -> tuple[type, ...]:
    return tuple(map(type, key))


def _keys_shape(keys: Sequence[tuple[t.Any, ...]] | None) -> t.Any:
    """Return how many keys there are, none, one, more, or many, of what types, and what differs."""
    if not keys:
        return keys is None
    at = _differing(keys)
    is_many = at is not None and are_many(_parts_at(keys, at))
    return len(keys) == 1, at, is_many, *map(type, keys[0])


def _differing(keys: Sequence[tuple[t.Any, ...]]) -> int | None:
    """Return the only part in which keys differ; ``None`` if there are more, or one key alone.

    The memberships of a user have its key in theirs, often as the first of two parts.
    """
    if len(keys[0]) == 1:
        return 0
    differing = [n for n in range(len(keys[0])) if len({*_parts_at(keys, n)}) > 1]
    return differing[0] if len(differing) == 1 else None


def _itself(value: t.Any) -> t.Any:
    return value


@dataclass(frozen=True, slots=True)
class _At:
    """Reads a part of a key. Two that read the same are equal."""

    position: int

    def __call__(self, key: t.Any) -> t.Any:
        return key[self.position]


@dataclass(frozen=True, slots=True)
class _OfFirst:
    """Reads a part of the first one of several keys."""

    position: int

    def __call__(self, keys: t.Any) -> t.Any:
        return keys[0][self.position]


@dataclass(frozen=True, slots=True)
class _OfEach:
    """Reads a part of each of several keys."""

    position: int

    def __call__(self, keys: t.Any) -> t.Any:
        return _parts_at(keys, self.position)


def _parts_at(keys: t.Any, position: int) -> list[t.Any]:
    return [key[position] for key in keys]


# -- clauses --------------------------------------------------------------------------


def compared(compare: Callable[[t.Any, t.Any], t.Any], left: t.Any, right: t.Any) -> t.Any:
    """Compare columns, or a column with a value, on either side."""
    if isinstance(left, KnownValue):
        if isinstance(right, KnownValue):
            return compare(left.alone(), right.alone())
        return _noted(compare(bound(left.value), right), [right], left)
    if isinstance(right, KnownValue):
        return _noted(compare(left, bound(right.value)), [left], right)
    return compare(left, right)


def equated(left: t.Any, right: t.Any) -> t.Any:
    """Equate the columns of two keys, or one with a value."""
    if isinstance(left, KnownValue):
        left, right = right, left
    if isinstance(left, KnownValue):
        return left.alone() == t.cast(KnownValue, right).alone()
    if isinstance(right, KnownValue):
        return _noted(left == right.value, [left], right)
    return left == right


def among_keys(key: list[t.Any], among: KnownKeys) -> t.Any:
    """Return the condition that a key is one of several.

    ``(a, b) in [(1, 2), (1, 3)]  =>  a = 1 and b in [2, 3]``, of which databases make less work.
    """
    keys = among.keys
    if not keys:
        return sa.false()
    at = None if len(keys) == 1 else _differing(keys)
    if len(keys) > 1 and at is None:
        return _noted(KeyAmong(key, keys), key, _part(among, keys, _itself))
    clauses = [
        equated(column, _part(among, value, _OfFirst(position)))
        for position, (column, value) in enumerate(zip(key, keys[0], strict=True))
        if position != at
    ]
    if at is not None:
        values = _parts_at(keys, at)
        found = key[at].in_(values)
        made = AmongMany(found) if are_many(values) else found
        clauses.append(_noted(made, [key[at]], _part(among, values, _OfEach(at))))
    return _conjunction(clauses)


def among_values(column: t.Any, among: KnownValue, *, is_among: bool) -> t.Any:
    """Return the condition that a column has one of the values of a list, or none of them."""
    found = _noted(in_values(column, among.value), [column], among)
    return found if is_among else sa.not_(found)


def in_values(column: t.Any, values: list[t.Any]) -> t.Any:
    """Return the condition that a column has one of known values."""
    listed: t.Any = values
    if _bits(values) > _bits_of(column.type):
        listed = sa.bindparam(None, values, _WIDE, unique=True, expanding=True)
    found = column.in_(listed)
    return AmongMany(found) if are_many(values) else found


def _bits_of(type_: t.Any) -> int:
    """Return how many bits the integers of a type have at least, in each database.

    PostgreSQL hashes a list of integers of the type of the column. It compares each row with each
    one of a wider type.
    """
    return min(_BITS.get(type(each), 16) for each in (type_, *type_._variant_mapping.values()))


_BITS: dict[type, int] = {sa.Integer: 32, sa.INTEGER: 32, sa.BigInteger: 64, sa.BIGINT: 64}


def parameter(known: KnownValue, type_: t.Any) -> t.Any:
    """Return a value as a parameter of a type of SQLAlchemy, wherever it stands."""
    made = sa.literal(known.value, type_)
    known.known.note(made, known.source)
    return made


def _part(among: KnownKeys, value: t.Any, part: Callable[[t.Any], t.Any]) -> KnownValue:
    return KnownValue(value, Source(among.read, part), among.known)


def _conjunction(clauses: list[t.Any]) -> t.Any:
    return clauses[0] if len(clauses) == 1 else sa.and_(*clauses)


def is_wide(value: int) -> bool:
    """Tell whether some drivers take an integer for one that a small column cannot hold."""
    return not -(2**15) <= value < 2**15


def bound(value: t.Any) -> t.Any:
    """Return a value as a parameter: some drivers bind an integer in the size of the column."""
    return sa.literal(value, _WIDE) if type(value) is int and is_wide(value) else value


_WIDE = sa.BigInteger()


def _noted(clause: t.Any, columns: list[t.Any], known: KnownValue) -> t.Any:
    """Note the source of the parameter on the right of a comparison.

    A comparator of the application may do anything with a value, and choose a type by it.
    """
    parameter: t.Any = getattr(clause, "right", None)
    if type(parameter) is not sa.BindParameter:
        parameter = getattr(clause, "left", None)
    is_plain = type(parameter) is sa.BindParameter and _is_one(parameter.value, known.value)
    is_plain = is_plain and not any(map(_has_own_comparator, columns))
    if is_plain and parameter.callable is None and _is_of(parameter.type, columns):
        known.known.note(parameter, known.source)
    else:
        known.alone()
    return clause


def _has_own_comparator(column: t.Any) -> bool:
    """Tell whether an application says what a column is compared with, perhaps for each value."""
    return not type(column.comparator).__module__.startswith("sqlalchemy.")


def _is_one(value: t.Any, known: t.Any) -> bool:
    """Tell whether a parameter has a value as it is; SQLAlchemy copies lists."""
    return value is known or (type(known) is list and type(value) is list and value == known)


def _is_of(type_: t.Any, columns: list[t.Any]) -> bool:
    """Tell whether values are compared as of the types of columns, whatever they are."""
    if type_ is _WIDE:
        return True
    types = type_.types if isinstance(type_, sa.TupleType) else [type_]
    return len(types) == len(columns) and all(
        each is column.type and _is_uniform(each)
        for each, column in zip(types, columns, strict=True)
    )


def _is_uniform(type_: t.Any) -> bool:
    """Tell whether the type for a value depends on the type of the value alone.

    It does for those of SQLAlchemy, such as ``Uuid``, which takes a text as one of its values.
    """
    classes = type(type_).__mro__
    owner = next(each for each in classes if "coerce_compared_value" in vars(each))
    return owner.__module__.startswith("sqlalchemy.")
