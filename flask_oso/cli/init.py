"""``flask oso init``: a first policy, written from the models."""

from __future__ import annotations

import pkgutil
import sys
import types
import typing as t
from pathlib import Path

import click
from flask import Flask, current_app

from ..app_state import state_of
from ..config import tolerate_absent_policies
from ..polar.exceptions import OsoError, PolarFileNotFoundError
from .terminal.output import echo, shown_path
from .terminal.running import Exit, MisuseError, enter_app, exit_on_errors

_HELP = """Write a first policy from the mapped classes.

It has a block for each class, relations from foreign keys, and an owner's rule where a
relation to people has a usual name, such as owner or author. Its comments say what to decide
next. Whatever it does not allow is denied.

The policy is shown. With '--write' it is written to FILE, which must not exist. FILE is the
one of OSO_POLICIES if that is one name, and policies/main.polar otherwise.

\b
  flask oso init                                what would be written
  flask oso init --write                        write it
  flask oso init --models shop.models:Base      before the application starts
"""
_FILE = "policies/main.polar"


@click.command("init", help=_HELP)
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@click.option(
    "--models",
    help="The declarative base, or the 'db' of Flask-SQLAlchemy, as MODULE:NAME."
    " No application is needed.",
)
@click.option("--actor", help="The class of who acts. User, if there is one of this name.")
@click.option("--write", is_flag=True, help="Write the file.")
def init(file: str | None, models: str | None, actor: str | None, write: bool) -> None:
    """Show a first policy, or write it."""
    with exit_on_errors(Exit.MISCONFIGURED):
        base, target = _models(models), Path(file or _configured_file())
        if write and target.exists():
            raise MisuseError(
                f"'{shown_path(str(target))}' exists, and is not overwritten. Name another file."
            )
        text = _draft(base, actor)
        if not write:
            echo(text, nl=False)
            echo(f"Nothing is written. {_how_to_write(target)}", err=True)
            return
        _write(target, text)
        echo(f"{shown_path(str(target))} is written. Read it: it grants only what it says.")
        if not current_app:
            echo(
                "Name it in 'OSO_POLICIES': 'policy.polar' is the file beside the application, or"
                " in the folder of its package. Give your classes to 'FlaskOso': 'models=…'."
            )
        echo("Set 'OSO_ENFORCE = \"strict\"' beside 'OSO_POLICIES', so that no view is forgotten.")


def _how_to_write(target: Path) -> str:
    shown = shown_path(str(target))
    if not target.exists():
        return f"'--write' writes this to {shown}."
    return f"{shown} exists, and stays as it is: name another file, and '--write'."


def _models(named: str | None) -> t.Any:
    """Find the models that are named, or those of the application."""
    if named is not None:
        # As Flask does for the module of an app: else the program's own folder is searched alone.
        if (folder := str(Path.cwd())) not in sys.path:
            sys.path.insert(0, folder)
        try:
            found = pkgutil.resolve_name(named)
        except (ImportError, AttributeError, ValueError) as error:
            raise MisuseError(f"'--models {named}' cannot be imported: {error}") from error
        # The extension object of Flask-SQLAlchemy is where most programs have their models.
        return _no_module(getattr(found, "Model", found), named)
    tolerate_absent_policies()
    try:
        app = enter_app()
    except PolarFileNotFoundError as error:
        raise MisuseError(
            f"The application does not start without its policy: {error}\nGive the models by"
            " name: flask oso init --models MODULE:NAME --write"
        ) from error
    found = _models_of(app)
    if found is None:
        raise MisuseError(
            "The application has neither Flask-SQLAlchemy nor mapped classes that are registered."
            " Give the models by name: --models MODULE:NAME"
        )
    return found


def _no_module(found: t.Any, named: str) -> t.Any:
    """Give what was named; a module has no tables itself.

    :raises MisuseError: it is one.
    """
    if isinstance(found, types.ModuleType):
        raise MisuseError(
            f"'--models {named}' is a module. Name the base, or the 'db', in it:"
            f" '--models {named.removesuffix(':')}:Base'."
        )
    return found


def _models_of(app: Flask) -> t.Any:
    extension = app.extensions.get("sqlalchemy")
    if extension is not None and hasattr(extension, "Model"):
        return extension.Model
    state = app.extensions.get("oso") and state_of(app)
    oso = state.oso if state else None
    classes = [] if oso is None else [*oso.host.classes.values()]
    return [cls for cls in classes if hasattr(cls, "__mapper__")] or None


def _configured_file() -> str:
    if not current_app:
        return _FILE
    policies = current_app.config.get("OSO_POLICIES")
    if not isinstance(policies, str) or "*" in policies:
        return _FILE
    return str(Path(current_app.root_path) / policies)


def _draft(models: t.Any, actor: str | None) -> str:
    try:
        from ..sqlalchemy.tools.first_policy import draft_policy
    except ImportError as error:
        raise MisuseError(
            "A first policy is written from mapped classes. Install SQLAlchemy."
        ) from error
    try:
        return draft_policy(models, actor)
    except OsoError as error:
        raise MisuseError(str(error)) from error


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        # "x" fails if the file came to be since the command looked.
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise MisuseError(f"'{shown_path(str(target))}' exists, and is not overwritten.") from error
