"""Binding analysis: which clauses can match a call, in which order, and which strings it binds.

In go clauses and what is known of the arguments of a call when it is compiled: that they are
bound, and the literals among them. Where that is not enough, ``NotCompilable`` is raised, and the
solver answers the call.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import math
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ..host.awaitables import may_be_awaited
from ..host.numbers import equal_scalars
from ..host.registry import RESERVED_NAMES, Host
from ..nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Parameter,
    Pattern,
    Term,
    Unknown,
    Value,
    parts,
)
from ..policy.policy import calls_in
from ..solver.class_tests import has_instance_test
from ..solver.clause_index import ClauseIndex
from ..solver.clauses import Clause, Slot, Template
from ..solver.rule_order import Specificity, compare_specializers, has_more_fields, sort_by
from ..sources import Span
from ..traversal import conjuncts_in, goals_in, walk

_NATIVE = (bool, int, float, str, list, dict)
#: Among so many clauses, at most, the order of each two is looked at when they are compiled.
MAX_ORDERED = 400
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


def is_plain(cls: type) -> bool:
    """Tell whether instances of a class are ordinary objects, whose attributes Python can read.

    Not a native value of Polar, not a class with its own instance test, and not an awaitable.
    """
    return (
        not has_instance_test(cls)
        and not may_be_awaited(cls)
        and not issubclass(cls, _NATIVE)
        and not any(issubclass(native, cls) for native in _NATIVE)
    )


#: The known arguments by position: a literal, or ``None`` for a string that is none of the literals
#: at this position.
KnownArguments = Mapping[int, Value | None]


def matching_clauses(clauses: ClauseIndex, known: KnownArguments) -> list[Clause]:
    """Return the clauses that the known arguments do not exclude."""
    args = [known.get(position) or Unknown("_") for position in range(clauses.arity)]
    return [clause for clause in clauses.for_call(args) if not _excludes(clause, known)]


def _excludes(clause: Clause, known: KnownArguments) -> bool:
    for position, literal in clause.literals:
        if position not in known:
            continue
        arg = known[position]
        if (
            arg is None
            or not isinstance(literal, Value)
            or not equal_scalars(literal.value, arg.value)
        ):
            return True
    return False


def dispatch_position(clauses: ClauseIndex, known: KnownArguments) -> int | None:
    """Return the parameter with the most different strings; ``None`` if none has two."""
    strings: dict[int, set[str]] = {}
    for clause in clauses:
        for position, literal in clause.literals:
            if position not in known and is_string(literal):
                strings.setdefault(position, set()).add(str(t.cast(Value, literal).value))
    if not strings:
        return None
    position = max(sorted(strings), key=lambda each: len(strings[each]))
    return position if len(strings[position]) > 1 else None


def strings_at(clauses: ClauseIndex, position: int) -> list[str]:
    """Return the strings that clauses have at one of their parameters, sorted."""
    return sorted(
        {
            literal.value
            for clause in clauses
            for at, literal in clause.literals
            if at == position and isinstance(literal, Value) and isinstance(literal.value, str)
        }
    )


def is_string(term: t.Any) -> bool:
    """Tell whether a term is a string literal."""
    return isinstance(term, Value) and type(term.value) is str


@dataclasses.dataclass(frozen=True)
class ClauseOrder:
    """Clauses in the order in which they are tried.

    ``exclusive`` has the pairs of indices whose order depends on the class of an argument that is
    an instance of both classes: if both clauses match, the solver has to answer. With ``is_open``
    the order depends on which clauses match, and on the arguments.
    """

    clauses: list[Clause]
    exclusive: list[tuple[int, int]]
    is_open: bool = False


class _Verdict(enum.Enum):
    """Whether a clause is tried before another one, as far as that is known."""

    BEFORE = enum.auto()
    BEHIND = enum.auto()
    #: It depends on an argument that is an instance of two classes.
    BY_CLASS = enum.auto()
    OPEN = enum.auto()


def order_clauses(clauses: list[Clause], host: Host, unbound: Collection[int] = ()) -> ClauseOrder:
    """Sort clauses by specificity, if the order is the same for all arguments.

    :param unbound: the positions of arguments that are variables without a value.
    """
    if len({tuple(map(_bare_tag, clause.parameters)) for clause in clauses}) <= 1:
        return ClauseOrder(clauses, [])
    if len(clauses) > MAX_ORDERED:
        return ClauseOrder(clauses, [], is_open=True)
    ordered = sort_by(
        clauses, lambda left, right: _compare(left, right, host, unbound) is _Verdict.BEFORE
    )
    places = {id(clause): place for place, clause in enumerate(ordered)}
    exclusive = []
    for first, second in itertools.combinations(clauses, 2):
        verdict = _compare(second, first, host, unbound)
        pair = places[id(first)], places[id(second)]
        if verdict is _Verdict.BY_CLASS:
            exclusive.append((min(pair), max(pair)))
        elif verdict is _Verdict.OPEN or (verdict is _Verdict.BEFORE) is not (pair[1] < pair[0]):
            return ClauseOrder(clauses, [], is_open=True)
        if len(exclusive) > MAX_EXCLUSIVE:
            return ClauseOrder(clauses, [], is_open=True)
    return ClauseOrder(ordered, exclusive)


def _compare(left: Clause, right: Clause, host: Host, unbound: Collection[int]) -> _Verdict:
    """Tell whether the left clause is tried first if both match."""
    pairs = zip(left.rule.parameters, right.rule.parameters, strict=True)
    for position, (mine, other) in enumerate(pairs):
        verdict = compare_specializers(mine.specializer, other.specializer)
        if verdict is Specificity.BY_CLASS:
            patterns = t.cast("tuple[Pattern, Pattern]", (mine.specializer, other.specializer))
            return _compare_classes(*patterns, host, position in unbound)
        if verdict is not Specificity.SAME:
            return _Verdict.BEFORE if verdict is Specificity.MORE else _Verdict.BEHIND
    return _Verdict.BEHIND


def _compare_classes(left: Pattern, right: Pattern, host: Host, is_unbound: bool) -> _Verdict:
    if is_unbound:
        return _Verdict.BEHIND
    first, second = (
        host.classes.get(t.cast(str, left.tag)),
        host.classes.get(t.cast(str, right.tag)),
    )
    if first is None or second is None or not (is_plain(first) and is_plain(second)):
        return _Verdict.OPEN
    if left.tag == right.tag:
        return _Verdict.BEFORE if has_more_fields(left, right) else _Verdict.BEHIND
    if issubclass(first, second) or issubclass(second, first):
        is_narrow = issubclass(first, second) and first is not second
        return _Verdict.BEFORE if is_narrow else _Verdict.BEHIND
    return _Verdict.BY_CLASS


def _bare_tag(parameter: Parameter) -> t.Any:
    """Return the tag of a specializer that is only a class; the specializer itself otherwise."""
    specializer = parameter.specializer
    if specializer is None:
        return None
    if isinstance(specializer, Pattern) and not specializer.fields:
        return specializer.tag
    return specializer


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


def compares_by_identity(cls: type) -> bool:
    """Tell whether instances of a class compare by identity.

    ``None`` has an ``__eq__`` of its own since Python 3.12, which does the same.
    """
    own: t.Any = cls.__eq__
    return own is object.__eq__ or cls is type(None)


def is_constant(term: Term) -> bool:
    """Tell whether a term is data without variables that compares without running code."""
    stack: list[t.Any] = [term]
    while stack:
        part = stack.pop()
        is_compound = isinstance(part, Dictionary) or (isinstance(part, List) and part.rest is None)
        if not is_compound and not has_known_equality(part):
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
    if has_instance_test(cls):
        raise NotCompilable("a class with an instance test of its own", pattern.span)


def has_cut(clause: Clause) -> bool:
    """Tell whether the body of a clause contains a ``cut``."""
    return any(
        isinstance(goal, Expression) and goal.operator is Operator.CUT
        for goal in goals_in(clause.body)
    )


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


Rules = Callable[[str, int], "ClauseIndex | None"]


def is_order_independent(rules: Rules, name: str, arity: int) -> bool:
    """Tell whether a call has the same solutions whichever of its arguments are bound before it.

    It has not if a rule below it has a cut, which may exclude the rule for another value, or reads
    or makes something in Python that depends on the argument.
    """
    seen = {(name, arity)}
    waiting = [*seen]
    while waiting:
        for clause in rules(*waiting.pop()) or ():
            terms = list(_terms_in(clause.body))
            if any(map(_depends_on_order, terms)):
                return False
            calls = {(term.name, len(term.args)) for term in terms if isinstance(term, Call)}
            waiting.extend(calls - seen)
            seen |= calls
    return True


def _depends_on_order(term: Term) -> bool:
    operator = getattr(term, "operator", None)
    if operator is Operator.DOT:
        return isinstance(t.cast(Expression, term).args[1], Slot)
    return operator in (Operator.CUT, Operator.ASSIGN, Operator.NEW)


def _terms_in(body: Term | None) -> Iterator[Term]:
    return walk([] if body is None else [body], _inside)


def _inside(term: Term) -> Sequence[t.Any]:
    return (term.term,) if isinstance(term, Template) else parts(term)


def closed_strings(rules: Rules, name: str, arity: int, position: int) -> frozenset[str] | None:
    """Return the strings that a parameter may be bound to in a solution; ``None`` if it is open.

    A parameter is closed if each clause has a string there, or binds it in its body by a
    list of strings or by a call whose parameter is closed. The set may have strings for
    which there is no solution.
    """
    found: set[str] = set()
    seen = {(name, arity, position)}
    waiting = [*seen]
    while waiting:
        name, arity, position = waiting.pop()
        for clause in rules(name, arity) or ():
            binding = _binding(clause, position)
            if binding is None:
                return None
            if isinstance(binding, frozenset):
                found |= binding
            elif binding not in seen:
                seen.add(binding)
                waiting.append(binding)
    return frozenset(found)


def _binding(clause: Clause, position: int) -> frozenset[str] | tuple[str, int, int] | None:
    """Return the strings that a clause binds a parameter to, or the parameter that binds it."""
    term = clause.parameters[position].term
    if isinstance(term, Value):
        return frozenset({term.value}) if isinstance(term.value, str) else None
    if not isinstance(term, Slot):
        return None
    for goal in conjuncts_in(clause.body):
        if isinstance(goal, Expression) and goal.operator is Operator.IN:
            texts = _texts(goal.args[1])
            if _is_same(goal.args[0], term) and texts is not None:
                return texts
        elif isinstance(called := getattr(goal, "term", goal), Call):
            for at, arg in enumerate(called.args):
                if _is_same(arg, term):
                    return called.name, len(called.args), at
    return None


def _is_same(term: t.Any, variable: Slot) -> bool:
    return isinstance(term, Slot) and term.index == variable.index


def _texts(collection: t.Any) -> frozenset[str] | None:
    if not isinstance(collection, List) or collection.rest is not None:
        return None
    texts = [part.value for part in collection.items if isinstance(part, Value)]
    strings = frozenset(text for text in texts if isinstance(text, str))
    return strings if len(texts) == len(collection.items) == len(strings) else None
