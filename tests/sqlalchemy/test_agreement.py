"""A list and its check agree, row by row, on thousands of random policies and rows."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from flask_oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError
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


def test_decision_that_takes_too_long_is_no_disagreement(
    sqlite: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a check may reach its time limit, and tells nothing about the row."""

    def reach_the_limit(*_: t.Any) -> bool:
        raise PolarRuntimeError("Query timeout: Query running for 2001ms")

    monkeypatch.setattr(Oso, "is_allowed", reach_the_limit)

    tally = search(sqlite, 37, 3, policies=2)

    assert tally["uncertain"] > tally["agreed"] == 0
