"""Functions that call themselves for each of several objects, as lists of what is left."""

from __future__ import annotations

import ast
import random
import textwrap
import types
import typing as t

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.compiler.passes.recursion.loops import Recursion
from flask_oso.polar.compiler.passes.recursion.worklists import leads_back, written_as_worklist
from tests.support.answers import outcome_of, specialized
from tests.support.policies import make_oso

pytestmark = pytest.mark.usefixtures("compiling")


class User:
    """Who asks."""


class Group:
    """A group with users and groups within."""

    def __init__(self, *groups: t.Any, users: t.Any = ()) -> None:
        self.groups: t.Any = [*groups]
        self.users: t.Any = [*users]


class Doc:
    """What is read."""

    def __init__(self, *groups: t.Any) -> None:
        self.groups = [*groups]


ANA, BEN = User(), User()
#: Rules that go down from groups.
RULES = {
    "a test": """
        allow(u: User, "read", d: Doc) if g in d.groups and member(u, g);
        member(u: User, g: Group) if u in g.users;
        member(u: User, g: Group) if s in g.groups and member(u, s);
    """,
    "a test that is denied": """
        allow(u: User, "read", d: Doc) if g in d.groups and not member(u, g);
        member(u: User, g: Group) if u in g.users;
        member(u: User, g: Group) if s in g.groups and member(u, s);
    """,
    "solutions": """
        allow(u: User, "read", d: Doc) if g in d.groups and below(g, s) and u in s.users;
        below(g: Group, g);
        below(g: Group, x) if s in g.groups and below(s, x);
    """,
    "solutions that are denied": """
        allow(u: User, "read", d: Doc) if g in d.groups and not (below(g, s) and u in s.users);
        below(g: Group, x) if x in g.groups;
        below(g: Group, x) if s in g.groups and below(s, x);
    """,
    "groups that a helper binds": """
        allow(u: User, "read", d: Doc) if below(d, g) and u in g.users;
        below(x, g) if g in x.groups;
        below(x, g) if s in x.groups and below(s, g);
    """,
    "groups that are denied": """
        allow(u: User, "read", d: Doc) if not (below(d, g) and u in g.users);
        below(x, g) if g in x.groups;
        below(x, g) if s in x.groups and below(s, g);
    """,
    "two rules that call each other": """
        allow(u: User, "read", d: Doc) if g in d.groups and member(u, g);
        member(u: User, g: Group) if u in g.users;
        member(u: User, g: Group) if s in g.groups and member(u, s);
        member(u: User, g: Group) if odd(u, g);
        odd(u: User, g: Group) if s in g.groups and not member(u, s) and u in s.users;
    """,
}


def chain(length: int, *users: User) -> Group:
    group = Group(users=users)
    for _ in range(length):
        group = Group(group)
    return group


def diamond(*users: User) -> Group:
    last = Group(users=users)
    return Group(Group(last), Group(Group(), last))


def skipping(*users: User) -> Group:
    """Give a group that is met again one level deeper."""
    last = Group(users=users)
    return Group(last, Group(last))


def ladder(length: int, *users: User) -> list[Group]:
    """Give two groups that share both groups of the next level, and so on."""
    groups = [Group(users=users), Group()]
    for _ in range(length):
        groups = [Group(*groups), Group(*groups[::-1])]
    return groups


#: Groups in which nobody but some users are.
GROUPS: dict[str, t.Callable[..., list[t.Any]]] = {
    "a chain": lambda *users: [chain(5, *users)],
    "a tree": lambda *users: [Group(*(Group() for _ in range(9)), Group(users=users))],
    "a diamond": lambda *users: [diamond(*users)],
    "a group met deeper": lambda *users: [skipping(*users)],
    "a ladder": lambda *users: ladder(4, *users),
    "six ladders in one": lambda *users: [*(Group(*ladder(3, *users)) for _ in range(6)), Group()],
    "a group twice": lambda *users: [chain(3, *users)] * 2,
    "groups that share one": lambda *users: [Group(last := chain(3, *users)), Group(last)],
    "one with, and others without": lambda *users: [chain(2, *users), chain(2), diamond()],
    "users, too": lambda *users: [BEN, Group(Group(), *users), Group(users=users)],
    "none": lambda *_: [],
}


def answers(policy: str, *groups: t.Any) -> list[t.Any]:
    """Give what Ana and Ben may, by a new Oso that compiles, and by the solver."""
    found: list[t.Any] = []
    for compiled in (True, False):
        oso = Oso(compiled=compiled)
        for cls in (User, Group, Doc):
            oso.register_class(cls)
        oso.load_str(policy)
        for user in (ANA, BEN):
            try:
                found.append(oso.is_allowed(user, "read", Doc(*groups)))
            except OsoError as error:
                found.append(type(error).__name__)
    return [found[:2], found[2:]]


@pytest.mark.parametrize("shape", GROUPS)
@pytest.mark.parametrize("rules", RULES)
def test_groups_are_searched_as_by_the_solver(rules: str, shape: str) -> None:
    """Whoever is in a group, at whatever depth, on however many ways."""
    compiled, solved = answers(RULES[rules], *GROUPS[shape](ANA))

    assert compiled == solved


@pytest.mark.parametrize("rules", RULES)
def test_ring_is_left_to_the_solver(rules: str) -> None:
    """A list would end where the solver may not."""
    ring = Group()
    ring.groups.append(Group(ring, users=[ANA]))

    compiled, solved = answers(RULES[rules], ring)

    assert compiled == solved


@pytest.mark.parametrize("rules", RULES)
def test_ring_among_shared_groups_is_left_to_the_solver(rules: str) -> None:
    """Also one that leads back from what several groups share."""
    groups = ladder(3, ANA)
    groups[0].groups[0].groups[1].groups.append(groups[1])

    compiled, solved = answers(RULES[rules], *groups)

    assert compiled == solved


class Connection:
    """Is refused like the connection of a driver."""

    def cursor(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    "odd", [Connection(), None, 1, "a", User(), [], {}, object(), types.SimpleNamespace()]
)
@pytest.mark.parametrize("rules", RULES)
def test_what_is_no_group_is_met_as_by_the_solver(rules: str, odd: t.Any, at: int) -> None:
    """Before and behind a group, also where a group within leads to it again."""
    groups = [Group(Group(), users=[ANA])]
    groups.insert(at, odd)

    compiled, solved = answers(RULES[rules], Group(*groups), Group(Group(*groups)))

    assert compiled == solved


def gone_through(
    graph: dict[int, list[int]],
) -> tuple[list[tuple[int, int]], dict[int, int]]:
    """Go through what nodes lead to as a worklist does: what was met again, and the places."""
    todo, seen, again = [0], dict[int, int](), list[tuple[int, int]]()
    for node in todo:
        if node in seen:
            again.append((node, len(seen)))
            continue
        seen[node] = len(todo)
        todo += graph[node]
    return again, seen


def has_ring(graph: dict[int, list[int]], nodes: t.Collection[int]) -> bool:
    """Tell whether some of the nodes lead to themselves: those that lead to none are left out."""
    left = {node: {*graph[node]} for node in nodes}
    while ended := [node for node, others in left.items() if not others & left.keys()]:
        for node in ended:
            del left[node]
    return bool(left)


def test_no_ring_is_passed_over() -> None:
    """Of 2,000 graphs, each that has a ring is told; and most that have none are gone through."""
    choose = random.Random(1)
    told = {True: [0, 0], False: [0, 0]}
    for _ in range(2_000):
        size = choose.randrange(2, 8)
        graph = {
            node: [choose.randrange(size) for _ in range(choose.randrange(3))]
            for node in range(size)
        }
        again, seen = gone_through(graph)
        told[has_ring(graph, seen)][leads_back(again, seen)] += 1

    assert told[True][0] == 0
    assert told[False][0] > 5 * told[False][1]


@pytest.mark.parametrize("rules", RULES)
def test_error_behind_a_solution_is_met(rules: str) -> None:
    """What the solver looks at first is looked at."""
    broken = Group(Group(users=[ANA]))
    broken.users = None

    compiled, solved = answers(RULES[rules], broken)

    assert compiled == solved


IN_ORDER = """
    allow(u: User, "read", d: Top) if member(u, d.top);
    member(u, g) if u in g.users;
    member(u, g) if s in g.groups and member(u, s);
"""
BEHIND = IN_ORDER.replace("member(u, s);", "member(u, s) and g.users != nil;")
OTHER_ORDER = """
    allow(u: User, "read", d: Top) if member(u, d.top);
    member(u, g) if s in g.groups and member(u, s);
    member(u, g) if u in g.users;
"""
#: A rule of a block that calls no rule of its name, and a helper that may end.
IN_BLOCK = """
    actor User {}
    resource Top {
        roles = ["viewer", "owner"]; permissions = ["read"];
        "read" if "viewer"; "viewer" if "owner";
    }
    allow(actor, action, resource) if has_permission(actor, action, resource);
    has_role(u: User, "viewer", d: Top) if g in d.tops and member(u, g);
    has_role(u: User, "owner", d: Top) if d.over = u;
    member(u, g) if u in g.users;
    member(u, g) if s in g.groups and member(u, s);
"""


class Top:
    """What is in two groups."""

    def __init__(self, top: Group, over: Group | None = None) -> None:
        self.top, self.over, self.tops = top, over, [top]


def shared(behind: t.Any) -> Group:
    """Give groups that share one in which Ana is, and something behind it."""
    last = Group(users=[ANA])
    return Group(Group(Group(), last), Group(last), behind)


@pytest.mark.parametrize(
    "rules",
    [IN_ORDER, IN_BLOCK, BEHIND, OTHER_ORDER],
    ids=["in order", "in a block", "a condition behind the call", "another order"],
)
@pytest.mark.parametrize("odd", ["nothing there", "a ring", "no group"])
def test_function_that_remembers_its_calls_ends_where_the_solver_does(rules: str, odd: str) -> None:
    """At the first group in which the user is: what stands behind it is not looked at."""
    ring = Group()
    ring.groups.append(ring)
    behind = {"nothing there": types.SimpleNamespace(), "a ring": ring, "no group": None}[odd]
    oso, solver = (make_oso(rules, User, Group, Top, compiled=each) for each in (True, False))
    top = shared(behind)
    turned = Group(*top.groups[::-1])

    for groups in ((top, Group()), (turned, Group()), (Group(), top), (top, turned)):
        for user in (ANA, BEN):
            question = user, "read", Top(*groups)
            assert outcome_of(oso, *question) == outcome_of(solver, *question)
    if odd == "a ring":
        assert specialized(oso.engine, ANA, "read", Top(top, Group())) is True
        assert specialized(oso.engine, ANA, "read", Top(turned, Group())) is None


@pytest.mark.parametrize("rules", ["a test", "solutions"])
def test_group_of_groups_is_answered_by_a_specialization(rules: str) -> None:
    """Also a thousand groups in each other, which a function that calls itself gives up at."""
    oso = Oso()
    for cls in (User, Group, Doc):
        oso.register_class(cls)
    oso.load_str(RULES[rules])

    found = [specialized(oso.engine, user, "read", Doc(chain(2_000, ANA))) for user in (ANA, BEN)]

    assert found == [True, False]


# -- the pass ----------------------------------------------------------------------------------


def written(text: str, parameters: str = "ab", result: str = "found") -> str | None:
    """Give the function for a function that calls itself."""
    body = ast.parse(textwrap.dedent(text)).body
    made = written_as_worklist(Recursion("g", [*parameters], result, 9, body), "h", 99)
    if made is None:
        return None
    return ast.unparse(ast.fix_missing_locations(ast.Module(made, [])))


_EACH = """
if a is b:
    found = True
for v in b.of:
    w = g(a, v, level + 1, memo)
    if w is None:
        return None
    if w:
        found = True
"""


def test_next_object_is_looked_at_later() -> None:
    """What is met again is left to the function that remembers."""
    made = written(_EACH)

    assert made == ast.unparse(
        ast.parse("""
key = ('g', id(a))
seen = memo.get(key)
if seen is None:
    seen = memo[key] = ({}, a)
if seen:
    seen = seen[0]
    if len(seen) > 99:
        return None
    todo = [b]
    first = len(seen)
    seen[id(todo)] = todo
    found = False
    for b in islice(todo, 10):
        passed = id(b)
        if passed in seen:
            if seen[passed] < first:
                continue
            break
        seen[passed] = first
        if a is b:
            found = True
        for v in b.of:
            todo.append(v)
    else:
        if len(todo) <= 9:
            if found:
                memo[key] = ()
            return found
    memo[key] = ()
    b = todo[0]
return h(a, b, level, memo)
""")
    )


_ASKED = """
if type(b) is k1:
    for v in [*l]:
        if type(v) not in harmless:
            return None
        w = g(a, v, level + 1, memo)
        if w is None:
            return None
        if w:
            found = True
elif type(b) not in harmless or isinstance(b, k1):
    return None
"""


@pytest.mark.parametrize(
    ("text", "is_at_once"),
    [
        (_ASKED, True),
        (_ASKED.replace("type(b) not in harmless", "b"), False),
        (_ASKED.replace("elif type(b)", "elif type(a)"), False),
        (_ASKED.replace("if type(b) is k1", "if type(a) is k1"), False),
        (_ASKED.replace("if type(b) is k1", "if type(b) in k1"), False),
        (_ASKED.replace("type(v) not in harmless", "type(a) not in harmless"), False),
        (
            _ASKED.replace(
                "            return None\n        w", "            found = True\n        w"
            ),
            False,
        ),
        (_ASKED + "x = 1", False),
        (_ASKED.replace("        w = g", "        x(v)\n        w = g"), False),
    ],
)
def test_list_is_looked_at_later_as_a_whole(text: str, is_at_once: bool) -> None:
    """Where each of its elements gives up then, if it is of an odd class."""
    made = written(text)

    assert ("todo += l" in str(made)) is is_at_once
    assert ("todo.append(v)" in str(made)) is not is_at_once


@pytest.mark.parametrize(
    "text",
    [
        _EACH.replace("if w:", "if not w:"),
        _EACH.replace("        found = True\n", "        found = a\n        b = 1\n"),
        _EACH.replace("g(a, v,", "g(a, b,"),
        _EACH + "if found: x()",
        _EACH + "a = 1",
        _EACH + "if w: x()",
    ],
    ids=["negated", "more is done", "nothing changes", "read", "argument", "used again"],
)
def test_function_stays(text: str) -> None:
    """More is done with what a call finds than that it is found, too."""
    assert written(text) is None


# -- tests for classes -----------------------------------------------------------------------


class Subgroup(Group):
    """A class that derives from another one."""


@pytest.mark.parametrize("depth", [0, 1, 2, 7])
def test_three_classes_in_turn_are_answered_as_by_the_solver(depth: int) -> None:
    """Objects of one class lead to those of the next, or to something odd."""
    policy = """
        allow(u: User, "read", d: Doc) if allow(u, "read", d.groups);
        allow(u: User, "read", g: Group) if u in g.users;
        allow(u: User, "read", g: Group) if allow(u, "read", g.groups);
        allow(u: User, "read", u: User);
    """
    osos = [Oso(compiled=each) for each in (True, False)]
    for oso in osos:
        for cls in (User, Group, Doc):
            oso.register_class(cls)
        oso.load_str(policy)

    for last in (ANA, BEN, None, 5, "x", Subgroup(users=[ANA]), [ANA]):
        asked: t.Any = last
        for number in range(depth):
            outer: t.Any = Group(users=[BEN]) if number % 2 else Doc()
            outer.groups, asked = asked, outer
        asked_doc = Doc()
        asked_doc.groups = asked
        found = [outcome_of(oso, user, "read", asked_doc) for user in (ANA, BEN) for oso in osos]

        assert found[0::2] == found[1::2]


_WITHOUT_CLASSES = """
    allow(u: User, "read", g: Group) if inside(u, g);
    inside(u, g) if u in g.users;
    inside(u, g) if s in g.groups and inside(u, s);
"""


def test_first_object_is_the_first_of_what_is_left() -> None:
    """A helper without classes has one list, also for an object whose class is known."""
    oso, solver = (Oso(compiled=each) for each in (True, False))
    for each in (oso, solver):
        each.register_class(User)
        each.register_class(Group)
        each.load_str(_WITHOUT_CLASSES)
    wide = Group(*(Group() for _ in range(30)), Group(Group(users=[ANA])))
    questions = [(user, "read", group) for user in (ANA, BEN) for group in (wide, Group())]

    found = [oso.is_allowed(*each) for each in questions * 2]
    code = oso.generated_code('allow(User, "read", Group)')

    assert found == [solver.is_allowed(*each) for each in questions] * 2
    assert specialized(oso.engine, ANA, "read", wide) is True
    assert code.count("memo[key] = ({}") == 1
    assert code.count("(a0, v2, level + 1, memo, is_first)") == 1
