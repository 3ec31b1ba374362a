"""A test that is skipped where every test must run has failed.

``OSO_TEST_ALL=1`` asks for that, as ``.ci/run`` does: a browser, a database or a library that
is missing must not make tests vanish. ``OSO_TEST_MAY_SKIP`` lists words, between commas; a skip
whose reason has one of them stays a skip.
"""

from __future__ import annotations

import os
import typing as t

import pytest

ALL = "OSO_TEST_ALL"
MAY_SKIP = "OSO_TEST_MAY_SKIP"

_Report = t.TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


def fail_if_skipped(report: _Report) -> _Report:
    """Make a report of a skip one of a failure, where every test must run."""
    if not os.environ.get(ALL) or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    words = filter(None, os.environ.get(MAY_SKIP, "").split(","))
    if not any(word.strip() in reason for word in words):
        report.outcome = "failed"
        report.longrepr = f"Every test must run here, and this one does not. {reason}"
    return report
