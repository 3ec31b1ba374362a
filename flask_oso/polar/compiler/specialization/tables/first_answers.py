"""First answers: in a large policy, compiled rules answer before a function is made for a question.

To make the function for a question about a role on four levels takes as long as the compiled rules
take for hundreds of such questions, and most kinds of questions that a process meets in its first
request do not come again soon. All kinds of questions share the compiled rules, which are needed
anyway where a function gives up. So these answer the first questions of each kind: about a string
and some classes.

``FirstQuestions`` tells which these are. ``FirstQuestion`` has the function asked where they take
long.
"""

from __future__ import annotations

import functools
import itertools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ....host.registry import Host
from ....nodes import Rule
from ....policy.policy import calls_in

#: The most calls of rules in the rules of a policy in which a function is made at the first
#: question. Calls are written in place, so that they make functions long.
MAX_CALLS_AT_ONCE = 40
#: How many questions of one kind compiled rules answer in a larger policy.
MAX_FIRST_ANSWERS = 50
#: The same for questions that search for all strings of an argument, which are many in one.
MAX_FIRST_SEARCHES = 10
#: How often such a question looks at the clock, once in some steps, before a function is asked.
MAX_LOOKS_ALONE = 50


class FirstQuestions:
    """Counts the questions of each kind that compiled rules answer."""

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
        """Note that compiled rules answer a question of a kind."""
        self._answered[kind] = self._answered.get(kind, 0) + 1


class FirstQuestion:
    """Has a function asked once a question takes long, and then now and then.

    INVARIANT: the function makes no call of the application. It answers from plain data alone, so
    that the calls that the compiled rules have made are all there are.

    :param ask_function: gives the answer of the function; ``None`` if it gives up.
    """

    def __init__(self, ask_function: Callable[[], t.Any]) -> None:
        self._ask_function = ask_function
        self._looks, self._next = 0, MAX_LOOKS_ALONE

    def look(self) -> None:
        """Ask the function, if it is time to: the question looks at the clock.

        :raises FunctionAnswered: with its answer.
        """
        self._looks += 1
        if self._looks < self._next:
            return
        # What was not loaded may be so by then.
        self._next *= 2
        self.ask()

    def ask(self) -> None:
        """Ask the function: a question takes long that the solver goes on with.

        :raises FunctionAnswered: with its answer.
        """
        answer = self._ask_function()
        if answer is not None:
            raise FunctionAnswered(answer)


class FunctionAnswered(BaseException):
    """A function has answered while compiled rules were at work.

    It is no ``Exception``: what rules construct fails with any of these.

    :param answer: what it gave.
    """

    def __init__(self, answer: t.Any) -> None:
        super().__init__(answer)
        self.answer = answer
