"""What a policy, its loader and a run have to say: lines on a stream, and which are asked for.

A character that is not seen where it stands, such as the beginning of a command to a terminal,
shows as its escape, and so does one that a stream cannot show. A stream that is closed or gone
shows nothing: what is only said never decides whether a policy loads, or what it allows.

``POLAR_LOG`` asks for the lines of a trace, with tokens between commas in any case::

    info            rule calls, the rules that apply, results
    trace           every step of the evaluation as well
    debug, others   the same as info
    now             lines go to standard error, not to standard output
    off, 0          no lines, whatever else is asked for
"""

from __future__ import annotations

import contextlib
import enum
import os
import typing as t

from .characters import for_terminal
from .environment import stored_name

LOG_VARIABLE = "POLAR_LOG"
#: Printed when an Oso is made while tracing is asked for. Programs look for oso's first words.
BANNER = f"Polar tracing enabled. Unset {LOG_VARIABLE} to end it."


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


class LogLevel(enum.IntEnum):
    """How much is traced."""

    OFF = 0
    INFO = 1
    TRACE = 2


class LogSettings(t.NamedTuple):
    """How much is traced, and whether to standard error."""

    level: LogLevel = LogLevel.OFF
    is_immediate: bool = False


#: The variable's name as it is stored in the environment.
STORED_VARIABLE: t.Any = stored_name(LOG_VARIABLE)


def read_log_settings() -> LogSettings:
    """Read the settings from the environment, as they are now."""
    text = os.environ.get(LOG_VARIABLE)
    return parse_log_settings(text) if text else LogSettings()


def parse_log_settings(text: str) -> LogSettings:
    """Give the settings that a text asks for."""
    tokens = {token.strip().lower() for token in text.split(",")}
    if not text or tokens & {"off", "0"}:
        level = LogLevel.OFF
    else:
        level = LogLevel.TRACE if "trace" in tokens else LogLevel.INFO
    return LogSettings(level, "now" in tokens)


def is_banner_due() -> bool:
    """Tell whether an Oso that is made now says that tracing is on.

    Only ``0`` and ``off`` by themselves keep it silent, as upstream.
    """
    return os.environ.get(LOG_VARIABLE, "off") not in ("0", "off")
