"""A call that comes to itself again ends soon; a long way that is none goes on."""

from __future__ import annotations

import functools
import sys
import tracemalloc
import typing as t
from types import FrameType

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import StackOverflowError
from tests.support.models.people import User
from tests.support.policies import make_oso

MESSAGE = (
    "Goal stack overflow! MAX_GOALS = 10000\n`{}` calls itself with the same arguments, and would"
    " again. Look for a circle in the data, such as a folder that is inside of itself, or in the"
    " rules."
)


class Folder:
    """A folder that counts how often its parent is asked for."""

    asked = 0

    def __init__(self, parent: Folder | None = None) -> None:
        self._parent = parent
        self.name = "folder"
        self.viewers: list[User] = []
        self.editors: list[User] = []

    @property
    def parent(self) -> Folder | None:
        Folder.asked += 1
        return self._parent


def ring(size: int) -> Folder:
    """Make folders of which each is inside of the next one, and the last one in the first."""
    first = folder = Folder()
    for _ in range(size - 1):
        folder = Folder(folder)
    first._parent = folder
    return first


def chain(length: int, top: Folder | None = None) -> Folder:
    """Make a folder that is so deep inside of the top one."""
    folder = Folder() if top is None else top
    for _ in range(length):
        folder = Folder(folder)
    return folder


ROLES = """
actor User {}
resource Folder {
  permissions = ["read", "write"]; roles = ["viewer", "editor"]; relations = { parent: Folder };
  "read" if "viewer"; "write" if "editor"; "viewer" if "editor";
  "viewer" if "viewer" on "parent"; "editor" if "editor" on "parent";
}
has_role(user: User, "viewer", folder: Folder) if user in folder.viewers;
has_role(user: User, "editor", folder: Folder) if user in folder.editors;
has_relation(parent: Folder, "parent", folder: Folder) if parent = folder.parent;
allow(user, action, folder) if has_permission(user, action, folder);
"""
#: Policies whose rules go from a folder to its parent, and the rule that does.
POLICIES = {
    "roles": (ROLES, "has_role"),
    "rule": (
        "allow(user, a, f: Folder) if user in f.viewers or allow(user, a, f.parent);"
        " allow(_, _, nil) if false;",
        "allow",
    ),
    "search": (
        "allow(user, _, f) if above(f, g) and user in g.viewers;"
        " above(f, g) if g = f; above(f, g) if p = f.parent and not p = nil and above(p, g);",
        "above",
    ),
    "negation": (
        "allow(_, _, f) if not closed(f); closed(f) if f.name = nil or closed(f.parent);"
        " closed(nil) if false;",
        "closed",
    ),
}
policies = pytest.mark.parametrize(("policy", "rule"), POLICIES.values(), ids=POLICIES)
ways = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solver"])


def load(policy: str, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Folder, compiled=compiled)


@pytest.fixture(autouse=True)
def none_asked(compiling: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with no folder asked."""
    monkeypatch.setattr(Folder, "asked", 0)


@ways
@policies
@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_circle_of_folders_is_an_error_that_names_the_rule(
    compiled: bool, policy: str, rule: str, size: int
) -> None:
    """A circle of folders of any size is the same error by compiled rules and by the solver."""
    with pytest.raises(StackOverflowError) as caught:
        load(policy, compiled).is_allowed(User(), "read", ring(size))

    assert str(caught.value) == MESSAGE.format(rule)


@ways
@policies
def test_circle_is_found_soon(compiled: bool, policy: str, rule: str) -> None:
    """Its folders are asked as often as Python's stack is deep, at most: time has a bound."""
    with pytest.raises(StackOverflowError):
        load(policy, compiled).is_allowed(User(), "read", ring(2))

    assert Folder.asked < (sys.getrecursionlimit() if compiled else 64)


@ways
@policies
def test_circle_takes_little_memory(compiled: bool, policy: str, rule: str) -> None:
    """Ten megabytes at most, at the top."""
    oso, folder = load(policy, compiled), ring(2)
    tracemalloc.start()
    try:
        with pytest.raises(StackOverflowError):
            oso.is_allowed(User(), "read", folder)
        _, top = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert top < 10_000_000


@ways
def test_role_that_somebody_has_in_a_circle_is_found(compiled: bool) -> None:
    """What is on the way counts before the circle closes."""
    user, folder = User(), ring(5)
    folder.parent.editors.append(user)

    assert load(ROLES, compiled).is_allowed(user, "write", folder)


@ways
@policies
def test_circle_far_up_is_found(compiled: bool, policy: str, rule: str) -> None:
    """A way of 200 folders leads there."""
    with pytest.raises(StackOverflowError) as caught:
        load(policy, compiled).is_allowed(User(), "read", chain(200, ring(2)))

    assert str(caught.value) == MESSAGE.format(rule)


@ways
def test_circle_under_a_negation_allows_nothing(compiled: bool) -> None:
    """The error comes out, where a failure would have been an allow."""
    oso = load("allow(_, _, f) if not inside(f); inside(f) if inside(f.parent);", compiled)

    with pytest.raises(StackOverflowError):
        oso.is_allowed(User(), "read", ring(1))


@ways
@pytest.mark.parametrize("depth", [10, 300, 1_500])
def test_way_that_ends_is_no_circle(compiled: bool, depth: int) -> None:
    """A way that ends is no circle, however long it is."""
    oso = load(POLICIES["rule"][0], compiled)
    user, top = User(), Folder()
    folder = chain(depth, top)

    assert not oso.is_allowed(user, "read", folder)
    top.viewers.append(user)
    assert oso.is_allowed(user, "read", folder)


#: Rules that call themselves again and again, and come to an end.
FINITE = {
    "with a variable of its own each time": "f(0); f(n) if f(m) and n = m + 1;",
    "with another number": "f(0); f(n) if n > 0 and f(n - 1);",
    "with another list": "f(n) if l = [n, n] and g(l, n) and g(l, n); g([], _);"
    " g([x, *rest], n) if x = n and g(rest, n);",
    "one after the other": f"f(n) if {' and '.join(['g(n)'] * 200)}; g(n) if n > 1;",
    "with the result of the call": "f(n) if g(n, x) and x = n; g(0, 0);"
    " g(n, x) if n > 0 and g(n - 1, y) and x = y + 1;",
}


@pytest.mark.parametrize("policy", FINITE.values(), ids=FINITE)
def test_recursion_that_ends_is_no_circle(policy: str) -> None:
    """What differs from call to call may be anything."""
    assert load(policy).query_rule_once("f", 100)


@ways
def test_object_that_changes_has_some_turns(compiled: bool) -> None:
    """A method may say something else to the solver; a compiled rule asks a question once."""

    class Poll:
        turns = 0

        def is_over(self) -> bool:
            self.turns += 1
            return self.turns == 10

    oso = load("allow(_, _, p) if p.is_over(); allow(u, a, p) if allow(u, a, p);", compiled)

    if compiled:
        with pytest.raises(StackOverflowError):
            oso.is_allowed(User(), "read", Poll())
    else:
        assert oso.is_allowed(User(), "read", Poll())


def test_rules_that_call_each_other_are_named_in_one_way() -> None:
    """The first by name, wherever in the circle the run is stopped."""
    oso = load("a(x) if b(x); b(x) if c(x); c(x) if a(x);")

    for rule in "abc":
        with pytest.raises(StackOverflowError) as caught:
            oso.query_rule_once(rule, 1)
        assert str(caught.value) == MESSAGE.format("a")


# -- what a long way costs -----------------------------------------------------------------


def steps_of(action: t.Callable[[], t.Any]) -> int:
    """Count the functions that are called."""
    calls = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


@ways
@pytest.mark.parametrize(
    ("policy", "action"), [(ROLES, "write"), (POLICIES["rule"][0], "read")], ids=["roles", "rule"]
)
def test_ten_times_the_depth_costs_ten_times_as_much(
    compiled: bool, policy: str, action: str
) -> None:
    """In calls of Python's functions and in attributes that are read."""
    oso, user = load(policy, compiled), User()
    costs = []

    for folder in (chain(10), chain(100)):
        oso.is_allowed(user, action, folder)
        Folder.asked = 0
        costs.append(
            (steps_of(functools.partial(oso.is_allowed, user, action, folder)), Folder.asked)
        )

    (calls, asked), (more_calls, more_asked) = costs
    assert more_asked <= 10.5 * asked
    assert more_calls <= 10.5 * calls
