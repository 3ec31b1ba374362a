"""Unification with what is not known: a condition says when two terms are equal.

Variables are bound as in the solver. Rows are equal if they are one row; a row and an
object, if that is the object which the row becomes when it is loaded.
"""

from __future__ import annotations

import typing as t

from ..host import numbers
from ..host.conversion import follow, to_python
from ..nodes import Dictionary, Expression, List, Unknown, Value, parts
from .database_semantics import NotTranslatable, column_equality, equals_plainly, value_equality
from .ir import (
    FALSE,
    TRUE,
    Constant,
    Exists,
    IsObject,
    Literal,
    Not,
    RowCondition,
    RowPath,
    SameRow,
    ToOne,
    conjunction,
    disjunction,
    is_nullable,
    negation,
    where_rows_exist,
)
from .outcomes import SearchOutcome
from .search import ClauseFrame, GoalResult, Search
from .symbolic_terms import (
    SYMBOLIC,
    SymbolicRow,
    SymbolicRows,
    SymbolicTruth,
    SymbolicValue,
    has_unknown_rows,
    rows_of,
)


class Equations(Search):
    """Solves ``=``."""

    # -- unification ----------------------------------------------------------------------

    def _solve_unify(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        goal, frame = payload
        return self._unified(*(self._operand(arg, frame) for arg in goal.args))

    def _solve_assign(self, payload: tuple[Expression, ClauseFrame]) -> GoalResult:
        goal, frame = payload
        target, value = (self._operand(arg, frame) for arg in goal.args)
        if type(target) is not Unknown or target.constraints:
            raise self._refusal("`:=` assigns to a variable that is bound", "Write `=`.")
        return self._unified(target, value)

    def _unified(self, left: t.Any, right: t.Any) -> GoalResult:
        try:
            condition = self._unify(left, right)
        except NotTranslatable as reason:
            raise self._refusal(reason.fact, reason.remedy) from None
        return condition.value if isinstance(condition, Constant) else SearchOutcome(condition)

    def _unify(self, left: t.Any, right: t.Any) -> RowCondition:
        """Bind variables, and give what else makes two terms equal."""
        found: list[RowCondition] = []
        pairs = [(left, right)]
        while pairs:
            left, right = (follow(side) for side in pairs.pop())
            if left is right:
                continue
            if type(left) is Unknown:
                self._bind(left, right)
            elif type(right) is Unknown:
                self._bind(right, left)
            elif type(left) is Value and type(right) is Value:
                if not numbers.equal_scalars(left.value, right.value):
                    return FALSE
            elif not has_unknown_rows(left) and not has_unknown_rows(right):
                if not self._unify_known(left, right, pairs):
                    return FALSE
            elif isinstance(left, SYMBOLIC) or isinstance(right, SYMBOLIC):
                condition = self._equation(left, right)
                if condition == FALSE:
                    return FALSE
                found.append(condition)
            elif not self._unify_parts(left, right, pairs):
                return FALSE
        return conjunction(*found)

    def _unify_known(self, left: t.Any, right: t.Any, pairs: list[t.Any]) -> bool:
        if self._is_closed(left) and self._is_closed(right):
            return self._equal(left, right)
        return self._unify_parts(left, right, pairs)

    def _unify_parts(self, left: t.Any, right: t.Any, pairs: list[t.Any]) -> bool:
        if type(left) is not type(right) or type(left) not in (List, Dictionary):
            return False
        if type(left) is Dictionary:
            if [key for key, _ in left.fields] != [key for key, _ in right.fields]:
                return False
        elif left.rest is not None or right.rest is not None:
            raise self._refusal("a list of unknown length", "Write the list out.")
        mine, other = parts(left), parts(right)
        if len(mine) != len(other):
            return False
        pairs.extend(zip(mine, other, strict=True))
        return True

    def _equation(self, left: t.Any, right: t.Any) -> RowCondition:
        """Say when two terms are equal, at least one of which is unknown."""
        if not isinstance(left, SYMBOLIC):
            left, right = right, left
        if isinstance(left, SymbolicRow):
            return self._same_row(left.row, right)
        if isinstance(right, SymbolicRow):
            return self._same_row(right.row, left)
        if isinstance(left, SymbolicValue) and isinstance(right, SymbolicValue):
            condition = column_equality(left.operand, right.operand)
            return where_rows_exist(condition, rows_of(left.operand, right.operand))
        if isinstance(left, SymbolicTruth) or isinstance(right, SymbolicTruth):
            return self._same_truth(left, right)
        if isinstance(left, SymbolicRows) or isinstance(right, SymbolicRows):
            raise NotTranslatable("a relation to many rows cannot be compared", "Ask with `in`.")
        condition = value_equality(left.operand, self._value(right))
        return where_rows_exist(condition, rows_of(left.operand))

    def _same_truth(self, left: t.Any, right: t.Any) -> RowCondition:
        if not isinstance(left, SymbolicTruth):
            left, right = right, left
        if isinstance(right, Value) and type(right.value) is bool:
            return t.cast(RowCondition, left.condition if right.value else negation(left.condition))
        raise NotTranslatable("a condition can be compared with true and false", "Write it alone.")

    def _value(self, term: t.Any) -> t.Any:
        if not self._is_closed(term) or has_unknown_rows(term):
            raise NotTranslatable(
                "a column cannot be compared with this", "Compare it with a value."
            )
        return to_python(term, str)

    def _same_row(self, row: RowPath, other: t.Any) -> RowCondition:
        if isinstance(other, SymbolicRow):
            return self._same_rows(row, other.row)
        if isinstance(other, SymbolicRows):
            raise NotTranslatable("a relation to many rows is no row", "Ask with `in`.")
        if isinstance(other, SymbolicValue | SymbolicTruth):
            # A row, or nil, and a value: equal are a missing row and a missing value.
            model = self._model(row.cls)
            if model.own_equality is not None or model.shares_equality:
                raise _own_equality(model.own_equality or row.cls)
            operand_ = other.operand if isinstance(other, SymbolicValue) else None
            if operand_ is None or not isinstance(row, ToOne) or not is_nullable(operand_):
                return FALSE
            raise NotTranslatable("a row and a column cannot be compared", "Compare two columns.")
        value = self._value(other)
        if value is None:
            return self._missing(row)
        self._check_equality(row, value)
        if type(value) not in self._classes_of(row):
            if self._model(row.cls).shares_equality and not equals_plainly(value):
                raise _own_equality(type(value))
            return FALSE
        return where_rows_exist(IsObject(row, (Literal(value),)), [row])

    def _check_equality(self, row: RowPath, value: t.Any) -> None:
        own = self._model(row.cls).own_equality
        model = self._models.model(type(value))
        if own is None and model is not None:
            own = model.own_equality
        elif own is None and not equals_plainly(value):
            own = type(value)
        if model is not None and model.shares_equality and not self._models.has_key(value):
            # What was never stored equals what it says, and no row by its key.
            own = type(value)
        if own is not None:
            raise _own_equality(own)

    def _missing(self, row: RowPath) -> RowCondition:
        if not isinstance(row, ToOne):
            return FALSE
        return where_rows_exist(Not(Exists(row, TRUE)), [row.owner])

    def _same_rows(self, left: RowPath, right: RowPath) -> RowCondition:
        if left == right:
            return TRUE
        models = self._model(left.cls), self._model(right.cls)
        own = models[0].own_equality or models[1].own_equality
        if own is not None:
            raise _own_equality(own)
        shares = models[0].shares_equality and models[1].shares_equality
        if shares and not set(self._classes_of(left)) & set(self._classes_of(right)):
            raise _own_equality(left.cls)
        same: RowCondition = FALSE
        if set(self._classes_of(left)) & set(self._classes_of(right)):
            same = where_rows_exist(SameRow(left, right), [left, right])
        return disjunction(same, conjunction(self._missing(left), self._missing(right)))


def _own_equality(cls: type) -> NotTranslatable:
    return NotTranslatable(
        f"'{cls.__name__}' says itself what its instances equal, which a list cannot ask",
        "Compare the keys.",
    )
