"""Errors about a value that a rule which calls itself has found show where that is written."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of

RULES = """
found(folder, true) if folder.is_open;
found(folder, x) if folder.parent != nil and found(folder.parent, x);
reads(x) if x.owner = 1;
"""
#: What is asked of a value that is 'true': it has no attributes.
QUESTIONS = (
    "x.owner = 1",
    "not x.owner = 1",
    "y in x.owner and y = 1",
    'x.get("owner") = 1',
    'k = "owner" and x.(k) = 1',
    "reads(x)",
)


class Folder:
    """A resource, within others."""

    def __init__(self, parent: Folder | None = None) -> None:
        self.parent, self.is_open, self.asked = parent, parent is None, 0

    def ask(self) -> bool:
        """Note that something was asked."""
        self.asked += 1
        return True


def ask(question: str, folder: Folder, *, compiled: bool) -> t.Any:
    """Ask for a folder; give the answer or the error."""
    oso = Oso(compiled=compiled)
    oso.register_class(Folder)
    oso.load_str(f'{RULES}allow(_, "read", f: Folder) if f.ask() and found(f, x) and {question};')
    return outcome_of(oso, "ann", "read", folder)


@pytest.mark.parametrize("question", QUESTIONS)
def test_error_shows_where_a_found_value_is_written(question: str) -> None:
    """The solver and compiled rules have one text."""
    expected = ask(question, Folder(Folder()), compiled=False)
    given = ask(question, Folder(Folder()), compiled=True)

    assert given == expected
    assert "\t002: found(folder, true) if folder.is_open;\n" in expected[1]


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_called_again_for_such_an_error(question: str) -> None:
    """The solver, which raises it, takes what the call gave."""
    folder = Folder(Folder())

    ask(question, folder, compiled=True)

    assert folder.asked == 1
