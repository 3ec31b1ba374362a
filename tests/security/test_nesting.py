"""Texts and data that are nested deep, in every place of the stack.

Decisions are asked from 850 frames down and from a thread with a stack of 256 KB, where
recursion would end in a ``RecursionError`` or with the process.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import OsoError, ParserError
from tests.support.stacks import far_down, in_small_thread


class Node:
    """An object that is its own attribute, whatever it is made of."""

    def __init__(self, *args: object) -> None:
        self.args = args

    @property
    def a(self) -> Node:
        return self


places = pytest.mark.parametrize("call", [far_down, in_small_thread])


def outcome(policy: str, resource: object) -> bool | type[OsoError]:
    """Give what a policy decides, or the error that it or the decision is refused with."""
    oso = Oso()
    oso.register_class(Node)
    try:
        oso.load_str(policy)
        return oso.is_allowed("user", "read", resource)
    except OsoError as error:
        return type(error)


@functools.cache
def outcome_of_one(policy: str) -> bool | type[OsoError]:
    """Give what a policy decides about 1, called from here."""
    return outcome(policy, 1)


NESTED: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "r = " + "(" * n + "2" + ")" * n,
    "lists": lambda n: "r in " + "[" * n + "2" + "]" * n,
    "dictionaries": lambda n: "r = " + "{a: " * n + "2" + "}" * n,
    "lists of dictionaries": lambda n: "r = " + "[{a: " * n + "2" + "}]" * n,
    "not": lambda n: "not (" * n + "r = 1" + ")" * n,
    "forall": lambda n: "forall(1 = 1, " * n + "r = 2" + ")" * n,
    "patterns": lambda n: "r matches " + "{a: " * n + "2" + "}" * n,
    "constructions": lambda n: "r = " + "new Node(" * n + "1" + ")" * n,
}


@places
@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_nesting_that_is_legitimate(call: t.Any, nested: Callable[[int], str]) -> None:
    """A hundred levels are decided, at once and in a place where nothing has run yet."""
    decided = call(lambda: outcome(f"allow(_, _, r) if {nested(100)};", 1))

    assert decided is (nested is NESTED["not"])


@pytest.mark.each(5, 2)
@places
@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_nesting_of_thousands_is_decided_or_refused(
    call: t.Any, nested: Callable[[int], str]
) -> None:
    """No depth ends the process, or depends on who asks."""
    policy = f"allow(_, _, r) if {nested(3_000)};"

    assert call(lambda: outcome(policy, 1)) == outcome_of_one(policy)


@places
@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_nesting_beyond_the_limit_is_refused(call: t.Any, nested: t.Any) -> None:
    """What is deeper than the limit is no policy."""
    assert call(lambda: outcome(f"allow(_, _, r) if {nested(10_001)};", 1)) is ParserError


@pytest.mark.slow
@places
@pytest.mark.parametrize(
    ("condition", "resource"),
    [
        ("r = " + " + ".join(["1"] * 3_000), 3_000),
        ("r = " + " - ".join(["1"] * 3_000), -2_998),
        (f"r{'.a' * 3_000} = r", Node()),
        (" and ".join(["r = 1"] * 3_000), 1),
        (" or ".join(["r = 2"] * 2_999) + " or r = 1", 1),
    ],
    ids=["+", "-", ".a", "and", "or"],
)
def test_chain_of_thousands_is_decided(call: t.Any, condition: str, resource: object) -> None:
    """Chains of 3,000, three times what Python recurses, are evaluated."""
    assert call(lambda: outcome(f"allow(_, _, r) if {condition};", resource)) is True


@pytest.mark.each(4)
@pytest.mark.slow
@places
@pytest.mark.parametrize("chain", [" + ".join(["1"] * 20_000), "r" + ".a" * 20_000])
def test_chain_of_tens_of_thousands_has_an_outcome(
    monkeypatch: pytest.MonkeyPatch, call: t.Any, chain: str
) -> None:
    """Chains of 20,000 load; it takes more than the goals, or the time, of a question to decide."""
    # With more patience than usual, half of it would go into a function that is given up.
    monkeypatch.delenv("POLAR_TIMEOUT_MS")

    assert call(lambda: outcome(f"allow(_, _, r) if r = {chain};", Node())) is not True


def deep(leaf: object) -> object:
    value = leaf
    for _ in range(3_000):
        value = [{"a": value}]
    return value


@pytest.mark.slow
@places
@pytest.mark.parametrize("leaf", [1, 10**30, "\ud800"])
def test_deep_data_is_compared(call: t.Any, leaf: object) -> None:
    """Deep data that has no Polar value is compared to its bottom."""

    class Body:
        def __init__(self, json: object) -> None:
            self.json = json

    def decide() -> list[bool]:
        oso = Oso()
        oso.load_str("allow(user, _, body) if user.json = body.json;")
        bodies = Body(deep(leaf)), Body(deep("other"))
        return [oso.is_allowed(Body(deep(leaf)), "read", body) for body in bodies]

    assert call(decide) == [True, False]
