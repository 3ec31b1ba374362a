"""How a command ends: with the code of what came out, whatever else happens to the process.

A shell takes 0 for allowed and 1 for denied. So neither may come from an application that ends
the process, from an output that nobody reads or that has no room, or from Ctrl-C.
"""

from __future__ import annotations

import errno
import sys
import typing as t
from collections.abc import Callable, Iterator

import click

from ..polar.characters import for_terminal
from ..polar.output import abandon, encodable
from .output import echo, echo_traceback
from .running import Exit, OutputError

#: What shells make of a process that SIGINT or SIGPIPE ended.
INTERRUPTED, BROKEN_PIPE = 130, 141

_R = t.TypeVar("_R")


def run(function: Callable[[], _R]) -> _R:
    """Run a command, or a part of one.

    :raises click.exceptions.Exit: it ended otherwise than by returning.
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
    """Give what a function returns, or else the exit code."""
    try:
        return function(), None
    except click.exceptions.Exit as end:
        return None, end.exit_code
    except click.ClickException as error:
        # It may have words of the command line in it, and those come from data.
        vars(error)["message"] = for_terminal(error.message)
        error.show()
        # An application may raise one that would pass for an answer: 1 is denied.
        return None, max(error.exit_code, Exit.MISCONFIGURED)
    except OutputError:
        # It is told when the output is flushed, also if somebody made another error of it.
        return None, None
    except (KeyboardInterrupt, click.Abort):
        echo("Interrupted.", err=True)
        return None, INTERRUPTED
    except BaseException:
        # Python, and click, would end with 1 for it, or with what the application says.
        echo_traceback()
        return None, Exit.MISCONFIGURED


def _flushed(code: int | None) -> int | None:
    """Write what is left to be written; give the code of a command that ends with this one."""
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
    """A stream of the process, on which every text can be written."""

    def __init__(self, stream: t.TextIO) -> None:
        self._stream = stream
        self._error: OutputError | None = None

    def __getattr__(self, name: str) -> t.Any:
        if name == "buffer":
            # Click would write past this one where the encoding is ASCII.
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)

    def write(self, text: str) -> int:
        """Write a text, with escapes for what the encoding has not."""
        shown = encodable(text, self._stream) if isinstance(text, str) else text
        return t.cast(int, self._do(self._stream.write, shown))

    def writelines(self, lines: t.Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what is left to be written."""
        self._do(self._stream.flush)

    def _do(self, function: Callable[..., t.Any], *args: str) -> t.Any:
        if self._error is None:
            try:
                return function(*args)
            # A ``ValueError`` comes from a stream that is closed.
            except OSError as error:
                self._error = OutputError(error.errno, error.strerror)
            except ValueError:
                self._error = OutputError(errno.EBADF, "It is closed")
            abandon(self._stream)
        return self._fail(self._error)

    def _fail(self, error: OutputError) -> t.Any:
        raise NotImplementedError


class _Output(_Stream):
    """The standard output: a command whose answer cannot be read has given none."""

    def _fail(self, error: OutputError) -> t.NoReturn:
        # Each time: who writes may take the first one for something else.
        raise error from None


class _ErrorOutput(_Stream):
    """The error output: the exit code says the same."""

    def _fail(self, error: OutputError) -> int:
        return 0
