"""Detects questions whose actor and resource are swapped.

In go a policy and a denied question; out comes a log message, once for each pair of classes, if
the rules name the actor's class only as a resource and the resource's class only as an actor.
Only the classes of the objects are used.
"""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ..nodes import Rule, Variable

if t.TYPE_CHECKING:
    from ..engine import Engine

_logger = logging.getLogger("flask_oso")
#: The rules whose first argument is an actor, and whose third is a resource.
_RULES = ("allow", "allow_field", "has_permission", "has_role")


class ArgumentOrder:
    """The classes that a policy names as actors only and as resources only.

    :param classes_of: gives the classes of the variables of a rule.
    """

    def __init__(self, engine: Engine, classes_of: Callable[[Rule], Mapping[str, str]]) -> None:
        self.engine = engine
        policy, classes = engine.policy, engine.host.classes
        rules = [rule for name in _RULES for rule in policy.rules.get(name, ())]
        named = [*_named(rules, classes_of)]
        is_actor = [*policy.actors, *(actor for actor, _ in named)]
        is_resource = [each for each in policy.resources if each not in policy.actors]
        actors = _classes(is_actor, classes)
        resources = _classes([*is_resource, *(resource for _, resource in named)], classes)
        #: Classes that are named on one side, without a relative on the other.
        self.actors = frozenset(each for each in actors if not _is_related(each, resources))
        self.resources = frozenset(each for each in resources if not _is_related(each, actors))
        self._reported: set[tuple[type, type]] = set()

    def forget(self) -> None:
        """Tell each mistake once more."""
        self._reported.clear()

    def check(self, actor: t.Any, action: t.Any, resource: t.Any) -> None:
        """Log a warning if the arguments of a denied question are swapped."""
        if type(resource) not in self.actors or type(actor) not in self.resources:
            return
        pair = type(actor), type(resource)
        if pair not in self._reported:
            self._reported.add(pair)
            _logger.warning(
                "The policy was asked whether a %s may do %r to a %s, and denied it: its rules know"
                " a %s as a resource only, and a %s as an actor only. The actor comes first, then"
                " the action, then the resource: 'is_allowed(actor, action, resource)'.",
                *(pair[0].__name__, action, pair[1].__name__, pair[0].__name__, pair[1].__name__),
            )


def _named(
    rules: Iterable[Rule], classes_of: Callable[[Rule], Mapping[str, str]]
) -> Iterable[tuple[str | None, str | None]]:
    """Give the classes that rules require of the first and of the third argument."""
    for rule in rules:
        classes, terms = classes_of(rule), [each.term for each in rule.parameters]
        names = [classes.get(term.name) if isinstance(term, Variable) else None for term in terms]
        yield names[0] if names else None, names[2] if len(names) > 2 else None


def _classes(names: Iterable[str | None], known: Mapping[str, t.Any]) -> frozenset[type]:
    found = (known.get(name) for name in names if name is not None)
    return frozenset(each for each in found if isinstance(each, type))


def _is_related(cls: type, others: Iterable[type]) -> bool:
    return any(each in cls.__mro__ or cls in each.__mro__ for each in others)
