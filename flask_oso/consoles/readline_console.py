"""A console on readline, which most builds of Python include."""

from __future__ import annotations

import contextlib
import readline
import string
import typing as t
from collections.abc import Iterable
from pathlib import Path

from ..polar.observe.console import StandardConsole, candidates
from ..polar.tools.repl import QUERY_PROMPT

_LENGTH = 1_000
#: The characters that end a word for completion: those that names do not contain.
_DELIMITERS = string.whitespace + string.punctuation.replace("_", "")


class ReadlineConsole(StandardConsole):
    """Edits lines with readline.

    As a context manager it configures readline and restores it: the program may be an interactive
    Python with its own history and completer.

    :param history: the history file of queries.
    """

    def __init__(self, history: Path | None) -> None:
        super().__init__()
        self._history = history
        self._words: list[str] = []

    def __enter__(self) -> t.Self:
        self._before = (readline.get_completer(), readline.get_completer_delims(), _items())
        readline.set_completer(self._complete)
        readline.set_completer_delims(_DELIMITERS)
        is_libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
        readline.set_auto_history(False)
        readline.clear_history()
        if self._history is not None:
            with contextlib.suppress(OSError):
                readline.read_history_file(self._history)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._history is not None:
            readline.set_history_length(_LENGTH)
            with contextlib.suppress(OSError):
                readline.write_history_file(self._history)
            readline.set_history_length(-1)
        completer, delimiters, items = self._before
        readline.set_completer(completer)
        readline.set_completer_delims(delimiters)
        readline.set_auto_history(True)
        readline.clear_history()
        for item in items:
            readline.add_history(item)

    def ask(self, prompt: str, words: Iterable[str] = ()) -> str:
        """Read a line with completion; add queries to the history."""
        self._words = list(words)
        line = super().ask(prompt)
        if prompt == QUERY_PROMPT and line.strip() and line not in _items()[-1:]:
            readline.add_history(line)
        return line

    def _complete(self, text: str, state: int) -> str | None:
        line = readline.get_line_buffer()[: readline.get_endidx()]
        found = candidates(line, self._words)
        return found[state] if state < len(found) else None


def _items() -> list[str]:
    length = readline.get_current_history_length()
    return [readline.get_history_item(index + 1) for index in range(length)]
