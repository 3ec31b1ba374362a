"""The data adapter of oso 0.27 for SQLAlchemy: ``Relation`` and ``DataFilter``.

In goes a ``DataFilter``, out comes a query of a session for its rows. A condition that SQL cannot
express raises ``UnsupportedError``; no condition is ever dropped, so a query may return too few
rows and never too many.
"""

from __future__ import annotations

import numbers
import operator
import typing as t
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import orm

from ..polar.exceptions import UnsupportedError
from ..polar.host.data_adapter import Condition, DataAdapter, DataFilter, Join, Projection
from ..polar.host.registry import Host
from ..polar.residual.algebra.outcomes import Residual
from .mapped.tables import key_properties
from .queries import Selects

_Clause = sa.ColumnElement[bool]
_Session = orm.Session | orm.scoped_session[t.Any]

_Compare = Callable[[t.Any, t.Any], t.Any]

_ORDERINGS: dict[str, _Compare] = {
    "Lt": operator.lt,
    "Leq": operator.le,
    "Gt": operator.gt,
    "Geq": operator.ge,
}
#: What makes sessions or is made of them, and cannot be queried.
_NO_SESSIONS = frozenset(
    {"AsyncSession", "Connection", "Engine", "SQLAlchemy", "async_sessionmaker", "sessionmaker"}
)
_COLLECTIONS = (list, tuple, set, frozenset)
_TEXTS = (sa.String, sa.Text, sa.Unicode, sa.UnicodeText, sa.VARCHAR, sa.TEXT)


class SqlAlchemyAdapter(Selects, DataAdapter):
    """Reads relations, and the rows of filters and policies, through a session.

    :param session: a ``Session``, or a ``scoped_session`` such as ``db.session`` of
        Flask-SQLAlchemy.
    :raises TypeError: it is something else of SQLAlchemy.
    """

    def __init__(self, session: _Session) -> None:
        _check_is_session(session)
        super().__init__()
        self.session = session

    def build_query(self, filter: DataFilter) -> orm.Query[t.Any]:
        """Make a query of distinct rows: inner joins and one condition.

        :raises UnsupportedError: if a condition has no faithful translation.
        """
        query: orm.Query[t.Any] = self.session.query(filter.model)
        for join in filter.relations:
            query = query.join(join.right, _join_condition(join, filter))
        alternatives = [sa.and_(sa.true(), *map(_translate, each)) for each in filter.conditions]
        return query.filter(sa.or_(sa.false(), *alternatives)).distinct()

    def execute_query(self, query: t.Any) -> list[t.Any]:
        """Return the rows of a query of the session, or of a ``select``."""
        if isinstance(query, orm.Query):
            return query.all()
        return list(self.session.scalars(query).unique())

    def query(self, host: Host, residual: Residual, entity: t.Any) -> t.Any:
        """Make a query of the session."""
        return self._narrowed(self.session.query(entity), host, residual, entity)


def _check_is_session(session: t.Any) -> None:
    """Refuse what is no session, before the first list fails at it.

    :raises TypeError: it is none.
    """
    is_class = isinstance(session, type)
    given = f"the class {session.__name__!r}" if is_class else repr(type(session).__name__)
    if is_class or type(session).__name__ in _NO_SESSIONS:
        raise TypeError(
            f"'SqlAlchemyAdapter' was given {given}. Give an object of 'Session', or a"
            " 'scoped_session', such as 'db.session'."
        )


def _join_condition(join: Join, filter: DataFilter) -> _Clause:
    relation = filter.types[join.left].fields[join.name]
    mine, other = getattr(join.left, relation.my_field), getattr(join.right, relation.other_field)
    return t.cast(_Clause, mine == other)


def _translate(condition: Condition) -> _Clause:
    """Translate one comparison."""
    left, right = condition.left, condition.right
    if condition.cmp == "Eq":
        return _equal(left, right)
    if condition.cmp == "Neq":
        return _differ(left, right)
    if condition.cmp == "In":
        return _among(left, right)
    if condition.cmp == "Nin":
        return _not_among(left, right)
    return _ordered(_ORDERINGS[condition.cmp], left, right)


# -- equality ------------------------------------------------------------------------


def _equal(left: t.Any, right: t.Any) -> _Clause:
    pairs = _pairs(left, right)
    if pairs is None:
        return sa.false()
    return sa.and_(sa.true(), *(_is_same(mine, other) for mine, other in pairs))


def _differ(left: t.Any, right: t.Any) -> _Clause:
    pairs = _pairs(left, right)
    if pairs is None:
        return sa.true()
    # Unlike for `!=` in SQL, NULL differs from each value, as `nil` does in a policy.
    return sa.or_(sa.false(), *(mine.is_distinct_from(other) for mine, other in pairs))


def _is_same(mine: t.Any, other: t.Any) -> _Clause:
    # Two columns that are both NULL are equal in a policy.
    if _is_sql(other):
        return t.cast(_Clause, mine.is_not_distinct_from(other))
    return t.cast(_Clause, mine == other)


def _pairs(left: t.Any, right: t.Any) -> list[tuple[t.Any, t.Any]] | None:
    """Return the pairs that have to be equal; ``None`` if the two sides never are.

    A row is an object: it equals a row of its class with the same primary key, all of it,
    and no number. A value equals a column of its kind: ``1`` is not ``true`` and not ``"1"``.
    """
    if not isinstance(left, Projection):
        left, right = right, left
    if not isinstance(left, Projection):
        return [] if type(left) is type(right) and left == right else None
    if isinstance(right, Projection):
        return _projected_pairs(left, right)
    row = sa.inspect(right, raiseerr=False)
    is_row = isinstance(row, orm.InstanceState)
    if left.field is not None:
        column = _column(left)
        return None if is_row or not _is_kin(column, right) else [(column, right)]
    if not is_row or not row.mapper.isa(sa.inspect(left.source)) or row.identity is None:
        return None
    return list(zip(_key(left.source), row.identity, strict=True))


def _projected_pairs(left: Projection, right: Projection) -> list[tuple[t.Any, t.Any]] | None:
    if left.field is not None and right.field is not None:
        return [(_column(left), _column(right))]
    mappers: list[orm.Mapper[t.Any]] = [sa.inspect(left.source), sa.inspect(right.source)]
    if left.field is not right.field or mappers[0].base_mapper is not mappers[1].base_mapper:
        return None
    return list(zip(_key(left.source), _key(right.source), strict=True))


def _key(model: type) -> list[t.Any]:
    """Return the attributes that are the primary key of a class."""
    return [each.class_attribute for each in key_properties(model)]


def _is_kin(column: t.Any, value: t.Any) -> bool:
    """Tell whether a value is of the kind of a column; a database would convert others."""
    kind = column.type
    if value is None or isinstance(kind, sa.types.TypeDecorator | sa.Enum):
        return True
    if isinstance(kind, sa.Boolean):
        return isinstance(value, bool)
    if isinstance(kind, sa.Integer | sa.Numeric):
        return isinstance(value, numbers.Number) and not isinstance(value, bool)
    if isinstance(kind, sa.String):
        return isinstance(value, str)
    return True


# -- membership ----------------------------------------------------------------------


def _among(item: t.Any, collection: t.Any) -> _Clause:
    if isinstance(collection, _COLLECTIONS):
        return sa.or_(sa.false(), *(_equal(item, element) for element in collection))
    if isinstance(collection, Projection) and collection.field is None:
        return _equal(item, collection)
    text, without = _text(item, collection)
    return t.cast(_Clause, text != without)


def _not_among(item: t.Any, collection: t.Any) -> _Clause:
    if isinstance(collection, _COLLECTIONS):
        return sa.and_(sa.true(), *(_differ(item, element) for element in collection))
    text, without = _text(item, collection)
    return t.cast(_Clause, text == without)


def _text(item: t.Any, collection: t.Any) -> tuple[t.Any, t.Any]:
    """Return a text column, and the column with a character removed.

    In a policy a text is a list of characters. ``LIKE`` would find more: the other case, and longer
    items.

    :raises UnsupportedError: if the collection is no such column, or joined rows.
    """
    column = _column(collection) if _is_field(collection) else None
    if column is None or type(column.type) not in _TEXTS or isinstance(item, Projection):
        raise UnsupportedError(
            "SQL cannot tell whether something is in this collection. Compare it with the"
            " elements of a list, or relate the rows."
        )
    is_character = isinstance(item, str) and len(item) == 1
    return column, sa.func.replace(column, item, "") if is_character else column


# -- order ---------------------------------------------------------------------------


def _ordered(compare: _Compare, left: t.Any, right: t.Any) -> _Clause:
    mine, other = _operand(left), _operand(right)
    if not _is_sql(mine) and not _is_sql(other):
        return sa.true() if compare(mine, other) else sa.false()
    column, value = (mine, other) if _is_sql(mine) else (other, mine)
    if value is None or not (_is_sql(value) or _is_kin(column, value)):
        raise UnsupportedError(
            f"SQL cannot order '{column}' and a value of type {type(value).__name__!r}. Compare"
            " it with a value of its own type."
        )
    return t.cast(_Clause, compare(mine, other))


def _operand(side: t.Any) -> t.Any:
    if not isinstance(side, Projection):
        return side
    if side.field is None:
        raise UnsupportedError(f"Rows of {side.source.__name__!r} have no order. Compare a field.")
    return _column(side)


# -- columns -------------------------------------------------------------------------


def _column(projection: Projection) -> t.Any:
    field = t.cast(str, projection.field)
    attribute = getattr(projection.source, field)
    if isinstance(getattr(attribute, "property", None), orm.RelationshipProperty):
        raise UnsupportedError(
            f"{field!r} of {projection.source.__name__!r} is a relationship and no column."
            " Declare it as a 'Relation' in the fields of the class."
        )
    return attribute


def _is_field(side: t.Any) -> bool:
    return isinstance(side, Projection) and side.field is not None


def _is_sql(value: t.Any) -> bool:
    return hasattr(value, "__clause_element__") or isinstance(value, sa.ClauseElement)
