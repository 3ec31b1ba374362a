"""Find one row by a primary key that came from a client, and tell what it belongs to.

In goes a session, a mapped class and an identity; out comes the row that has exactly this
identity, or ``None``. No value reaches the database that it would convert: to it, ``"1"``,
``" 1"``, ``"1e0"``, ``True`` and ``1.0`` may all be the same key. Of two mapped classes the
relations come out that lead from rows of the one to a row of the other.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing as t
from collections.abc import Callable, Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql.base import ExecutableOption

from ..polar.characters import is_unicode
from ..polar.exceptions import OsoError
from .mapped.relationships import equated_pairs
from .mapped.tables import attribute_name, mapper_of
from .sessions.asynchronous import readable
from .statements.dialects import POSTGRESQL

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
#: The errors of a column type whose Python code cannot convert a value.
_NOT_TAKEN = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
#: Column types of numbers, and the numbers that every database takes for them.
_NUMBERS = frozenset({sa.Integer, sa.BigInteger, sa.INTEGER, sa.BIGINT})
_LEAST, _MOST = -(1 << 31), (1 << 31) - 1
_NO_ARGUMENTS: dict[str, t.Any] = {}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _NoSuchKeyError(Exception):
    """No row can have this key."""


@dataclasses.dataclass(frozen=True)
class ParentRelation:
    """A relation that leads from a row to one row of another class."""

    #: Its attribute, or the column of a foreign key for which there is none.
    name: str
    parent: type
    #: The attributes that are equal; ``None`` if it compares more than columns.
    pairs: tuple[tuple[str, str], ...] | None

    def leads(self, row: t.Any, other: t.Any) -> bool:
        """Tell whether it leads from a row to another one."""
        if not isinstance(other, self.parent):
            return False
        if self.pairs is None:
            return getattr(row, self.name) is other
        keys = [(getattr(row, near), getattr(other, far)) for near, far in self.pairs]
        return all(near is not None and near == far for near, far in keys)


@dataclasses.dataclass(frozen=True)
class Loading:
    """How a row is read: with loader options, and with a lock."""

    options: tuple[t.Any, ...] = ()
    for_update: t.Any = False

    def arguments(self) -> dict[str, t.Any]:
        """Return the arguments for ``Session.get``."""
        if not self.for_update:
            return {"options": self.options} if self.options else {}
        # What is judged, and changed afterwards, is the row as it was locked.
        lock = self.for_update
        return {"options": self.options, "with_for_update": lock, "populate_existing": True}


def read_loading(options: t.Any, for_update: t.Any) -> Loading:
    """Return how a row is read, as a program says it.

    :param options: loader options, or one.
    :param for_update: whether to lock the row, or a mapping with the options of the lock.
    :raises OsoError: they are something else.
    """
    given = [options] if isinstance(options, ExecutableOption) else options
    is_list = isinstance(given, list | tuple)
    if not is_list or not all(isinstance(each, ExecutableOption) for each in given):
        raise OsoError(
            "'options' is a list of loader options of SQLAlchemy, such as"
            f" '[selectinload(Note.tags)]', and not {options!r}."
        )
    if not isinstance(for_update, bool | Mapping):
        raise OsoError(
            "'for_update' is True, or a mapping of options such as '{\"nowait\": True}', and not"
            f" {for_update!r}."
        )
    return Loading(tuple(given), for_update)


def parent_relations(cls: type, parent: type) -> list[ParentRelation]:
    """Return the relations from a mapped class to one row of another, each foreign key once.

    Where none is mapped, foreign keys count. A relation with further conditions counts where
    there is no other.
    """
    mapper, far = _mapper_of(cls), _mapper_of(parent)
    found = [
        relation
        for relation in mapper.relationships
        if relation.direction is orm.MANYTOONE
        and (far.isa(relation.mapper) or relation.mapper.isa(far))
    ]
    relations = [_parent_relation(mapper, relation) for relation in found]
    plain = {each.pairs: each for each in relations if each.pairs is not None}
    return [*plain.values()] or relations or _foreign_keys(mapper, far)


def related_by(cls: type, attribute: t.Any) -> ParentRelation | None:
    """Return the relation of an attribute, if it leads from rows of a class to one row."""
    mapper = _mapper_of(cls)
    relation = getattr(attribute, "property", None)
    if not isinstance(relation, orm.RelationshipProperty) or not mapper.isa(relation.parent):
        return None
    if relation.direction is not orm.MANYTOONE:
        return None
    return _parent_relation(mapper, relation)


def _parent_relation(
    mapper: orm.Mapper[t.Any], relation: orm.RelationshipProperty[t.Any]
) -> ParentRelation:
    pairs = _attributes_of(mapper, relation.mapper, equated_pairs(relation))
    return ParentRelation(relation.key, relation.mapper.class_, pairs)


def _attributes_of(
    mapper: orm.Mapper[t.Any], far: orm.Mapper[t.Any], columns: Iterable[tuple[t.Any, t.Any]]
) -> tuple[tuple[str, str], ...] | None:
    """Return the attributes of pairs of columns; ``None`` if a column has none."""
    names = [(attribute_name(mapper, mine), attribute_name(far, its)) for mine, its in columns]
    pairs = tuple((mine, its) for mine, its in names if mine is not None and its is not None)
    return pairs if pairs and len(pairs) == len(names) else None


def _foreign_keys(mapper: orm.Mapper[t.Any], far: orm.Mapper[t.Any]) -> list[ParentRelation]:
    tables = [table for table in mapper.tables if isinstance(table, sa.Table)]
    keys = [each for table in tables for each in table.foreign_key_constraints]
    found = []
    for key in keys:
        if key.referred_table not in far.tables:
            continue
        columns = ((each.parent, each.column) for each in key.elements)
        pairs = _attributes_of(mapper, far, columns)
        if pairs is not None:
            found.append(ParentRelation(", ".join(near for near, _ in pairs), far.class_, pairs))
    return found


def key_names(cls: type) -> tuple[str, ...]:
    """Return the names of the attributes of the primary key, in its order."""
    mapper = _mapper_of(cls)
    return tuple(mapper.get_property_by_column(each).key for each in mapper.primary_key)


def find_row(session: t.Any, cls: type, identity: t.Any, loading: Loading | None = None) -> t.Any:
    """Return the row with an identity; ``None`` if there is none.

    A string becomes a number or a UUID if it is the canonical form of one. Every other value has
    to have the type of its column.

    :param session: a ``Session``, or a ``scoped_session``; or one of ``sqlalchemy.ext.asyncio``,
        within ``run_within``.
    :param identity: the primary key; a tuple in the order of its columns if it has several.
    :param loading: how it is read; by default as the session has it.
    :raises OsoError: the class is not mapped, its key has another number of columns or a column
        that cannot be parsed from a string, or the session has a method ``get`` that waits.
    :raises AsyncSessionError: the session is asynchronous.
    """
    mapper, session = _mapper_of(cls), readable(session)
    values = identity if isinstance(identity, tuple) else (identity,)
    if len(values) != len(mapper.primary_key):
        raise OsoError(
            f"The primary key of {cls.__name__!r} has {len(mapper.primary_key)} columns, and"
            f" {len(values)} values were given. {_remedy(cls)}"
        )
    try:
        pairs = zip(mapper.primary_key, values, strict=True)
        dialect = session.get_bind(mapper).dialect.name
        key = tuple(
            _storable(_exact(cls, column, value), column, dialect) for column, value in pairs
        )
    except _NoSuchKeyError:
        return None
    row = _read(session, cls, key, {} if loading is None else loading.arguments())
    if row is None or not _has_identity(mapper, row, key):
        return None
    return row


def make_row_finder(cls: type) -> Callable[[t.Any, t.Any], t.Any]:
    """Return a function that does as :func:`find_row` does, for a session and an identity.

    Of a key that is one number it knows beforehand what the mapper says of it, and leaves what is
    unusual to that function.

    :raises OsoError: the class is not mapped.
    """
    mapper = _mapper_of(cls)
    column = mapper.primary_key[0]
    name = attribute_name(mapper, column)
    if len(mapper.primary_key) > 1 or type(column.type) not in _NUMBERS or name is None:
        return lambda session, identity: find_row(session, cls, identity)

    def find(session: t.Any, identity: t.Any) -> t.Any:
        if type(identity) is str and _INTEGER.fullmatch(identity) is not None:
            identity = int(identity)
        if type(identity) is not int or not _LEAST <= identity <= _MOST:
            return find_row(session, cls, identity)
        session = readable(session)
        row = _read(session, cls, (identity,), _NO_ARGUMENTS)
        if row is None:
            return None
        found = vars(row).get(name)
        is_exact = type(found) is int and found == identity
        return row if is_exact or _has_identity(mapper, row, (identity,)) else None

    return find


def first_rows(session: t.Any, cls: type, most: int) -> list[t.Any]:
    """Read the rows of a class with the smallest keys.

    :raises OsoError: the database cannot be read.
    """
    mapper = _mapper_of(cls)
    statement: sa.Select[t.Any] = sa.select(cls).order_by(*mapper.primary_key).limit(most)
    try:
        return [*session.scalars(statement).unique()]
    except sa.exc.SQLAlchemyError as error:
        # The database says what it was asked, with the values.
        kind = type(error).__name__
        raise OsoError(f"The rows of {cls.__name__!r} cannot be read: {kind}.") from error


def _mapper_of(cls: type) -> orm.Mapper[t.Any]:
    mapper = mapper_of(cls)
    if mapper is None:
        raise OsoError(f"{cls.__name__!r} is not mapped by SQLAlchemy. {_remedy(cls)}")
    return mapper


def _remedy(cls: type) -> str:
    return f"Register a function that finds it: '@oso.loader({cls.__name__})'."


def _exact(cls: type, column: sa.ColumnElement[t.Any], value: t.Any) -> t.Any:
    """Return an identity as a value of the type of its column.

    :raises _NoSuchKeyError: if there is none.
    """
    if value is None or isinstance(value, dict | list | tuple):
        raise _NoSuchKeyError
    kind = _python_type(column)
    if kind is None:
        return value
    if type(value) is str:
        return _parsed(cls, column.type, kind, value)
    if type(value) is not kind:
        raise _NoSuchKeyError
    return value


def _parsed(cls: type, column: sa.types.TypeEngine[t.Any], kind: type, text: str) -> t.Any:
    """Parse a string as a value of a column.

    :raises _NoSuchKeyError: if it is not the canonical form of a value.
    :raises OsoError: if the type of the column has no parser here.
    """
    if kind is int:
        return _matched(_INTEGER, text, int)
    if isinstance(column, sa.Uuid):
        return _matched(_UUID, text.lower(), kind)
    if kind is str and isinstance(column, sa.Enum):
        return _matched(re.compile("|".join(map(re.escape, column.enums))), text, str)
    if kind is str and isinstance(column, sa.String):
        return text
    raise OsoError(
        f"The primary key of {cls.__name__!r} is of type {type(column).__name__!r}, and a string"
        f" was given. {_remedy(cls)}"
    )


def _python_type(column: sa.ColumnElement[t.Any]) -> type | None:
    """Return the Python type of a column; ``None`` if the column type converts by its own code."""
    if isinstance(column.type, sa.types.TypeDecorator):
        return None
    try:
        return column.type.python_type
    except NotImplementedError:
        return None


def _matched(pattern: re.Pattern[str], text: str, kind: t.Callable[[str], t.Any]) -> t.Any:
    if pattern.fullmatch(text) is None:
        raise _NoSuchKeyError
    return kind(text)


def _storable(value: t.Any, column: sa.ColumnElement[t.Any], dialect: str) -> t.Any:
    """Return a value unchanged, if the database accepts it as a parameter.

    :raises _NoSuchKeyError: if it does not.
    """
    if type(value) is int:
        most = 1 << (_bits(column.type) if dialect in POSTGRESQL else 63)
        is_storable = -most <= value < most
    else:
        is_storable = type(value) is not str or ("\0" not in value and is_unicode(value))
    if not is_storable:
        raise _NoSuchKeyError
    return value


def _bits(kind: sa.types.TypeEngine[t.Any]) -> int:
    """Return the number of bits, without the sign, of an integer type in PostgreSQL."""
    stored: t.Any = kind.impl if isinstance(kind, sa.types.TypeDecorator) else kind
    if isinstance(stored, sa.SmallInteger):
        return 15
    return 63 if isinstance(stored, sa.BigInteger) or not isinstance(stored, sa.Integer) else 31


def _read(session: t.Any, cls: type, key: tuple[t.Any, ...], arguments: dict[str, t.Any]) -> t.Any:
    try:
        row = session.get(cls, key if len(key) > 1 else key[0], **arguments)
    except sa.exc.DBAPIError:
        raise
    except sa.exc.StatementError as error:
        # The Python code of the column type cannot convert the value: no row has this key.
        if isinstance(error.orig, _NOT_TAKEN):
            return None
        raise
    if inspect.iscoroutine(row):
        row.close()
        raise OsoError(f"The session is asynchronous. {_remedy(cls)}")
    return row


def _has_identity(mapper: orm.Mapper[t.Any], row: t.Any, key: tuple[t.Any, ...]) -> bool:
    """Tell whether a row has exactly the key asked for, and not one that compares equal."""
    found = mapper.primary_key_from_instance(row)
    return all(
        type(one) is type(other) and one == other for one, other in zip(found, key, strict=True)
    )
