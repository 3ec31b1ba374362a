"""The REPL: reads queries, one a line, and prints their solutions.

In goes a line, a Polar term; out comes ``name = value`` for each variable of each solution,
``True`` for a solution without variables, ``False`` if there is none. Any exception is printed,
and the session continues.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from ..characters import with_escapes
from ..engine import Engine
from ..exceptions import OsoError
from ..observe.console import Console
from ..observe.debugger import Debugger
from ..solver.backtrace import Step, stack_trace
from ..solver.observation import Observer, RunView
from ..sources import located

QUERY_PROMPT = "query> "
_WORDS = (
    "and", "cut", "debug()", "false", "forall(", "in", "matches", "mod", "new", "not", "or",
    "print(", "rem", "true",
)  # fmt: skip
_HELP = """\
Type a query, for example
  allow("ana", "read", "page")    is this allowed?
  allow("ana", action, "page")    which actions are?
  x in [1, 2] and x > 1           any Polar term
Variables are printed with their values, once for each solution; True and False stand for
queries without variables. Rules belong into a policy file. Put 'debug() and' in front of a
query, or debug() into a rule, to walk through the evaluation. Tab completes names where the
terminal can; 'exit' or the end of the input (Ctrl-D) leaves, Ctrl-C interrupts a query."""
#: Words that end the session: as queries they would be variables.
_LEAVING = ("exit", "quit")


class Repl:
    """A session.

    :param engine: gives the engine in force.
    :param console: reads lines and prints.
    """

    def __init__(self, engine: Callable[[], Engine], console: Console) -> None:
        self._engine = engine
        self._console = console

    def run(self) -> None:
        """Answer lines until the input ends, or until Ctrl-C at the prompt.

        :raises KeyboardInterrupt: for Ctrl-C while the input is a file or a pipe.
        """
        if self._console.is_interactive:
            self._console.show(_greeting(self._engine()))
        while (query := self._read()) is not None:
            if query == "help":
                self._console.show(_HELP)
            elif query:
                self._answer(query)

    def _read(self) -> str | None:
        try:
            line = self._console.ask(QUERY_PROMPT, completion_words(self._engine()))
        except (EOFError, KeyboardInterrupt) as end:
            if isinstance(end, KeyboardInterrupt) and self._ends_when_interrupted():
                raise
            if self._console.is_interactive:
                # The prompt of the shell begins on its own line.
                self._console.show("")
            return None
        query = line.strip("; \t")
        return None if query in _LEAVING else query

    def _answer(self, query: str) -> None:
        place = _Place()
        try:
            answers = self._answers(query, place)
            shown = False
            for answer in answers:
                self._console.show(answer)
                shown = True
            if not shown:
                self._console.show("False")
        except KeyboardInterrupt:
            if self._ends_when_interrupted():
                raise
            self._console.show("Interrupted.", is_alarming=True)
        except BrokenPipeError:
            raise
        except Exception as error:
            # Any exception of a host method ends the query, not the session.
            self._console.show(type(error).__name__, is_alarming=True)
            self._console.show(place.text(error).rstrip("\n"))

    def _ends_when_interrupted(self) -> bool:
        return getattr(self._console, "ends_when_interrupted", False)

    def _answers(self, query: str, place: _Place) -> Iterator[str]:
        solutions = self._engine().query(
            query, accept_expression=True, observers=[Debugger(self._console), place]
        )
        for solution in solutions:
            lines = [f"{name} = {with_escapes(repr(value))}" for name, value in solution.items()]
            yield "\n".join(lines) or "True"


class _Place(Observer):
    """Records where in the policy an exception of the host ended a run."""

    def __init__(self) -> None:
        self._trace = ""
        self._step: Step | None = None

    def on_error(self, view: RunView, step: Step, error: Exception) -> None:
        """Record the step and the backtrace."""
        self._step = step
        self._trace = stack_trace(step, view.host.class_name)

    def text(self, error: Exception) -> str:
        """Give the text of an error with its place, for errors of Polar and of the host."""
        if isinstance(error, OsoError):
            return str(error)
        # The message of the application may contain data, so its line ends are escaped.
        message = with_escapes(str(error)) or "There is no message."
        span = getattr(self._step.goal, "span", None) if self._step is not None else None
        return self._trace + located(message, span) + _raised_at(error)


def _raised_at(error: Exception) -> str:
    """Tell which line of the application raised an error; empty if none did."""
    package = str(Path(__file__).parents[1])
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or frames[-1].filename.startswith(package):
        return ""
    last = frames[-1]
    return f"\nRaised in {last.name} at line {last.lineno} of file {with_escapes(last.filename)}."


def completion_words(engine: Engine) -> list[str]:
    """Give the names that a query may use: rules, classes, constants, keywords."""
    rules = [f"{name}(" for name in engine.policy.rules]
    unions = ["Actor"] * bool(engine.actors) + ["Resource"] * bool(engine.resources)
    return [*rules, *unions, *engine.host.classes, *engine.host.constants, *_WORDS]


def _greeting(engine: Engine) -> str:
    count = sum(map(len, engine.policy.rules.values()))
    rules = "No rules are loaded." if not count else f"{count} rule{'s' * (count > 1)} loaded."
    return f"{rules} Type a query, or 'help'; Ctrl-D leaves."
