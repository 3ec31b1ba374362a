"""Conditions on rows as conditions of SQLAlchemy.

In goes a condition and the entity that its rows are selected from; out comes what stands
behind WHERE. Rows of relations are looked for with correlated EXISTS, which neither drops a
row nor repeats one. INVARIANT: NULL never stands for true; under NOT, where it could, what is
translated is the opposite of a comparison together with what it says of NULL.
"""

from __future__ import annotations

import functools
import itertools
import operator
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm

from ..polar.exceptions import UnsupportedError
from ..polar.faithful import field_of
from ..polar.models import Kind
from ..polar.relations import Relation
from ..polar.residual import (
    TRUE,
    Among,
    And,
    Arithmetic,
    Closure,
    Column,
    Comparison,
    Condition,
    Constant,
    HasCharacter,
    Having,
    Is,
    IsNull,
    Known,
    Literal,
    Not,
    OfClass,
    One,
    Operand,
    Or,
    Row,
    Same,
    columns_of,
    is_nullable,
)
from .dialects import CodePoints, Exact, LastCharacters, Precise, WithoutNan
from .mapping import direct_pairs

Clause = sa.ColumnElement[bool]
#: The entities that rows stand for: mapped classes, their aliases, or columns of a key.
Scope = dict[Row, t.Any]
_NAN_KINDS = (Kind.FLOAT, Kind.DECIMAL)


class Key(tuple[t.Any, ...]):
    """The columns of a primary key, where no more of a row is at hand."""


class _ByKey(t.NamedTuple):
    """A comparison of a foreign key, and those of its columns that may be NULL."""

    clause: t.Any
    nullable: list[t.Any]


class Translator:
    """Translates the conditions of one statement.

    :param relations: the declared relations of a class, by name.
    """

    def __init__(self, relations: t.Callable[[type], t.Mapping[str, t.Any]]) -> None:
        self._relations = relations
        self._numbers = itertools.count(1)

    def clause(self, condition: Condition, scope: Scope) -> Clause:
        """Translate a condition."""
        return t.cast(Clause, self._translate(condition, scope))

    @functools.singledispatchmethod
    def _translate(self, condition: t.Any, scope: Scope) -> t.Any:
        raise AssertionError(f"A {type(condition).__name__} is no condition.")

    @_translate.register
    def _constant(self, condition: Constant, scope: Scope) -> t.Any:
        return sa.true() if condition.value else sa.false()

    @_translate.register
    def _and(self, condition: And, scope: Scope) -> t.Any:
        return sa.and_(*(self._translate(part, scope) for part in condition.parts))

    @_translate.register
    def _or(self, condition: Or, scope: Scope) -> t.Any:
        return sa.or_(*(self._translate(part, scope) for part in condition.parts))

    @_translate.register
    def _not(self, condition: Not, scope: Scope) -> t.Any:
        part = condition.part
        if isinstance(part, Comparison):
            return self._not_compared(part, scope)
        if isinstance(part, Among):
            values = [_bound(each.value) for each in part.values]
            others = self._exact(part.column, scope).not_in(values)
            return self._or_null(others, [part.column], scope)
        if isinstance(part, IsNull):
            return self._operand(part.column, scope).is_not(None)
        if isinstance(part, Having) and (key := self._foreign_key(part, scope)) is not None:
            empty = [column.is_(None) for column in key.nullable]
            return sa.or_(sa.not_(key.clause), *empty)
        if isinstance(part, HasCharacter):
            return self._or_null(sa.not_(self._translate(part, scope)), [part.text], scope)
        # What is left is never NULL: keys, classes, EXISTS, IN on keys.
        return sa.not_(self._translate(part, scope))

    # -- comparisons ----------------------------------------------------------------------

    @_translate.register
    def _comparison(self, condition: Comparison, scope: Scope) -> t.Any:
        left, right = self._sides(condition, scope)
        if condition.sign == "<":
            return self._numeric(left < right, condition, scope)
        if condition.sign == "<=":
            return self._numeric(left <= right, condition, scope)
        if is_nullable(condition.left) and is_nullable(condition.right):
            return self._numeric(left.is_not_distinct_from(right), condition, scope)
        return self._numeric(left == right, condition, scope)

    def _not_compared(self, condition: Comparison, scope: Scope) -> t.Any:
        left, right = self._sides(condition, scope)
        if condition.sign == "=":
            if is_nullable(condition.left) or is_nullable(condition.right):
                return left.is_distinct_from(right)
            return left != right
        opposite = right <= left if condition.sign == "<" else right < left
        return self._or_null(opposite, [condition.left, condition.right], scope)

    def _numeric(self, compared: t.Any, condition: Comparison, scope: Scope) -> t.Any:
        columns = [
            self._operand(column, scope)
            for side in (condition.left, condition.right)
            for column in columns_of(side)
            if column.field.kind in _NAN_KINDS
        ]
        # Nothing that is known is NaN, and NaN equals nothing that is known.
        is_plain = condition.sign == "=" and isinstance(condition.right, Literal)
        return WithoutNan(compared, *columns) if columns and not is_plain else compared

    def _sides(self, condition: Comparison, scope: Scope) -> tuple[t.Any, t.Any]:
        sides = condition.left, condition.right
        known = next(side for side in sides if not isinstance(side, Literal))
        is_text = field_of(known).kind is Kind.TEXT
        left, right = (self._operand(side, scope) for side in sides)
        if not is_text:
            return left, right
        wrap = Exact if condition.sign == "=" else CodePoints
        texts = [
            side if isinstance(written, Literal) else wrap(side)
            for written, side in zip(sides, (left, right), strict=True)
        ]
        return texts[0], texts[1]

    def _or_null(self, clause: t.Any, operands: list[Operand], scope: Scope) -> t.Any:
        empty = [
            self._operand(column, scope).is_(None)
            for each in operands
            for column in columns_of(each)
            if column.field.is_nullable
        ]
        return sa.or_(clause, *empty) if empty else clause

    @_translate.register
    def _among(self, condition: Among, scope: Scope) -> t.Any:
        values = [_bound(each.value) for each in condition.values]
        return self._exact(condition.column, scope).in_(values)

    @_translate.register
    def _is_null(self, condition: IsNull, scope: Scope) -> t.Any:
        return self._operand(condition.column, scope).is_(None)

    @_translate.register
    def _has_character(self, condition: HasCharacter, scope: Scope) -> t.Any:
        text = self._operand(condition.text, scope)
        return Exact(sa.func.replace(text, condition.character, "", type_=text.type)) != Exact(text)

    # -- values ---------------------------------------------------------------------------

    def _exact(self, operand: Operand, scope: Scope) -> t.Any:
        value = self._operand(operand, scope)
        return Exact(value) if field_of(operand).kind is Kind.TEXT else value

    def _operand(self, operand: Operand, scope: Scope) -> t.Any:
        if isinstance(operand, Literal):
            return _bound(operand.value)
        if isinstance(operand, Column):
            column = getattr(_at(operand.row, scope), operand.name)
            is_float = operand.field.kind is Kind.FLOAT and not isinstance(column.type, sa.Double)
            return Precise(column) if is_float else column
        if isinstance(operand, Arithmetic):
            left, right = (self._operand(side, scope) for side in (operand.left, operand.right))
            return _calculated(operand.sign, left, right)
        text = self._operand(operand.text, scope)
        if operand.at_end:
            return LastCharacters(text, sa.literal_column(str(operand.length)))
        return sa.func.substr(text, 1, operand.length, type_=sa.String())

    # -- rows -----------------------------------------------------------------------------

    @_translate.register
    def _is(self, condition: Is, scope: Scope) -> t.Any:
        return _among_keys(_key(_at(condition.row, scope)), condition)

    @_translate.register
    def _same(self, condition: Same, scope: Scope) -> t.Any:
        left, right = _key(_at(condition.left, scope)), _key(_at(condition.right, scope))
        return sa.and_(*(mine == other for mine, other in zip(left, right, strict=True)))

    @_translate.register
    def _of_class(self, condition: OfClass, scope: Scope) -> t.Any:
        entity = _at(condition.row, scope)
        mapper: t.Any = sa.inspect(entity).mapper
        names = [sa.inspect(cls).polymorphic_identity for cls in condition.classes]
        try:
            column = getattr(entity, mapper.get_property_by_column(mapper.polymorphic_on).key)
        except orm.exc.UnmappedColumnError:
            names = [None]
        if None in names:
            raise UnsupportedError(
                f"Rows of {mapper.class_.__name__!r} do not tell their class by a column with a"
                " name for each. Map the column, and give each class a 'polymorphic_identity'."
            )
        return column.in_(names)

    @_translate.register
    def _having(self, condition: Having, scope: Scope) -> t.Any:
        row = condition.row
        declared = self._relations(row.owner.cls).get(row.relation)
        if isinstance(declared, Relation):
            return self._declared(condition, declared, scope)
        by_key = self._foreign_key(condition, scope)
        if by_key is not None:
            return by_key.clause
        attribute = getattr(row.owner.cls, row.relation)
        if isinstance(row.owner, Known):
            return self._having_known(condition, attribute, scope)
        attribute = getattr(scope[row.owner], row.relation)
        target, inner = self._entity(row, scope)
        if target is not row.cls:
            attribute = attribute.of_type(target)
        part = None if condition.part == TRUE else self._translate(condition.part, inner)
        return attribute.has(part) if isinstance(row, One) else attribute.any(part)

    def _having_known(self, condition: Having, attribute: t.Any, scope: Scope) -> t.Any:
        """Look for a row that is related to an object."""
        row = condition.row
        owner = t.cast(Known, row.owner).value.value
        target, inner = self._entity(row, scope)
        part = self._translate(condition.part, inner)
        related = orm.with_parent(owner, attribute.of_type(target))
        found: t.Any = sa.select(sa.literal_column("1")).select_from(target).where(related, part)
        secondary = attribute.property.secondary
        own = [sa.inspect(target).selectable, *([] if secondary is None else [secondary])]
        return found.correlate_except(*own).exists()

    def _entity(self, row: Row, scope: Scope) -> tuple[t.Any, Scope]:
        """Give what a row of a relation stands for: its class, or an alias if that is taken."""
        mapper: orm.Mapper[t.Any] = sa.inspect(row.cls)
        taken = {
            table
            for entity in scope.values()
            if not isinstance(entity, Key)
            for table in sa.inspect(entity).mapper.tables
        }
        target = orm.aliased(row.cls) if taken & set(mapper.tables) else row.cls
        return target, {**scope, row: target}

    def _foreign_key(self, condition: Having, scope: Scope) -> _ByKey | None:
        """Compare the foreign key, where only the key of the other row is asked for."""
        part, row = condition.part, condition.row
        if not isinstance(row, One) or not isinstance(part, Is | Same):
            return None
        if isinstance(self._relations(row.owner.cls).get(row.relation), Relation):
            return None
        attribute = getattr(row.owner.cls, row.relation)
        pairs = direct_pairs(attribute.property)
        if pairs is None:
            return None
        owner = _at(row.owner, scope)
        mapper: orm.Mapper[t.Any] = sa.inspect(owner).mapper
        names = {far: mapper.get_property_by_column(near).key for near, far in pairs}
        key = [getattr(owner, names[far]) for far in attribute.property.mapper.primary_key]
        if any(each is None for each in key):
            return _ByKey(sa.false(), [])
        is_known = isinstance(row.owner, Known)
        nullable = [getattr(owner, names[f]) for n, f in pairs if n.nullable and not is_known]
        if isinstance(part, Is):
            return _ByKey(_among_keys(key, part), nullable) if part.row == row else None
        other = part.right if part.left == row else part.left
        if other not in scope or row not in (part.left, part.right):
            return None
        return _ByKey(sa.and_(*map(operator.eq, key, _key(scope[other]))), nullable)

    def _declared(self, condition: Having, relation: Relation, scope: Scope) -> t.Any:
        row = condition.row
        target: t.Any = orm.aliased(row.cls)
        inner = {**scope, row: target}
        mine = getattr(_at(row.owner, scope), relation.my_field)
        if mine is None:
            return sa.false()
        joined = getattr(target, relation.other_field) == mine
        part = self._translate(condition.part, inner)
        found: t.Any = sa.select(sa.literal_column("1")).where(joined, part).select_from(target)
        return found.correlate_except(sa.inspect(target).selectable).exists()

    # -- closures -------------------------------------------------------------------------

    @_translate.register
    def _closure(self, condition: Closure, scope: Scope) -> t.Any:
        """Find the rows of a set that is defined in terms of itself, in one recursive query."""
        cls = condition.variable.cls
        first: t.Any = orm.aliased(cls)
        following: t.Any = orm.aliased(cls)
        key = _key(first)
        begin = sa.select(*(c.label(f"key_{n}") for n, c in enumerate(key))).where(
            self._translate(condition.first, {condition.variable: first})
        )
        found = begin.cte(f"closure_{next(self._numbers)}", recursive=True)
        inner: Scope = {condition.variable: following, condition.before: Key(found.c)}
        step = sa.select(*_key(following)).join_from(
            following, found, self._translate(condition.next, inner)
        )
        members = found.union(step)
        mine = _key(_at(condition.row, scope))
        if len(mine) == 1:
            return mine[0].in_(sa.select(members.c[0]))
        return sa.tuple_(*mine).in_(sa.select(*members.c))


def _bound(value: t.Any) -> t.Any:
    """Give a value as it is bound: some drivers bind an integer in the column's own size."""
    is_wide = type(value) is int and not -(2**15) <= value < 2**15
    return sa.literal(value, sa.BigInteger()) if is_wide else value


def _at(row: Row, scope: Scope) -> t.Any:
    """Give what a row stands for: an entity, or the object that it is."""
    return row.value.value if isinstance(row, Known) else scope[row]


def _calculated(sign: str, left: t.Any, right: t.Any) -> t.Any:
    # In the widest integers: a result may be too great for the column.
    left, right = (
        sa.cast(side, sa.BigInteger())
        if isinstance(side, sa.ClauseElement | orm.QueryableAttribute)
        else side
        for side in (left, right)
    )
    if sign == "+":
        return left + right
    return left - right if sign == "-" else left * right


def _key(entity: t.Any) -> list[t.Any]:
    """Give the attributes that are the primary key of an entity."""
    if isinstance(entity, Key):
        return list(entity)
    mapper: orm.Mapper[t.Any] = sa.inspect(entity).mapper
    return [
        getattr(entity, mapper.get_property_by_column(column).key) for column in mapper.primary_key
    ]


def _among_keys(key: list[t.Any], condition: Is) -> t.Any:
    """Say that a key is that of one of several objects; one that is not stored is none."""
    found = []
    for each in condition.objects:
        state = sa.inspect(each.value, raiseerr=False)
        if isinstance(state, orm.InstanceState) and state.identity is not None:
            found.append(state.identity)
    if not found:
        return sa.false()
    if len(key) == 1:
        values = [identity[0] for identity in found]
        return key[0] == values[0] if len(values) == 1 else key[0].in_(values)
    return sa.or_(
        *(
            sa.and_(*(mine == value for mine, value in zip(key, identity, strict=True)))
            for identity in found
        )
    )
