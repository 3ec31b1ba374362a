"""The tables by which a question finds its specialization: by a string and by classes.

In goes a rule; out comes a table. For each string of one argument (usually the action), and for
each class of the others that the rules name, it has the function that ``specialization.py``
writes. Each is compiled when it is first used.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import hashlib
import itertools
import math
import time
import typing as t
from collections.abc import Callable, Collection, Iterable, Sequence

from ...host.conversion import is_representable
from ...host.registry import RESERVED_NAMES
from ...nodes import Pattern, Rule, Value
from ...solver.clause_index import ClauseIndex
from ...solver.clauses import Clause
from ..binding_analysis import Lineages, NotCompilable, is_string, string_position, strings_at
from ..classes.plain_classes import is_plain_object
from ..classes.weak_classes import WeakClass, add_class, set_for_class
from ..passes.names import nodes_in
from ..scopes import ProgramInterface
from ..snippets import (
    assign,
    call,
    code_of,
    function_of,
    is_ascii,
    load,
    method_call,
    negate,
    tuple_of,
)
from .clauses.delegations import Delegation
from .first_call import find_first_call
from .goals.obstacles import Attempts, Obstacles, tried_first, written_around
from .observation import (
    FREQUENT,
    Observation,
    Outcome,
    Resumption,
    called_first,
    observing_function,
)
from .regions import FOUND
from .solution_functions import SolutionFunctions, SolutionProgram
from .specialization import SpecializationWriter, attempted, class_tests
from .value_tests import SCALARS

#: The most classes that may go, and have functions of their own.
MAX_TEMPORARY = 100
#: The most specializations that are compiled in advance.
MAX_PREPARED = 400
#: The most strings outside the policy, per rule, whose table is remembered: which strings are asked
#: about has no end.
MAX_OTHER_TEXTS = 100
#: The most strings that one function searches.
MAX_SEARCHED = 100
#: The name of the strings that are found.
_STRINGS = "strings"
T = t.TypeVar("T")
Specialization = Callable[..., "bool | None"]
#: Gives the strings of an argument for which there is a solution; ``None`` if it gives up.
StringSearch = Callable[..., "set[str] | None"]
#: What a function knows of the string of a question: which one it is, or all that it is not.
#: ``None`` for rules that have none.
Text = str | frozenset[str] | None


def no_answer(*args: t.Any) -> None:
    """Return ``None``, for classes without a specialization."""


class _NoAnswers(dict[type, t.Any]):
    """The specializations of a string that has none, by class; it keeps no class alive."""

    def __missing__(self, cls: type) -> t.Any:
        return no_answer


NO_ANSWERS: t.Final = _NoAnswers()


class ByClass(dict[type, Specialization]):
    """The functions for one string, by the class of the last argument.

    Each is made for the first classes of the other arguments that are met with this one. It calls
    ``others`` where these differ. ``known`` has the same functions; it is no subclass of ``dict``,
    for which Python has a faster look-up.

    :param maker: makes them.
    :param text: the string, or all that it is not; ``None`` if functions are chosen by classes
        only.
    """

    __slots__ = ("_by_first", "_maker", "_text", "known")

    def __init__(self, maker: FunctionMaker, text: Text) -> None:
        super().__init__()
        self.known: dict[type, Specialization] = {}
        self._maker = maker
        self._text = text
        #: For each class, the functions by the class of the first argument, if there are several.
        self._by_first: dict[type, dict[type, Specialization]] = {}
        maker.tables[text] = self

    def __missing__(self, cls: type) -> Specialization:
        if self._maker.admits(cls):
            return functools.partial(self._first, cls)
        if self._maker.keeps(cls):
            self[cls] = self.known[cls] = no_answer
        return no_answer

    def _first(self, cls: type, *args: t.Any) -> bool | None:
        """Answer a question, and remember the function that does."""
        maker = self._maker
        kinds = [type(args[at]) for at in maker.positions[:-1]]
        made: Specialization | None = maker.others
        if all(map(maker.admits, kinds)):
            made = maker.function(self._text, (*kinds, cls))
        # Another thread may have found that several classes have to be told apart.
        if made is not None and cls not in self:
            set_for_class(self, cls, made, keeps=maker.keeps(cls))
            set_for_class(self.known, cls, made, keeps=maker.keeps(cls))
        return None if made is None else made(*args)

    def tell_apart(self, cls: type, first: type, made: Specialization) -> None:
        """Choose the functions for a class by the class of the first argument, too."""
        functions = self._by_first.get(cls)
        if functions is None:
            functions = {}
            choose = _by_first(functions, self._maker.others)
            keeps = self._maker.keeps(cls)
            set_for_class(self._by_first, cls, functions, keeps=keeps)
            set_for_class(self, cls, choose, keeps=keeps)
            set_for_class(self.known, cls, choose, keeps=keeps)
        set_for_class(functions, first, made, keeps=self._maker.keeps(first))


def _by_first(functions: dict[type, Specialization], others: Specialization) -> Specialization:
    """Return a function that chooses one of several by the class of its first argument."""

    def choose(first: t.Any, action: t.Any, last: t.Any, is_searched: bool = False) -> bool | None:
        try:
            made = functions[type(first)]
        except KeyError:
            return others(first, action, last, is_searched)
        return made(first, action, last, is_searched)

    return choose


class SpecializingProgram(ProgramInterface, SolutionProgram, t.Protocol):
    """What the tables need of the program."""

    @property
    def rules(self) -> t.Mapping[str, Sequence[Rule]]: ...
    def strings_of(
        self, name: str, arity: int, at: int, lineages: Lineages
    ) -> frozenset[str] | None: ...
    def class_sets(self, names: Iterable[str]) -> dict[str, str]: ...
    def compiled_specialization(self, function: ast.FunctionDef, rule: str) -> Specialization: ...
    def usual_entry(
        self,
        name: str,
        known: Text,
        classes: t.Mapping[int, type],
        tests: list[ast.stmt],
        tried: Sequence[ast.stmt] = (),
    ) -> Specialization | None: ...
    def resuming(
        self, name: str, arity: int, at: int | None
    ) -> Callable[[tuple[t.Any, ...], bool, Outcome, float | None], bool]: ...
    def make_specialization(
        self, make: Callable[[], Specialization | None], what: t.Any, *, waits: bool = False
    ) -> Specialization | None: ...


class Specializations(dict[str, ByClass]):
    """The specializations of one rule: by the string, and then by the class of another argument.

    ``others`` has those for all other strings, or all there are if ``at`` is ``None``. ``known``
    has the tables that were asked for, and ``maker`` makes the functions.
    """

    def __init__(self, maker: FunctionMaker) -> None:
        super().__init__()
        #: The position of the string, if there is one.
        self.at = maker.at
        #: The position of the argument whose class is the second key.
        self.by = maker.positions[-1]
        self.texts = maker.texts
        self.others = ByClass(maker, None if maker.at is None else maker.texts)
        self.known: dict[str, dict[type, Specialization]] = {}
        self.maker = maker
        #: Those for what is no string, such as a member of an enumeration.
        self.of_objects = None if maker.at is None else ByClass(maker.without_string(), None)

    def __missing__(self, text: str) -> ByClass:
        if text not in self.texts:
            if len(self.known) < len(self.texts) + MAX_OTHER_TEXTS:
                self.known[text] = self.others.known
            return self.others
        self[text] = made = ByClass(self.maker, text)
        self.known[text] = made.known
        return made

    def prepare(
        self, actors: Collection[type], resources: Collection[type], until: float
    ) -> list[tuple[type, ...]]:
        """Compile the functions now, for the classes that questions are likely to be about.

        :returns: these classes, of the other arguments; none if they are too many.
        """
        chosen = self._likely_classes(actors, resources)
        others: Text = None if self.at is None else self.texts
        for text, classes in itertools.product([*sorted(self.texts), others], chosen):
            if time.monotonic() > until:
                break
            self.maker.function(text, classes, waits=True)
        return chosen

    def _likely_classes(
        self, actors: Collection[type], resources: Collection[type]
    ) -> list[tuple[type, ...]]:
        """Return the classes that rules name, but actors for resources, and the other way round.

        Only those that are declared to be actors or resources if they are too many.
        """
        classes: list[Collection[type]] = [*self.maker.named_classes(actors, resources)]
        if self._count(classes) > MAX_PREPARED:
            classes[0] = [cls for cls in classes[0] if cls in actors]
            classes[-1] = [cls for cls in classes[-1] if cls in resources]
        return [*itertools.product(*classes)] if self._count(classes) <= MAX_PREPARED else []

    def written(
        self, text: Text, classes: Sequence[type]
    ) -> tuple[bool, ast.FunctionDef, SolutionFunctions]:
        """Write the function for a string and the classes of other arguments, to be shown.

        :returns: whether no rule applies, the function, and those that it calls.
        """
        writers: list[SpecializationWriter] = []

        def write(writer: SpecializationWriter) -> ast.FunctionDef:
            writers.append(writer)
            return writer.write()

        function, functions = self.maker.written(text, classes, write)
        return writers[-1].is_empty, function, functions

    def admits(self, classes: Collection[type]) -> bool:
        """Tell whether there may be a function for the classes of all other arguments."""
        return all(map(self.maker.admits, classes))

    def _count(self, classes: list[Collection[type]]) -> int:
        return (len(self.texts) + 1) * math.prod(map(len, classes))


def make_specializations(
    program: SpecializingProgram, name: str, arity: int, at: int | None = None
) -> Specializations | None:
    """Make the table of a rule; ``None`` if it has fewer than two arguments.

    :param at: the argument that is a string; by default the one that rules tell apart.
    """
    candidates = program.candidates(name, arity)
    if candidates is None or arity < 2:
        return None
    if at is None:
        at = string_position(candidates)
    if at is None and arity == 2 and not strings_at(candidates, 1):
        # Of 'allow_request(actor, request)' no argument is a string.
        return Specializations(FunctionMaker(program, name, arity, None, frozenset()))
    # The action is the second argument of every rule that an application asks.
    at = 1 if at is None else at
    texts = program.strings_of(name, arity, at, {})
    if texts is None:
        texts = frozenset(strings_at(candidates, at))
    return Specializations(
        FunctionMaker(program, name, arity, at, frozenset(filter(is_representable, texts)))
    )


def string_facts(candidates: ClauseIndex) -> list[tuple[str, ...]] | None:
    """Return the strings of a rule that has only facts about strings.

    ``None`` if it has other rules, or a string with a surrogate, which questions may not have.
    """
    found = []
    for clause in candidates:
        texts = [parameter.term for parameter in clause.parameters]
        is_plain_fact = clause.body is None and all(map(is_string, texts))
        if not is_plain_fact or any(each.specializer for each in clause.parameters):
            return None
        fact = tuple(str(t.cast(Value, text).value) for text in texts)
        if not all(map(is_representable, fact)):
            return None
        found.append(fact)
    return found


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
        self.at = at
        self.texts = texts
        #: The positions of the other arguments.
        self.positions = [n for n in range(arity) if n != at]
        self._program = program
        self._name = name
        self._arity = arity
        #: The tables by the string, or all that it is not.
        self.tables: dict[Text, ByClass] = {}
        self._admitted: set[type] = set()
        self._refused: set[type] = set()
        #: How many of them may go, or are gone.
        self._temporary = 0
        self._functions: dict[tuple[t.Any, ...], Specialization] = {}
        #: The functions that make calls of the application, which live as long as this.
        self._observing: dict[int, Specialization] = {}
        #: Those of them that ask the compiled rules: how often those were tried first, if any are.
        self._in_order: dict[int, Attempts | None] = {}
        #: The functions by what they do.
        self._alike: dict[bytes, Specialization] = {}
        #: Answers a question by the function for all its classes: one object, for all functions.
        self.others: Specialization = self._by_all_classes

    def without_string(self) -> FunctionMaker:
        """Return what makes functions for classes alone, of all arguments."""
        return FunctionMaker(self._program, self._name, self._arity, None, frozenset())

    def keeps(self, cls: type) -> bool:
        """Tell whether a class may be remembered: it is no temporary one."""
        return self._program.host.keeps(cls)

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
            if self._temporary >= MAX_TEMPORARY or self._program.host.has_keys(cls):
                return False
            self._temporary += 1
        add_class(self._admitted, cls, keeps=keeps)
        return True

    def _by_all_classes(self, *args: t.Any) -> bool | None:
        """Answer a question by the function for all its classes, if there is one."""
        text: Text = None if self.at is None else args[self.at]
        if self.at is not None and text not in self.texts:
            text = self.texts
        kinds = [type(args[at]) for at in self.positions]
        made = self._functions.get((text, *kinds))
        if made is None and all(map(self.admits, kinds)):
            made = self.function(text, tuple(kinds))
        if made is None:
            return None
        if self.positions == [0, 2] and text in self.tables:
            self.tables[text].tell_apart(kinds[1], kinds[0], made)
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

    def silent(self, args: tuple[t.Any, ...]) -> Specialization | None:
        """Return the function for the classes of some arguments, if it makes no call."""
        made = self._function_for(args)
        return made if made is not None and self.is_silent(made) else None

    def _function_for(self, args: tuple[t.Any, ...]) -> Specialization | None:
        kinds = tuple([type(args[at]) for at in self.positions])
        text: Text = None
        if self.at is not None:
            text = args[self.at]
            if type(text) is not str:
                return None
            text = text if text in self.texts else self.texts
        if not all(map(self.admits, kinds)):
            return None
        return self.function(text, kinds)

    def function(
        self, text: Text, classes: tuple[type, ...], *, waits: bool = False
    ) -> Specialization | None:
        """Return the function for a string and the classes of the other arguments.

        ``None`` if it is not compiled and cannot be now.
        """
        key = (text, *classes)
        made = self._functions.get(key)
        if made is not None:
            return made
        make = functools.partial(self._make, text, classes)
        made = self._program.make_specialization(make, (self._name, key), waits=waits)
        if made is not None:
            self._keep(text, classes, made)
        return made

    def _keep(self, text: Text, classes: tuple[type, ...], made: Specialization) -> None:
        """Keep a function until the first of its classes goes."""
        parts: list[t.Any] = [text, *classes]
        ended: list[t.Any] = []
        for at, cls in enumerate(classes, start=1):
            if not self.keeps(cls):
                parts[at] = WeakClass(cls, lambda _: self._functions.pop(ended[0], None))
        ended.append(tuple(parts))
        self._functions[ended[0]] = made

    def search(
        self, texts: Sequence[str], classes: tuple[type, ...], *, waits: bool = False
    ) -> StringSearch | None:
        """Return a function that tells which of some strings have a solution.

        :param classes: the classes of the other arguments, which the caller has tested.
        :returns: ``None`` if it is not compiled and cannot be now.
        """
        if not all(map(self.admits, classes)):
            return no_answer
        parts: list[StringSearch] = []
        for start in range(0, max(len(texts), 1), MAX_SEARCHED):
            searched = tuple(texts[start : start + MAX_SEARCHED])
            make = functools.partial(self._make_search, searched, classes)
            what = self._name, "search", self.at, classes, searched
            made = self._program.make_specialization(make, what, waits=waits)
            if made is None or made is no_answer:
                return t.cast("StringSearch | None", made)
            parts.append(t.cast(StringSearch, made))
        return parts[0] if len(parts) == 1 else functools.partial(_search_all, parts)

    def _make_search(self, texts: Sequence[str], classes: tuple[type, ...]) -> t.Any:
        """Compile such a function: one test after the other; equal tests are made once."""
        checks: dict[str, ast.stmt] = {}
        tests: dict[str, tuple[list[ast.stmt], list[str]]] = {}
        calls: list[SolutionFunctions] = []
        write, is_partial = SpecializationWriter.write_search, False
        for text in texts:
            try:
                (checked, test), functions = self.written(text, classes, write)
            except NotCompilable as reason:
                partly = self.partly_written(text, classes, write, reason)
                if partly is None:
                    return None
                (checked, test), functions, _ = partly
                is_partial = True
            functions.keep()
            calls.append(functions)
            checks.update((code_of([check]), check) for check in checked)
            if test:
                tests.setdefault(self._code_of(test), (test, []))[1].append(text)
        body = [*checks.values(), assign(_STRINGS, call("set"))]
        for test, found in tests.values():
            body += [*test, ast.If(load(FOUND), [_added(found)], [])]
        body.append(ast.Return(load(_STRINGS)))
        parameters = [f"a{n}" for n in range(self._arity)]
        errors = "gives_up_or_deep" if any(each.are_called for each in calls) else "gives_up"
        function = function_of("search", parameters, [attempted(body, errors)], FREQUENT)
        made = self._program.compiled_specialization(function, self._name)
        return Attempts().of(made) if is_partial else made

    def writer(
        self,
        text: Text,
        classes: Sequence[type],
        observation: Observation | None = None,
        functions: SolutionFunctions | None = None,
        delegation: Delegation = Delegation.IN_PLACE,
        obstacles: Obstacles = frozenset(),
    ) -> SpecializationWriter:
        """Return the writer of such a function.

        :raises NotCompilable: if an argument is a class, of which no attribute is plain.
        """
        if any(issubclass(cls, type) for cls in classes):
            raise NotCompilable("a class as an argument", None)
        by_position = dict(zip(self.positions, classes, strict=True))
        known = None if self.at is None or text is None else (self.at, text)
        rule = self._program, self._name, known, by_position, self.others
        return SpecializationWriter(*rule, observation, functions, delegation, obstacles)

    def _make(self, text: Text, classes: tuple[type, ...]) -> Specialization | None:
        try:
            function, functions = self.written(text, classes, SpecializationWriter.write)
        except NotCompilable as reason:
            made = self._make_observing(text, classes)
            if made is not None:
                return made
            partly = self.partly_written(text, classes, SpecializationWriter.write, reason)
            if partly is None:
                return self._make_in_order(text, classes)
            return self._make_trying(text, classes, *partly[:2])
        functions.keep()
        return self._compiled_once(function)

    def _compiled_once(self, function: ast.FunctionDef) -> Specialization:
        # Classes that the rules treat alike have one function. Positions do not matter: a
        # specialization raises nothing.
        key = hashlib.sha256(self._code_of([function]).encode(errors="surrogatepass")).digest()
        made = self._alike.get(key)
        if made is None:
            made = self._alike[key] = self._program.compiled_specialization(function, self._name)
        return made

    def _code_of(self, statements: Sequence[ast.AST]) -> str:
        """Return a text that is equal for statements that do the same, whatever their constants."""
        names = {each.id for each in nodes_in(statements) if type(each) is ast.Name}
        return code_of(statements, self._program.class_sets(names))

    def written(
        self,
        text: Text,
        classes: Sequence[type],
        write: Callable[[SpecializationWriter], T],
        obstacles: Obstacles = frozenset(),
    ) -> tuple[T, SolutionFunctions]:
        """Write a function: rules that call themselves in place, or with functions of their own.

        :param obstacles: what the function gives up for.
        :returns: what was written, and the functions that it calls, which are to be kept.
        """
        writer = self.writer(text, classes, obstacles=obstacles)
        try:
            return write(writer), SolutionFunctions(self._program)
        except NotCompilable:
            if not writer.guards.meets_recursion:
                raise
        ways = [Delegation.IN_PLACE]
        if writer.is_delegated:
            ways = [Delegation.BY_FUNCTION, Delegation.IN_PLACE, Delegation.GIVEN_UP]
        for way in ways[:-1]:
            with contextlib.suppress(NotCompilable):
                return self._with_functions(text, classes, write, way, obstacles)
        return self._with_functions(text, classes, write, ways[-1], obstacles)

    def partly_written(
        self,
        text: Text,
        classes: Sequence[type],
        write: Callable[[SpecializationWriter], T],
        reason: NotCompilable,
    ) -> tuple[T, SolutionFunctions, list[NotCompilable]] | None:
        """Write a function that gives up where it comes to goals that cannot be written.

        :param reason: why it cannot be written without.
        :returns: what ``written`` does, and the reasons; ``None`` if there is no such function.
        """
        again = functools.partial(self.written, text, classes, write)
        partly = written_around(again, reason)
        return None if partly is None else (*partly[0], partly[1])

    def _with_functions(
        self,
        text: Text,
        classes: Sequence[type],
        write: Callable[[SpecializationWriter], T],
        way: Delegation,
        obstacles: Obstacles,
    ) -> tuple[T, SolutionFunctions]:
        """Write a function that calls others, or gives up where they would be called."""
        # What was found before another way failed is of no use here.
        functions = SolutionFunctions(self._program, obstacles)
        called = None if way is Delegation.GIVEN_UP else functions
        made = write(
            self.writer(text, classes, functions=called, delegation=way, obstacles=obstacles)
        )
        functions.write()
        return made, functions

    def parts(self, text: Text, classes: Sequence[type]) -> list[ast.FunctionDef] | None:
        """Return the functions for a question that make one call of the application.

        The last one is that for the question; it calls the other one, if there are two. ``None`` if
        there is no such function.
        """
        observation = Observation()
        try:
            writer = self.writer(text, classes, observation)
            found = find_first_call(self._program, writer.patterns, writer.question)
            if found is not None:
                observation.comes_first = observation.is_that(*found)
            first = writer.write()
            if observation.key is None:
                return None
            observation.is_made = True
            second = self.writer(text, classes, observation).write()
        except NotCompilable:
            return None
        program, parameters = self._program, [f"a{n}" for n in range(self._arity)]
        before, begin = list[ast.FunctionDef](), writer.before_call
        if begin is None:
            before = [first]
            made = program.compiled_specialization(first, self._name)
            begin = called_first(parameters, program.constant(made))
        resume = Resumption(program.resuming(self._name, self._arity, self.at))
        resumed = program.constant(resume)
        return [*before, observing_function(parameters, observation, begin, second, resumed)]

    def _make_observing(self, text: Text, classes: tuple[type, ...]) -> Specialization | None:
        """Return a function that makes one call of the application."""
        parts = self.parts(text, classes)
        if parts is None:
            return None
        made = self._program.compiled_specialization(parts[-1], self._name)
        self._observing[id(made)] = made
        return made

    def _make_trying(
        self,
        text: Text,
        classes: tuple[type, ...],
        function: ast.FunctionDef,
        functions: SolutionFunctions,
    ) -> Specialization:
        """Return a function that asks the compiled rule where another one gives up."""
        functions.keep()
        attempts = Attempts()
        tried = tried_first(copy.deepcopy(function), self._program.constant(attempts))
        made = self._make_in_order(text, classes, tried)
        if made is None:
            return self._compiled_once(function)
        self._in_order[id(made)] = attempts
        return made

    def _make_in_order(
        self, text: Text, classes: tuple[type, ...], tried: Sequence[ast.stmt] = ()
    ) -> Specialization | None:
        """Return a function that asks the compiled rule, which keeps to the order of the policy.

        :param tried: what may answer before.
        """
        if list in classes:
            # The compiled rules get a copy, which their entry function makes.
            return None
        named = dict(zip(self.positions, classes, strict=True))
        tests = class_tests(self._program, named, self._arity, self.others)
        texts = [at for at, cls in named.items() if cls is str]
        if self.at is not None and not (type(text) is str and text.isascii()):
            texts.append(self.at)
        for at in texts:
            tests.append(ast.If(negate(is_ascii(f"a{at}")), [ast.Return(ast.Constant(None))], []))
        made = self._program.usual_entry(self._name, text, named, tests, tried)
        if made is not None:
            self._observing[id(made)] = made
            self._in_order[id(made)] = None
        return made

    def named_classes(
        self, actors: Collection[type], resources: Collection[type]
    ) -> list[list[type]]:
        """Return the registered classes that each other argument may have, as rules name them.

        Actors are no resources, where no rule says so, and resources no actors.
        """
        candidates = t.cast(ClauseIndex, self._program.candidates(self._name, self._arity))
        unlikely = {
            self.positions[0]: {*resources}.difference(actors),
            self.positions[-1]: {*actors}.difference(resources),
        }
        return [
            _classes_at(self._program, candidates, at, unlikely.get(at, set()))
            for at in self.positions
        ]


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
    constants: list[ast.expr] = [ast.Constant(text) for text in texts]
    one = len(constants) == 1
    added = constants[0] if one else tuple_of(constants)
    return ast.Expr(method_call(load(_STRINGS), "add" if one else "update", added))


def _classes_at(
    program: SpecializingProgram, candidates: ClauseIndex, position: int, unlikely: set[type]
) -> list[type]:
    """Return the registered classes that an argument may have, as far as rules name them.

    :param unlikely: those that are left out, unless a rule names them at this position.
    """
    tags = {_tag(clause, position) for clause in candidates}
    here, anywhere = _classes_of(program, tags), set[type]()
    if None in tags:
        # The parameter has no class here; rules that are called may test it.
        every = (tag for rules in program.rules.values() for rule in rules for tag in _tags(rule))
        anywhere = _classes_of(program, {*every})
    return [
        cls
        for cls in dict.fromkeys(program.host.classes.values())
        if not here.isdisjoint(cls.__mro__)
        or (cls not in unlikely and not anywhere.isdisjoint(cls.__mro__))
        if cls is dict or is_plain_object(cls)
    ]


def _classes_of(program: SpecializingProgram, tags: Iterable[str | None]) -> set[type]:
    """Return the classes that some tags stand for."""
    registered, named = program.host.classes, set[type]()
    for tag in filter(None, tags):
        if tag in RESERVED_NAMES:
            named.update(program.members(tag))
        elif tag in registered:
            named.add(registered[tag])
    return named


def _tag(clause: Clause, position: int) -> str | None:
    """Return the class that a clause requires at a position; ``None`` for any."""
    parameter = clause.parameters[position]
    if isinstance(parameter.term, Value):
        return "String"
    return parameter.specializer.tag if isinstance(parameter.specializer, Pattern) else None


def _tags(rule: Rule) -> Iterable[str]:
    for parameter in rule.parameters:
        if isinstance(parameter.specializer, Pattern) and parameter.specializer.tag is not None:
            yield parameter.specializer.tag
