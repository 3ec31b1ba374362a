"""How much large tests look at: a part, or all of it with ``OSO_TEST_CASES=full``."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import pytest

#: What ``OSO_TEST_CASES`` may say; a word that is misspelt must not look at less than is meant.
WORDS = ("part", "full")
_word = os.environ.get("OSO_TEST_CASES", "part")
if _word not in WORDS:
    raise ValueError(f"'OSO_TEST_CASES' is {' or '.join(map(repr, WORDS))}, not {_word!r}.")
#: Whether all cases are looked at, as before a change lands.
IS_FULL = _word == "full"
Each = TypeVar("Each")
#: A test function with no more cases than this has all of them in a part, too, unless it is slow.
FEW = 12


def part_of(number: int, share: int = 16) -> int:
    """Give how many cases are looked at of so many: all of them, or a sixteenth.

    :param share: what to divide by instead, where a case takes long, or is one of few.
    """
    return number if IS_FULL else max(1, number // share)


def each_of(cases: Iterable[Each], share: int) -> list[Each]:
    """Give what one test looks at: all of it, or each so many-th.

    :param share: a number that divides none of the lengths of what is combined: so a part has each
        value of each.
    """
    return [*itertools.islice(cases, 0, None, 1 if IS_FULL else share)]


def combinations_of(*choices: Collection[Any]) -> list[tuple[Any, ...]]:
    """Give all combinations of choices; of three or more, a part has any two values together.

    Of two choices, a part has each value.
    """
    cases = [*itertools.product(*choices)]
    numbered = [*itertools.product(*(range(len(each)) for each in choices))]
    return cases if IS_FULL else [*itertools.compress(cases, _spread(numbered))]


def left_out_of(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Give the tests that a part leaves out.

    - Those marked ``full``, and those that need a browser.
    - Of one marked ``each(share, begin)`` the cases but each so many-th, from one on. Tests that do
      different things to the same cases begin at different ones.
    - Of what is parametrized more than once, and has more than a dozen cases or is slow, all but
      those of ``combinations_of``: of two parameters a part has each value of either.
    """
    functions: dict[str, list[pytest.Item]] = {}
    for item in items:
        functions.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return [
        item
        for cases in functions.values()
        for item, is_kept in zip(cases, _kept(cases), strict=True)
        if not is_kept
    ]


def _kept(cases: Sequence[pytest.Item]) -> Iterable[bool]:
    marks = {mark.name: mark for mark in reversed([*cases[0].iter_markers()])}
    if IS_FULL:
        return [True] * len(cases)
    if "full" in marks or "browser" in marks:
        return [False] * len(cases)
    if "each" in marks:
        share, begin = (*marks["each"].args, 0)[:2]
        return [number % share == begin for number in range(len(cases))]
    return kept_of([*map(_choices_of, cases)], few=1 if "slow" in marks else FEW)


def kept_of(cases: Sequence[Mapping[Hashable, Hashable]], few: int = FEW) -> list[bool]:
    """Tell which cases of a function a part has, each given as its value of each parameter.

    :param few: how many cases are never too many.
    """
    if IS_FULL or len(cases) <= few:
        return [True] * len(cases)
    numbers: dict[Hashable, dict[Hashable, int]] = {name: {} for name in cases[0]}
    numbered = [
        [numbers[name].setdefault(value, len(numbers[name])) for name, value in case.items()]
        for case in cases
    ]
    lengths = [len(values) for values in numbers.values()]
    # What is no product, since a value stands twice in it, is not understood here.
    if sum(length > 1 for length in lengths) < 2 or math.prod(lengths) != len(cases):
        return [True] * len(cases)
    several = [length > 1 for length in lengths]
    return _spread([[*itertools.compress(each, several)] for each in numbered])


def _spread(cases: Sequence[Sequence[int]]) -> list[bool]:
    """Tell which cases of a product to keep, each given as the number of its value in each choice.

    Of two choices each value is in one of them. Of more, any two values stand together in one,
    and there are hardly more than the two longest choices have combinations: what goes with each
    of those follows from it, and a case that does not follow is kept for what no other has.
    """
    lengths = [max(numbers) + 1 for numbers in zip(*cases, strict=True)]
    if len(lengths) < 3:
        return [sum(case) % min(lengths) == 0 for case in cases]
    longest, second, *others = sorted(range(len(lengths)), key=lambda at: -lengths[at])

    def strays(number: int) -> int:
        first, next_ = cases[number][longest], cases[number][second]
        return sum(
            (first + times * next_ + next_ // lengths[at]) % lengths[at] != cases[number][at]
            for times, at in enumerate(others, 1)
        )

    kept, together = [False] * len(cases), set[object]()
    for number in sorted(range(len(cases)), key=strays):
        pairs = {*itertools.combinations(enumerate(cases[number]), 2)}
        kept[number] = not pairs <= together
        together |= pairs
    return kept


def _choices_of(item: pytest.Item) -> dict[Hashable, Hashable]:
    """Give which values a case has, by identity; what one mark gives together is one parameter."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return {}
    params: dict[str, object] = item.callspec.params
    choices: dict[Hashable, Hashable] = {}
    left = dict.fromkeys(params)
    for mark in item.iter_markers("parametrize"):
        given = mark.args[0] if mark.args else mark.kwargs["argnames"]
        names = tuple(given.replace(",", " ").split()) if isinstance(given, str) else tuple(given)
        choices[names] = tuple(id(params[name]) for name in names)
        for name in names:
            left.pop(name, None)
    return {**choices, **{name: id(params[name]) for name in left}}
