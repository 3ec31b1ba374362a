"""Tests of compiled rules compile, also where the rest of a session runs without."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar.compiler.specialization.goals.steps import GoalStep


@pytest.fixture(autouse=True)
def compiled(compiling: None) -> None:
    """Compile rules in all tests of this folder."""


@pytest.fixture
def goals_written(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """Give the goals that are written while functions are made, each as often as it is."""
    written: list[t.Any] = []
    take = GoalStep.take

    def note(step: GoalStep) -> t.Any:
        written.append(step.goal)
        return take(step)

    monkeypatch.setattr(GoalStep, "take", note)
    return written
