"""Who is there: a user with a session, or a program with a token.

Anybody may be anybody here: one click logs in as a sample user. Your login stands in its place.
"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Request, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from .extensions import db, login, oso
from .models import Token, User

bp = Blueprint("auth", __name__)


@login.user_loader
def load_user(user_id: str) -> User | None:
    """Find the user of a session. The API knows no sessions, and so needs no CSRF tokens."""
    return None if request.blueprint == "api" else db.session.get(User, int(user_id))


@login.request_loader
def load_token(request: Request) -> Token | None:
    """Find the token of a program that calls the API."""
    sent = request.authorization
    if request.blueprint != "api" or sent is None or sent.type != "bearer" or not sent.token:
        return None
    return db.session.scalar(sa.select(Token).where(Token.digest == Token.digest_of(sent.token)))


@bp.get("/")
@oso.exempt(reason="Everybody may see the welcome page, and log in.")
def index() -> str:
    users = db.session.scalars(sa.select(User).order_by(User.name)).all()
    return render_template("welcome.html", users=users)


@bp.post("/login")
@oso.exempt(reason="Everybody may log in.")
def log_in() -> ResponseReturnValue:
    user = db.session.get(User, request.form.get("user_id", 0, type=int))
    if user is None:
        abort(400, "There is no such user.")
    login_user(user)
    flash(f"You are {user.name} now, who {user.about}.")
    return redirect(url_for("repositories.index"))


@bp.post("/logout")
@oso.exempt(reason="Everybody may log out.")
def log_out() -> ResponseReturnValue:
    logout_user()
    return redirect(url_for(".index"))
