"""Makers of searches: functions that tell which of several strings have a solution.

In go groups of strings, and the classes of the other arguments; out comes the compiled function:
one test after the other, of which equal ones are made once. What gives up for some goals, or makes
calls of the application, is noted.
"""

from __future__ import annotations

import ast
import functools
import types
import typing as t
from collections.abc import Callable, Sequence

from ...binding_analysis import NotCompilable
from ...classes.plain_classes import is_plain_object
from ...passes.names import FOUND, rename
from ...quotations import code, duplicate, stmt
from ...snippets import assign, call, code_of, function_of, is_ascii, load, negate
from ..goals.obstacles import Attempts
from ..kept_searches import STRINGS, KeptSearch, SearchKey
from ..observation import FREQUENT
from ..regions import give_up_if
from ..solution_functions import SolutionFunctions
from ..solution_keys import SolutionKey
from ..specialization import (
    NEW_MEMO,
    SpecializationWriter,
    attempted,
    registered_classes,
    remembers,
)
from .drafts import Asked
from .function_maker import FunctionMaker, no_answer
from .fused_tests import Test, fused
from .observed_searches import write_observed_search
from .shared_searches import write_shared_tests

#: The most strings that one function searches.
MAX_SEARCHED = 100
#: Gives the strings of an argument for which there is a solution; ``None`` if it gives up.
StringSearch = Callable[..., "set[t.Any] | None"]


class SearchMaker:
    """Makes the searches of one rule.

    :param maker: makes its other functions.
    """

    def __init__(self, maker: FunctionMaker) -> None:
        self._maker, self._program, self._drafts = maker, maker.program, maker.drafts
        #: The searches that give up for some goals, which are kept.
        self._partial: dict[int, t.Any] = {}
        #: Those that make calls of the application.
        self._observed: dict[int, t.Any] = {}
        #: Those that other searches share, by classes and strings.
        self._shared: dict[t.Any, StringSearch | None] = {}

    def is_partial(self, search: StringSearch) -> bool:
        """Tell whether a function for several strings may come to goals at which it gives up."""
        return id(search) in self._partial

    def is_observed(self, search: StringSearch) -> bool:
        """Tell whether a function for several strings makes calls of the application."""
        return id(search) in self._observed

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
        if not all(map(self._maker.admits, classes)):
            return no_answer
        parts: list[StringSearch] = []
        for start in range(0, max(len(texts), 1), MAX_SEARCHED):
            searched = tuple(map(tuple, texts[start : start + MAX_SEARCHED]))
            is_whole = len(texts) <= MAX_SEARCHED
            make = functools.partial(
                self._make_search, searched, classes, left if is_whole else None
            )
            what = self._maker.name, "search", self._maker.at, classes, searched
            made = self._program.make_specialization(make, what, waits=waits)
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
        if not is_usual or not all(map(self._maker.admits, classes)):
            return no_answer
        make = functools.partial(self._make_value_search, classes)
        return self._program.make_specialization(
            make, (self._maker.name, "values", self._maker.at, classes), waits=waits
        )

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
        what = self._maker.name, "behind", self._maker.at, classes, searched, *known.items()
        made = self._program.make_specialization(t.cast(t.Any, make), what)
        return t.cast("StringSearch | None", made)

    def shared_search(
        self, texts: Sequence[str], classes: tuple[type, ...], within: frozenset[SearchKey]
    ) -> StringSearch | None:
        """Return a function that tells which of some strings have a solution, for another search.

        :param within: the searches that it is a part of.
        :returns: ``None`` if it might give up for a goal, or is none.
        """
        key = classes, frozenset(texts)
        if key not in self._shared:
            is_one = len(texts) <= MAX_SEARCHED and self._maker.admits_all(classes)
            each = [(text,) for text in sorted(texts)]
            self._shared[key] = self._sharing_search(each, classes, within) if is_one else None
        return self._shared[key]

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
                (checked, test), functions = self._drafts.written(asked, write)
            except NotCompilable as reason:
                observed = left and self._make_observed_search(texts, classes, left)
                if observed:
                    return observed
                left = None
                partly = self._drafts.partly_written(asked, write, reason)
                if partly is None:
                    return None
                (checked, test), functions, _ = partly
                is_partial = True
            functions.keep()
            calls.append(functions)
            checks.update((code_of([check]), check) for check in checked)
            if test:
                tests.setdefault(self._maker.code_of(test), (test, []))[1].extend(alike)
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

    def _sharing_search(
        self,
        texts: Sequence[tuple[str, ...]],
        classes: tuple[type, ...],
        within: frozenset[SearchKey],
    ) -> StringSearch | None:
        """Compile such a function whose tests share searches; ``None`` if they share nothing."""
        if self._maker.at is None or not all(map(self._maker.keeps, classes)):
            return None
        key = SearchKey(self._maker.name, self._maker.at, classes)
        try:
            made = write_shared_tests(self._drafts, key, texts, within, self._maker.code_of)
        except NotCompilable:
            return None
        if made is None:
            return None
        named: dict[str, str] = {}
        for each in made.searches:
            found = self._search_for(each, within | {key})
            if found is None:
                return None
            named[each.function] = self._program.constant(found)
        for functions in made.functions:
            functions.keep()
        rename([statement for test, _ in made.tests for statement in test], named)
        begin = [each.begun() for each in made.searches]
        return t.cast(StringSearch, self._tested(made.checks, made.tests, made.functions, begin))

    def _search_for(self, search: KeptSearch, within: frozenset[SearchKey]) -> StringSearch | None:
        """Return the function for a search that tests share."""
        name, at, classes = search.key
        known = self._program.specializations_at(name, len(classes) + 1, at)
        if known is None or known.maker.at != at:
            return None
        return t.cast(
            "StringSearch | None",
            known.search_maker.shared_search([*search.texts], classes, within),
        )

    def _fused(self, tests: Sequence[Test]) -> list[ast.stmt]:
        """Write tests, and that the strings for which they hold are found."""
        body: list[ast.stmt] = []
        for test, found in fused(tests, self._program, self._maker.code_of, STRINGS):
            # A test for several strings notes them itself.
            body += [*test, ast.If(load(FOUND), [_added(found)], [])] if found else test
        return body

    def _make_observed_search(
        self,
        texts: Sequence[tuple[str, ...]],
        classes: tuple[type, ...],
        left: StringSearch,
        known: t.Mapping[int, str] = types.MappingProxyType({}),
    ) -> StringSearch | None:
        """Compile such a function that makes calls of the application, if there is one."""
        named = self._program.constant(left)
        try:
            function = write_observed_search(
                self._drafts,
                texts,
                classes,
                known,
                self._maker.code_of,
                self._fused,
                STRINGS,
                named,
            )
        except NotCompilable:
            return None
        if function is None:
            return None
        made = t.cast(
            StringSearch, self._program.compiled_specialization(function, self._maker.name)
        )
        self._observed[id(made)] = made
        return made

    def _make_value_search(self, classes: tuple[type, ...]) -> t.Any:
        """Compile such a function, which gives up where the string may be something else."""
        known, functions = (
            self._drafts.by_position(classes),
            SolutionFunctions(self._program),
        )
        try:
            kinds = tuple([known.get(n) for n in range(self._maker.arity)])
            found = functions.name_of(SolutionKey(self._maker.name, kinds))
            functions.write()
        except NotCompilable:
            # As for a rule that leaves the string open.
            return None
        functions.keep()
        given = [load(self._drafts.parameters[at]) for at in self._maker.positions]
        odd = [negate(is_ascii(f"a{at}")) for at, cls in known.items() if cls is str]
        begin = [*map(give_up_if, odd), *registered_classes(self._program)]
        search = """
            found = SEARCH(*GIVEN, 0, {})
            if found is None: return None
            return texts_found(found)
        """
        body = [*begin, *code(search, SEARCH=found, GIVEN=given)]
        return self._compiled_search(body, "gives_up_or_deep")

    def _compiled_search(self, body: list[ast.stmt], errors: str) -> t.Any:
        """Compile a function that gives up where some errors are raised."""
        tried = [attempted(body, errors)]
        function = function_of("search", self._drafts.parameters, tried, FREQUENT)
        return self._program.compiled_specialization(function, self._maker.name)


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
