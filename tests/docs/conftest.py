"""The site, built once for all tests of it, and what pages leave behind."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_oso.signals import denied
from tests.docs.examples import DOCS
from tests.support.children import ROOT


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as ``make docs`` does; a warning is an error.

    Where no test opens a browser, it does without Pyodide, which takes as long as all the pages.
    """
    target = tmp_path_factory.mktemp("site")
    has_browser = any(item.get_closest_marker("browser") for item in request.session.items)
    built = subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q"),
            *("-D", f"playground_runs={int(has_browser)}", "-d", str(target / "doctrees")),
            *(str(DOCS), str(target / "html")),
        ],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    assert (built.returncode, built.stderr) == (0, "")
    return target / "html"


@pytest.fixture(autouse=True)
def receivers() -> Iterator[None]:
    """Disconnect the receivers of a page: ``connect_via`` holds on to them."""
    yield
    for receiver in list(denied.receivers.values()):
        denied.disconnect(receiver)


@pytest.fixture(autouse=True)
def decision_log() -> Iterator[None]:
    """Turn the decision log off again, which a page turns on."""
    log = logging.getLogger("flask_oso.decisions")
    level, handlers = log.level, list(log.handlers)
    yield
    log.setLevel(level)
    log.handlers[:] = handlers
