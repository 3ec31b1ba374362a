"""Texts for a terminal: what cannot be seen is escaped, and the rest stays."""

from __future__ import annotations

from flask_oso.polar.characters import for_terminal


def test_text_for_a_terminal_keeps_its_lines() -> None:
    """Lines and tabulators are meant; letters of all scripts are seen."""
    text = "a\tb\n✓ Größe 日本語 עברית\n"

    assert for_terminal(text) == text
