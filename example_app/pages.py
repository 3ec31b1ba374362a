"""Pages: a list, a page for each, forms to make, edit and delete.

What a user may do to a page is up to the older roles (``policies/pages.polar``); the views
cannot tell the difference.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from flask_oso import authorize

from .authorization import readable
from .db import get_session
from .forms import fill
from .models import Organization, Page

bp = Blueprint("pages", __name__)


@bp.get("/pages/")
@authorize("browse", "pages")
def index() -> str:
    rows = get_session().scalars(
        readable(Page).options(joinedload(Page.organization)).order_by(Page.title)
    )
    return render_template("pages/index.html", pages=rows.all())


@bp.get("/pages/<int:page_id>")
@authorize("read", Page)
def show(page: Page) -> str:
    return render_template("pages/show.html", page=page)


@bp.route("/organizations/<int:organization_id>/pages/new", methods=["GET", "POST"])
@authorize("create_pages", Organization)
def new(organization: Organization) -> ResponseReturnValue:
    page = Page(organization_id=organization.id)
    if fill(page, "title", "body"):
        get_session().add(page)
        get_session().commit()
        return redirect(url_for(".show", page_id=page.id))
    return render_template("pages/form.html", organization=organization, page=page)


@bp.route("/pages/<int:page_id>/edit", methods=["GET", "POST"])
@authorize("edit", Page)
def edit(page: Page) -> ResponseReturnValue:
    if fill(page, "title", "body"):
        get_session().commit()
        return redirect(url_for(".show", page_id=page.id))
    return render_template("pages/form.html", organization=page.organization, page=page)


@bp.post("/pages/<int:page_id>/delete")
@authorize("delete", Page)
def delete(page: Page) -> ResponseReturnValue:
    flash(f"The page “{page.title}” is deleted.")
    get_session().delete(page)
    get_session().commit()
    return redirect(url_for(".index"))
