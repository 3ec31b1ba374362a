"""Comments that ignore findings: ``# oso: ignore[OSO101] reason``.

A comment is about findings of its own line, and of the next line if nothing else is on its own.
In goes the text of a policy; out come its ignoring comments.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from ...exceptions import OsoError
from ...sources import Source, Span
from ...syntax.parser import read_tokens

_COMMENT = re.compile(r"#[^\n\r]*")
_IGNORE = re.compile(r"#+\s*oso:\s*ignore\b\s*(?:\[([^\]]*)\])?\s*:?\s*(.*)")


@dataclasses.dataclass(eq=False)
class Ignore:
    """One such comment; ``codes`` are the numbers as they are written."""

    codes: tuple[str, ...]
    reason: str
    span: Span
    lines: frozenset[int]
    #: The codes of findings that it was about.
    used: set[str] = dataclasses.field(default_factory=set)


def ignores_in(source: Source) -> list[Ignore]:
    """Give the ignoring comments of a policy; none if the text is no policy."""
    try:
        return [*_ignores(source)]
    except OsoError:
        return []


def _ignores(source: Source) -> Iterator[Ignore]:
    for start, text in _comments(source):
        found = _IGNORE.match(text)
        if found is None:
            continue
        span = source.span(start, start + len(text.rstrip()))
        codes = tuple(each.strip() for each in (found[1] or "").split(",") if each.strip())
        yield Ignore(codes, found[2].strip(), span, _lines_of(span))


def _lines_of(span: Span) -> frozenset[int]:
    """Give the lines that a comment is about.

    A comment on a line of its own is about the next line that is no comment.
    """
    source, line = span.source, span.line
    if not _is_alone(source, line):
        return frozenset([line])
    below = line + 1
    while below <= source.lines and _is_alone(source, below):
        below += 1
    return frozenset([line, below])


def _is_alone(source: Source, line: int) -> bool:
    return source.line(line).lstrip("\ufeff \t").startswith("#")


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    """Give the comments with their offsets: what looks like one between two tokens."""
    tokens = read_tokens(source)
    end, text = 0, tokens[0].context.source.text if tokens else source.text
    # The source of the tokens has no byte order mark.
    shift = len(source.text) - len(text)
    places: list[tuple[int, int]] = []
    for token in tokens:
        places.append((end, token.begin))
        end = token.end
    places.append((end, len(text)))
    for start, stop in places:
        for comment in _COMMENT.finditer(text, start, stop):
            yield comment.start() + shift, comment.group()
