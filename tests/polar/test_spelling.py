"""The nearest known word is found, and none where none is near."""

from __future__ import annotations

import pytest

from flask_oso.polar.spelling import did_you_mean, nearest

KNOWN = ["read", "delete", "Page", "owner"]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("raed", "read"),
        ("delte", "delete"),
        ("page", "Page"),
        ("OWNER", "owner"),
        ("xyz", None),
        ("", None),
        ("read", None),
    ],
)
def test_nearest_ignores_case(word: str, found: str | None) -> None:
    """Case does not matter; the word itself is not proposed."""
    assert nearest(word, KNOWN) == found


def test_did_you_mean_is_a_line() -> None:
    """The help is a line of its own in the quotes asked for, or nothing."""
    assert did_you_mean("raed", KNOWN) == 'Did you mean "read"?\n'
    assert did_you_mean("pgae", KNOWN, quote="`") == "Did you mean `Page`?\n"
    assert did_you_mean("xyz", KNOWN) == ""


def test_swapped_letters() -> None:
    """Two letters that changed places make a near word of a long or a short one."""
    assert nearest("Ogr", ["Org", "Repo"]) == "Org"
    assert nearest("go", ["og"]) is None


@pytest.mark.parametrize(("word", "known"), [("a" * 101, "a" * 100), ("a" * 100, "a" * 101)])
def test_long_words_are_near_to_nothing(word: str, known: str) -> None:
    """To compare two words takes the square of their length."""
    assert nearest(word, [known]) is None
