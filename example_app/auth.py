"""Who is there. Anybody may be anybody here: one click logs in as a sample user."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from flask_oso import skip_authorization

from .db import get_session
from .models import User

bp = Blueprint("auth", __name__)


def init_app(app: Flask) -> None:
    """Put the user of each request on ``g``, and all users where templates find them."""
    app.before_request(load_user)
    app.jinja_env.globals["sample_users"] = list_users


def load_user() -> None:
    """Set ``g.user``: a user, or ``None`` when nobody is logged in."""
    user_id = session.get("user_id")
    g.user = None if user_id is None else get_session().get(User, user_id)


def list_users() -> list[User]:
    """Return all users by name."""
    return list(get_session().scalars(sa.select(User).order_by(User.name)))


@bp.post("/login")
@skip_authorization(reason="Everybody may log in.")
def login() -> ResponseReturnValue:
    user = get_session().get(User, request.form.get("user_id", 0, type=int))
    if user is None:
        abort(400, "There is no such user.")
    session.clear()
    session["user_id"] = user.id
    flash(f"You are {user.name} now, who {user.about}.")
    return redirect(url_for("home.index"))


@bp.post("/logout")
@skip_authorization(reason="Everybody may log out.")
def logout() -> ResponseReturnValue:
    session.clear()
    return redirect(url_for("home.index"))
