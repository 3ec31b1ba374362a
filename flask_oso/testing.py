"""What tests of an application with a policy need: clients that are somebody.

Nothing here turns authorization off. A test says who asks, and the policy answers. The
fixtures of pytest are in ``_flask_oso_pytest``, which imports this when a test asks for one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from flask import Flask, session
from flask.testing import FlaskClient

from .globals import STAND_IN, unwrap


@dataclasses.dataclass(frozen=True, eq=False)
class StandIn:
    """The current actor of the requests in whose WSGI environment this is."""

    actor: t.Any


def as_user(client: FlaskClient, user: t.Any) -> FlaskClient:
    """Make a client whose requests have this user as the current actor.

    It is a client of the same class and with the same ``environ_base``, and has cookies of
    its own. Where the app has Flask-Login the user is logged in there, too, so that
    ``current_user`` and ``@login_required`` agree. The client that was given is unchanged.

    :param user: the actor; ``None`` is the anonymous actor.
    """
    user = unwrap(user)
    own = type(client)(
        client.application,
        client.response_wrapper,
        allow_subdomain_redirects=client.allow_subdomain_redirects,
    )
    environ: dict[str, t.Any] = {**client.environ_base, STAND_IN: StandIn(user)}
    own.environ_base = environ
    if hasattr(own.application, "login_manager") and hasattr(user, "get_id"):
        _log_in(own, user)
    return own


def _log_in(client: FlaskClient, user: t.Any) -> None:
    """Give a client the session that a login of Flask-Login makes."""
    from flask_login import login_user  # type: ignore[import-untyped]

    app: Flask = client.application
    # As a request of this client: the session is bound to its address and its browser.
    with app.test_request_context(environ_base=client.environ_base):
        login_user(user)
        made = dict(session)
    with client.session_transaction() as kept:
        kept.update(made)
