"""Questions for all strings of one argument, such as ``authorized_actions``.

In go the classes of the other arguments; out come the strings to ask about, each with the function
that answers.
"""

from __future__ import annotations

import typing as t

from ..host.registry import Host
from ..solver.class_index import Lineage
from .binding_analysis import Lineages
from .entry_points import NEW_CLOCK
from .scopes import Variant
from .specialization.dispatch import Specializations


class StringProgram(t.Protocol):
    """What the questions need of the program."""

    host: Host

    def lineage(self, cls: type) -> Lineage | None: ...
    def specializations_at(self, name: str, arity: int, at: int) -> Specializations | None: ...
    def strings_of(
        self, name: str, arity: int, at: int, lineages: Lineages
    ) -> frozenset[str] | None: ...
    def string_question(self, variant: Variant, at: int) -> tuple[t.Any, ...]: ...


class StringQuestions:
    """The questions for the strings of one argument, by the classes of the others.

    :param texts: all strings.
    """

    def __init__(
        self, program: StringProgram, name: str, arity: int, at: int, texts: frozenset[str]
    ) -> None:
        self.texts = texts
        self._program = program
        self.at = at
        known = program.specializations_at(name, arity, at)
        #: The argument by whose class specializations are chosen.
        self.by = 0 if known is None else known.by
        self._rule = name, arity, at
        self._others = [position for position in range(arity) if position != at]
        self._by_kinds: dict[tuple[type, ...], list[tuple[t.Any, ...]]] = {}

    def about(self, args: tuple[t.Any, ...]) -> list[tuple[t.Any, ...]]:
        """Return the questions for the classes of some arguments."""
        kinds = tuple([type(args[position]) for position in self._others])
        known = self._by_kinds.get(kinds)
        if known is None:
            known = self._questions_for(kinds)
            if all(map(self._program.host.keeps, kinds)):
                self._by_kinds[kinds] = known
        return known

    def _questions_for(self, kinds: tuple[type, ...]) -> list[tuple[t.Any, ...]]:
        program, (name, arity, at) = self._program, self._rule
        lineages = {
            position: lineage
            for position, kind in zip(self._others, kinds, strict=True)
            if kind is not int and (lineage := program.lineage(kind)) is not None
        }
        texts = program.strings_of(name, arity, at, lineages)
        # Where no string is possible, one is asked about, since a rule may still raise an error.
        texts = texts or frozenset({min(self.texts)})
        known = tuple(sorted(lineages.items()))
        return [
            program.string_question(Variant(name, arity, ((at, text),), False, known), at)
            for text in sorted(texts)
        ]


def found_strings(questions: StringQuestions, args: tuple[t.Any, ...]) -> set[str]:
    """Return the strings for which the answer is yes."""
    at, found = questions.at, set()
    before, after = args[:at], args[at + 1 :]
    kind, clock = type(args[questions.by]), [*NEW_CLOCK]
    for text, specializations, question in questions.about(args):
        given = (*before, text, *after)
        answer = specializations[kind](*given, True)
        if answer is None:
            answer = question(*given, clock)
        if answer:
            found.add(text)
    return found
