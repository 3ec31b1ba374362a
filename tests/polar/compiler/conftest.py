"""Tests of compiled rules compile, also where the rest of a session runs without."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile rules, whatever ``OSO_COMPILED`` says."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
