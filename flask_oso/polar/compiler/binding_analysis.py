"""Binding analysis: which clauses can match a call, in which order, and which strings it binds.

In go clauses and what is known of the arguments of a call when it is compiled: that they are
bound, and the literals among them. Where that is not enough, ``NotCompilable`` is raised, and the
solver answers the call.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import itertools
import math
import types
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence

from ..host.numbers import equal_scalars
from ..host.registry import RESERVED_NAMES, Host
from ..nodes import (
    Dictionary,
    Instance,
    List,
    Operator,
    Pattern,
    Term,
    Unknown,
    Value,
    parts,
)
from ..policy.policy import calls_in
from ..solver.class_index import ClassIndex, Lineage
from ..solver.class_tests import has_instance_test, runs_instance_test
from ..solver.clause_index import ClauseIndex
from ..solver.clauses import Clause
from ..solver.rule_order import Specificity, compare_specializers, has_more_fields, is_union_pattern
from ..sources import Span
from ..traversal import goals_in, is_operation
from ..value_objects import Record
from .classes.plain_classes import compares_by_identity, equals_itself, is_class_value, is_plain

#: Among so many groups of clauses, at most, the order of each two is looked at when they are
#: compiled.
MAX_GROUPS = 400
#: For so many pairs of clauses, at most, a function tests that not both of them match.
MAX_EXCLUSIVE = 1_000


class NotCompilable(Exception):
    """A goal, a rule or a call that cannot be compiled; the solver answers it.

    :param reason: what it is, in the terms of policies.
    :param span: its place in the policy.
    """

    def __init__(self, reason: str, span: Span | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span
        #: The goals that were being written, innermost first.
        self.goals: list[Term] = []
        #: What a specialization could give up for instead: by form and place, innermost first.
        self.obstacles: list[tuple[str, Span | None]] = []


#: The known arguments by position: a literal, or ``None`` for a string, or an integer, that is none
#: of the literals at this position.
KnownArguments = Mapping[int, Value | None]
Lineages = Mapping[int, Lineage]


class ArgumentFacts(Record):
    """What is known of the arguments of a call, by position.

    :param literals: the literals; ``None`` for a value that is none of those at its position.
    :param lineages: the classes.
    :param objects: the arguments that are classes; ``None`` for one that is no literal.
    """

    literals: KnownArguments
    lineages: Lineages = dataclasses.field(default_factory=dict)
    objects: Mapping[int, type | None] = dataclasses.field(default_factory=dict)
    #: The position of an argument that is some string.
    text: int | None = None

    @property
    def decided(self) -> set[int]:
        """The positions of the arguments that compare with literals without running code."""
        known = [at for at, lineage in self.lineages.items() if lineage.is_decided]
        texts = [] if self.text is None else [self.text]
        return {*self.literals, *known, *texts}

    @property
    def key(self) -> tuple[t.Any, ...]:
        """What is equal for equal facts in the same order; 1, 1.0 and true are three literals."""
        literals = tuple(
            (at, value and (type(value.value), value.value)) for at, value in self.literals.items()
        )
        return literals, tuple(self.lineages.items()), tuple(self.objects.items()), self.text


def matching_clauses(
    clauses: ClauseIndex, facts: ArgumentFacts, by_class: ClassIndex | None
) -> list[Clause]:
    """Return the clauses that the known arguments do not exclude.

    :param by_class: the index of the clauses by class, where classes are known.
    """
    args = [facts.literals.get(position) or Unknown("_") for position in range(clauses.arity)]
    found = clauses.for_call(args)
    if by_class is not None:
        found = by_class.among(found, facts.lineages, facts.objects, facts.decided)
    return [clause for clause in found if not _excludes(clause, facts)]


def _excludes(clause: Clause, facts: ArgumentFacts) -> bool:
    for position in clause.literals:
        if position not in facts.literals:
            continue
        literal, arg = clause.parameters[position].term, facts.literals[position]
        if (
            arg is None
            or not isinstance(literal, Value)
            or not equal_scalars(literal.value, arg.value)
        ):
            return True
    return False


class Dispatch(Record):
    """How a function is chosen by an argument.

    :param at: the position of the argument.
    :param literals: the strings and integers among which it is looked up.
    :param objects: the classes among which it is looked up, if it is a class. Otherwise a value
        that is no literal is looked up by its class.
    """

    at: int
    literals: frozenset[str | int] = frozenset()
    objects: tuple[type, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of the kinds of values that are looked up themselves."""
        return tuple(
            kind.__name__
            for kind in (str, int)
            if any(type(literal) is kind for literal in self.literals)
        )


#: Up to so many classes are tested one by one.
_FEW_CLASSES = 3


def dispatch_by(
    clauses: Sequence[Clause], facts: ArgumentFacts, odd: Collection[int] = ()
) -> Dispatch | None:
    """Return the first of the arguments that choose a clause; ``None`` if none tells two apart.

    :param odd: the positions of arguments that are not looked up.
    """
    places = range(len(clauses[0].parameters) if clauses else 0)
    found = [_dispatch_at(at, clauses, facts) for at in places if at not in odd]
    if all(count < 2 for _, count in found):
        return None
    return next(dispatch for dispatch, count in found if count)


def _dispatch_at(at: int, clauses: Sequence[Clause], facts: ArgumentFacts) -> tuple[Dispatch, int]:
    """Return how an argument chooses a function, and how many clauses it tells apart at most."""
    if at in facts.literals or at in facts.objects:
        return Dispatch(at), 0
    heads = [clause.parameters[at] for clause in clauses]
    constants = [head.term.value for head in heads if isinstance(head.term, Instance)]
    objects = tuple(dict.fromkeys(value for value in constants if is_class_value(value)))
    if at in facts.lineages:
        return Dispatch(at, objects=objects), len(objects) * facts.lineages[at].is_class
    values = [head.term.value for head in heads if isinstance(head.term, Value)]
    # An integer that is no literal itself may equal a float that is one.
    has_float = float in map(type, values)
    literals: frozenset[str | int] = frozenset(
        each for each in values if type(each) is str or (type(each) is int and not has_float)
    )
    tags = {head.specializer.tag for head in heads if isinstance(head.specializer, Pattern)}
    by_class = len(tags) if len(tags) > _FEW_CLASSES else 0
    return Dispatch(at, literals), len(literals) + len(objects) + by_class


def string_position(clauses: ClauseIndex) -> int | None:
    """Return the parameter with strings in the most clauses; ``None`` if none has two."""
    strings: dict[int, list[str]] = {}
    for clause in clauses:
        for position in clause.literals:
            literal = clause.parameters[position].term
            if is_string(literal):
                strings.setdefault(position, []).append(str(t.cast(Value, literal).value))
    if not strings:
        return None
    position = max(sorted(strings), key=lambda at: (len(strings[at]), len(set(strings[at]))))
    return position if len(set(strings[position])) > 1 else None


def strings_at(clauses: ClauseIndex, position: int) -> list[str]:
    """Return the strings that clauses have at one of their parameters, sorted."""
    literals = (clause.parameters[position].term for clause in clauses)
    values = (literal.value for literal in literals if isinstance(literal, Value))
    return sorted({value for value in values if isinstance(value, str)})


def is_string(term: t.Any) -> bool:
    """Tell whether a term is a string literal."""
    return isinstance(term, Value) and type(term.value) is str


class ClauseOrder(Record):
    """Clauses in the order in which they are tried.

    ``exclusive`` has the pairs of indices whose order depends on the class of an argument that is
    an instance of both classes: if both clauses match, the solver has to answer. With ``is_open``
    the order depends on which clauses match, and on the arguments.
    """

    clauses: list[Clause]
    exclusive: list[tuple[int, int]]
    is_open: bool = False

    @property
    def is_known(self) -> bool:
        """Tell whether the order is the same for all arguments."""
        return not self.is_open and not self.exclusive


class _Verdict(enum.Enum):
    """Whether a clause is tried before another one, as far as that is known."""

    BEFORE = enum.auto()
    BEHIND = enum.auto()
    #: It depends on an argument that is an instance of two classes.
    BY_CLASS = enum.auto()
    OPEN = enum.auto()


#: What is told of two clauses of which one is always tried before the other.
_ONE_IS_BEFORE = frozenset({_Verdict.BEFORE, _Verdict.BEHIND})


def order_clauses(
    clauses: list[Clause],
    host: Host,
    unbound: Collection[int] = (),
    lineages: Lineages = types.MappingProxyType({}),
) -> ClauseOrder:
    """Sort clauses by specificity, if the order is the same for all arguments.

    Clauses with equal specializers are one group, and the order of each two groups is looked at.

    :param unbound: the positions of arguments that are variables without a value.
    :param lineages: the classes of arguments, where they are known.
    """
    groups = _grouped(clauses) if len(clauses) > 1 else [clauses]
    if len(groups) <= 1:
        return ClauseOrder(clauses, [])
    if len(groups) > MAX_GROUPS:
        return ClauseOrder(clauses, [], is_open=True)
    firsts = [group[0] for group in groups]

    @functools.cache
    def compare(one: int, other: int) -> _Verdict:
        return _compare(firsts[one], firsts[other], host, unbound, lineages)

    ordered = _sorted_groups(clauses, groups, compare)
    places = {id(clause): place for place, clause in enumerate(ordered)}
    exclusive: list[tuple[int, int]] = []
    for first, second in itertools.combinations(range(len(groups)), 2):
        one = [places[id(clause)] for clause in groups[first]]
        other = [places[id(clause)] for clause in groups[second]]
        verdict = {compare(first, second), compare(second, first)}
        if _Verdict.BY_CLASS in verdict:
            if len(one) * len(other) + len(exclusive) > MAX_EXCLUSIVE:
                return ClauseOrder(clauses, [], is_open=True)
            exclusive += [(min(pair), max(pair)) for pair in itertools.product(one, other)]
            continue
        before, behind = (one, other) if compare(first, second) is _Verdict.BEFORE else (other, one)
        if verdict == {_Verdict.BEHIND}:
            is_kept = _is_as_loaded(clauses, [*groups[first], *groups[second]], places)
        else:
            is_kept = verdict == _ONE_IS_BEFORE and max(before) < min(behind)
        if not is_kept:
            return ClauseOrder(clauses, [], is_open=True)
    return ClauseOrder(ordered, exclusive)


def _is_as_loaded(clauses: list[Clause], some: list[Clause], places: Mapping[int, int]) -> bool:
    """Tell whether some clauses stand in the order in which they were loaded."""
    chosen = {id(clause) for clause in some}
    found = [places[id(clause)] for clause in clauses if id(clause) in chosen]
    return found == sorted(found)


def _sorted_groups(
    clauses: list[Clause],
    groups: list[list[Clause]],
    compare: Callable[[int, int], _Verdict],
) -> list[Clause]:
    """Sort clauses as the solver does, moving each in front of whole runs of a group."""
    number = {id(clause): at for at, group in enumerate(groups) for clause in group}
    runs: list[tuple[int, list[Clause]]] = []
    for clause in clauses:
        mine = number[id(clause)]
        at = len(runs)
        while at and compare(mine, runs[at - 1][0]) is _Verdict.BEFORE:
            at -= 1
        if at and runs[at - 1][0] == mine:
            runs[at - 1][1].append(clause)
        else:
            runs.insert(at, (mine, [clause]))
    return [clause for _, run in runs for clause in run]


def _grouped(clauses: list[Clause]) -> list[list[Clause]]:
    """Put clauses together whose order does not depend on their specializers."""
    if not clauses:
        return []
    columns = [
        [clause.rule.parameters[at].specializer for clause in clauses]
        for at in range(len(clauses[0].parameters))
    ]
    keys: list[list[t.Any]] = []
    is_last = True
    for column in reversed(columns):
        keys.append([_group_key(specializer, is_last=is_last) for specializer in column])
        is_last = is_last and len(set(keys[-1])) == 1 and _is_bare(column[0])
    groups: dict[tuple[t.Any, ...], list[Clause]] = {}
    for clause, *key in zip(clauses, *keys, strict=True):
        groups.setdefault(tuple(key), []).append(clause)
    return [*groups.values()]


def _is_bare(specializer: Term | None) -> bool:
    return specializer is None or is_class_only(specializer)


def _group_key(specializer: Term | None, *, is_last: bool) -> t.Any:
    """Return a key that is equal for specializers with the same order to all others.

    :param is_last: whether no parameter behind this one decides.
    """
    if specializer is None:
        return None
    if is_union_pattern(specializer):
        return "union"
    if not isinstance(specializer, Pattern):
        return "other" if is_last else id(specializer)
    if is_class_only(specializer):
        return ("class", specializer.tag)
    # Two patterns of one class compare by the number of their fields, unless they are equal.
    if is_last:
        return ("fields", specializer.tag, len(specializer.fields))
    if all(isinstance(value, Value) for _, value in specializer.fields):
        fields = t.cast("list[tuple[str, Value]]", specializer.fields)
        values = tuple((name, type(part.value), part.value) for name, part in fields)
        return ("pattern", specializer.tag, values)
    return id(specializer)


def _compare(
    left: Clause, right: Clause, host: Host, unbound: Collection[int], lineages: Lineages
) -> _Verdict:
    """Tell whether the left clause is tried first if both match."""
    pairs = zip(left.rule.parameters, right.rule.parameters, strict=True)
    for position, (mine, other) in enumerate(pairs):
        verdict = compare_specializers(mine.specializer, other.specializer)
        if verdict is Specificity.BY_CLASS:
            if position in unbound:
                return _Verdict.BEHIND
            patterns = t.cast("tuple[Pattern, Pattern]", (mine.specializer, other.specializer))
            return _compare_classes(*patterns, host, lineages.get(position))
        if verdict is not Specificity.SAME:
            return _Verdict.BEFORE if verdict is Specificity.MORE else _Verdict.BEHIND
    return _Verdict.BEHIND


def _compare_classes(
    left: Pattern, right: Pattern, host: Host, lineage: Lineage | None
) -> _Verdict:
    first, second = (host.classes.get(t.cast(str, each.tag)) for each in (left, right))
    if first is None or second is None or not (is_plain(first) and is_plain(second)):
        return _Verdict.OPEN
    if left.tag == right.tag:
        is_first = has_more_fields(left, right)
    elif lineage is not None:
        known = lineage.classes
        are_both = first in known and second in known
        is_first = are_both and known.index(first) < known.index(second)
    elif has_instance_test(first) or has_instance_test(second):
        # What is registered as a subclass has neither above it.
        return _Verdict.OPEN
    elif issubclass(first, second) or issubclass(second, first):
        is_first = issubclass(first, second) and first is not second
    else:
        return _Verdict.BY_CLASS
    return _Verdict.BEFORE if is_first else _Verdict.BEHIND


def is_class_only(specializer: Term | None) -> t.TypeGuard[Pattern]:
    """Tell whether a specializer is a class, and nothing else."""
    return (
        isinstance(specializer, Pattern) and specializer.tag is not None and not specializer.fields
    )


def has_known_equality(term: t.Any) -> bool:
    """Tell whether a term of a head compares without running code of a class.

    It does for a string, a number, a Boolean, ``nil``, or a constant without an ``__eq__`` of its
    own.
    """
    if isinstance(term, Value):
        return term.value == term.value
    return isinstance(term, Instance) and compares_by_identity(type(term.value))


def is_constant(term: Term) -> bool:
    """Tell whether a term is data without variables that equals itself, and runs no code for it."""
    stack: list[t.Any] = [term]
    while stack:
        part = stack.pop()
        is_compound = isinstance(part, Dictionary) or (isinstance(part, List) and part.rest is None)
        is_value = isinstance(part, Instance) and equals_itself(part.value)
        if not is_compound and not is_value and not has_known_equality(part):
            return False
        stack.extend(parts(part))
    return True


def check_class(pattern: Pattern, host: Host) -> None:
    """Refuse a class that is not registered, or has an instance test of its own."""
    if pattern.tag in RESERVED_NAMES:
        return
    cls = host.classes.get(t.cast(str, pattern.tag))
    if cls is None:
        raise NotCompilable("a class that is not registered", pattern.span)
    if runs_instance_test(cls):
        raise NotCompilable("a class with an instance test of its own", pattern.span)


def has_cut(clause: Clause) -> bool:
    """Tell whether the body of a clause contains a ``cut``."""
    return any(is_operation(goal, Operator.CUT) for goal in goals_in(clause.body))


def measure_height(name: str, rules: Mapping[str, t.Any], found: dict[str, float]) -> float:
    """Return the greatest depth of calls below a rule; infinite if a rule there is recursive.

    :param found: the known heights, to which those of more rules are added.
    """
    if name not in found:
        _measure(name, rules, found)
    return found[name]


def _measure(name: str, rules: Mapping[str, t.Any], found: dict[str, float]) -> None:
    # An explicit stack: a chain of rules may be longer than Python recurses.
    found[name] = math.inf
    stack = [(name, 0.0, iter(_called(name, rules)))]
    while stack:
        name, height, called = stack.pop()
        for other in called:
            if other not in found:
                # A call that finds it before it is measured is recursive.
                found[other] = math.inf
                stack.append((name, height, itertools.chain([other], called)))
                stack.append((other, 0.0, iter(_called(other, rules))))
                break
            height = max(height, found[other] + 1)
        else:
            found[name] = height


def is_recursive(name: str, rules: Mapping[str, t.Any]) -> bool:
    """Tell whether a rule may call itself, directly or through others."""
    seen: set[str] = set()
    waiting = _called(name, rules)
    while waiting:
        other = waiting.pop()
        if other == name:
            return True
        if other not in seen:
            seen.add(other)
            waiting += _called(other, rules)
    return False


def _called(name: str, rules: Mapping[str, t.Any]) -> list[str]:
    return [call.name for rule in rules.get(name, ()) for call in calls_in(rule.body)]
