"""Organizations: a list, and a page for each with its repositories."""

from __future__ import annotations

import typing as t

from flask import Blueprint, render_template
from sqlalchemy import Select

from flask_oso import authorize

from .extensions import db, oso
from .models import Organization, Repository

bp = Blueprint("organizations", __name__, url_prefix="/organizations")


@bp.get("/")
@oso.lists("read", Organization)
def index(organizations: Select[t.Any]) -> str:
    rows = db.session.scalars(organizations.order_by(Organization.name))
    return render_template("organizations/index.html", organizations=rows.all())


@bp.get("/<int:organization_id>")
@authorize("read", Organization)
def show(organization: Organization) -> str:
    repositories = oso.scope("read", Repository).where(Repository.organization == organization)
    return render_template(
        "organizations/show.html",
        organization=organization,
        repositories=db.session.scalars(repositories.order_by(Repository.name)).all(),
    )
