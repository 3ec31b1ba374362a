"""Which clauses of a rule can answer a call, in which order, and what that depends on.

The compiler asks before it runs anything: a call whose arguments are all bound, some of
them literals that are known. Whatever cannot be told then raises ``Unfollowable``, and
the solver answers that call.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import typing as t
from collections.abc import Callable, Mapping

from .clauses import Candidates, Clause, Slot
from .host import RESERVED_NAMES, Host
from .nodes import (
    Call,
    Expression,
    List,
    Operator,
    Parameter,
    Pattern,
    Unknown,
    Value,
)
from .numbers import equal
from .policy import calls_in
from .sources import Span

_NATIVE = (bool, int, float, str, list, dict)
#: Among so many clauses, at most, the order of each two is looked at when they are compiled.
MAX_ORDERED = 400
#: For so many pairs of clauses, at most, a function tests that not both of them match.
MAX_EXCLUSIVE = 1_000


class Unfollowable(Exception):
    """Something that only the solver can do.

    :param reason: what it is, in the words of policies.
    :param span: where it stands.
    """

    def __init__(self, reason: str, span: Span | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span


def is_plain(cls: type) -> bool:
    """Tell whether instances of a class are objects whose attributes can be read as they are.

    No value of Polar's own, and nothing that claims to be an instance without being one.
    """
    has_own_test = type(cls).__instancecheck__ is not type.__instancecheck__
    return (
        not has_own_test
        and not issubclass(cls, _NATIVE)
        and not any(issubclass(native, cls) for native in _NATIVE)
    )


#: What is known of arguments, by their position: a literal, or ``None`` for a string that
#: is none of the literals there.
Known = Mapping[int, Value | None]


def matching(clauses: Candidates, known: Known) -> list[Clause]:
    """Give the clauses that what is known of the arguments does not exclude."""
    args = [known.get(position) or Unknown("_") for position in range(clauses.arity)]
    return [clause for clause in clauses.for_call(args) if not _excludes(clause, known)]


def _excludes(clause: Clause, known: Known) -> bool:
    for position, literal in clause.literals:
        if position not in known:
            continue
        arg = known[position]
        if arg is None or not isinstance(literal, Value) or not equal(literal.value, arg.value):
            return True
    return False


def dispatch_position(clauses: Candidates, known: Known) -> int | None:
    """Give the parameter that has the most different strings; ``None`` if none has two."""
    strings: dict[int, set[str]] = {}
    for clause in clauses:
        for position, literal in clause.literals:
            if position not in known and is_string(literal):
                strings.setdefault(position, set()).add(str(t.cast(Value, literal).value))
    if not strings:
        return None
    position = max(sorted(strings), key=lambda each: len(strings[each]))
    return position if len(strings[position]) > 1 else None


def strings_at(clauses: Candidates, position: int) -> list[str]:
    """Give the strings that clauses have at one of their parameters, in order."""
    return sorted(
        {
            literal.value
            for clause in clauses
            for at, literal in clause.literals
            if at == position and isinstance(literal, Value) and isinstance(literal.value, str)
        }
    )


def is_string(term: t.Any) -> bool:
    """Tell whether a term is the literal of a string."""
    return isinstance(term, Value) and type(term.value) is str


@dataclasses.dataclass(frozen=True)
class Order:
    """Clauses in the order in which they are tried.

    ``exclusive`` has the pairs of numbers whose order would depend on the class of an
    argument that is an instance of both: if both match, the solver has to answer.
    """

    clauses: list[Clause]
    exclusive: list[tuple[int, int]]


def in_order(clauses: list[Clause], host: Host) -> Order:
    """Sort clauses by specificity, the same for all arguments.

    :raises Unfollowable: if the order of two depends on which others match.
    """
    if len({tuple(map(_tag, clause.parameters)) for clause in clauses}) <= 1:
        return Order(clauses, [])
    if len(clauses) > MAX_ORDERED:
        raise Unfollowable("too many rules of one name", clauses[-1].rule.span)
    ordered: list[Clause] = []
    for clause in clauses:
        at = len(ordered)
        while at and _is_more_specific(clause, ordered[at - 1], host):
            at -= 1
        ordered.insert(at, clause)
    places = {id(clause): place for place, clause in enumerate(ordered)}
    exclusive = []
    for number, first in enumerate(clauses):
        for second in clauses[number + 1 :]:
            verdict = _is_more_specific(second, first, host)
            if verdict is None:
                pair = sorted((places[id(first)], places[id(second)]))
                exclusive.append((pair[0], pair[1]))
            elif verdict is not (places[id(second)] < places[id(first)]):
                raise Unfollowable("rules whose order depends on others", second.rule.span)
            if len(exclusive) > MAX_EXCLUSIVE:
                raise Unfollowable("too many rules for classes apart", second.rule.span)
    return Order(ordered, exclusive)


def _is_more_specific(left: Clause, right: Clause, host: Host) -> bool | None:
    """Tell whether the left clause is tried first; ``None`` if that depends on a class."""
    for mine, other in zip(left.parameters, right.parameters, strict=True):
        first, second = _tag(mine), _tag(other)
        if first == second:
            continue
        if first is None or second is None:
            return second is None
        unions = first in RESERVED_NAMES, second in RESERVED_NAMES
        if all(unions):
            continue
        if any(unions):
            return unions[1]
        return _is_subclass(host.classes[first], host.classes[second], mine)
    return False


def _is_subclass(first: type, second: type, parameter: Parameter) -> bool | None:
    if not is_plain(first) or not is_plain(second):
        raise Unfollowable("rules for classes of Polar's own values", parameter.span)
    if issubclass(first, second) or issubclass(second, first):
        return issubclass(first, second) and first is not second
    return None


def _tag(parameter: Parameter) -> str | None:
    specializer = parameter.specializer
    return None if specializer is None else t.cast(Pattern, specializer).tag


def check_head(clause: Clause, host: Host) -> None:
    """Refuse a head that takes a search, or makes host calls, to be matched.

    :raises Unfollowable: for patterns with fields, lists, dictionaries, a variable twice.
    """
    seen: set[int] = set()
    for parameter in clause.parameters:
        term = parameter.term
        if isinstance(term, Slot):
            if term.index in seen:
                raise Unfollowable("a variable that stands in a head twice", parameter.span)
            seen.add(term.index)
        elif not isinstance(term, Value) or type(term.value) is not str:
            raise Unfollowable("a parameter that is neither a name nor a string", parameter.span)
        elif parameter.specializer is not None:
            raise Unfollowable("a literal with a specializer", parameter.span)
        _check_specializer(parameter, host)


def _check_specializer(parameter: Parameter, host: Host) -> None:
    specializer = parameter.specializer
    if specializer is None:
        return
    if not isinstance(specializer, Pattern) or specializer.fields or specializer.tag is None:
        raise Unfollowable("a specializer with fields", parameter.span)
    check_class(specializer, host)


def check_class(pattern: Pattern, host: Host) -> None:
    """Refuse a class whose instances cannot be told by a plain ``isinstance``."""
    if pattern.tag in RESERVED_NAMES:
        return
    cls = host.classes.get(t.cast(str, pattern.tag))
    if cls is None:
        raise Unfollowable("a class that is not registered", pattern.span)
    if type(cls).__instancecheck__ is not type.__instancecheck__:
        raise Unfollowable("a class with an instance test of its own", pattern.span)


def has_cut(clause: Clause) -> bool:
    """Tell whether a ``cut`` stands in the body of a clause."""
    stack: list[t.Any] = [clause.body]
    while stack:
        term = stack.pop()
        if getattr(term, "operator", None) is Operator.CUT:
            return True
        stack.extend(getattr(term, "args", ()) or ())
    return False


def heights(rules: Mapping[str, t.Any]) -> dict[str, float]:
    """Tell how many calls can stand in each other below each rule: infinitely many if one of
    them may call itself.
    """
    found: dict[str, float] = {}
    for name in rules:
        _measure(name, rules, found)
    return found


def _measure(name: str, rules: Mapping[str, t.Any], found: dict[str, float]) -> None:
    if name in found:
        return
    # An explicit stack: a chain of rules may be longer than Python recurses.
    found[name] = math.inf
    stack = [(name, 0.0, iter(_called(name, rules)))]
    while stack:
        name, height, called = stack.pop()
        for other in called:
            if other not in found:
                # Whoever comes back to it before it is measured has gone in a circle.
                found[other] = math.inf
                stack.append((name, height, itertools.chain([other], called)))
                stack.append((other, 0.0, iter(_called(other, rules))))
                break
            height = max(height, found[other] + 1)
        else:
            found[name] = height


def _called(name: str, rules: Mapping[str, t.Any]) -> list[str]:
    return [call.name for rule in rules.get(name, ()) for call in calls_in(rule.body)]


Rules = Callable[[str, int], "Candidates | None"]


def closed_strings(rules: Rules, name: str, arity: int, position: int) -> frozenset[str] | None:
    """Give the strings that a parameter is bound to in any solution; ``None`` if it is open.

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
    """Give the strings that a clause binds a parameter to, or the parameter that binds it."""
    term = clause.parameters[position].term
    if isinstance(term, Value):
        return frozenset({term.value}) if isinstance(term.value, str) else None
    if not isinstance(term, Slot):
        return None
    stack = [clause.body]
    while stack:
        goal = stack.pop()
        if isinstance(goal, Expression) and goal.operator is Operator.AND:
            stack.extend(reversed(goal.args))
        elif isinstance(goal, Expression) and goal.operator is Operator.IN:
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
