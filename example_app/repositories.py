"""Repositories: a list, a page for each with its issues, forms to make, edit and delete."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from flask_oso import authorize

from .authorization import readable
from .db import get_session
from .forms import fill
from .models import Issue, Organization, Repository

bp = Blueprint("repositories", __name__)


@bp.get("/repositories/")
@authorize("browse", "repositories")
def index() -> str:
    rows = get_session().scalars(
        readable(Repository).options(joinedload(Repository.organization)).order_by(Repository.name)
    )
    return render_template("repositories/index.html", repositories=rows.all())


@bp.get("/repositories/<int:repository_id>")
@authorize("read", Repository)
def show(repository: Repository) -> str:
    issues = readable(Issue).where(Issue.repository == repository).order_by(Issue.id)
    return render_template(
        "repositories/show.html",
        repository=repository,
        issues=get_session().scalars(issues).all(),
    )


@bp.route("/organizations/<int:organization_id>/repositories/new", methods=["GET", "POST"])
@authorize("create_repositories", Organization)
def new(organization: Organization) -> ResponseReturnValue:
    repository = Repository(organization_id=organization.id)
    if fill_repository(repository):
        get_session().add(repository)
        get_session().commit()
        return redirect(url_for(".show", repository_id=repository.id))
    return render_template(
        "repositories/form.html", organization=organization, repository=repository
    )


@bp.route("/repositories/<int:repository_id>/edit", methods=["GET", "POST"])
@authorize("edit", Repository)
def edit(repository: Repository) -> ResponseReturnValue:
    if fill_repository(repository):
        get_session().commit()
        return redirect(url_for(".show", repository_id=repository.id))
    return render_template(
        "repositories/form.html", organization=repository.organization, repository=repository
    )


@bp.post("/repositories/<int:repository_id>/delete")
@authorize("delete", Repository)
def delete(repository: Repository) -> ResponseReturnValue:
    flash(f"The repository {repository.name} is deleted.")
    get_session().delete(repository)
    get_session().commit()
    return redirect(url_for(".index"))


def fill_repository(repository: Repository) -> bool:
    """Copy the form to a repository; a box that is not ticked is not sent."""
    if request.method == "POST":
        repository.public = "public" in request.form
    return fill(repository, "name", "about")
