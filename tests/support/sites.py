"""Applications: bare ones, and sites with the extension that note which views were entered."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

from click.testing import Result
from flask import Flask, g, request
from werkzeug.test import TestResponse

from flask_oso import FlaskOso, Oso, authorize
from flask_oso.cli import oso as commands
from flask_oso.enforcement.audit.route_audit import Row, audit_routes
from flask_oso.request_state import STAND_IN

from .policies import make_oso

__all__ = [
    "PLACES",
    "POLICY",
    "STAND_IN",
    "Site",
    "audit",
    "guard_start_page",
    "load_user",
    "make_app",
    "make_judged_site",
    "make_oso",
    "make_site",
    "make_strict_site",
    "run_command",
]

#: Where a view can be guarded.
PLACES = ["decorator", "hook", "inside"]
#: Ann may read and list the page, root may do everything, nobody else may do anything.
POLICY = """
allow("ann", "read", "page");
allow("ann", "GET", "page");
allow("ann", "GET", _: Request);
allow("root", _, _);
"""


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


def load_user() -> None:
    """Make the ``user`` of the query string the current user."""
    g.current_user = request.args.get("user")


def make_app(
    name: str = "site",
    /,
    *,
    folder: Path | None = None,
    static: Path | str | None = "static",
    **config: t.Any,
) -> Flask:
    """Make an application without the extension.

    :param folder: its root; by default that of the current directory.
    :param static: where its static files are, served below ``/static``; ``None``: it has none.
    :param config: its configuration.
    """
    app = Flask(
        name,
        root_path=None if folder is None else str(folder),
        static_folder=static,
        static_url_path="/static",
    )
    app.config.update(config)
    return app


def make_site(policy: str = POLICY, /, **config: t.Any) -> Site:
    """Make a site with a policy; what is named is its configuration."""
    app = make_app(**config)
    app.before_request(load_user)
    guard = FlaskOso(Oso())
    guard.oso.load_str(policy)
    guard.init_app(app)
    return Site(app, guard)


def make_judged_site(policy: str = POLICY, /, **config: t.Any) -> Site:
    """Make a site that judges every request by its route."""
    site = make_site(policy, **config)
    site.guard.perform_route_authorization(site.app)
    return site


def make_strict_site(policy: str = POLICY, /, **config: t.Any) -> Site:
    """Make a site that does not serve while a route is not guarded."""
    return make_site(policy, OSO_ENFORCE="strict", **config)


def run_command(app: Flask, *arguments: str, **options: t.Any) -> Result:
    """Run ``flask oso …`` in an app."""
    return app.test_cli_runner().invoke(commands, list(arguments), **options)


def audit(app: Flask) -> dict[str, Row]:
    """Give how the routes of an app are guarded, by endpoint."""
    return {row.endpoint: row for row in audit_routes(app).rows}


def guard_start_page(site: Site, place: str) -> None:
    """Add a protected view at '/', guarded in one of the places."""

    def inside() -> t.Any:
        site.guard.authorize(request)
        return site.enter()

    views = {
        "decorator": authorize(resource=request)(lambda: site.enter()),
        "hook": lambda: site.enter(),
        "inside": inside,
    }
    site.app.add_url_rule("/", "protected", views[place])
    if place == "hook":
        site.guard.perform_route_authorization(site.app)
