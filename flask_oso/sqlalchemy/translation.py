"""Translate conditions on rows to SQLAlchemy expressions.

In goes a condition and the entity that its rows are selected from; out comes a WHERE clause.
Related rows are found with correlated EXISTS, which neither drops nor repeats a row. INVARIANT:
NULL never counts as true; under NOT, the translation is the opposite comparison or an explicit
test for NULL.
"""

from __future__ import annotations

import itertools
import operator
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import visitors

from ..polar.host.data_adapter import Relation
from ..polar.residual.database_semantics import field_of
from ..polar.residual.ir import (
    ITSELF,
    TRUE,
    And,
    Arithmetic,
    Closure,
    Column,
    Comparison,
    Constant,
    Exists,
    HasCharacter,
    InValues,
    IsNan,
    IsNull,
    IsObject,
    KnownRow,
    Literal,
    Not,
    OfClass,
    Or,
    RowCondition,
    RowPath,
    RowValue,
    SameRow,
    ToMany,
    ToOne,
    columns_of,
    is_nullable,
)
from ..polar.residual.schema import NAN_KINDS, ValueKind
from .dialects import (
    CodePoints,
    ExactBoolean,
    ExactFloat,
    ExactText,
    FoundOnce,
    HoldsNan,
    LastCharacters,
    OrNan,
    WithNul,
    WithoutNan,
)
from .loaded import loaded_rows
from .mapper_facts import JoinStep, MapperFacts
from .memberships import conjuncts_of, exchanged, is_anchored, is_independent, junction_of
from .sessions import explaining_unloaded
from .tables import TableSource, column_of, core_expression, discriminator, no_discriminator

#: The functions of `dialects` that make a column compare as in Python, by kind.
_WRAPPED: dict[ValueKind, t.Callable[[t.Any], t.Any]] = {
    ValueKind.FLOAT: ExactFloat,
    ValueKind.BOOLEAN: ExactBoolean,
}
_ONE: t.Any = sa.literal_column("1")
SqlCondition = sa.ColumnElement[bool]
#: The entity of each row in scope: a mapped class or an alias, tables, or columns of a key.
RowScope = dict[RowPath, t.Any]


class KeyColumns(tuple[t.Any, ...]):
    """The columns of a primary key, where no other column of a row is in scope."""


class _ByKey(t.NamedTuple):
    """A comparison of a foreign key, and its columns that may be NULL."""

    clause: t.Any
    nullable: list[t.Any]


class Translator:
    """Translates the conditions of one statement.

    :param names: the facts about the mapped classes.
    :param objects: the objects of placeholder rows.
    """

    def __init__(self, names: MapperFacts, objects: t.Mapping[KnownRow, t.Any]) -> None:
        self._names = names
        self._objects = objects
        self._aliases: dict[type, Iterator[int]] = {}

    def clause(self, condition: RowCondition, scope: RowScope) -> SqlCondition:
        """Translate a condition."""
        with explaining_unloaded(list(self._objects.values())):
            return t.cast(SqlCondition, self._translate(condition, scope))

    def _translate(self, condition: t.Any, scope: RowScope) -> t.Any:
        row = _only_row(condition)
        entity = None if row is None else scope.get(row)
        if not isinstance(entity, type | TableSource):
            return self._translate_anew(condition, scope)
        return self._names.kept(condition, entity, lambda: self._translate_anew(condition, scope))

    def _translate_anew(self, condition: t.Any, scope: RowScope) -> t.Any:
        return _TRANSLATIONS[type(condition)](self, condition, scope)

    def _constant(self, condition: Constant, scope: RowScope) -> t.Any:
        return sa.true() if condition.value else sa.false()

    def _and(self, condition: And, scope: RowScope) -> t.Any:
        return sa.and_(*(self._translate(part, scope) for part in condition.parts))

    def _or(self, condition: Or, scope: RowScope) -> t.Any:
        return sa.or_(*(self._translate(part, scope) for part in condition.parts))

    def _not(self, condition: Not, scope: RowScope) -> t.Any:
        part = condition.part
        if isinstance(part, Comparison):
            return self._not_compared(part, scope)
        if isinstance(part, InValues):
            others = self._among_values(part, scope, is_among=False)
            return self._or_null(others, [part.column], scope)
        if isinstance(part, IsNull):
            return self._operand(part.column, scope).is_not(None)
        if isinstance(part, Exists) and (key := self._foreign_key(part, scope)) is not None:
            empty = [column.is_(None) for column in key.nullable]
            return sa.or_(sa.not_(key.clause), *empty)
        if isinstance(part, Exists):
            return sa.not_(self._having_row(part, scope))
        if isinstance(part, HasCharacter):
            return self._or_null(sa.not_(self._translate(part, scope)), [part.text], scope)
        # The remaining conditions are never NULL: keys, classes, IN on keys.
        return sa.not_(self._translate(part, scope))

    # -- comparisons ----------------------------------------------------------------------

    def _comparison(self, condition: Comparison, scope: RowScope) -> t.Any:
        left, right = self._sides(condition, scope)
        if condition.sign == "<":
            return self._numeric(left < right, condition, scope)
        if condition.sign == "<=":
            return self._numeric(left <= right, condition, scope)
        if is_nullable(condition.left) and is_nullable(condition.right):
            return self._numeric(left.is_not_distinct_from(right), condition, scope)
        if _has_nul(condition.right):
            return WithNul(left == right, sa.false())
        return self._numeric(left == right, condition, scope)

    def _not_compared(self, condition: Comparison, scope: RowScope) -> t.Any:
        left, right = self._sides(condition, scope)
        if condition.sign == "=":
            is_safe = is_nullable(condition.left) or is_nullable(condition.right)
            differ = left.is_distinct_from(right) if is_safe else left != right
            if _has_nul(condition.right):
                return WithNul(differ, sa.true())
            return self._numeric(differ, condition, scope, OrNan)
        opposite = right <= left if condition.sign == "<" else right < left
        opposite = self._numeric(opposite, condition, scope, OrNan)
        return self._or_null(opposite, [condition.left, condition.right], scope)

    def _numeric(
        self,
        compared: t.Any,
        condition: Comparison,
        scope: RowScope,
        kind: type[WithoutNan | OrNan] = WithoutNan,
    ) -> t.Any:
        """Make a comparison treat NaN as Python does."""
        columns = [
            self._operand(column, scope)
            for side in (condition.left, condition.right)
            for column in columns_of(side)
            if column.field.kind in NAN_KINDS
        ]
        # A literal is never NaN, and NaN equals no literal.
        is_plain = condition.sign == "=" and isinstance(condition.right, Literal)
        return kind(compared, *columns) if columns and not is_plain else compared

    def _sides(self, condition: Comparison, scope: RowScope) -> tuple[t.Any, t.Any]:
        sides = condition.left, condition.right
        known = next(side for side in sides if not isinstance(side, Literal))
        is_text = field_of(known).kind is ValueKind.TEXT
        left, right = (self._operand(side, scope) for side in sides)
        if not is_text:
            return left, right
        wrap = ExactText if condition.sign == "=" else CodePoints
        texts = [
            side if isinstance(written, Literal) else wrap(side)
            for written, side in zip(sides, (left, right), strict=True)
        ]
        return texts[0], texts[1]

    def _or_null(self, clause: t.Any, operands: list[RowValue], scope: RowScope) -> t.Any:
        empty = [
            self._operand(column, scope).is_(None)
            for each in operands
            for column in columns_of(each)
            if column.field.is_nullable
        ]
        return sa.or_(clause, *empty) if empty else clause

    def _among(self, condition: InValues, scope: RowScope) -> t.Any:
        return self._among_values(condition, scope, is_among=True)

    def _among_values(self, condition: InValues, scope: RowScope, *, is_among: bool) -> t.Any:
        column = self._exact(condition.column, scope)
        odd = [each.value for each in condition.values if _has_nul(each)]
        values = [_bound(each.value) for each in condition.values if not _has_nul(each)]
        if not odd:
            return column.in_(values) if is_among else column.not_in(values)
        if is_among:
            equal = [WithNul(column == each, sa.false()) for each in odd]
            return sa.or_(column.in_(values), *equal)
        return sa.and_(column.not_in(values), *(WithNul(column != each, sa.true()) for each in odd))

    def _is_null(self, condition: IsNull, scope: RowScope) -> t.Any:
        return self._operand(condition.column, scope).is_(None)

    def _is_nan(self, condition: IsNan, scope: RowScope) -> t.Any:
        return HoldsNan(self._operand(condition.column, scope))

    def _has_character(self, condition: HasCharacter, scope: RowScope) -> t.Any:
        # The inner text is exact, too: PostgreSQL cannot search with a nondeterministic collation.
        text = ExactText(self._operand(condition.text, scope))
        return ExactText(sa.func.replace(text, condition.character, "", type_=text.type)) != text

    # -- values ---------------------------------------------------------------------------

    def _exact(self, operand: RowValue, scope: RowScope) -> t.Any:
        value = self._operand(operand, scope)
        return ExactText(value) if field_of(operand).kind is ValueKind.TEXT else value

    def _operand(self, operand: RowValue, scope: RowScope) -> t.Any:
        if isinstance(operand, Literal):
            return _bound(operand.value)
        if isinstance(operand, Column):
            column = self._column(operand.row, operand.name, scope)
            wrap = _WRAPPED.get(operand.field.kind)
            return column if wrap is None else wrap(column)
        if isinstance(operand, Arithmetic):
            left, right = (self._operand(side, scope) for side in (operand.left, operand.right))
            return _calculated(operand.sign, left, right)
        text = self._operand(operand.text, scope)
        if operand.at_end:
            length, size = str(operand.length), str(operand.size)
            return LastCharacters(text, sa.literal_column(length), sa.literal_column(size))
        return sa.func.substr(text, 1, operand.length, type_=sa.String())

    # -- rows -----------------------------------------------------------------------------

    def _at(self, row: RowPath, scope: RowScope) -> t.Any:
        """Return the entity of a row, or the object of a known row."""
        if isinstance(row, KnownRow):
            return self._objects.get(row, row.value.value)
        return scope[row]

    def _column(self, row: RowPath, name: str, scope: RowScope) -> t.Any:
        """Return a column of a row, or the value of an object."""
        at = self._at(row, scope)
        if isinstance(at, TableSource):
            return at.column(name)
        return getattr(at, name) if isinstance(row, KnownRow) else column_of(at, name)

    def _key(self, row: RowPath, scope: RowScope) -> list[t.Any]:
        """Return the columns of the primary key of a row."""
        entity = scope[row]
        if isinstance(entity, KeyColumns):
            return list(entity)
        return [self._column(row, name, scope) for name in self._names.key(row.cls)]

    def _is(self, condition: IsObject, scope: RowScope) -> t.Any:
        objects = [each.value for each in condition.objects]
        return _among_keys(self._key(condition.row, scope), objects)

    def _same(self, condition: SameRow, scope: RowScope) -> t.Any:
        for row, other in ((condition.left, condition.right), (condition.right, condition.left)):
            if isinstance(other, KnownRow):
                return _among_keys(self._key(row, scope), [self._at(other, scope)])
        left, right = self._key(condition.left, scope), self._key(condition.right, scope)
        return sa.and_(*map(operator.eq, left, right))

    def _of_class(self, condition: OfClass, scope: RowScope) -> t.Any:
        mapper: t.Any = sa.inspect(condition.row.cls)
        names: list[t.Any] = [sa.inspect(cls).polymorphic_identity for cls in condition.classes]
        name = discriminator(mapper)
        if None in names:
            raise no_discriminator(mapper)
        return self._column(condition.row, name, scope).in_(names)

    def _having(self, condition: Exists, scope: RowScope) -> t.Any:
        by_key = self._foreign_key(condition, scope)
        if by_key is not None:
            return by_key.clause
        members = self._membership(condition, scope)
        if members is not None:
            return members
        return self._having_row(condition, scope)

    def _having_row(self, condition: Exists, scope: RowScope) -> t.Any:
        """Test for a row with EXISTS, which is never NULL."""
        row = condition.row
        declared = self._names.declared(row.owner.cls, row.relation)
        if declared is not None:
            return self._declared(condition, declared, scope)
        if isinstance(row.owner, KnownRow):
            return self._having_known(condition, scope)
        target, inner = self._entity(row, scope)
        if row.relation == ITSELF:
            itself = map(operator.eq, self._key(row, inner), self._key(row.owner, scope))
            return self._exists(target, sa.and_(*itself), condition.part, inner)
        joined = self._names.joined(scope[row.owner], row.relation, target)
        return self._exists(target, joined, condition.part, inner)

    def _membership(self, condition: Exists, scope: RowScope) -> t.Any:
        """Test for a row with IN and an uncorrelated subquery; ``None`` if that would be long."""
        row = condition.row
        if isinstance(row.owner, KnownRow):
            return self._membership_of_known(condition, scope)
        step = self._names.step(row.owner.cls, row.relation)
        if step is None or isinstance(scope[row.owner], KeyColumns):
            return None
        mine, part = self._column(row.owner, step.near, scope), condition.part
        is_closed = isinstance(part, Closure) and part.row == row and step.link is None
        if is_closed and [step.far] == self._names.key(row.cls):
            return mine.in_(self._members(t.cast(Closure, part)))
        if not self._names.kept(condition, tuple(scope), lambda: self._is_short(condition, scope)):
            return None
        target, inner = self._entity(row, scope)
        far = target.column(step.far) if step.link is None else step.link[0]
        return mine.in_(self._list(far, target, step, part, inner))

    def _is_short(self, condition: Exists, scope: RowScope) -> bool:
        part, row = condition.part, condition.row
        return is_independent(part, row, scope) and is_anchored(part, row, self._names)

    def _membership_of_known(self, condition: Exists, scope: RowScope) -> t.Any:
        row, rows = condition.row, tuple(scope)
        step = self._names.step(row.owner.cls, row.relation)
        # If the relation compares another column than the key, the object would have to be read.
        if step is None or [step.near] != self._names.key(row.owner.cls):
            return None
        link = self._names.kept(condition, rows, lambda: junction_of(condition, rows, self._names))
        if link is None:
            other = self._names.kept(condition, (None, *rows), lambda: exchanged(condition, rows))
            return None if other is None else self._membership(other, scope)
        (mine,) = self._key(link.other, scope)
        target, inner = self._entity(row, scope)
        loaded = self._loaded(row, scope)
        if loaded is not None:
            apart = step._replace(link=None)
            listed = self._list(target.column(link.name), target, apart, link.rest, inner)
            return mine.in_(listed.where(_among_keys(self._key(row, inner), loaded)))
        far = target.column(step.far) if step.link is None else step.link[0]
        listed = self._list(target.column(link.name), target, step, link.rest, inner)
        identity = sa.inspect(self._at(row.owner, scope)).identity[0]
        return mine.in_(listed.where(far == identity))

    def _loaded(self, row: RowPath, scope: RowScope) -> list[t.Any] | None:
        """Return the rows of a loaded to-many relation of an object; ``None`` if not loaded."""
        if not isinstance(row, ToMany) or not isinstance(row.owner, KnownRow):
            return None
        return loaded_rows(self._at(row.owner, scope), row.relation)

    def _list(
        self,
        column: t.Any,
        target: TableSource,
        step: JoinStep,
        part: RowCondition,
        inner: RowScope,
    ) -> t.Any:
        """Select a column of a target, uncorrelated with the enclosing statement."""
        listed = _restricted(sa.select(column).select_from(target.selectable), target)
        listed = listed.correlate(None)
        if step.link is not None:
            listed = listed.where(target.column(step.far) == step.link[1])
        if part == TRUE:
            return listed
        return listed.where(*(self._translate(each, inner) for each in conjuncts_of(part)))

    def _having_known(self, condition: Exists, scope: RowScope) -> t.Any:
        """Test for a row that is related to an object."""
        row = condition.row
        owner, attribute = self._at(row.owner, scope), getattr(row.owner.cls, row.relation)
        target, inner = self._entity(row, scope)
        loaded = self._loaded(row, scope)
        if loaded is not None:
            among = _among_keys(self._key(row, inner), loaded)
            return self._exists(target, among, condition.part, inner)
        names = self._names.foreign_key(row.owner.cls, row.relation)
        if names is not None:
            values = [getattr(owner, name) for name, _ in names]
            if None in values:
                return sa.false()
            joined = sa.and_(*map(operator.eq, self._key(row, inner), values))
            return self._exists(target, joined, condition.part, inner)
        if any(getattr(owner, name) is None for name in self._names.compared(row)):
            # Nothing equals NULL, and SQLAlchemy warns about such a comparison.
            return sa.false()
        related = core_expression(
            _with_values(orm.with_parent(owner, attribute.of_type(target.entity)))
        )
        secondary = attribute.property.secondary
        own = [] if secondary is None else [secondary]
        return self._exists(target, related, condition.part, inner, *own)

    def _exists(
        self, target: TableSource, joined: t.Any, part: RowCondition, inner: RowScope, *own: t.Any
    ) -> t.Any:
        """Test for a row of a target, correlated with all of the enclosing statement."""
        found = _restricted(sa.select(_ONE).select_from(target.selectable), target).where(joined)
        if part != TRUE:
            found = found.where(self._translate(part, inner))
        return found.correlate_except(target.selectable, *own).exists()

    def _entity(self, row: RowPath, scope: RowScope) -> tuple[TableSource, RowScope]:
        """Return the entity of a related row: tables, or an alias if they are in scope already."""
        tables = self._names.tables(row.cls)
        is_taken = any(not tables.isdisjoint(self._names.tables(each.cls)) for each in scope)
        target = self._alias(row.cls) if is_taken else self._names.source(row.cls)
        return target, {**scope, row: target}

    def _alias(self, cls: type) -> TableSource:
        numbers = self._aliases.setdefault(cls, itertools.count())
        return self._names.source(cls, next(numbers))

    def _foreign_key(self, condition: Exists, scope: RowScope) -> _ByKey | None:
        """Compare the foreign key, where only the key of the related row is needed."""
        part, row = condition.part, condition.row
        if not isinstance(row, ToOne) or not isinstance(part, IsObject | SameRow):
            return None
        names = self._names.foreign_key(row.owner.cls, row.relation)
        if names is None:
            return None
        key = [self._column(row.owner, name, scope) for name, _ in names]
        if any(each is None for each in key):
            return _ByKey(sa.false(), [])
        is_known = isinstance(row.owner, KnownRow)
        pairs = zip(names, key, strict=True)
        nullable = [column for (_, empty), column in pairs if empty and not is_known]
        if isinstance(part, IsObject):
            objects = [each.value for each in part.objects]
            return _ByKey(_among_keys(key, objects), nullable) if part.row == row else None
        other = part.right if part.left == row else part.left
        if row not in (part.left, part.right):
            return None
        if isinstance(other, KnownRow):
            return _ByKey(_among_keys(key, [self._at(other, scope)]), nullable)
        if other not in scope:
            return None
        return _ByKey(sa.and_(*map(operator.eq, key, self._key(other, scope))), nullable)

    def _declared(self, condition: Exists, relation: Relation, scope: RowScope) -> t.Any:
        row = condition.row
        mine = self._column(row.owner, relation.my_field, scope)
        if mine is None:
            return sa.false()
        target = self._alias(row.cls)
        joined = target.column(relation.other_field) == mine
        return self._exists(target, joined, condition.part, {**scope, row: target})

    # -- closures -------------------------------------------------------------------------

    def _closure(self, condition: Closure, scope: RowScope) -> t.Any:
        mine = self._key(condition.row, scope)
        members = self._members(condition)
        return (mine[0] if len(mine) == 1 else sa.tuple_(*mine)).in_(members)

    def _members(self, condition: Closure) -> t.Any:
        """Select the keys of a recursive set in one recursive query."""
        cls = condition.variable.cls
        first, following = self._alias(cls), self._alias(cls)
        outer: RowScope = {condition.variable: first}
        key = self._key(condition.variable, outer)
        begin = sa.select(*(c.label(f"key_{n}") for n, c in enumerate(key)))
        begin = _restricted(begin.select_from(first.selectable), first)
        begin = begin.where(self._translate(condition.first, outer))
        # Within the subquery: MariaDB has no WITH before UPDATE and DELETE.
        found = begin.cte(recursive=True, nesting=True)
        inner: RowScope = {condition.variable: following, condition.before: KeyColumns(found.c)}
        step = sa.select(*self._key(condition.variable, inner)).join_from(
            following.selectable, found, self._translate(condition.next, inner)
        )
        step = _restricted(step, following)
        return sa.select(*map(FoundOnce, found.union(step).c))


def _restricted(statement: t.Any, target: TableSource) -> t.Any:
    """Restrict a statement to rows of the class of a target."""
    criterion = target.criterion()
    return statement if criterion is None else statement.where(criterion)


def _only_row(condition: t.Any) -> RowPath | None:
    """Return the row of a test of one column against literals; else ``None``."""
    test = condition.part if isinstance(condition, Not) else condition
    if isinstance(test, Comparison):
        column = test.left if isinstance(test.right, Literal) else None
    else:
        column = test.column if isinstance(test, InValues | IsNull | IsNan) else None
    return column.row if isinstance(column, Column) else None


def _has_nul(operand: RowValue) -> bool:
    return isinstance(operand, Literal) and type(operand.value) is str and "\0" in operand.value


def _bound(value: t.Any) -> t.Any:
    """Return a value as a parameter: some drivers bind an integer in the size of the column."""
    is_wide = type(value) is int and not -(2**15) <= value < 2**15
    return sa.literal(value, sa.BigInteger()) if is_wide else value


def _with_values(clause: t.Any) -> t.Any:
    """Give each parameter of a clause its current value and a unique name.

    INVARIANT: after a relation was loaded lazily, ``with_parent`` uses one parameter name for all
    objects: within one statement, one object would be taken for another.
    """

    def replace(element: t.Any, **_: t.Any) -> t.Any:
        if isinstance(element, sa.BindParameter):
            return sa.literal(element.effective_value, element.type)
        return None

    return visitors.replacement_traverse(clause, {}, replace)


def _calculated(sign: str, left: t.Any, right: t.Any) -> t.Any:
    # In the widest integers: a result may exceed the type of the column.
    left, right = (
        sa.cast(side, sa.BigInteger())
        if isinstance(side, sa.ClauseElement | orm.QueryableAttribute)
        else side
        for side in (left, right)
    )
    if sign == "+":
        return left + right
    return left - right if sign == "-" else left * right


def _among_keys(key: list[t.Any], objects: list[t.Any]) -> t.Any:
    """Return the condition that a key is that of one of several stored objects."""
    states = (sa.inspect(each, raiseerr=False) for each in objects)
    found: list[t.Any] = [
        state.identity
        for state in states
        if isinstance(state, orm.InstanceState) and state.identity is not None
    ]
    if not found:
        return sa.false()
    if len(key) == 1:
        values = [identity[0] for identity in found]
        return key[0] == values[0] if len(values) == 1 else key[0].in_(values)
    return sa.or_(*(sa.and_(*map(operator.eq, key, identity)) for identity in found))


_TRANSLATIONS: dict[type, t.Callable[[Translator, t.Any, RowScope], t.Any]] = {
    Constant: Translator._constant,
    And: Translator._and,
    Or: Translator._or,
    Not: Translator._not,
    Comparison: Translator._comparison,
    InValues: Translator._among,
    IsNull: Translator._is_null,
    IsNan: Translator._is_nan,
    HasCharacter: Translator._has_character,
    IsObject: Translator._is,
    SameRow: Translator._same,
    OfClass: Translator._of_class,
    Exists: Translator._having,
    Closure: Translator._closure,
}
