"""Calls that bind a variable to what a head has, such as facts that are a table."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest

from flask_oso import Oso
from tests.support import policies
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


NIL_ENDS = [
    "allow(u: User, action, d: Doc) if allow(u.boss, action, d) or d.owner = u;"
    ' allow(nil, "read", d: Doc) if d.kind = "news";',
    'allow(u: User, "read", d: Doc) if top(u.boss) and d.owner = u; top(nil);'
    " top(u: User) if top(u.boss);",
]
NIL_HEADS = [
    'allow(nil, "read", doc: Doc) if doc.kind = "news";'
    ' allow(u: User, "read", d: Doc) if d.owner = u;',
    'allow(nil, "read", _: Doc); allow(_: User, "read", doc: Doc) if doc.kind = "news";',
    'allow(u: User, "read", d: Doc) if not top(u.boss) and d.kind = "news"; top(nil);',
    'allow(u: User, "read", d: Doc) if chief(x) and u.boss = x and d.owner = u; chief(nil);',
    'allow(u: User, "read", d: Doc) if kind(d.kind, u.boss); kind(nil, _); kind("news", nil);',
]


def make_oso(rules: str) -> Oso:
    return policies.make_oso(rules, User, Doc)


def guests_and_users() -> t.Iterator[tuple[t.Any, str, Doc]]:
    boss = User("admin")
    ana = User("guest", boss)
    docs = [Doc(owner, kind) for owner in (ana, boss, None) for kind in ("news", "draft", None)]
    return itertools.product((ana, boss, None), ("read", "fly"), docs)


@pytest.mark.parametrize("rules", NIL_HEADS, ids=range(len(NIL_HEADS)))
def test_nil_in_a_head_is_a_literal(rules: str) -> None:
    """One function answers users and guests, beside a rule for guests."""
    oso = make_oso(rules)
    asked = list(guests_and_users())

    answers = [specialized(oso.engine, *args) for args in asked]

    assert answers == [oso.engine.solve_call("allow", args) for args in asked]
    assert {*answers} == {True, False}


@pytest.mark.parametrize("rules", NIL_ENDS, ids=range(len(NIL_ENDS)))
def test_nil_ends_a_chain(rules: str) -> None:
    """A rule that calls itself until there is nobody left answers as in the solver."""
    oso = make_oso(rules)
    asked = list(guests_and_users())

    answers = [oso.is_allowed(*args) for args in asked]

    assert answers == [oso.engine.solve_call("allow", args) for args in asked]
    assert {*answers} == {True, False}


def test_nil_in_a_head_asks_an_object_with_an_equality_of_its_own() -> None:
    """What the object says of itself is heard, as by the solver."""

    class Nobody(User):
        """Equals ``None``."""

        def __eq__(self, other: object) -> bool:
            return other is None

        __hash__ = None  # type: ignore[assignment]

    oso = make_oso('allow(nil, "read", _: Doc); allow(_: User, "edit", _: Doc);')

    for action in ("read", "edit", "fly"):
        args = Nobody("guest"), action, Doc(None, "news")
        assert oso.is_allowed(*args) is oso.engine.solve_call("allow", args)


@dataclasses.dataclass
class Page:
    """A page that equals others with its number, whatever they allow."""

    number: int
    is_open: bool = dataclasses.field(compare=False)


@pytest.mark.parametrize(
    "rules",
    [
        'allow(page: Page, "read", page) if page.is_open;',
        'allow(page, "read", page: Page) if page.is_open;',
        'allow(x: Page, "read", y: Page) if same(x, y); same(x, x) if x.is_open;',
        'allow(x: Page, "read", y: Page) if same(x, y, z) and z; same(x, x, true) if x.is_open;',
    ],
)
@pytest.mark.parametrize("is_open", [True, False])
def test_variable_that_stands_twice_is_the_first_of_equal_objects(
    rules: str, is_open: bool
) -> None:
    """What is read of it is read of the first argument, as in the solver."""
    oso = policies.make_oso(rules, Page)
    asked = Page(1, is_open), "read", Page(1, not is_open)

    assert oso.engine.solve_call("allow", asked) is is_open
    assert [oso.is_allowed(*asked) for _ in range(3)] == [is_open] * 3
