"""What a test of a policy sets up: facts, objects and the time.

In go an engine and a test; out comes another engine, whose policy has the facts of the test beside
its rules, and whose clock stands still if the test says so.
"""

from __future__ import annotations

import datetime
import typing as t
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..engine import Engine
from ..host.registry import Host
from ..nodes import Block, Instance, Parameter, PlacedParameter, Rule, Term, Value, Variable
from ..policy.policy import Policy
from ..policy.resource_blocks import KIND_OF_RULE, KINDS_OF_DECLARATIONS, DeclarationKind
from ..printer import to_polar
from ..solver.observation import Observer
from ..sources import Source
from ..spelling import nearest
from ..syntax.desugar import rewrite_rule
from ..syntax.parser import PolicyParser
from ..syntax.policy_test_nodes import (
    Fact,
    Fixture,
    FrozenClock,
    NamedStub,
    PolicyTest,
    SetupItem,
    UsedFixture,
)
from .stubs import MistakenPolicyTestError, Stubs

#: The rule that a policy of Oso Cloud need not write.
IMPLIED_ALLOW = "allow(actor, action, resource) if has_permission(actor, action, resource);"
#: The rules that the application asks, besides those that rules call.
_ASKED = ("allow", "allow_field", "allow_request", "denial_reason")


class Scene:
    """What a test has set up.

    ``engine`` has the policy with the facts of the test, ``host`` its names, ``stubs`` the objects.

    :param observers: hear of the runs of the engine.
    :raises MistakenPolicyTestError: the test names something that does not exist.
    """

    def __init__(self, engine: Engine, test: PolicyTest, observers: Sequence[Observer]) -> None:
        self._policy = engine.policy
        self.stubs = Stubs(engine.host)
        self.host = engine.host
        items = [*_with_fixtures(test.setup, engine.policy.fixtures)]
        # A name stands for its object in all of the test, whatever the order.
        for item in items:
            if isinstance(item, NamedStub):
                self.stubs.add_named(item)
        facts: dict[str, list[Rule]] = {}
        for item in items:
            if isinstance(item, Fact):
                self._check_asked(item.name, len(item.args))
                self.check_names(item.name, item.args)
                facts.setdefault(item.name, []).append(self._rule(item))
            elif isinstance(item, FrozenClock):
                self.host = _with_clock(self.host, item)
        rules = {**engine.policy.rules}
        implied = implied_allow(engine.policy)
        if implied is not None:
            rules[implied.name] = (implied,)
        for name, group in facts.items():
            # In front, where no cut of a rule hides them.
            rules[name] = (*group, *rules.get(name, ()))
        policy = engine.policy.replaced(rules=rules)
        self.engine = Engine(policy, self.host, engine.limits, compiled=False, observers=observers)

    def _rule(self, fact: Fact) -> Rule:
        parameters = []
        for arg in fact.args:
            if isinstance(arg, Value):
                term: Term = arg
            else:
                # A constant that no policy can name.
                name = f"{len(self.host.constants)} of a test"
                self.host = self.host.with_constant(self.stubs.value(arg), name)
                term = Variable(name, span=arg.span)
            parameters.append(PlacedParameter(term, None, arg.span))
        return Rule(fact.name, tuple(parameters), None, fact.span)

    def _check_asked(self, name: str, count: int) -> None:
        """Refuse a fact that nothing asks for: most likely its name is misspelt."""
        counts: dict[str, set[int]] = {each: set() for each in _ASKED}
        for call in self._policy.calls:
            counts.setdefault(call.name, set()).add(len(call.args))
        if name in _ASKED or count in counts.get(name, ()):
            return
        if name in counts:
            raise MistakenPolicyTestError(
                f"No rule asks for `{name}` with {count} values. Give the fact"
                f" {' or '.join(map(str, sorted(counts[name])))}."
            )
        near = nearest(name, counts)
        meant = f" Did you mean `{near}`?" if near else ""
        raise MistakenPolicyTestError(
            f"No rule asks for `{name}`, so its facts tell nothing.{meant}"
        )

    # -- names of roles, permissions and relations -----------------------------------------

    def check_names(self, rule: str, args: Sequence[Term | Parameter]) -> None:
        """Refuse a role, a permission or a relation that no block of the class declares.

        A fact of it tells nothing, and that it is not there proves nothing.

        :raises MistakenPolicyTestError: neither a block nor a rule has the name.
        """
        kind = KIND_OF_RULE.get(rule)
        name = args[1] if len(args) in (2, 3) else None
        if kind is None or not isinstance(name, Value) or not isinstance(name.value, str):
            return
        declared = self._declared(kind, args)
        if not declared or name.value in declared or name in self._named_by(rule):
            return
        near = nearest(name.value, sorted(declared))
        meant = f" Did you mean `{near}`?" if near else ""
        raise MistakenPolicyTestError(
            f"No block declares the {kind.value} {to_polar(name)} for it, so it tells"
            f" nothing.{meant}"
        )

    def _declared(self, kind: DeclarationKind, args: Sequence[Term | Parameter]) -> set[str]:
        """Give what blocks declare for the objects of a fact; for two arguments, everywhere."""
        if len(args) == 2:
            return {*self._declared_by(kind, self._policy.everywhere)}
        # Oso Cloud has the objects of a relation the other way round.
        ends = args[::2] if kind is DeclarationKind.RELATION else args[2:]
        found: set[str] = set()
        for end in ends:
            if not isinstance(end, Parameter):
                blocks = self._blocks_of(type(self.stubs.value(end)))
                found.update(self._declared_by(kind, blocks))
        return found

    def _blocks_of(self, cls: type) -> list[Block]:
        """Give the blocks of a class and its bases, with those that they extend."""
        classes = self.host.classes
        names = {each for each in self._policy.resources if classes.get(each) in cls.__mro__}
        blocks: list[Block] = []
        waiting = [each for each in self._policy.blocks if each.resource.text in names]
        while waiting:
            block = waiting.pop()
            blocks.append(block)
            waiting += [
                each
                for each in self._policy.blocks
                if block.parent is not None
                and each.resource.text == block.parent.text
                and each not in blocks
            ]
        return blocks

    def _declared_by(self, kind: DeclarationKind, blocks: Iterable[Block]) -> Iterator[str]:
        for declaration in (each for block in blocks for each in block.declarations):
            if KINDS_OF_DECLARATIONS[declaration.name.text] is kind:
                yield from (each.text for each in declaration.strings)
                yield from (key.text for key, _ in declaration.pairs)

    def _named_by(self, rule: str) -> list[Term]:
        """Give what rules have in the place of a name, in their heads and where they ask."""
        heads = [each.parameters for each in self._policy.rules.get(rule, ())]
        given = [head[1].term for head in heads if len(head) > 1]
        asked = [call.args[1] for call in self._policy.calls if call.name == rule and call.args[1:]]
        return [*given, *asked]


def implied_allow(policy: Policy) -> Rule | None:
    """Give the rule for ``allow`` that tests run with if the policy has none, but permissions."""
    if policy.rules.get("allow") or not policy.rules.get("has_permission"):
        return None
    (rule,) = PolicyParser(Source(IMPLIED_ALLOW)).statements()
    return rewrite_rule(t.cast(Rule, rule))


# -- setups ----------------------------------------------------------------------------


def _with_fixtures(
    setup: Sequence[SetupItem], fixtures: Sequence[Fixture], inside: tuple[str, ...] = ()
) -> Iterator[SetupItem]:
    """Give the items of a setup with those of the fixtures that it names, each fixture once."""
    known = {fixture.name: fixture for fixture in fixtures}
    counts = Counter(fixture.name for fixture in fixtures)
    for item in setup:
        if not isinstance(item, UsedFixture):
            yield item
            continue
        if item.name in inside:
            raise MistakenPolicyTestError(f"The fixture `{item.name}` uses itself.")
        if item.name not in known:
            near = nearest(item.name, known)
            meant = f" Did you mean `{near}`?" if near else ""
            raise MistakenPolicyTestError(
                f"There is no fixture `{item.name}`.{meant}"
                f" Write `test fixture {item.name} {{ … }}`."
            )
        if counts[item.name] > 1:
            raise MistakenPolicyTestError(
                f"There are {counts[item.name]} fixtures `{item.name}`. Give each its own name."
            )
        yield from _with_fixtures(known[item.name].setup, fixtures, (*inside, item.name))


def _with_clock(host: Host, item: FrozenClock) -> Host:
    """Give a host whose ``Datetime.now()`` is one moment."""
    try:
        moment = datetime.datetime.fromisoformat(item.time)
    except ValueError:
        raise MistakenPolicyTestError(
            f'"{item.time}" is no time. Write `now "2026-01-31T12:00:00+00:00";`'
        ) from None
    constants = {**host.constants, "Datetime": Instance(_frozen_datetime(moment))}
    return host.replaced(constants=constants)


def _frozen_datetime(moment: datetime.datetime) -> type:
    local = moment.astimezone().replace(tzinfo=None) if moment.tzinfo else moment

    class Datetime(datetime.datetime):
        """The class of times, for which it is always now."""

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> t.Any:
            """Give the moment of the test."""
            return local if tz is None else moment.astimezone(tz)

        @classmethod
        def utcnow(cls) -> t.Any:
            """Give the moment of the test, as UTC without a zone."""
            return moment.astimezone(datetime.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> t.Any:
            """Give the moment of the test."""
            return local

    return Datetime
