"""The search for the strings of one argument for which a rule has a solution.

In go all arguments of a question but the string, such as an actor and a resource; out come the
strings, as for ``authorized_actions``. A function that finds all of them answers, where one was
made before; else the compiled rules, for the first questions of a kind; else a function that is
made now, or a question for each string. Where data give the strings, compiled rules yield them.
"""

from __future__ import annotations

import time
import types
import typing as t
from collections.abc import Callable, Iterable

from ...environment import STORED_ENVIRONMENT
from ...output import STORED_VARIABLE
from ..compilation_turns import CompilationTurns
from ..source_map import HAS_POSITIONS
from ..specialization.tables.first_answers import (
    FirstQuestion,
    FirstQuestions,
    FunctionAnswered,
    QuestionKind,
)
from ..specialization.tables.function_maker import no_answer
from ..specialization.tables.search_maker import StringSearch
from .open_values import OpenValues
from .order_independence import is_order_independent
from .string_questions import StringProgram, StringQuestions


class SearchedProgram(StringProgram, t.Protocol):
    """What is needed of the program, whose ``searches`` have the functions that were made."""

    turns: CompilationTurns
    first_questions: FirstQuestions


class StringSearches:
    """The searches of one program.

    :param variable: stands for the open argument.
    :param as_data: gives arguments as compiled rules take them; ``None`` if the solver has to.
    :param plain: the classes whose objects they take as they are.
    """

    def __init__(
        self,
        program: SearchedProgram,
        variable: object,
        as_data: Callable[[tuple[t.Any, ...]], tuple[t.Any, ...] | None],
        plain: set[type],
    ) -> None:
        self._program = program
        self._open = OpenValues(program, variable, as_data, plain)
        self._questions: dict[tuple[str, int, int], StringQuestions | None] = {}

    def found(
        self, name: str, args: tuple[t.Any, ...], at: int, count: int = 1
    ) -> set[t.Any] | None:
        """Return the strings of one argument for which a rule call has a solution.

        Where the argument may be anything, ``ANYTHING`` is all that is in the set.

        :param args: the arguments; the one at ``at`` is ignored.
        :param count: how many such questions there are.
        :returns: ``None`` where the solver has to answer, since the argument may be something
            else than one of the strings of the policy, or since no function is to be made yet.
        """
        if STORED_VARIABLE in STORED_ENVIRONMENT:
            return None
        kinds = tuple([type(arg) for position, arg in enumerate(args) if position != at])
        search = self._program.searches.get((name, at, *kinds))
        found = None if search is None else search(*args)
        if found is not None:
            return found
        is_by_rules = self._open.are_known(name, at, kinds)
        questions = None if is_by_rules else self.questions(name, len(args), at)
        if search is None and questions is not None:
            found = self._found_by_rules(name, args, at, count, questions)
            if found is not None:
                return found
        if search is None:
            # It answers at once: the functions for each string need not be compiled, too.
            made = self._at_once(name, at, kinds, questions)
            found = None if made is None else made(*args)
            if found is not None:
                return found
        found = None if questions is None else questions.found(args)
        if found is not None:
            return found
        return self._open.found(name, at, kinds, args)

    def prepare(
        self,
        name: str,
        arity: int,
        at: int,
        classes: Iterable[tuple[type, ...]],
        until: float,
    ) -> None:
        """Make the functions that find all strings at once.

        :param classes: those of the other arguments.
        :param until: the time after which no compilation is begun.
        """
        questions = self.questions(name, arity, at, waits=True)
        for kinds in classes:
            if time.monotonic() > until:
                return
            made = self._at_once(name, at, kinds, questions, waits=True)
            if made is None or made is no_answer:
                self._open.prepare(name, at, kinds)

    def questions(
        self, *rule: *tuple[str, int, int], waits: bool = False
    ) -> StringQuestions | None:
        """Return what is asked about a rule of so many arguments, and one of these."""
        made = self._program.turns.made_once(
            self._questions, rule, self._make_questions, waits=waits
        )
        return t.cast("StringQuestions | None", made)

    def _found_by_rules(
        self, name: str, args: tuple[t.Any, ...], at: int, count: int, questions: StringQuestions
    ) -> set[t.Any] | None:
        """Find strings by the compiled rules, before a function is made that finds them at once.

        :returns: ``None`` if they do not find them, or it is to be made.
        """
        positions = [each for each in range(len(args)) if each != at]
        kinds = tuple([type(args[each]) for each in positions])
        classes = tuple(zip(positions, kinds, strict=True))
        kind = QuestionKind(name, len(args), classes, at, None, is_searched=True)
        if not self._program.first_questions.has(kind, count):
            return None
        self._program.first_questions.note(kind)

        def ask_function() -> set[t.Any] | None:
            search = self._at_once(name, at, kinds, questions)
            # Only what is generated makes no call.
            return search(*args) if type(search) is types.FunctionType else None

        try:
            return questions.found(args, FirstQuestion(ask_function))
        except FunctionAnswered as by_function:
            return t.cast("set[t.Any]", by_function.answer)

    def _at_once(
        self,
        name: str,
        at: int,
        kinds: tuple[type, ...],
        questions: StringQuestions | None,
        *,
        waits: bool = False,
    ) -> StringSearch | None:
        """Make and keep the function that finds all strings at once, given the other classes."""
        if questions is not None and questions.about(kinds) is not None:
            return questions.search(kinds, waits=waits)
        known = self._program.specializations_at(name, len(kinds) + 1, at)
        if known is None or not all(map(self._program.host.keeps, kinds)):
            return None
        made: StringSearch | None = known.search_maker.value_search(kinds, waits=waits)
        if made is not None:
            self._program.searches[name, at, *kinds] = made
        return made

    def _make_questions(self, name: str, arity: int, at: int) -> StringQuestions | None:
        if not HAS_POSITIONS or self._program.candidates(name, arity) is None:
            return None
        if not is_order_independent(self._program.candidates, self._program.host, name, arity, at):
            return None
        return StringQuestions(self._program, name, arity, at)
