"""What ``POLAR_LOG`` asks for: which lines of a trace, and where they go.

In goes the variable's text, tokens between commas in any case; out come the settings::

    info            rule calls, the rules that apply, results
    trace           every step of the evaluation as well
    debug, others   the same as info
    now             lines go to standard error, not to standard output
    off, 0          no lines, whatever else is asked for
"""

from __future__ import annotations

import enum
import os
import typing as t

from .environment import stored_name

LOG_VARIABLE = "POLAR_LOG"
#: Printed when an Oso is made while tracing is asked for. Programs look for oso's first words.
BANNER = f"Polar tracing enabled. Unset {LOG_VARIABLE} to end it."


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
