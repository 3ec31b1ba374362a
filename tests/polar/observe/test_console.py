"""The console: what completes a line that is typed."""

from __future__ import annotations

import pytest

from flask_oso.polar.observe.console import candidates


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ro", ["role("]),
        ("not ro", ["role("]),
        ("role(re", ["rex"]),
        ("x matches A", ["Actor", "Animal"]),
        ("zz", []),
        ('x = "ro', []),
        ('x = "a" and ro', ["role("]),
        ("rex.ro", []),
    ],
)
def test_last_word_is_completed(line: str, found: list[str]) -> None:
    """The last word is completed; not inside a string, nor behind a dot."""
    assert candidates(line, ["role(", "rex", "Animal", "Actor"]) == found
