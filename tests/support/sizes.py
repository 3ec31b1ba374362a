"""How much large tests look at: a part, or all of it with ``OSO_TEST_CASES=full``."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

import pytest

#: What ``OSO_TEST_CASES`` may say; a word that is misspelt must not look at less than is meant.
WORDS = ("part", "full")
_word = os.environ.get("OSO_TEST_CASES", "part")
if _word not in WORDS:
    raise ValueError(f"'OSO_TEST_CASES' is {' or '.join(map(repr, WORDS))}, not {_word!r}.")
#: Whether all cases are looked at, as before a change lands.
IS_FULL = _word == "full"
#: A test function with no more cases than this has all of them in a part, too, unless it is slow.
FEW = 12


def part_of(number: int, share: int = 8) -> int:
    """Give how many cases are looked at of so many: all of them, or an eighth.

    :param share: what to divide by instead, where a case takes long.
    """
    return number if IS_FULL else max(1, number // share)


def combinations_of(*choices: Collection[Any]) -> list[tuple[Any, ...]]:
    """Give all combinations of choices; of three or more, a part has any two values together.

    The part has one value of the shortest choice for each combination of the others.
    """
    every = 1 if IS_FULL else min(map(len, choices))
    numbered = itertools.product(*map(enumerate, choices))
    return [
        tuple(value for _, value in each)
        for each in numbered
        if sum(number for number, _ in each) % every == 0
    ]


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
    sums = [
        sum(numbers[name].setdefault(value, len(numbers[name])) for name, value in case.items())
        for case in cases
    ]
    lengths = [len(values) for values in numbers.values() if len(values) > 1]
    # What is no product, since a value stands twice in it, is not understood here.
    if len(lengths) < 2 or math.prod(lengths) != len(cases):
        return [True] * len(cases)
    return [each % min(lengths) == 0 for each in sums]


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
