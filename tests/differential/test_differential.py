"""Both engines give the same for thousands of random programs, but for what is listed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.sizes import IS_FULL, part_of

from .campaign import Report, make_runner, run
from .comparison import compare
from .known import KNOWN, Known, classify
from .oracle import Oracle, interpreter, missing
from .programs import FAMILIES

#: The same programs every time; ``make fuzz`` goes on from fresh seeds.
SEED = 20_270_301
PROGRAMS_PER_FAMILY = part_of(580)

pytestmark = [
    pytest.mark.random,
    pytest.mark.skipif(interpreter() is None, reason=missing()),
]


@pytest.fixture(scope="module")
def report() -> Report:
    """Run the programs once for all tests of this file."""
    return run(str(interpreter()), seed=SEED, programs_per_family=PROGRAMS_PER_FAMILY)


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    """Give the other engine."""
    with Oracle(str(interpreter())) as started:
        yield started


def test_no_program_differs(report: Report) -> None:
    """Each difference is explained by a row of the table of known ones."""
    assert report.found == []


def test_as_many_programs_ran_as_promised(report: Report) -> None:
    """A run with fewer programs than stated, 5,000 in all, proves nothing."""
    assert report.programs >= part_of(5_000)
    assert report.crashes + report.timeouts <= report.programs // 100


@pytest.mark.parametrize("family", FAMILIES)
def test_family_has_its_share(report: Report, family: str) -> None:
    """No subject is left to chance."""
    assert report.families[family].programs >= 0.05 * report.programs


@pytest.mark.parametrize("family", FAMILIES)
def test_queries_of_a_family_succeed_and_fail(report: Report, family: str) -> None:
    """Programs that never succeed, or always, would show little; few have their share by chance."""
    tally = report.families[family]

    least = 0.2 if IS_FULL else 0.1
    assert least <= tally.succeeded / tally.queries <= 1 - least


@pytest.mark.parametrize(
    "known", [known for known in KNOWN if known.example], ids=lambda known: known.name
)
def test_known_difference_is_one(oracle: Oracle, known: Known) -> None:
    """The example of each row differs, and for the reason of that row."""
    policy, query = known.example or ("", "")
    queries = [{"text": query, "partial": True}] if query else []
    program = {"policy": policy, "queries": queries}

    oracle.send(program)
    found = list(compare(program, make_runner().run(program), oracle.receive()))

    assert [classify(difference) for difference in found] == [known.name]


def test_oracle_outlives_a_crash(oracle: Oracle) -> None:
    """A program that kills oso costs that program and nothing else."""
    crashes = oracle.crashes
    oracle.send({"policy": f"f() if {'not (' * 20_000}true{')' * 20_000};", "queries": []})

    assert oracle.receive() is None
    assert oracle.crashes == crashes + 1
    oracle.send({"policy": "f(1);", "queries": [{"text": "f(x)", "partial": False}]})
    assert oracle.receive()["queries"][0]["results"] == [{"x": 1}]
