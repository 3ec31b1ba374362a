"""Tokens: they cover the text, and reading them never fails."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from flask_oso.polar.exceptions import ParserError
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax.lexer import ParseContext, check_token
from flask_oso.polar.syntax.parser import _syntax

from ..choices import decoded
from ..seeds import policies

IS_TEXT = True
_IGNORED = re.compile(r"(?:[ \t\n\r]++|#[^\n\r]*+)*+")


def seeds() -> Iterable[bytes]:
    """Give policies."""
    return policies()


def target(data: bytes) -> None:
    """Check that between tokens there is nothing but space and comments."""
    text = decoded(data)
    end = 0
    for token in itertools.chain.from_iterable(_syntax().parts(ParseContext(Source(text)))):
        assert token.text, f"an empty token at {token.begin}"
        assert _IGNORED.fullmatch(text, end, token.begin), f"skipped {text[end : token.begin]!r}"
        assert text[token.begin : token.end] == token.text, f"{token.text!r} is not its text"
        end = token.end
        try:
            check_token(token)
        except ParserError as error:
            assert str(error)
    assert _IGNORED.fullmatch(text, end), f"skipped {text[end:]!r}"
