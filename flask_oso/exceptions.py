"""What a refusal looks like when ``Oso.authorize`` and its kin give it.

These are plain exceptions without an HTTP status: an application maps them with
``@app.errorhandler(ForbiddenError)`` and ``@app.errorhandler(NotFoundError)``. A policy
that is broken or an application that is misconfigured raises other errors of
``flask_oso.polar.exceptions``, never one of these.
"""

from __future__ import annotations

from .polar.exceptions import OsoError


class AuthorizationError(OsoError):
    """Base of the refusals: catch it where both get the same answer."""

    # Those of the class: to keep them with each error takes several times as long as to decide.
    details = None


class NotFoundError(AuthorizationError):
    """The actor may not even read the resource: answer 404, so that nobody learns that it exists.

    ``Oso.authorize`` raises it. A ``FlaskOso`` raises ``werkzeug.exceptions.NotFound`` instead.
    """

    message = (
        "Oso NotFoundError -- The current user does not have permission to read the given"
        " resource. You should handle this error by returning a 404 error to the client."
    )

    def __init__(self) -> None:
        self.args = (self.message,)


class ForbiddenError(AuthorizationError):
    """The actor may read the resource, but not do this: answer 403.

    ``Oso.authorize``, ``authorize_field`` and ``authorize_request`` raise it. A ``FlaskOso`` raises
    ``werkzeug.exceptions.Forbidden`` instead.
    """

    message = (
        "Oso ForbiddenError -- The requested action was not allowed for the given resource."
        " You should handle this error by returning a 403 error to the client."
    )

    def __init__(self) -> None:
        self.args = (self.message,)
