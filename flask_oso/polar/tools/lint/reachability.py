"""Which questions no rule can answer with yes, whatever the objects are.

In go the rules of a policy; out come the rules that never apply, and whether a call with known
classes and strings may hold. The answer "no" is certain; a call of a rule within itself counts as
one that may hold.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Collection, Iterator

from ...engine import Engine
from ...nodes import Call, Rule, Term, Value, Variable
from ...traversal import is_text
from .alternatives import Alternative, alternatives_of
from .class_facts import ClassFacts
from .facts import ANYTHING, Contradiction, Facts, Kind

#: The most calls that are looked at.
_MOST = 5_000
#: A rule of this name with this string as its second argument.
Held = tuple[str, str]


class Reason(t.NamedTuple):
    """Why a rule never applies: goals that exclude each other, or a call that never holds."""

    contradiction: Contradiction | None = None
    call: Call | None = None


class Reachability:
    """Answers about the rules of one policy.

    :param assumed: what blocks declare: that nobody has it is a finding of its own.
    """

    def __init__(
        self, engine: Engine, classes: ClassFacts, assumed: Collection[Held] = frozenset()
    ) -> None:
        self._engine = engine
        self._classes = classes
        self._assumed = assumed
        self._alternatives: dict[int, tuple[Alternative, ...] | None] = {}
        self._answers: dict[tuple[str, tuple[Kind, ...]], bool] = {}

    def alternatives(self, rule: Rule) -> tuple[Alternative, ...] | None:
        """Give the alternatives of a rule; ``None`` if they are too many."""
        key = id(rule)
        if key not in self._alternatives:
            self._alternatives[key] = alternatives_of(rule, self._engine.host.constants)
        return self._alternatives[key]

    def why_never(self, rule: Rule) -> Reason | None:
        """Give the reason why a rule never applies; ``None`` if it may."""
        reasons = [self._why_not(each, {}) for each in self.alternatives(rule) or ()]
        return reasons[0] if reasons and all(reasons) else None

    def dead_alternatives(self, rule: Rule) -> list[Reason]:
        """Give why some of the alternatives of a rule never hold."""
        reasons = [self._why_not(each, {}) for each in self.alternatives(rule) or ()]
        return [each for each in reasons if each is not None]

    def may_hold(self, name: str, kinds: tuple[Kind, ...]) -> bool:
        """Tell whether a call may have an answer."""
        key = (name, kinds)
        if key in self._answers or len(self._answers) >= _MOST:
            return self._answers.get(key, True)
        self._answers[key] = True
        self._answers[key] = self._may_hold(name, kinds)
        return self._answers[key]

    def _may_hold(self, name: str, kinds: tuple[Kind, ...]) -> bool:
        policy = self._engine.policy
        rules = policy.rules.get(name)
        if rules is None or name in policy.declared:
            # What is not defined is an error elsewhere; what is declared comes from elsewhere.
            return True
        return any(
            self._may_answer(rule, kinds) for rule in rules if len(rule.parameters) == len(kinds)
        )

    @functools.cached_property
    def _grounded(self) -> frozenset[str]:
        """The names of rules that some rule answers without asking itself.

        ``f(x) if f(x.next);`` alone holds for nothing.
        """
        policy = self._engine.policy
        asked = {name: [*self._asked_by(name)] for name in policy.rules}
        found = {*policy.declared}
        found |= {name for name, _ in self._assumed if name in asked}
        while more := {
            name
            for name, ways in asked.items()
            if name not in found and any(needed <= found for needed in ways)
        }:
            found |= more
        return frozenset(found)

    def _asked_by(self, name: str) -> Iterator[set[str]]:
        """Give the rules that each alternative of the rules of a name needs."""
        for rule in self._engine.policy.rules[name]:
            alternatives = self.alternatives(rule)
            if alternatives is None:
                yield set()
            for alternative in alternatives or ():
                calls = (goal for goal in alternative.goals if isinstance(goal, Call))
                yield {
                    call.name
                    for call in calls
                    if call.name in self._engine.policy.rules and not call.kwargs
                }

    def _may_answer(self, rule: Rule, kinds: tuple[Kind, ...]) -> bool:
        alternatives = self.alternatives(rule)
        if alternatives is None:
            return True
        return any(self._may_apply(each, kinds) for each in alternatives)

    def _may_apply(self, alternative: Alternative, kinds: tuple[Kind, ...]) -> bool:
        given: dict[str, Kind] = {}
        for parameter, kind in zip(alternative.parameters, kinds, strict=True):
            if isinstance(parameter.term, Variable):
                known = given.get(parameter.term.name, ANYTHING)
                given[parameter.term.name] = Kind(known.value or kind.value, known.tags | kind.tags)
            elif isinstance(parameter.term, Value) and not self._fits(parameter.term, kind):
                return False
        return self._why_not(alternative, given) is None

    def _fits(self, value: Value, kind: Kind) -> bool:
        if kind.value is not None:
            return kind.value == value or type(kind.value.value) is not type(value.value)
        return not any(self._classes.excludes(tag, value) for tag in kind.tags)

    def _why_not(self, alternative: Alternative, given: dict[str, Kind]) -> Reason | None:
        facts = Facts(alternative, self._classes, given)
        contradiction = facts.contradiction()
        if contradiction is not None:
            return Reason(contradiction)
        for goal in alternative.goals:
            if isinstance(goal, Call) and not self._may_be_true(goal, facts):
                return Reason(call=goal)
        return None

    def _may_be_true(self, call: Call, facts: Facts) -> bool:
        if call.kwargs or _held(call) in self._assumed:
            return True
        if call.name not in self._engine.policy.rules:
            return True
        return call.name in self._grounded and self.may_hold(
            call.name, tuple(facts.kind(arg) for arg in call.args)
        )


def _held(call: Call) -> Held | None:
    name: Term | None = call.args[1] if len(call.args) > 1 else None
    return (call.name, str(name.value)) if is_text(name) else None
