"""Statements: every text gives some, or problems with places inside the text."""

from __future__ import annotations

from collections.abc import Iterable

from flask_oso.polar.exceptions import OsoError, ParserError
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax.parser import parse_policy, parse_query

from ..choices import decoded
from ..seeds import policies, queries

IS_TEXT = True


def seeds() -> Iterable[bytes]:
    """Give policies and queries."""
    return [*policies(), *queries()]


def target(data: bytes) -> None:
    """Parse a text as a policy and as a query."""
    text = decoded(data)
    parsed = parse_policy(Source(text, "fuzz.polar"))
    for problem in parsed.problems:
        assert isinstance(problem, ParserError), repr(problem)
        assert "fuzz.polar" in str(problem), f"no place: {problem}"
    # A line break and a comment say nothing. A mark must come first, NaN is not itself.
    longer = parse_policy(Source(f"# comment\n{text}\n", "fuzz.polar"))
    if not text.startswith("\ufeff") and "nan" not in text:
        assert longer.statements == parsed.statements, "other statements behind a comment"
        assert len(longer.problems) == len(parsed.problems), "other problems behind a comment"
    try:
        parse_query(Source(text))
    except OsoError as error:
        assert isinstance(error, ParserError), repr(error)
        assert str(error)
