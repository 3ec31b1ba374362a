"""The debugger that ``debug()`` in a policy enters.

It observes a run and reads commands at its prompt, on standard input and output unless it is
given another console. ``HELP`` lists the commands. The end of the input means ``continue``, so a
program without a terminal is not stopped.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Iterator

from ..characters import with_escapes
from ..exceptions import OsoError
from ..nodes import Expression, Operator
from ..printer import rule_to_polar
from ..solver.backtrace import Step, is_single, stack_trace
from ..solver.observation import EventKind, ObservedFrame, Observer, RunView
from ..sources import Span
from ..traversal import is_operation
from .console import Console, StandardConsole
from .inspection import Named, inspector_of, variables_of

PROMPT = "debug> "
#: How many lines of the policy a stop shows before and after the goal.
_CONTEXT = 3

HELP = """\
Debugger Commands
  h[elp]                Show this list.
  c[ontinue] | q[uit]   Go on with the evaluation.
  s[tep] | into         Stop at the next goal, inside the rule that is called.
  n[ext] | over         Stop at the next goal on this level or above.
  o[ut]                 Stop at the next goal on a level above.
  r[ule]                Stop at the next rule that is tried, and show it.
  g[oal]                Stop at the next thing the engine does, and show it.
  e[rror]               Stop where the next error occurs.
  l[ine] [<n>]          Show the current line, with <n> lines around it.
  query [<i>]           Show the current goal, or the one <i> levels above it.
  stack | trace         Show the goals that led here.
  goals                 Show what is still to be solved, the next goal last.
  bindings              Show all constants and variables that have a value.
  var [<name> ...]      List the variables in scope, or show the values of some.
An empty line repeats the last command."""


class Pause(enum.Enum):
    """What the run stops at next, besides ``debug()``."""

    NONE = enum.auto()
    STEP = enum.auto()
    NEXT = enum.auto()
    OUT = enum.auto()
    RULE = enum.auto()
    GOAL = enum.auto()
    ERROR = enum.auto()


_RESUMING = {
    **dict.fromkeys(("c", "continue", "q", "quit"), Pause.NONE),
    **dict.fromkeys(("s", "step", "into"), Pause.STEP),
    **dict.fromkeys(("n", "next", "over"), Pause.NEXT),
    **dict.fromkeys(("o", "out"), Pause.OUT),
    **dict.fromkeys(("r", "rule"), Pause.RULE),
    **dict.fromkeys(("g", "goal"), Pause.GOAL),
    **dict.fromkeys(("e", "error"), Pause.ERROR),
}
_LOOKING = {
    **dict.fromkeys(("l", "line"), "line"),
    "query": "query",
    **dict.fromkeys(("stack", "trace"), "stack"),
    "goals": "goals",
    "bindings": "bindings",
    "var": "var",
}


_WORDS = ("help", *_RESUMING, *_LOOKING)


class Debugger(Observer):
    """Stops a run at ``debug()``, and then where the commands say.

    :param console: where it reads commands and prints.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or StandardConsole()
        self._pause = Pause.NONE
        self._depth = 0
        self._last_command = ["help"]

    # -- stops ----------------------------------------------------------------------------

    def on_debug(self, view: RunView, step: Step) -> bool:
        """Stop at ``debug()``."""
        self._stop(view, step)
        return True

    def on_goal(self, view: RunView, step: Step) -> None:
        """Stop after ``step``, ``next`` or ``out``."""
        if is_operation(step.goal, Operator.DEBUG):
            # ``on_debug`` stops here in any case.
            return
        if (
            self._pause is Pause.STEP
            or (self._pause is Pause.NEXT and step.depth <= self._depth)
            or (self._pause is Pause.OUT and step.depth < self._depth)
        ):
            self._stop(view, step)

    def on_rule(self, view: RunView, step: Step, frame: ObservedFrame) -> None:
        """Show the rule and stop, after ``rule``."""
        if self._pause is Pause.RULE:
            self._console.show(rule_to_polar(frame.clause.rule))
            self._show_source(frame.clause.rule.span, _CONTEXT)
            self._ask(view, step)

    def on_event(self, view: RunView, step: Step, kind: EventKind, *terms: t.Any) -> None:
        """Show the event and stop, after ``goal``."""
        if self._pause is Pause.GOAL:
            self._console.show(inspector_of(view).event(kind, terms))
            self._ask(view, step)

    def on_error(self, view: RunView, step: Step, error: Exception) -> None:
        """Stop where an error occurs, after ``error``."""
        if self._pause is Pause.ERROR:
            self._show_place(view, step)
            text = str(error) if isinstance(error, OsoError) else with_escapes(str(error))
            self._console.show(f"ERROR: {text}".rstrip("\n") + "\n")
            self._ask(view, step)

    def _stop(self, view: RunView, step: Step) -> None:
        self._show_place(view, step)
        self._ask(view, step)

    def _show_place(self, view: RunView, step: Step) -> None:
        self._console.show(_summary(view, step) + "\n")
        span = _span(step)
        if span is not None:
            self._console.show(span.surroundings(_CONTEXT) + "\n")

    # -- commands -------------------------------------------------------------------------

    def _ask(self, view: RunView, step: Step) -> None:
        """Read commands until one of them resumes the run."""
        self._pause = Pause.NONE
        self._depth = step.depth
        while (command := self._read_command()) is not None:
            name, arguments = command[0], command[1:]
            if name in _RESUMING:
                self._pause = _RESUMING[name]
                return
            self._look(name, arguments, view, step)

    def _read_command(self) -> list[str] | None:
        try:
            line = self._console.ask(PROMPT, _WORDS)
        except EOFError:
            return None
        self._last_command = line.strip().strip(";").split() or self._last_command
        return self._last_command

    def _look(self, name: str, arguments: list[str], view: RunView, step: Step) -> None:
        kind = _LOOKING.get(name)
        if kind == "line":
            self._show_source(_span(step), _number(arguments))
        elif kind == "query":
            self._console.show(_goal_at(view, step, _number(arguments)))
        elif kind == "stack":
            self._console.show(stack_trace(step, view.host.class_name).rstrip("\n") + "\n")
        elif kind == "goals":
            self._console.show("\n".join(_pending(view)) or "Nothing is left to be solved.")
        elif kind == "bindings":
            self._console.show("\n".join(_all_bindings(view, step)))
        elif kind == "var":
            self._console.show(_variables(view, step, arguments))
        else:
            self._console.show(HELP)

    def _show_source(self, span: Span | None, count: int) -> None:
        self._console.show("There is no source line." if span is None else span.surroundings(count))


def _span(step: Step) -> Span | None:
    return getattr(step.goal, "span", None)


def _number(arguments: list[str]) -> int:
    """Read the number after a command; 0 if there is none."""
    text = arguments[0] if arguments else ""
    return int(text) if text.isascii() and text.isdigit() else 0


def _summary(view: RunView, step: Step) -> str:
    goal, bindings = "debug()", "{}"
    if not is_operation(step.goal, Operator.DEBUG):
        inspector = inspector_of(view)
        goal, bindings = inspector.goal(step.goal, step.frame), inspector.bindings(step, "=")
    return f"QUERY: {goal}, BINDINGS: {bindings}"


def _steps(step: Step | None) -> Iterator[Step]:
    """Yield the steps of a goal and of the goals around it, the innermost first."""
    while step is not None:
        if step.goal is not None and not is_single(step.goal):
            yield step
        step = step.parent


def _goal_at(view: RunView, step: Step, level: int) -> str:
    for number, around in enumerate(_steps(step)):
        if number == level:
            return _summary(view, around)
    return "Error: level is out of range"


def _pending(view: RunView) -> list[str]:
    """Return the goals that are still to be solved, one line each, the next goal last."""
    lines: list[str] = []
    goals = view.goals
    while goals is not None:
        handler, payload, _, goals = goals
        lines.append(_pending_text(view, handler.__name__, payload))
    return lines[::-1]


def _pending_text(view: RunView, handler: str, payload: t.Any) -> str:
    if handler == "_next_conjunct":
        args, at, frame = payload
        rest = args[at] if at + 1 == len(args) else Expression(Operator.AND, args[at:])
        return f"Query({inspector_of(view).goal(rest, frame)})"
    if handler in ("_solve_goal", "_solve_body"):
        return f"Query({inspector_of(view).goal(payload[0], payload[1])})"
    # Other goals are shown by the name of their handler.
    return handler.strip("_").title().replace("_", "")


def _all_bindings(view: RunView, step: Step) -> Iterator[str]:
    for name, constant in sorted(view.host.constants.items()):
        yield f"{name} = {inspector_of(view).term(constant)}"
    frames = {id(around.frame): around.frame for around in _steps(step)}
    for frame in reversed(frames.values()):
        for variable in variables_of(frame):
            if variable.value is not None:
                yield f"{variable.name} = {inspector_of(view).term(variable.value)}"


def _variables(view: RunView, step: Step, names: list[str]) -> str:
    known = variables_of(step.frame)
    if names:
        return "\n".join(_show_variable(view, name, known) for name in names)
    return ", ".join(variable.label for variable in known) or "No variables in scope."


def _show_variable(view: RunView, name: str, known: list[Named]) -> str:
    found = next((variable for variable in known if name in variable[:2]), None)
    if found is None:
        return f"{name} = <unbound>"
    label = found.name if name == found.name else found.label
    value = "<unbound>" if found.value is None else inspector_of(view).term(found.value)
    return f"{label} = {value}"
