"""Functions for plain data and the solver give the same for random policies and worlds."""

from __future__ import annotations

import collections
import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.targets.shortcuts import Report, check
from tests.support.sizes import part_of

#: How many policies, each with a world of its own and some two hundred questions.
PROGRAMS = part_of(int(os.environ.get("FLASK_OSO_PROGRAMS", "640")) // 4)

pytestmark = pytest.mark.random


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """Ask about all policies, once for all tests."""
    reports = []

    @seed(20_270_402)
    @settings(
        max_examples=PROGRAMS, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )
    @given(data=st.binary(min_size=400, max_size=400))
    def ask(data: bytes) -> None:
        report = check(data)
        if report is not None:
            reports.append(report)

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OSO_COMPILED", raising=False)
        ask()
    return reports


def test_questions_are_answered_alike(reports: list[Report]) -> None:
    """Answers, errors with their text and place, and how often Python code ran."""
    differences = [line for report in reports for line in report.differences]

    assert "\n".join(differences[:4]) == ""


def test_plain_data_are_answered_by_shortcuts(reports: list[Report]) -> None:
    """Two of five questions: a comparison of the rules with themselves would show little."""
    questions = sum(report.questions for report in reports)

    assert questions >= 100 * PROGRAMS
    assert sum(report.shortcuts for report in reports) >= 0.4 * questions


@pytest.mark.parametrize(("answer", "share"), [("True", 0.02), ("False", 0.4), ("error", 0.02)])
def test_every_answer_has_its_share(reports: list[Report], answer: str, share: float) -> None:
    """Policies that always or never allow would show little."""
    answers: collections.Counter[str] = collections.Counter()
    for report in reports:
        answers.update(report.answers)

    assert answers[answer] >= share * answers.total()
