"""Issues: a page for each, forms to report, edit, close and delete."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from flask_oso import authorize

from .db import get_session
from .forms import fill
from .models import Issue, Repository

bp = Blueprint("issues", __name__)


@bp.get("/issues/<int:issue_id>")
@authorize("read", Issue)
def show(issue: Issue) -> str:
    return render_template("issues/show.html", issue=issue)


@bp.route("/repositories/<int:repository_id>/issues/new", methods=["GET", "POST"])
@authorize("create_issues", Repository)
def new(repository: Repository) -> ResponseReturnValue:
    issue = Issue(repository_id=repository.id, author_id=g.user.id)
    if fill(issue, "title", "body"):
        get_session().add(issue)
        get_session().commit()
        return redirect(url_for(".show", issue_id=issue.id))
    return render_template("issues/form.html", repository=repository, issue=issue)


@bp.route("/issues/<int:issue_id>/edit", methods=["GET", "POST"])
@authorize("edit", Issue)
def edit(issue: Issue) -> ResponseReturnValue:
    if fill(issue, "title", "body"):
        get_session().commit()
        return redirect(url_for(".show", issue_id=issue.id))
    return render_template("issues/form.html", repository=issue.repository, issue=issue)


@bp.post("/issues/<int:issue_id>/close")
@authorize("close", Issue)
def close(issue: Issue) -> ResponseReturnValue:
    issue.closed = True
    get_session().commit()
    return redirect(url_for(".show", issue_id=issue.id))


@bp.post("/issues/<int:issue_id>/delete")
@authorize("delete", Issue)
def delete(issue: Issue) -> ResponseReturnValue:
    repository_id = issue.repository_id
    get_session().delete(issue)
    get_session().commit()
    flash("The issue is deleted.")
    return redirect(url_for("repositories.show", repository_id=repository_id))
