"""I4: a list and its check agree, row by row, on thousands of random policies and rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from .agreement import Tally, compare


def assert_agreement(tally: Tally, pairs: int) -> None:
    """Check that no row was wrong, and that few policies were refused."""
    assert tally.disagreements == []
    assert tally["pairs"] == pairs
    assert tally["refused"] + tally["raised"] < pairs / 10
    assert tally["agreed"] > 10 * (pairs - tally["refused"] - tally["raised"])


@pytest.mark.parametrize("seed", [20_270_401, 20_270_402, 20_270_403, 20_270_404])
def test_rows_agree_on_sqlite(sqlite: sa.Engine, seed: int) -> None:
    """SQLite gives exactly the rows that ``is_allowed`` allows."""
    assert_agreement(compare(sqlite, seed, 600), 600)


def test_rows_agree_on_postgresql(postgresql: sa.Engine) -> None:
    """PostgreSQL gives exactly the rows that ``is_allowed`` allows."""
    assert_agreement(compare(postgresql, 20_270_405, 600), 600)
