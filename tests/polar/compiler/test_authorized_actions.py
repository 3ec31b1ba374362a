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


class Token:
    """Who asks, with scopes."""

    def __init__(self, scopes: list[object]) -> None:
        self.scopes = scopes
        self.parent = None


SCOPED = {
    "called": "allow(u, a, d) if in_scope(u, a) and may(u, a, d); in_scope(u, a) if a in u.scopes;",
    "text": "allow(u, a: String, d) if in_scope(u, a) and may(u, a, d);"
    " in_scope(u, a: String) if a in u.scopes;",
    "inline": "allow(u, a, d) if a in u.scopes and may(u, a, d);",
    "or": 'allow(u, a, d) if in_scope(u, a) and may(u, a, d); in_scope(_, "read");'
    " in_scope(u, a) if a in u.scopes;",
    "passed on": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    " in_scope(u, a) if holds(u, a); holds(u, a) if a in u.scopes;",
    "recursive": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    " in_scope(u, a) if a in u.scopes; in_scope(u, a) if in_scope(u.parent, a);",
    "method": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(u, a) if a in u.scopes and a.startswith("r");',
    "attribute": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(u, a) if a in u.scopes and (a = "read" or u.missing = 1);',
    "unequal": 'allow(u, a, d) if in_scope(u, a) and may(u, a, d); in_scope(_, a) if a != "read";',
    "not": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    ' in_scope(_, a) if not banned(a); banned("read");',
    "cut": "allow(u, a, d) if in_scope(u, a) and may(u, a, d);"
    " in_scope(u, a) if a in u.scopes and cut;",
    "anything": "allow(u, a, d) if in_scope(u, a) and may(u, a, d); in_scope(_, _);",
}
MAY = ' may(_, "read", d) if d.size = 1; may(_, "edit", d) if d.size = 2; may(_, "write", _);'
SCOPES: list[list[object]] = [
    [],
    ["read"],
    ["write", "read", "other"],
    ["other"],
    ["read", 5],
    [None, "write"],
    [["read"], 1.5, "edit"],
]


def actions(policy: str, scopes: list[object], compiled: bool) -> object:
    oso = Oso(compiled=compiled)
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(policy + MAY)
    try:
        return oso.authorized_actions(Token(scopes), Doc())
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("name", SCOPED)
def test_scopes_of_a_token_restrict_what_the_solver_says(name: str) -> None:
    """Actions that are searched for among scopes before are those of the solver."""
    found = [actions(SCOPED[name], scopes, compiled=True) for scopes in SCOPES]

    assert found == [actions(SCOPED[name], scopes, compiled=False) for scopes in SCOPES]


@pytest.mark.parametrize("name", ["called", "text", "inline", "or", "passed on"])
def test_scopes_need_no_query(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each action that a rule behind names is asked for by itself."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso = Oso()
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(SCOPED[name] + MAY)

    assert oso.engine.strings("allow", (Token(["read"]), "", Doc()), 1) is not None


@pytest.mark.parametrize("name", ["method", "attribute", "unequal", "not", "cut"])
def test_an_action_that_is_looked_at_before_needs_a_query(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that does more with the action than search for it may fail for other actions."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso = Oso()
    oso.register_class(Token)
    oso.register_class(Doc)
    oso.load_str(SCOPED[name] + MAY)

    assert oso.engine.strings("allow", (Token(["read"]), "", Doc()), 1) is None
