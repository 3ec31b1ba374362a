"""Every target holds for what Hypothesis makes, and for the inputs it begins with."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.sizes import part_of

from .choices import encoded
from .targets import TARGETS
from .words import WORDS

#: Words in any order, or bytes in any order.
_TEXTS = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join).map(encoded)
_INPUTS = _TEXTS | st.binary(max_size=200)


@pytest.mark.parametrize("name", TARGETS)
@settings(deadline=None, max_examples=part_of(30, 6), suppress_health_check=[HealthCheck.too_slow])
@given(data=_INPUTS)
def test_target(name: str, data: bytes) -> None:
    """No input is a finding."""
    TARGETS[name].target(data)


@pytest.mark.parametrize("name", TARGETS)
def test_seed(name: str) -> None:
    """The first and the last input that a target begins with are no findings."""
    seeds = list(TARGETS[name].seeds())

    TARGETS[name].target(seeds[0])
    TARGETS[name].target(seeds[-1])
