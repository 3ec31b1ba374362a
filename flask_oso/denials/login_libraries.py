"""The libraries with which users log in to an app, as far as the app uses them.

None is imported for that.
"""

from __future__ import annotations

import sys
import typing as t

from flask import Flask


def is_anonymous(app: Flask, actor: t.Any) -> bool:
    """Tell whether an actor is nobody, also as the object that Flask-Login has for that."""
    if actor is None:
        return True
    manager = login_manager_of(app)
    if manager is None:
        return False
    mixin = sys.modules["flask_login"].AnonymousUserMixin
    return isinstance(actor, mixin) or type(actor) is manager.anonymous_user


def login_manager_of(app: Flask) -> t.Any:
    """Give the ``LoginManager`` of an app that uses Flask-Login; ``None`` for others."""
    manager = getattr(app, "login_manager", None)
    if manager is None:
        return None
    flask_login = sys.modules.get("flask_login")
    is_ours = flask_login is not None and isinstance(manager, flask_login.LoginManager)
    return manager if is_ours else None


def uses_jwt(app: Flask) -> bool:
    """Tell whether an app uses Flask-JWT-Extended."""
    return "flask-jwt-extended" in app.extensions
