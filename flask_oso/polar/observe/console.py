"""Where the prompts of the REPL and the debugger read from and write to.

``StandardConsole`` is standard input and output and nothing more. Whoever has history and
completion to offer writes a ``Console`` of its own; ``candidates`` says what a word may
become.
"""

from __future__ import annotations

import os
import re
import sys
import typing as t
from collections.abc import Iterable

from ..characters import for_terminal

_WORD = re.compile(r"\w*$")
_RED, _BLUE, _PLAIN = "\033[31m", "\033[34m", "\033[0m"


class Console(t.Protocol):
    """Asks for lines and shows texts."""

    @property
    def is_interactive(self) -> bool:
        """Whether somebody sits in front of it."""

    def ask(self, prompt: str, words: Iterable[str] = ()) -> str:
        """Read a line.

        :param words: what can be completed at this prompt.
        :raises EOFError: if there are no more lines.
        """

    def show(self, text: str, *, is_alarming: bool = False) -> None:
        """Print a text and a line end; what is alarming in red where there are colours."""


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
        """Whether Ctrl-C is for the whole session, since nobody sits in front of it.

        A console without this attribute goes on.
        """
        return not self.is_interactive

    def ask(self, prompt: str, words: Iterable[str] = ()) -> str:
        """Read a line; a standard input that cannot be read has no lines."""
        try:
            # The two marks tell readline what takes no room on the screen.
            return input(f"\001{_BLUE}\002{prompt}\001{_PLAIN}\002" if self.has_colours else prompt)
        except BrokenPipeError:
            raise
        except (OSError, RuntimeError, ValueError):
            raise EOFError from None

    def show(self, text: str, *, is_alarming: bool = False) -> None:
        """Print a text and a line end, with escapes for what would not be seen."""
        text = for_terminal(text)
        print(f"{_RED}{text}{_PLAIN}" if is_alarming and self.has_colours else text)


def candidates(line: str, words: Iterable[str]) -> list[str]:
    """Return the words that the last, unfinished word of a line may become.

    There are none inside a string and behind a dot.
    """
    match = _WORD.search(line)
    prefix = match.group() if match else ""
    before = line[: len(line) - len(prefix)]
    if before.endswith(".") or before.count('"') % 2:
        return []
    return sorted(word for word in set(words) if word.startswith(prefix))


def _is_terminal(file: t.Any) -> bool:
    return file is not None and not file.closed and bool(file.isatty())


def _has_colours() -> bool:
    """Return whether standard output is a terminal that shows colours, and they are wanted."""
    if os.environ.get("NO_COLOR") or not _is_terminal(sys.stdout):
        return False
    return os.environ.get("TERM", "dumb" if os.name == "posix" else "") != "dumb"
