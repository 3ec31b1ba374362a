"""A console on prompt_toolkit, which the extra ``repl`` installs."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from ..polar.observe.console import StandardConsole, candidates
from ..polar.tools.repl import QUERY_PROMPT


class PromptConsole(StandardConsole):
    """Edits lines with prompt_toolkit.

    :param history: the history file of queries.
    :param options: further arguments of each ``PromptSession``, such as its input and output.
    """

    def __init__(self, history: Path | None, **options: t.Any) -> None:
        super().__init__()
        self._history = history
        self._options = options
        self._sessions: dict[str, PromptSession[str]] = {}

    def ask(self, prompt: str, words: Iterable[str] = ()) -> str:
        """Read a line with completion and the history of this prompt."""
        session = self._sessions.get(prompt)
        if session is None:
            session = self._sessions[prompt] = self._make_session(prompt)
        text: StyleAndTextTuples = [("ansiblue" if self.has_colours else "", prompt)]
        return session.prompt(text, completer=_Words(words))

    def _make_session(self, prompt: str) -> PromptSession[str]:
        history: History = InMemoryHistory()
        if prompt == QUERY_PROMPT and self._history is not None:
            history = FileHistory(self._history)
        return PromptSession(history=history, complete_while_typing=False, **self._options)


class _Words(Completer):
    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(words)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        line = document.text_before_cursor
        typed = re.search(r"\w*$", line)
        length = len(typed.group()) if typed else 0
        for word in candidates(line, self._words):
            yield Completion(word, start_position=-length)
