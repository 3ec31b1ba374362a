"""The application of a command, and the exit codes of results and errors.

Denied, broken and misconfigured have different exit codes. Python exits with 1 for an unhandled
exception; here 1 always means a denial or a finding. Signals and broken streams are handled in
``termination``.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import sys
import typing as t
from collections.abc import Callable, Iterator

import click
from flask import Flask, current_app
from flask.cli import NoAppException, ScriptInfo

from ...app_state import AppState, first_oso, state_of
from ...polar.exceptions import (
    InlineQueryFailedError,
    OsoError,
    ParserError,
    PolarFileExtensionError,
    PolarFileNotFoundError,
    PolarRuntimeError,
    RolesValidationError,
    ValidationError,
)
from .output import echo, echo_traceback

if t.TYPE_CHECKING:
    from ...oso import Oso

P = t.ParamSpec("P")


class MisuseError(click.ClickException):
    """The command line names something that does not exist, or cannot be used."""

    exit_code = 2


class Ending(click.exceptions.Exit):
    """A command ends with a code of its own, and not with one that the application gave."""


class OutputError(OSError):
    """The standard output cannot be written."""


class Exit(enum.IntEnum):
    """The exit codes of the commands."""

    GOOD = 0
    #: Denied; or a check has findings.
    NO = 1
    #: The policy is used in a wrong way. It is also click's code for usage errors.
    MISCONFIGURED = 2
    #: The policy cannot be loaded, or its evaluation failed.
    BROKEN = 3


#: The errors of a load that are due to the text of the policy.
POLICY_ERRORS = (ParserError, ValidationError, RolesValidationError, InlineQueryFailedError)
_NO_DATABASE = (
    "The database says: {}\nAre its tables made, and is it the one that the application names?"
)
_NOT_LOADED = (
    "No policy is loaded. Name its files in 'OSO_POLICIES' before 'init_app', or load them with"
    " 'load_files'."
)
_FILES_ALONE = "\nFiles need no application, as in '{} policy.polar'."
_FILE_ERRORS = (PolarFileExtensionError, PolarFileNotFoundError)


def with_app(function: Callable[P, Exit]) -> Callable[P, None]:
    """Run a command in the application context, and exit with the code that it returns."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        with exit_on_errors(Exit.MISCONFIGURED):
            enter_app()
            this_state()
        with exit_on_errors():
            code = function(*args, **kwargs)
        end(code)

    return command


@contextlib.contextmanager
def exit_on_errors(unforeseen: Exit = Exit.BROKEN) -> Iterator[None]:
    """Turn errors into messages and exit codes.

    :param unforeseen: the code for exceptions other than ``OsoError``, including ``sys.exit`` of
        the application.
    """
    try:
        yield
    except (
        click.ClickException,
        Ending,
        click.Abort,
        KeyboardInterrupt,
        OutputError,
    ):
        # These end a command wherever they are raised.
        raise
    except OsoError as error:
        fail(error)
    # The application's code may raise ``SystemExit``, which is no ``Exception``.
    except BaseException as error:
        if _is_of_database(error):
            echo(_NO_DATABASE.format(error.orig), err=True)
        else:
            echo_traceback()
        end(unforeseen)


def _is_of_database(error: BaseException) -> t.TypeGuard[t.Any]:
    """Tell whether an error is one that the driver of a database raised."""
    # It raised nothing if SQLAlchemy was not imported.
    module = sys.modules.get("sqlalchemy.exc")
    return module is not None and isinstance(error, module.DBAPIError)


def end(code: int) -> t.NoReturn:
    """End the command.

    :raises Ending: always.
    """
    with contextlib.suppress(click.exceptions.Exit):
        click.get_current_context().exit(code)
    raise Ending(code)


def fail(error: OsoError) -> t.NoReturn:
    """Print an error, and exit with its code."""
    text = "\n".join([str(error).rstrip("\n"), *getattr(error, "__notes__", ())])
    echo(text, err=True)
    end(code_of(error))


def code_of(error: OsoError) -> Exit:
    """Give the exit code for an error: the policy is broken, or used in a wrong way."""
    is_broken = isinstance(error, (*POLICY_ERRORS, PolarRuntimeError))
    return Exit.BROKEN if is_broken and not isinstance(error, _FILE_ERRORS) else Exit.MISCONFIGURED


def enter_app(load_output: t.TextIO | None = None) -> Flask:
    """Load the application, unless the command runs inside one, and enter its context.

    :param load_output: the stream for output of the application while it loads, such as warnings
        of a policy, since standard output is for the command. Standard error by default.
    :raises click.UsageError: there is no application.
    """
    context = click.get_current_context()
    if not current_app:
        try:
            with contextlib.redirect_stdout(load_output or sys.stderr):
                app = context.ensure_object(ScriptInfo).load_app()
        except NoAppException as error:
            if "files" not in context.params:
                raise
            files_alone = _FILES_ALONE.format(context.command_path)
            raise NoAppException(error.message + files_alone, error.ctx) from error
        context.with_resource(app.app_context())
    return t.cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def this_state() -> AppState:
    """Give the state of the current application."""
    return state_of(current_app)


def this_oso() -> Oso:
    """Give the ``Oso`` of the current application."""
    return first_oso(this_state())


def tell_of_no_policy(oso: Oso) -> None:
    """Say that an application has not loaded any policy, and how it does."""
    if not oso.engine.policy.sources:
        echo(_NOT_LOADED, err=True)
