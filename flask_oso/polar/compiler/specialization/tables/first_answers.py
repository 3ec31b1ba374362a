"""First answers: compiled rules answer before a long function is made for a question.

To make the function for a question about a role on four levels takes as long as the compiled rules
take for hundreds of such questions, and most kinds of questions that a process meets in its first
request do not come again soon. All kinds of questions share the compiled rules, which are needed
anyway where a function gives up. So these answer the first questions of each kind: about a string
and some classes.

``FirstQuestions`` tells which these are. ``FirstQuestion`` has the function asked where they take
long.
"""

from __future__ import annotations

import itertools
import time
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ....host.registry import Host
from ....nodes import Call, Slot, Term, Value
from ....solver.class_index import Lineage
from ....solver.clauses import Clause
from ....traversal import goals_in
from ...binding_analysis import ArgumentFacts
from ...entry_points import Clock
from ...goal_forms import call_of

#: The most calls of rules in the rules that a question leads to, each counted once, for which a
#: function is made at the first question. Calls are written in place, so that they make it long.
MAX_CALLS_AT_ONCE = 20
#: The same for questions that search for all strings of an argument.
MAX_CALLS_OF_SEARCH = 40
#: How many questions of a kind compiled rules answer before a function is made.
MAX_FIRST_ANSWERS = 50
#: The same for questions that search for all strings of an argument, which are many in one.
MAX_FIRST_SEARCHES = 10
#: How often such a question looks at the clock, once in some steps, before a function is asked.
MAX_LOOKS_ALONE = 50


class QuestionKind(t.NamedTuple):
    """What first questions have in common.

    :param name: the rule.
    :param classes: the positions and the classes of arguments.
    :param at: the position of the argument that is a string.
    :param text: that string; a set for any that is none of these.
    :param is_searched: whether all strings are searched for.
    """

    name: str
    arity: int
    classes: tuple[tuple[int, type], ...]
    at: int | None
    text: str | frozenset[str] | None
    is_searched: bool = False


class QuestionedProgram(t.Protocol):
    """What is asked of the program."""

    host: Host

    def lineage(self, cls: type) -> Lineage | None: ...
    def select(self, name: str, arity: int, facts: ArgumentFacts) -> Sequence[Clause] | None: ...


class FirstQuestions:
    """Counts the questions of each kind that compiled rules answer."""

    def __init__(self, program: QuestionedProgram) -> None:
        self._program = program
        self._answered: dict[QuestionKind, int] = {}
        self._is_long: dict[QuestionKind, bool] = {}

    def has(self, kind: QuestionKind, questions: int = 1) -> bool:
        """Tell whether so many further questions of a kind are among the first ones.

        A kind with a class that may go is not remembered.
        """
        most = MAX_FIRST_SEARCHES if kind.is_searched else MAX_FIRST_ANSWERS
        if self._answered.get(kind, 0) + questions > most:
            return False
        if kind not in self._is_long:
            if not all(self._program.host.keeps(cls) for _, cls in kind.classes):
                return False
            few = MAX_CALLS_OF_SEARCH if kind.is_searched else MAX_CALLS_AT_ONCE
            calls = calls_reached(self._program, kind, self._facts(kind))
            self._is_long[kind] = next(itertools.islice(calls, few, None), None) is not None
        return self._is_long[kind]

    def note(self, kind: QuestionKind) -> None:
        """Note that compiled rules answer a question of a kind."""
        self._answered[kind] = self._answered.get(kind, 0) + 1

    def _facts(self, kind: QuestionKind) -> ArgumentFacts:
        classes = ((at, self._program.lineage(cls)) for at, cls in kind.classes)
        lineages = {at: lineage for at, lineage in classes if lineage is not None}
        if kind.at is None or kind.is_searched:
            return ArgumentFacts({}, lineages, text=kind.at)
        literal = Value(kind.text) if isinstance(kind.text, str) else None
        return ArgumentFacts({kind.at: literal}, lineages)


def calls_reached(
    program: QuestionedProgram, kind: QuestionKind, facts: ArgumentFacts
) -> Iterator[Call]:
    """Yield the calls in the rules that a question leads to.

    A rule is looked at once for what is known of its arguments: a text or an integer that is
    written in a call, and what is known of an argument that is passed on.
    """
    waiting, seen = [(kind.name, kind.arity, facts)], set[t.Any]()
    while waiting:
        name, arity, facts = waiting.pop()
        literals = frozenset((at, value and value.value) for at, value in facts.literals.items())
        key = name, arity, literals, frozenset(facts.lineages.items())
        if key in seen:
            continue
        seen.add(key)
        for clause in program.select(name, arity, facts) or ():
            for call in filter(None, map(call_of, goals_in(clause.body))):
                yield call
                waiting.append((call.name, len(call.args), _passed_on(clause, call, facts)))


def _passed_on(clause: Clause, call: Call, facts: ArgumentFacts) -> ArgumentFacts:
    positions = {
        term.index: at
        for at, parameter in enumerate(clause.parameters)
        if isinstance(term := parameter.term, Slot)
    }
    literals: dict[int, Value | None] = {}
    lineages: dict[int, Lineage] = {}
    for at, arg in enumerate(call.args):
        if _is_literal(arg):
            literals[at] = t.cast(Value, arg)
        elif isinstance(arg, Slot) and arg.index in positions:
            source = positions[arg.index]
            if source in facts.literals:
                literals[at] = facts.literals[source]
            if source in facts.lineages:
                lineages[at] = facts.lineages[source]
    return ArgumentFacts(literals, lineages)


def _is_literal(arg: Term) -> bool:
    return isinstance(arg, Value) and type(arg.value) in (str, int)


class FirstQuestion:
    """Has a function asked once a question takes long, and then now and then.

    INVARIANT: the function makes no call of the application. It answers from plain data alone, so
    that the calls that the compiled rules have made are all there are.

    :param ask_function: gives the answer of the function; ``None`` if it gives up.
    """

    def __init__(self, ask_function: Callable[[], t.Any]) -> None:
        self._ask_function = ask_function
        self._looks, self._next = 0, MAX_LOOKS_ALONE

    def look(self, clock: Clock) -> None:
        """Ask the function, if it is time to: the question looks at the clock.

        :raises FunctionAnswered: with its answer.
        """
        self._looks += 1
        if self._looks < self._next:
            return
        # What was not loaded may be so by then.
        self._next *= 2
        self.ask(clock)

    def ask(self, clock: Clock) -> None:
        """Ask the function: a question takes long that the solver goes on with.

        To make the function, which may take longer than all else, does not count for the timeout,
        as it does not where a function is asked first.

        :raises FunctionAnswered: with its answer.
        """
        begun = time.monotonic()
        answer = self._ask_function()
        if answer is not None:
            raise FunctionAnswered(answer)
        if clock[1] is not None:
            clock[1] += time.monotonic() - begun


class FunctionAnswered(BaseException):
    """A function has answered while compiled rules were at work.

    It is no ``Exception``: what rules construct fails with any of these.

    :param answer: what it gave.
    """

    def __init__(self, answer: t.Any) -> None:
        super().__init__(answer)
        self.answer = answer
