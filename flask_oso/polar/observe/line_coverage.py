"""Lines of policies that are reached, for tools that trace Python line by line.

Compiled rules have lines, but not one for each rule: what is decided by a look into a
table leaves no trace. So the solver answers where lines are counted, and ``LineObserver``
calls ``reach`` for each rule it tries and each condition it comes to. A tool takes such a
call for the line; ``flask_oso.coverage`` does so for coverage.py.
"""

from __future__ import annotations

import os
import typing as t

from ..nodes import Block, Expression, InlineQuery, Operator, Rule, Statement
from ..solver.backtrace import Step
from ..solver.clauses import Clause
from ..sources import Source, Span
from ..syntax.parser import parse_policy
from .observer import Observer, RunView

#: Operators whose operands are conditions that have lines of their own.
_CONTROL = (Operator.AND, Operator.OR, Operator.NOT, Operator.FORALL)


class LineObserver(Observer):
    """Tells which lines a run reaches."""

    def on_goal(self, view: RunView, step: Step) -> None:
        """A condition is reached at the line where it begins."""
        self._reach(getattr(getattr(step.goal, "term", step.goal), "span", None))

    def on_rule(self, view: RunView, step: Step, clause: Clause) -> None:
        """A rule is reached at the line of its head, once the head matches."""
        self._reach(clause.rule.span)

    def _reach(self, span: Span | None) -> None:
        # What was no file has no lines that could be shown.
        if span is not None and span.source.name:
            reach(os.path.abspath(span.source.name), span.line)


def reach(file: str, line: int) -> None:
    """Be called where a line of a policy is reached, and do nothing."""


def lines_to_reach(source: Source) -> set[int]:
    """Give the lines of a policy at which a rule, a condition or a query begins.

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
        if isinstance(term, Expression) and term.operator in _CONTROL:
            stack.extend(term.args)
        if term is not None and term.span is not None:
            yield term.span
