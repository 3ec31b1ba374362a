"""``--oso-cov``: count the rules of policies while pytest runs, with the coverage there is.

Where pytest-cov measures, each ``Coverage`` that it makes is told of policies, so they stand in
its reports. Where nothing measures, a ``Coverage`` of policies alone is started here, and
reported at the end. What ``coverage run`` has started without the plugin cannot be given it any
more, and ``coverage report`` would not have it: there policies are counted beside it.
"""

from __future__ import annotations

import contextlib
import io
import typing as t
from collections.abc import Collection, Iterator, Mapping

import coverage
from coverage.exceptions import NoDataError

from ..coverage import PolarPlugin, is_measuring
from ..polar.observe import line_coverage

PLUGIN = PolarPlugin.__module__
_TRACER = f"{PLUGIN}.{PolarPlugin.__qualname__}"
_POLICIES = "*.polar"

#: What is said below the table of policies that were counted beside ``coverage run``.
IN_REPORT = (
    "For these lines in 'coverage report', put 'plugins = flask_oso.coverage' into the [run]"
    " section of the configuration of coverage.py.\n"
)
NOTHING_LOADED = "No policy file was loaded.\n"


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Tell each ``Coverage`` that is made meanwhile of policies."""
    usual = coverage.Coverage

    class CoverageWithPolicies(usual):  # type: ignore[misc, valid-type]  # a class at run time
        def __init__(self, *args: t.Any, **options: t.Any) -> None:
            super().__init__(*args, **options)
            _tell(self)

    # pytest-cov makes its own and has no option for plugins.
    coverage.Coverage = CoverageWithPolicies  # type: ignore[misc]
    try:
        yield
    finally:
        coverage.Coverage = usual  # type: ignore[misc]


def measure_policies() -> PolicyCoverage | None:
    """Begin to count what policies reach; ``None`` where coverage.py does so already."""
    running = coverage.Coverage.current()
    if running is None:
        return PolicyCoverage()
    return None if is_measuring() else PolicyCoverageBeside(running)


class PolicyCoverage:
    """Counts the lines of policies while nothing else is measured."""

    #: What to say below the report.
    hint = ""

    def __init__(self) -> None:
        self._coverage = coverage.Coverage(data_file=None, config_file=False, branch=False)
        self._coverage.set_option("run:include", [_POLICIES])
        self._coverage.set_option("run:disable_warnings", ["no-data-collected"])
        _tell(self._coverage)
        self._runs = True
        self._begin()

    def stop(self) -> None:
        """Count no more."""
        if self._runs:
            self._runs = False
            self._end()

    def lines(self) -> dict[str, list[int]]:
        """Give the lines that were reached, by file."""
        data = self._coverage.get_data()
        return {file: sorted(data.lines(file) or ()) for file in data.measured_files()}

    def add(self, lines: Mapping[str, Collection[int]]) -> None:
        """Count lines that were reached elsewhere."""
        data = self._coverage.get_data()
        data.add_lines(lines)
        data.add_file_tracers(dict.fromkeys(lines, _TRACER))

    def report(self) -> str:
        """Give the table of coverage.py."""
        table = io.StringIO()
        try:
            self._coverage.report(file=table, show_missing=True, include=[_POLICIES])
        except NoDataError:
            return NOTHING_LOADED
        return table.getvalue() + self.hint

    def _begin(self) -> None:
        self._coverage.start()

    def _end(self) -> None:
        self._coverage.stop()


class PolicyCoverageBeside(PolicyCoverage):
    """Counts the lines of policies while a ``Coverage`` without the plugin measures Python.

    Two cannot trace at once, so it is told of each line where coverage.py would look on.

    :param running: the one that measures.
    """

    hint = IN_REPORT

    def __init__(self, running: coverage.Coverage) -> None:
        self._running = running
        self._plugins = running.get_option("run:plugins")
        self._reach = line_coverage.reach
        self._reached: dict[str, set[int]] = {}
        super().__init__()

    def _begin(self) -> None:
        # Engines ask whether the one that measures knows of policies.
        _tell(self._running)
        line_coverage.reach = self._note

    def _end(self) -> None:
        line_coverage.reach = self._reach
        self._running.set_option("run:plugins", self._plugins)
        self.add(self._reached)

    def _note(self, file: str, line: int) -> None:
        self._reached.setdefault(file, set()).add(line)


def _tell(told: coverage.Coverage) -> None:
    plugins = t.cast(list[str], told.get_option("run:plugins"))
    if PLUGIN not in plugins:
        told.set_option("run:plugins", [*plugins, PLUGIN])
