"""Organizations: a list, a page for each, and a form for their owners."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from flask_oso import authorize

from .authorization import readable
from .db import get_session
from .forms import fill
from .models import Organization, Page, Repository

bp = Blueprint("organizations", __name__, url_prefix="/organizations")


@bp.get("/")
@authorize("browse", "organizations")
def index() -> str:
    rows = get_session().scalars(readable(Organization).order_by(Organization.name))
    return render_template("organizations/index.html", organizations=rows.all())


@bp.get("/<int:organization_id>")
@authorize("read", Organization)
def show(organization: Organization) -> str:
    repositories = readable(Repository).where(Repository.organization == organization)
    pages = readable(Page).where(Page.organization == organization)
    return render_template(
        "organizations/show.html",
        organization=organization,
        repositories=get_session().scalars(repositories.order_by(Repository.name)).all(),
        pages=get_session().scalars(pages.order_by(Page.title)).all(),
    )


@bp.route("/<int:organization_id>/edit", methods=["GET", "POST"])
@authorize("edit", Organization)
def edit(organization: Organization) -> ResponseReturnValue:
    if fill(organization, "name", "about"):
        get_session().commit()
        return redirect(url_for(".show", organization_id=organization.id))
    return render_template("organizations/form.html", organization=organization)
