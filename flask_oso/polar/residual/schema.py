"""What is known of rows that a question leaves open: classes, columns, relations.

In goes what a mapper or ``register_class(fields=...)`` says of a class; a ``Model`` is the
outcome. Partial evaluation asks models, never rows. Nothing here knows of a database.
"""

from __future__ import annotations

import contextlib
import enum
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class ValueKind(enum.Enum):
    """What the values of a column are in Python."""

    BOOLEAN = "Boolean"
    INTEGER = "Integer"
    FLOAT = "Float"
    TEXT = "String"
    DECIMAL = "Decimal"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    UUID = "UUID"
    ENUM = "Enum"
    LIST = "List"
    DICTIONARY = "Dictionary"
    ANY = "any value"
    OPAQUE = "opaque"


#: Kinds that may hold NaN, which has no order.
NAN_KINDS = (ValueKind.FLOAT, ValueKind.DECIMAL)


@dataclass(frozen=True)
class Field:
    """A column.

    :param kind: what its values are.
    :param is_nullable: whether a value may be ``nil``.
    :param scale: how many digits a decimal has behind the point; ``None`` if any number.
    :param choices: the members of an enumeration.
    :param stored: how the database keeps them; only columns that do so alike compare.
    :param reason: why an opaque column cannot be compared, in words.
    :param is_declared: whether it is somebody's word what its values are, and not a database's.
        Then a value that an operator refuses counts under a negation alone, where it would
        make a no a yes.
    """

    kind: ValueKind
    is_nullable: bool = True
    scale: int | None = None
    choices: tuple[t.Any, ...] = ()
    stored: tuple[t.Any, ...] = ()
    reason: str = ""
    is_declared: bool = False


@dataclass(frozen=True)
class Link:
    """A relation.

    :param cls: the class it leads to.
    :param is_many: whether it leads to any number of rows.
    :param is_required: whether the database holds that there is a row.
    """

    cls: type
    is_many: bool
    is_required: bool = False


@dataclass(frozen=True, eq=False)
class Model:
    """A class whose rows may be unknown.

    :param cls: the class.
    :param classes: all classes that a row of it may have, the class itself among them.
    :param members: columns and relations by the names of the attributes.
    :param refused: why other attributes cannot be told without a row, by name.
    :param own_equality: the class that says itself what its instances equal, if one does in
        a way that is not known to be that of the keys.
    :param shares_equality: whether instances may equal those of other classes.
    """

    cls: type
    classes: tuple[type, ...]
    members: Mapping[str, Field | Link]
    refused: Mapping[str, str] = field(default_factory=dict)
    own_equality: type | None = None
    shares_equality: bool = False


class Schema(t.Protocol):
    """Where partial evaluation learns of classes."""

    def model(self, cls: type) -> Model | None:
        """Give the model of a class; ``None`` if it has no rows."""

    def is_stored(self, value: t.Any, names: Sequence[str] = ()) -> bool:
        """Tell whether the relations of an object are in the database as in the object.

        :param names: the relations in question, each of what the one before leads to.
        """

    def reading(self, objects: Sequence[t.Any]) -> contextlib.AbstractContextManager[None]:
        """Have an error while objects are read say which one has to be loaded before."""

    def has_key(self, value: t.Any) -> bool:
        """Tell whether an object is a row, and not one that was never stored."""

    def leads_nowhere(self, value: t.Any, name: str) -> bool:
        """Tell whether it is known, without reading it, that a relation of an object is nil."""
