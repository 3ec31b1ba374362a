"""Tells Sphinx of the lexer for Polar, and of sessions at the prompt.

The package need not be installed: a checkout will do.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

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


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the lexers; Sphinx calls this."""
    app.add_lexer("polar", PolarLexer)
    app.add_lexer("console", SessionLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
