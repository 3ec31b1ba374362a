"""Rules that several others make superfluous together: ``"read" if "owner"`` beside
``"read" if "editor"`` and ``"editor" if "owner"``.

In go two rules of one name; out come the rules by which one of them, and rules that it calls,
answer whatever the other one does. A call of the general rule counts as answered if the goals of
the special one imply the head and the goals of some rule. The answer is certain for questions whose
arguments are known, and "no" may be wrong.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Collection, Iterator, Sequence

from ...nodes import (
    Call,
    Expression,
    Operator,
    Parameter,
    Pattern,
    Rule,
    Term,
    Value,
    Variable,
)
from ...policy.policy import Policy
from ...policy.resource_blocks import tag_of
from ...traversal import is_operation, walk
from .alternatives import EXISTS, Alternative
from .class_facts import ClassFacts
from .subsumption import Comparison, has_effects

#: How many rules lead from a rule to another one.
_DEEPEST = 4
#: How many alternatives are tried for one rule.
_MOST_TRIED = 600


class Derivations:
    """Derives rules of a policy from others.

    :param alternatives: gives the alternatives of a rule; ``None`` if they are too many.
    :param constants: names that are no variables.
    """

    def __init__(
        self,
        policy: Policy,
        alternatives: t.Callable[[Rule], Sequence[Alternative] | None],
        classes: ClassFacts,
        constants: Collection[str],
    ) -> None:
        self._policy = policy
        self._alternatives = alternatives
        self._classes = classes
        self._constants = constants
        self._cutting = {name for name, rules in policy.rules.items() if any(map(has_cut, rules))}

    def rules_for(self, general: Rule, special: Rule, without: Collection[int]) -> list[Rule]:
        """Give the rules that answer whatever the special one answers; none if there are none.

        :param without: the ids of rules that are not to be used.
        """
        used: dict[int, Rule] = {id(general): general}
        left = [_MOST_TRIED]
        for each in self._alternatives(special) or ():
            goals = (*each.goals, *self._classes_of_arguments(each))
            search = _Search(self, each._replace(goals=goals), without, left)
            if not search.follows(general):
                return []
            used.update(search.used)
        return [*used.values()]

    def rules_of(self, call: Call, without: Collection[int]) -> Iterator[Rule]:
        """Give the rules that may answer a call."""
        if call.kwargs or call.name in self._cutting:
            return
        for rule in self._policy.rules.get(call.name, ()):
            if id(rule) not in without and len(rule.parameters) == len(call.args):
                yield rule

    def comparison(
        self, general: Alternative, special: Alternative, **options: t.Any
    ) -> Comparison:
        """Compare two alternatives."""
        return Comparison(general, special, self._classes, self._constants, **options)

    def alternatives(self, rule: Rule) -> Sequence[Alternative]:
        """Give the alternatives of a rule; none if they are too many."""
        return self._alternatives(rule) or ()

    def _classes_of_arguments(self, alternative: Alternative) -> Iterator[Term]:
        """Give the classes of arguments in calls: those that all rules for the call ask for."""
        known = {
            each.term.name: each.specializer.tag
            for each in alternative.parameters
            if isinstance(each.term, Variable) and isinstance(each.specializer, Pattern)
        }
        for goal in alternative.goals:
            if not isinstance(goal, Call) or goal.name == EXISTS:
                continue
            rules = [
                rule
                for rule in self._policy.rules.get(goal.name, ())
                if self._may_answer(rule, goal, known)
            ]
            for at, arg in enumerate(goal.args):
                if not isinstance(arg, Variable) or arg.name in known:
                    continue
                tags = {tag_of(rule.parameters[at]) for rule in rules}
                tag = tags.pop() if len(tags) == 1 else None
                if tag is not None:
                    yield Expression(Operator.ISA, (arg, Pattern(tag, ())))

    def _may_answer(self, rule: Rule, call: Call, known: dict[str, str | None]) -> bool:
        if len(rule.parameters) != len(call.args):
            return False
        for parameter, arg in zip(rule.parameters, call.args, strict=True):
            is_told = isinstance(parameter.term, Value) and isinstance(arg, Value)
            if is_told and parameter.term != arg:
                return False
            tag = known.get(arg.name) if isinstance(arg, Variable) else None
            mine = tag_of(parameter)
            if tag and mine and self._classes.is_disjoint(tag, mine):
                return False
        return True


class _Search:
    """Searches the rules that answer what the goals of one alternative imply."""

    def __init__(
        self,
        derivations: Derivations,
        special: Alternative,
        without: Collection[int],
        left: list[int],
    ) -> None:
        self._derivations = derivations
        self._special = special
        self._without = without
        #: How many alternatives may still be tried.
        self._left = left
        self.used: dict[int, Rule] = {}

    def follows(self, general: Rule) -> bool:
        """Tell whether the rule answers, by itself or with others."""
        return self._is_answered(general, None, ())

    def _is_answered(
        self, rule: Rule, heads: Sequence[Parameter] | None, calls: tuple[Call, ...]
    ) -> bool:
        for alternative in self._derivations.alternatives(rule):
            self._left[0] -= 1
            if self._left[0] < 0:
                return False
            if has_effects(alternative) or not _fits(
                alternative, heads or self._special.parameters
            ):
                continue
            comparison = self._derivations.comparison(
                alternative,
                self._special,
                heads=heads,
                derive=functools.partial(self._derived, calls),
            )
            if comparison.holds():
                return True
        return False

    def _derived(self, calls: tuple[Call, ...], call: Call) -> bool:
        if len(calls) == _DEEPEST or call in calls:
            return False
        heads = [Parameter(arg, None) for arg in call.args]
        for rule in self._derivations.rules_of(call, self._without):
            if self._is_answered(rule, heads, (*calls, call)):
                self.used[id(rule)] = rule
                return True
        return False


def _fits(alternative: Alternative, heads: Sequence[Parameter]) -> bool:
    """Tell quickly that a head has other values, as most have."""
    return all(
        one.term == other.term
        for one, other in zip(alternative.parameters, heads, strict=True)
        if isinstance(one.term, Value)
    )


def has_cut(rule: Rule) -> bool:
    """Tell whether there is a ``cut`` in a rule."""
    return any(
        is_operation(each, Operator.CUT) for each in walk([] if rule.body is None else [rule.body])
    )
