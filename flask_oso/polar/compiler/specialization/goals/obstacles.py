"""Goals that no code can be written for: a function gives up where it comes to one of them.

In go the reasons for which a function could not be written. Out come the obstacles that they met:
the function is written again, and knows them before it writes anything for them. ``Attempts``
counts how often it then gives up, since one that always does is not worth a try.
"""

from __future__ import annotations

import ast
import contextlib
import typing as t
from collections.abc import Callable, Iterator

from ....nodes import Term
from ....solver.clauses import Clause
from ....sources import Span
from ...binding_analysis import NotCompilable
from ...goal_forms import call_of
from ...quotations import code, stmt
from ..clauses.clause_forms import PutOff
from ..observation import with_ends

#: The most goals of one function that it gives up for.
MAX_OBSTACLES = 8
#: How many times more often than it answers a function may give up before it is not tried for a
#: while.
_MOST_IN_VAIN = 8
#: The number of further questions for which it is not tried.
_PAUSE = 504
#: A goal or a head, by its form and its place, or a rule, by its name. Not by its identity: some
#: goals are made anew whenever they are written.
Obstacle = tuple[str, Span | None]
Obstacles = frozenset[Obstacle]
T = t.TypeVar("T")


class Attempts:
    """How much more often a function gave up than it answered, or was not tried since it had."""

    __slots__ = ("in_vain",)

    def __init__(self) -> None:
        self.in_vain = 0

    def are_worth(self) -> bool:
        """Tell whether to try now; that counts as in vain until ``in_vain`` is set to 0."""
        is_tried = self.in_vain < _MOST_IN_VAIN
        self.in_vain = (self.in_vain + 1) % (_MOST_IN_VAIN + _PAUSE)
        return is_tried

    def note_in_vain(self) -> None:
        """Note that one was in vain which was not counted before."""
        self.in_vain = self.in_vain or 1

    def of(self, search: Callable[..., T | None]) -> Callable[..., T | None]:
        """Return a function that gives ``None`` where another one does, or is not tried."""

        def attempt(*args: t.Any) -> T | None:
            found = search(*args) if self.in_vain < _MOST_IN_VAIN else None
            is_vain = found is None
            self.in_vain = (self.in_vain + 1) % (_MOST_IN_VAIN + _PAUSE) if is_vain else 0
            return found

        return attempt


def tried_first(function: ast.FunctionDef, attempts: str) -> list[ast.stmt]:
    """Write that a function for plain data may answer before other statements do.

    The others stand behind it, and not in its ``except``: they may raise any error.

    :param attempts: the global name of its ``Attempts``.
    """
    (attempt,) = t.cast("list[ast.Try]", function.body)
    # Where it gives up most questions, an answer in between is no reason to go on.
    answered = stmt("if ATTEMPTS.in_vain: ATTEMPTS.in_vain -= 1", ATTEMPTS=attempts)
    attempt.body = with_ends(attempt.body, answered, ast.Break(), stmt("raise not_silent"))
    attempt.handlers[0].body = [ast.Break()]
    # To leave a loop takes less time than to raise an error.
    tried = """
        while ATTEMPTS.in_vain < MOST: ATTEMPT
        ATTEMPTS.in_vain = (ATTEMPTS.in_vain + 1) % ROUNDS
    """
    rounds = _MOST_IN_VAIN + _PAUSE
    return code(tried, ATTEMPTS=attempts, MOST=_MOST_IN_VAIN, ATTEMPT=attempt, ROUNDS=rounds)


def obstacle_of(goal: Term | PutOff) -> Obstacle | None:
    """Return the obstacle that a goal may be; ``None`` for one without a place."""
    term = goal.goal if isinstance(goal, PutOff) else goal
    if term.span is None:
        return None
    operator = getattr(term, "operator", None)
    return type(term).__name__ if operator is None else operator.value, term.span


def obstacle_of_rule(name: str) -> Obstacle:
    """Return the obstacle that a rule may be, whatever it is asked."""
    return f"rule {name}", None


def obstacle_of_head(clause: Clause) -> Obstacle | None:
    """Return the obstacle that the head of a clause may be."""
    return None if clause.rule.span is None else ("head", clause.rule.span)


def is_obstacle(goal: Term | PutOff, known: Obstacles) -> bool:
    """Tell whether a goal is one of some obstacles, or calls a rule that is one."""
    if not known:
        return False
    called = call_of(goal.goal if isinstance(goal, PutOff) else goal)
    is_rule = called is not None and obstacle_of_rule(called.name) in known
    return is_rule or obstacle_of(goal) in known


def written_around(
    write: Callable[[Obstacles], T], reason: NotCompilable
) -> tuple[T, list[NotCompilable]] | None:
    """Write a function that gives up for what is in its way: each time the innermost goal.

    :param write: writes it, given what it gives up for.
    :param reason: why it cannot be written without.
    :returns: what was written, and the reasons; ``None`` if there is no such function.
    """
    reasons, known = list[NotCompilable](), Obstacles()
    while len(reasons) < MAX_OBSTACLES:
        met = next((each for each in reason.obstacles if each not in known), None)
        if met is None:
            return None
        reasons.append(reason)
        known |= {met}
        try:
            return write(known), reasons
        except NotCompilable as another:
            reason = another
    return None


@contextlib.contextmanager
def noted(obstacle: Obstacle | None) -> Iterator[None]:
    """Note what a function could give up for, should it be the reason why there is none."""
    try:
        yield
    except NotCompilable as reason:
        if obstacle is not None:
            reason.obstacles.append(obstacle)
        raise
