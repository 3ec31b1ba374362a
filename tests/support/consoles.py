"""Prompts answered by a script: what the REPL and the debugger show for given lines."""

from __future__ import annotations

from collections.abc import Iterable

from flask_oso.polar import Polar
from flask_oso.polar.exceptions import OsoError
from flask_oso.polar.observe.debugger import Debugger
from flask_oso.polar.tools.repl import Repl


class ScriptedConsole:
    """Gives lines one by one and keeps what is shown, prompts included.

    :param lines: what is typed; an exception among them is raised at the prompt.
    """

    is_interactive = False

    def __init__(self, lines: Iterable[str | type[BaseException]]) -> None:
        self._lines = iter(lines)
        self.shown: list[str] = []

    def ask(self, prompt: str, words: Iterable[str] = ()) -> str:
        line = next(self._lines, EOFError)
        if not isinstance(line, str):
            raise line
        self.shown.append(f"{prompt}{line}")
        return line

    def show(self, text: str, *, is_alarming: bool = False) -> None:
        self.shown.append(text)


def debug(polar: Polar, query: str, *commands: str | type[BaseException]) -> list[str]:
    """Ask a query, give commands to the debugger, and return what it shows."""
    console = ScriptedConsole(commands)
    solutions = polar.engine.query(query, accept_expression=True, observers=[Debugger(console)])
    try:
        for solution in solutions:
            console.shown.append(f"result {solution}")
    except OsoError as error:
        console.shown.append(f"raised {type(error).__name__}")
    return console.shown


def converse(polar: Polar, *lines: str | type[BaseException]) -> list[str]:
    """Type lines into the REPL and return what it shows."""
    console = ScriptedConsole(lines)
    Repl(lambda: polar.engine, console).run()
    return console.shown
