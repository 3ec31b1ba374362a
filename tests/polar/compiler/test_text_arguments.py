"""Methods of arguments that are texts: actions with a prefix, paths, names of permissions."""

from __future__ import annotations

import re
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of, specialized
from tests.support.policies import make_oso
from tests.support.sizes import combinations_of


class User:
    def __init__(self, name: t.Any, home: t.Any, tags: t.Any, table: t.Any) -> None:
        self.name, self.home, self.tags, self.table = name, home, tags, table


class Doc:
    name = "a"


POLICIES = (
    'allow(u: User, a, _) if a.startswith("doc:") and u.name = "a"; allow(_, "read", _: Doc);',
    "allow(u: User, a, _) if a.startswith(u.home);",
    "allow(u: User, a, _) if u.name.endswith(a);",
    "allow(_: User, a, d) if d.startswith(a);",
    'allow(_: User, "read", p: String) if p.startswith("/api");'
    'allow(u: User, "read", p: String) if p.startswith(u.home);',
    'allow(u: User, a, _) if [k, v] = a.split(":") and k = "doc" and u.name = "a" and v != "w";',
    'allow(u: User, a, _) if x in a.split(":") and x = u.name;',
    'allow(u: User, a, _) if a.lower() = "read" and u.name != 5;',
    'allow(u: User, a, _) if may(u, a); may(u, a) if t in u.tags and t.endswith(a); may(_, "w");',
    "allow(u: User, a, _) if a in u.table.get(a, []);",
    "allow(u: User, a, _) if u.table.get(a) = 1;",
    'allow(_: User, a, _) if not a.startswith("doc:");',
    "allow(u: User, a, _) if a.find(u.name) >= 0;",
    'allow(_: User, a, _) if a.count("o") = 1;',
    "allow(u: User, a, _) if a.count(u.name) > 0;",
    "allow(_: User, a, _) if a.isalpha();",
    "allow(_: User, a, _) if a.keys() = 1;",
    "allow(u: User, a, _) if a.get(u.name) = 1;",
    "allow(_: User, a, _) if a.nothing();",
    'allow(u: User, a, _) if a.replace("doc:", "") = u.name;',
    "allow(u: User, a, _) if forall(t in u.tags, t.startswith(a));",
    'allow(u: User, a, p) if a.startswith("doc") and p.startswith(u.home);',
)
USERS = [
    User("a", "/h", ["doc:read", "x"], {"doc:read": ["a"], "read": 1}),
    User("é", None, ("read",), 5),
    User("read", "/api", [], {}),
]
ACTIONS = ["read", "doc:read", "doc:w", "zzz", "é", "\ud800", "", "READ"]
RESOURCES: list[t.Any] = [Doc(), "/api/x", "/h", "é", 1, None, ["/h"]]


def load(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Doc, compiled=compiled)


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", POLICIES)
def test_answers_are_those_of_the_solver(policy: str) -> None:
    """Answers and errors, for actions that a policy names and for any others."""
    ours, solver = load(policy), load(policy, compiled=False)
    questions = combinations_of(USERS, ACTIONS, RESOURCES)

    expected = [outcome_of(solver, *each) for each in questions]

    assert [outcome_of(ours, *each) for each in questions] == expected
    assert [outcome_of(ours, *each) for each in questions] == expected


@pytest.mark.parametrize("action", ["doc:read", "read", "zzz"])
def test_prefix_of_an_action_is_looked_at_by_a_specialization(action: str) -> None:
    """The policy names one of them, and two it does not."""
    engine = load(POLICIES[0]).engine

    assert specialized(engine, USERS[0], action, Doc()) is (action != "zzz")
    assert specialized(engine, USERS[2], action, Doc()) is (action == "read")


def test_path_is_looked_at_by_a_specialization() -> None:
    """A text as resource has methods, too."""
    engine = load(POLICIES[4]).engine

    assert specialized(engine, USERS[0], "read", "/h/x") is True
    assert specialized(engine, USERS[0], "read", "/x") is False


def unnumbered(outcome: object) -> str:
    """Show an outcome without the numbers of variables."""
    return re.sub(r"__[a-z]+_\d+_\d+", "_", str(outcome))


NUMBERS: list[t.Any] = [1, 7, -3, 2.5, True, 2**62, 10**30, "1", float("nan"), float("inf")]


@pytest.mark.parametrize(
    "goal", ["u.name + n <= 10", "n - u.name > 2", "n * 2 = u.home", "u.name mod 5 < n / 2"]
)
def test_numbers_as_arguments_are_reckoned_with_as_by_the_solver(goal: str) -> None:
    """Answers and errors, for each kind of number."""
    policy = f'allow(u: User, "upload", n) if {goal} and u.home != nil;'
    ours, solver = load(policy), load(policy, compiled=False)
    users = [User(number, 14, [], {}) for number in NUMBERS]
    questions = [(user, "upload", number) for user in users for number in NUMBERS]
    expected = [unnumbered(outcome_of(solver, *each)) for each in questions]

    for _ in range(2):
        assert [unnumbered(outcome_of(ours, *each)) for each in questions] == expected


def test_small_number_as_argument_is_reckoned_with_by_a_specialization() -> None:
    """As a size that has to fit into a quota."""
    engine = load('allow(u: User, "upload", n: Integer) if u.name + n <= u.home;').engine

    assert specialized(engine, User(5, 10, [], {}), "upload", 5) is True
    assert specialized(engine, User(5, 10, [], {}), "upload", 6) is False
    assert specialized(engine, User(5, 10, [], {}), "upload", 2**62) is None
