"""The plugin for coverage.py that counts lines of policies.

::

    [run]
    plugins = flask_oso.coverage

A rule is hit when it is tried, a condition when it is come to. What is loaded while
coverage measures is evaluated without compiled rules, whose answers are the same; policies
that were loaded before are not counted.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

import coverage
from coverage.exceptions import ConfigError

from flask_oso.polar.observe import line_coverage
from flask_oso.polar.sources import Source

if t.TYPE_CHECKING:
    from coverage.plugin_support import Plugins
    from coverage.types import TConfigSectionOut, TConfigurable, TLineNo

_TRACED = os.path.realpath(line_coverage.__file__)


def coverage_init(registry: Plugins, options: TConfigSectionOut) -> None:
    """Register the plugin; coverage.py calls this."""
    plugin = PolarPlugin()
    registry.add_file_tracer(plugin)
    registry.add_configurer(plugin)


def is_measuring() -> bool:
    """Tell whether coverage.py measures policies in this process now."""
    current = coverage.Coverage.current()
    return current is not None and __name__ in t.cast(list[str], current.get_option("run:plugins"))


class PolarPlugin(coverage.CoveragePlugin):
    """Finds policies, and what is reached of them."""

    def configure(self, config: TConfigurable) -> None:
        """Choose the core of coverage.py that follows plugins, unless one is configured.

        Since Python 3.14 another one is the default.
        """
        try:
            core = config.get_option("run:core")
        except ConfigError:
            # A coverage.py that has no such option has no other core by default.
            return
        if core is None:
            config.set_option("run:core", "ctrace")

    def file_tracer(self, filename: str) -> coverage.FileTracer | None:
        """Trace the function that is called for each line that is reached."""
        return _LineTracer() if filename == _TRACED else None

    def file_reporter(self, filename: str) -> coverage.FileReporter:
        """Report about a policy."""
        return _PolicyReporter(filename)

    def find_executable_files(self, src_dir: str) -> Iterable[str]:
        """Give the policies of a directory: one that is never loaded counts as missed."""
        return (str(path) for path in sorted(Path(src_dir).rglob("*.polar")))


class _LineTracer(coverage.FileTracer):
    """Takes a call of ``measuring.reach`` for a line of a policy."""

    def source_filename(self) -> str:
        """Give the file that is traced, in whose place others are counted."""
        return _TRACED

    def has_dynamic_source_filename(self) -> bool:
        """Say that each call is about a file of its own."""
        return True

    def dynamic_source_filename(self, filename: str, frame: FrameType) -> str | None:
        """Give the policy that a call is about; ``None`` for calls of anything else."""
        return frame.f_locals["file"] if _is_line(frame) else None

    def line_number_range(self, frame: FrameType) -> tuple[TLineNo, TLineNo]:
        """Give the line of the policy, as the first and the last one."""
        line = frame.f_locals["line"] if _is_line(frame) else -1
        return line, line


def _is_line(frame: FrameType) -> bool:
    return frame.f_code is line_coverage.reach.__code__


class _PolicyReporter(coverage.FileReporter):
    """Knows which lines of a policy can be hit."""

    def lines(self) -> set[TLineNo]:
        """Give the lines at which rules, conditions and queries begin."""
        return line_coverage.lines_to_reach(Source(self.source(), self.filename))
