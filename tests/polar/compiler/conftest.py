"""Tests of compiled rules compile, also where the rest of a session runs without."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def compiled(compiling: None) -> None:
    """Compile rules in all tests of this folder."""
