"""Coverage: the lines of policies that are reached, for tools that trace Python by line.

Compiled rules have lines, but a rule that a look into a table decides leaves none. So the solver
answers while lines are counted, and ``LineObserver`` calls ``reach`` for each rule and each
condition. A tool counts such a call as the line; ``flask_oso.coverage`` does so for coverage.py.
"""

from __future__ import annotations

import os
import typing as t

from ..nodes import Block, InlineQuery, Rule
from ..solver.backtrace import Step
from ..solver.observation import ObservedFrame, Observer, RunView
from ..sources import Source, Span
from ..syntax.parser import parse_policy
from ..syntax.policy_test_nodes import Statement
from ..traversal import is_control


class LineObserver(Observer):
    """Reports the lines that a run reaches."""

    def on_goal(self, view: RunView, step: Step) -> None:
        """A condition is reached at the line where it begins."""
        self._reach(getattr(getattr(step.goal, "term", step.goal), "span", None))

    def on_rule(self, view: RunView, step: Step, frame: ObservedFrame) -> None:
        """A rule is reached at the line of its head, once the head matches."""
        self._reach(frame.clause.rule.span)

    def _reach(self, span: Span | None) -> None:
        if span is not None:
            self.reach(span)

    def reach(self, span: Span) -> None:
        """Report the line of a span."""
        # A policy that is not a file has no lines to report.
        if span.source.name:
            reach(os.path.abspath(span.source.name), span.line)


def reach(file: str, line: int) -> None:
    """Do nothing. Coverage tools see the call and its arguments: a line that is reached."""


def lines_to_reach(source: Source) -> set[int]:
    """Return the lines of a policy at which a rule, a condition or a query begins.

    Statements that cannot be parsed have none.
    """
    return {span.line for each in parse_policy(source).statements for span in _places(each)}


def _places(statement: Statement) -> t.Iterator[Span]:
    stack: list[t.Any] = []
    if isinstance(statement, Rule):
        stack = [statement.body]
        yield from filter(None, [statement.span])
    elif isinstance(statement, InlineQuery):
        stack = [statement.query]
    elif isinstance(statement, Block):
        yield from (each.span for each in statement.shorthands if each.span is not None)
    while stack:
        term = stack.pop()
        if is_control(term):
            stack.extend(term.args)
        if term is not None and term.span is not None:
            yield term.span
