"""Detects questions about a class where the rules are about its objects.

In go a policy and a denied question; out comes a log message, once for each class and rule. With
oso a class matched its own specializer: ``allow(u, "create", _: Garden)`` held for ``Garden``.
"""

from __future__ import annotations

import functools
import logging
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..nodes import Expression, List, Operator, Rule, Term, Value, Variable
from ..traversal import conjuncts_in, walk

if t.TYPE_CHECKING:
    from ..engine import Engine

_logger = logging.getLogger("flask_oso")
#: The rules whose second argument is an action, and whose third is a resource.
_RULES = ("allow", "has_permission")
_UNION = "Resource"
_EQUALITIES = frozenset({Operator.UNIFY, Operator.EQ, Operator.IN})
#: The most pairs of a class and an action that are remembered: which actions are asked has no end.
_MAX_REMEMBERED = 1000


class ClassResources:
    """The rules of a policy about objects of a class.

    :param classes_of: gives the classes of the variables of a rule.
    """

    def __init__(self, engine: Engine, classes_of: Callable[[Rule], Mapping[str, str]]) -> None:
        self.engine = engine
        rules = [rule for name in _RULES for rule in engine.policy.rules.get(name, ())]
        self._rules = [rule for rule in rules if len(rule.parameters) > 2]
        #: The numbers of the rules about objects of a class, by the identity of the class.
        self._about: dict[int, list[int]] = {}
        # They are held, so that no other class gets the identity of one.
        self._classes: dict[int, type] = {}
        for number, rule in enumerate(self._rules):
            for cls in self._classes_of(rule, classes_of(rule)):
                self._classes[id(cls)] = cls
                self._about.setdefault(id(cls), []).append(number)
        #: The metaclasses of these classes.
        self.kinds = frozenset(map(type, self._classes.values()))
        self._reported: set[tuple[type, Rule]] = set()
        #: What was looked at: an application asks the same questions again and again.
        self._seen: set[tuple[int, str]] = set()

    def forget(self) -> None:
        """Tell each mistake once more."""
        self._reported.clear()
        self._seen.clear()

    def check(self, actor: t.Any, action: t.Any, resource: t.Any) -> None:
        """Log a warning if a denied question is about a class, and rules about its objects."""
        if type(resource) not in self.kinds or type(action) is not str:
            return
        # By identity: a metaclass may have a hash of its own, or none.
        if (id(resource), action) in self._seen:
            return
        if len(self._seen) < _MAX_REMEMBERED and self._keeps(resource):
            self._seen.add((id(resource), action))
        rule = next(self._rules_about(action, resource), None)
        if rule is None or self._has_class_itself(action, resource):
            return
        if (resource, rule) not in self._reported:
            self._reported.add((resource, rule))
            name = resource.__name__
            _logger.warning(
                "The policy was asked whether %s may do %r to the class '%s', and denied it: the"
                " rule '%s' %s is about objects of '%s'. If the class is meant, write '%s' there"
                " without a colon; otherwise ask about an object.",
                *(_shown(actor), action, name, rule.name, _place(rule), name, name),
            )

    def _keeps(self, cls: type) -> bool:
        """Tell whether a class lives as long as the policy: no other one gets its identity."""
        return type(cls).__hash__ is type.__hash__ and self.engine.host.keeps(cls)

    def _rules_about(self, action: str, cls: type) -> Iterator[Rule]:
        numbers = sorted(each for of in cls.__mro__ for each in self._about.get(id(of), ()))
        rules = (self._rules[number] for number in numbers)
        return (rule for rule in rules if is_about_action(rule, action))

    @functools.cached_property
    def _naming(self) -> dict[str, list[Rule]]:
        """The rules in which a variable, or a constant, has a name."""
        found: dict[str, list[Rule]] = {}
        for rule in self._rules:
            for name in {*variables_in(rule)}:
                found.setdefault(name, []).append(rule)
        return found

    def _has_class_itself(self, action: str, cls: type) -> bool:
        """Tell whether the class itself stands in a rule for the action."""
        classes = self.engine.host.classes
        names = [name for name, known in classes.items() if known is cls]
        rules = (rule for name in names for rule in self._naming.get(name, ()))
        return any(is_about_action(rule, action) for rule in rules)

    def _classes_of(self, rule: Rule, named: Mapping[str, str]) -> Iterable[type]:
        term = rule.parameters[2].term
        name = named.get(term.name) if isinstance(term, Variable) else None
        classes = self.engine.host.classes
        names = self.engine.resources if name == _UNION else [name]
        return (classes[each] for each in names if each is not None and each in classes)


def is_about_action(rule: Rule, action: str) -> bool:
    """Tell whether a rule may be about an action."""
    parameter = rule.parameters[1]
    named = [parameter.term, *_compared_with(parameter.term, rule)]
    if parameter.specializer is not None:
        named.append(parameter.specializer)
    return all(not _is_literal(each) or action in _values_of(each) for each in named)


def _compared_with(term: Term, rule: Rule) -> Iterator[Term]:
    """Give what each solution of a rule has a variable equal to, or in."""
    for goal in conjuncts_in(rule.body):
        if isinstance(goal, Expression) and goal.operator in _EQUALITIES:
            left, right = goal.args
            if left == term:
                yield right


def _is_literal(term: Term) -> bool:
    items = term.items if isinstance(term, List) else (term,)
    return all(isinstance(each, Value) for each in items)


def _values_of(term: Term) -> list[t.Any]:
    items = term.items if isinstance(term, List) else (term,)
    return [each.value for each in items if isinstance(each, Value)]


def variables_in(rule: Rule) -> Iterator[str]:
    """Give the names of the variables of a rule, each as often as it stands there."""
    terms = [parameter.term for parameter in rule.parameters]
    roots = terms if rule.body is None else [*terms, rule.body]
    return (term.name for term in walk(roots) if isinstance(term, Variable))


def _shown(actor: t.Any) -> str:
    return "nobody (None)" if actor is None else f"a {type(actor).__name__}"


def _place(rule: Rule) -> str:
    return "of the policy" if rule.span is None else rule.span.place()
