"""Makers of functions: which classes have functions of their own, and which function they get.

In go the string of a question and the classes of its other arguments; out comes the compiled
function, which is kept until one of these classes goes.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import types
import typing as t
from collections.abc import Callable, Sequence

from ....solver.clause_index import ClauseIndex
from ...binding_analysis import NotCompilable
from ...classes.plain_classes import is_plain_object
from ...classes.weak_classes import WeakClass, add_class
from ...passes.names import FOUND, Names, rename
from ...quotations import code, duplicate, stmt
from ...snippets import assign, call, code_of, function_of, is_ascii, load, negate
from ..goals.obstacles import Attempts, tried_first
from ..kept_searches import STRINGS, KeptSearch, SearchKey
from ..observation import FREQUENT
from ..regions import give_up_if
from ..solution_functions import SolutionFunctions
from ..solution_keys import SolutionKey
from ..specialization import (
    NEW_MEMO,
    SpecializationWriter,
    attempted,
    class_tests,
    registered_classes,
    remembers,
)
from ..value_tests import SCALARS
from .drafts import Asked, Drafts, Specialization, SpecializingProgram, Text
from .first_answers import QuestionKind
from .fused_tests import Test, fused
from .give_ups import GiveUps, Sample, counting
from .observed_searches import write_observed_search
from .shared_searches import write_shared_tests

#: The most temporary classes that have functions of their own; a class that an application makes
#: while it runs may be collected again.
MAX_TEMPORARY = 100
#: The most strings that one function searches.
MAX_SEARCHED = 100
#: Gives the strings of an argument for which there is a solution; ``None`` if it gives up.
StringSearch = Callable[..., "set[t.Any] | None"]


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
        self.program, self._name, self._arity = program, name, arity
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
        #: The functions for several strings that give up for some goals, which are kept.
        self._partial: dict[int, t.Any] = {}
        #: Those that make calls of the application.
        self._observed: dict[int, t.Any] = {}
        #: Those that other searches share, by classes and strings.
        self._shared: dict[t.Any, StringSearch | None] = {}
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
        return FunctionMaker(self.program, self._name, self._arity, None, frozenset())

    def clauses(self) -> ClauseIndex:
        """Return the clauses of the rule."""
        return t.cast(ClauseIndex, self.program.candidates(self._name, self._arity))

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
        if cls not in (dict, list, *SCALARS) and not (is_plain_object(cls) or is_of_classes):
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
        return self.program.watched(self._name, cls, made)

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

    def is_partial(self, search: StringSearch) -> bool:
        """Tell whether a function for several strings may come to goals at which it gives up."""
        return id(search) in self._partial

    def is_observed(self, search: StringSearch) -> bool:
        """Tell whether a function for several strings makes calls of the application."""
        return id(search) in self._observed

    def first_answer(self, asked: Asked, args: tuple[t.Any, ...]) -> bool | None:
        """Answer a question by compiled rules; ``None`` if a function is to be made for it."""
        # Who searches for all solutions asks about many strings in turn.
        if len(args) > self._arity or not self._comes_first(asked):
            return None
        self.program.first_questions.note(self._kind(asked))
        return self.program.first_answer(self._name, args, lambda: self._silent_answer(asked, args))

    def _comes_first(self, asked: Asked, questions: int = 1) -> bool:
        """Tell whether no function is to be made yet for so many questions."""
        is_first = asked not in self._functions
        return is_first and self.program.first_questions.has(self._kind(asked), questions)

    def _kind(self, asked: Asked) -> QuestionKind:
        classes = tuple(zip(self.positions, asked.classes, strict=True))
        return QuestionKind(self._name, self._arity, classes, self.at, asked.text)

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
        made = self.program.make_specialization(make, (self._name, asked), waits=waits)
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

    def search(
        self,
        texts: Sequence[Sequence[str]],
        classes: tuple[type, ...],
        left: StringSearch | None = None,
        *,
        waits: bool = False,
    ) -> StringSearch | None:
        """Return a function that tells which of some strings have a solution.

        :param texts: groups of strings that rules treat alike.
        :param classes: the classes of the other arguments, which the caller has tested.
        :param left: answers where a function gives up behind calls of the application; without it,
            none is made.
        :returns: ``None`` if it is not compiled and cannot be now.
        """
        if not all(map(self.admits, classes)):
            return no_answer
        parts: list[StringSearch] = []
        for start in range(0, max(len(texts), 1), MAX_SEARCHED):
            searched = tuple(map(tuple, texts[start : start + MAX_SEARCHED]))
            is_whole = len(texts) <= MAX_SEARCHED
            make = functools.partial(
                self._make_search, searched, classes, left if is_whole else None
            )
            what = self._name, "search", self.at, classes, searched
            made = self.program.make_specialization(make, what, waits=waits)
            if made is None or made is no_answer:
                return t.cast("StringSearch | None", made)
            parts.append(t.cast(StringSearch, made))
        if len(parts) == 1:
            return parts[0]
        search = functools.partial(_search_all, parts)
        if any(map(self.is_partial, parts)):
            self._partial[id(search)] = search
        return search

    def value_search(self, classes: tuple[type, ...], *, waits: bool = False) -> t.Any:
        """Return a function that finds the texts that data give for the string.

        :param classes: the classes of the other arguments, which the caller has tested.
        :returns: ``None`` if it is not compiled and cannot be now.
        """
        is_usual = all(cls is str or is_plain_object(cls) for cls in classes)
        if not is_usual or not all(map(self.admits, classes)):
            return no_answer
        make = functools.partial(self._make_value_search, classes)
        return self.program.make_specialization(
            make, (self._name, "values", self.at, classes), waits=waits
        )

    def _make_value_search(self, classes: tuple[type, ...]) -> t.Any:
        """Compile such a function, which gives up where the string may be something else."""
        known, functions = self.drafts.by_position(classes), SolutionFunctions(self.program)
        try:
            kinds = tuple([known.get(n) for n in range(self._arity)])
            found = functions.name_of(SolutionKey(self._name, kinds))
            functions.write()
        except NotCompilable:
            # As for a rule that leaves the string open.
            return None
        functions.keep()
        given = [load(self.drafts.parameters[at]) for at in self.positions]
        odd = [negate(is_ascii(f"a{at}")) for at, cls in known.items() if cls is str]
        begin = [*map(give_up_if, odd), *registered_classes(self.program)]
        search = """
            found = SEARCH(*GIVEN, 0, {})
            if found is None: return None
            return texts_found(found)
        """
        body = [*begin, *code(search, SEARCH=found, GIVEN=given)]
        return self._compiled_search(body, "gives_up_or_deep")

    def _make_search(
        self,
        texts: Sequence[tuple[str, ...]],
        classes: tuple[type, ...],
        left: StringSearch | None,
    ) -> t.Any:
        """Compile such a function: one test after the other; equal tests are made once."""
        shared = self._sharing_search(texts, classes, frozenset())
        if shared is not None:
            return shared
        checks: dict[str, ast.stmt] = {}
        tests: dict[str, Test] = {}
        calls: list[SolutionFunctions] = []
        write, is_partial = SpecializationWriter.write_search, False
        for alike in texts:
            asked = Asked(alike[0], classes)
            try:
                (checked, test), functions = self.drafts.written(asked, write)
            except NotCompilable as reason:
                observed = left and self._make_observed_search(texts, classes, left)
                if observed:
                    return observed
                left = None
                partly = self.drafts.partly_written(asked, write, reason)
                if partly is None:
                    return None
                (checked, test), functions, _ = partly
                is_partial = True
            functions.keep()
            calls.append(functions)
            checks.update((code_of([check]), check) for check in checked)
            if test:
                tests.setdefault(self._code_of(test), (test, []))[1].extend(alike)
        made = self._tested([*checks.values()], [*tests.values()], calls)
        if is_partial:
            made = Attempts().of(made)
            self._partial[id(made)] = made
        return made

    def _tested(
        self,
        checks: Sequence[ast.stmt],
        tests: Sequence[Test],
        calls: Sequence[SolutionFunctions],
        begin: Sequence[ast.stmt] = (),
    ) -> t.Any:
        """Compile a function that makes tests one after the other.

        :param calls: the functions that it calls.
        :param begin: what comes before the tests.
        """
        body = [*checks, assign(STRINGS, call("set")), *begin]
        if any(remembers(test) for test, _ in tests):
            # What functions find for one string, they know for the next one.
            body.append(duplicate(NEW_MEMO))
        body += [*self._fused(tests), ast.Return(load(STRINGS))]
        is_deep = any(each.are_called for each in calls)
        return self._compiled_search(body, "gives_up_or_deep" if is_deep else "gives_up")

    def shared_search(
        self, texts: Sequence[str], classes: tuple[type, ...], within: frozenset[SearchKey]
    ) -> StringSearch | None:
        """Return a function that tells which of some strings have a solution, for another search.

        :param within: the searches that it is a part of.
        :returns: ``None`` if it might give up for a goal, or is none.
        """
        key = classes, frozenset(texts)
        if key not in self._shared:
            is_one = len(texts) <= MAX_SEARCHED and self.admits_all(classes)
            each = [(text,) for text in sorted(texts)]
            self._shared[key] = self._sharing_search(each, classes, within) if is_one else None
        return self._shared[key]

    def _sharing_search(
        self,
        texts: Sequence[tuple[str, ...]],
        classes: tuple[type, ...],
        within: frozenset[SearchKey],
    ) -> StringSearch | None:
        """Compile such a function whose tests share searches; ``None`` if they share nothing."""
        if self.at is None or not all(map(self.keeps, classes)):
            return None
        key = SearchKey(self._name, self.at, classes)
        try:
            made = write_shared_tests(self.drafts, key, texts, within, self._code_of)
        except NotCompilable:
            return None
        if made is None:
            return None
        named: dict[str, str] = {}
        for each in made.searches:
            found = self._search_for(each, within | {key})
            if found is None:
                return None
            named[each.function] = self.program.constant(found)
        for functions in made.functions:
            functions.keep()
        rename([statement for test, _ in made.tests for statement in test], named)
        begin = [each.begun() for each in made.searches]
        return t.cast(StringSearch, self._tested(made.checks, made.tests, made.functions, begin))

    def _search_for(self, search: KeptSearch, within: frozenset[SearchKey]) -> StringSearch | None:
        """Return the function for a search that tests share."""
        name, at, classes = search.key
        known = self.program.specializations_at(name, len(classes) + 1, at)
        if known is None or known.maker.at != at:
            return None
        return t.cast(
            "StringSearch | None",
            known.maker.shared_search([*search.texts], classes, within),
        )

    def _fused(self, tests: Sequence[Test]) -> list[ast.stmt]:
        """Write tests, and that the strings for which they hold are found."""
        body: list[ast.stmt] = []
        for test, found in fused(tests, self.program, self._code_of, STRINGS):
            # A test for several strings notes them itself.
            body += [*test, ast.If(load(FOUND), [_added(found)], [])] if found else test
        return body

    def search_behind_calls(
        self,
        texts: Sequence[Sequence[str]],
        classes: tuple[type, ...],
        left: StringSearch,
        known: t.Mapping[int, str],
    ) -> StringSearch | None:
        """Return such a function as ``search`` does that makes calls of the application.

        :param known: other arguments that are strings, as the caller makes sure.
        :returns: ``no_answer`` if there is none; ``None`` if it cannot be compiled now.
        """
        searched = tuple(map(tuple, texts))
        make = functools.partial(self._make_observed_search, searched, classes, left, known)
        what = self._name, "behind", self.at, classes, searched, *known.items()
        made = self.program.make_specialization(t.cast(t.Any, make), what)
        return t.cast("StringSearch | None", made)

    def _make_observed_search(
        self,
        texts: Sequence[tuple[str, ...]],
        classes: tuple[type, ...],
        left: StringSearch,
        known: t.Mapping[int, str] = types.MappingProxyType({}),
    ) -> StringSearch | None:
        """Compile such a function that makes calls of the application, if there is one."""
        named = self.program.constant(left)
        try:
            function = write_observed_search(
                self.drafts, texts, classes, known, self._code_of, self._fused, STRINGS, named
            )
        except NotCompilable:
            return None
        if function is None:
            return None
        made = t.cast(StringSearch, self.program.compiled_specialization(function, self._name))
        self._observed[id(made)] = made
        return made

    def _compiled_search(self, body: list[ast.stmt], errors: str) -> t.Any:
        """Compile a function that gives up where some errors are raised."""
        tried = [attempted(body, errors)]
        function = function_of("search", self.drafts.parameters, tried, FREQUENT)
        return self.program.compiled_specialization(function, self._name)

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
        key = hashlib.sha256(self._code_of([function]).encode(errors="surrogatepass")).digest()
        made = self._alike.get(key)
        if made is None:
            counted = self.counted(function, GiveUps(self._look_closer))
            made = self._alike[key] = self.program.compiled_specialization(counted, self._name)
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
            better = self.program.make_specialization(make, (self._name, "better", asked))
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

    def _code_of(self, statements: Sequence[ast.AST]) -> str:
        """Return a text that is equal for statements that do the same, whatever their constants."""
        names = Names(statements)
        return code_of(statements, self.program.class_sets({*names.read, *names.written}))

    def _make_observing(self, asked: Asked) -> Specialization | None:
        """Return a function that makes one call of the application."""
        function = self.drafts.observing(asked)
        if function is None:
            return None
        made = self.program.compiled_specialization(function, self._name)
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
        tests = class_tests(self.program, named, self._arity, self.others)
        texts = [at for at, cls in named.items() if cls is str]
        if self.at is not None and not (type(text) is str and text.isascii()):
            texts.append(self.at)
        for at in texts:
            tests.append(ast.If(negate(is_ascii(f"a{at}")), [ast.Return(ast.Constant(None))], []))
        made = self.program.usual_entry(self._name, text, named, tests, tried)
        if made is not None:
            self._observing[id(made)] = made
            self._in_order[id(made)] = None
        return made


def _search_all(parts: Sequence[StringSearch], *args: t.Any) -> set[str] | None:
    """Search the strings of several functions."""
    found: set[str] = set()
    for part in parts:
        some = part(*args)
        if some is None:
            return None
        found |= some
    return found


def _added(texts: list[str]) -> ast.stmt:
    """Write that strings are found."""
    added = "strings.add(*TEXTS)" if len(texts) == 1 else "strings.update((*TEXTS,))"
    return stmt(added, TEXTS=[*map(ast.Constant, texts)])
