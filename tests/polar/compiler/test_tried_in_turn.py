"""Alternatives that nothing follows: one is looked at where none before it holds."""

from __future__ import annotations

import random
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.specialization.clauses.turns import MAX_TURNS
from tests.support.answers import outcome_of, specialized
from tests.support.models.people import Thing, User
from tests.support.policies import make_oso
from tests.support.sizes import part_of

BLOCK = """
actor User {}
resource Thing {
  permissions = ["read", "edit"]; roles = ["reader", "writer"];
  "read" if "reader"; "edit" if "writer"; "reader" if "writer";
}
allow(user: User, action, thing: Thing) if has_permission(user, action, thing);
has_role(user: User, name: String, thing: Thing) if role in user.roles and
"""
LASTS = (
    BLOCK + "role.name = name and role.of = thing and (role.until = nil or role.until > user.now);"
)
LASTS_AND = BLOCK + (
    "(role.until = nil or role.until > user.now) and role.of = thing and role.name = name;"
)


HELPER = (
    BLOCK
    + """
role.name = name and role.of = thing and lasts(role, user);
lasts(role, _) if role.until = nil;
lasts(role, user) if role.until > user.now;
"""
)


def both(policy: str) -> tuple[Oso, Oso]:
    return make_oso(policy, User, Thing), make_oso(policy, User, Thing, compiled=False)


def role(thing: Thing, until: t.Any, name: str = "reader") -> Thing:
    return Thing(of=thing, name=name, until=until)


@pytest.mark.parametrize("policy", [LASTS, HELPER], ids=["or", "two rules"])
@pytest.mark.parametrize(
    ("until", "may"), [(None, True), (9, True), (1, False)], ids=["no end", "later", "over"]
)
def test_role_that_may_have_no_end_is_found_at_once(
    policy: str, until: int | None, may: bool
) -> None:
    """``nil`` is not compared with the time: the alternative before it holds."""
    oso, solver = both(policy)
    thing = Thing()
    user = User(now=5, roles=[role(Thing(), None), role(thing, until)])

    assert specialized(oso.engine, user, "read", thing) is may
    assert solver.is_allowed(user, "read", thing) is may


@pytest.mark.parametrize(("count", "may"), [(MAX_TURNS, True), (MAX_TURNS + 1, None)])
def test_many_alternatives_are_all_looked_at(count: int, may: bool | None) -> None:
    """The function gives up for ``nil`` where they are more than those that are tried in turn.

    It ends with a reader, whom the solver looks for first, and not with a writer.
    """
    later = " or ".join(f"role.until > {number}" for number in range(count - 1))
    oso, solver = both(LASTS.replace("role.until > user.now", later))
    thing = Thing()
    user = User(now=5, roles=[role(thing, None, "writer")])

    assert specialized(oso.engine, user, "read", thing) is may
    assert oso.is_allowed(user, "read", thing)
    assert solver.is_allowed(user, "read", thing)


@pytest.mark.parametrize("name", ["reader", "writer"])
def test_alternative_behind_one_that_led_nowhere_is_met(name: str) -> None:
    """What follows may not hold: then the solver compares ``nil``, which is an error."""
    oso, solver = both(LASTS_AND)
    thing = Thing()
    user = User(now=5, roles=[role(thing, None, name)])

    outcomes = [outcome_of(each, user, "read", thing) for each in (oso, solver)]

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("policy", [LASTS, HELPER], ids=["or", "two rules"])
def test_all_alternatives_are_searched_for_actions(policy: str) -> None:
    """An error behind the first solution is raised where all solutions are searched for."""
    oso, solver = both(policy)
    thing = Thing()
    user = User(now=5, roles=[role(thing, None)])

    for each in (oso, oso, solver):
        with pytest.raises(Exception, match="comparison"):
            each.authorized_actions(user, thing)


CONDITIONS = (
    "role.until = nil",
    "role.until > user.now",
    "role.until != nil",
    "role.until = user.now",
    "role.kind = user.kind",
    "role.number < user.now",
    "role.number = role.until",
    'role matches Thing{kind: "x"}',
    "role.until matches Integer",
    "role.missing = 1",
    "thing.number > role.number",
)


#: What a helper wants a role to be.
HEADS = ("", "", ": Thing", ': Thing{kind: "x"}')


def drawn_condition(draw: random.Random, depth: int = 0) -> str:
    kind = draw.random()
    parts = [drawn_condition(draw, depth + 1) for _ in range(2)] if depth < 2 else []
    if parts and kind < 0.4:
        return f"({' or '.join(parts)})"
    if parts and kind < 0.5:
        return f"({' and '.join(parts)})"
    return ("not " if kind < 0.6 else "") + draw.choice(CONDITIONS)


def drawn_helper(draw: random.Random) -> str:
    condition = drawn_condition(draw)
    # A variable that is used once is no variable but a mistake.
    others = [name if name in condition else "_" for name in ("thing", "user")]
    role = "role" if "role" in condition else "_"
    return f"fits({role}{draw.choice(HEADS)}, {', '.join(others)}) if {condition};"


def drawn_policy(draw: random.Random) -> str:
    goals = ["role.name = name", "role.of = thing"]
    draw.shuffle(goals)
    either = f"({drawn_condition(draw)} or {drawn_condition(draw)})"
    if draw.random() < 0.5:
        helpers = [drawn_helper(draw) for _ in range(draw.choice([2, 2, 3]))]
        return BLOCK + " and ".join([*goals, "fits(role, thing, user)"]) + ";" + "".join(helpers)
    goals.insert(draw.choice([2, 2, 2, 0, 1]), either)
    more = 'allow(user: User, "edit", thing: Thing) if not has_permission(user, "read", thing);'
    return BLOCK + " and ".join(goals) + ";" + (more if draw.random() < 0.2 else "")


def drawn_question(draw: random.Random) -> tuple[User, Thing]:
    things = [Thing(kind=draw.choice("xy"), number=draw.choice([1, 2, None])) for _ in range(2)]
    roles = [
        Thing(
            name=draw.choice(["reader", "writer"]),
            of=draw.choice(things),
            until=draw.choice([None, None, 9, 9, 1, "z"]),
            kind=draw.choice("xy"),
            number=draw.choice([1, 2, None]),
            **({"missing": 1} if draw.random() < 0.5 else {}),
        )
        for _ in range(draw.randrange(4))
    ]
    return User(now=draw.choice([5, 5, None]), kind=draw.choice("xy"), roles=roles), things[0]


@pytest.mark.parametrize("seed", range(part_of(200)))
def test_answers_at_random_are_those_of_the_solver(seed: int) -> None:
    """Whatever stands in the alternatives, in front of them and behind them."""
    draw = random.Random(seed)
    oso, solver = both(drawn_policy(draw))
    for _ in range(12):
        user, thing = drawn_question(draw)
        for action in ("read", "edit"):
            outcomes = [outcome_of(each, user, action, thing) for each in (oso, oso, solver)]
            kinds = [each if isinstance(each, bool) else each[0] for each in outcomes]
            assert kinds == [kinds[-1]] * 3
