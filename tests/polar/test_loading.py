"""What a load does with texts that no person would write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flask_oso.oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError


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
