"""What a load does with texts that no person would write."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError, ValidationError
from flask_oso.polar.policy.loader import load_policy
from flask_oso.polar.sources import Source
from tests.support.policies import make_host


class Registrar:
    """Changes an Oso from a policy."""

    def __init__(self, change: Callable[[], None]) -> None:
        self.change = change

    def go(self) -> bool:
        self.change()
        return True


def test_inline_query_may_register() -> None:
    """What a host method registers while a policy loads is not lost."""
    oso = Oso()
    oso.register_constant(Registrar(lambda: oso.register_constant(5, "five")), "registrar")

    oso.load_str("f(1); ?= registrar.go();")

    assert list(oso.query("x = five")) == [{"bindings": {"x": 5}, "trace": None}]


@pytest.mark.parametrize("change", ["clear_rules", "enable_roles", "load_str"])
def test_inline_query_may_not_change_the_policy(change: str) -> None:
    """A policy that changes while it is checked would be half in force: the load fails."""
    oso = Oso()
    method = getattr(oso, change)
    arguments = ["g(1);"] if change == "load_str" else []
    oso.register_constant(Registrar(lambda: method(*arguments)), "registrar")

    with pytest.raises(PolarRuntimeError, match="Cannot change the policy while its inline"):
        oso.load_str("f(1); ?= registrar.go();")

    oso.load_str("f(2);")
    assert oso.query_rule_once("f", 2)


def calls_to_load(blocks: int) -> int:
    """Count the calls of Python functions that it takes to load a policy of so many blocks."""
    names = ["User", *(f"Page{number}" for number in range(blocks))]
    host = make_host(*(type(name, (), {}) for name in names))
    source = Source(
        "actor User {} allow(a, b, c) if has_permission(a, b, c);"
        + "".join(map(_BLOCK.format, range(blocks)))
    )
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        load_policy([source], host)
    finally:
        sys.setprofile(None)
    return calls


_BLOCK = """
resource Page{0} {{
  permissions = ["read"]; roles = ["member"]; relations = {{ parent: User }};
  "read" if "member";
}}
has_role(_: User, "member", _: Page{0});
has_relation(_: User, "parent", _: Page{0});
"""


def test_load_takes_as_long_as_the_policy_is() -> None:
    """Blocks cost the same however many others there are."""
    assert calls_to_load(120) < 5 * calls_to_load(30)


def test_message_of_very_many_problems_says_how_many_more_there_are() -> None:
    """A generator makes one mistake in each of its rules: the first places are enough."""
    text = "\n".join(f'allow(user, "act{number}", _);' for number in range(1_250))

    with pytest.raises(ValidationError) as caught:
        Oso().load_str(text)

    message = str(caught.value)
    assert message.count("Singleton variable user") == 100
    assert "at line 100, column 7:" in message
    assert message.endswith("\n\nAnd 1,150 more: the 'problems' of this error are all of them.\n")
    assert len(caught.value.problems) == 1_250
    assert "at line 1250, column 7:" in str(caught.value.problems[-1])
