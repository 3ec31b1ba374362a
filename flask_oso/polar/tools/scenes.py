"""What a test of a policy sets up: facts, objects and the time.

In go an engine and a test; out comes another engine, whose policy has the facts of the test beside
its rules, and whose clock stands still if the test says so.
"""

from __future__ import annotations

import datetime
import typing as t
from collections.abc import Iterator, Sequence

from ..engine import Engine
from ..host.registry import Host
from ..nodes import (
    Fact,
    Fixture,
    FrozenClock,
    Instance,
    NamedStub,
    Parameter,
    PolicyTest,
    Rule,
    SetupItem,
    Term,
    UsedFixture,
    Value,
    Variable,
)
from ..policy.policy import Policy
from ..solver.observation import Observer
from ..sources import Source
from ..spelling import nearest
from ..syntax.desugar import rewrite_rule
from ..syntax.parser import PolicyParser
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
            parameters.append(Parameter(term, span=arg.span))
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
