"""A small application to read: organizations, their repositories, issues and pages.

``create_app`` is the factory. Each noun has a module with its views, as in Flask's
tutorial; ``authorization`` is all that connects them to the policy in ``policies/``.
"""

from __future__ import annotations

import secrets
import typing as t
from pathlib import Path

from flask import Flask

from . import (
    auth,
    authorization,
    csrf,
    db,
    errors,
    home,
    issues,
    organizations,
    pages,
    repositories,
)

POLICIES = [
    "policies/main.polar",
    "policies/organizations.polar",
    "policies/repositories.polar",
    "policies/issues.polar",
    "policies/pages.polar",
]


def create_app(config: dict[str, t.Any] | None = None) -> Flask:
    """Make the application; its database is made by ``flask --app example_app init-db``.

    :param config: settings that win over the defaults and over ``FLASK_*`` in the environment.
    """
    app = Flask(__name__)
    app.config.from_mapping(
        # A new key for each start: everybody is logged out when the server restarts.
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        DATABASE=f"sqlite:///{Path(app.instance_path) / 'example.sqlite'}",
        OSO_POLICIES=POLICIES,
        OSO_ENFORCE="strict",
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    Path(app.instance_path).mkdir(exist_ok=True)

    for part in (db, auth, csrf, authorization, errors):
        part.init_app(app)
    for noun in (home, auth, organizations, repositories, issues, pages):
        app.register_blueprint(noun.bp)
    # A view that says nothing of authorization is met here, and not by its first visitor.
    authorization.authorization.check_routes(app)
    return app
