"""Questions for all strings of one argument, such as ``authorized_actions``.

In go the classes of the other arguments; out come the strings to ask about, each with the function
that answers.
"""

from __future__ import annotations

import typing as t

from ...host.terms import ANYTHING
from ..binding_analysis import Lineages
from ..entry_points import NEW_CLOCK
from ..scopes import ProgramInterface, Variant
from ..specialization.tables.dispatch import Specializations
from ..specialization.tables.function_maker import StringSearch, no_answer
from .closed_strings import Strings

#: The string that stands for those that no rule names.
_OTHER = "*"
#: How often one function for all strings may give up, before each string has one of its own.
MAX_GIVEN_UP = 200


class QueryNeeded(Exception):
    """Only a query can answer: a rule is not compiled, or an error may be behind the answer."""


class StringProgram(ProgramInterface, t.Protocol):
    """What the questions need of the program."""

    searches: dict[tuple[t.Any, ...], StringSearch]
    one_by_one: dict[tuple[t.Any, ...], StringSearch]

    def specializations_at(self, name: str, arity: int, at: int) -> Specializations | None: ...
    def possible_strings(
        self, name: str, arity: int, at: int, lineages: Lineages
    ) -> Strings | None: ...
    def alike_strings(
        self, name: str, arity: int, at: int, lineages: Lineages, texts: t.Sequence[str]
    ) -> list[list[str]]: ...
    def string_question(self, variant: Variant, at: int) -> tuple[t.Any, ...]: ...
    def string_function(self, variant: Variant) -> t.Callable[..., bool]: ...
    def raise_as_solver(self, name: str, args: tuple[t.Any, ...]) -> None: ...


class Questions(t.NamedTuple):
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
        #: How often the function for all strings gave up, by the classes of the others, if there is
        #: one.
        self._given_up: dict[tuple[type, ...], int] = {}

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
        asked = [*questions.named, *([questions.free] if questions.free else ())]
        alike = [questions.alike.get(text, [text]) for text, *_ in asked]
        made = known.maker.search(alike, kinds, waits=waits)
        if made is None:
            return None
        search = made if questions.free is None else _unless_any(made)
        name, _, at = self._rule
        if made is no_answer and known.maker.admits_all(kinds):
            one_by_one = self._one_by_one(questions, kinds)
            self._program.one_by_one[name, at, *kinds] = one_by_one
            # Those who ask 'searches' know nothing of ``ANYTHING``.
            search = one_by_one if questions.free is None else search
        self._program.searches[name, at, *kinds] = search
        if made is not no_answer:
            self._given_up.setdefault(kinds, 0)
        return search

    def _one_by_one(self, questions: Questions, kinds: tuple[type, ...]) -> StringSearch:
        """Return a function that asks about each string, as about a method that rules call.

        It does what ``found`` does, for callers that have looked at the arguments.
        """
        program, at, cls = self._program, self._at, kinds[self._others.index(self._by)]
        name, is_left = self._rule[0], False
        compiled: dict[str, t.Callable[..., bool]] = {}

        def search(*args: t.Any) -> set[t.Any] | None:
            nonlocal is_left
            if is_left:
                return None
            found, is_free = set(), False
            plain, by_rules = [*args, True], [*args, [*NEW_CLOCK]]
            try:
                for text, is_searched, specializations, variant in asked:
                    plain[at], plain[-1] = text, is_searched
                    answer = specializations[cls](*plain)
                    if answer is None:
                        if text not in compiled:
                            compiled[text] = program.string_function(variant)
                        by_rules[at] = text
                        answer = compiled[text](*by_rules)
                    if answer and text is any_text:
                        is_free = True
                    elif answer:
                        found.update(alike[text])
            except QueryNeeded:
                is_left = True
                return None
            except Exception:
                if is_free:
                    # The query may come to what allows anything before it comes to the error.
                    return None
                # Also one of the application.
                program.raise_as_solver(name, args)
                raise
            return {ANYTHING} if is_free else found

        free, alike = questions.free, questions.alike
        asked = questions.named if free is None else [free, *questions.named]
        any_text = None if free is None else free[0]
        return search

    def found(self, args: tuple[t.Any, ...]) -> set[t.Any]:
        """Return the strings for which the answer is yes, or only ``ANYTHING``.

        :raises QueryNeeded: if a query has to answer.
        """
        kinds = tuple([type(args[position]) for position in self._others])
        questions = self.about(kinds)
        if questions is None:
            raise QueryNeeded
        makes = self._makes(kinds)
        clock = [*NEW_CLOCK]
        is_free = questions.free is not None and self._holds(questions.free, args, clock, makes)
        try:
            held = [each[0] for each in questions.named if self._holds(each, args, clock, makes)]
        except Exception:
            if is_free:
                # The query may come to what allows anything before it comes to the error.
                raise QueryNeeded from None
            raise
        if is_free:
            return {ANYTHING}
        return {text for each in held for text in questions.alike[each]}

    def _makes(self, kinds: tuple[type, ...]) -> bool:
        """Tell whether specializations are made for one string each, which takes seconds for many.

        Where one function for all strings gave up, as at a relation that was not loaded, most of
        them would give up, too: the compiled rules, which load it, answer at once.
        """
        if kinds not in self._given_up:
            return True
        self._given_up[kinds] += 1
        return self._given_up[kinds] > MAX_GIVEN_UP

    def _holds(
        self,
        question: tuple[t.Any, ...],
        args: tuple[t.Any, ...],
        clock: list[t.Any],
        makes: bool,
    ) -> bool:
        text, is_searched, specializations, variant = question
        given = (*args[: self._at], text, *args[self._at + 1 :])
        cls = type(args[self._by])
        answer = None
        if makes or cls in specializations:
            answer = specializations[cls](*given, is_searched)
        if answer is None:
            answer = self._program.string_function(variant)(*given, clock)
        return bool(answer)

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
        possible = program.possible_strings(name, arity, at, lineages)
        if possible is None or (possible.is_free and _OTHER in possible.texts):
            return None
        known = tuple(sorted(lineages.items()))

        def question(text: str, *, is_test: bool = False) -> tuple[t.Any, ...]:
            return program.string_question(Variant(name, arity, ((at, text),), is_test, known), at)

        # Where no string is possible, one is asked about, since a rule may still raise an error.
        # A query ends at the first rule that allows anything, and meets no error behind it.
        is_asked = possible.is_free or not possible.texts
        free = question(_OTHER, is_test=possible.is_free) if is_asked else None
        alike = program.alike_strings(name, arity, at, lineages, sorted(possible.texts))
        by_first = {group[0]: group for group in alike}
        return Questions([question(text) for text in by_first], free, by_first)


def _unless_any(made: StringSearch) -> StringSearch:
    """Return a function that gives ``None`` where a string that no rule names is found."""

    def search(*args: t.Any) -> set[str] | None:
        found = made(*args)
        return None if found is None or _OTHER in found else found

    return search
