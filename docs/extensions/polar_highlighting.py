"""Tells Sphinx of the lexer for Polar, whether the package is installed or only checked out."""

from __future__ import annotations

from sphinx.application import Sphinx

from flask_oso.consoles.highlighting import PolarLexer


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the lexer; Sphinx calls this."""
    app.add_lexer("polar", PolarLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
