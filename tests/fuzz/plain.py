"""Policies about plain objects, as applications write them, and worlds of such objects.

Nothing of Python runs when these objects are read, so rules about them become one function
each. Some worlds have something in them that is not as plain: a missing attribute, a
number among objects, a property, an object that says it is equal to all.
"""

from __future__ import annotations

import enum
import itertools
import math
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.support.models.people import Folder, Thing, User

from .choices import Choices


@dataclass
class Robot:
    """Who asks, too. Two are equal if all is that they have."""

    name: t.Any
    level: t.Any
    flag: t.Any
    team: t.Any
    boss: t.Any = None
    roles: t.Any = None


@dataclass
class Team:
    """What users are in. Two of one name with the same members are equal."""

    name: t.Any
    members: t.Any


class Drawer(Folder):
    """A folder of a class of its own."""


class Grant(Thing):
    """Who has which role on what. Not registered."""


class Watched(User):
    """A user of a class that is not registered, whose name is another one each time.

    :param counter: how often a name was asked for: one for all of these in a world.
    """

    def __init__(self, counter: list[int], **attributes: t.Any) -> None:
        super().__init__(**{key: value for key, value in attributes.items() if key != "name"})
        self._counter = counter

    @property
    def name(self) -> str:
        """A computed attribute."""
        self._counter[0] += 1
        return _NAMES[self._counter[0] % len(_NAMES)]


class Slow(Folder):
    """A folder that reads its attributes as it likes."""

    def __getattribute__(self, name: str) -> t.Any:
        if name in ("flag", "missing"):
            return True
        return super().__getattribute__(name)


class Listed(list[t.Any]):
    """A list of a class of its own, as SQLAlchemy has them."""


class Alike:
    """An object that is equal to all others."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


class Kind(enum.Enum):
    """What a folder may be."""

    A = "a"
    B = "b"


class Label(str, enum.Enum):  # noqa: UP042 - as programs for Python 3.10 have it
    """A text that a program names."""

    VIEWER = "viewer"
    READ = "read"
    FIRST = "a"


class Odd(int):
    """An integer that is equal to all others."""

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        return True


_NOON = datetime(2027, 4, 5, 12)
CLASSES = (User, Robot, Team, Folder, Drawer)
ACTIONS = ("read", "write", "fly", "a", "b")
_NAMES = ("ann", "bob", "viewer", "editor", "read", "a")
_ROLES = ("viewer", "editor")
_CONDITIONS = (
    "f.owner = u",
    "u = f.owner",
    "f.owner.name = u.name",
    "u.level >= f.level",
    "f.level < 3",
    "f.level = 2",
    "f.level != u.level",
    "f.flag",
    "f.flag = true",
    "u.flag = f.flag",
    'u.name in ["ann", "bob"]',
    'u.name = "ann"',
    'f.name == "a"',
    "u.name < f.name",
    "f.name = u.name",
    "f.team = u.team",
    "(t = f.team and t = u.team)",
    "f.team matches Team",
    "f.parent matches Folder",
    "f.parent = nil",
    "u.boss matches User",
    "u.boss.team = f.team",
    "(g in f.grants and g.user = u)",
    '(g in f.grants and g.user = u and g.name = "viewer")',
    '(g in u.roles and g.name in ["viewer", "a"] and g.resource = f)',
    "(g in u.roles and g.resource = f.team)",
    "(m in f.team.members and m = u)",
    "u in f.team.members",
    '"a" in f.tags',
    "(x in f.tags and x = u.name)",
    "(x in f.tags and y in f.tags and x = y)",
    "not f.flag",
    "not f.owner = u",
    "not (g in f.grants and g.user = u)",
    "not helper(u, f)",
    "forall(g in f.grants, g.user = u)",
    "helper(u, f)",
    "helper(u, f.parent)",
    "(p = f.parent and helper(u, p))",
    'has_role(u, "viewer", f)',
    'has_role(u, "editor", f.team)',
    '(has_relation(p, "parent", f) and has_role(u, "editor", p))',
    "is_boss(u, f.owner)",
    "is_boss(f.owner, u)",
    '(implies(h, "viewer") and has_role(u, h, f))',
    "(implies(h, f.name) and u.name = h)",
    "(implies(u.name, h) and h = f.name)",
    "(same(x, u) and f.owner = x)",
    "(same(x, y) and x = u and y = f.owner)",
    "(typed(x, f.owner) and x = u)",
    "(graded(x, u.level) and f.name = x)",
    "(f.flag or u.flag)",
    '(f.owner = u or f.name = "a")',
    "f.missing = 1",
    "u matches User{level: 2}",
    'f matches Folder{name: "a", flag: true}',
    "f.owner matches User{flag: true}",
    "f.tags = u.roles",
    "f.parent != nil",
    "u.boss == nil",
    "not f.team = nil",
    "f.owner == u",
    "f.owner != u",
    "u.name != f.name",
    'f.name != "a"',
    "f.flag == true",
    "f.level < 2.5",
    "u.level + 1 >= f.level",
    "u.level * f.level mod 2 = 1",
    "f.level = 1.0",
    "f.level in [1, 2]",
    'f.name in ["a", 1, true]',
    'u.name.startswith("a")',
    "u.name.lower() = f.name",
    'u.name in f.name.split("i")',
    'f.meta.name = "a"',
    "f.meta.name = u.name",
    "u.name in f.meta.keys()",
    "f.meta.get(u.name) = 1",
    "f.meta matches {name: u}",
    "(n = f.name and g in f.grants and g matches {name: n, user: u})",
    "f.expires > u.joined",
    "f.expires != u.joined",
    "f.price < u.limit",
    "f.price = u.limit",
    "f.kind = u.kind",
    'f.kind.value = "a"',
    "u.name in f.names",
    "forall(x in f.names, x in f.tags)",
)
_ALLOW = (
    "allow(u: User, action, f) if has_permission(u, action, f);",
    "allow(u, action, f: Folder) if has_permission(u, action, f);",
    "allow(u: Actor, action, f: Resource) if has_permission(u, action, f);",
    "allow(u, action, f) if has_permission(u, action, f);",
    "allow(u: User, action: String, f: Folder) if u.level = 3 and has_permission(u, action, f);",
)
_ROLE = (
    "has_role(u: User, name: String, f: Resource) if g in u.roles and g.name = name and"
    " g.resource = f;",
    "has_role(u: Actor, name: String, f: Folder) if g in f.grants and g.user = u and"
    " g.name = name;",
    "has_role(u: User, name: String, t: Team) if u in t.members and u.name = name;",
    'has_role(u: User, "editor", f: Folder) if f.owner = u;',
    'has_role(u: User, "viewer", t: Team) if t = u.team;',
    "has_role(u: User, name: String, f: Folder) if f.name = name and f.owner = u;",
    "has_role(u: User, name: String, f: Folder) if f.name = name and u.name = name;",
    "has_role(u: User, name: String, f: Folder) if name = f.name and name in f.tags;",
    'has_role(_: Robot, "viewer", f: Folder) if f = f;',
)
_LINES = (
    '"read" if "viewer";',
    '"write" if "editor";',
    '"viewer" if "editor";',
    '"viewer" if "viewer" on "parent";',
    '"editor" if "editor" on "parent";',
    '"viewer" if "editor" on "team";',
    '"editor" if "viewer" on "team";',
    '"editor" if "viewer";',
    '"viewer" if "editor" on "parent";',
    '"read" if "write";',
    '"write" if "read" on "parent";',
)
#: Roles of which one is inherited further than another: to take them for one is wrong.
_UNEQUAL = (
    ('"viewer" if "viewer" on "parent";', '"read" if "viewer";', '"read" if "editor" on "parent";'),
    (
        '"editor" if "editor" on "parent";',
        '"write" if "editor";',
        '"write" if "viewer" on "parent";',
    ),
    (
        '"viewer" if "viewer" on "parent";',
        '"viewer" if "editor" on "parent";',
        '"read" if "viewer";',
    ),
    ('"read" if "read" on "parent";', '"read" if "viewer";', '"read" if "editor" on "parent";'),
)
#: What a folder inherits through; a plain parent is the most frequent.
_PARENTS = (
    *(["p = f.parent"] * 6),
    "not f.flag and p = f.parent",
    'not f.name = "a" and p = f.parent',
    "not f.parent = nil and p = f.parent",
    "not (f.flag or f.level = 2) and p = f.parent",
    'f.name != "a" and p = f.parent',
    "p = f.parent and p.level < 3",
    "p = f.parent and not p.flag",
    'p = f.parent and not p.name = "a"',
    "p = f.parent and not (p.flag or p.level = 2)",
    "p = f.parent and not p.owner = nil and p.flag",
    "p = f.parent and f.level >= p.level",
    "p = f.parent and not closed(p)",
    "not closed(f) and p = f.parent",
)
_HELPERS = (
    'implies(x, x); implies("editor", "viewer"); implies("a", "viewer"); implies("ann", "a");',
    'same(x, x); typed(x: User, x: Actor); typed(_: Robot, "a"); graded("a", 1); graded("b", 2);',
    "closed(f: Folder) if f.flag and not f.level = 1;",
    "closed(_: Drawer) if false;",
    "is_boss(a: User, b: User) if b.boss = a;",
    "is_boss(a: User, b: User) if c = b.boss and is_boss(a, c);",
)


def make_policy(choices: Choices) -> str:
    """Make the text of a policy; most load."""
    lines = [choices.pick(_ALLOW)]
    lines += [_clause(choices, "allow", True) for _ in choices.some(3)]
    lines.append('has_permission(_: Robot, "b", _: Folder);')
    if choices.flag():
        lines.append(_clause(choices, "has_permission", True))
    lines += [_clause(choices, "helper", False) for _ in range(1 + choices.number(2))]
    lines += ["helper(_, _) if false;", *_HELPERS]
    lines += [choices.pick(_ROLE) for _ in range(1 + choices.number(3))]
    return "\n".join([*_blocks(choices), *lines])


def _blocks(choices: Choices) -> list[str]:
    inside = dict.fromkeys(choices.pick(_LINES) for _ in range(1 + choices.number(5)))
    if choices.number(3) == 0:
        unequal = choices.pick(_UNEQUAL)
        inside = dict.fromkeys((*unequal, *(inside if choices.flag() else ())))
    team = '"viewer" if "editor";' if choices.flag() else ""
    return [
        "actor User {} actor Robot {}",
        'resource Folder { permissions = ["read", "write", "a", "b"];',
        'roles = ["viewer", "editor"];',
        f"relations = {{ parent: Folder, team: Team }}; {' '.join(inside)} }}",
        f'resource Team {{ permissions = ["read"]; roles = ["viewer", "editor"]; {team} }}',
        f'has_relation(p: Folder, "parent", f: Folder) if {choices.pick(_PARENTS)};',
        'has_relation(t: Team, "team", f: Folder) if f.team = t;',
    ]


def _clause(choices: Choices, name: str, has_action: bool) -> str:
    action = choices.pick(('"read", ', '"write", ', '"a", ', '"b", ')) if has_action else ""
    user = choices.pick(("u: User", "u: User", "u: Robot", "u: Actor"))
    folder = choices.pick(("f: Folder", "f: Folder", "f: Folder", "f: Resource", "f: Drawer"))
    if choices.number(4) == 0:
        folder = choices.pick(
            ('f: Folder{name: "a"}', "f: Folder{flag: true}", "f: Drawer{level: 1}")
        )
    if name != "has_permission":
        user, folder = choices.pick((user, user, "u")), choices.pick((folder, folder, "f"))
    goals = [choices.pick(_CONDITIONS) for _ in range(1 + choices.number(3))]
    return f"{name}({user}, {action}{folder}) if u = u and f = f and {' and '.join(goals)};"


@dataclass
class World:
    """Those who ask, what they ask about, and how often names were computed."""

    actors: list[t.Any] = field(default_factory=list)
    resources: list[t.Any] = field(default_factory=list)
    counter: list[int] = field(default_factory=lambda: [0])


def make_world(choices: Choices) -> World:
    """Make a world."""
    world = World()
    teams = [Team(name=choices.pick(_NAMES), members=[]) for _ in range(2)]
    users: list[t.Any] = [_user(choices, cls, teams) for cls in (User, User, User, Robot)]
    for user in users:
        user.boss = choices.pick([None, None, *users])
    folders: list[t.Any] = []
    for cls in (Folder, Folder, Folder, Drawer):
        folders.append(_folder(choices, cls, folders, users, teams))
    for user in users:
        things = [*folders, *teams]
        user.roles = [
            Grant(name=choices.pick(_ROLES), resource=choices.pick(things), user=user)
            for _ in choices.some(3)
        ]
    if choices.flag():
        # Roles that are inherited need levels to be inherited through.
        for below, above in itertools.pairwise(folders):
            below.parent = above
        folders[-1].parent = None
    if choices.number(6) == 0:
        folders[choices.number(3)].parent = folders[-1]
    grants = [grant for user in users for grant in user.roles]
    grants += [grant for folder in folders for grant in folder.grants]
    if choices.flag():
        for _ in choices.some(6):
            _spoil(choices, [*users, *teams, *folders, *folders, *grants, *grants], world)
    watched = Watched(world.counter, **vars(users[0]))
    odd: list[t.Any] = [watched, Slow(**vars(folders[0])), "a", Alike()]
    world.actors = [*users, choices.pick(odd)]
    world.resources = [*folders, *teams, choices.pick(odd)]
    return world


def _user(choices: Choices, cls: type[t.Any], teams: Sequence[Team]) -> t.Any:
    user = cls(
        name=choices.pick(_NAMES),
        level=choices.number(4),
        flag=choices.flag(),
        team=choices.pick([None, *teams]),
    )
    if cls is User:
        user.joined, user.limit = _NOON, Decimal(choices.number(3))
        user.kind = choices.pick([*Kind])
    for team in teams:
        if choices.flag():
            team.members.append(user)
    return user


def _folder(
    choices: Choices,
    cls: type[Thing],
    folders: Sequence[t.Any],
    users: Sequence[t.Any],
    teams: Sequence[Team],
) -> Thing:
    return cls(
        name=choices.pick(_NAMES),
        level=choices.number(4),
        flag=choices.flag(),
        owner=choices.pick(users),
        team=choices.pick([None, *teams, *teams]),
        parent=choices.pick([None, *folders, *folders]),
        tags=[choices.pick(_NAMES) for _ in choices.some(2)],
        grants=[
            Grant(name=choices.pick(_ROLES), user=choices.pick(users)) for _ in choices.some(2)
        ],
        meta={"name": choices.pick(_NAMES), choices.pick(_NAMES): 1, "tags": ["a", 1]},
        expires=_NOON + timedelta(choices.number(3) - 1),
        price=Decimal(choices.number(3)),
        kind=choices.pick([*Kind]),
        names=choices.pick([tuple, set, frozenset])([choices.pick(_NAMES) for _ in range(2)]),
    )


def _spoil(choices: Choices, things: list[t.Any], world: World) -> None:
    """Put something into a world that is not as plain, or take something away."""
    thing = choices.pick(things)
    name = choices.pick(sorted(vars(thing)) or ["name"])
    other = choices.pick(things)
    watched = Watched(world.counter, **vars(other))
    values = [
        None, 2, True, 1.5, "a", "viewer", [], (), {}, ["a"], [None], [2, "a"], float("nan"),
        t, thing, [thing], other, [other, thing], "\ud800", 2**70, lambda: None, User,
        Alike(), Alike(), [Alike()], [Alike(), other], watched, [watched], [watched, other],
        Slow(**vars(other)), Listed([other, thing, "a", math]), (other, thing), {"a", "viewer"},
        Decimal(1), Decimal("nan"), Decimal("snan"), _NOON, _NOON.replace(tzinfo=UTC), Kind.A,
        frozenset({"a", 1}), {"name": "a"}, {"name": {1: 2}}, {(1,): 2, "name": "a"}, b"a", 1.0,
        {"name": 2**70}, {"name": Alike()}, (Alike(),), {"a": 1}.keys(), Odd(1), [True], (1.0,),
        Label.VIEWER, Label.READ, Label.FIRST, [Label.VIEWER], [Label.FIRST, "viewer"],
    ]  # fmt: skip
    if type(vars(thing).get(name)) is list:
        kind = choices.pick((list, Listed, tuple))
        vars(thing)[name] = kind([*vars(thing)[name], *choices.pick(([], [], [other], [t]))])
    elif choices.number(6) == 0:
        vars(thing).pop(name, None)
    else:
        vars(thing)[name] = choices.pick(values)
