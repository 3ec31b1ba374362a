"""Parts of a template of which all values of a kind make the same condition.

In goes a part with columns of objects; out comes its condition, made once, and the values that
stand in it: ``d.size + u.more <= 10`` is the same for each number of the user, with that number in
it. What values make otherwise, or others make, is found by ``made_of`` for each of them.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterator, Sequence

from ...characters import is_unicode
from ..algebra.ir import (
    Arithmetic,
    Column,
    Comparison,
    DecidedLater,
    HasResult,
    Literal,
    RowCondition,
    RowValue,
    columns_of,
    is_of_object,
)
from ..algebra.schema import ValueKind
from ..database_semantics import field_of, has_64_bits
from .given_values import GIVEN_LIST, NotFillable, Values, among, made_of, parameters
from .integers import bounds

#: The values that stand in a condition; ``None`` if others than these, or another one, is made.
_Find = Callable[[Values], list[t.Any] | None]
#: A float is equal to each integer up to this one.
_MOST = 2**53
#: Integers that are tried out: any, below zero, and the ends.
_TRIED = (7_654_321, -7_654_321, 0, _MOST - 10, 10 - _MOST)
_LISTS = {ValueKind.TEXT: ["a", "b"], ValueKind.INTEGER: [_TRIED[0], _TRIED[1]]}


class DirectPart:
    """A part of which all values of a kind make the same condition.

    INVARIANT: the condition is made of several values, and is the same for each of them.

    :param find: finds the values that stand in it.
    :param constants: what the policy says, and no object.
    :param tried: the values of which the condition is made.
    """

    def __init__(
        self, part: t.Any, find: _Find, constants: Collection[Literal], tried: Values
    ) -> None:
        self.find = find
        self._part, self._constants, self._tried = part, constants, tried
        # Two threads may make the same entry.
        self._conditions: dict[int, RowCondition] = {}

    def condition(self, first: int) -> RowCondition:
        """Return the condition.

        :param first: the number of values that stand in other parts.
        """
        known = self._conditions.get(first)
        if known is None:
            made, _ = parameters(made_of(self._part, self._tried), self._constants, first)
            known = self._conditions[first] = made
        return known


def direct_part(part: t.Any, constants: Collection[Literal]) -> DirectPart | None:
    """Return a part with the values that stand in it; ``None`` if they make several conditions.

    :param constants: what the policy says, and no object.
    """
    columns = [*dict.fromkeys(filter(is_of_object, columns_of(part)))]
    trials: list[Values]
    if isinstance(part, DecidedLater):
        kind = field_of(part.operand).kind if isinstance(part.operand, Column) else None
        if part.make is not among or kind not in _LISTS or part.value.field is not GIVEN_LIST:
            return None
        trials = [{part.value: _LISTS[kind]}]
        find = _among(part.value, kind)
    else:
        # What a method gives is of the kind of the column beside it, as far as that is known.
        if not {each.field.kind for each in columns} <= {ValueKind.INTEGER, ValueKind.FLOAT}:
            return None
        trials = [{c: start + n for n, c in enumerate(columns)} for start in _TRIED]
        found = _find(part)
        if found is None:
            return None
        find = found
    return _tried(part, find, constants, trials)


def _tried(
    part: t.Any, find: _Find, constants: Collection[Literal], trials: Sequence[Values]
) -> DirectPart | None:
    """Return a part if all of some values make one condition, with the values that are found."""
    known = None
    for trial in trials:
        if not {Literal(each) for each in trial.values() if type(each) is int}.isdisjoint(
            constants
        ):
            return None
        try:
            condition, values = parameters(made_of(part, trial), constants, 0)
        except NotFillable:
            return None
        if values != find(trial) or (known is not None and condition != known):
            return None
        known = condition
    return DirectPart(part, find, constants, trials[0])


def _typed(value: t.Any) -> t.Any:
    return type(value), value


def _find(part: t.Any) -> _Find | None:
    if isinstance(part, Comparison):
        return _compared(part)
    if isinstance(part, HasResult):
        return _in_range(t.cast(Arithmetic, part.calculated))
    return None


def _compared(part: Comparison) -> _Find | None:
    """Return what finds the integers in a comparison, in their order."""
    sides = (part.left, part.right)
    kinds = {field_of(side).kind for side in sides if not isinstance(side, Literal)}
    if not kinds <= {ValueKind.INTEGER, ValueKind.FLOAT}:
        return None
    is_float = ValueKind.FLOAT in kinds
    order = [each for side in sides for each in _in_order(side)]

    def find(values: Values) -> list[t.Any] | None:
        found = [values[each] for each in order]
        if not all(type(each) is int and -_MOST <= each <= _MOST for each in found):
            return None
        return [float(each) for each in found] if is_float else found

    return find


def _in_order(side: RowValue) -> Iterator[Column]:
    if isinstance(side, Arithmetic):
        yield from _in_order(side.left)
        yield from _in_order(side.right)
    elif isinstance(side, Column) and is_of_object(side):
        yield side


def _in_range(calculated: Arithmetic) -> _Find | None:
    """Return what finds the least and the greatest operand beside an integer."""
    sign, left, right = calculated.sign, calculated.left, calculated.right
    known, other = (left, right) if is_of_object(left) else (right, left)
    is_one = isinstance(known, Column) and is_of_object(known)
    if not is_one or any(map(is_of_object, columns_of(other))) or isinstance(other, Literal):
        return None
    if sign not in ("+", "-", "*"):
        return None

    def find(values: Values) -> list[t.Any] | None:
        value = values[t.cast(Column, known)]
        if type(value) is not int or not -_MOST <= value <= _MOST:
            return None
        return [*bounds(sign, Literal(value), other is right)]

    return find


def _among(column: Column, kind: ValueKind) -> _Find:
    """Return what finds the different values of a list, if there are several."""
    wanted = str if kind is ValueKind.TEXT else int

    def find(values: Values) -> list[t.Any] | None:
        # Not only of those that differ: `True` is the same key as 1.
        types = {*map(type, values[column])}
        if types != {wanted}:
            return None
        found = [*dict.fromkeys(values[column])]
        if wanted is str:
            is_plain = all(is_unicode(each) and "\0" not in each for each in found)
        else:
            is_plain = has_64_bits(min(found), max(found))
        return [found] if is_plain and len(found) > 1 else None

    return find
