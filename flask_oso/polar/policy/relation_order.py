"""The order of ``has_relation``: of Oso Cloud's policies, and of ours.

Here, as in oso, the related object comes first: ``has_relation(folder, "folder", file)``. In Oso
Cloud it comes last, in rules and in the facts of tests. In go the rules, blocks and tests of a
policy; out come the same in our order. A rule of a policy for ``has_relation`` settles that the
policy is in our order; without one, only tests have relations, and their facts tell it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..host.registry import RESERVED_NAMES
from ..nodes import Block, Call, Rule, Shorthand, Stub, Term, Value, Variable, parts, with_parts
from ..syntax.policy_test_nodes import Assertion, Fact, Fixture, NamedStub, PolicyTest
from ..traversal import fold
from .resource_blocks import DeclarationKind, Declarations

_RELATION = DeclarationKind.RELATION.rule_name
_Test = t.TypeVar("_Test", PolicyTest, Fixture)


class RelationOrder:
    """Tells in which order a policy has the objects of a relation, and puts them into ours.

    :param tests: the tests and fixtures of the policy.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        tests: Sequence[PolicyTest | Fixture],
        declarations: Declarations,
    ) -> None:
        self._declarations = declarations
        # A name that fixtures give an object is known in tests, too.
        self._classes = {
            item.name: item.stub.cls
            for test in tests
            for item in test.setup
            if isinstance(item, NamedStub)
        }
        facts = [fact for test in tests for fact in _facts(test)]
        has_rules = any(_is_relation(each.name, each.parameters) for each in rules)
        self.is_turned = not has_rules and self._are_turned(facts)

    def _are_turned(self, facts: Sequence[Fact]) -> bool:
        """Tell whether some facts have the related object last, and none has it first only."""
        last = [self._fits(fact.args) for fact in facts]
        first = [self._fits(fact.args[::-1]) for fact in facts]
        return any(last) and not any(
            ours and not theirs for ours, theirs in zip(first, last, strict=True)
        )

    def _fits(self, args: Sequence[Term]) -> bool:
        """Tell whether the first object's class declares a relation to the last one's."""
        resource, name, related = args
        if not isinstance(name, Value):
            return False
        known = self._declarations.get(self._class_of(resource), {})
        declared = known.get(name.value) if isinstance(name.value, str) else None
        if declared is None or declared.related is None:
            return False
        return declared.related.text in (self._class_of(related), *RESERVED_NAMES)

    def _class_of(self, term: Term) -> str:
        if isinstance(term, Stub):
            return term.cls
        return self._classes.get(term.name, "") if isinstance(term, Variable) else ""

    # -- into our order --------------------------------------------------------------------

    def tests(self, tests: Iterable[_Test]) -> list[_Test]:
        """Give tests or fixtures with the facts in our order."""
        return [self._test(test) for test in tests]

    def _test(self, test: _Test) -> _Test:
        setup = tuple(self._fact(each) if isinstance(each, Fact) else each for each in test.setup)
        if isinstance(test, PolicyTest):
            test = test.replaced(assertions=tuple(map(self._assertion, test.assertions)))
        return test.replaced(setup=setup)

    def _fact(self, fact: Fact) -> Fact:
        if not _is_relation(fact.name, fact.args):
            return fact
        fits_last_only = self._fits(fact.args) and not self._fits(fact.args[::-1])
        if not self.is_turned and not fits_last_only:
            return fact
        return Fact(fact.name, fact.args[::-1], span=fact.span)

    def _assertion(self, asked: Assertion) -> Assertion:
        if not self.is_turned or not _is_relation(asked.name, asked.args):
            return asked
        return Assertion(
            *(asked.is_true, asked.name, asked.args[::-1], asked.bounds), span=asked.span
        )

    def rules(self, rules: Sequence[Rule]) -> list[Rule]:
        """Give rules with their calls in our order."""
        if not self.is_turned:
            return [*rules]
        return [
            Rule(each.name, each.parameters, each.body and _turned(each.body), span=each.span)
            for each in rules
        ]

    def blocks(self, blocks: Sequence[Block]) -> list[Block]:
        """Give blocks with the calls of conditions in our order."""
        if not self.is_turned:
            return [*blocks]
        return [
            each.replaced(shorthands=tuple(map(_turned_shorthand, each.shorthands)))
            for each in blocks
        ]


def _facts(test: PolicyTest | Fixture) -> Iterator[Fact]:
    for item in test.setup:
        if isinstance(item, Fact) and _is_relation(item.name, item.args):
            yield item


def _is_relation(name: str, args: Sequence[object]) -> bool:
    return name == _RELATION and len(args) == 3


def _turned_shorthand(rule: Shorthand) -> Shorthand:
    if rule.further is None:
        return rule
    return Shorthand(
        *(rule.head, rule.condition, rule.keyword, rule.relation, _turned(rule.further)),
        *(rule.is_of_each_role, rule.span),
    )


def _turned(body: Term) -> Term:
    def look(term: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
        return term, parts(term)

    def make(term: t.Any, new: Sequence[t.Any]) -> t.Any:
        is_turned = isinstance(term, Call) and _is_relation(term.name, term.args)
        return with_parts(term, new[::-1] if is_turned else new)

    return t.cast(Term, fold(body, look, make))
