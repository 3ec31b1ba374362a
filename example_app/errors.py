"""The pages for what may not be done, what is not there, and what went wrong on the way."""

from __future__ import annotations

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, Forbidden, NotFound


def init_app(app: Flask) -> None:
    """Show a page of ours for each."""
    app.register_error_handler(Forbidden, show_forbidden)
    app.register_error_handler(NotFound, show_not_found)
    app.register_error_handler(BadRequest, show_bad_request)


def show_forbidden(_error: Exception) -> ResponseReturnValue:
    return render_template("errors/forbidden.html"), 403


def show_not_found(_error: Exception) -> ResponseReturnValue:
    return render_template("errors/not_found.html"), 404


def show_bad_request(error: Exception) -> ResponseReturnValue:
    return render_template("errors/bad_request.html", error=error), 400
