"""Calls that bind a variable to what a head has, such as facts that are a table."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import specialized


class User:
    """Who asks."""

    def __init__(self, role: t.Any, boss: t.Any = None) -> None:
        self.role, self.boss = role, boss


class Doc:
    """What is asked about."""

    def __init__(self, owner: t.Any, kind: t.Any) -> None:
        self.owner, self.kind = owner, kind


TABLES = """
grants("admin", "write"); grants("admin", "read"); grants("guest", "read"); grants(1, "count");
implies(role, role); implies("admin", "guest");
same(x, x); both(x: User, x: Actor) if x.role = "admin"; flag("on", true); level("high", 3);
rank("admin", 3); rank("guest", 1); rank("high", 2);
actor User {}
"""
CONDITIONS = [
    "grants(role, action) and user.role = role and doc = doc",
    "user.role = role and grants(role, action) and doc = doc",
    "grants(role, action) and role = doc.kind and user = user",
    "implies(role, doc.kind) and user.role = role and action = action",
    "implies(user.role, role) and doc.kind = role and action = action",
    "same(x, user) and doc.owner = x and action = action",
    "same(x, y) and x = user and doc.owner = y and action = action",
    "same(x, x) and x = user and doc.owner = x and action = action",
    "both(x, user) and doc.owner = x and action = action",
    "flag(x, doc.kind) and user.role = x and action = action",
    "level(doc.kind, x) and user.role = x and action = action",
    "rank(user.role, a) and rank(doc.kind, b) and a >= b and action = action",
    "rank(user.role, a) and rank(doc.kind, b) and a != b and action = action",
    "rank(user.role, a) and rank(doc.kind, a) and action = action",
    "rank(user.role, a) and level(doc.kind, b) and b > a and action = action",
    "rank(user.role, a) and not a = 3 and doc.kind = action",
    "rank(user.role, a) and not (rank(doc.kind, b) and b > a) and action = action",
    "not grants(_, action) and user.role = doc.kind",
    "grants(doc.kind, x) and x = action and user = user",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_head_binds_a_variable_as_in_the_solver(condition: str) -> None:
    """One function answers each question about plain data, as the solver does."""
    oso = Oso()
    for cls in (User, Doc):
        oso.register_class(cls)
    oso.load_str(f"{TABLES} allow(user: User, action: String, doc: Doc) if {condition};")
    users = [User(role) for role in ("admin", "guest", "on", "high", 3, 1, None)]
    docs = [
        Doc(each, kind)
        for each in users[:2]
        for kind in ("admin", "guest", "high", "read", True, 3)
    ]
    answers = set()

    for user, action, doc in itertools.product(users, ("read", "write", "fly"), docs):
        expected = oso.engine.solve_call("allow", (user, action, doc))
        assert specialized(oso.engine, user, action, doc) is expected
        answers.add(expected)

    assert answers == {True, False}
