"""First answers: in a large policy, the solver answers a few questions before a function is made.

To make the function for a question about a role on four levels takes as long as the solver takes
for forty such questions, and most kinds of questions that a process meets in its first request do
not come again soon. So the solver answers the first ones of each kind: about a string and some
classes.

``FirstQuestions`` tells which these are. ``FirstSolver`` answers them: it is the one that goes on
below compiled functions, so that chains and groups in groups cost the same.
"""

from __future__ import annotations

import functools
import itertools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ....host.registry import Host
from ....nodes import Call, Rule
from ....policy.policy import calls_in
from ....solver.backtrace import Step
from ....solver.clauses import Frame
from ....solver.tabling import TabledSolver

#: The most calls of rules in the rules of a policy in which a function is made at the first
#: question. Calls are written in place, so that they make functions long.
MAX_CALLS_AT_ONCE = 40
#: How many questions of one kind the solver answers in a larger policy.
MAX_FIRST_ANSWERS = 10
#: The same for questions that search for all strings of an argument, which take it longer.
MAX_FIRST_SEARCHES = 4
#: How many calls of rules it makes for such a question before a function is asked.
MAX_CALLS_ALONE = 1_000


class FirstQuestions:
    """Counts the questions of each kind that the solver answers."""

    def __init__(self, rules: Mapping[str, Sequence[Rule]], host: Host) -> None:
        self._rules, self._host = rules, host
        self._answered: dict[t.Any, int] = {}

    def has(
        self,
        kind: t.Hashable,
        classes: Iterable[type],
        questions: int = 1,
        *,
        most: int = MAX_FIRST_ANSWERS,
    ) -> bool:
        """Tell whether so many further questions of a kind are among the first ones.

        :param classes: those that the kind holds; one that may go is not remembered.
        :param most: how many there are.
        """
        is_first = self._answered.get(kind, 0) + questions <= most
        return is_first and self._is_large and all(map(self._host.keeps, classes))

    @functools.cached_property
    def _is_large(self) -> bool:
        every = (rule for rules in self._rules.values() for rule in rules)
        calls = itertools.chain.from_iterable(calls_in(rule.body) for rule in every)
        return next(itertools.islice(calls, MAX_CALLS_AT_ONCE, None), None) is not None

    def note(self, kind: t.Hashable) -> None:
        """Note that the solver answers a question of a kind."""
        self._answered[kind] = self._answered.get(kind, 0) + 1


class FirstSolver(TabledSolver):
    """A solver that has a function asked once the question takes long, and then now and then.

    INVARIANT: the function makes no call of the application. It answers from plain data alone, so
    that the calls that the solver has made are all there are.
    """

    #: Gives the answer of the function; ``None`` if it gives up.
    ask_function: Callable[[], bool | None]
    _calls = 0
    _next_ask = MAX_CALLS_ALONE

    def _solve_call(self, call: Call, frame: Frame, step: Step) -> bool:
        self._calls += 1
        if self._calls == self._next_ask:
            # What was not loaded may be so by then.
            self._next_ask *= 2
            answer = self.ask_function()
            if answer is not None:
                raise FunctionAnswered(answer)
        return super()._solve_call(call, frame, step)


class FunctionAnswered(Exception):
    """A function has answered while the solver was at work.

    :param answer: what it gave.
    """

    def __init__(self, answer: bool) -> None:
        super().__init__()
        self.answer = answer
