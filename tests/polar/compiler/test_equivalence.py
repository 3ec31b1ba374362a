"""Compiled rules and the solver give the same for thousands of random policies."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.targets.compiled import check
from tests.support.sizes import part_of

pytestmark = pytest.mark.random
#: How many policies each part has; one part is held in memory at a time.
#: ``FLASK_OSO_PROGRAMS=2000`` looks longer; ``make fuzz`` goes on from there.
PROGRAMS = int(os.environ.get("FLASK_OSO_PROGRAMS", part_of(640, 8)))
PARTS = range(part_of(8))


@dataclasses.dataclass
class Tally:
    """What the policies of one part did."""

    programs: int = 0
    compiled: int = 0
    answers: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    differences: list[str] = dataclasses.field(default_factory=list)


@pytest.fixture(scope="module", params=PARTS)
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Ask about the policies of one part, once for all tests of it."""
    with pytest.MonkeyPatch.context() as patch:
        # Compile, whatever the environment says.
        patch.delenv("OSO_COMPILED", raising=False)
        yield ask_about_all(request.param)


def ask_about_all(part: int) -> Tally:
    """Make policies and ask each twenty questions, of compiled rules and of the solver."""
    tally = Tally()

    @seed(20_270_401 + part)
    @settings(
        max_examples=PROGRAMS,
        suppress_health_check=list(HealthCheck),
        # What differs is shown as it is; ``make fuzz`` makes it small.
        phases=[Phase.generate],
    )
    @given(data=st.binary(min_size=300, max_size=300))
    def ask(data: bytes) -> None:
        report = check(data)
        if report is None:
            return
        tally.programs += 1
        tally.compiled += report.compiled
        tally.answers.update(report.answers)
        tally.differences.extend(report.differences)

    ask()
    return tally


def test_questions_are_answered_alike(tally: Tally) -> None:
    """Answers, errors with their text and place, and calls of the host, in order."""
    assert "\n".join(tally.differences[:3]) == ""


def test_as_many_programs_were_asked_as_promised(tally: Tally) -> None:
    """In all parts 5,000 that load, and 100,000 questions: fewer would prove less than is said."""
    assert tally.programs * 8 >= part_of(5_000, 8)
    assert tally.answers.total() * 8 >= part_of(100_000, 8)


@pytest.mark.parametrize(("answer", "share"), [("True", 0.08), ("False", 0.2), ("error", 0.1)])
def test_every_answer_has_its_share(tally: Tally, answer: str, share: float) -> None:
    """Policies that always or never allow would show little."""
    assert tally.answers[answer] >= share * tally.answers.total()


def test_most_policies_have_compiled_rules(tally: Tally) -> None:
    """A comparison of the solver with itself would show nothing."""
    assert tally.compiled >= 2 * tally.programs
