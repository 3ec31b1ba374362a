"""``--oso-cov``: count the rules of policies while pytest runs, with the coverage there is.

Where pytest-cov measures, each ``Coverage`` that it makes is told of policies, so they stand in
its reports. Where nothing measures, a ``Coverage`` of policies alone is started here, and
reported at the end. What was started by ``coverage run`` cannot be told any more.
"""

from __future__ import annotations

import contextlib
import io
import typing as t
from collections.abc import Collection, Iterator, Mapping

import coverage
from coverage.exceptions import NoDataError

from .coverage import PolarPlugin, is_measuring

PLUGIN = PolarPlugin.__module__
_TRACER = f"{PLUGIN}.{PolarPlugin.__qualname__}"
_POLICIES = "*.polar"

TOO_LATE = (
    "'--oso-cov' came too late: coverage.py measures already. Put 'plugins = flask_oso.coverage'"
    " into the [run] section of its configuration, where 'coverage report' finds it, too."
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


def is_too_late() -> bool:
    """Tell whether coverage.py measures without policies."""
    return coverage.Coverage.current() is not None and not is_measuring()


class PolicyCoverage:
    """Measures policies, and nothing else, while nothing else is measured."""

    def __init__(self) -> None:
        self._coverage = coverage.Coverage(data_file=None, config_file=False, branch=False)
        self._coverage.set_option("run:include", [_POLICIES])
        self._coverage.set_option("run:disable_warnings", ["no-data-collected"])
        _tell(self._coverage)
        self._coverage.start()
        self._runs = True

    def stop(self) -> None:
        """Measure no more."""
        if self._runs:
            self._runs = False
            self._coverage.stop()

    def lines(self) -> dict[str, list[int]]:
        """Give the lines that were reached, by file."""
        data = self._coverage.get_data()
        return {file: sorted(data.lines(file) or ()) for file in data.measured_files()}

    def add(self, lines: Mapping[str, Collection[int]]) -> None:
        """Count lines that were reached in another process."""
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
        return table.getvalue()


def _tell(measuring: coverage.Coverage) -> None:
    plugins = t.cast(list[str], measuring.get_option("run:plugins"))
    if PLUGIN not in plugins:
        measuring.set_option("run:plugins", [*plugins, PLUGIN])
