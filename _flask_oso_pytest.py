"""The pytest plugin: fixtures for tests that ask a policy, tests in policies, and ``--oso-cov``.

It stands beside the package, since pytest imports it before a test run begins, and before
coverage.py measures what is imported. It imports the package when a test asks for a fixture:
to import that and Flask takes 70 ms and more, which a test run without one does not pay.
"""

from __future__ import annotations

import contextlib
import functools
import pathlib
import re
import typing as t
from collections.abc import Callable, Iterator

import pytest

if t.TYPE_CHECKING:
    from flask_oso import Oso
    from flask_oso.polar.engine import Engine
    from flask_oso.polar.syntax.policy_test_nodes import PolicyTest
    from flask_oso.testing import AsUser
    from flask_oso.testing.policy_coverage import PolicyCoverage

_NO_APP = (
    "The fixture 'oso' takes the Oso of the fixture 'app', and there is none. Write one that gives"
    " your application, in 'conftest.py':\n\n"
    "    @pytest.fixture\n"
    "    def app():\n"
    "        return create_app()\n\n"
    "or a fixture 'oso' that gives an Oso, if there is no application."
)
_NO_COVERAGE = "'--oso-cov' needs coverage.py. Install it with: pip install 'flask-oso[coverage]'"
#: Under this key a worker of pytest-xdist hands on what it reached.
_LINES = "flask_oso_lines"


# -- fixtures ------------------------------------------------------------------------------


@pytest.fixture
def oso(request: pytest.FixtureRequest) -> Oso:
    """The Oso of the application that the fixture ``app`` gives."""
    try:
        app = request.getfixturevalue("app")
    except pytest.FixtureLookupError as error:
        if error.argname != "app":
            raise
        raise pytest.fail.Exception(_NO_APP, pytrace=False) from None
    from flask_oso.testing import oso_of

    return oso_of(app)


@pytest.fixture
def as_user() -> AsUser:
    """Make a client whose requests are of a user: ``as_user(client, user)``."""
    from flask_oso.testing import as_user

    return as_user


@pytest.fixture
def assert_allowed(oso: Oso) -> Callable[[t.Any, t.Any, t.Any], None]:
    """Fail, and tell why, unless the policy allows: ``assert_allowed(actor, action, resource)``."""
    from flask_oso.testing import assert_allowed

    return functools.partial(assert_allowed, oso)


@pytest.fixture
def assert_denied(oso: Oso) -> Callable[[t.Any, t.Any, t.Any], None]:
    """Fail, and tell why, unless the policy denies: ``assert_denied(actor, action, resource)``."""
    from flask_oso.testing import assert_denied

    return functools.partial(assert_denied, oso)


@pytest.fixture
def assert_matrix(oso: Oso) -> Callable[..., None]:
    """Compare the policy with a table of who may do what; see ``flask_oso.testing``."""
    from flask_oso.testing import assert_matrix

    return functools.partial(assert_matrix, oso)


# -- coverage of rules ---------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("flask-oso", "policies of flask_oso").addoption(
        "--oso-cov",
        action="store_true",
        dest="oso_cov",
        help="count the rules of policies in the coverage report",
    )
    parser.addini("oso_app", "the app, or its factory, whose classes tests in policies are about")
    parser.addini(
        "oso_share_policies",
        "share what is made of a policy between the applications that tests make",
        type="bool",
        default=False,
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Share policies while tests run, if the configuration says so."""
    if not session.config.getini("oso_share_policies"):
        yield
        return
    from flask_oso.testing import shared_policies

    with shared_policies():
        yield


# -- tests in policies ---------------------------------------------------------------------

#: With what the test of a policy begins.
_TEST = re.compile(r'^[ \t]*test[ \t]+"', re.MULTILINE)


def pytest_collect_file(
    file_path: pathlib.Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Collect the tests of a policy, if it has some."""
    if file_path.suffix != ".polar":
        return None
    if not _TEST.search(file_path.read_text(encoding="utf-8", errors="replace")):
        return None
    return _PolicyFile.from_parent(parent, path=file_path)


class _PolicyFile(pytest.File):
    """A policy with tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """Give the tests of the file.

        :raises pytest.Collector.CollectError: the policy does not load.
        """
        from flask_oso import OsoError
        from flask_oso.testing.policy_items import load_tested

        try:
            engine = load_tested(self.path, self.config.getini("oso_app"))
        except OsoError as error:
            raise self.CollectError(str(error)) from None
        for test in engine.policy.tests:
            if test.span is not None and test.span.source.name == str(self.path):
                yield _PolicyItem.from_parent(self, name=test.name, engine=engine, test=test)


class _PolicyItem(pytest.Item):
    """A test in a policy."""

    def __init__(self, *, engine: Engine, test: PolicyTest, **options: t.Any) -> None:
        super().__init__(**options)
        self._engine, self._test = engine, test

    def runtest(self) -> None:
        """Run the test.

        :raises AssertionError: it failed, or is broken.
        """
        from flask_oso.testing.policy_items import run_item

        run_item(self._engine, self._test)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: t.Any) -> t.Any:
        """Show what does not hold, without the traceback of the library."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args)

    def reportinfo(self) -> tuple[pathlib.Path, int | None, str]:
        """Tell where the test is."""
        span = self._test.span
        return self.path, None if span is None else span.line - 1, self.name


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Begin to measure before anything of the application is imported."""
    options = early_config.known_args_namespace
    if not options.oso_cov or getattr(options, "no_cov", False):
        yield
    elif getattr(options, "cov_source", None):
        with _telling():
            yield
    else:
        _measure_policies(early_config)
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_sessionstart(session: pytest.Session) -> Iterator[None]:
    """Tell the coverage of a worker of pytest-xdist, which begins here."""
    is_told = session.config.option.oso_cov and getattr(session.config.option, "cov_source", None)
    with _telling() if is_told else contextlib.nullcontext():
        yield


def _telling() -> contextlib.AbstractContextManager[None]:
    _check_for_coverage()
    from flask_oso.testing.policy_coverage import telling

    return telling()


def _measure_policies(config: pytest.Config) -> None:
    _check_for_coverage()
    from flask_oso.testing.policy_coverage import measure_policies

    measured = measure_policies()
    if measured is not None:
        config.pluginmanager.register(_PolicyCoveragePlugin(measured), "flask_oso_cov")


def _check_for_coverage() -> None:
    try:
        import coverage  # noqa: F401  # whether it is there
    except ImportError:
        raise pytest.UsageError(_NO_COVERAGE) from None


class _PolicyCoveragePlugin:
    """Ends the coverage of policies with the run, and reports it."""

    def __init__(self, measured: PolicyCoverage) -> None:
        self._measured = measured

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._measured.stop()
        output: dict[str, t.Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_LINES] = self._measured.lines()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: t.Any) -> None:
        self._measured.add(getattr(node, "workeroutput", {}).get(_LINES, {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_sep("=", "coverage of policies")
        terminalreporter.write(self._measured.report())

    def pytest_unconfigure(self) -> None:
        self._measured.stop()
