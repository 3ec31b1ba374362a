"""``examples/quickstart``: a program for oso 0.15 and flask-oso, in a process of its own.

What it imports as ``oso`` is this package; the other tests import the real one.
"""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.children import ROOT, plain_environment

QUICKSTART = ROOT / "examples" / "quickstart"


def run_in_quickstart(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python in the folder of the example."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=QUICKSTART,
        env=plain_environment(),
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.slow
def test_quickstart_runs_its_tests() -> None:
    """The old program answers as it did, and its tests pass as they stand."""
    result = run_in_quickstart("pytest", "-q", "-p", "no:cacheprovider")

    assert result.returncode == 0, result.stdout
    assert re.search(r"^7 passed", result.stdout, re.MULTILINE)


@pytest.mark.slow
def test_quickstart_needs_no_change() -> None:
    """What checks old programs finds nothing in it."""
    result = run_in_quickstart("flask_oso", "migrate-check", ".")

    assert (result.returncode, result.stdout) == (0, "Nothing to change in 3 files.\n")
