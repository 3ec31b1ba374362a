"""The API: issues as JSON, for programs with a token. Denials are problem details (RFC 9457).

``curl -H 'Authorization: Bearer ben-reads' http://127.0.0.1:5000/api/issues`` is one. Send
``Accept: application/json`` as well, or denials are pages.
"""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Select
from werkzeug.exceptions import HTTPException

from flask_oso import authorize

from .extensions import csrf, db, oso
from .models import Issue

bp = Blueprint("api", __name__, url_prefix="/api")
# Nobody acts here for having a cookie, see 'auth.load_user', so no form of another site does.
csrf.exempt(bp)


@bp.errorhandler(HTTPException)
def answer_error(error: HTTPException) -> ResponseReturnValue:
    """Let errors answer for themselves, in place of the pages of ``errors``."""
    return error


@bp.get("/issues")
@oso.lists("read", Issue)
def index(issues: Select[t.Any]) -> ResponseReturnValue:
    return [as_json(issue) for issue in db.session.scalars(issues.order_by(Issue.id))]


@bp.post("/issues/<int:issue_id>/close")
@authorize("close", Issue)
def close(issue: Issue) -> ResponseReturnValue:
    issue.closed = True
    db.session.commit()
    return as_json(issue)


def as_json(issue: Issue) -> dict[str, t.Any]:
    """Give the fields of an issue that programs are shown."""
    return {
        "id": issue.id,
        "repository": issue.repository_id,
        "title": issue.title,
        "body": issue.body,
        "closed": issue.closed,
    }
