"""What the commands have in common: the app that they run in, and their exit codes.

Denied, broken and misconfigured are three things, also to a shell. Python itself exits
with 1 for whatever it was not prepared for; here that is never a denial. How a command ends
that cannot come to its end is in ``termination``.
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
from flask.cli import ScriptInfo

from ..app_state import AppState, first_oso, state_of
from ..polar.exceptions import (
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
    from ..oso import Oso

P = t.ParamSpec("P")


class MisuseError(click.ClickException):
    """What the command line asks for is not there."""

    exit_code = 2


class Ending(click.exceptions.Exit):
    """A command ends with a code of its own, and not with one that the application gave."""


class OutputError(OSError):
    """The standard output cannot be written."""


class Exit(enum.IntEnum):
    """What the exit code of a command says."""

    GOOD = 0
    #: Denied; or a command that looks for something has found it.
    NO = 1
    #: Nothing is wrong with the policy, but with how it is used. That of click, too.
    MISCONFIGURED = 2
    #: The policy cannot be loaded, or failed while it was asked.
    BROKEN = 3


#: What a load raises because of the text of a policy.
POLICY_ERRORS = (ParserError, ValidationError, RolesValidationError, InlineQueryFailedError)
_FILE_ERRORS = (PolarFileExtensionError, PolarFileNotFoundError)


def with_app(function: Callable[P, Exit]) -> Callable[P, None]:
    """Run a command in the context of the app, and exit with what it returns."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        with failures(Exit.MISCONFIGURED):
            enter_app()
            this_state()
        with failures():
            code = function(*args, **kwargs)
        end(code)

    return command


@contextlib.contextmanager
def failures(unforeseen: Exit = Exit.BROKEN) -> Iterator[None]:
    """Turn errors into messages and exit codes.

    :param unforeseen: the code of exceptions that are no ``OsoError``, ``sys.exit`` of the
        application among them.
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
        # They end a command wherever they come from.
        raise
    except OsoError as error:
        fail(error)
    # The application's own code may raise what is no ``Exception``, such as ``SystemExit``.
    except BaseException:
        echo_traceback()
        end(unforeseen)


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
    """Tell a policy that is broken from one that is used in a wrong way."""
    is_broken = isinstance(error, (*POLICY_ERRORS, PolarRuntimeError))
    return Exit.BROKEN if is_broken and not isinstance(error, _FILE_ERRORS) else Exit.MISCONFIGURED


def enter_app(load_output: t.TextIO | None = None) -> Flask:
    """Load the app, unless the command runs inside one, and enter its context.

    :param load_output: takes what the app prints while it loads, such as the warnings of a
        policy: standard output is that of the command. By default it is the error output.
    :raises click.UsageError: there is no app.
    """
    context = click.get_current_context()
    if not current_app:
        with contextlib.redirect_stdout(load_output or sys.stderr):
            app = context.ensure_object(ScriptInfo).load_app()
        context.with_resource(app.app_context())
    return t.cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def this_state() -> AppState:
    """Give what the current app keeps."""
    return state_of(current_app)


def this_oso() -> Oso:
    """Give the Oso of the current app."""
    return first_oso(this_state())
