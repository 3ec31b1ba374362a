"""A list and its check agree, row by row, on thousands of random policies and rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_oso.polar.residual.algebra.ir import Not
from flask_oso.sqlalchemy.statements import translation

from .agreement import DATABASES, PAIRS, Disagreement, assert_agreement, search

pytestmark = pytest.mark.random


@pytest.mark.parametrize("begin", [20_270_401, 20_270_402])
def test_rows_agree_on_sqlite(sqlite: sa.Engine, begin: int) -> None:
    """SQLite gives exactly the rows that ``is_allowed`` allows."""
    assert_agreement(search(sqlite, begin, DATABASES, pairs=PAIRS))


@pytest.mark.full
def test_disagreement_is_made_small(sqlite: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault is found, and shown by a policy of one short rule, and the statement."""
    monkeypatch.setitem(translation._TRANSLATIONS, Not, lambda *_: sa.true())

    with pytest.raises(Disagreement) as caught:
        search(sqlite, 37, 60, policies=1)

    verdict, policy, statement, *_ = str(caught.value).splitlines()
    assert verdict.startswith("one too many: ")
    assert policy.startswith("allow(") and len(policy) < 200
    assert statement.startswith("SELECT ")
