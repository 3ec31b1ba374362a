"""A list and its check agree on databases that are servers, too; see ``test_agreement.py``."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from .agreement import DATABASES, PAIRS, assert_agreement, search

pytestmark = pytest.mark.random


def test_rows_agree_on_postgresql(postgresql: sa.Engine) -> None:
    """PostgreSQL gives exactly the rows that ``is_allowed`` allows."""
    assert_agreement(search(postgresql, 20_270_403, DATABASES, pairs=PAIRS))


def test_rows_agree_on_mariadb(mariadb: sa.Engine) -> None:
    """MariaDB gives exactly the rows that ``is_allowed`` allows."""
    assert_agreement(search(mariadb, 20_270_404, DATABASES, pairs=PAIRS))
