"""Repositories: a list with buttons, a page for each with its issues, and forms."""

from __future__ import annotations

import typing as t

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import Select
from sqlalchemy.orm import joinedload
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from flask_oso import authorize

from .extensions import db, oso
from .models import Issue, Organization, Repository

bp = Blueprint("repositories", __name__)


class RepositoryForm(FlaskForm):
    name = StringField("Name", [DataRequired(), Length(max=80)])
    about = StringField("About", [Length(max=200)])
    public = BooleanField("Everybody may read it")


@bp.get("/repositories/")
@oso.lists("read", Repository)
def index(repositories: Select[t.Any]) -> str:
    # One statement: the rows, and for each row which of its buttons are shown.
    may = oso.action_columns(Repository, ["create_issues", "edit"])
    rows = db.session.execute(
        repositories.add_columns(may["create_issues"], may["edit"])
        .options(joinedload(Repository.organization))
        .order_by(Repository.name)
    )
    return render_template("repositories/index.html", rows=rows.all())


@bp.get("/repositories/<int:repository_id>")
@authorize("read", Repository)
def show(repository: Repository) -> str:
    issues = oso.scope("read", Issue).where(Issue.repository == repository)
    may_close = oso.action_columns(Issue, ["close"])["close"]
    rows = db.session.execute(
        issues.add_columns(may_close).options(joinedload(Issue.author)).order_by(Issue.id)
    )
    return render_template("repositories/show.html", repository=repository, rows=rows.all())


@bp.route("/organizations/<int:organization_id>/repositories/new", methods=["GET", "POST"])
@authorize("create_repositories", Organization)
def new(organization: Organization) -> ResponseReturnValue:
    form = RepositoryForm()
    if not form.validate_on_submit():
        back = url_for("organizations.show", organization_id=organization.id)
        return render_template("form.html", title="New repository", form=form, back=back)
    repository = Repository(organization=organization)
    form.populate_obj(repository)
    db.session.add(repository)
    db.session.commit()
    return redirect(url_for(".show", repository_id=repository.id))


@bp.route("/repositories/<int:repository_id>/edit", methods=["GET", "POST"])
@authorize("edit", Repository)
def edit(repository: Repository) -> ResponseReturnValue:
    form = RepositoryForm(obj=repository)
    back = url_for(".show", repository_id=repository.id)
    if not form.validate_on_submit():
        return render_template("form.html", title="Edit repository", form=form, back=back)
    form.populate_obj(repository)
    db.session.commit()
    return redirect(back)


@bp.post("/repositories/<int:repository_id>/delete")
@authorize("delete", Repository)
def delete(repository: Repository) -> ResponseReturnValue:
    db.session.delete(repository)
    db.session.commit()
    flash(f"The repository {repository.name} is deleted.")
    return redirect(url_for(".index"))
