"""How an app is served: by ``flask run``, which can be told, or in another way.

A server that imports an app looks like a test or a script that does; the command of Flask
says what it is.
"""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import run_command


def is_run_by_flask(app: Flask) -> bool:
    """Tell whether ``flask run`` serves an app, and not in debug mode."""
    context = click.get_current_context(silent=True)
    return not app.debug and context is not None and context.command is run_command
