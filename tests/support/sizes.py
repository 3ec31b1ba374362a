"""How much large tests look at: a part, or all of it with ``OSO_TEST_CASES=full``."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection
from typing import Any

#: What ``OSO_TEST_CASES`` may say; a word that is misspelt must not look at less than is meant.
WORDS = ("part", "full")
_word = os.environ.get("OSO_TEST_CASES", "part")
if _word not in WORDS:
    raise ValueError(f"'OSO_TEST_CASES' is {' or '.join(map(repr, WORDS))}, not {_word!r}.")
#: Whether all cases are looked at, as before a change lands.
IS_FULL = _word == "full"


def part_of(number: int, share: int = 8) -> int:
    """Give how many cases are looked at of so many: all of them, or an eighth.

    :param share: what to divide by instead, where a case takes long.
    """
    return number if IS_FULL else max(1, number // share)


def combinations_of(*choices: Collection[Any]) -> list[tuple[Any, ...]]:
    """Give all combinations of three choices or more; a part has any two values together.

    Of three choices, the part has one value of the shortest for each pair of the other two.
    """
    every = 1 if IS_FULL else min(map(len, choices))
    numbered = itertools.product(*map(enumerate, choices))
    return [
        tuple(value for _, value in each)
        for each in numbered
        if sum(number for number, _ in each) % every == 0
    ]
