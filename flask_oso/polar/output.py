"""Printing to streams, and the settings of ``POLAR_LOG``.

Invisible characters, such as the beginning of a terminal's control sequence, are printed as
escapes, and so are characters that the stream cannot encode. Printing to a closed stream does
nothing: output never decides whether a policy loads or what it allows.

``POLAR_LOG`` turns on tracing. It holds tokens separated by commas, in any case::

    info            rule calls, the rules that apply, results
    trace           also every step of the evaluation
    debug, others   the same as info
    now             lines go to standard error, not to standard output
    off, 0          no lines, whatever the other tokens say
"""

from __future__ import annotations

import contextlib
import enum
import os
import typing as t
from collections.abc import Sequence

from .characters import for_terminal
from .environment import stored_name
from .value_objects import Record

LOG_VARIABLE = "POLAR_LOG"
#: Printed when an Oso is made while tracing is asked for. Programs look for oso's first words.
BANNER = f"Polar tracing enabled. Unset {LOG_VARIABLE} to end it."


def say(text: str, stream: t.TextIO | None) -> None:
    """Print a text and a line end.

    :param stream: ``None`` if the process has none, as under a service manager.
    """
    shown = encodable(for_terminal(text), stream)
    # A closed stream raises ``ValueError``, one whose reader is gone raises ``OSError``.
    with contextlib.suppress(OSError, ValueError):
        print(shown, file=stream)


def encodable(text: str, stream: t.TextIO | None) -> str:
    """Give a text with escapes for the characters that a stream cannot encode."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Give the lines of a table, with its columns two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def redirect_to_null(stream: t.TextIO | None) -> None:
    """Redirect a broken stream to the null device.

    Python flushes its streams at exit; that would fail and change the exit code.
    """
    # A stream may have no file: one of the program's own, or a closed one.
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


class LogSettings(Record):
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
    """Parse the value of ``POLAR_LOG``."""
    tokens = {token.strip().lower() for token in text.split(",")}
    if not text or tokens & {"off", "0"}:
        level = LogLevel.OFF
    else:
        level = LogLevel.TRACE if "trace" in tokens else LogLevel.INFO
    return LogSettings(level, "now" in tokens)


def is_banner_due() -> bool:
    """Tell whether a new ``Oso`` prints the banner.

    Only ``0`` and ``off`` alone suppress it, as upstream.
    """
    return os.environ.get(LOG_VARIABLE, "off") not in ("0", "off")
