"""The page for what may not be done, what is not there, and what went wrong on the way."""

from __future__ import annotations

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException


def init_app(app: Flask) -> None:
    """Show our page for each error; a handler for 403 alone would come before that of ``api``."""
    app.register_error_handler(HTTPException, show_error)


def show_error(error: HTTPException) -> ResponseReturnValue:
    """Show the error; ``error.reason`` of a 403 is what the policy says to the visitor."""
    reason = getattr(error, "reason", None)
    return render_template("error.html", error=error, reason=reason), error.code or 500
