"""How much large tests look at is said by ``OSO_TEST_CASES``."""

from __future__ import annotations

import ast
import itertools
import json
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
#: Collects tests, and prints which share of those with a word in their name is left.
COLLECTING = """
import json, sys, pytest

class Count:
    def __init__(self, word):
        self.word, self.found, self.left = word, 0, 0
    def pytest_itemcollected(self, item):
        self.found += self.word in item.name
    def pytest_collection_finish(self, session):
        self.left = sum(self.word in item.name for item in session.items)

shares = []
for word, *arguments in json.loads(sys.argv[1]):
    count = Count(word)
    pytest.main([*arguments, "--collect-only", "-qq", "-p", "no:cacheprovider"], plugins=[count])
    shares.append(count.left / count.found)
print(shares)
"""
LIMITS, MEMORY = "tests/polar/test_limits.py", "tests/polar/test_memory.py"
#: The files of one folder, none of which is named.
POLAR = ["tests/polar", "--ignore-glob=tests/polar/*/*"]


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


#: A word, what is collected, and the share of it that a part has.
COLLECTED = [
    ("no_number", POLAR, 1 / 4),
    ("policy_is_small", POLAR, 1 / 3),
    ("functions_of_a_policy", POLAR, 0),
    ("nearest_miss", ["tests/denials", "-m", "browser"], 0),
    ("no_number", [LIMITS], 1),
    ("no_number", [f"{LIMITS}::test_limit_ignores_what_is_no_number"], 1),
    ("no_number", [LIMITS, "-k", "no_number"], 1),
    ("of_a_policy", [f"{MEMORY}::test_functions_of_a_policy_are_small"], 1),
]


@pytest.mark.parametrize(
    ("word", "shares"),
    [("part", [share for *_, share in COLLECTED]), ("full", [1] * len(COLLECTED))],
)
def test_tests_are_left_out(word: str, shares: list[float]) -> None:
    """A part has fewer cases, and not what takes long; whoever names a test gets all of it."""
    collected = json.dumps([[name, *arguments] for name, arguments, _ in COLLECTED])
    printed = run_python(COLLECTING, collected, OSO_TEST_CASES=word)

    assert json.loads(printed.splitlines()[-1]) == shares


def test_misspelt_size_is_refused() -> None:
    """Nobody believes that all was tried when a part was."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_python(SCRIPT, OSO_TEST_CASES="all")

    assert "'OSO_TEST_CASES' is 'part' or 'full', not 'all'." in caught.value.stderr
