"""Strings that all rules treat alike are one question of ``authorized_actions``."""

from __future__ import annotations

import random
import typing as t

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.compiler.string_arguments.alike_strings import alike_strings
from flask_oso.polar.compiler.string_arguments.closed_strings import Parameter
from tests.support.answers import program_of
from tests.support.models.people import Doc, User
from tests.support.policies import make_oso
from tests.support.sizes import part_of

TEXTS = ["edit", "list", "read"]


def groups(policy: str) -> list[list[str]]:
    """Give the groups of three actions, for users and documents."""
    program = program_of(make_oso(policy, User, Doc, compiled=True))
    classes = tuple((at, program.lineage(cls)) for at, cls in ((0, User), (2, Doc)))
    return alike_strings(program.select, Parameter("allow", 3, 1, t.cast(t.Any, classes)), TEXTS)


ROLES = """
allow(u, a, d) if may(u, a, d);
may(u, "read", d: Doc) if has(u, "viewer", d);
may(v, "list", e: Doc) if has(v, "viewer", e);
may(u, "edit", d: Doc) if has(u, "editor", d);
has(u: User, role, d: Doc) if role in u.roles(d.owner);
"""
ALIKE = {
    "rules of roles": ROLES,
    "a list": 'allow(u: User, a, d: Doc) if a in ["read", "list", "edit"] and in_list(u, a, d);'
    'in_list(u, a, d) if u.knows(d) and a in ["read", "list"];'
    'in_list(_, "edit", _);',
    "a comparison": 'allow(u: User, a, _: Doc) if a in ["read", "list", "edit"] and a != "edit"'
    " and u.ok;",
    "a text": 'allow(_: User, a: String, _: Doc) if a in ["edit", "list", "read"] and b(a);'
    'b("read"); b("list"); b("edit") if 1 = 2;',
    "recursion": 'allow(u, a, d: Doc) if may(u, a, d); may(u, "read", d) if d.owner = u;'
    'may(u, "list", d) if d.owner = u; may(u, "edit", d) if d.owner = u and d.ok;'
    "may(u, a, d) if may(u, a, d.parent);",
    "lists of a rule": "allow(u: User, a, _: Doc) if of_role(u.role, list) and a in list;"
    'of_role("viewer", ["read", "list"]); of_role("editor", ["edit", "read", "list"]);',
    "a negation": 'allow(u: User, a, _: Doc) if a in ["read", "list", "edit"] and not no(u, a);'
    'no(u, "read") if u.ok; no(u, "list") if u.ok;',
    "rules of other classes": 'allow(u: User, "read", d: Doc) if d.owner = u;'
    'allow(u: User, "list", d: Doc) if d.owner = u; allow(_: Doc, "read", _: Doc);'
    'allow(u: User, "edit", d: Doc) if d.owner = u.lead;',
}
APART = {
    "a method": 'allow(u: User, a, _: Doc) if a in ["read", "list", "edit"] and u.may(a);',
    "a search": 'allow(u: User, a, _: Doc) if a in u.acts and a in ["read", "list", "edit"];',
    "lists of data": "allow(u: User, a, _: Doc) if list = u.acts and a in list"
    ' and known(list); known(["read", "list"]); known(["edit", "list", "read"]);',
    "an entry": "".join(f'allow(u: User, "{a}", d: Doc) if u in d.acts.{a};' for a in TEXTS),
    "the text in the rule": "".join(
        f'allow(u: User, "{a}", _: Doc) if "{a}" in u.acts;' for a in TEXTS
    ),
    "a variable": 'allow(u: User, a, _: Doc) if b = a and b in u.acts and a in ["read", "list"];'
    'allow(_: User, "edit", _);',
    "the same value": 'allow(u: User, a, d: Doc) if same(a, u.name, d) and a in ["edit", "read"];'
    'same(x, x, _); allow(_: User, "list", _);',
    "twice": 'allow(_: User, a, _: Doc) if a in ["edit", "list", "read"] and pair(a, a);'
    'pair("read", "read"); pair("edit", "list"); pair("edit", "read");',
    "other conditions": 'allow(u: User, "read", d: Doc) if u.ok and d.ok;'
    'allow(u: User, "list", d: Doc) if d.ok and u.ok; allow(u: User, "edit", _: Doc) if u.ok;',
    "another order": 'allow(u: User, "read", _: Doc) if u.ok; allow(u: User, "list", _) if u.on;'
    'allow(u: User, "read", _) if u.on; allow(u: User, "list", _: Doc) if u.ok;'
    'allow(_: User, "edit", _);',
    "a number": 'allow(u: User, "read", _: Doc) if u.ok = 1; allow(u: User, "list", _: Doc) if u.ok'
    ' = 1.0; allow(u: User, "edit", _: Doc) if u.ok = true;',
}


@pytest.mark.parametrize("name", ALIKE)
def test_strings_that_rules_treat_alike_are_one_group(name: str) -> None:
    """Whatever the names of variables are, and through rules that are called."""
    assert groups(ALIKE[name]) == [["edit"], ["list", "read"]]


@pytest.mark.parametrize("name", APART)
def test_strings_that_a_rule_may_tell_apart_are_groups_of_their_own(name: str) -> None:
    """What a rule does with the string, besides comparing it, may depend on it."""
    assert groups(APART[name]) == [["edit"], ["list"], ["read"]]


class Member:
    """Who asks, with a method that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def role_in(self, _owner: object) -> str:
        self.calls += 1
        return "editor"


def test_method_is_called_once_for_actions_that_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many actions the policy names."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    oso, names = Oso(), [f"action{number}" for number in range(20)]
    oso.register_class(Member)
    oso.register_class(Doc)
    oso.load_str(
        "".join(
            f'allow(m: Member, "{each}", d: Doc) if m.role_in(d.owner) = "editor";'
            for each in names
        )
    )
    member, doc = Member(), Doc(owner=1)

    for number in range(1, 4):
        assert oso.authorized_actions(member, doc) == {*names}
        assert member.calls == number


GOALS = [
    *("u.ok", "d.ok", "not d.ok", "d.owner = u", "role(u, x) and x = 1", "u.acts.missing"),
    *('"read" in u.acts', '"edit" in u.acts', 'has(u, "viewer", d)', 'has(u, "editor", d)'),
]
RULES = (
    'has(u, "viewer", d) if has(u, "editor", d); has(u, "editor", d) if d.owner = u;'
    "has(_, role, d) if role in d.acts; role(u, 1) if u.ok; role(_, 2);"
)


def policy_of(seed: int) -> str:
    """Make rules for six actions, of which some have the same conditions."""
    chooser = random.Random(seed)
    bodies = [f"u.ok = u.ok and d.ok = d.ok and {chooser.choice(GOALS)}" for _ in range(3)]
    heads = ["u: User", "u", "u: User"], ["d: Doc", "d", "d: Doc"]
    rules = [
        f'may({chooser.choice(heads[0])}, "act{n}", {chooser.choice(heads[1])})'
        f" if {chooser.choice(bodies)};"
        for n in range(6)
        for _ in range(chooser.choice([1, 1, 2]))
    ]
    passed = chooser.choice(
        [
            "allow(u, a, d) if may(u, a, d);",
            'allow(u, a, d) if may(u, a, d) and not denied(a, u); denied("act1", u) if u.ok;'
            'denied("act3", u) if u.ok; denied("act4", u) if not u.ok;',
            'allow(u: User, a, d: Doc) if may(u, a, d) and a in ["act0", "act2", "act5", "other"];',
            'allow(u, a, d) if u.ok and may(u, a, d); allow(_, "act0", d) if d.ok;',
        ]
    )
    return "\n".join([passed, *rules, RULES])


def outcome(oso: Oso, seed: int) -> t.Any:
    chooser = random.Random(seed)
    user = User(ok=chooser.random() < 0.6, acts=chooser.choice([[], ["read"], ["read", "edit"]]))
    doc = Doc(
        ok=chooser.random() < 0.6,
        owner=chooser.choice([user, None]),
        acts=chooser.choice([[], ["viewer"], ["editor", "x"]]),
    )
    try:
        return oso.authorized_actions(user, doc)
    except OsoError as error:
        return type(error)


@pytest.mark.random
def test_actions_of_random_groups_are_those_of_the_solver() -> None:
    """Rules that some actions share, directly and through others."""
    differences, counts = [], {0: 0, 1: 0}
    for number in range(part_of(160)):
        text = policy_of(number)
        oso, solver = (make_oso(text, User, Doc, compiled=each) for each in (True, False))
        for seed in range(8):
            expected = outcome(solver, seed)
            counts[bool(expected)] += 1
            if outcome(oso, seed) != expected:
                differences.append((seed, text))

    assert differences == []
    assert min(counts.values()) > sum(counts.values()) // 10
