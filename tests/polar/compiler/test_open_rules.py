"""Rules that call themselves and bind variables: compiled functions that yield the values.

The answer or the error is that of the solver, and what is called of the application first comes
in its order.
"""

from __future__ import annotations

import re
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.compiler import MAX_GENERATORS
from tests.support.answers import left_over, outcome_of
from tests.support.models.people import Thing
from tests.support.policies import make_oso

from .test_chains import instructions_of

#: What was called, in order.
CALLS: list[str] = []


class User:
    """Who asks."""

    def __init__(self, name: str) -> None:
        self.name = name


class Folder:
    """What is in other folders."""

    def __init__(self, name: str, parent: t.Any = None) -> None:
        self.name, self.parent, self.ok = name, parent, True
        self.owner: User | None = None
        self.parents = [] if parent is None else [parent]
        self.meta = {"parent": parent}
        self.groups: t.Any = []

    def get_parent(self) -> t.Any:
        CALLS.append(f"get_parent of {self.name}")
        return self.parent

    @property
    def up(self) -> t.Any:
        CALLS.append(f"up of {self.name}")
        return self.parent


class Equal(Folder):
    """A folder that equals others of its name, and says that it was asked."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        CALLS.append(f"{self.name} == {getattr(other, 'name', other)}")
        return isinstance(other, Folder) and other.name == self.name


BASE = "above(f, f);"
ABOVE = {
    "a condition behind": BASE + "above(f, x) if f.parent != nil and above(f.parent, x) and x.ok;",
    "a condition on each": BASE + "above(f, x) if f.parent != nil and above(f.parent, x) and f.ok;",
    "no end that is asked for": """
        above(f: Folder, f);
        above(f: Folder, x) if above(f.parent, x) and x.ok;
    """,
    "classes": """
        above(f: Folder, x: Folder) if x = f;
        above(f: Folder, x: Folder) if p = f.parent and p matches Folder and above(p, x) and x.ok;
    """,
    "the longer way first": """
        above(f: Folder, x) if f.parent != nil and above(f.parent, x) and x.ok;
        above(f: Folder, f);
    """,
    "a list": BASE + "above(f, x) if p in f.parents and above(p, x) and x.ok;",
    "a dictionary": BASE
    + "above(f, x) if p = f.meta.parent and p != nil and above(p, x) and x.ok;",
    "a method": BASE + "above(f, x) if p = f.get_parent() and p != nil and above(p, x) and f.ok;",
    "a property": BASE + "above(f, x) if p = f.up and p != nil and above(p, x) and x.ok;",
    "or": "above(f, x) if x = f or (f.parent != nil and above(f.parent, x) and x.ok);",
    "two calls": BASE + "above(f, x) if f.parent != nil and above(f.parent, y) and above(y, x);",
    "two rules": BASE
    + """
        above(f, x) if f.parent != nil and higher(f.parent, x) and x.ok;
        higher(f, x) if x = f;
        higher(f, x) if f.parent != nil and above(f.parent, x) and not x.ok = false;
    """,
    "not": BASE + "above(f, x) if f.parent != nil and above(f.parent, x) and not x.name = f.name;",
    "forall": BASE
    + """
        above(f, x) if f.parent != nil and above(f.parent, x) and forall(g in x.groups, g = "a");
    """,
    "cut": BASE + "above(f, x) if f.parent != nil and above(f.parent, x) and cut and x.ok;",
    "the first argument is open": """
        below(x, x);
        below(x, f) if f.parent != nil and below(x, f.parent) and x.ok;
        above(f, x) if below(x, f);
    """,
}
USES = {
    "an attribute": "above(folder, x) and x.owner = user",
    "the same again": "above(folder, x) and x = folder and x.owner = user",
    "its end": "above(folder, x) and x.parent = nil and user.name != x.name",
    "not": "not owned(user, folder)",
    "forall": "forall(above(folder, x), x.owner = user)",
    "a search": 'above(folder, x) and "a" in x.groups and user.name = "ana"',
    "a method": "above(folder, x) and x.get_parent() = nil and x.owner = user",
}
NUMBERS = {
    "counted": "depth(folder, n) and n > 2",
    "compared": "depth(folder, 3)",
    "no condition": "depth(folder, n) and n",
    "no collection": "depth(folder, n) and x in n and x = 1",
    "no key": "depth(folder, n) and folder.(n) = 1",
    "read": "depth(folder, n) and n.real = 3",
    "added": "depth(folder, n) and m = n + folder.ok and m > 2",
    "passed on": "depth(folder, n) and is_deep(n)",
    "owner": "owner_of(folder, x) and x = user",
    "name": "name_of(user, folder, x) and x = user.name",
}
RULES = """
    allow(user: User, "read", folder: Folder) if {};
    owned(user, folder) if above(folder, x) and x.owner = user;
    depth(f: Folder, 0) if f.parent = nil;
    depth(f: Folder, n) if f.parent != nil and depth(f.parent, m) and n = m + 1;
    is_deep(n) if n > 2;
    owner_of(f: Folder, u) if u = f.owner and u != nil;
    owner_of(f: Folder, u) if f.parent != nil and owner_of(f.parent, u) and f.ok;
    name_of(u: User, f: Folder, n) if f.owner = u and n = u.name;
    name_of(u: User, f: Folder, n) if f.parent != nil and name_of(u, f.parent, n) and f.ok;
    {}
"""
POLICIES = {
    **{
        f"{use}, {above}": RULES.format(USES[use], ABOVE[above])
        for use in USES
        for above in ABOVE
        if use == "an attribute" or above in ("a condition on each", "a list", "a method")
    },
    **{name: RULES.format(f"{goal} and user.name != nil", BASE) for name, goal in NUMBERS.items()},
}


def _chain(depth: int, cls: type[Folder] = Folder, user: t.Any = None) -> list[Folder]:
    chain = [cls("0")]
    for number in range(1, depth):
        chain.append(cls(str(number), chain[-1]))
    chain[0].owner, chain[0].groups = user, ["a"]
    chain[depth // 2].owner = user
    return chain


def _shut(user: User) -> list[Folder]:
    chain = _chain(6, user=user)
    chain[3].ok = False
    return chain


def _missing(user: User) -> list[Folder]:
    chain = _chain(5, user=user)
    del chain[1].ok
    return chain


def _odd(user: User) -> list[Folder]:
    chain = _chain(4, user=user)
    chain[0].parent, chain[0].parents, chain[1].ok = False, [7], "yes"  # type: ignore[assignment]
    return chain


def _diamond(user: User) -> list[Folder]:
    chain = _chain(4, user=user)
    chain[3].parents = [chain[2], chain[1], chain[1]]
    return chain


def _ring(user: User) -> list[Folder]:
    chain = _chain(3, user=user)
    chain[0].parent, chain[0].parents, chain[0].meta = chain[2], [chain[2]], {"parent": chain[2]}
    return chain


def _dictionary(user: User) -> list[Folder]:
    top: dict[str, t.Any] = {"parent": None, "parents": [], "ok": True, "owner": user}
    top |= {"name": "d", "groups": []}
    chain = _chain(3, user=user)
    chain[0].parent, chain[0].parents, chain[0].meta = top, [top], {"parent": top}
    return chain


WORLDS: dict[str, t.Callable[[User], list[Folder]]] = {
    "a chain": lambda user: _chain(5, user=user),
    "an __eq__": lambda user: _chain(4, Equal, user),
    "shut": _shut,
    "missing": _missing,
    "odd": _odd,
    "diamond": _diamond,
    "ring": _ring,
    "dictionary": _dictionary,
}


def _oso(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Folder, compiled=compiled)


def _outcome(oso: Oso, *question: t.Any) -> tuple[t.Any, list[str]]:
    CALLS.clear()
    found = outcome_of(oso, *question)
    if type(found) is tuple:
        # The number in the name of a variable depends on how many there were.
        found = found[0], re.sub(r" = _\w+_\d+ ", " = _ ", found[1])
    return found, [*dict.fromkeys(CALLS)]


#: The solver goes round until its time is over, or for seconds.
TOO_LONG = {"an attribute, classes", *NUMBERS}
#: What is left to the solver: a cut, a class that a variable has to be of once it is bound, and
#: what the place of a number is needed for.
LEFT = {"an attribute, cut", "an attribute, classes", "no condition", "no collection", "no key"}
CASES = [(each, world) for each in POLICIES for world in WORLDS if world != "ring"] + [
    (each, "ring") for each in POLICIES if each not in TOO_LONG
]


def _check(policy: str, chain: list[Folder], users: tuple[User, ...]) -> None:
    oso, by_solver = _oso(POLICIES[policy]), _oso(POLICIES[policy], compiled=False)
    for actor in users:
        for folder in (chain[0], chain[-1]):
            expected = _outcome(by_solver, actor, "read", folder)
            for _ in range(2):
                assert _outcome(oso, actor, "read", folder) == expected


@pytest.mark.each(8)
@pytest.mark.parametrize(("policy", "world"), CASES)
def test_open_rule_gives_what_the_solver_gives(policy: str, world: str) -> None:
    """Answer, error and the order of first calls are those of the solver."""
    user = User("ana")
    _check(policy, WORLDS[world](user), (user, User("ben")))


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["an attribute, a condition on each", "owner", "name"])
@pytest.mark.parametrize("is_missing", [False, True])
def test_deep_chain_gives_what_the_solver_gives(policy: str, is_missing: bool) -> None:
    """Where generators would be too deep, the solver goes on, and errors show the same goals."""
    user = User("ana")
    chain = _chain(MAX_GENERATORS + 40, user=user)
    chain[MAX_GENERATORS // 2 + 20].owner = None
    if is_missing:
        del chain[20].parent
    _check(policy, [chain[-1]], (user,))


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", POLICIES)
def test_open_rule_is_compiled(policy: str) -> None:
    """Functions answer, whatever follows the call, and wherever the next object comes from."""
    oso, user = _oso(POLICIES[policy]), User("ana")
    _outcome(oso, user, "read", _chain(1, user=user)[-1])

    assert bool(left_over(oso)) is (policy in LEFT)


@pytest.mark.parametrize("policy", ["counted", "owner", "name"])
def test_open_rule_costs_the_length_of_the_chain(policy: str) -> None:
    """Where a rule has one solution, each object of the chain is looked at once."""
    oso, user = _oso(POLICIES[policy]), User("ana")
    chains = [_chain(10), _chain(40)]
    for chain in chains:
        chain[0].owner = user
        instructions_of(lambda chain=chain: oso.is_allowed(user, "read", chain[-1]))  # type: ignore[misc]

    counts = [
        instructions_of(lambda chain=chain: oso.is_allowed(user, "read", chain[-1]))  # type: ignore[misc]
        for chain in chains
    ]

    assert counts[1] < 5 * counts[0]


#: What binds the variable for which a goal waits, and fails behind that.
BOUND_AND_FAILED = {
    "body": 'r < 3 and given(r); given(p) if u(p) and p = 1; u("a");',
    "head": 'r < "a" and given(r, 1); given(p, p) if p = 2;',
    "conjunction": 'r < 3 and given(r); given(p) if p = "a" and p = 3;',
    "list": "r < 3 and given(r, x); given(p, x) if p in x.xs and p = 7;",
    "cut": 'r < 3 and given(r); given(p) if p = "a" and cut and p = 2; given(2);',
    "rule that calls itself": (
        "r < 3 and given(r, x); given(p, x) if p in x.xs and p = 7;"
        " given(p, x) if x.next != nil and given(p, x.next);"
    ),
    "or": "r < 3 and (r = x.t and x.n = 2 or r = 1); ",
    "class": "r < 3 and r matches Integer and r = x.t; ",
    "fields": "r < 3 and x matches {t: r, n: 2}; ",
    "head that takes one twice": "r < 3 and given(r, x.t, x.n); given(p, p, p);",
    "fields of a head": "r < 3 and given(r, x); given(p, _: Thing{t: p, n: 2}) if true;",
    "fields of two in a head": (
        "r < 3 and given(r, x, x); given(p, _: Thing{t: p}, _: Thing{n: q, next: q}) if true;"
    ),
}


@pytest.mark.parametrize("negated", ["{}", "not ({})"], ids=["", "not"])
@pytest.mark.parametrize("goals", BOUND_AND_FAILED.values(), ids=BOUND_AND_FAILED)
def test_goal_that_waits_is_asked_as_soon_as_its_variable_has_a_value(
    goals: str, negated: str
) -> None:
    """What it raises comes before what fails behind: a negation would be an allow otherwise."""
    condition, rules = goals.split("; ", 1)
    policy = f'allow(x: Thing, "read", _: Thing) if x.n = 1 and {negated.format(condition)};'
    asked = Thing(n=1, t="a", xs=["a"], next=Thing(xs=["b"], next=None))
    compiled, solved = (make_oso(policy + rules, Thing, compiled=each) for each in (True, False))
    expected = outcome_of(solved, asked, "read", asked)

    assert outcome_of(compiled, asked, "read", asked) == expected
