"""The welcome page, and the list of people."""

from __future__ import annotations

from flask import Blueprint, render_template

from flask_oso import authorize, skip_authorization

bp = Blueprint("home", __name__)


@bp.get("/")
@skip_authorization(reason="The welcome page shows nothing of anybody.")
def index() -> str:
    return render_template("home/index.html")


@bp.get("/people")
@authorize("browse", "people")
def people() -> str:
    return render_template("home/people.html")
