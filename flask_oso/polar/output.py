"""What a policy and its loader have to say: lines on a stream of the process.

A character that is not seen where it stands, such as the beginning of a command to a terminal,
shows as its escape, and so does one that a stream cannot show. A stream that is closed or gone
shows nothing: what is only said never decides whether a policy loads, or what it allows.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from .characters import for_terminal


def say(text: str, stream: t.TextIO | None) -> None:
    """Print a text and the end of the line.

    :param stream: ``None`` where the process has none, as under a service manager.
    """
    shown = encodable(for_terminal(text), stream)
    # A ``ValueError`` comes from a stream that is closed, an ``OSError`` from one that is gone.
    with contextlib.suppress(OSError, ValueError):
        print(shown, file=stream)


def encodable(text: str, stream: t.TextIO | None) -> str:
    """Give a text with escapes for the characters that a stream cannot show."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def abandon(stream: t.TextIO | None) -> None:
    """Lead a stream that cannot be written to nowhere: Python writes the rest when it ends.

    It would fail then, and end with a code of its own.
    """
    # A stream of a program's own has no file, and one that is closed has none any more.
    with contextlib.suppress(AttributeError, OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, t.cast(t.TextIO, stream).fileno())
        finally:
            os.close(nowhere)
