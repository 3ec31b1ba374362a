"""Issues: a page for each, forms to report, edit, close and delete."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from flask_oso import authorizes_inside

from .authorization import get_authorized
from .db import get_session
from .forms import fill
from .models import Issue, Repository

bp = Blueprint("issues", __name__)


@bp.get("/issues/<int:issue_id>")
@authorizes_inside
def show(issue_id: int) -> str:
    issue = get_authorized(Issue, issue_id, "read")
    return render_template("issues/show.html", issue=issue)


@bp.route("/repositories/<int:repository_id>/issues/new", methods=["GET", "POST"])
@authorizes_inside
def new(repository_id: int) -> ResponseReturnValue:
    repository = get_authorized(Repository, repository_id, "create_issues")
    issue = Issue(repository_id=repository.id, author_id=g.user.id)
    if fill(issue, "title", "body"):
        get_session().add(issue)
        get_session().commit()
        return redirect(url_for(".show", issue_id=issue.id))
    return render_template("issues/form.html", repository=repository, issue=issue)


@bp.route("/issues/<int:issue_id>/edit", methods=["GET", "POST"])
@authorizes_inside
def edit(issue_id: int) -> ResponseReturnValue:
    issue = get_authorized(Issue, issue_id, "edit")
    if fill(issue, "title", "body"):
        get_session().commit()
        return redirect(url_for(".show", issue_id=issue.id))
    return render_template("issues/form.html", repository=issue.repository, issue=issue)


@bp.post("/issues/<int:issue_id>/close")
@authorizes_inside
def close(issue_id: int) -> ResponseReturnValue:
    issue = get_authorized(Issue, issue_id, "close")
    issue.closed = True
    get_session().commit()
    return redirect(url_for(".show", issue_id=issue.id))


@bp.post("/issues/<int:issue_id>/delete")
@authorizes_inside
def delete(issue_id: int) -> ResponseReturnValue:
    issue = get_authorized(Issue, issue_id, "delete")
    repository_id = issue.repository_id
    get_session().delete(issue)
    get_session().commit()
    flash("The issue is deleted.")
    return redirect(url_for("repositories.show", repository_id=repository_id))
