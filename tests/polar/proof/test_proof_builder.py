"""``Oso.explain`` agrees with ``is_allowed``, for policies and data at random."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from flask_oso.polar.proof.proof import Outcome
from tests.fuzz.targets.proofs import check
from tests.support.sizes import part_of

#: How many policies are made; ``make fuzz`` goes on from there.
POLICIES = int(os.environ.get("FLASK_OSO_PROOFS", part_of(300, 6)))


@dataclasses.dataclass
class Tally:
    """What the proofs were like."""

    outcomes: collections.Counter[Outcome] = dataclasses.field(default_factory=collections.Counter)
    suggestions: int = 0
    differences: list[str] = dataclasses.field(default_factory=list)


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    """Explain answers of many policies, once for all tests."""
    tally = Tally()

    @seed(20_270_611)
    @settings(
        max_examples=POLICIES, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )
    @given(data=st.binary(min_size=300, max_size=300))
    def explain(data: bytes) -> None:
        report = check(data)
        tally.outcomes.update(report.outcomes)
        tally.suggestions += report.suggestions
        tally.differences.extend(report.differences)

    explain()
    yield tally


def test_proof_agrees_with_the_decision(tally: Tally) -> None:
    """Allowed, denied and broken are what they are for ``is_allowed``; the run behind a proof
    does to the host's objects what the solver does, and its page is in order.
    """
    assert "\n".join(tally.differences[:3]) == ""


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_its_share(tally: Tally, outcome: Outcome) -> None:
    """Policies that always or never allow would show little."""
    assert tally.outcomes[outcome] >= 0.1 * tally.outcomes.total()


def test_some_denials_have_suggestions(tally: Tally) -> None:
    """Random policies look at attributes, and one value more would do for some."""
    assert tally.suggestions >= POLICIES // 15
