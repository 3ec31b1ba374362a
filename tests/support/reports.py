"""What a process of ``pytest-xdist`` reports of a test: how it ended, in one message, not six."""

from __future__ import annotations

import pytest
from _pytest.runner import runtestprotocol

__all__ = ["ShortReports"]


class ShortReports:
    """A plugin for processes that share the tests.

    For a test of a millisecond, the messages of its setup and its teardown take longer than the
    test. They are left out where they passed: nobody looks at them but ``--durations``.
    """

    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test; report its call, and whatever did not pass."""
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            if report.when == "call" or not report.passed:
                item.ihook.pytest_runtest_logreport(report=report)
        return True
