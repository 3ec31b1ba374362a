"""The schema of unknown rows: their classes, columns and relations.

In goes what a mapper or ``register_class(fields=...)`` declares of a class; out comes a ``Model``.
Partial evaluation reads models, never rows. Nothing here depends on a database.
"""

from __future__ import annotations

import ast
import contextlib
import enum
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


class ValueKind(enum.Enum):
    """The type of the values of a column in Python."""

    BOOLEAN = "Boolean"
    INTEGER = "Integer"
    FLOAT = "Float"
    TEXT = "String"
    DECIMAL = "Decimal"
    DATE = "date"
    DATETIME = "datetime"
    #: With a time zone where the database keeps one.
    ZONED = "datetime with a zone"
    TIME = "time"
    UUID = "UUID"
    ENUM = "Enum"
    LIST = "List"
    DICTIONARY = "Dictionary"
    ANY = "any value"
    OPAQUE = "opaque"


#: Kinds that may hold NaN, which has no order.
NAN_KINDS = (ValueKind.FLOAT, ValueKind.DECIMAL)
#: Kinds with the time of a day.
TIME_KINDS = (ValueKind.DATETIME, ValueKind.ZONED, ValueKind.TIME)


@dataclass(frozen=True)
class Field:
    """A column.

    :param kind: the type of its values.
    :param is_nullable: whether a value may be ``nil``.
    :param scale: the number of decimal places; ``None`` if it is not fixed.
    :param choices: the members of an enumeration.
    :param stored: how the database stores them; only columns with the same storage compare.
    :param reason: why an opaque column cannot be compared, as text.
    :param tells_nil: whether an opaque column tells at least whether it is nil.
    :param is_document: whether an opaque column holds JSON, whose entries may be asked for.
    :param is_calculated: whether the database makes its values, and may keep them otherwise than
        those that a program stores.
    :param is_declared: whether the type is only declared by the application, and not enforced by
        a database. A value that an operator refuses then counts under a negation alone, where it
        would turn a denial into an allow.
    """

    kind: ValueKind
    is_nullable: bool = True
    scale: int | None = None
    choices: tuple[t.Any, ...] = ()
    stored: tuple[t.Any, ...] = ()
    reason: str = ""
    is_declared: bool = False
    tells_nil: bool = False
    is_document: bool = False
    is_calculated: bool = False


@dataclass(frozen=True)
class Link:
    """A relation.

    :param cls: the class of the related rows.
    :param is_many: whether any number of rows may be related.
    :param is_required: whether a foreign key guarantees that there is a row.
    :param has_key: whether a foreign key holds the key of the related row, or NULL for none.
    :param key: the attribute of the rows by which a dictionary has them; empty for a list.
    :param is_collection: whether an object has many rows as a collection, which is false if there
        are none, and not as a query.
    """

    cls: type
    is_many: bool
    is_required: bool = False
    has_key: bool = False
    key: str = ""
    is_collection: bool = False


@dataclass(frozen=True)
class Formula:
    """An attribute that Python calculates from other attributes of its row.

    :param expression: what it calculates, an expression of Python.
    :param row: the name of the row in it.
    :param values: what other names in it stand for, such as ``Color.RED``.
    :param is_followed: whether it is nothing but what a list can calculate, too.
    """

    expression: ast.expr
    row: str
    values: Mapping[str, t.Any]
    is_followed: bool = True


@dataclass(frozen=True)
class Proxy:
    """An attribute of the row, or of each of the rows, that a relation leads to.

    It is nil where a relation to one row leads to none.

    :param relation: the relation.
    :param attribute: the attribute of its rows.
    """

    relation: str
    attribute: str


@dataclass(frozen=True)
class Record:
    """An object that is made of several columns.

    :param cls: its class.
    :param columns: the column that each of its attributes holds.
    :param may_be_nil: whether it is nil where all of the columns are.
    """

    cls: type
    columns: Mapping[str, str]
    may_be_nil: bool


#: An attribute of a row.
Member = Field | Link | Formula | Proxy | Record


@dataclass(frozen=True, eq=False)
class Model:
    """A class whose rows may be unknown.

    :param cls: the class.
    :param classes: all classes that its rows may have, the class itself among them.
    :param members: columns, relations and what is calculated, by attribute.
    :param refused: why other attributes have no value without a row, by attribute.
    :param own_equality: the class with an ``__eq__`` that is not known to compare primary keys,
        if there is one.
    :param shares_equality: whether instances may equal those of other classes.
    :param guards: what Python calculates for columns that are hybrids, which may raise.
    :param method: returns what a method without arguments calculates, by its name.
    """

    cls: type
    classes: tuple[type, ...]
    members: Mapping[str, Member]
    refused: Mapping[str, str] = field(default_factory=dict)
    own_equality: type | None = None
    shares_equality: bool = False
    guards: Mapping[str, Formula] = field(default_factory=dict)
    method: Callable[[str], Formula | None] = lambda name: None


class LoadedList(t.NamedTuple):
    """A list of related rows that was loaded, which may be a selection.

    :param depth: the number of relations before the list, counted from the object.
    :param owners: the objects that have loaded their list.
    :param rows: what is on the lists of all of them.
    """

    depth: int
    owners: tuple[t.Any, ...]
    rows: tuple[t.Any, ...]


class Schema(t.Protocol):
    """What partial evaluation asks about classes and stored objects."""

    def model(self, cls: type) -> Model | None:
        """Return the model of a class; ``None`` if it has no rows."""

    def is_stored(self, value: t.Any, names: Sequence[str] = ()) -> bool:
        """Tell whether the database has the same related rows as an object.

        :param names: a chain of relations, each starting where the one before ends.
        """

    def loaded_lists(self, value: t.Any, names: Sequence[str]) -> Sequence[LoadedList] | None:
        """Return the loaded lists along a chain of relations, except that of the object itself.

        With the rows on them the database has the same related rows as the object; ``None`` if it
        has others.
        """

    def reading(self, objects: Sequence[t.Any]) -> contextlib.AbstractContextManager[None]:
        """While objects are read, turn the error for an unloaded one into one that names it."""

    def is_unread(self, error: Exception) -> bool:
        """Tell whether an error says that an object cannot be read now, whatever a policy asks."""

    def has_key(self, value: t.Any) -> bool:
        """Tell whether an object has a primary key, so that it was stored."""

    def leads_somewhere(self, value: t.Any, name: str) -> bool | None:
        """Tell whether a relation of an object has a row, or is nil; ``None`` if not known."""
