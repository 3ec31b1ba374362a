"""How much large tests look at is said by ``OSO_TEST_CASES``."""

from __future__ import annotations

import ast
import itertools
import math
import subprocess
from collections.abc import Iterable

import pytest

from tests.support.children import run_python

SCRIPT = "from tests.support.sizes import part_of; print(part_of(8), part_of(580), part_of(1))"
COMBINING = "from tests.support.sizes import combinations_of; print(combinations_of(*[{}]))"


@pytest.mark.parametrize(("word", "sizes"), [("part", "1 72 1"), ("full", "8 580 1")])
def test_size_is_a_part_or_all(word: str, sizes: str) -> None:
    """An eighth is tried, and at least one case."""
    assert run_python(SCRIPT, OSO_TEST_CASES=word).strip() == sizes


@pytest.mark.parametrize("shape", [("ab", "abc", "abcd"), ("abcd", "abc", "abc", "ab")])
def test_any_two_values_stand_together_in_a_part(shape: tuple[str, ...]) -> None:
    """A part of all combinations has any two values of two choices in one of them."""
    printed = run_python(COMBINING.format(f"*{shape!r}"), OSO_TEST_CASES="part")

    part: list[tuple[str, ...]] = ast.literal_eval(printed)
    assert len(part) < math.prod(map(len, shape))
    assert pairs_in(part) == pairs_in(itertools.product(*shape))


def pairs_in(combined: Iterable[tuple[str, ...]]) -> set[object]:
    """Give any two values that stand together, each with the number of its choice."""
    return {pair for each in combined for pair in itertools.combinations(enumerate(each), 2)}


def test_all_combinations_are_made() -> None:
    """Where all cases are looked at, none is left out."""
    printed = run_python(COMBINING.format('*["ab", "abc", "abcd"]'), OSO_TEST_CASES="full")

    assert ast.literal_eval(printed) == [*itertools.product("ab", "abc", "abcd")]


def test_misspelt_size_is_refused() -> None:
    """Nobody believes that all was tried when a part was."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_python(SCRIPT, OSO_TEST_CASES="all")

    assert "'OSO_TEST_CASES' is 'part' or 'full', not 'all'." in caught.value.stderr
