"""Issues: a page for each, forms to report and edit, buttons to close and delete.

The blueprint is guarded as a whole: who may not read the repository does not come in, whatever
a view asks besides. An issue has to be one of the repository in the URL; otherwise it is 404.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from flask_oso import authorize

from .extensions import db, oso
from .models import Issue, Repository

bp = Blueprint("issues", __name__, url_prefix="/repositories/<int:repository_id>/issues")
oso.guard(bp, "read", Repository)


class IssueForm(FlaskForm):
    title = StringField("Title", [DataRequired(), Length(max=120)])
    body = TextAreaField("What happens", render_kw={"rows": 8})


@bp.get("/<int:issue_id>")
@authorize("read", Issue)
def show(issue: Issue) -> str:
    return render_template("issues/show.html", issue=issue)


@bp.route("/new", methods=["GET", "POST"])
@authorize("create_issues", Repository)
def new(repository: Repository) -> ResponseReturnValue:
    form = IssueForm()
    if not form.validate_on_submit():
        back = url_for("repositories.show", repository_id=repository.id)
        return render_template("form.html", title="New issue", form=form, back=back)
    issue = Issue(repository=repository, author_id=current_user.id)
    form.populate_obj(issue)
    db.session.add(issue)
    db.session.commit()
    return redirect(url_of(issue))


@bp.route("/<int:issue_id>/edit", methods=["GET", "POST"])
@authorize("edit", Issue)
def edit(issue: Issue) -> ResponseReturnValue:
    form = IssueForm(obj=issue)
    if not form.validate_on_submit():
        return render_template("form.html", title="Edit issue", form=form, back=url_of(issue))
    form.populate_obj(issue)
    db.session.commit()
    return redirect(url_of(issue))


@bp.post("/<int:issue_id>/close")
@authorize("close", Issue)
def close(issue: Issue) -> ResponseReturnValue:
    issue.closed = True
    db.session.commit()
    return redirect(url_of(issue))


@bp.post("/<int:issue_id>/delete")
@authorize("delete", Issue)
def delete(issue: Issue) -> ResponseReturnValue:
    db.session.delete(issue)
    db.session.commit()
    flash(f"The issue “{issue.title}” is deleted.")
    return redirect(url_for("repositories.show", repository_id=issue.repository_id))


def url_of(issue: Issue) -> str:
    """Give the address of an issue, which names its repository, too."""
    return url_for("issues.show", repository_id=issue.repository_id, issue_id=issue.id)
