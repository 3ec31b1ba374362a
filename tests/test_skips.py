"""Where every test must run, a skip is a failure."""

from __future__ import annotations

import pytest

from tests.support.skips import ALL, MAY_SKIP, fail_if_skipped

SKIP = ("test_page.py", 7, "Skipped: There is no Chromium.")


def make_report(outcome: str = "skipped") -> pytest.TestReport:
    return pytest.TestReport(
        "test_page.py::test_page",
        ("test_page.py", 7, "test_page"),
        {},
        outcome,  # type: ignore[arg-type]
        SKIP if outcome == "skipped" else None,
        "setup",
    )


def test_skip_is_a_failure_where_all_tests_must_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report says why the test did not run."""
    monkeypatch.setenv(ALL, "1")
    monkeypatch.delenv(MAY_SKIP, raising=False)

    report = fail_if_skipped(make_report())

    assert report.failed
    assert report.longrepr == (
        "Every test must run here, and this one does not. Skipped: There is no Chromium."
    )


def test_skip_stays_a_skip_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no browser runs the other tests."""
    monkeypatch.delenv(ALL, raising=False)

    assert fail_if_skipped(make_report()).skipped


def test_skip_for_a_reason_that_is_allowed_stays_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A skip whose reason is allowed stays a skip, such as what does not install on another
    Python.
    """
    monkeypatch.setenv(ALL, "1")
    monkeypatch.setenv(MAY_SKIP, "oso, Chromium")

    assert fail_if_skipped(make_report()).skipped


def test_test_that_passed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ran is not looked at."""
    monkeypatch.setenv(ALL, "1")

    assert fail_if_skipped(make_report("passed")).passed
