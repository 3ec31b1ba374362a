"""Rules that call themselves with an open variable: they are followed along a chain of objects."""

from __future__ import annotations

import sys
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import specialized
from tests.support.models.people import Alike
from tests.support.policies import make_oso

from .test_chains import Folder, Grant, User, chain_of, instructions_of

ABOVE = {
    "a head with a variable twice": """
        above(x, x);
        above(x: Folder, y) if x.parent != nil and above(x.parent, y);
    """,
    "the longer way first": """
        above(x: Folder, y) if x.parent != nil and above(x.parent, y);
        above(x, x);
    """,
    "classes in the head": """
        above(x: Folder, y: Folder) if y = x;
        above(x: Folder, y: Folder) if p = x.parent and above(p, y);
    """,
    "no class": """
        above(x, y) if x = y;
        above(x, y) if p = x.parent and p != nil and above(p, y);
    """,
    "or": "above(x: Folder, y) if y = x or (x.parent != nil and above(x.parent, y));",
    "a class in the body": """
        above(x, x);
        above(x: Folder, y) if p = x.parent and p matches Folder and above(p, y);
    """,
    "a rule for the parent": """
        above(x, x);
        above(x: Folder, y) if parent_of(x, p) and above(p, y);
        parent_of(x: Folder, p) if p = x.parent and p != nil;
    """,
    "two rules": """
        above(x, x);
        above(x: Folder, y) if x.parent != nil and above_too(x.parent, y);
        above_too(x, x);
        above_too(x: Folder, y) if x.parent != nil and above(x.parent, y);
    """,
    "a condition on each": """
        above(x: Folder, y) if y = x and not x.closed;
        above(x: Folder, y) if not x.closed and p = x.parent and p != nil and above(p, y);
    """,
}
USES = {
    "an attribute": "above(folder, x) and x.owner = user",
    "a search": "above(folder, x) and grant in x.grants and grant.user = user",
    "not": 'not none_of(folder, user) and folder.kind = "a"',
    "forall": "forall(above(folder, x), x.owner = user)",
}
POLICY = """
allow(user: User, "read", folder: Folder) if {};
none_of(folder, user) if above(folder, x) and x.owner != nil and not x.owner = user;
{}
"""


def _oso(above: str, use: str) -> Oso:
    return make_oso(POLICY.format(USES[use], ABOVE[above]), User, Folder)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("above", ABOVE)
def test_open_recursion_gives_what_the_solver_gives(above: str, use: str) -> None:
    """What a rule leaves open is each object of the chain, up to what ends it."""
    oso = _oso(above, use)
    user, other = User(), User()
    chain = chain_of(9, closed=True)
    chain[2].owner, chain[6].owner = user, other
    chain[1].grants.append(Grant(user, "viewer"))
    chain[7].grants.append(Grant(other, "viewer"))

    for actor in (user, other):
        for folder in chain:
            expected = oso.engine.solve_call("allow", (actor, "read", folder))
            assert specialized(oso.engine, actor, "read", folder) is expected


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("above", ABOVE)
def test_open_recursion_costs_the_length_of_the_chain(above: str, use: str) -> None:
    """Each object of the chain is looked at once."""
    oso = _oso(above, use)
    user, short, long = User(), chain_of(20), chain_of(80)
    # Functions are made now; and Python tells their instructions from the second time on.
    oso.is_allowed(user, "read", short[-1])
    instructions_of(lambda: oso.is_allowed(user, "read", short[-1]))

    counts = [
        instructions_of(lambda chain=chain: oso.is_allowed(user, "read", chain[-1]))  # type: ignore[misc]
        for chain in (short, long)
    ]

    assert counts[1] < 5 * counts[0]


def test_open_recursion_in_a_circle_is_left_to_the_solver() -> None:
    """A folder inside of itself is an error, as without compiled rules."""
    oso = _oso("classes in the head", "an attribute")
    folder = Folder(None)
    folder.parent = folder

    assert specialized(oso.engine, User(), "read", folder) is None


def test_open_recursion_stops_at_what_is_no_plain_object() -> None:
    """A parent that is none of the objects that the rules know leaves the answer to the solver."""
    oso = _oso("no class", "an attribute")
    folder = Folder(Alike())  # type: ignore[arg-type]

    assert specialized(oso.engine, User(), "read", folder) is None


def test_rules_in_rules_without_end_are_no_function() -> None:
    """What follows a call grows with each link: that is no function, and is not tried again."""
    policy = """
        allow(user: User, "read", folder: Folder) if above(folder, x) and x.owner = user;
        above(x, x);
        above(x: Folder, y) if x.parent != nil and above(x.parent, y) and not x.closed;
    """
    oso = make_oso(policy, User, Folder)
    user, chain = User(), chain_of(4)
    chain[0].owner = user
    for _ in range(2):
        assert oso.is_allowed(user, "read", chain[-1]) is True

    assert instructions_of(lambda: oso.is_allowed(user, "read", chain[-1])) < 100_000


WITHOUT_END = {
    "goals that grow": """
        above(folder, x) and x.owner = user;
        above(x, x);
        above(x: Folder, y) if
            above(x.parent, y) and (y.closed or not y.closed) and (y.kind = "a" or y.closed);
    """,
    "two calls": """
        above(folder, x) and x.owner = user;
        above(x, x);
        above(x: Folder, y) if above(x.parent, z) and above(z, y);
    """,
    "no class": """
        above(folder, user);
        above(x, user) if x.owner = user;
        above(x, user) if above(x.parent, user);
        above(x, user) if above(x.other, user);
        above(x, user) if above(user.home, x);
    """,
}


@pytest.mark.parametrize("policy", WITHOUT_END.values(), ids=WITHOUT_END)
def test_rules_in_rules_without_end_are_given_up_early(policy: str) -> None:
    """The first question takes some hundredths of a second, and not a second."""
    oso = make_oso(f'allow(user: User, "read", folder: Folder) if {policy}', User, Folder)
    user, folder = User(), Folder(None)
    folder.owner = user

    assert _calls_of(lambda: specialized(oso.engine, user, "read", folder)) < 300_000


def _calls_of(ask: t.Callable[[], object]) -> int:
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        ask()
    finally:
        sys.setprofile(before)
    return count
