"""List pages read their rows in one statement, however many rows and roles there are."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

if t.TYPE_CHECKING:
    from .conftest import Browser

#: Each list page with the table that it lists.
LISTS = {"/organizations/": "organization", "/repositories/": "repository", "/pages/": "page"}


@pytest.fixture
def statements(example: Flask) -> Iterator[list[str]]:
    """Collect the statements that the application executes."""
    found: list[str] = []

    def collect(*args: t.Any) -> None:
        found.append(" ".join(args[2].split()))

    engine = example.extensions["engine"]
    sa.event.listen(engine, "before_cursor_execute", collect)
    yield found
    sa.event.remove(engine, "before_cursor_execute", collect)


@pytest.mark.parametrize("name", [None, "Ana", "Ben", "Cleo", "Dora"])
@pytest.mark.parametrize(("path", "table"), LISTS.items())
def test_list_is_one_statement(
    visit: Callable[[str | None], Browser],
    statements: list[str],
    path: str,
    table: str,
    name: str | None,
) -> None:
    """Besides the visitor and the names to log in as, a list takes one statement."""
    browser = visit(name)
    statements.clear()

    browser.get(path)

    lists = [each for each in statements if f" FROM {table}" in each]
    others = [each for each in statements if each not in lists]
    assert len(lists) == 1
    assert all(" FROM user" in each for each in others)
