"""Comparisons of columns as SQLAlchemy expressions: what they mean of NULL, NaN and texts.

In goes an atom on columns and values, and the rows in scope; out comes a clause that is true for
the same rows as in Python, or, where it is negated, for all others.
"""

from __future__ import annotations

import datetime
import operator
import typing as t
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import elements, operators

from ...polar.residual.algebra.ir import (
    AmongGiven,
    Arithmetic,
    CaseMapped,
    Column,
    Comparison,
    Entry,
    EntryEquals,
    EntryHasValue,
    HasCharacter,
    HasEntry,
    HasPart,
    InValues,
    IsNan,
    IsNull,
    KnownRow,
    Literal,
    MemberPart,
    Not,
    PartPlace,
    Position,
    Replaced,
    RowPath,
    RowValue,
    columns_of,
    is_nullable,
    is_of_object,
)
from ...polar.residual.algebra.schema import NAN_KINDS, ValueKind
from ...polar.residual.attributes.given_values import MOST_DIVISOR
from ...polar.residual.database_semantics import field_of
from .binary_clauses import FoundText, FoundTime
from .dialects import (
    AwareTime,
    CodePoints,
    EntryHoldsValue,
    EntryIsBoolean,
    EntryIsText,
    EntryIsThere,
    ExactBoolean,
    ExactFloat,
    ExactText,
    HoldsNan,
    HoldsNothing,
    LastCharacters,
    NaiveTime,
    OrNan,
    Remainder,
    ReplacedText,
    TextEnd,
    TextPosition,
    TextStart,
    TextWithin,
    WithNul,
    WithoutNan,
    ZonedTime,
)
from .known_values import KnownValue, among_values, bound, compared, in_values, parameter
from .many_values import AmongMany, FoundMany, are_many
from .related.semijoins import Node
from .values_as_read import TimeAsRead, as_read

#: The entity of each row in scope: a mapped class or an alias, tables, or columns of a key.
RowScope = dict[Node, t.Any]
#: The functions of `dialects` that make a column compare as in Python, by kind.
_WRAPPED: dict[ValueKind, t.Callable[[t.Any], t.Any]] = {
    ValueKind.FLOAT: ExactFloat,
    ValueKind.BOOLEAN: ExactBoolean,
}

_PARTS: dict[PartPlace, type[TextWithin]] = {
    PartPlace.START: TextStart,
    PartPlace.END: TextEnd,
    PartPlace.ANYWHERE: TextWithin,
}


class ComparisonTranslator:
    """Translates atoms on columns.

    :param column: returns the expression of an attribute of a row.
    :param value: returns the value of an attribute of an object.
    """

    def __init__(
        self,
        column: Callable[[RowPath, str, RowScope], t.Any],
        value: Callable[[KnownRow, str], KnownValue],
    ) -> None:
        self._column = column
        self._value = value

    def comparison(self, condition: Comparison, scope: RowScope) -> t.Any:
        left, right = self.sides(condition, scope)
        if condition.sign == "<":
            return self._numeric(compared(operator.lt, left, right), condition, scope)
        if condition.sign == "<=":
            return self._numeric(compared(operator.le, left, right), condition, scope)
        if is_nullable(condition.left) and is_nullable(condition.right):
            return self._numeric(compared(_is_same, left, right), condition, scope)
        if _has_nul(condition.right):
            return WithNul(left == right, sa.false())
        said = _condition_of(left) if isinstance(right, bool) else None
        if said is not None:
            return said if right else sa.not_(said)
        found = self._numeric(compared(operator.eq, left, right), condition, scope)
        return found_text(found, [right])

    def not_compared(self, condition: Comparison, scope: RowScope) -> t.Any:
        left, right = self.sides(condition, scope)
        if condition.sign == "=":
            is_safe = is_nullable(condition.left) or is_nullable(condition.right)
            differ = compared(_is_other if is_safe else operator.ne, left, right)
            if _has_nul(condition.right):
                return WithNul(differ, sa.true())
            return self._numeric(differ, condition, scope, OrNan)
        opposite = compared(operator.le if condition.sign == "<" else operator.lt, right, left)
        opposite = self._numeric(opposite, condition, scope, OrNan)
        return self.or_null(opposite, [condition.left, condition.right], scope)

    def _numeric(
        self,
        compared: t.Any,
        condition: Comparison,
        scope: RowScope,
        kind: type[WithoutNan | OrNan] = WithoutNan,
    ) -> t.Any:
        """Make a comparison treat NaN as Python does."""
        columns = [
            self.operand(column, scope)
            for side in (condition.left, condition.right)
            for column in columns_of(side)
            if column.field.kind in NAN_KINDS and not is_of_object(column)
        ]
        compared = _found_time(compared)
        # A value that is known is never NaN, and NaN equals none.
        is_plain = condition.sign == "=" and _is_value(condition.right)
        return kind(compared, *columns) if columns and not is_plain else compared

    def sides(self, condition: Comparison, scope: RowScope) -> tuple[t.Any, t.Any]:
        sides = condition.left, condition.right
        known = next(side for side in sides if not _is_value(side))
        kind = field_of(known).kind
        left, right = (self.operand(side, scope) for side in sides)
        if kind is ValueKind.ZONED:
            return _zoned(condition.left, left, right), _zoned(condition.right, right, left)
        if kind is not ValueKind.TEXT:
            return left, right
        wrap = ExactText if condition.sign == "=" else CodePoints
        texts = [
            side if _is_value(written) else wrap(side)
            for written, side in zip(sides, (left, right), strict=True)
        ]
        return texts[0], texts[1]

    def or_null(self, clause: t.Any, operands: list[RowValue], scope: RowScope) -> t.Any:
        empty = [
            self._kept(column, scope).is_(None)
            for each in operands
            for column in columns_of(each)
            if column.field.is_nullable
        ]
        return sa.or_(clause, *empty) if empty else clause

    def among(self, condition: InValues, scope: RowScope) -> t.Any:
        return self.among_values(condition, scope, is_among=True)

    def among_values(self, condition: InValues, scope: RowScope, *, is_among: bool) -> t.Any:
        column = self._exact(condition.column, scope)
        whole = [each.value for each in condition.values]
        if are_many(whole):
            found = in_values(column, whole)
            return found_text(found, whole) if is_among else sa.not_(found)
        odd = [each.value for each in condition.values if _has_nul(each)]
        values = [bound(each.value) for each in condition.values if not _has_nul(each)]
        if not odd:
            return found_text(column.in_(values), values) if is_among else column.not_in(values)
        if is_among:
            equal = [WithNul(column == each, sa.false()) for each in odd]
            return sa.or_(column.in_(values), *equal)
        return sa.and_(column.not_in(values), *(WithNul(column != each, sa.true()) for each in odd))

    def among_given(
        self, condition: AmongGiven, scope: RowScope, *, is_among: bool = True
    ) -> t.Any:
        """Look for a column in a list that an object gave."""
        column = self._exact(condition.column, scope)
        given = self.operand(condition.given, scope)
        found = among_values(column, given, is_among=is_among)
        return found_text(found, given.value) if is_among else found

    def is_null(self, condition: IsNull, scope: RowScope) -> t.Any:
        column = self._kept(condition.column, scope)
        if isinstance(column.type, sa.JSON):
            return HoldsNothing(column)
        return column.is_(None)

    def is_not_null(self, condition: IsNull, scope: RowScope) -> t.Any:
        column = self._kept(condition.column, scope)
        if isinstance(column.type, sa.JSON):
            return sa.not_(HoldsNothing(column))
        return column.is_not(None)

    def is_nan(self, condition: IsNan, scope: RowScope) -> t.Any:
        return HoldsNan(self.operand(condition.column, scope))

    def has_character(self, condition: HasCharacter, scope: RowScope) -> t.Any:
        # The inner text is exact, too: PostgreSQL cannot search with a nondeterministic collation.
        text = ExactText(self.operand(condition.text, scope))
        return ExactText(sa.func.replace(text, condition.character, "", type_=text.type)) != text

    def has_part(self, condition: HasPart, scope: RowScope) -> t.Any:
        text, part = (self._text(each, scope) for each in (condition.text, condition.part))
        return _PARTS[condition.place](text, part)

    def _text(self, operand: RowValue, scope: RowScope) -> t.Any:
        if isinstance(operand, Literal):
            return sa.literal(operand.value)
        found = self.operand(operand, scope)
        return parameter(found, sa.String()) if isinstance(found, KnownValue) else found

    def has_entry(self, condition: HasEntry, scope: RowScope) -> t.Any:
        """Test for an entry of JSON."""
        document = self.operand(condition.entry.document, scope)
        return EntryIsThere(document, condition.entry.keys, condition.kinds)

    def entry_equals(self, condition: EntryEquals, scope: RowScope) -> t.Any:
        """Compare an entry of JSON with a text or a boolean."""
        document, keys = self.operand(condition.entry.document, scope), condition.entry.keys
        if isinstance(condition.value, Literal):
            value = condition.value.value
            if isinstance(value, bool):
                return EntryIsBoolean(document, keys, value)
            return EntryIsText(document, keys, sa.literal(value, sa.String()), value.isascii())
        known = parameter(self.operand(condition.value, scope), sa.String())
        return EntryIsText(document, keys, known, is_ascii=True)

    def entry_has_value(self, condition: EntryHasValue, scope: RowScope) -> t.Any:
        """Look for a value in a list of JSON."""
        document, keys = self.operand(condition.entry.document, scope), condition.entry.keys
        value = condition.value
        if not isinstance(value, Literal):
            known = parameter(self.operand(value, scope), sa.String())
            return EntryHoldsValue(document, keys, "text", known)
        if value.value is None:
            return EntryHoldsValue(document, keys, "null", sa.null())
        if isinstance(value.value, int):
            known = sa.literal(value.value, sa.BigInteger())
            return EntryHoldsValue(document, keys, "integer", known)
        return EntryHoldsValue(document, keys, "text", sa.literal(value.value, sa.String()))

    def _exact(self, operand: RowValue, scope: RowScope) -> t.Any:
        value = self.operand(operand, scope)
        return ExactText(value) if field_of(operand).kind is ValueKind.TEXT else value

    def _kept(self, operand: RowValue, scope: RowScope) -> t.Any:
        """Return an operand to ask whether it is NULL: a column as the database has it."""
        is_column = isinstance(operand, Column) and operand.field.is_calculated
        if not is_column or is_of_object(operand):
            return self.operand(operand, scope)
        column = t.cast(Column, operand)
        return self._column(column.row, column.name, scope)

    def operand(self, operand: RowValue, scope: RowScope) -> t.Any:
        if isinstance(operand, Literal):
            return bound(operand.value)
        if isinstance(operand, Column):
            if isinstance(operand.row, KnownRow):
                return self._value(operand.row, operand.name)
            column = self._column(operand.row, operand.name, scope)
            if operand.field.is_calculated:
                column = as_read(column, operand.field)
            wrap = _WRAPPED.get(operand.field.kind)
            return column if wrap is None else wrap(column)
        if isinstance(operand, Arithmetic):
            left, right = (
                _number(operand.sign, self.operand(side, scope))
                for side in (operand.left, operand.right)
            )
            return _calculated(operand.sign, left, right)
        if isinstance(operand, Replaced):
            return ReplacedText(self.operand(operand.text, scope), operand.pairs)
        if isinstance(operand, Position):
            return TextPosition(self.operand(operand.text, scope), operand.wanted)
        if isinstance(operand, Entry | MemberPart):
            raise AssertionError("It is compared with what is known, by conditions of its own.")
        if isinstance(operand, CaseMapped):
            raise AssertionError("The letters of a text are replaced where it meets another one.")
        text = self.operand(operand.text, scope)
        if operand.at_end:
            length, size = str(operand.length), str(operand.size)
            return LastCharacters(text, sa.literal_column(length), sa.literal_column(size))
        return sa.func.substr(text, 1, operand.length, type_=sa.String())


def found_text(made: t.Any, values: Sequence[t.Any]) -> t.Any:
    """Return a comparison of a text with values, of which an index finds texts of ASCII."""
    texts = [each.value if isinstance(each, KnownValue) else each for each in values]
    is_ascii = all(isinstance(each, str) and each.isascii() for each in texts)
    left = getattr(made, "left", None)
    element = _FOUND.get(type(made))
    if not is_ascii or type(left) is not ExactText or element is None:
        return made
    (column,) = left.clauses
    is_column = isinstance(column, sa.ColumnClause) and isinstance(column.type, sa.String)
    return element(made) if is_column else made


_FOUND: dict[type, t.Callable[[t.Any], t.Any]] = {
    sa.BinaryExpression: FoundText,
    AmongMany: FoundMany,
}


def _found_time(made: t.Any) -> t.Any:
    """Return a comparison of a time with a known one, of which an index finds the rows."""
    left = getattr(made, "left", None)
    if type(made) is not sa.BinaryExpression or type(left) is not TimeAsRead:
        return made
    (column,) = left.clauses
    is_column = isinstance(column, sa.ColumnClause) and made.operator in _TIME_SIGNS
    return FoundTime(made) if is_column and type(made.right) is sa.BindParameter else made


_TIME_SIGNS = (operators.eq, operators.lt, operators.le, operators.gt, operators.ge)


def _zoned(side: RowValue, mine: t.Any, other: t.Any) -> t.Any:
    """Return a side of a comparison of times with zones, as Python compares it with the other."""
    if _is_value(side):
        return mine
    moment = other.value if isinstance(other, KnownValue) else other
    if not isinstance(moment, datetime.datetime):
        return ZonedTime(mine)
    return NaiveTime(mine) if moment.tzinfo is None else AwareTime(mine)


def _condition_of(operand: t.Any) -> t.Any:
    """Return the condition that an attribute is, such as a hybrid; ``None`` for a column.

    Databases use indexes, and statistics, for what it asks of columns.
    """
    if type(operand) is not ExactBoolean:
        return None
    (expression,) = operand.clauses
    found = expression.element if isinstance(expression, elements.Grouping) else expression
    is_condition = isinstance(found, elements.BooleanClauseList) or (
        isinstance(found, sa.BinaryExpression)
        and not isinstance(found.operator, operators.custom_op)
        and operators.is_comparison(found.operator)
    )
    return found if is_condition else None


def _is_same(left: t.Any, right: t.Any) -> t.Any:
    return left.is_not_distinct_from(right)


def _is_other(left: t.Any, right: t.Any) -> t.Any:
    return left.is_distinct_from(right)


def _number(sign: str, operand: t.Any) -> t.Any:
    if not isinstance(operand, KnownValue):
        return operand
    # The sign of a divisor says how it is divided by. A template puts in none that is below zero.
    is_alone = sign in ("mod", "rem") and not 0 < operand.value < MOST_DIVISOR
    return bound(operand.alone()) if is_alone else parameter(operand, sa.BigInteger())


def _is_value(operand: RowValue) -> bool:
    """Tell whether an operand is known: a literal, or the value of an object."""
    if isinstance(operand, Column):
        return isinstance(operand.row, KnownRow)
    return isinstance(operand, Literal)


def _has_nul(operand: RowValue) -> bool:
    return isinstance(operand, Literal) and type(operand.value) is str and "\0" in operand.value


def _calculated(sign: str, left: t.Any, right: t.Any) -> t.Any:
    # In the widest integers: a result may exceed the type of the column.
    left, right = (
        sa.cast(side, sa.BigInteger())
        if isinstance(side, sa.ClauseElement | orm.QueryableAttribute)
        and type(side) is not sa.BindParameter
        else side
        for side in (left, right)
    )
    return _CALCULATED[sign](left, right)


def _remainder(left: t.Any, right: t.Any) -> t.Any:
    """Divide; the remainder has the sign of the dividend, in each database and in ``rem``.

    INVARIANT: nothing is divided by zero, which is an error of the statement in PostgreSQL: a
    database may calculate before it looks at the condition that excludes it.
    """
    if not isinstance(right, sa.ColumnElement) or _is_positive(right):
        return Remainder(left % right)
    return sa.case((right == 0, 0), else_=Remainder(left % right))


def _is_positive(divisor: t.Any) -> bool:
    """Tell whether a divisor is a parameter whose values are above zero."""
    return type(divisor) is sa.BindParameter and 0 < t.cast(int, divisor.value) < MOST_DIVISOR


def _modulo(left: t.Any, right: t.Any) -> t.Any:
    """Divide; the result has the sign of the divisor, as that of ``mod``."""
    rest = _remainder(left, right)
    if _is_positive(right):
        # A sum of twice the divisor has 64 bits.
        return Remainder((rest + right) % right)
    if isinstance(right, sa.ColumnElement):
        differs = sa.or_(sa.and_(rest < 0, right > 0), sa.and_(rest > 0, right < 0))
    else:
        differs = rest < 0 if right > 0 else rest > 0
    return sa.case((differs, rest + right), else_=rest)


_CALCULATED: dict[str, t.Callable[[t.Any, t.Any], t.Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "mod": _modulo,
    "rem": _remainder,
}


def only_row(condition: t.Any) -> RowPath | None:
    """Return the row of a test of one column against literals; else ``None``."""
    test = condition.part if isinstance(condition, Not) else condition
    if isinstance(test, Comparison):
        column = test.left if isinstance(test.right, Literal) else None
    else:
        column = test.column if isinstance(test, InValues | IsNull | IsNan) else None
    return column.row if isinstance(column, Column) else None
