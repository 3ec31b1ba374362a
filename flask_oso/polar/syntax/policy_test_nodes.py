"""The nodes of the tests that stand in a policy; with them, all that a statement may be.

The objects that a test makes up are terms, ``Stub`` in ``nodes.py``: what walks terms knows them.
"""

from __future__ import annotations

from ..nodes import (
    Block,
    DeclaredRule,
    InlineQuery,
    List,
    Parameter,
    RareNode,
    Rule,
    RuleType,
    Stub,
    Term,
)


class Fact(RareNode):
    """``name(data);`` in a test: a rule without conditions, for this test alone."""

    name: str
    args: tuple[Term, ...]


class NamedStub(RareNode):
    """``name: Class{…};`` in a test."""

    name: str
    stub: Stub


class UsedFixture(RareNode):
    """``fixture name;`` in a test."""

    name: str


class FrozenClock(RareNode):
    """``now "2026-01-31T12:00:00";`` in a test."""

    time: str


SetupItem = Fact | NamedStub | UsedFixture | FrozenClock


class Fixture(RareNode):
    """``test fixture name { … }``."""

    name: str
    setup: tuple[SetupItem, ...]


class Assertion(RareNode):
    """``assert name(args);``, ``assert_not …`` or ``assert … iff x in […] and y in […];``.

    An argument is data, or a ``Parameter`` for ``x: Class``. ``bounds`` are the values that each
    variable may have, or ``None`` without ``iff``.
    """

    is_true: bool
    name: str
    args: tuple[Term | Parameter, ...]
    bounds: tuple[tuple[str, List], ...] | None = None


class PolicyTest(RareNode):
    """``test "name" { setup { … } assert …; }``."""

    name: str
    setup: tuple[SetupItem, ...]
    assertions: tuple[Assertion, ...]


Statement = Rule | RuleType | InlineQuery | Block | DeclaredRule | Fixture | PolicyTest
