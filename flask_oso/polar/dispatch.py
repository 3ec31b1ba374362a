"""How a question finds the function for plain data that answers it: by a string and by classes.

In goes a rule that is asked about; out comes a table, made before the first answer: for
each string that an argument may be (mostly the action), and for each class of the others
that the rules name, the function that ``shortcuts.py`` writes, where it can.
"""

from __future__ import annotations

import ast
import itertools
import typing as t
from collections.abc import Callable, Iterable, Sequence

from . import attributes, terms
from .clauses import Candidates, Clause
from .guards import Names
from .host import RESERVED_NAMES, is_representable
from .modes import Unfollowable, closed_strings, dispatch_position, is_plain, is_string, strings_at
from .nodes import Pattern, Rule, Value
from .shortcuts import ShortcutWriter

#: Functions up to which a table is made: one for each string and each choice of classes.
MAX_SHORTCUTS = 400
Shortcut = Callable[..., "bool | None"]


def cannot_tell(*args: t.Any) -> None:
    """Answer for values of classes that there is no function for."""


class ByClass(dict[type, Shortcut]):
    """The functions for one string, by the class of an argument."""

    def __missing__(self, cls: type) -> Shortcut:
        return cannot_tell


class Program(Names, t.Protocol):
    """What is needed of the program whose rules are asked about."""

    @property
    def rules(self) -> t.Mapping[str, Sequence[Rule]]: ...
    def compiled_shortcut(self, function: ast.FunctionDef, rule: str) -> Shortcut: ...


class Shortcuts(dict[str, ByClass]):
    """The functions for one rule: by the string, and then by the class of another argument.

    ``others`` has those for all other strings.
    """

    def __init__(self, at: int, by: int) -> None:
        super().__init__()
        #: The position of the string.
        self.at = at
        #: The position of the argument whose class chooses.
        self.by = by
        self.others = ByClass()

    def __missing__(self, text: str) -> ByClass:
        return self.others


def make_shortcuts(program: Program, name: str, arity: int) -> Shortcuts | None:
    """Make the functions for a rule; ``None`` if there is no string to choose by."""
    candidates = program.candidates(name, arity)
    if candidates is None or arity < 2:
        return None
    at = dispatch_position(candidates, {})
    # Who, what, to what: the action stands second in every rule that an application asks.
    at = 1 if at is None else at
    texts = closed_strings(program.candidates, name, arity, at)
    if texts is None:
        texts = frozenset(strings_at(candidates, at))
    texts = frozenset(filter(is_representable, texts))
    *first, last = (n for n in range(arity) if n != at)
    chosen = [_classes_at(program, candidates, position) for position in first]
    whole = list(itertools.product(*chosen, _classes_at(program, candidates, last)))
    if not texts or not whole or (len(texts) + 1) * len(whole) > MAX_SHORTCUTS:
        return None
    made = Shortcuts(at, last)
    maker = _Maker(program, name, at, [*first, last])
    made.others = maker.functions(texts, whole)
    for text in sorted(texts):
        made[text] = maker.functions(text, whole)
    return made if any(made.values()) else None


def facts(candidates: Candidates) -> list[tuple[str, ...]] | None:
    """Give the strings of a rule that is nothing but facts about strings.

    ``None`` if it is more, or if a string has a surrogate: asking for one is an error.
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


def is_object(kind: type) -> bool:
    """Tell whether instances of a class are objects and nothing else.

    They lead nowhere, are no values of Polar's own, and do not claim to be what they are not.
    """
    special = (type, terms.Variable, terms.Predicate, terms.Expression, terms.Pattern)
    return (
        is_plain(kind)
        and attributes.is_candid(kind)
        and not issubclass(kind, (*special, terms.TypeConstraint))
    )


class Quiet:
    """Classes whose instances can be read without a trace: these attributes, at least.

    :param keeps: tells whether a class may be remembered.
    """

    def __init__(self, keeps: Callable[[type], bool]) -> None:
        self._keeps = keeps
        self.names: set[str] = set()
        self.kinds: set[type] = set()

    def admits(self, kind: type) -> bool:
        """Tell whether a class is one of them."""
        if kind in self.kinds:
            return True
        if not is_object(kind) or not all(attributes.is_quiet(kind, name) for name in self.names):
            return False
        if self._keeps(kind):
            self.kinds.add(kind)
        return True


class _Maker:
    def __init__(self, program: Program, name: str, at: int, positions: list[int]) -> None:
        self._program = program
        self._name = name
        self._at = at
        self._positions = positions
        self._refusing: dict[tuple[t.Any, ...], Shortcut] = {}

    def functions(self, text: str | frozenset[str], whole: Iterable[tuple[type, ...]]) -> ByClass:
        """Make the functions for one string, by the class of the last argument."""
        made: dict[type, list[Shortcut]] = {}
        for classes in whole:
            by_position = dict(zip(self._positions, classes, strict=True))
            try:
                writer = ShortcutWriter(self._program, self._name, (self._at, text), by_position)
                function = writer.write()
            except Unfollowable:
                continue
            key = (isinstance(text, str), *classes[:-1]) if writer.is_empty else None
            made.setdefault(classes[-1], []).append(self._compiled(function, key))
        return ByClass({kind: _first_of(functions) for kind, functions in made.items()})

    def _compiled(self, function: ast.FunctionDef, key: tuple[t.Any, ...] | None) -> Shortcut:
        """Compile a function; those that refuse whatever is asked are one."""
        made = self._refusing.get(key) if key is not None else None
        if made is None:
            made = self._program.compiled_shortcut(function, self._name)
            if key is not None:
                self._refusing[key] = made
        return made


def _classes_at(program: Program, candidates: Candidates, position: int) -> list[type]:
    """Give the registered classes that an argument may be of, as far as rules name them."""
    clauses: Iterable[Clause] = candidates
    named = [_tag(clause, position) for clause in clauses]
    if None in named:
        # It is open here, and tested in the rules further in.
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
    return [cls for cls in classes if is_object(cls)]


def _tag(clause: Clause, position: int) -> str | None:
    """Give the class that a clause wants at a position: for a string its own; or ``None``."""
    parameter = clause.parameters[position]
    if isinstance(parameter.term, Value):
        return "String"
    return parameter.specializer.tag if isinstance(parameter.specializer, Pattern) else None


def _tags(rule: Rule) -> Iterable[str]:
    for parameter in rule.parameters:
        if isinstance(parameter.specializer, Pattern) and parameter.specializer.tag is not None:
            yield parameter.specializer.tag


def _first_of(functions: list[Shortcut]) -> Shortcut:
    """Give a function that asks several, each for other classes, until one can tell."""
    if len(functions) == 1:
        return functions[0]

    def first(*args: t.Any) -> bool | None:
        for function in functions:
            answer = function(*args)
            if answer is not None:
                return answer
        return None

    return first
