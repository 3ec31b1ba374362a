"""Questions for all strings of one argument, such as ``authorized_actions``.

In go the classes of the other arguments; out come the strings to ask about, each with the function
that answers.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ...host.terms import ANYTHING
from ...solver.clauses import Clause
from ...solver.machine import STOPPED
from ...value_objects import Record
from ..binding_analysis import ArgumentFacts, strings_at
from ..entry_points import new_clock
from ..scopes import ProgramInterface, Variant
from ..specialization.goals.obstacles import Attempts
from ..specialization.observation import NOT_CALLED, Outcome, Outcomes, Read, Replay, is_changed
from ..specialization.tables.dispatch import Specializations
from ..specialization.tables.first_answers import FirstQuestion
from ..specialization.tables.function_maker import FunctionMaker, no_answer
from ..specialization.tables.search_maker import MAX_SEARCHED, SearchMaker, StringSearch
from .alike_strings import alike_strings
from .closed_strings import Parameter, possible_strings

#: The string that stands for those that no rule names.
_OTHER = "*"
#: How often one function for all strings may give up, before each string has one of its own.
MAX_GIVEN_UP = 200


class QueryNeeded(Exception):
    """Only a query can answer: a rule is not compiled, or an error may be behind the answer."""


class StringProgram(ProgramInterface, t.Protocol):
    """What is needed of the program."""

    searches: dict[tuple[t.Any, ...], StringSearch]

    def specializations_at(self, name: str, arity: int, at: int) -> Specializations | None: ...
    def select(self, name: str, arity: int, facts: ArgumentFacts) -> Sequence[Clause] | None: ...
    def string_question(self, variant: Variant, at: int) -> tuple[t.Any, ...]: ...
    def string_function(self, variant: Variant) -> t.Callable[..., bool]: ...
    def open_function(self, variant: Variant) -> t.Callable[..., t.Any] | None: ...
    def is_left(self, variant: Variant) -> bool: ...
    def solving(self, name: str) -> t.Callable[[tuple[t.Any, ...], bool, Replay], bool]: ...
    def raise_as_solver(self, name: str, args: tuple[t.Any, ...]) -> None: ...


class Questions(Record):
    """The questions for the classes of some arguments: for named strings, and for any other one.

    Each is what ``StringProgram.string_question`` returns.

    :param alike: all strings for which the answer to the question about a named one is theirs.
    """

    named: list[tuple[t.Any, ...]]
    free: tuple[t.Any, ...] | None
    alike: dict[str, list[str]]


class StringQuestions:
    """The questions for the strings of one argument, by the classes of the others."""

    def __init__(self, program: StringProgram, name: str, arity: int, at: int) -> None:
        self._program = program
        self._at = at
        known = program.specializations_at(name, arity, at)
        #: The argument by whose class specializations are chosen.
        self._by = 0 if known is None else known.by
        self._rule = name, arity, at
        self._others = [position for position in range(arity) if position != at]
        self._by_kinds: dict[tuple[type, ...], Questions | None] = {}
        self._in_turn: dict[tuple[type, ...], InTurn] = {}

    def search(self, kinds: tuple[type, ...], *, waits: bool = False) -> StringSearch | None:
        """Make and keep the function for all strings at once, given the classes of the others.

        It gives ``None`` where they have to be asked one by one, as about a class that may go.
        """
        if not all(map(self._program.host.keeps, kinds)):
            # It would be compiled anew for each question.
            return None
        questions = self.about(kinds)
        known = self._program.specializations_at(*self._rule)
        if questions is None or known is None:
            return None
        asked = [*([questions.free] if questions.free else ()), *questions.named]
        alike = [questions.alike.get(text, [text]) for text, *_ in asked]
        in_turn = self._asking(kinds, questions)
        left = in_turn.behind if known.maker.admits_all(kinds) else None
        made = known.search_maker.search(alike, kinds, left, waits=waits)
        if made is None:
            return None
        search = made if questions.free is None else _or_anything(made)
        name, _, at = self._rule
        if known.search_maker.is_observed(made):
            search = BehindCalls(search, in_turn, self._program, name)
        is_partial = made is no_answer or known.search_maker.is_partial(made)
        in_turn.makes = made is no_answer
        if is_partial and known.maker.admits_all(kinds):
            search = in_turn if made is no_answer else PartlyAtOnce(search, in_turn)
            search = self._by_text(known.search_maker, alike, kinds, in_turn, search)
        self._program.searches[name, at, *kinds] = search
        return search

    def _by_text(
        self,
        maker: SearchMaker,
        alike: t.Sequence[t.Sequence[str]],
        kinds: tuple[type, ...],
        in_turn: InTurn,
        search: StringSearch,
    ) -> StringSearch:
        """Return a function that makes calls that come first for one string of another argument.

        As of the action, where fields are asked for.
        """
        name, arity, _ = self._rule
        at = {each for each, kind in zip(self._others, kinds, strict=True) if kind is str}
        candidates = self._program.candidates(name, arity)
        if len(at) != 1 or candidates is None or len(alike) > MAX_SEARCHED:
            return search
        (at_text,) = at
        texts = strings_at(candidates, at_text)

        def make(text: str) -> StringSearch | None:
            made = maker.search_behind_calls(alike, kinds, in_turn.behind, {at_text: text})
            if made is None or made is no_answer:
                return made
            found = made if not in_turn.is_free else _or_anything(made)
            return BehindCalls(found, in_turn, self._program, name)

        return ByText(at_text, texts, make, search)

    def found(
        self, args: tuple[t.Any, ...], first: FirstQuestion | None = None
    ) -> set[t.Any] | None:
        """Return the strings for which the answer is yes, or only ``ANYTHING``.

        ``None`` if a query has to answer.

        :param first: has a function asked; only the compiled rules are asked otherwise.
        """
        kinds = tuple([type(args[position]) for position in self._others])
        questions = self.about(kinds)
        if questions is None:
            return None
        in_turn = self._asking(kinds, questions)
        return in_turn(*args) if first is None else in_turn.by_rules(args, first)

    def _asking(self, kinds: tuple[type, ...], questions: Questions) -> InTurn:
        """Return what asks the questions in turn."""
        if kinds not in self._in_turn:
            known = self._program.specializations_at(*self._rule)
            cls = object if known is None else kinds[self._others.index(self._by)]
            maker = None if known is None else known.maker
            made = InTurn(self._program, self._rule, questions, cls, maker)
            if not all(map(self._program.host.keeps, kinds)):
                return made
            self._in_turn[kinds] = made
        return self._in_turn[kinds]

    def about(self, kinds: tuple[type, ...]) -> Questions | None:
        """Return the questions for the classes of the others; ``None`` if a query is needed."""
        if kinds not in self._by_kinds:
            made = self._questions_for(kinds)
            if not all(map(self._program.host.keeps, kinds)):
                return made
            self._by_kinds[kinds] = made
        return self._by_kinds[kinds]

    def _questions_for(self, kinds: tuple[type, ...]) -> Questions | None:
        program, (name, arity, at) = self._program, self._rule
        lineages = {
            position: lineage
            for position, kind in zip(self._others, kinds, strict=True)
            if kind is not int and (lineage := program.lineage(kind)) is not None
        }
        possible = possible_strings(program.select, name, arity, at, lineages)
        if possible is None:
            return None
        is_other_asked = possible.is_free or possible.is_restricted
        if is_other_asked and _OTHER in possible.texts:
            return None
        known = tuple(sorted(lineages.items()))

        def question(text: str, *, is_test: bool = False) -> tuple[t.Any, ...]:
            return program.string_question(Variant(name, arity, ((at, text),), is_test, known), at)

        # Where no string is possible, one is asked about, since a rule may still raise an error;
        # and where rules only say which strings it is not, one to which that does not apply.
        # A query ends at the first rule that allows anything, and meets no error behind it.
        is_asked = is_other_asked or not possible.texts
        free = question(_OTHER, is_test=possible.is_free) if is_asked else None
        parameter = Parameter(name, arity, at, known)
        alike = alike_strings(program.select, parameter, sorted(possible.texts))
        by_first = {group[0]: group for group in alike}
        return Questions([question(text) for text in by_first], free, by_first)


class PartlyAtOnce:
    """Finds strings by one function for all of them, or by asking about each where it gives up."""

    def __init__(self, at_once: StringSearch, in_turn: StringSearch) -> None:
        self.at_once, self._in_turn = at_once, in_turn

    def __call__(self, *args: t.Any) -> set[t.Any] | None:
        found = self.at_once(*args)
        return self._in_turn(*args) if found is None else found


class ByText:
    """Finds strings by one function for each string of another argument, where there is one.

    :param texts: the strings that rules name there.
    :param make: makes the function; ``no_answer`` if there is none, ``None`` if it cannot now.
    :param others: answers otherwise.
    """

    def __init__(
        self,
        at: int,
        texts: t.Iterable[str],
        make: t.Callable[[str], StringSearch | None],
        others: StringSearch,
    ) -> None:
        self._at, self._make, self._others = at, make, others
        self._known: dict[str, StringSearch | None] = dict.fromkeys(texts)

    @property
    def at_once(self) -> t.Any:
        return getattr(self._others, "at_once", self._others)

    def __call__(self, *args: t.Any) -> set[t.Any] | None:
        text = args[self._at]
        search = self._known.get(text, no_answer)
        if search is None:
            search = self._make(text) or self._others
            if search is not self._others:
                self._known[text] = search
        return self._others(*args) if search is no_answer else search(*args)


class BehindCalls:
    """Finds strings by one function that makes calls of the application, as ``InTurn`` does.

    It is not tried for a while where it gave up again and again.
    """

    def __init__(
        self, at_once: StringSearch, in_turn: InTurn, program: StringProgram, name: str
    ) -> None:
        self.at_once, self._in_turn = at_once, in_turn
        self._program, self._name = program, name
        self._attempts = Attempts()

    def __call__(self, *args: t.Any) -> set[t.Any] | None:
        attempts, in_turn = self._attempts, self._in_turn
        if attempts.in_vain and not attempts.are_worth():
            return in_turn(*args)
        if in_turn.was_left:
            in_turn.was_left = False
        try:
            found = self.at_once(*args)
        except Exception as error:
            attempts.note_in_vain()
            # It comes from a call of the application. A query may come to another one before it,
            # or to what allows anything.
            if in_turn.is_free:
                return None
            self._program.raise_as_solver(self._name, args)
            if isinstance(error, StopIteration):
                raise RuntimeError(STOPPED) from error
            raise
        if found is None or in_turn.was_left:
            attempts.note_in_vain()
        elif attempts.in_vain:
            attempts.in_vain = 0
        return in_turn(*args) if found is None else found


class _Step:
    """A question that is asked in turn: by a specialization, and by the compiled rules.

    :param texts: the strings for which the answer is.
    """

    __slots__ = ("by_class", "by_rules", "is_left", "is_searched", "text", "texts", "variant")

    def __init__(self, question: tuple[t.Any, ...], texts: t.Sequence[t.Any]) -> None:
        self.text, self.is_searched, self.by_class, self.variant = question
        self.texts = texts
        self.by_rules: t.Callable[..., bool] | None = None
        #: Whether the specialization leaves it to the compiled rules, once that is known.
        self.is_left: bool | None = None


class InTurn:
    """Asks about each string, as about a method that rules call.

    :param cls: the class by which specializations are chosen.
    :param maker: tells whether a specialization leaves such questions to the compiled rules.
    """

    def __init__(
        self,
        program: StringProgram,
        rule: tuple[str, int, int],
        questions: Questions,
        cls: type,
        maker: FunctionMaker | None,
    ) -> None:
        self._program, self._cls, self._maker = program, cls, maker
        self._name, _, self._at = rule
        #: Whether any value may be found, and whether calls were made before the last question.
        self.is_free, self.was_left = questions.free is not None, False
        #: Whether specializations are made for one string each, which takes seconds for many. Where
        #: one function for all strings gave up, as at a relation that was not loaded, most of them
        #: would give up, too: the compiled rules, which load it, answer at once.
        self.makes = True
        self._asked = 0
        self._is_query_needed = False
        self._steps = [_Step(each, questions.alike[each[0]]) for each in questions.named]
        if questions.free is not None:
            self._steps.insert(0, _Step(questions.free, [ANYTHING]))

    def __call__(self, *args: t.Any) -> set[t.Any] | None:
        self._asked += 1
        self.makes = self.makes or self._asked > MAX_GIVEN_UP
        return self._found(args, new_clock(), makes=self.makes)

    def by_rules(self, args: tuple[t.Any, ...], first: FirstQuestion) -> set[t.Any] | None:
        """Ask the compiled rules, which have a function asked if they take long."""
        return self._found(args, [*new_clock(), first], makes=False)

    def behind(
        self,
        args: tuple[t.Any, ...],
        begun: float,
        reads: tuple[Read, ...],
        *calls: tuple[t.Any, ...],
    ) -> set[t.Any] | None:
        """Ask the compiled rules, which get what calls gave that were made before.

        The solver, where a call has changed what was read before it.

        :param reads: with ``NOT_CALLED`` for what was not read.
        :param calls: each as ``Outcome`` takes it, with ``NOT_CALLED`` for one that was not made.
        """
        self.was_left = True
        made = Outcomes(
            Outcome(owner, called, given, result, None)
            for owner, called, given, result in calls
            if result is not NOT_CALLED
        )
        read = [each for each in reads if each[2] is not NOT_CALLED]
        if is_changed(read):
            return self._solved(args, Replay(read, made))
        return self._found(args, new_clock(begun, made), makes=False)

    def _solved(self, args: tuple[t.Any, ...], made: Replay) -> set[t.Any]:
        """Have the solver answer each question."""
        found, at, solve = set[t.Any](), self._at, self._program.solving(self._name)
        for step in self._steps:
            asked = (*args[:at], step.text, *args[at + 1 :])
            if solve(asked, step.is_searched, made):
                found.update(step.texts)
        return {ANYTHING} if ANYTHING in found else found

    def _found(
        self, args: tuple[t.Any, ...], clock: list[t.Any], *, makes: bool
    ) -> set[t.Any] | None:
        if self._is_query_needed:
            return None
        found: set[t.Any] = set()
        try:
            self._ask([*args, True], found, clock, makes=makes)
        except QueryNeeded:
            # Or a function cannot be made now, and is the next time.
            left = (self._program.is_left(step.variant) for step in self._steps)
            self._is_query_needed = any(left)
            return None
        except Exception:
            if ANYTHING in found:
                # The query may come to what allows anything before it comes to the error.
                return None
            # Also one of the application.
            self._program.raise_as_solver(self._name, args)
            raise
        return {ANYTHING} if ANYTHING in found else found

    def _ask(
        self, given: list[t.Any], found: set[t.Any], clock: list[t.Any], *, makes: bool
    ) -> None:
        """Ask each question; add the strings for which it holds.

        :param given: the arguments, and a place for what else a function takes.
        """
        cls, at = self._cls, self._at
        for step in self._steps:
            answer = None
            given[at] = step.text
            if makes and not step.is_left:
                given[-1] = step.is_searched
                answer = step.by_class[cls](*given)
                if answer is None and step.is_left is None and self._maker is not None:
                    step.is_left = step.is_searched and self._maker.is_left((*given[:-1],))
            if answer is None:
                if step.by_rules is None:
                    step.by_rules = self._program.string_function(step.variant)
                given[-1] = clock
                answer = step.by_rules(*given)
            if answer:
                found.update(step.texts)


def _or_anything(made: StringSearch) -> StringSearch:
    """Return a function that gives ``ANYTHING`` where a string that no rule names is found."""

    def search(*args: t.Any) -> set[t.Any] | None:
        found = made(*args)
        return {ANYTHING} if found is not None and _OTHER in found else found

    return search
