"""The types of columns: which a list can compare, and how.

In goes a type of SQLAlchemy; out comes a ``Field``. A type that a database would compare in another
way than Python is opaque, with the reason.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import itertools
import typing as t
import unicodedata
import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext import mutable

from ...polar.residual.algebra.schema import Field, ValueKind

_TEXTS: tuple[type, ...] = (
    sa.String, sa.Text, sa.Unicode, sa.UnicodeText, sa.VARCHAR, sa.NVARCHAR, sa.TEXT, sa.CLOB,
    mysql.VARCHAR, mysql.TEXT, mysql.TINYTEXT, mysql.MEDIUMTEXT, mysql.LONGTEXT,
)  # fmt: skip
#: What SQLModel makes of ``str``.
_AUTO_STRING = ("sqlmodel.sql.sqltypes", "AutoString")


def describe_type(kind: t.Any, is_nullable: bool) -> Field:
    """Return the field for a column of a type."""
    field = _plain_field(kind, is_nullable)
    variants = getattr(kind, "_variant_mapping", None) or {}
    others = [(each, _plain_field(each, is_nullable)) for each in variants.values()]
    if field.is_document and all(other.is_document for _, other in others):
        return field
    if any(other != field for _, other in others):
        tells_nil = field.tells_nil and all(
            other.tells_nil and _is_json(each) is _is_json(kind) for each, other in others
        )
        reason = "its type is not the same in each database"
        return _opaque(reason, field.is_nullable, tells_nil)
    return field


def as_watched(field: Field, column: orm.ColumnProperty[t.Any]) -> Field:
    """Return the field for a column whose values SQLAlchemy may watch for changes.

    Such a value is an object of a class of ``sqlalchemy.ext.mutable``, and a check reads its
    attributes: a ``MutableDict`` has entries, and none of them is an attribute.
    """
    watched = _watching_class(column)
    if watched is None:
        return field
    reason = (
        f"rows hold a {watched.__name__!r}, which is an object to a policy, and no dictionary or"
        " list. Keep what policies ask for in columns, or the JSON without 'as_mutable'"
    )
    return _opaque(reason, field.is_nullable, field.tells_nil)


def _watching_class(column: orm.ColumnProperty[t.Any]) -> type | None:
    """Return the class that ``as_mutable`` makes of the values of a column, if it does."""
    # Nothing tells but the function that listens: it belongs to this class.
    waiting = [*column.class_attribute.dispatch.set]
    seen: set[int] = set()
    while waiting:
        function = waiting.pop()
        seen.add(id(function))
        for inside in _enclosed_by(function):
            if isinstance(inside, type) and issubclass(inside, mutable.MutableBase):
                return inside
            if callable(inside) and id(inside) not in seen:
                waiting.append(inside)
    return None


def _enclosed_by(function: t.Any) -> Iterator[t.Any]:
    """Give the values of the variables of other functions that a function uses."""
    for cell in getattr(function, "__closure__", None) or ():
        # A variable need not have a value yet.
        with contextlib.suppress(ValueError):
            yield cell.cell_contents


def _opaque(reason: str, is_nullable: bool, tells_nil: bool = False) -> Field:
    return Field(ValueKind.OPAQUE, is_nullable, reason=reason, tells_nil=tells_nil)


def _is_json(kind: t.Any) -> bool:
    return isinstance(kind, sa.JSON)


def _plain_field(kind: t.Any, is_nullable: bool) -> Field:
    field = _kept_field(kind, is_nullable)
    is_own = _own_behaviour(type(kind)) is not None or isinstance(kind, sa.types.TypeDecorator)
    if field.kind is not ValueKind.OPAQUE or is_own:
        return field
    # What SQLAlchemy's types make of NULL is None; None is kept as NULL, or as null of JSON.
    is_nullable = is_nullable or _is_json(kind)
    is_document = _is_json(kind) and _own_behaviour(type(kind)) is None
    return dataclasses.replace(
        field, is_nullable=is_nullable, tells_nil=True, is_document=is_document
    )


def _kept_field(kind: t.Any, is_nullable: bool) -> Field:
    own = _own_behaviour(type(kind))
    if own is not None and not isinstance(kind, sa.types.TypeDecorator):
        reason = f"{type(kind).__name__} has a {own!r} of its own, which a database does not know"
        return _opaque(reason, is_nullable)
    if isinstance(kind, sqlite.DATE | sqlite.DATETIME | sqlite.TIME):
        return _opaque("SQLite keeps it in a format of its own. Use sqlalchemy's", is_nullable)
    if isinstance(kind, sa.types.TypeDecorator):
        if (type(kind).__module__, type(kind).__name__) == _AUTO_STRING:
            return Field(ValueKind.TEXT, is_nullable)
        bound = _bound_identifiers(kind)
        if bound:
            return Field(ValueKind.UUID, is_nullable, stored=bound)
        return _opaque(f"{type(kind).__name__} converts its values in Python", is_nullable)
    if isinstance(kind, sa.Enum):
        return _enumeration(kind, is_nullable)
    if isinstance(kind, sa.Boolean):
        return Field(ValueKind.BOOLEAN, is_nullable)
    if isinstance(kind, sa.Integer):
        return Field(ValueKind.INTEGER, is_nullable)
    if isinstance(kind, sa.Numeric | sa.Float | sa.Double):
        return _numeric(kind, is_nullable)
    if isinstance(kind, sa.Uuid):
        if kind.as_uuid:
            return Field(ValueKind.UUID, is_nullable)
    elif type(kind) in _TEXTS:
        return Field(ValueKind.TEXT, is_nullable)
    elif isinstance(kind, sa.DateTime | sa.Date | sa.Time):
        return _temporal(kind, is_nullable)
    if isinstance(kind, sa.CHAR | sa.NCHAR):
        return _opaque("databases fill CHAR with spaces. Use String", is_nullable)
    if isinstance(kind, getattr(postgresql, "CITEXT", ())):
        return _opaque("CITEXT takes letters of both cases for one", is_nullable)
    name = type(kind).__name__
    return _opaque(f"the type {name} has no comparison that databases share", is_nullable)


def _own_behaviour(kind: type) -> str | None:
    """Return the first member by which a type that is not SQLAlchemy's changes its values."""
    for each in kind.__mro__:
        if each.__module__.partition(".")[0] == "sqlalchemy":
            return None
        for name in vars(each):
            if name not in _HARMLESS and hasattr(sa.types.TypeEngine, name):
                return name
    return None


#: Identifiers with all digits, which a type has to give back as they are.
_IDENTIFIERS = (uuid.UUID(int=1), uuid.UUID("abcdef01-2345-6789-abcd-ef0123456789"))
#: What a database may have in a column of another type.
_NO_IDENTIFIERS: tuple[t.Any, ...] = ("a", b"a", 1, 1.5, True)
_NOT_CONVERTED = (TypeError, ValueError, LookupError, AttributeError, ImportError, RuntimeError)
_DIALECTS: tuple[t.Any, ...] = tuple(
    t.cast(t.Any, each).dialect() for each in (sqlite, postgresql, mysql)
)


def _bound_identifiers(kind: sa.types.TypeDecorator[t.Any]) -> tuple[t.Any, ...]:
    """Return how a type keeps identifiers in each database; nothing if it keeps other values.

    It is tried: what it makes of a ``UUID`` has to become this again, and ``None`` nothing else.
    """
    own = {name for each in _own_classes(kind) for name in vars(each)}
    if not own >= {"process_bind_param", "process_result_value"} or own & _CONVERTING:
        return ()
    found: list[t.Any] = []
    for dialect, value in itertools.product(_DIALECTS, (None, *_IDENTIFIERS)):
        try:
            bound, again = (kind.process_bind_param(value, dialect) for _ in range(2))
            back = kind.process_result_value(bound, dialect)
        except _NOT_CONVERTED:
            return ()
        if bound != again:
            # As of a type that encrypts.
            return ()
        if (bound is None) is not (value is None) or type(back) is not type(value) or back != value:
            return ()
        found.append(bound)
    return tuple(found) if all(_reads_identifiers(kind, each) for each in _DIALECTS) else ()


def _reads_identifiers(kind: sa.types.TypeDecorator[t.Any], dialect: t.Any) -> bool:
    """Tell whether all that a type makes of what a database has is a ``UUID``.

    One that gives other values back as they are may be a type of texts, which changes these alone.
    """
    stored = kind.load_dialect_impl(dialect)
    if isinstance(stored, sa.Uuid) and stored.as_uuid:
        # Nothing else is stored.
        return True
    for value in _NO_IDENTIFIERS:
        try:
            if type(kind.process_result_value(value, dialect)) is not uuid.UUID:
                return False
        except _NOT_CONVERTED:
            continue
    return True


def _own_classes(kind: t.Any) -> list[type]:
    """Return the classes of a type that are not SQLAlchemy's."""
    return [each for each in type(kind).__mro__ if not each.__module__.startswith("sqlalchemy.")]


def has_operators(kind: t.Any) -> bool:
    """Tell whether a type changes comparisons in SQL, and not only values in Python."""
    return any(not _OPERATORS.isdisjoint(vars(each)) for each in _own_classes(kind))


_OPERATORS = {"comparator_factory", "bind_expression", "column_expression"}

#: Other members by which a type may convert values.
_CONVERTING = {*_OPERATORS, "coerce_compared_value", "bind_processor", "result_processor"}

#: Members of a class that do not concern its values.
_HARMLESS = {
    "__annotations__", "__doc__", "__init__", "__module__", "__repr__", "__weakref__", "__dict__",
    "__slots__", "__parameters__", "__firstlineno__", "__static_attributes__", "cache_ok",
    "inherit_cache", "__annotate_func__", "__annotations_cache__",
}  # fmt: skip


def _enumeration(kind: sa.Enum, is_nullable: bool) -> Field:
    choices = tuple(kind.enums) if kind.enum_class is None else _members_of(kind.enum_class)
    if len({_folded(name) for name in kind.enums}) < len(kind.enums):
        reason = "the names of its members differ in case, accents or spaces only"
        return _opaque(reason, is_nullable)
    stored = kind.name, kind.schema, kind.native_enum, *kind.enums
    return Field(ValueKind.ENUM, is_nullable, choices=choices, stored=stored)


def _members_of(cls: type[enum.Enum]) -> tuple[t.Any, ...]:
    """Return the members of an enumeration; it yields no flags that have a name together."""
    return tuple({id(each): each for each in cls.__members__.values()}.values())


def _folded(name: str) -> str:
    """Return a name as the collation of a database may fold it."""
    letters = unicodedata.normalize("NFKD", name).casefold().rstrip()
    return "".join(each for each in letters if not unicodedata.combining(each))


def _numeric(kind: t.Any, is_nullable: bool) -> Field:
    if isinstance(kind, sa.Float | sa.Double):
        is_short = isinstance(kind, sa.REAL) or (kind.precision or 53) < 53
        if kind.asdecimal or is_short:
            return _opaque("it has fewer digits than a float of Python", is_nullable)
        return Field(ValueKind.FLOAT, is_nullable)
    if not kind.asdecimal:
        return _opaque("it is a decimal that becomes a float. Use Float", is_nullable)
    if kind.decimal_return_scale not in (None, kind.scale):
        return _opaque("it is read with another scale than it is stored with", is_nullable)
    # Without a precision, PostgreSQL stores any number of digits.
    return Field(ValueKind.DECIMAL, is_nullable, scale=kind.scale if kind.precision else None)


def _temporal(kind: t.Any, is_nullable: bool) -> Field:
    is_zoned = getattr(kind, "timezone", False)
    if isinstance(kind, sa.DateTime):
        return Field(ValueKind.ZONED if is_zoned else ValueKind.DATETIME, is_nullable)
    if is_zoned:
        return _opaque("not every database keeps time zones. Use a naive time", is_nullable)
    return Field(ValueKind.DATE if isinstance(kind, sa.Date) else ValueKind.TIME, is_nullable)
