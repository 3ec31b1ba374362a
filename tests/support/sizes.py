"""How much the random tests look at: a part, or all of it with ``OSO_TEST_CASES=full``."""

from __future__ import annotations

import os

#: What ``OSO_TEST_CASES`` may say; a word that is misspelt must not look at less than is meant.
WORDS = ("part", "full")
_word = os.environ.get("OSO_TEST_CASES", "part")
if _word not in WORDS:
    raise ValueError(f"'OSO_TEST_CASES' is {' or '.join(map(repr, WORDS))}, not {_word!r}.")
#: Whether all cases are looked at, as before a change lands.
IS_FULL = _word == "full"


def part_of(number: int) -> int:
    """Give how many cases are looked at of so many: all of them, or an eighth."""
    return number if IS_FULL else max(1, number // 8)
