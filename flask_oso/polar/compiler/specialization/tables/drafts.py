"""Drafts: the functions for questions about one rule, each written in the first way that works.

In go the string of a question and the classes of its other arguments; out comes the ``ast`` of a
function: with rules that call themselves in place of their calls, or with functions for them;
around goals that no code can be written for; or with one call of the application.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import typing as t
from collections.abc import Callable, Iterable, Sequence

from ....nodes import Rule, Value
from ...binding_analysis import NotCompilable
from ...scopes import ProgramInterface
from ...snippets import any_of, assign, is_type, load, negate
from ..clauses.delegations import Delegation
from ..first_call import FirstCall, find_first_call
from ..goals.obstacles import Obstacles, written_around
from ..kept_searches import KeptSearches
from ..observation import (
    Observation,
    Outcome,
    Replay,
    Resumption,
    name_before,
    observing_function,
)
from ..questions import Manner
from ..regions import give_up_if
from ..solution_functions import SolutionFunctions, SolutionProgram
from ..specialization import SpecializationWriter, attempted
from .first_answers import FirstQuestions

T = t.TypeVar("T")
Specialization = Callable[..., "bool | None"]
#: What a function knows of the string of a question: which one it is, or all that it is not.
#: ``None`` for rules that have none.
Text = str | frozenset[str] | None
Write = Callable[[SpecializationWriter], T]


class Asked(t.NamedTuple):
    """What a function is made for: the string of a question, and the classes of other arguments."""

    text: Text
    classes: tuple[type, ...]


class SpecializingProgram(ProgramInterface, SolutionProgram, t.Protocol):
    """What the tables need of the program."""

    first_questions: FirstQuestions

    @property
    def rules(self) -> t.Mapping[str, Sequence[Rule]]: ...
    def strings_of(self, name: str, arity: int, at: int) -> frozenset[str] | None: ...
    def specializations_at(self, name: str, arity: int, at: int) -> t.Any: ...
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
    def solving(self, name: str) -> Callable[[tuple[t.Any, ...], bool, Replay], bool]: ...
    def first_answer(
        self, name: str, args: tuple[t.Any, ...], ask_function: Callable[[], bool | None]
    ) -> bool | None: ...
    def watched(self, name: str, cls: type, made: Specialization) -> Specialization: ...
    def make_specialization(
        self, make: Callable[[], Specialization | None], what: t.Any, *, waits: bool = False
    ) -> Specialization | None: ...


class Drafts:
    """The drafts for one rule.

    :param at: the position of the string; ``None`` if there is none.
    :param others: answers a question by the function for all its classes.
    """

    def __init__(
        self,
        program: SpecializingProgram,
        name: str,
        arity: int,
        at: int | None,
        others: Specialization,
    ) -> None:
        self.program, self._name, self._others = program, name, others
        self._at, self._positions = at, [n for n in range(arity) if n != at]
        self.parameters = [f"a{n}" for n in range(arity)]
        #: The classes for which delegations were no chain of objects that is written in place, as
        #: was found out about one string: it takes several times as long as the function itself.
        self._delegating: set[tuple[type, ...]] = set()

    def by_position(self, classes: Sequence[type]) -> dict[int, type]:
        """Return the classes of arguments by their positions."""
        return dict(zip(self._positions, classes, strict=True))

    def writer(self, asked: Asked, manner: Manner) -> SpecializationWriter:
        """Return the writer of such a function.

        :raises NotCompilable: if an argument is a class, of which no attribute is plain.
        """
        if any(issubclass(cls, type) for cls in asked.classes):
            raise NotCompilable("a class as an argument", None)
        known = None if self._at is None or asked.text is None else (self._at, asked.text)
        rule = self.program, self._name, known, self.by_position(asked.classes), self._others
        return SpecializationWriter(*rule, manner)

    def written(
        self,
        asked: Asked,
        write: Write[T],
        obstacles: Obstacles = frozenset(),
        kept: KeptSearches | None = None,
    ) -> tuple[T, SolutionFunctions]:
        """Write a function: rules that call themselves in place, or with functions of their own.

        :param obstacles: what the function gives up for.
        :param kept: the searches that it shares with others, if it does.
        :returns: what was written, and the functions that it calls, which are to be kept.
        """
        make = functools.partial(self._with_functions, asked, write, obstacles, kept)
        if asked.classes in self._delegating:
            with contextlib.suppress(NotCompilable):
                return make(Delegation.BY_FUNCTION, is_delegated=True)
        writer = self.writer(asked, Manner(obstacles=obstacles, kept=kept))
        try:
            return write(writer), SolutionFunctions(self.program)
        except NotCompilable:
            if not writer.guards.meets_recursion:
                raise
        if not writer.is_delegated:
            return make(Delegation.IN_PLACE)
        if all(map(self.program.host.keeps, asked.classes)):
            self._delegating.add(asked.classes)
        for way in (Delegation.BY_FUNCTION, Delegation.IN_PLACE):
            with contextlib.suppress(NotCompilable):
                return make(way)
        return make(Delegation.GIVEN_UP)

    def partly_written(
        self, asked: Asked, write: Write[T], reason: NotCompilable
    ) -> tuple[T, SolutionFunctions, list[NotCompilable]] | None:
        """Write a function that gives up where it comes to goals that cannot be written.

        :param reason: why it cannot be written without.
        :returns: what ``written`` does, and the reasons; ``None`` if there is no such function.
        """
        partly = written_around(functools.partial(self.written, asked, write), reason)
        return None if partly is None else (*partly[0], partly[1])

    def _with_functions(
        self,
        asked: Asked,
        write: Write[T],
        obstacles: Obstacles,
        kept: KeptSearches | None,
        way: Delegation,
        *,
        is_delegated: bool = False,
    ) -> tuple[T, SolutionFunctions]:
        """Write a function that calls others, or gives up where they would be called.

        :param is_delegated: whether it has to delegate something, as for another string.
        """
        # What was found before another way failed is of no use here.
        functions = SolutionFunctions(self.program, obstacles)
        called = None if way is Delegation.GIVEN_UP else functions
        writer = self.writer(asked, Manner(None, called, way, obstacles, kept))
        made = write(writer)
        if is_delegated and not writer.is_delegated:
            raise NotCompilable("no delegation", None)
        functions.write()
        if isinstance(made, ast.FunctionDef):
            functions.end_first(made.body, writer.guards.fresh)
        return made, functions

    def observing(self, asked: Asked) -> ast.FunctionDef | None:
        """Return the function for a question that makes a call of the application before all else.

        ``None`` if there is no such function.
        """
        try:
            writer = self.writer(asked, Manner())
            found = find_first_call(self.program, writer.patterns, writer.question)
            if found is None:
                return None
            observation, writer = self._behind(asked, found, None)
            behind = writer.write()
        except NotCompilable:
            return None
        begin = writer.before_call
        read = [*observation.read_arguments()]
        if read:
            begin = [*begin, self.reads(asked, observation)]
        resuming = self.program.resuming(self._name, len(self.parameters), self._at)
        solving = self.program.solving(self._name)
        places = [(self.parameters.index(owner), attribute) for _, owner, attribute in read]
        resume = self.program.constant(Resumption(resuming, solving, places))
        return observing_function(self.parameters, observation, begin, behind, resume)

    def written_behind_call(
        self, asked: Asked, known: t.Mapping[int, str]
    ) -> tuple[Observation | None, list[ast.stmt], list[ast.stmt], SolutionFunctions]:
        """Write the checks and the test of a search, behind the call that is made before all else.

        :param known: other arguments that are strings, as the caller makes sure.
        :returns: the call, if there is one, the checks, the test, and the functions that it calls.
        :raises NotCompilable: if there is no such test.
        """
        writer = self.writer(asked, Manner())
        rule, args = writer.question
        told = (
            arg.replaced(literal=Value(known[at])) if at in known else arg
            for at, arg in enumerate(args)
        )
        found = find_first_call(self.program, writer.patterns, (rule, tuple(told)))
        if found is None:
            (checks, test), functions = self.written(asked, SpecializationWriter.write_search)
            return None, checks, test, functions
        functions = SolutionFunctions(self.program)
        observation, writer = self._behind(asked, found, None)
        try:
            return observation, *writer.write_search(), functions
        except NotCompilable:
            if not writer.guards.meets_recursion:
                raise
        observation, writer = self._behind(asked, found, functions)
        checks, test = writer.write_search()
        functions.write()
        return observation, checks, test, functions

    def _behind(
        self, asked: Asked, first: FirstCall, functions: SolutionFunctions | None
    ) -> tuple[Observation, SpecializationWriter]:
        """Return what writes a function behind a call that comes first."""
        owner = first.owner
        name = owner.name if owner.source is None else name_before(owner.source)
        observation = Observation(name, first.name, first.args, first.reads, first.classes)
        return observation, self.writer(asked, Manner(observation, functions=functions))

    def reads(self, asked: Asked, observation: Observation) -> ast.stmt:
        """Write that attributes are read with which a call is made: values that need no copy."""
        writer = self.writer(asked, Manner())
        root, named = writer.root, {arg.name: arg for arg in writer.question[1]}
        given: list[ast.stmt] = []
        for name, owner, attribute in observation.read_arguments():
            made = writer.values.read(root, named[owner], attribute, None)
            cls = observation.classes.get((owner, attribute))
            odd = any_of([is_type(made.name, "list"), is_type(made.name, "dict")])
            if cls is not None:
                odd = negate(is_type(made.name, self.program.constant(cls)))
                root.note_checked(made)
            given += [give_up_if(odd), assign(name, load(made.name))]
        writer.guards.leave_out_known(root, False)
        return attempted([*root.reads, *given])
