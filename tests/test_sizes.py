"""How much large tests look at is said by ``OSO_TEST_CASES``."""

from __future__ import annotations

import ast
import itertools
import math
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.children import run_python

SCRIPT = "from tests.support.sizes import part_of; print(part_of(8), part_of(580), part_of(1))"
COMBINING = "from tests.support.sizes import combinations_of; print(combinations_of(*[{}]))"
KEPT = """
import itertools
from tests.support.sizes import kept_of
cases = [dict(enumerate(each)) for each in itertools.product(*[{}])]
print([tuple(case.values()) for case, kept in zip(cases, kept_of(cases)) if kept])
"""
#: Collects tests, and says how many there are of a product, and how many are left.
COLLECTING = """
import sys, pytest

class Count:
    def __init__(self):
        self.found = []
    def pytest_itemcollected(self, item):
        self.found += ["ignores_what_is_no_number" in item.name]
    def pytest_collection_finish(self, session):
        self.left = sum("ignores_what_is_no_number" in item.name for item in session.items)

count = Count()
pytest.main([*sys.argv[1:], "--collect-only", "-qq", "-p", "no:cacheprovider"], plugins=[count])
print("share:", count.left / sum(count.found))
"""
LIMITS = "tests/polar/test_limits.py"


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


@pytest.mark.parametrize("shape", [(range(7), range(30)), (range(13), "abc"), ("abc", range(5))])
def test_each_value_stands_in_a_part_of_two_parameters(shape: tuple[Any, Any]) -> None:
    """Of more than a dozen cases, a part has each value of the longer choice once."""
    printed = run_python(KEPT.format(", ".join(map(repr, map(list, shape)))), OSO_TEST_CASES="part")

    part: list[tuple[Any, Any]] = ast.literal_eval(printed)
    assert len(part) == max(map(len, shape))
    assert [set(values) for values in zip(*part, strict=True)] == [*map(set, shape)]


@pytest.mark.parametrize(
    ("word", "shape"), [("full", "range(7), range(8)"), ("part", "'ab', 'abc'")]
)
def test_all_cases_are_kept_of_few_and_of_all(word: str, shape: str) -> None:
    """Nothing is left out of a dozen cases, nor where all are looked at."""
    printed = run_python(KEPT.format(shape), OSO_TEST_CASES=word)

    whole = {"full": itertools.product(range(7), range(8)), "part": itertools.product("ab", "abc")}
    assert ast.literal_eval(printed) == [*whole[word]]


@pytest.mark.parametrize(
    ("word", "arguments", "share"),
    [
        ("part", [LIMITS], 1 / 4),
        ("full", [LIMITS], 1),
        ("part", [f"{LIMITS}::test_limit_ignores_what_is_no_number"], 1),
        ("part", [LIMITS, "-k", "no_number"], 1),
    ],
)
def test_cases_of_large_products_are_left_out(
    word: str, arguments: list[str], share: float
) -> None:
    """A part has fewer cases of a test; whoever names it gets all."""
    printed = run_python(COLLECTING, *arguments, OSO_TEST_CASES=word)

    assert printed.splitlines()[-1] == f"share: {float(share)}"


def test_misspelt_size_is_refused() -> None:
    """Nobody believes that all was tried when a part was."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_python(SCRIPT, OSO_TEST_CASES="all")

    assert "'OSO_TEST_CASES' is 'part' or 'full', not 'all'." in caught.value.stderr
