"""Compiled rules and the solver give the same for thousands of random policies (R4)."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.targets.compiled import QUESTIONS, check

#: How many policies, each with twenty questions: 36,000 questions, in some 30 seconds of
#: an idle core. ``FLASK_OSO_PROGRAMS=10000`` looks longer; ``make fuzz`` goes on from there.
PROGRAMS = int(os.environ.get("FLASK_OSO_PROGRAMS", "1800"))
Tally = collections.Counter[str]


@pytest.fixture(scope="module", autouse=True)
def compiling() -> Iterator[None]:
    """Compile, whatever the environment says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OSO_COMPILED", raising=False)
        yield


@pytest.fixture(scope="module")
def tally() -> Tally:
    """Count what the policies did, for the tests below."""
    return collections.Counter()


@seed(20_270_401)
@settings(
    max_examples=PROGRAMS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    # What differs is shown as it is; ``make fuzz`` makes it small.
    phases=[Phase.generate],
)
@given(data=st.binary(min_size=300, max_size=300))
def test_questions_are_answered_alike(tally: Tally, data: bytes) -> None:
    """Answers, errors with their text and place, and calls of the host, in order."""
    report = check(data)

    assert report is None or report.differences == [], "\n".join(report.differences)
    tally.update(report.answers if report else {"refused": QUESTIONS})
    tally["compiled"] += report.compiled if report else 0


@pytest.mark.parametrize(("answer", "share"), [("True", 0.1), ("False", 0.2), ("error", 0.1)])
def test_every_answer_has_its_share(tally: Tally, answer: str, share: float) -> None:
    """Policies that always or never allow would show little."""
    assert tally[answer] >= share * PROGRAMS * QUESTIONS


def test_most_policies_have_compiled_rules(tally: Tally) -> None:
    """A comparison of the solver with itself would show nothing."""
    assert tally["compiled"] >= 3 * PROGRAMS
