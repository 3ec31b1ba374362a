"""All that connects the views to the policy: who asks, about what, and what they hear.

A view gets its row through ``get_authorized``. Whoever may not read a row hears 404, as if
there were none; whoever may read it, but not do this to it, hears 403 (see ``errors``).
``FlaskOso.authorize`` decides and counts as the view's check; where it denies,
``Oso.authorize`` tells the two apart.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from flask import Flask, g
from werkzeug.exceptions import Forbidden

from flask_oso import FlaskOso, Oso, current_oso

from .db import get_session
from .models import Base, Issue, Organization, Page, Repository, User

Row = t.TypeVar("Row", bound=Base)

authorization = FlaskOso()
authorization.set_get_actor(lambda: g.user)


def init_app(app: Flask) -> None:
    """Load the policy for this app, and give templates what they need to show buttons."""
    oso = Oso()
    for model in (User, Organization, Repository, Issue, Page):
        oso.register_class(model)
    oso.enable_roles()
    authorization.init_app(app, oso)
    app.jinja_env.globals["allowed_actions"] = allowed_actions


def get_authorized(model: type[Row], row_id: int, action: str) -> Row:
    """Return a row to whoever may do the action to it.

    :raises NotFoundError: there is no such row, or this visitor may not read it.
    :raises ForbiddenError: this visitor may read it, but not do this.
    """
    row = get_session().get(model, row_id)
    try:
        authorization.authorize(row, action=action)
    except Forbidden:
        current_oso.authorize(g.user, action, row)
        raise
    return t.cast(Row, row)


def only_readable(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that this visitor may read. Each is asked about: these lists are short."""
    return [row for row in rows if current_oso.is_allowed(g.user, "read", row)]


def allowed_actions(resource: object) -> set[str]:
    """Return what this visitor may do to a resource, for templates that offer no more."""
    return current_oso.authorized_actions(g.user, resource)
