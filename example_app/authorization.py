"""All that connects the views to the policy: who asks, about what, and what they hear.

A view is given its row by ``@authorize("edit", Issue)``. Whoever may not read a row hears
404, as if there were none; whoever may read it, but not do this to it, hears 403 (see
``errors``).
"""

from __future__ import annotations

import typing as t

from flask import Flask
from sqlalchemy import Select

from flask_oso import FlaskOso, Oso

from .db import get_session
from .models import Base

Row = t.TypeVar("Row", bound=Base)

authorization = FlaskOso(models=Base, session=get_session)


def init_app(app: Flask) -> None:
    """Load the policy for this app; templates show buttons where ``can(…)`` says so."""
    oso = Oso()
    oso.enable_roles()
    authorization.init_app(app, oso)


def readable(model: type[Row]) -> Select[tuple[Row]]:
    """Return a statement that selects the rows that this visitor may read."""
    return authorization.scope("read", model)
