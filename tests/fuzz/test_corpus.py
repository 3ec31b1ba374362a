"""Every input of the corpus passes: what was a finding once is none any more."""

from __future__ import annotations

import pytest

from .corpus import read_inputs
from .targets import TARGETS

_INPUTS = [
    pytest.param(name, data, id=f"{name}-{file}")
    for name in TARGETS
    for file, data in read_inputs(name).items()
]


@pytest.mark.each(3)
@pytest.mark.parametrize(("name", "data"), _INPUTS)
def test_input(name: str, data: bytes) -> None:
    """The target finds nothing wrong with the input."""
    TARGETS[name].target(data)


@pytest.mark.parametrize("name", TARGETS)
def test_corpus_has_inputs(name: str) -> None:
    """Each target has inputs to begin with, small enough for its promise on time."""
    inputs = read_inputs(name)

    assert inputs
    assert all(len(data) <= 4096 for data in inputs.values())
