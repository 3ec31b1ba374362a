"""One function for all questions of an application, where they are few.

Questions find what answers them in tables, by the action and by classes. In go the first questions
that are asked; out comes one function in which the answers to them are written out one after the
other, as a virtual machine writes what it met into its code: a look into tables and a call are
saved. Where there are more kinds of questions than that pays for, the tables stay.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Iterable

from ..environment import STORED_ENVIRONMENT
from ..output import STORED_VARIABLE
from .binding_analysis import NotCompilable
from .entry_points import NOT_LOGGED
from .snippets import all_of, call, compared, function_of, is_type, load
from .specialization.dispatch import (
    Specialization,
    Specializations,
    SpecializingProgram,
    Text,
    no_answer,
)

#: So many questions are looked at before a function is written, or written again.
WATCHED = 16
#: The most kinds of questions in a function: each is a test or two, and a look into the tables
#: takes as long as four.
MAX_KINDS = 4
_PARAMETERS = ["a0", "a1", "a2"]
#: A string, or all that it is not, and the classes of actor and resource.
_Kind = tuple[Text, type, type]


class FrequentQuestions:
    """Looks at what an application asks, and writes the function for it.

    Like the tables, the function returns ``None`` where the compiled rules have to answer.

    :param tables: the functions for actor, action and resource.
    :param entry: answers any question, and makes the tables.
    :param settle: takes the function; ``None`` where tables are better.
    """

    def __init__(
        self,
        program: SpecializingProgram,
        tables: Specializations,
        entry: Specialization,
        settle: Callable[[Specialization | None], None],
    ) -> None:
        self._program = program
        self._tables = tables
        self._entry = entry
        self._settle = settle
        self._watched = 0
        #: The kinds of questions that were asked, in their order.
        self._kinds: dict[_Kind, None] = {}
        #: Those of them that the function was written for.
        self._written: list[_Kind] = []

    def first(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool | None:
        """Answer a question before there is a function."""
        if type(action) is not str or STORED_VARIABLE in STORED_ENVIRONMENT:
            return None
        return self.other(actor, action, resource)

    def other(self, actor: t.Any, action: str, resource: t.Any) -> bool | None:
        """Answer a question that the function does not have, and look at it."""
        try:
            made = self._tables.known[action][type(resource)]
        except KeyError:
            # Nobody asked this before. Objects that may be proxies are of no admitted class.
            kinds = type(actor), type(resource)
            made = self._entry if self._tables.admits(kinds) else no_answer
        answer = made(actor, action, resource)
        self._watch(action, type(actor), type(resource))
        return answer

    def _watch(self, action: str, actor: type, resource: type) -> None:
        texts, keeps = self._tables.texts, self._program.host.keeps
        self._watched += 1
        if not (keeps(actor) and keeps(resource)):
            # Classes that may go are held by nothing.
            self._settle(None)
            return
        self._kinds[action if action in texts else texts, actor, resource] = None
        if len(self._kinds) > MAX_KINDS:
            self._kinds.popitem()
            self._settle(None)
        elif self._watched >= WATCHED:
            self._watched = 0
            self._write([*self._kinds])

    def _write(self, kinds: list[_Kind]) -> None:
        """Write the function. While another thread compiles, it is left for later."""
        if kinds == self._written:
            # What it cannot have is asked often.
            self._settle(None)
            return
        made = self._program.make_specialization(lambda: self._made(kinds), FrequentQuestions)
        if made is not None:
            self._written = kinds
            self._settle(None if made is no_answer else made)

    def _made(self, kinds: Iterable[_Kind]) -> Specialization | None:
        by_class: dict[type, dict[Text, list[ast.stmt]]] = {}
        for text, actor, resource in kinds:
            try:
                body = self._tables.statements(text, (actor, resource))
            except NotCompilable:
                body = None
            if body is not None:
                by_text = by_class.setdefault(resource, {})
                by_text.setdefault(text, []).append(ast.If(self._is_of("a0", actor), body, []))
        if not by_class:
            return None
        found: list[ast.stmt] = []
        for cls, by_text in reversed(by_class.items()):
            chosen: list[ast.stmt] = []
            for text, answers in reversed(by_text.items()):
                chosen = [ast.If(self._is_about(text), answers, chosen)]
            found = [ast.If(self._is_of("a2", cls), chosen, found)]
        other = ast.Attribute(load(self._program.constant(self)), "other", ast.Load())
        found.append(ast.Return(ast.Call(other, [*map(load, _PARAMETERS)], [])))
        is_usual = all_of([is_type("a1", "str"), NOT_LOGGED])
        body = [ast.If(is_usual, found, []), ast.Return(ast.Constant(None))]
        return self._program.compiled_question(function_of("questions", _PARAMETERS, body))

    def _is_of(self, name: str, cls: type) -> ast.expr:
        """Write that an argument is of exactly a class."""
        kind = call("type", load(name))
        return compared(kind, ast.Is(), load(self._program.constant(cls)))

    def _is_about(self, text: Text) -> ast.expr:
        """Write that the action is a string, or none of some."""
        if isinstance(text, frozenset):
            return compared(load("a1"), ast.NotIn(), load(self._program.constant(text)))
        return compared(load("a1"), ast.Eq(), ast.Constant(text))
