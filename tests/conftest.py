"""What the tests of the Flask layer share: a site that notes which views were entered."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Generator, Iterator

import pytest
from flask import Flask, g, request
from hypothesis import settings
from werkzeug.test import TestResponse

from flask_oso import FlaskOso, Oso
from tests.support.skips import fail_if_skipped

#: Ann may read and list the page, root may do everything, nobody else may do anything.
POLICY = """
allow("ann", "read", "page");
allow("ann", "GET", "page");
allow("ann", "GET", _: Request);
allow("root", _, _);
"""

# The same inputs in each run, and none that fails for being slow: no run fails by chance.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")

#: What a test needs that has a fixture of this name; a tally is one of random cases.
_MARKERS = {
    "browser": "browser",
    "mariadb": "database",
    "postgresql": "database",
    "tally": "random",
}

MakeOso = Callable[..., Oso]
MakeSite = Callable[..., "Site"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and those that Hypothesis feeds."""
    for item in items:
        for name in getattr(item, "fixturenames", ()):
            if name in _MARKERS:
                item.add_marker(_MARKERS[name])
        if hasattr(getattr(item, "obj", None), "hypothesis"):
            item.add_marker("random")


@dataclasses.dataclass
class Site:
    """An app with a FlaskOso whose actor is the ``user`` of the query string."""

    app: Flask
    guard: FlaskOso
    entered: list[str] = dataclasses.field(default_factory=list)

    def enter(self, answer: t.Any = "SECRET") -> t.Any:
        """Note that a view was entered, and give what it answers."""
        self.entered.append(request.path)
        return answer

    def open(self, path: str, user: str | None = "eve", **options: t.Any) -> TestResponse:
        """Send a request as a user."""
        query = {} if user is None else {"user": user}
        return self.app.test_client().open(path, query_string=query, **options)


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


def load_user() -> None:
    """Make the ``user`` of the query string the current user."""
    g.current_user = request.args.get("user")


@pytest.fixture
def make_oso() -> MakeOso:
    """Make an Oso with a policy and classes."""

    def make(policy: str = POLICY, *classes: type) -> Oso:
        oso = Oso()
        for cls in classes:
            oso.register_class(cls)
        FlaskOso(oso)  # It registers the class Request, which policies may name.
        oso.load_str(policy)
        return oso

    return make


@pytest.fixture
def make_site() -> MakeSite:
    """Make a site with a policy; further arguments are its configuration."""

    def make(policy: str = POLICY, /, **config: t.Any) -> Site:
        oso = Oso()
        app = Flask("site")
        app.config.update(config)
        app.before_request(load_user)
        guard = FlaskOso(oso)
        oso.load_str(policy)
        guard.init_app(app)
        return Site(app, guard)

    return make


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """Give a site with the usual policy that requires nothing of its views."""
    return make_site()
