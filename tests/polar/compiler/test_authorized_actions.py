"""``authorized_actions`` by compiled rules raises what it raises by the solver."""

from __future__ import annotations

import pytest

from flask_oso import Oso


class User:
    """Who asks."""

    name = "ana"


class Doc:
    """What is asked about."""

    size = 1

    def fail(self) -> None:
        """Fail."""
        raise ValueError("broken")


POLICIES = [
    'allow(u, "write", d) if d.first = u; allow(u, "read", d) if d.second = u;',
    'allow(_, "write", d) if d.size < "a"; allow(u, "read", d) if d.second = u;',
    'allow(_, "read", d) if d.size = 1; allow(u, "edit", d) if d.second = u;',
    'allow(u, action, d) if action in ["write", "read"] and may(u, action, d);'
    ' may(u, "write", d) if d.first = u; may(u, "read", d) if d.second = u;',
    'allow(_, "write", d) if d.fail(); allow(u, "read", d) if d.second = u;',
    'allow(_, "write", d) if d.size = 1 and d.first; allow(_, "read", d) if d.fail();',
    "allow(u, action, d) if d.second = u and action in [];",
    'allow(_, "write", d) if d.size; allow(_, "read", d) if d.size.x = 1;',
]


def problem(policy: str, compiled: bool) -> tuple[type[BaseException], str]:
    oso = Oso(compiled=compiled)
    oso.load_str(policy)
    with pytest.raises(Exception) as caught:
        oso.authorized_actions(User(), Doc())
    return caught.type, str(caught.value)


@pytest.mark.parametrize("policy", POLICIES)
def test_compiled_rules_raise_what_the_solver_raises(policy: str) -> None:
    """Type, text, place and trace of the error are the same."""
    assert problem(policy, compiled=True) == problem(policy, compiled=False)
