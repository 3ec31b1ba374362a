"""How much large tests look at is said by ``OSO_TEST_CASES``."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest

from tests.support import sizes
from tests.support.children import run_python

SCRIPT = "from tests.support.sizes import part_of; print(part_of(16), part_of(580), part_of(1))"
#: Collects tests, and prints which share of those with each word in their name is left.
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
for words, *arguments in json.loads(sys.argv[1]):
    counts = [Count(word) for word in words]
    pytest.main([*arguments, "--collect-only", "-qq", "-p", "no:cacheprovider"], plugins=counts)
    shares.append([count.left / count.found for count in counts])
print(shares)
"""
LIMITS, MEMORY = "tests/polar/test_limits.py", "tests/polar/test_memory.py"
#: The files of one folder, none of which is named.
POLAR = ["tests/polar", "--ignore-glob=tests/polar/*/*"]


@pytest.mark.parametrize(("word", "printed"), [("part", "1 36 1"), ("full", "16 580 1")])
def test_size_is_a_part_or_all(word: str, printed: str) -> None:
    """A sixteenth is tried, and at least one case."""
    assert run_python(SCRIPT, OSO_TEST_CASES=word).strip() == printed


@pytest.fixture
def is_full(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Look at a part, or at all where a test says so, whatever ``OSO_TEST_CASES`` says."""
    given: bool = getattr(request, "param", False)
    monkeypatch.setattr(sizes, "IS_FULL", given)
    return given


def kept(*choices: Iterable[object]) -> list[tuple[object, ...]]:
    """Give the combinations that are kept of the cases of a test with these parameters."""
    combined = [*itertools.product(*choices)]
    are_kept = sizes.kept_of([dict(enumerate(each)) for each in combined])
    return [*itertools.compress(combined, are_kept)]


@pytest.mark.usefixtures("is_full")
@pytest.mark.parametrize("shape", [("ab", "abc", "abcd"), ("abcd", "abc", "abc", "ab")])
def test_any_two_values_stand_together_in_a_part(shape: tuple[str, ...]) -> None:
    """A part has any two values in a combination, and no more of them than the two longest have."""
    part = sizes.combinations_of(*shape)

    assert len(part) == math.prod(sorted(map(len, shape))[-2:])
    assert pairs_in(part) == pairs_in(itertools.product(*shape))


def pairs_in(combined: Iterable[tuple[object, ...]]) -> set[object]:
    """Give any two values that stand together, each with the number of its choice."""
    return {pair for each in combined for pair in itertools.combinations(enumerate(each), 2)}


@pytest.mark.usefixtures("is_full")
@pytest.mark.parametrize(
    ("is_full", "expected"), [(False, "adg"), (True, "abcdefg")], indirect=["is_full"]
)
def test_one_test_looks_at_each_so_many_th_of_its_cases(expected: str) -> None:
    """A part has the first, and from there each third; the full size has all."""
    assert "".join(sizes.each_of("abcdefg", 3)) == expected


@pytest.mark.usefixtures("is_full")
@pytest.mark.parametrize("is_full", [True], indirect=True)
def test_all_combinations_are_made() -> None:
    """Where all cases are looked at, none is left out."""
    assert sizes.combinations_of("ab", "abc", "abcd") == [*itertools.product("ab", "abc", "abcd")]


@pytest.mark.usefixtures("is_full")
@pytest.mark.parametrize("shape", [(range(7), range(30)), (range(13), "abc"), ("abc", range(5))])
def test_each_value_stands_in_a_part_of_two_parameters(shape: tuple[Any, Any]) -> None:
    """Of more than a dozen cases, a part has each value of the longer choice once."""
    part = kept(*shape)

    assert len(part) == max(map(len, shape))
    assert [set(values) for values in zip(*part, strict=True)] == [*map(set, shape)]


@pytest.mark.usefixtures("is_full")
@pytest.mark.parametrize(
    ("is_full", "shape"),
    [(True, (range(7), range(8))), (False, ("ab", "abc"))],
    indirect=["is_full"],
)
def test_all_cases_are_kept_of_few_and_of_all(shape: tuple[Any, Any]) -> None:
    """Nothing is left out of a dozen cases, nor where all are looked at."""
    assert kept(*shape) == [*itertools.product(*shape)]


#: What is collected, and of words the share that a part has.
COLLECTED: list[tuple[list[str], dict[str, float]]] = [
    (POLAR, {"no_number": 1 / 4, "policy_is_small": 1 / 3, "functions_of_a_policy": 0}),
    (["tests/denials", "-m", "browser"], {"nearest_miss": 0}),
    ([LIMITS], {"no_number": 1}),
    ([f"{LIMITS}::test_limit_ignores_what_is_no_number"], {"no_number": 1}),
    ([LIMITS, "-k", "no_number"], {"no_number": 1}),
    ([f"{MEMORY}::test_functions_of_a_policy_are_small"], {"of_a_policy": 1}),
]


@pytest.mark.each(2)
@pytest.mark.parametrize(
    ("word", "shares"),
    [
        ("part", [[*shares.values()] for _, shares in COLLECTED]),
        ("full", [[1] * len(shares) for _, shares in COLLECTED]),
    ],
)
def test_tests_are_left_out(word: str, shares: list[list[float]]) -> None:
    """A part has fewer cases, and not what takes long; whoever names a test gets all of it."""
    collected = json.dumps([[[*words], *arguments] for arguments, words in COLLECTED])
    printed = run_python(COLLECTING, collected, OSO_TEST_CASES=word)

    assert json.loads(printed.splitlines()[-1]) == shares


def test_misspelt_size_is_refused() -> None:
    """Nobody believes that all was tried when a part was."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_python(SCRIPT, OSO_TEST_CASES="all")

    assert "'OSO_TEST_CASES' is 'part' or 'full', not 'all'." in caught.value.stderr
