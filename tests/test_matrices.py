"""Tables of who may do what: read, compared with a policy, and refused where they are none."""

from __future__ import annotations

import typing as t

import pytest
from werkzeug.local import LocalProxy

from flask_oso import Oso
from flask_oso.matrices import find_wrong_cells, read_rows, read_table, show_cells
from flask_oso.testing import assert_matrix

POLICY = """
allow("ann", "read", "page");
allow("ann", 7, "page");
allow("eve", "break", x) if x.missing;
"""
NAMES = {"ann": "ann", "eve": "eve", "nobody": None}
THINGS = {"page": "page"}


@pytest.fixture
def oso() -> Oso:
    """An Oso by which Ann may read."""
    oso = Oso()
    oso.load_str(POLICY)
    return oso


def wrong_of(oso: Oso, table: t.Any) -> str:
    """Give what is shown of the wrong cells of a table."""
    cells = read_table(table, NAMES, THINGS) if isinstance(table, str) else read_rows(table)
    return show_cells(find_wrong_cells(oso, cells))


@pytest.mark.parametrize(
    "table",
    [
        "actor resource read edit\nann page yes no\nnobody page no no",
        "| actor | resource | read |\n|---|---|---|\n| ann | page | yes |  # she wrote it",
        "\n\n  actor  resource  edit\n  =====\n\n  # nobody may\n  eve  page  no\n",
    ],
    ids=["words", "bars", "lines without words"],
)
def test_table_that_is_right(oso: Oso, table: str) -> None:
    """A text has as much or as little drawn around its words as one likes."""
    assert_matrix(oso, table, actors=NAMES, resources=THINGS)


@pytest.mark.parametrize(
    "rows",
    [
        [("ann", "read", "page", True), ("eve", "read", "page", False)],
        {("ann", "read", "page"): True, ("eve", "read", "page"): False},
        iter([("ann", 7, "page", True), (["eve"], "read", {}, False)]),
        [(LocalProxy(lambda: "ann"), "read", LocalProxy(lambda: "page"), True)],
    ],
    ids=["rows", "mapping", "objects", "proxies"],
)
def test_rows_that_are_right(oso: Oso, rows: t.Any) -> None:
    """Objects need no names, and need not be hashable."""
    assert_matrix(oso, rows)


def test_wrong_cells_are_shown_in_order(oso: Oso) -> None:
    """Each with what was expected and what came, and by the names of the table."""
    table = "actor resource read break\neve page yes no\nann page no no\nnobody page no no"

    assert wrong_of(oso, table) == (
        "  actor  action  resource  expected  got\n"
        "  eve    read    page      allowed   denied\n"
        "  eve    break   page      denied    error\n"
        "  ann    read    page      denied    allowed"
    )


def test_error_is_no_answer_that_was_expected(oso: Oso) -> None:
    """A rule that fails makes a test fail, whatever it expects."""
    rows = [("eve", "break", "page", True), ("eve", "break", "page", False)]

    assert wrong_of(oso, rows).count("error") == 2


def test_wrong_rows_are_shown_by_their_repr(oso: Oso) -> None:
    """Of a long one the ends are shown."""
    shown = wrong_of(oso, [(["eve"], 7, "p" * 100, True)])

    assert shown == (
        "  actor    action  resource                                                      expected"
        "  got\n"
        f"  ['eve']  7       '{'p' * 27}...{'p' * 28}'  allowed   denied"
    )


def test_error_of_the_first_cell_is_the_cause(oso: Oso) -> None:
    """The traceback shows where it was raised."""
    with pytest.raises(AssertionError, match="'str' object has no attribute") as caught:
        assert_matrix(oso, [("eve", "break", "page", False)])

    assert type(caught.value.__cause__).__name__ == "PolarRuntimeError"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "The table has no cells. Begin it with a line 'actor resource ACTION ...', and add"),
        ("actor resource read", "The table has no cells. Begin it with a line"),
        ("actor resource\nann page", "The table has no cells. Begin it with a line"),
        ("ann page yes", "The table has no cells. Begin it with a line"),
        (
            "actor resource read edit\nann page yes",
            "The line 'ann page yes' has 3 words. Write an actor, a resource, and 'yes' or 'no'"
            " for each of 'read', 'edit'.",
        ),
        (
            "actor resource read\nann page maybe",
            "The line 'ann page maybe' has 'maybe' for an answer. Write 'yes' or 'no'.",
        ),
        (
            "actor resource read\nan page yes",
            "The table names the actor 'an', which is not in 'actors'. Did you mean 'ann'?",
        ),
        (
            "actor resource read\nann zebra yes",
            "The table names the resource 'zebra', which is not in 'resources'. Add it to"
            " 'resources'.",
        ),
        ([], "The table has no cells. Add '(actor, action, resource, expected)'."),
        ({}, "The table has no cells. Add '(actor, action, resource, expected)'."),
        (
            [("ann", "read", "page")],
            "The row ('ann', 'read', 'page') is not '(actor, action, resource, expected)'.",
        ),
        ([7], "The row 7 is not '(actor, action, resource, expected)'."),
        ([("ann", "read", "page", 1)], "The answer 1 is neither True nor False."),
        ([("ann", "read", "page", None)], "The answer None is neither True nor False."),
    ],
)
def test_table_that_is_none(oso: Oso, table: t.Any, message: str) -> None:
    """A mistake in a table is no passed test: it is said what to write."""
    with pytest.raises(ValueError) as caught:
        assert_matrix(oso, table, actors=NAMES, resources=THINGS)

    assert str(caught.value).startswith(message)
