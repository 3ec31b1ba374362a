"""The nodes of the tests that stand in a policy; with them, all that a statement may be.

The objects that a test makes up are terms, ``Stub`` in ``nodes.py``: what walks terms knows them.
"""

from __future__ import annotations

import typing as t

from ..nodes import (
    Block,
    DeclaredRule,
    InlineQuery,
    List,
    Node,
    Parameter,
    Rule,
    RuleType,
    Stub,
    Term,
)
from ..sources import Span


class Fact(Node):
    """``name(data);`` in a test: a rule without conditions, for this test alone."""

    __slots__ = __match_args__ = ("name", "args")

    def __init__(self, name: str, args: tuple[Term, ...], span: Span | None = None) -> None:
        self.name: t.Final = name
        self.args: t.Final = args
        self.span = span


class NamedStub(Node):
    """``name: Class{…};`` in a test."""

    __slots__ = __match_args__ = ("name", "stub")

    def __init__(self, name: str, stub: Stub, span: Span | None = None) -> None:
        self.name: t.Final = name
        self.stub: t.Final = stub
        self.span = span


class UsedFixture(Node):
    """``fixture name;`` in a test."""

    __slots__ = __match_args__ = ("name",)

    def __init__(self, name: str, span: Span | None = None) -> None:
        self.name: t.Final = name
        self.span = span


class FrozenClock(Node):
    """``now "2026-01-31T12:00:00";`` in a test."""

    __slots__ = __match_args__ = ("time",)

    def __init__(self, time: str, span: Span | None = None) -> None:
        self.time: t.Final = time
        self.span = span


SetupItem = Fact | NamedStub | UsedFixture | FrozenClock


class Fixture(Node):
    """``test fixture name { … }``."""

    __slots__ = __match_args__ = ("name", "setup")

    def __init__(self, name: str, setup: tuple[SetupItem, ...], span: Span | None = None) -> None:
        self.name: t.Final = name
        self.setup: t.Final = setup
        self.span = span


class Assertion(Node):
    """``assert name(args);``, ``assert_not …`` or ``assert … iff x in […] and y in […];``.

    An argument is data, or a ``Parameter`` for ``x: Class``. ``bounds`` are the values that each
    variable may have, or ``None`` without ``iff``.
    """

    __slots__ = __match_args__ = ("is_true", "name", "args", "bounds")

    def __init__(
        self,
        is_true: bool,
        name: str,
        args: tuple[Term | Parameter, ...],
        bounds: tuple[tuple[str, List], ...] | None = None,
        span: Span | None = None,
    ) -> None:
        self.is_true: t.Final = is_true
        self.name: t.Final = name
        self.args: t.Final = args
        self.bounds: t.Final = bounds
        self.span = span


class PolicyTest(Node):
    """``test "name" { setup { … } assert …; }``."""

    __slots__ = __match_args__ = ("name", "setup", "assertions")

    def __init__(
        self,
        name: str,
        setup: tuple[SetupItem, ...],
        assertions: tuple[Assertion, ...],
        span: Span | None = None,
    ) -> None:
        self.name: t.Final = name
        self.setup: t.Final = setup
        self.assertions: t.Final = assertions
        self.span = span


Statement = Rule | RuleType | InlineQuery | Block | DeclaredRule | Fixture | PolicyTest
