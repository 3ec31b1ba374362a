"""The console of the prompts of the REPL and the debugger.

``StandardConsole`` is standard input and output. A ``Console`` with history and completion can
take its place; ``candidates`` computes the completions of a word.
"""

from __future__ import annotations

import os
import re
import sys
import types
import typing as t
from collections.abc import Iterable

from ..characters import for_terminal

_WORD = re.compile(r"\w*$")
_RED, _BLUE, _PLAIN = "\033[31m", "\033[34m", "\033[0m"


class Console(t.Protocol):
    """Reads lines at a prompt and prints texts."""

    @property
    def is_interactive(self) -> bool:
        """Whether a person uses it."""

    def ask(self, prompt: str, words: Iterable[str] = ()) -> str:
        """Read a line.

        :param words: the words for completion at this prompt.
        :raises EOFError: if there are no more lines.
        """

    def show(self, text: str, *, is_alarming: bool = False) -> None:
        """Print a text and a line end; an alarming one in red if the terminal has colours."""


class StandardConsole:
    """Standard input and output."""

    def __init__(self) -> None:
        self.has_colours = _has_colours()

    @property
    def is_interactive(self) -> bool:
        """Whether input and output are a terminal."""
        return _is_terminal(sys.stdin) and _is_terminal(sys.stdout)

    @property
    def ends_when_interrupted(self) -> bool:
        """Whether Ctrl-C ends the session: it does if no person uses the console.

        With a console without this attribute, Ctrl-C does not end the session.
        """
        return not self.is_interactive

    def ask(self, prompt: str, words: Iterable[str] = ()) -> str:
        """Read a line; if standard input cannot be read, there are no more lines."""
        try:
            if not self.is_interactive and _flushes_in_python(sys.stdout):
                # 'input' ignores what that raises, which may be an interrupt.
                print(prompt, end="", flush=True)
                return input()
            # The two marks tell readline which characters have no width.
            return input(f"\001{_BLUE}\002{prompt}\001{_PLAIN}\002" if self.has_colours else prompt)
        except BrokenPipeError:
            raise
        except (OSError, RuntimeError, ValueError):
            raise EOFError from None

    def show(self, text: str, *, is_alarming: bool = False) -> None:
        """Print a text and a line end, with escapes for invisible characters."""
        text = for_terminal(text)
        print(f"{_RED}{text}{_PLAIN}" if is_alarming and self.has_colours else text)


def candidates(line: str, words: Iterable[str]) -> list[str]:
    """Return the completions of the last word of a line; none in a string or after a dot."""
    match = _WORD.search(line)
    prefix = match.group() if match else ""
    before = line[: len(line) - len(prefix)]
    if before.endswith(".") or before.count('"') % 2:
        return []
    return sorted(word for word in set(words) if word.startswith(prefix))


def _is_terminal(file: t.Any) -> bool:
    return file is not None and not file.closed and bool(file.isatty())


def _flushes_in_python(file: t.Any) -> bool:
    return isinstance(getattr(type(file), "flush", None), types.FunctionType)


def _has_colours() -> bool:
    """Return whether standard output is a terminal with colours, and ``NO_COLOR`` is not set."""
    if os.environ.get("NO_COLOR") or not _is_terminal(sys.stdout):
        return False
    return os.environ.get("TERM", "dumb" if os.name == "posix" else "") != "dumb"
