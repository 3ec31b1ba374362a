"""A loaded policy: desugared rules and rule types by name, and its blocks.

``load_policy`` in ``loader.py`` makes it. It is immutable: a reload makes a new one.
"""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from functools import cached_property

from ..nodes import (
    Block,
    Call,
    Expression,
    InlineQuery,
    List,
    Operator,
    Rule,
    RuleType,
    Term,
    Value,
    Variable,
    is_variable,
)
from ..sources import Source
from ..syntax.policy_test_nodes import Fixture, PolicyTest
from ..traversal import Computation, conjuncts_in, goals_in, is_operation, trampoline
from ..value_objects import Record

#: How many goals are searched for the strings that a parameter can be.
MAX_GOALS_SEARCHED = 10_000

_EQUALITIES = (Operator.UNIFY, Operator.EQ, Operator.ASSIGN)
_N = t.TypeVar("_N", Rule, RuleType)
#: Strings, or ``None`` if they cannot be determined.
_Found = frozenset[str] | None


class Policy(Record, eq=False):
    """The result of one or more loads. ``Policy()`` is the empty policy.

    :param rules: desugared rules by name; written rules in source order, then those expanded
        from blocks.
    :param types: rule types by name, written ones first; the built-in ones are not included.
    :param actors: the classes that have an actor block, in source order.
    :param resources: the classes that have a block, in source order.
    :param everywhere: the blocks ``global { … }``.
    :param declared: the names of rules that may have no rules; these are in ``rules``, too.
    :param tests: the tests, which never run by themselves, and their fixtures.
    :param inline_queries: the inline queries that have not run yet.
    :param sources: the texts it was loaded from.
    :param written_types: the written rule types.
    """

    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=lambda: by_name(()))
    types: Mapping[str, tuple[RuleType, ...]] = field(default_factory=lambda: by_name(()))
    actors: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    everywhere: tuple[Block, ...] = ()
    declared: tuple[str, ...] = ()
    tests: tuple[PolicyTest, ...] = ()
    fixtures: tuple[Fixture, ...] = ()
    inline_queries: tuple[InlineQuery, ...] = ()
    sources: tuple[Source, ...] = ()
    written_types: tuple[RuleType, ...] = ()

    @property
    def has_rules(self) -> bool:
        """Whether there are rules: then nothing more can be loaded."""
        return bool(self.rules)

    @cached_property
    def has_debug(self) -> bool:
        """Whether a rule calls ``debug()``."""
        return any(has_debug(rule.body) for group in self.rules.values() for rule in group)

    @cached_property
    def digest(self) -> str | None:
        """A hash of the texts in order, the same in every process; ``None`` if there are none."""
        # Imported late, since few processes need it.
        import hashlib

        if not self.sources:
            return None
        total = hashlib.sha256()
        for source in self.sources:
            text = source.text.encode(errors="surrogatepass")
            # With its length, so that different splits of a text have different hashes.
            total.update(b"%d:" % len(text) + text)
        return total.hexdigest()

    def known_actions(self) -> frozenset[str] | None:
        """Give the strings that the action of an ``allow`` rule can be.

        ``None`` if they cannot be determined: there is no ``allow`` rule, or one leaves its
        action unbound or gets it from Python.
        """
        return self._known_actions

    # Each list asks, to tell of an action that no rule allows.
    @cached_property
    def _known_actions(self) -> frozenset[str] | None:
        if "allow" not in self.rules:
            return None
        return trampoline(_Strings(self).of_parameter("allow", 3, 1))

    def written_actions(self) -> set[str]:
        """Give the strings that stand in the place of the action in the heads of rules."""
        rules = (rule for name in ("allow", "has_permission") for rule in self.rules.get(name, ()))
        terms = (rule.parameters[1].term for rule in rules if len(rule.parameters) == 3)
        values = (term.value for term in terms if isinstance(term, Value))
        return {value for value in values if isinstance(value, str)}

    @property
    def rule_count(self) -> int:
        """How many rules there are."""
        if isinstance(self.rules, LazyRules):
            return sum(self.rules.sizes.values())
        return sum(map(len, self.rules.values()))

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """The rule calls in the bodies of all rules, in the order of the sources."""
        rules = self.rules_in_source_order()
        return tuple(call for rule in rules for call in calls_in(rule.body))

    def rules_in_source_order(self) -> list[Rule]:
        """Give all rules in source order; rules without a span come last."""
        numbers = {id(source): number for number, source in enumerate(self.sources)}
        last = (len(numbers), 0)

        def place(rule: Rule) -> tuple[int, int]:
            if rule.span is None or id(rule.span.source) not in numbers:
                return last
            return numbers[id(rule.span.source)], rule.span.start

        return sorted((rule for group in self.rules.values() for rule in group), key=place)


class LoadResult(Record):
    """A policy with the warnings of its load."""

    policy: Policy
    warnings: tuple[str, ...]


class LazyRules(Mapping[str, tuple[Rule, ...]]):
    """Rules by name, each group made on first use.

    :param sizes: the number of rules of each name.
    :param make: makes the rules of a name.
    """

    def __init__(self, sizes: Mapping[str, int], make: Callable[[str], tuple[Rule, ...]]) -> None:
        self.sizes = sizes
        self._make = make
        self._made: dict[str, tuple[Rule, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Rule, ...]:
        if name not in self.sizes:
            raise KeyError(name)
        group = self._made.get(name)
        # If two threads make a group, both get the first one.
        return self._made.setdefault(name, self._make(name)) if group is None else group

    def __contains__(self, name: object) -> bool:
        return name in self.sizes

    def __iter__(self) -> Iterator[str]:
        return iter(self.sizes)

    def __len__(self) -> int:
        return len(self.sizes)


def by_name(nodes: Iterable[_N]) -> Mapping[str, tuple[_N, ...]]:
    """Group rules or rule types by name, in order."""
    groups: dict[str, list[_N]] = {}
    for node in nodes:
        groups.setdefault(node.name, []).append(node)
    return types.MappingProxyType({name: tuple(group) for name, group in groups.items()})


def calls_in(body: Term | None) -> Iterator[Call]:
    """Give the rule calls of a body in order, also those inside ``not`` and ``or``."""
    return (goal for goal in goals_in(body) if type(goal) is Call)


def has_debug(body: Term | None) -> bool:
    """Tell whether a body calls ``debug()`` anywhere."""
    return any(is_operation(goal, Operator.DEBUG) for goal in goals_in(body))


class _Strings:
    """Finds the strings that a parameter can be, by a static analysis of the rules.

    Methods that return a ``Computation`` are run by ``trampoline``.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._under_way: set[tuple[str, int, int]] = set()
        self._left = MAX_GOALS_SEARCHED

    def of_parameter(self, name: str, arity: int, index: int) -> Computation[_Found]:
        """Give the strings that one parameter of a rule can be, or ``None``."""
        key = (name, arity, index)
        if key in self._under_way:
            # A recursive call adds no strings to those of the other rules.
            return frozenset()
        self._under_way.add(key)
        found = yield from self._of_parameter(*key)
        self._under_way.discard(key)
        return found

    def _of_parameter(self, name: str, arity: int, index: int) -> Computation[_Found]:
        if (name, arity, index) == ("role_allows", 3, 1):
            return self._configured_actions()
        if (name, arity, index) == ("has_permission", 3, 1):
            return (yield from self._permissions())
        return (yield from _union_of(self._of_rules(name, arity, index)))

    def _of_rules(self, name: str, arity: int, index: int) -> Iterator[Computation[_Found]]:
        for rule in self._policy.rules.get(name, ()):
            if len(rule.parameters) == arity:
                yield self._of_rule(rule, index)

    def _permissions(self) -> Computation[_Found]:
        """Give the declared permissions, and those of written ``has_permission`` rules."""
        blocks = self._policy.blocks
        declared = frozenset(each.text for block in blocks for each in block.names("permissions"))
        written = self._of_rules("has_permission", 3, 1)
        if not declared:
            return (yield from _union_of(written))
        for steps in written:
            # A rule for any permission means any declared one.
            found: _Found = yield steps
            declared |= found or frozenset()
        return declared

    def _configured_actions(self) -> _Found:
        """Give the actions of the ``resource/4`` rules of the roles of oso 0.15."""
        return _union(
            self._of_list(rule.parameters[2].term, rule.body)
            for rule in self._policy.rules.get("resource", ())
            if len(rule.parameters) == 4
        )

    def _of_list(self, term: Term, body: Term | None) -> _Found:
        if isinstance(term, Variable):
            term = next(_unified_with(term.name, body), term)
        return _listed(term)

    def _of_rule(self, rule: Rule, index: int) -> Computation[_Found]:
        parameter = rule.parameters[index]
        if not isinstance(parameter.term, Variable):
            return _literal(parameter.term)
        if isinstance(parameter.specializer, Value):
            return _literal(parameter.specializer)
        return (yield from self._of_variable(parameter.term.name, rule.body))

    def _of_variable(self, name: str, goal: Term | None) -> Computation[_Found]:
        """Give the strings that a goal allows for a variable."""
        self._left -= 1
        if self._left < 0:
            return None
        if isinstance(goal, Call):
            return (yield from self._of_argument(name, goal))
        if _never_holds(goal):
            # Such a rule denies, behind a cut, and allows no action.
            return frozenset()
        if not isinstance(goal, Expression):
            return None
        if goal.operator is Operator.AND:
            return (yield from self._of_conjunction(name, goal))
        if goal.operator is Operator.OR:
            return (yield from _union_of(self._of_variable(name, part) for part in goal.args))
        if goal.operator is Operator.IN and is_variable(goal.args[0], name):
            return _listed(goal.args[1])
        other = next(_unified_with(name, goal), None)
        return None if other is None else _literal(other)

    def _of_conjunction(self, name: str, goal: Expression) -> Computation[_Found]:
        for part in goal.args:
            found: _Found = yield self._of_variable(name, part)
            if found is not None:
                return found
        return None

    def _of_argument(self, name: str, call: Call) -> Computation[_Found]:
        for index, arg in enumerate(call.args):
            if is_variable(arg, name):
                found: _Found = yield self.of_parameter(call.name, len(call.args), index)
                return found
        return None


def _union_of(parts: Iterable[Computation[_Found]]) -> Computation[_Found]:
    strings: set[str] = set()
    for steps in parts:
        found: _Found = yield steps
        if found is None:
            return None
        strings |= found
    return frozenset(strings)


def _never_holds(goal: Term | None) -> bool:
    """Tell whether a goal is ``false``, or compares two different texts or whole numbers."""
    if isinstance(goal, Value):
        return goal.value is False
    if not is_operation(goal, Operator.UNIFY):
        return False
    left, right = (each.value if isinstance(each, Value) else None for each in goal.args)
    return type(left) is type(right) and type(left) in (int, str) and left != right


def _unified_with(name: str, goal: Term | None) -> Iterator[Term]:
    """Give the terms that a goal unifies or compares a variable with."""
    for part in conjuncts_in(goal):
        if not isinstance(part, Expression) or part.operator not in _EQUALITIES:
            continue
        left, right = part.args
        if is_variable(left, name):
            yield right
        elif is_variable(right, name):
            yield left


def _literal(term: Term) -> _Found:
    """Give the string of a literal; no string for another literal; ``None`` for other terms."""
    if isinstance(term, Value):
        return frozenset([term.value] if isinstance(term.value, str) else [])
    return None


def _listed(term: Term) -> _Found:
    if not isinstance(term, List) or term.rest is not None:
        return None
    return _union(_literal(item) for item in term.items)


def _union(parts: Iterable[_Found]) -> _Found:
    strings: set[str] = set()
    for part in parts:
        if part is None:
            return None
        strings |= part
    return frozenset(strings)
