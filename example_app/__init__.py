"""A small application to read, and to copy: organizations, their repositories and issues.

Begin with ``extensions``, which has all four lines that set authorization up, then read
``issues``, the module with the most of it, and the policy beside it in ``policies/``.
"""

from __future__ import annotations

import secrets
import typing as t

from flask import Flask

from . import api, auth, errors, issues, organizations, repositories, sample
from .extensions import csrf, db, login, oso


def create_app(config: dict[str, t.Any] | None = None) -> Flask:
    """Make the application; its database is made by ``flask --app example_app init-db``.

    :param config: settings that win over the defaults and over ``FLASK_*`` in the environment.
    """
    app = Flask(__name__)
    app.config.from_mapping(
        # A new key for each start: everybody is logged out when the server restarts.
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        SQLALCHEMY_DATABASE_URI="sqlite:///example.sqlite",
        OSO_POLICIES="policies/*.polar",
        # A view that says nothing of authorization does not serve,
        OSO_ENFORCE="strict",
        # and a request that was allowed nothing does not write.
        OSO_VETO_COMMITS=True,
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})

    for extension in (db, login, csrf, oso):
        extension.init_app(app)
    for module in (auth, organizations, repositories, issues, api):
        app.register_blueprint(module.bp)
    errors.init_app(app)
    app.cli.add_command(sample.init_db)
    # A mistake in a guard is met here, and not by the first visitor.
    oso.check_routes(app)
    return app
