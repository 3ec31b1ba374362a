"""Tells Sphinx of the lexer for Polar, of sessions at the prompt, and of the colors at night.

The package need not be installed: a checkout will do.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers.shell import BashSessionLexer
from pygments.token import Generic
from sphinx.application import Sphinx

from flask_oso.consoles.highlighting import PolarLexer

_LINE = re.compile(r"^(query> )?(.*\n?)", re.MULTILINE)


class SessionLexer(Lexer):
    """Splits a session: questions behind ``query>`` are Polar, anything else is a shell."""

    name = "Session"

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, t.Any, str]]:
        """Yield the tokens of a session."""
        if not text.startswith("query> "):
            yield from BashSessionLexer().get_tokens_unprocessed(text)
            return
        polar = PolarLexer(stripnl=False, ensurenl=False)
        for line in _LINE.finditer(text):
            if line[1] is None:
                yield line.start(), Generic.Output, line[2]
                continue
            yield line.start(1), Generic.Prompt, line[1]
            for at, kind, part in polar.get_tokens_unprocessed(line[2]):
                yield line.start(2) + at, kind, part


def add_night(app: Sphinx, error: Exception | None) -> None:
    """Add the colors of code for those who prefer dark pages; Sphinx calls this."""
    if error is None and app.builder.format == "html":
        rules = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
        text = f"@media (prefers-color-scheme: dark) {{\n{rules}\n}}\n"
        Path(app.outdir, "_static", "code-dark.css").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the lexers; Sphinx calls this."""
    app.add_lexer("polar", PolarLexer)
    app.add_lexer("console", SessionLexer)
    app.add_css_file("code-dark.css", priority=900)
    app.connect("build-finished", add_night)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
