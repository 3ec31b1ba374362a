"""What a policy and its loader have to say: lines on a stream of the process.

A stream that cannot show a character shows its escape, and one that is closed or gone
shows nothing: what is only said never decides whether a policy loads, or what it allows.
"""

from __future__ import annotations

import contextlib
import typing as t


def say(text: str, stream: t.TextIO | None) -> None:
    """Print a text and the end of the line.

    :param stream: ``None`` where the process has none, as under a service manager.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    # A ``ValueError`` comes from a stream that is closed, an ``OSError`` from one that is gone.
    with contextlib.suppress(OSError, ValueError):
        print(shown, file=stream)
