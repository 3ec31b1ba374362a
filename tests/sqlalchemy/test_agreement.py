"""A list and its check agree, row by row, on thousands of random policies and rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_oso.polar.residual.ir import Not
from flask_oso.sqlalchemy import translation
from tests.support.sizes import part_of

from .agreement import Disagreement, Tally, search

pytestmark = pytest.mark.random
#: Databases, each with eight policies, and how many questions are asked of them at least.
DATABASES = part_of(60)
PAIRS = 20 * DATABASES


def assert_agreement(tally: Tally) -> None:
    """Check that as much was compared as promised, and that few policies were refused."""
    answered = tally["pairs"] - tally["refused"] - tally["raised"]
    assert tally["pairs"] >= PAIRS
    assert answered > 0.9 * tally["pairs"]
    assert tally["agreed"] > 2 * answered
    assert tally["agreed"] / 10 < tally["allowed"] < tally["agreed"] / 2
    assert tally["uncertain"] < tally["agreed"] / 100


@pytest.mark.parametrize("begin", [20_270_401, 20_270_402])
def test_rows_agree_on_sqlite(sqlite: sa.Engine, begin: int) -> None:
    """SQLite gives exactly the rows that ``is_allowed`` allows."""
    assert_agreement(search(sqlite, begin, DATABASES, pairs=PAIRS))


def test_rows_agree_on_postgresql(postgresql: sa.Engine) -> None:
    """PostgreSQL gives exactly the rows that ``is_allowed`` allows."""
    assert_agreement(search(postgresql, 20_270_403, DATABASES, pairs=PAIRS))


def test_rows_agree_on_mariadb(mariadb: sa.Engine) -> None:
    """MariaDB gives exactly the rows that ``is_allowed`` allows."""
    assert_agreement(search(mariadb, 20_270_404, DATABASES, pairs=PAIRS))


def test_disagreement_is_made_small(sqlite: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault is found, and shown by a policy of one short rule, and the statement."""
    monkeypatch.setitem(translation._TRANSLATIONS, Not, lambda *_: sa.true())

    with pytest.raises(Disagreement) as caught:
        search(sqlite, 36, 60, policies=1)

    verdict, policy, statement, *_ = str(caught.value).splitlines()
    assert verdict.startswith("one too many: ")
    assert policy.startswith("allow(") and len(policy) < 200
    assert statement.startswith("SELECT ")
