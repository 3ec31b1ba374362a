"""Only our own pages may change something: every form carries a token of its session.

The session cookie is ``SameSite=Lax`` besides, so a form of another site comes without a
session. The token also stops other servers on the same host, which count as the same site.
"""

from __future__ import annotations

import hmac
import secrets

from flask import Flask, abort, request, session


def init_app(app: Flask) -> None:
    """Check the token before each view, and give templates ``csrf_token()``."""
    app.before_request(check_token)
    app.jinja_env.globals["csrf_token"] = get_token


def get_token() -> str:
    """Return the token of this session, a new one at the first call."""
    token: str = session.setdefault("token", secrets.token_hex())
    return token


def check_token() -> None:
    """Refuse a change that does not come from a form of this session."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    expected = session.get("token")
    given = request.form.get("token", "")
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        abort(400, "The form is too old. Reload the page and send it again.")
