"""Which lines of the package an input was the first to reach.

Counted with ``sys.monitoring``, where a line costs something only the first time; on
Python 3.11, which has none, nothing is known and ``is_known`` is false.
"""

from __future__ import annotations

import sys
import threading
import typing as t
from pathlib import Path
from types import CodeType

import flask_oso

_PACKAGE = str(Path(flask_oso.__file__).parent)


class Coverage:
    """Counts the lines that are reached for the first time while it is on."""

    is_known = sys.version_info >= (3, 12)

    def __init__(self) -> None:
        self.lines = 0
        self._thread = threading.get_ident()

    def __enter__(self) -> Coverage:
        if self.is_known:
            monitoring: t.Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
            monitoring.use_tool_id(monitoring.COVERAGE_ID, "fuzz")
            monitoring.register_callback(
                monitoring.COVERAGE_ID, monitoring.events.LINE, self._reached
            )
            monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
            monitoring.restart_events()
        return self

    def __exit__(self, *error: object) -> None:
        if self.is_known:
            monitoring: t.Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
            monitoring.set_events(monitoring.COVERAGE_ID, 0)
            monitoring.free_tool_id(monitoring.COVERAGE_ID)

    def _reached(self, code: CodeType, line: int) -> t.Any:
        if threading.get_ident() != self._thread:
            # One that watches files, of another test, reaches lines when it likes.
            return None
        if code.co_filename.startswith(_PACKAGE):
            self.lines += 1
        return sys.monitoring.DISABLE  # type: ignore[attr-defined,unused-ignore]
