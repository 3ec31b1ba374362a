"""Rules that call themselves and bind a variable, where the rules in order answer."""

from __future__ import annotations

import itertools
import random
import typing as t

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import StackOverflowError
from tests.support.policies import make_oso
from tests.support.sizes import part_of


class User:
    """An actor who belongs to groups; which ones is computed."""

    def __init__(self, *groups: Group) -> None:
        self.held = groups

    @property
    def groups(self) -> list[Group]:
        return [*self.held]


class Group:
    """A group in others, which counts how often it is asked for them."""

    asked = 0

    def __init__(self, *above: t.Any) -> None:
        self.above = [*above]
        self.level = len(above)

    @property
    def parents(self) -> list[t.Any]:
        Group.asked += 1
        return self.above


class Team(Group):
    """A group of another class."""


class Doc:
    """A document of a group."""

    def __init__(self, group: t.Any) -> None:
        self.group = group


HELPERS = {
    "a head with a variable twice": """
        inside(x, x);
        inside(x: Group, g) if p in x.parents and inside(p, g);
    """,
    "the longer way first": """
        inside(x: Group, g) if p in x.parents and inside(p, g);
        inside(x, x);
    """,
    "classes in the head": """
        inside(x: Group, g: Group) if g = x;
        inside(x: Group, g: Group) if p in x.parents and inside(p, g);
    """,
    "no class": """
        inside(x, g) if g = x;
        inside(x, g) if p in x.parents and inside(p, g);
    """,
    "or": "inside(x: Group, g) if g = x or (p in x.parents and inside(p, g));",
    "parents": """
        inside(x: Group, g) if g in x.parents;
        inside(x: Group, g) if p in x.parents and inside(p, g);
    """,
    "two rules": """
        inside(x, x);
        inside(x: Group, g) if p in x.parents and inside_too(p, g);
        inside_too(x, x);
        inside_too(x: Group, g) if p in x.parents and inside(p, g);
    """,
    "a condition on each": """
        inside(x: Group, g) if x = g and x.level < 4;
        inside(x: Group, g) if p in x.parents and inside(p, g) and g.level < 3;
    """,
    "two variables": """
        inside(x: Group, g) if within(x, g, _);
        within(x, x, x);
        within(x: Group, g, last) if p in x.parents and within(p, g, last);
        within(x: Group, x, last) if p in x.parents and within(p, _, last);
    """,
}
USES = {
    "a relation": "has_relation(g, d) and g in u.groups",
    "a test": "inside(d.group, g) and g in u.groups",
    "a search in a search": "inside(d.group, g) and inside(g, h) and h in u.groups",
    "not": "not member(u, d)",
    "forall": "x = d.group and forall(inside(x, g), g in u.groups)",
    "an attribute behind": "inside(d.group, g) and g.level = 0 and g in u.groups",
}
POLICY = """
allow(u: User, "read", d: Doc) if {};
has_relation(g: Group, d: Doc) if x = d.group and inside(x, g);
member(u: User, d: Doc) if has_relation(g, d) and g in u.groups;
{}
"""
#: The helpers that do nothing once they have bound their variable.
LAST = [name for name in HELPERS if name not in ("a condition on each", "two variables")]
SHAPES = [*itertools.product(HELPERS, USES)]


def load(helper: str, use: str) -> Oso:
    return make_oso(POLICY.format(USES[use], HELPERS[helper]), User, Group, Team, Doc)


def outcome(ask: t.Callable[[], bool]) -> t.Any:
    """Give the answer, or the error with its text."""
    try:
        return ask()
    except (OsoError, AttributeError) as error:
        return type(error).__name__, str(error)


def diamonds(levels: int) -> tuple[Group, Group]:
    """Give the lowest two of some groups, each of which is in the two above."""
    left, right = Group(), Group()
    for _ in range(levels - 1):
        left, right = Group(left, right), Group(left, right)
    return left, right


def graph_of(seed: int) -> list[t.Any]:
    """Give groups at random: in others, and in what is no group."""
    choose = random.Random(seed)
    groups: list[t.Any] = []
    for _ in range(choose.randint(1, 6)):
        above = choose.sample(groups, min(len(groups), choose.choice([0, 1, 1, 2, 2, 3])))
        groups.append(choose.choice([Group, Group, Team])(*above))
    group = choose.choice(groups)
    match seed % 5:
        case 2:
            group.above.insert(0, choose.choice([None, 7, "x", Doc(None)]))
        case 3:
            del group.level
        case 4:
            group.above = choose.choice([None, 3, [[group]]])
    return groups


@pytest.mark.each(5)
@pytest.mark.parametrize(("helper", "use"), SHAPES)
def test_answer_and_error_are_those_of_the_solver(helper: str, use: str) -> None:
    """Whatever the groups are in, and whoever asks."""
    oso = load(helper, use)
    for seed in range(part_of(20, 2)):
        groups = graph_of(seed)
        for user in (User(), User(groups[0]), User(groups[-1]), User(*groups)):
            for doc in (Doc(groups[-1]), Doc(groups[len(groups) // 2]), Doc(None)):
                solved = outcome(lambda: oso.engine.solve_call("allow", (user, "read", doc)))  # noqa: B023
                assert outcome(lambda: oso.is_allowed(user, "read", doc)) == solved  # noqa: B023


@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("helper", ["a head with a variable twice", "no class", "or", "parents"])
def test_ring_is_an_error(helper: str, length: int) -> None:
    """Where nothing is found before it, the error tells of it, and no time runs out."""
    oso, lowest = load(helper, "a relation"), Group()
    group = lowest
    for _ in range(length - 1):
        group = Group(group)
    lowest.above = [group]

    with pytest.raises(StackOverflowError, match="calls itself with the same arguments"):
        oso.is_allowed(User(), "read", Doc(lowest))


def asked(oso: Oso, user: User, group: Group) -> int:
    """Count how often groups are asked for their parents, once all functions are made."""
    oso.is_allowed(user, "read", Doc(group))
    Group.asked = 0
    oso.is_allowed(user, "read", Doc(group))
    return Group.asked


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("helper", LAST)
def test_diamonds_are_not_walked_twice(helper: str, use: str) -> None:
    """What asks for all groups above asks few times, where 65,536 ways lead to the highest two."""
    assert asked(load(helper, use), User(Group()), diamonds(16)[0]) < 1_200


@pytest.mark.parametrize("use", ["a relation", "a test", "not", "forall"])
@pytest.mark.parametrize("helper", LAST)
def test_groups_cost_their_number(helper: str, use: str) -> None:
    """Twice as many groups are asked twice as often."""
    oso, user = load(helper, use), User(Group())

    counts = [asked(oso, user, diamonds(levels)[0]) for levels in (5, 10, 20)]

    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


def test_question_within_a_search_that_waits() -> None:
    """What is found leads to the same search, which begins anew."""
    oso = make_oso(
        """
        allow(u: User, "read", d: Doc) if x = d.group and inside(x, g) and inside(x, h) and
            inside(g, h) and h.level = 0 and h in u.groups;
        inside(x: Group, g) if p in x.parents and inside(p, g);
        inside(x, x);
        """,
        User,
        Group,
        Doc,
    )
    lowest, _ = diamonds(3)
    highest = lowest.above[0].above[0]

    for user in (User(highest), User(lowest), User()):
        solved = oso.engine.solve_call("allow", (user, "read", Doc(lowest)))
        assert oso.is_allowed(user, "read", Doc(lowest)) is solved


@pytest.mark.parametrize("helper", LAST)
def test_no_goal_is_left_to_the_solver(helper: str) -> None:
    """A class that is wanted of what is found is tested behind the search."""
    oso = load(helper, "a relation")
    oso.is_allowed(User(), "read", Doc(Group()))

    assert oso.left_to_solver() == []
