"""The site, built once for all tests of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.examples import DOCS
from tests.support.children import ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as ``make docs`` does; a warning is an error."""
    target = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q"),
            *("-d", str(target / "doctrees"), str(DOCS), str(target / "html")),
        ],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    assert (built.returncode, built.stderr) == (0, "")
    return target / "html"
