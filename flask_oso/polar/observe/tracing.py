"""Traces: what ``POLAR_LOG`` prints of a run, in oso's layout.

::

    [oso][info]   QUERY RULE: f(1, y)
    [oso][info]     APPLICABLE_RULES:
    [oso][info]       f(x, y) at line 1, column 1 of file page.polar
    [oso][info]     RULE: f(x, y) if y = x;
    [oso][info]   RESULT: {
    [oso][info]     y: 1
    [oso][info]   }

The indentation is the depth of a goal. ``output.py`` reads the settings.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Sequence

from ..characters import with_escapes
from ..exceptions import OsoError
from ..host.conversion import result_to_term, to_term
from ..nodes import Call, Term
from ..output import LogLevel, LogSettings, say
from ..printer import rule_to_polar
from ..solver.backtrace import Step
from ..solver.clauses import Clause, Template
from ..solver.observation import EventKind, ObservedFrame, Observer, RunView
from .inspection import inspector_of

#: Deeper goals are indented no further.
_MAX_INDENTATION = 40


class Tracer(Observer):
    """Prints a trace of a run.

    :param settings: how detailed it is, and the stream.
    """

    def __init__(self, settings: LogSettings) -> None:
        self._is_immediate = settings.is_immediate
        self._is_full = settings.level is LogLevel.TRACE

    def on_goal(self, view: RunView, step: Step) -> None:
        """Print the goal; a rule call in every trace, others in a full one."""
        depth = step.depth
        goal = step.goal.term if type(step.goal) is Template else step.goal
        is_call = isinstance(goal, Call)
        if not self._is_full:
            if is_call:
                text = inspector_of(view).term(step.goal, step.frame)
                self._print("info", depth, f"QUERY RULE: {text}")
            return
        text = inspector_of(view).goal(step.goal, step.frame)
        self._print("trace", depth, f"Query({text})")
        shown = f"{text}, BINDINGS: {inspector_of(view).bindings(step, '=>')}"
        if is_call:
            self._print("info", depth, f"QUERY RULE: {shown}")
        else:
            self._print("trace", depth, f"QUERY: {shown}")

    def on_candidates(self, view: RunView, step: Step, clauses: Sequence[Clause]) -> None:
        """Print the heads of the rules that apply, each with its place."""
        depth = step.depth + 1
        if not clauses:
            self._print("info", depth, "No matching rules found")
            return
        self._print("info", depth, "APPLICABLE_RULES:")
        for clause in clauses:
            span = clause.rule.span
            place = "" if span is None else f" {span.place()}"
            self._print("info", depth + 1, f"{head_text(clause)}{place}")

    def on_rule(self, view: RunView, step: Step, frame: ObservedFrame) -> None:
        """Print the whole rule."""
        shown = with_escapes(rule_to_polar(frame.clause.rule))
        self._print("info", step.depth + 1, f"RULE: {shown}")

    def on_event(self, view: RunView, step: Step, kind: EventKind, *terms: t.Any) -> None:
        """Print it in a full trace."""
        if self._is_full:
            self._print("trace", step.depth + 1, inspector_of(view).event(kind, terms))

    def on_result(self, view: RunView, result: t.Mapping[str, t.Any]) -> None:
        """Print the values of the query's variables."""
        if not result:
            self._print("info", 1, "RESULT: SUCCESS")
            return
        lines = [
            f"  {name}: {inspector_of(view).term(_as_found(value))}"
            for name, value in result.items()
        ]
        self._print("info", 1, "\n".join(["RESULT: {", *lines, "}"]))

    def on_error(self, view: RunView, step: Step, error: Exception) -> None:
        """Print the error that ends the run."""
        name = type(error).__name__
        text = str(error) if isinstance(error, OsoError) else with_escapes(str(error))
        self._print("info", step.depth, f"ERROR: {name}: {text}".rstrip("\n"))

    def _print(self, level: str, depth: int, text: str) -> None:
        prefix = f"[oso][{level}] {'  ' * min(depth, _MAX_INDENTATION)}"
        lines = "\n".join(prefix + line for line in text.split("\n"))
        say(lines, sys.stderr if self._is_immediate else sys.stdout)


def head_text(clause: Clause) -> str:
    """Print the head of a rule."""
    head = type(clause.rule)(clause.rule.name, clause.rule.parameters)
    return with_escapes(rule_to_polar(head)).removesuffix(";")


def _as_found(value: t.Any) -> Term:
    """Return the value of a variable as a term, with the variables that are left in it."""
    try:
        return to_term(value)
    except (OsoError, TypeError):
        # Of the application, with something in it that Polar does not have.
        return result_to_term(value)
