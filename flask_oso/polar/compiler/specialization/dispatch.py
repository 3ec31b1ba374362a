"""The tables by which a question finds its specialization: by a string and by classes.

In goes a rule; out comes a table. For each string of one argument (usually the action), and for
each class of the others that the rules name, it has the function that ``specialization.py``
writes. Each is compiled when it is first used.
"""

from __future__ import annotations

import ast
import functools
import itertools
import math
import operator
import time
import typing as t
from collections.abc import Callable, Collection, Iterable, Sequence

from ...host import sandbox, terms
from ...host.conversion import is_representable
from ...host.registry import RESERVED_NAMES
from ...nodes import Pattern, Rule, Value
from ...solver.clause_index import ClauseIndex
from ...solver.clauses import Clause
from ..binding_analysis import (
    NotCompilable,
    closed_strings,
    dispatch_position,
    is_plain,
    is_string,
    strings_at,
)
from .guards import GuardInterface
from .specialization import SpecializationWriter

#: The most specializations of one rule; later questions have none.
MAX_SPECIALIZATIONS = 1_000
#: The most specializations that are compiled in advance.
MAX_PREPARED = 400
Specialization = Callable[..., "bool | None"]


def no_answer(*args: t.Any) -> None:
    """Return ``None``, for classes without a specialization."""


class ByClass(dict[type, Specialization]):
    """The functions for one string, by the class of an argument.

    :param maker: makes them.
    :param text: the string, or all that it is not.
    """

    def __init__(self, maker: _Maker, text: str | frozenset[str]) -> None:
        super().__init__()
        self._maker = maker
        self._text = text

    def __missing__(self, cls: type) -> Specialization:
        # No entry for a class that is not registered: it may be a temporary one.
        if cls not in self._maker.classes[-1]:
            return no_answer
        others = self._maker.classes[:-1]
        if any(len(classes) > 1 for classes in others):
            self[cls] = chosen = _choosing(ByOthers(self._maker, self._text, cls))
            return chosen
        made = self._maker.function(self._text, (*itertools.chain(*others), cls))
        if made is not None:
            self[cls] = made
        return made or no_answer


class ByOthers(dict[t.Any, Specialization]):
    """The functions for one string and one class, by the classes of the other arguments.

    The key is a tuple, or the class itself if there is one other argument.
    """

    def __init__(self, maker: _Maker, text: str | frozenset[str], cls: type) -> None:
        super().__init__()
        self._maker = maker
        self._text = text
        self._cls = cls
        #: The positions of the other arguments.
        self.positions = maker.positions[:-1]

    def __missing__(self, key: t.Any) -> Specialization:
        classes = key if isinstance(key, tuple) else (key,)
        if not all(map(operator.contains, self._maker.classes, classes)):
            return no_answer
        made = self._maker.function(self._text, (*classes, self._cls))
        if made is not None:
            self[key] = made
        return made or no_answer


class SpecializingProgram(GuardInterface, t.Protocol):
    """What the tables need of the program."""

    @property
    def rules(self) -> t.Mapping[str, Sequence[Rule]]: ...
    def compiled_specialization(self, function: ast.FunctionDef, rule: str) -> Specialization: ...
    def make_specialization(
        self, make: Callable[[], Specialization | None], what: t.Any, *, waits: bool = False
    ) -> Specialization | None: ...


class Specializations(dict[str, ByClass]):
    """The specializations of one rule: by the string, and then by the class of another argument.

    ``others`` has those for all other strings.
    """

    def __init__(self, maker: _Maker, texts: frozenset[str]) -> None:
        super().__init__({text: ByClass(maker, text) for text in sorted(texts)})
        #: The position of the string.
        self.at = maker.at
        #: The position of the argument whose class is the second key.
        self.by = maker.positions[-1]
        self.others = ByClass(maker, texts)
        self._maker = maker

    def __missing__(self, text: str) -> ByClass:
        return self.others

    def prepare(self, actors: Collection[type], resources: Collection[type], until: float) -> None:
        """Compile the functions now: for all classes, or only for actors and resources, or none if
        they are too many.
        """
        classes: list[Collection[type]] = [*self._maker.classes]
        if self._count(classes) > MAX_PREPARED:
            classes[0] = [cls for cls in classes[0] if cls in actors]
            classes[-1] = [cls for cls in classes[-1] if cls in resources]
        if self._count(classes) <= MAX_PREPARED:
            for text in (*self, frozenset(self)):
                for chosen in itertools.product(*classes):
                    if time.monotonic() > until:
                        return
                    self._maker.function(text, chosen, waits=True)

    def admits(self, classes: Collection[type]) -> bool:
        """Tell whether there may be a function for the classes of all other arguments."""
        return all(map(operator.contains, self._maker.classes, classes))

    def _count(self, classes: list[Collection[type]]) -> int:
        return (len(self) + 1) * math.prod(map(len, classes))


def make_specializations(
    program: SpecializingProgram, name: str, arity: int
) -> Specializations | None:
    """Make the table of a rule; ``None`` if no argument is a string."""
    candidates = program.candidates(name, arity)
    if candidates is None or arity < 2:
        return None
    at = dispatch_position(candidates, {})
    # The action is the second argument of every rule that an application asks.
    at = 1 if at is None else at
    texts = closed_strings(program.candidates, name, arity, at)
    if texts is None:
        texts = frozenset(strings_at(candidates, at))
    texts = frozenset(filter(is_representable, texts))
    positions = [n for n in range(arity) if n != at]
    classes = [_classes_at(program, candidates, position) for position in positions]
    if not texts or not all(classes):
        return None
    return Specializations(_Maker(program, name, at, positions, classes), texts)


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


def is_plain_object(kind: type) -> bool:
    """Tell whether instances of a class are ordinary objects.

    They need no sandbox check, are not native values of Polar, and do not override their class.
    """
    special = (type, terms.Variable, terms.Predicate, terms.Expression, terms.Pattern)
    return (
        is_plain(kind)
        and sandbox.passes_sandbox(kind)
        and not issubclass(kind, (*special, terms.TypeConstraint))
    )


class ReadableClasses:
    """Classes with some attributes that are read without side effects.

    :param keeps: tells whether a class may be remembered.
    :param is_silent: tells whether reading an attribute of instances of a class has no effect.
    """

    def __init__(
        self,
        keeps: Callable[[type], bool],
        is_silent: Callable[[type, str], bool] = sandbox.is_silent_read,
    ) -> None:
        self._keeps = keeps
        self._is_silent = is_silent
        self.names: set[str] = set()
        self.kinds: set[type] = set()

    def admits(self, kind: type) -> bool:
        """Tell whether a class is one of them."""
        if kind in self.kinds:
            return True
        if not is_plain_object(kind) or not all(self._is_silent(kind, name) for name in self.names):
            return False
        if self._keeps(kind):
            self.kinds.add(kind)
        return True


class _Maker:
    """Makes the specializations of one rule.

    :param at: the position of the string.
    :param positions: those of the other arguments.
    :param classes: the classes that each of these may have.
    """

    def __init__(
        self,
        program: SpecializingProgram,
        name: str,
        at: int,
        positions: list[int],
        classes: list[dict[type, None]],
    ) -> None:
        self.at = at
        self.positions = positions
        self.classes = classes
        self._program = program
        self._name = name
        self._functions: dict[tuple[t.Any, ...], Specialization] = {}
        self._refusing: dict[tuple[t.Any, ...], Specialization] = {}

    def function(
        self, text: str | frozenset[str], classes: tuple[type, ...], *, waits: bool = False
    ) -> Specialization | None:
        """Return the function for a string and the classes of the other arguments.

        ``None`` if it is not compiled and cannot be now.
        """
        key = (text, *classes)
        made = self._functions.get(key)
        if made is not None:
            return made
        if len(self._functions) >= MAX_SPECIALIZATIONS:
            return no_answer
        # Other threads may exceed the limit by a few.
        make = functools.partial(self._make, text, classes)
        made = self._program.make_specialization(make, (self._name, key), waits=waits)
        if made is not None:
            self._functions[key] = made
        return made

    def _make(self, text: str | frozenset[str], classes: tuple[type, ...]) -> Specialization | None:
        by_position = dict(zip(self.positions, classes, strict=True))
        try:
            writer = SpecializationWriter(self._program, self._name, (self.at, text), by_position)
            function = writer.write()
        except NotCompilable:
            return None
        key = (isinstance(text, str), *classes[:-1]) if writer.is_empty else None
        return self._compiled(function, key)

    def _compiled(self, function: ast.FunctionDef, key: tuple[t.Any, ...] | None) -> Specialization:
        """Compile a function; those that always answer no are shared."""
        made = self._refusing.get(key) if key is not None else None
        if made is None:
            made = self._program.compiled_specialization(function, self._name)
            if key is not None:
                self._refusing[key] = made
        return made


def _classes_at(
    program: SpecializingProgram, candidates: ClauseIndex, position: int
) -> dict[type, None]:
    """Return the registered classes that an argument may have, as far as rules name them."""
    clauses: Iterable[Clause] = candidates
    named = [_tag(clause, position) for clause in clauses]
    if None in named:
        # The parameter has no class here; rules that are called may test it.
        named = [tag for rules in program.rules.values() for rule in rules for tag in _tags(rule)]
    classes: dict[type, None] = {}
    registered = program.host.classes
    for tag in sorted({t.cast(str, tag) for tag in named}):
        if tag in RESERVED_NAMES:
            members = program.members(tag)
        else:
            members = (registered[tag],) if tag in registered else ()
        for cls in members:
            below = (each for each in registered.values() if issubclass(each, cls))
            classes.update(dict.fromkeys((cls, *below)))
    return {cls: None for cls in classes if is_plain_object(cls)}


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


def _choosing(functions: ByOthers) -> Specialization:
    """Return a function that calls the one for the classes of its arguments."""
    first, *others = functions.positions
    if not others:
        return lambda *args: functions[type(args[first])](*args)
    return lambda *args: functions[tuple(type(args[at]) for at in functions.positions)](*args)
