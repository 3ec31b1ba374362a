"""The result of a search for each row: success, failure or an error.

A search takes alternatives in order. It ends at the first success, or at an error, which is not
an answer and never an allow. A ``SearchOutcome`` holds a condition for each of these; ``and_then``,
``or_else``, ``no_solution``, ``for_some_row`` and ``for_row_or_nil`` combine searches as the solver
runs them. A ``Residual`` is the result of a whole question.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .ir import (
    FALSE,
    TRUE,
    Exists,
    KnownRow,
    Not,
    Root,
    RowCondition,
    RowValue,
    ToMany,
    ToOne,
    columns_of,
    rows_of,
)
from .show import show
from .simplify import conjunction, disjunction, exists, negation, where_rows_exist


@dataclass(frozen=True)
class SearchOutcome:
    """The conditions under which a search ends in one way or another.

    INVARIANT: ``holds`` is never true of a row for which the search raises; the other conditions
    may be true of too many rows, never of too few.

    :param holds: there is a success, and no error before it.
    :param fails: there is an error before any success.
    :param fails_later: there may be an error after the first success.
    :param missing: a row guaranteed by a foreign key does not exist. Only a negation reads this:
        under it, a missing row would turn a denial into an allow.
    :param endless: the search would follow a circle of rows for ever, which is an error. Only a
        negation reads this, too.
    """

    holds: RowCondition
    fails: RowCondition = FALSE
    fails_later: RowCondition = FALSE
    missing: RowCondition = FALSE
    endless: RowCondition = FALSE

    @property
    def conditions(self) -> tuple[RowCondition, ...]:
        """All five conditions."""
        return self.holds, self.fails, self.fails_later, self.missing, self.endless

    @property
    def is_safe(self) -> bool:
        """Whether it raises nothing for any row, and misses none."""
        return self.fails is self.fails_later is self.missing is self.endless is FALSE

    def map(self, change: Callable[[RowCondition], RowCondition]) -> SearchOutcome:
        """Return the outcome with each condition changed."""
        return SearchOutcome(*map(change, self.conditions))


@dataclass(frozen=True)
class Residual:
    """The rows of a class for which the answer to a question is yes.

    :param cls: the class.
    :param root: stands for a row in the condition.
    :param condition: holds for exactly those rows.
    :param fails: holds for the rows for which the question is an error, and possibly for others.
    :param objects: the objects that rows in the condition stand for, where a template was filled.
    :param is_lasting: whether questions about other objects may have the very same condition.
    """

    cls: type
    root: Root
    condition: RowCondition
    fails: RowCondition = FALSE
    objects: Mapping[KnownRow, t.Any] = field(default_factory=dict, repr=False)
    is_lasting: bool = field(default=False, repr=False, compare=False)

    def __str__(self) -> str:
        return show(self.condition)


SUCCESS = SearchOutcome(TRUE)
FAILURE = SearchOutcome(FALSE)


def test_outcome(holds: RowCondition, refused: RowCondition, *operands: RowValue) -> SearchOutcome:
    """Test a condition on operands, some values of which an operator refuses with an error."""
    rows = rows_of(*operands)
    fails = where_rows_exist(refused, rows)
    columns = [column for each in operands for column in columns_of(each)]
    if columns and all(column.field.is_declared for column in columns):
        return SearchOutcome(where_rows_exist(holds, rows), missing=fails)
    return SearchOutcome(where_rows_exist(holds, rows), fails)


def and_then(first: SearchOutcome, second: SearchOutcome) -> SearchOutcome:
    """Search for a solution of two goals. The first binds no variable of the second."""
    if first is SUCCESS:
        return second
    if first.is_safe and second.is_safe:
        return SearchOutcome(conjunction(first.holds, second.holds))
    goes_on = conjunction(first.holds, second.fails)
    looks_back: RowCondition = FALSE
    if first.fails_later != FALSE:
        looks_back = conjunction(first.holds, negation(second.holds), first.fails_later)
    return SearchOutcome(
        conjunction(first.holds, second.holds),
        disjunction(first.fails, goes_on, looks_back),
        disjunction(first.fails_later, conjunction(first.holds, second.fails_later)),
        disjunction(first.missing, conjunction(first.holds, second.missing)),
        disjunction(first.endless, conjunction(first.holds, second.endless)),
    )


def or_else(first: SearchOutcome, second: SearchOutcome) -> SearchOutcome:
    """Search one alternative, then another."""
    if first is FAILURE:
        return second
    second_holds = second.holds
    if first.fails != FALSE:
        second_holds = conjunction(negation(first.fails), second.holds)
    errors = disjunction(second.fails, second.fails_later)
    return SearchOutcome(
        disjunction(first.holds, second_holds),
        disjunction(first.fails, conjunction(negation(first.holds), second.fails)),
        disjunction(first.fails_later, conjunction(first.holds, errors), second.fails_later),
        disjunction(first.missing, second.missing),
        disjunction(first.endless, second.endless),
    )


def first_of(outcomes: Sequence[SearchOutcome]) -> SearchOutcome:
    """Search several alternatives, one after the other.

    The conditions are built from the last alternative to the first, so that each contains the
    negation of those before it once.
    """
    if all(each.fails == each.fails_later == FALSE for each in outcomes):
        return _any_of(outcomes)
    found = FAILURE
    for each in reversed(outcomes):
        found = or_else(each, found)
    return found


def in_any_order(outcomes: Sequence[SearchOutcome]) -> SearchOutcome:
    """Search alternatives whose order depends on the row, so that an error of any counts."""
    return _without_errors(_any_of(outcomes))


def no_solution(outcome: SearchOutcome) -> SearchOutcome:
    """Search for all solutions; the negation holds if there is none, and no error."""
    fails = disjunction(outcome.fails, outcome.fails_later, outcome.endless)
    unknown = disjunction(fails, outcome.missing)
    return SearchOutcome(
        conjunction(negation(outcome.holds), negation(unknown)), fails, FALSE, outcome.missing
    )


def for_some_row(row: ToMany, outcome: SearchOutcome) -> SearchOutcome:
    """Search for each row of a relation. Their order is unknown, so an error of any row counts."""
    found = outcome.map(lambda condition: where_rows_exist(exists(row, condition), [row.owner]))
    return _without_errors(found)


def for_row_or_nil(row: ToOne, found: SearchOutcome, without: SearchOutcome) -> SearchOutcome:
    """Search for the row of a relation, or for nil where there is no row: never for both."""
    is_missing = where_rows_exist(Not(Exists(row, TRUE)), [row.owner])
    there = found.map(lambda condition: where_rows_exist(condition, [row]))
    return _any_of([there, without.map(lambda condition: conjunction(is_missing, condition))])


def _any_of(outcomes: Sequence[SearchOutcome]) -> SearchOutcome:
    """Return the disjunctions of the conditions of several outcomes."""
    conditions = zip(*(each.conditions for each in (FAILURE, *outcomes)), strict=True)
    return SearchOutcome(*(disjunction(*each) for each in conditions))


def _without_errors(outcome: SearchOutcome) -> SearchOutcome:
    """Return the outcome where an error counts wherever it is."""
    return replace(outcome, holds=conjunction(outcome.holds, negation(outcome.fails)))
