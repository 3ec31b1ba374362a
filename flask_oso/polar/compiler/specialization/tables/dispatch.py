"""The tables by which a question finds its specialization: by a string and by classes.

In goes a rule; out comes a table. For each string of one argument (usually the action), and for
each class of the others that the rules name, it has the function that ``function_maker.py``
makes. Each is compiled when it is first used.
"""

from __future__ import annotations

import ast
import functools
import itertools
import math
import time
import typing as t
from collections.abc import Collection, Iterable

from ....host.conversion import is_representable
from ....host.registry import RESERVED_NAMES
from ....nodes import Pattern, Rule, Value
from ....solver.clause_index import ClauseIndex
from ....solver.clauses import Clause
from ...binding_analysis import is_string, string_position, strings_at
from ...classes.plain_classes import is_plain_object
from ...classes.weak_classes import set_for_class
from ..clauses.delegations import tag_at
from ..solution_functions import SolutionFunctions
from ..specialization import SpecializationWriter
from .drafts import Asked, Specialization, SpecializingProgram, Text
from .function_maker import FunctionMaker, no_answer
from .give_ups import GiveUps
from .search_maker import SearchMaker

#: The most specializations that are compiled in advance.
MAX_PREPARED = 400
#: The most strings outside the policy, per rule, whose table is remembered: which strings are asked
#: about has no end.
MAX_OTHER_TEXTS = 100


class _NoAnswers(dict[type, t.Any]):
    """The specializations of a string that has none, by class; it keeps no class alive."""

    def __missing__(self, cls: type) -> t.Any:
        return no_answer


NO_ANSWERS: t.Final = _NoAnswers()


class ByClass(dict[type, Specialization]):
    """The functions for one string, by the class of the last argument.

    Each is made for the first classes of the other arguments that are met with this one. It calls
    ``others`` where these differ. ``known`` has the same functions, which tell a watch of denials;
    it is no subclass of ``dict``, for which Python has a faster look-up.

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
            asked = Asked(self._text, (*kinds, cls))
            answer = maker.first_answer(asked, args)
            if answer is not None:
                return answer
            made = maker.function(asked)
        # Another thread may have found that several classes have to be told apart.
        if made is not None and cls not in self:
            self._keep(cls, made)
        return None if made is None else made(*args)

    def tell_apart(self, cls: type, first: type, made: Specialization) -> None:
        """Choose the functions for a class by the class of the first argument, too."""
        functions = self._by_first.get(cls)
        if functions is None:
            functions = {}
            choose = _by_first(functions, self._maker.others)
            set_for_class(self._by_first, cls, functions, keeps=self._maker.keeps(cls))
            self._keep(cls, choose)
        set_for_class(functions, first, made, keeps=self._maker.keeps(first))

    def replace(
        self, classes: tuple[type, ...], before: Specialization, made: Specialization
    ) -> bool:
        """Have a function take the place of another one; tell whether that was there.

        :param classes: those of all arguments but the string; none of them may go.
        """
        first, cls = classes[0], classes[-1]
        functions = self._by_first.get(cls)
        if functions is None:
            is_there = self.get(cls) is before
            if is_there:
                self._keep(cls, made)
            return is_there
        is_there = functions.get(first) is before
        if is_there:
            functions[first] = made
        return is_there

    def _keep(self, cls: type, made: Specialization) -> None:
        keeps = self._maker.keeps(cls)
        set_for_class(self, cls, made, keeps=keeps)
        set_for_class(self.known, cls, self._maker.watched(cls, made), keeps=keeps)


def _by_first(functions: dict[type, Specialization], others: Specialization) -> Specialization:
    """Return a function that chooses one of several by the class of its first argument."""

    def choose(first: t.Any, action: t.Any, last: t.Any, is_searched: bool = False) -> bool | None:
        try:
            made = functions[type(first)]
        except KeyError:
            return others(first, action, last, is_searched)
        return made(first, action, last, is_searched)

    return choose


class Specializations(dict[str, ByClass]):
    """The specializations of one rule: by the string, and then by the class of another argument.

    ``others`` has those for all other strings, or all there are if ``at`` is ``None``. ``known``
    has the tables that were asked for; ``maker`` makes the functions, and ``search_maker`` those
    for many strings.
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
        self.maker, self.search_maker = maker, SearchMaker(maker)
        #: Stands for what counts, in functions that are shown.
        self._shown = GiveUps(lambda _: None)
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
        chosen = self.likely_classes(actors, resources)
        others: Text = None if self.at is None else self.texts
        for text, classes in itertools.product([*sorted(self.texts), others], chosen):
            if time.monotonic() > until:
                break
            self.maker.function(Asked(text, classes), waits=True)
        return chosen

    def likely_classes(
        self, actors: Collection[type], resources: Collection[type]
    ) -> list[tuple[type, ...]]:
        """Return the classes that rules name, but actors for resources, and the other way round.

        Only those that are declared to be actors or resources if they are too many.
        """
        classes: list[Collection[type]] = [*_named_classes(self.maker, actors, resources)]
        if self._count(classes) > MAX_PREPARED:
            classes[0] = [cls for cls in classes[0] if cls in actors]
            classes[-1] = [cls for cls in classes[-1] if cls in resources]
        return [*itertools.product(*classes)] if self._count(classes) <= MAX_PREPARED else []

    def written(self, asked: Asked) -> tuple[bool, ast.FunctionDef, SolutionFunctions]:
        """Write the function for a string and the classes of other arguments, to be shown.

        :returns: whether no rule applies, the function, and those that it calls.
        """
        writers: list[SpecializationWriter] = []

        def write(writer: SpecializationWriter) -> ast.FunctionDef:
            writers.append(writer)
            return writer.write()

        function, functions = self.maker.drafts.written(asked, write)
        return writers[-1].is_empty, self.maker.counted(function, self._shown), functions

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
    texts = program.strings_of(name, arity, at)
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


def _named_classes(
    maker: FunctionMaker, actors: Collection[type], resources: Collection[type]
) -> list[list[type]]:
    """Return the registered classes that each other argument may have, as rules name them.

    Actors are no resources, where no rule says so, and resources no actors.
    """
    unlikely = {
        maker.positions[0]: {*resources}.difference(actors),
        maker.positions[-1]: {*actors}.difference(resources),
    }
    return [_classes_at(maker, at, unlikely.get(at, set())) for at in maker.positions]


def _classes_at(maker: FunctionMaker, position: int, unlikely: set[type]) -> list[type]:
    """Return the registered classes that an argument may have, as far as rules name them.

    :param unlikely: those that are left out, unless a rule names them at this position.
    """
    program = maker.program
    #: Where a text is an action, and neither acts nor is asked about.
    between = maker.positions[1:-1]
    tags = {_tag(clause, position) for clause in maker.clauses()}
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
        if cls is dict or is_plain_object(cls) or (cls is str and position in between)
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
    is_literal = isinstance(clause.parameters[position].term, Value)
    return "String" if is_literal else tag_at(clause, position)


def _tags(rule: Rule) -> Iterable[str]:
    for parameter in rule.parameters:
        if isinstance(parameter.specializer, Pattern) and parameter.specializer.tag is not None:
            yield parameter.specializer.tag
