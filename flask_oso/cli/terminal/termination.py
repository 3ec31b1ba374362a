"""Reliable exit codes: also after ``sys.exit`` of the application, broken streams and signals.

A shell takes 0 for allowed and 1 for denied. So neither may be the result of an application that
exits the process, of a closed pipe or a full disk, or of Ctrl-C.
"""

from __future__ import annotations

import errno
import sys
import typing as t
from collections.abc import Callable, Iterator

import click

from ...polar.characters import for_terminal
from ...polar.output import encodable, redirect_to_null
from .output import echo, echo_traceback
from .running import Exit, OutputError

#: The exit codes that shells report for SIGINT and SIGPIPE.
INTERRUPTED, BROKEN_PIPE = 130, 141

_R = t.TypeVar("_R")


def run(function: Callable[[], _R]) -> _R:
    """Run a command, or a part of one.

    :raises click.exceptions.Exit: with the exit code, unless the function returned.
    """
    streams = sys.stdout, sys.stderr
    sys.stdout = t.cast(t.TextIO, _Output(sys.stdout)) if sys.stdout is not None else None
    sys.stderr = t.cast(t.TextIO, _ErrorOutput(sys.stderr)) if sys.stderr is not None else None
    try:
        result, code = _run(function)
        code = _flushed(code)
    finally:
        sys.stdout, sys.stderr = streams
    if code is not None:
        raise click.exceptions.Exit(code)
    return t.cast(_R, result)


def _run(function: Callable[[], _R]) -> tuple[_R | None, int | None]:
    """Give the result of a function, or else the exit code."""
    try:
        return function(), None
    except click.exceptions.Exit as end:
        return None, end.exit_code
    except click.ClickException as error:
        # The message may contain words of the command line, which may come from data.
        vars(error)["message"] = for_terminal(error.message)
        error.show()
        # An application may raise one that would pass for an answer: 1 is denied.
        return None, max(error.exit_code, Exit.MISCONFIGURED)
    except OutputError:
        # It is reported when the output is flushed.
        return None, None
    except (KeyboardInterrupt, click.Abort):
        echo("Interrupted.", err=True)
        return None, INTERRUPTED
    except BaseException:
        # Python and click would exit with 1, or with a code of the application.
        echo_traceback()
        return None, Exit.MISCONFIGURED


def _flushed(code: int | None) -> int | None:
    """Flush the output; give the exit code, which a failure to write changes."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OutputError as error:
        return _code_of(error)
    return code


def _code_of(error: OutputError) -> int:
    if error.errno == errno.EPIPE:
        return BROKEN_PIPE
    echo(f"The output cannot be written: {error.strerror}.", err=True)
    return Exit.MISCONFIGURED


class _Stream:
    """A stream of the process that escapes characters it cannot encode, and records errors."""

    def __init__(self, stream: t.TextIO) -> None:
        self._stream = stream
        self._error: OutputError | None = None

    def __getattr__(self, name: str) -> t.Any:
        if name == "buffer":
            # With an ASCII encoding click would write to the buffer and bypass this stream.
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)

    def write(self, text: str) -> int:
        """Write a text, with escapes for characters that the encoding lacks."""
        shown = encodable(text, self._stream) if isinstance(text, str) else text
        return t.cast(int, self._do(self._stream.write, shown))

    def writelines(self, lines: t.Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream."""
        self._do(self._stream.flush)

    def _do(self, function: Callable[..., t.Any], *args: str) -> t.Any:
        if self._error is None:
            try:
                return function(*args)
            # A closed stream raises ``ValueError``.
            except OSError as error:
                self._error = OutputError(error.errno, error.strerror)
            except ValueError:
                self._error = OutputError(errno.EBADF, "It is closed")
            redirect_to_null(self._stream)
        return self._fail(self._error)

    def _fail(self, error: OutputError) -> t.Any:
        raise NotImplementedError


class _Output(_Stream):
    """Standard output: a command whose output cannot be written fails."""

    def _fail(self, error: OutputError) -> t.NoReturn:
        # On each write, since the caller may have handled the first error.
        raise error from None


class _ErrorOutput(_Stream):
    """Standard error: errors of writing are ignored, the exit code tells the result."""

    def _fail(self, error: OutputError) -> int:
        return 0
