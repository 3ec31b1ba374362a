"""What a search for solutions comes to, row by row: yes, no, or an error.

A search takes alternatives in order and ends at the first success, or at an error, which is
no answer and never an allow. An ``SearchOutcome`` says of which rows what is true; ``and_then``,
``or_else``, ``no_solution`` and ``for_some_row`` put searches together as the solver runs them.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .ir import FALSE, TRUE, KnownRow, Operand, Root, RowCondition, ToMany, columns_of, rows_of
from .show import show
from .simplify import conjunction, disjunction, exists, negation, where_rows_exist


@dataclass(frozen=True)
class SearchOutcome:
    """The conditions under which a search ends in one way or the other.

    INVARIANT: ``holds`` is never true of a row for which the search raises; ``fails``,
    ``later``, ``lacks`` and ``endless`` may be true of too many rows, never of too few.

    :param holds: there is a success, and no error before it.
    :param fails: there is an error before any success.
    :param later: there may be an error if the search goes on behind its first success.
    :param lacks: a row that the database owes, by a foreign key, is missing. Only a negation
        looks at it: there, what is missing would make a no a yes.
    :param endless: the search would go round in a circle of rows, which is an error. Only a
        negation looks at it, too.
    """

    holds: RowCondition
    fails: RowCondition = FALSE
    later: RowCondition = FALSE
    lacks: RowCondition = FALSE
    endless: RowCondition = FALSE


@dataclass(frozen=True)
class Residual:
    """The rows of a class for which the answer to a question is yes.

    :param cls: the class.
    :param root: stands for a row in the condition.
    :param condition: holds for exactly those rows.
    :param fails: holds for the rows for which the question is an error, and possibly for others.
    :param objects: the objects that rows in the condition stand for, where a template was filled.
    """

    cls: type
    root: Root
    condition: RowCondition
    fails: RowCondition = FALSE
    objects: Mapping[KnownRow, t.Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return show(self.condition)


SUCCESS = SearchOutcome(TRUE)
FAILURE = SearchOutcome(FALSE)


def test_outcome(holds: RowCondition, refused: RowCondition, *operands: Operand) -> SearchOutcome:
    """Test a condition on operands, some values of which an operator refuses with an error."""
    rows = rows_of(*operands)
    fails = where_rows_exist(refused, rows)
    columns = [column for each in operands for column in columns_of(each)]
    if columns and all(column.field.is_declared for column in columns):
        return SearchOutcome(where_rows_exist(holds, rows), lacks=fails)
    return SearchOutcome(where_rows_exist(holds, rows), fails)


def and_then(first: SearchOutcome, second: SearchOutcome) -> SearchOutcome:
    """Search for a solution of two goals, where the first binds nothing for the second."""
    if first is SUCCESS:
        return second
    goes_on = conjunction(first.holds, second.fails)
    looks_back: RowCondition = FALSE
    if first.later != FALSE:
        looks_back = conjunction(first.holds, negation(second.holds), first.later)
    return SearchOutcome(
        conjunction(first.holds, second.holds),
        disjunction(first.fails, goes_on, looks_back),
        disjunction(first.later, conjunction(first.holds, second.later)),
        disjunction(first.lacks, conjunction(first.holds, second.lacks)),
        disjunction(first.endless, conjunction(first.holds, second.endless)),
    )


def or_else(first: SearchOutcome, second: SearchOutcome) -> SearchOutcome:
    """Search one alternative, then the other."""
    if first is FAILURE:
        return second
    second_holds = second.holds
    if first.fails != FALSE:
        second_holds = conjunction(negation(first.fails), second.holds)
    errors = disjunction(second.fails, second.later)
    return SearchOutcome(
        disjunction(first.holds, second_holds),
        disjunction(first.fails, conjunction(negation(first.holds), second.fails)),
        disjunction(first.later, conjunction(first.holds, errors), second.later),
        disjunction(first.lacks, second.lacks),
        disjunction(first.endless, second.endless),
    )


def first_of(outcomes: Sequence[SearchOutcome]) -> SearchOutcome:
    """Search several alternatives, one after the other.

    From the last to the first: each says once what has to be of those before it.
    """
    if all(each.fails == each.later == FALSE for each in outcomes):
        return SearchOutcome(
            disjunction(*(each.holds for each in outcomes)),
            lacks=disjunction(*(each.lacks for each in outcomes)),
            endless=disjunction(*(each.endless for each in outcomes)),
        )
    found = FAILURE
    for each in reversed(outcomes):
        found = or_else(each, found)
    return found


def in_any_order(outcomes: Sequence[SearchOutcome]) -> SearchOutcome:
    """Search alternatives whose order depends on the row: an error of any counts."""
    fails = disjunction(*(each.fails for each in outcomes))
    holds = disjunction(*(each.holds for each in outcomes))
    return SearchOutcome(
        conjunction(holds, negation(fails)),
        fails,
        disjunction(*(each.later for each in outcomes)),
        disjunction(*(each.lacks for each in outcomes)),
        disjunction(*(each.endless for each in outcomes)),
    )


def no_solution(outcome: SearchOutcome) -> SearchOutcome:
    """Search everything; it holds if there is no solution, and no error anywhere."""
    fails = disjunction(outcome.fails, outcome.later, outcome.endless)
    unknown = disjunction(fails, outcome.lacks)
    return SearchOutcome(
        conjunction(negation(outcome.holds), negation(unknown)), fails, FALSE, outcome.lacks
    )


def for_some_row(row: ToMany, outcome: SearchOutcome) -> SearchOutcome:
    """Search for each row of a relation, whose order nobody knows: an error of any counts."""

    def any_row(condition: RowCondition) -> RowCondition:
        return where_rows_exist(exists(row, condition), [row.owner])

    fails = any_row(outcome.fails)
    return SearchOutcome(
        conjunction(any_row(outcome.holds), negation(fails)),
        fails,
        any_row(outcome.later),
        any_row(outcome.lacks),
        any_row(outcome.endless),
    )
