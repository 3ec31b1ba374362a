"""Makers of functions: which classes have functions of their own, and which function they get.

In go the string of a question and the classes of its other arguments; out comes the compiled
function, which is kept until one of these classes goes.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import typing as t
from collections.abc import Sequence

from ....solver.clause_index import ClauseIndex
from ...binding_analysis import NotCompilable
from ...classes.plain_classes import is_plain_object
from ...classes.weak_classes import WeakClass, add_class
from ...passes.names import Names
from ...quotations import duplicate
from ...snippets import code_of, is_ascii, negate
from ..goals.obstacles import Attempts, tried_first
from ..specialization import SpecializationWriter, class_tests
from ..value_tests import VALUES
from .drafts import Asked, Drafts, Specialization, SpecializingProgram, Text
from .first_answers import QuestionKind
from .give_ups import GiveUps, Sample, counting

#: The most temporary classes that have functions of their own; a class that an application makes
#: while it runs may be collected again.
MAX_TEMPORARY = 100


def no_answer(*args: t.Any) -> None:
    """Return ``None``, for classes without a specialization."""


class FunctionsByClass(t.Protocol):
    """A table of functions for one string, as ``dispatch.py`` has it."""

    def tell_apart(self, cls: type, first: type, made: Specialization) -> None: ...
    def replace(
        self, classes: tuple[type, ...], before: Specialization, made: Specialization
    ) -> bool: ...


class FunctionMaker:
    """Makes the specializations of one rule.

    :param at: the position of the string; ``None`` if there is none.
    :param texts: the strings that rules tell apart.
    """

    def __init__(
        self,
        program: SpecializingProgram,
        name: str,
        arity: int,
        at: int | None,
        texts: frozenset[str],
    ) -> None:
        self.at, self.texts = at, texts
        #: The positions of the other arguments.
        self.positions = [n for n in range(arity) if n != at]
        self.program, self.name, self.arity = program, name, arity
        #: The tables of the functions: by the string, or all that it is not.
        self.tables: dict[Text, FunctionsByClass] = {}
        self._admitted: set[type] = set()
        self._refused: set[type] = set()
        #: How many of them may go, or are gone.
        self._temporary = 0
        self._functions: dict[tuple[Text, tuple[type, ...]], Specialization] = {}
        #: The classes of functions, none of which may go: those for all strings share them.
        self._kept_classes: dict[tuple[type, ...], tuple[type, ...]] = {}
        #: The functions that make calls of the application, which live as long as this.
        self._observing: dict[int, Specialization] = {}
        #: Those of them that ask the compiled rules: how often those were tried first, if any are.
        self._in_order: dict[int, Attempts | None] = {}
        #: What takes the place of functions in tables, that gave up again and again.
        self._better: dict[Asked, Specialization] = {}
        #: The functions by what they do.
        self._alike: dict[bytes, Specialization] = {}
        #: Answers a question by the function for all its classes: one object, for all functions.
        self.others: Specialization = self._by_all_classes
        #: Writes the functions.
        self.drafts = Drafts(program, name, arity, at, self.others)

    def without_string(self) -> FunctionMaker:
        """Return what makes functions for classes alone, of all arguments."""
        return FunctionMaker(self.program, self.name, self.arity, None, frozenset())

    def clauses(self) -> ClauseIndex:
        """Return the clauses of the rule."""
        return t.cast(ClauseIndex, self.program.candidates(self.name, self.arity))

    def keeps(self, cls: type) -> bool:
        """Tell whether a class may be remembered: it is no temporary one."""
        return self.program.host.keeps(cls)

    def admits(self, cls: type) -> bool:
        """Tell whether there are functions for a class."""
        if cls in self._admitted:
            return True
        if cls in self._refused:
            return False
        keeps = self.keeps(cls)
        # A class is asked about by its own class, which is looked up as any other.
        is_of_classes = issubclass(cls, type) and type(cls) is type
        if cls not in VALUES and not (is_plain_object(cls) or is_of_classes):
            add_class(self._refused, cls, keeps=keeps)
            return False
        if not keeps:
            # Each needs functions of its own, for as long as the policy is in force.
            if self._temporary >= MAX_TEMPORARY or self.program.host.has_keys(cls):
                return False
            self._temporary += 1
        add_class(self._admitted, cls, keeps=keeps)
        return True

    def watched(self, cls: type, made: Specialization) -> Specialization:
        """Return a function that tells the watch of denials of resources of a class, if there is
        one.
        """
        return self.program.watched(self.name, cls, made)

    def admits_all(self, classes: tuple[type, ...]) -> bool:
        """Tell whether there are functions for some classes, whose objects hold no variable."""
        return list not in classes and all(map(self.admits, classes))

    def _by_all_classes(self, *args: t.Any) -> bool | None:
        """Answer a question by the function for all its classes, if there is one."""
        asked = self._asked(args)
        made = self._known_or_made(asked)
        if made is None:
            return None
        if self.positions == [0, 2] and asked.text in self.tables:
            first, last = asked.classes
            self.tables[asked.text].tell_apart(last, first, self._better.get(asked, made))
        # What calls it ends for some errors, which a call of the application may raise.
        return made(*args) if self.is_silent(made) else None

    def is_silent(self, made: Specialization) -> bool:
        """Tell whether a function makes no call of the application."""
        return id(made) not in self._observing

    def is_in_order(self, args: tuple[t.Any, ...]) -> bool:
        """Tell whether the function for the classes of some arguments asks the compiled rules."""
        made = self._function_for(args)
        return made is not None and id(made) in self._in_order

    def attempts(self, args: tuple[t.Any, ...]) -> Attempts | None:
        """Return how often the function for the classes of some arguments gave up, if it may."""
        return self._in_order.get(id(self._function_for(args)))

    def is_left(self, args: tuple[t.Any, ...]) -> bool:
        """Tell whether the function for some arguments asks the compiled rules, and those alone."""
        return self.is_in_order(args) and self.attempts(args) is None

    def first_answer(self, asked: Asked, args: tuple[t.Any, ...]) -> bool | None:
        """Answer a question by compiled rules; ``None`` if a function is to be made for it."""
        # Who searches for all solutions asks about many strings in turn.
        if len(args) > self.arity or not self._comes_first(asked):
            return None
        self.program.first_questions.note(self._kind(asked))
        return self.program.first_answer(self.name, args, lambda: self._silent_answer(asked, args))

    def _comes_first(self, asked: Asked, questions: int = 1) -> bool:
        """Tell whether no function is to be made yet for so many questions."""
        is_first = asked not in self._functions
        return is_first and self.program.first_questions.has(self._kind(asked), questions)

    def _kind(self, asked: Asked) -> QuestionKind:
        classes = tuple(zip(self.positions, asked.classes, strict=True))
        return QuestionKind(self.name, self.arity, classes, self.at, asked.text)

    def _silent_answer(self, asked: Asked, args: tuple[t.Any, ...]) -> bool | None:
        made = self.function(asked)
        return made(*args) if made is not None and self.is_silent(made) else None

    def silent(self, args: tuple[t.Any, ...], questions: int) -> Specialization | None:
        """Return the function for the classes of some arguments, if it makes no call.

        ``None`` also if none is to be made yet for so many questions.
        """
        if not self._has_string(args):
            return None
        asked = self._asked(args)
        made = self._functions.get(asked)
        if made is None and not self._comes_first(asked, questions):
            made = self._known_or_made(asked)
        return made if made is not None and self.is_silent(made) else None

    def _function_for(self, args: tuple[t.Any, ...]) -> Specialization | None:
        return self._known_or_made(self._asked(args)) if self._has_string(args) else None

    def _has_string(self, args: tuple[t.Any, ...]) -> bool:
        return self.at is None or type(args[self.at]) is str

    def _asked(self, args: tuple[t.Any, ...]) -> Asked:
        """Return what a function for some arguments is made for."""
        text: Text = None if self.at is None else args[self.at]
        if self.at is not None and text not in self.texts:
            text = self.texts
        return Asked(text, tuple([type(args[at]) for at in self.positions]))

    def _known_or_made(self, asked: Asked) -> Specialization | None:
        made = self._functions.get(asked)
        if made is None and all(map(self.admits, asked.classes)):
            made = self.function(asked)
        return made

    def function(self, asked: Asked, *, waits: bool = False) -> Specialization | None:
        """Return the function for a string and the classes of the other arguments.

        ``None`` if it is not compiled and cannot be now.
        """
        made = self._functions.get(asked)
        if made is not None:
            return made
        make = functools.partial(self._make, asked)
        made = self.program.make_specialization(make, (self.name, asked), waits=waits)
        if made is not None:
            self._keep(asked, made)
        return made

    def _keep(self, asked: Asked, made: Specialization) -> None:
        """Keep a function until the first of its classes goes."""
        if all(map(self.keeps, asked.classes)):
            shared = self._kept_classes.setdefault(asked.classes, asked.classes)
            self._functions[asked.text, shared] = made
            return
        classes: list[t.Any] = [*asked.classes]
        ended: list[t.Any] = []
        for at, cls in enumerate(asked.classes):
            if not self.keeps(cls):
                classes[at] = WeakClass(cls, lambda _: self._functions.pop(ended[0], None))
        ended.append((asked.text, tuple(classes)))
        self._functions[ended[0]] = made

    def _make(self, asked: Asked) -> Specialization | None:
        try:
            function, functions = self.drafts.written(asked, SpecializationWriter.write)
        except NotCompilable as reason:
            made = self._make_observing(asked)
            if made is not None:
                return made
            partly = self.drafts.partly_written(asked, SpecializationWriter.write, reason)
            if partly is None:
                return self._make_in_order(asked)
            function, functions = partly[:2]
            functions.keep()
            return self._make_trying(asked, function) or self._compiled_once(function)
        functions.keep()
        return self._compiled_once(function)

    def _compiled_once(self, function: ast.FunctionDef) -> Specialization:
        # Classes that the rules treat alike have one function. Positions do not matter: a
        # specialization raises nothing.
        key = hashlib.sha256(self.code_of([function]).encode(errors="surrogatepass")).digest()
        made = self._alike.get(key)
        if made is None:
            counted = self.counted(function, GiveUps(self._look_closer))
            made = self._alike[key] = self.program.compiled_specialization(counted, self.name)
        return made

    def counted(self, function: ast.FunctionDef, give_ups: GiveUps) -> ast.FunctionDef:
        """Write that a function counts how often it gives up."""
        return counting(function, self.program.constant(give_ups))

    def _look_closer(self, args: tuple[t.Any, ...]) -> None:
        """Begin to look at questions like one that was given up, as others before."""
        asked = self._asked(args)
        made, table = self._functions.get(asked), self.tables.get(asked.text)
        if made is not None and table is not None and all(map(self.keeps, asked.classes)):
            end = functools.partial(self._end_sample, asked, made, table)
            table.replace(asked.classes, made, Sample(made, end))

    def _end_sample(
        self,
        asked: Asked,
        made: Specialization,
        table: FunctionsByClass,
        sample: Specialization,
        is_vain: bool,
    ) -> None:
        """Go on with a function, or with one that need not be tried."""
        better = None
        if is_vain:
            make = functools.partial(self._make_better, asked)
            better = self.program.make_specialization(make, (self.name, "better", asked))
        if better is not None and better is not no_answer:
            self._better[asked] = made = better
        table.replace(asked.classes, sample, made)

    def _make_better(self, asked: Asked) -> Specialization | None:
        """Return a function that asks the compiled rule where the other one gives up."""
        try:
            function, functions = self.drafts.written(asked, SpecializationWriter.write)
        except NotCompilable:
            # What it could be written for has changed: a class was registered as a subclass since.
            return self._make_in_order(asked)
        functions.keep()
        return self._make_trying(asked, function)

    def code_of(self, statements: Sequence[ast.AST]) -> str:
        """Return a text that is equal for statements that do the same, whatever their constants."""
        names = Names(statements)
        return code_of(statements, self.program.class_sets({*names.read, *names.written}))

    def _make_observing(self, asked: Asked) -> Specialization | None:
        """Return a function that makes one call of the application."""
        function = self.drafts.observing(asked)
        if function is None:
            return None
        made = self.program.compiled_specialization(function, self.name)
        self._observing[id(made)] = made
        return made

    def _make_trying(self, asked: Asked, function: ast.FunctionDef) -> Specialization | None:
        """Return a function that asks the compiled rule where another one gives up."""
        attempts = Attempts()
        tried = tried_first(duplicate(function), self.program.constant(attempts))
        made = self._make_in_order(asked, tried)
        if made is not None:
            self._in_order[id(made)] = attempts
        return made

    def _make_in_order(self, asked: Asked, tried: Sequence[ast.stmt] = ()) -> Specialization | None:
        """Return a function that asks the compiled rule, which keeps to the order of the policy.

        :param tried: what may answer before.
        """
        text, classes = asked
        if list in classes:
            # The compiled rules get a copy, which their entry function makes.
            return None
        named = self.drafts.by_position(classes)
        tests = class_tests(self.program, named, self.arity, self.others)
        texts = [at for at, cls in named.items() if cls is str]
        if self.at is not None and not (type(text) is str and text.isascii()):
            texts.append(self.at)
        for at in texts:
            tests.append(ast.If(negate(is_ascii(f"a{at}")), [ast.Return(ast.Constant(None))], []))
        made = self.program.usual_entry(self.name, text, named, tests, tried)
        if made is not None:
            self._observing[id(made)] = made
            self._in_order[id(made)] = None
        return made
