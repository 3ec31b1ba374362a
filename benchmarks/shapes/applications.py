"""Lines of policies as applications of many kinds have them: shops, clinics, wikis, builds."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import functools
import types
import typing as t
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from .everyday import of_actors, sized
from .shape import Question, Shape, World, data, plain, slotted
from .values import condition

_SIZES = (10, 100)
_DAY = datetime.timedelta(days=1)
_NOW = datetime.datetime(2024, 5, 1, 12)


@dataclasses.dataclass(frozen=True)
class _Seat:
    row: int
    number: int


class _Staff(t.NamedTuple):
    name: str
    grade: int
    wards: tuple[str, ...] = ()


@dataclasses.dataclass(slots=True)
class _Key:
    owner: str
    scopes: frozenset[str]


class _Tier(enum.StrEnum):
    FREE = "free"
    PAID = "paid"


class _Stage(enum.Enum):
    DRAFT = "draft"
    REVIEW = "review"
    LIVE = "live"


class _Computing:
    """What records with computed attributes derive from."""

    lines: t.Any
    owner: t.Any
    reads: t.Any

    @functools.cached_property
    def total(self) -> int:
        return sum(self.lines)

    @property
    def is_heavy(self) -> bool:
        return bool(sum(self.lines) > 10)

    @classmethod
    def limit(cls) -> int:
        return 10

    def readers(self) -> t.Iterator[str]:
        yield from self.reads

    def reader_map(self) -> dict[str, int]:
        return dict[str, int](self.reads)


def _rules(
    name: str,
    text: str,
    classes: Sequence[type],
    make: Callable[..., Sequence[Question]],
    by_hand: Callable[[t.Any, str, t.Any], t.Any],
    *,
    sizes: tuple[int, ...] = (1,),
    constants: Mapping[str, t.Any] | None = None,
) -> Shape:
    """Make the shape of some rules.

    :param make: gives the questions about a world of a size.
    """

    def world(size: int) -> World:
        def may(actor: t.Any, action: str, resource: t.Any) -> bool:
            return bool(by_hand(actor, action, resource))

        return World(text, classes, make(size), may, constants or {})

    return Shape(name, world, sizes)


_PERSON, _PAGE = plain("Person", "name", "team", "level"), plain("Page", "author", "space", "level")
_TEAM, _SPACE = plain("Team", "name", "lead", "parent"), plain("Space", "name", "members", "kind")
_MEMO = plain("Memo", "author", "space", "level", bases=(_PAGE,))
_ROBOT, _CARD = slotted("Robot", "name", "team"), data("Card", "author", "pinned", "due")


def _pages(size: int) -> list[Question]:
    ana, ben = _PERSON("ana", "red", 5), _PERSON("ben", "blue", 1)
    space = _SPACE("s", {f"p{each}": "reader" for each in range(size)} | {"ana": "editor"}, "open")
    page = _PAGE(ana, space, 3)
    return [(user, action, page) for user in (ana, ben) for action in ("read", "edit", "move")]


def _helpers(_size: int) -> list[Question]:
    ana, ben = _PERSON("ana", "red", 5), _PERSON("ben", "blue", 1)
    return [(user, "read", _PAGE(ana, None, level)) for user in (ana, ben) for level in (2, 9)]


def _teams(size: int) -> list[Question]:
    ana, ben = _PERSON("ana"), _PERSON("ben")
    team = _TEAM("top", ana)
    for number in range(size):
        team = _TEAM(f"t{number}", None, team)
    return [(user, "read", _SPACE("s", team)) for user in (ana, ben)]


def _led(user: t.Any, team: t.Any) -> bool:
    while team is not None:
        if team.lead is user:
            return True
        team = team.parent
    return False


def _memos(_size: int) -> list[Question]:
    ana, ben = _PERSON("ana", "red", 5), _PERSON("ben", "blue", 1)
    memo, page = _MEMO(ana, "red", 1), _PAGE(ana, "red", 1)
    return [(user, "read", each) for user in (ana, ben) for each in (memo, page)]


def _robots(_size: int) -> list[Question]:
    actors = [_PERSON("ana", "red", 5), _PERSON("ben", "blue", 1), _ROBOT("r", "red")]
    return [(actor, "read", _PAGE(None, "red", 1)) for actor in actors]


def _members(size: int) -> list[Question]:
    members = [{"id": f"p{each}", "role": "reader"} for each in range(size)]
    space = _SPACE("s", [*members, {"id": "ana", "role": "editor"}])
    return [(_PERSON(name), "edit", _PAGE(None, space)) for name in ("ana", "ben")]


_IMPLIED = {"read": {"read", "edit", "own"}, "edit": {"edit", "own"}, "move": {"own"}}

SHAPES = (
    of_actors(
        "a `NamedTuple` as actor, `in` its tuple",
        'allow(staff: _Staff, "read", doc: Doc) if doc.owner in staff.wards;',
        [_Staff("ana", 3, ("ana", "east")), _Staff("ben", 1, ("west",))],
        lambda staff, doc: doc.owner in staff.wards,
        _Staff,
    ),
    of_actors(
        "a dataclass with slots as actor, a frozenset of scopes",
        'allow(key: _Key, "read", doc: Doc) if "read" in key.scopes and doc.owner = key.owner;',
        [_Key("ana", frozenset({"read", "edit"})), _Key("ana", frozenset({"edit"}))],
        lambda key, doc: "read" in key.scopes and doc.owner == key.owner,
        _Key,
    ),
    of_actors(
        "a namespace as actor",
        'allow(_: SimpleNamespace{role: "admin"}, "read", _: Doc);'
        'allow(user: SimpleNamespace, "read", doc: Doc) if doc.owner = user.name;',
        [types.SimpleNamespace(name=name, role="user") for name in ("ana", "cyd")],
        lambda user, doc: user.role == "admin" or doc.owner == user.name,
        types.SimpleNamespace,
    ),
    of_actors(
        "a mapping proxy's claims, as the fields of a dictionary",
        'allow(claims: Dictionary, "read", doc: Doc) if claims.sub = doc.owner and'
        ' claims.realm.role = "clerk";',
        [{"sub": name, "realm": {"role": "clerk", "no": 1}, "exp": 5} for name in ("ana", "cyd")],
        lambda claims, doc: claims["sub"] == doc.owner and claims["realm"]["role"] == "clerk",
    ),
    condition(
        "a cached property, `<`",
        "doc.total < user.most",
        lambda user, doc: doc.total < user.most,
        users=({"most": 10},),
        docs=({"lines": [1, 2]}, {"lines": [10, 20]}),
        bases=(_Computing,),
    ),
    condition(
        "a property after a plain attribute",
        "doc.owner = user.name and doc.is_heavy",
        lambda user, doc: doc.owner == user.name and doc.is_heavy,
        users=({"name": "ana"}, {"name": "ben"}),
        docs=({"owner": "ana", "lines": [5, 6]},),
        bases=(_Computing,),
    ),
    condition(
        "`not` of a property",
        "doc.owner = user.name and not doc.is_heavy",
        lambda user, doc: doc.owner == user.name and not doc.is_heavy,
        users=({"name": "ana"}, {"name": "ben"}),
        docs=({"owner": "ana", "lines": [5]},),
        bases=(_Computing,),
    ),
    condition(
        "a class method of the document, `<=`",
        "user.level <= doc.limit()",
        lambda user, doc: user.level <= doc.limit(),
        users=({"level": 3}, {"level": 30}),
        docs=({"lines": ()},),
        bases=(_Computing,),
    ),
    condition(
        "a string enum, `=` a text",
        'user.tier = "paid"',
        lambda user, doc: user.tier == "paid",
        users=({"tier": _Tier.PAID}, {"tier": _Tier.FREE}),
        docs=({"n": 1},),
    ),
    condition(
        "an enum `in` members of the program",
        "doc.stage in [Stage.REVIEW, Stage.LIVE]",
        lambda user, doc: doc.stage in (_Stage.REVIEW, _Stage.LIVE),
        docs=({"stage": _Stage.LIVE}, {"stage": _Stage.DRAFT}),
        constants={"Stage": _Stage},
    ),
    condition(
        "a text enum `in` texts",
        'user.tier in ["paid", "trial"]',
        lambda user, doc: user.tier in ("paid", "trial"),
        users=({"tier": _Tier.PAID}, {"tier": _Tier.FREE}),
        docs=({"n": 1},),
    ),
    condition(
        "an enum's value `in` texts",
        'doc.stage.value in ["review", "live"]',
        lambda user, doc: doc.stage.value in ("review", "live"),
        docs=({"stage": _Stage.LIVE}, {"stage": _Stage.DRAFT}),
    ),
    condition(
        "an optional relation, `!= nil` and its attribute",
        "doc.parent != nil and doc.parent.author = user.name",
        lambda user, doc: doc.parent is not None and doc.parent.author == user.name,
        users=({"name": "ana"},),
        docs=({"parent": _CARD("ana")}, {"parent": None}),
    ),
    condition(
        "a relation equal to `nil`, or one's own",
        "doc.locked_by = nil or doc.locked_by = user",
        lambda user, doc: doc.locked_by is None or doc.locked_by is user,
        users=({"name": "ana"},),
        docs=({"locked_by": None}, {"locked_by": _CARD("ana")}),
    ),
    condition(
        "two dates, a window",
        "doc.opens <= user.today and user.today < doc.closes",
        lambda user, doc: doc.opens <= user.today and user.today < doc.closes,
        users=({"today": datetime.date(2024, 5, 1)}, {"today": datetime.date(2025, 5, 1)}),
        docs=({"opens": datetime.date(2024, 1, 1), "closes": datetime.date(2024, 12, 31)},),
    ),
    condition(
        "a timedelta, `<` a constant",
        "doc.age < Week",
        lambda user, doc: doc.age < 7 * _DAY,
        docs=({"age": _DAY}, {"age": 9 * _DAY}),
        constants={"Week": 7 * _DAY},
    ),
    condition(
        "the hour of a datetime",
        "doc.at.hour >= 9 and doc.at.hour < 17",
        lambda user, doc: doc.at.hour >= 9 and doc.at.hour < 17,
        docs=({"at": _NOW}, {"at": _NOW.replace(hour=3)}),
    ),
    condition(
        "decimals between two limits",
        "0 <= doc.used and doc.used <= user.quota",
        lambda user, doc: doc.used >= 0 and doc.used <= user.quota,
        users=({"quota": Decimal("10.5")},),
        docs=({"used": Decimal("1.5")}, {"used": Decimal("11")}),
    ),
    condition(
        "integers, a quota of parts",
        "doc.used * 100 / user.quota < 80",
        lambda user, doc: doc.used * 100 / user.quota < 80,
        users=({"quota": 50},),
        docs=({"used": 10}, {"used": 49}),
    ),
    condition(
        "a permission text, `split` and `[kind, verb]`",
        '[kind, verb] = user.scope.split(":") and kind = doc.kind and verb = "read"',
        lambda user, doc: user.scope.split(":") == [doc.kind, "read"],
        users=({"scope": "doc:read"}, {"scope": "page:read"}),
        docs=({"kind": "doc"},),
    ),
    condition(
        "`strip`, then `=`",
        "doc.label.strip() = user.name",
        lambda user, doc: doc.label.strip() == user.name,
        users=({"name": "ana"}, {"name": "ben"}),
        docs=({"label": " ana "},),
    ),
    condition(
        "`replace`, then `startswith`",
        'doc.path.replace("//", "/").startswith(user.home)',
        lambda user, doc: doc.path.replace("//", "/").startswith(user.home),
        users=({"home": "/home/ana"}, {"home": "/home/ben"}),
        docs=({"path": "/home//ana/x"},),
    ),
    condition(
        "a counter's entry",
        'doc.votes.get("yes") > doc.votes.get("no")',
        lambda user, doc: doc.votes["yes"] > doc.votes["no"],
        docs=[{"votes": collections.Counter(yes=n, no=2)} for n in (3, 1)],
    ),
    condition(
        "a list in nested dictionaries",
        "user.name in doc.meta.acl.read",
        lambda user, doc: user.name in doc.meta["acl"]["read"],
        users=({"name": "ana"}, {"name": "ben"}),
        docs=({"meta": {"acl": {"read": ["ana", "cyd"], "edit": []}, "title": "x"}},),
    ),
    condition(
        "a table of the program, looked up by an attribute",
        "Levels.get(user.rank) >= doc.level",
        lambda user, doc: {"chief": 5, "clerk": 1}.get(user.rank) >= doc.level,
        users=({"rank": "chief"}, {"rank": "clerk"}),
        docs=({"level": 3},),
        constants={"Levels": {"chief": 5, "clerk": 1}},
    ),
    sized(
        "a tuple `in` a list of tuples",
        "user.id in doc.items",
        lambda size: [(each, "edit") for each in range(size)],
        lambda user, doc: user.id in doc.items,
        user=lambda size: (size - 1, "edit"),
    ),
    sized(
        "a frozen dataclass `in` a list of them",
        "user.id in doc.items",
        lambda size: [_Seat(each, 1) for each in range(size)],
        lambda user, doc: user.id in doc.items,
        user=lambda size: _Seat(size - 1, 1),
    ),
    sized(
        "named tuples in a list",
        "staff in doc.items and staff.name = user.id and staff.grade > 2",
        lambda size: [_Staff(f"s{each}", 3) for each in range(size)],
        lambda user, doc: any(s.name == user.id and s.grade > 2 for s in doc.items),
        user=lambda size: f"s{size - 1}",
    ),
    sized(
        "a role in a dictionary by id, `get`",
        'doc.items.get(user.id) = "editor"',
        lambda size: {f"u{each}": "editor" for each in range(size)},
        lambda user, doc: doc.items.get(user.id) == "editor",
        user=lambda size: f"u{size - 1}",
    ),
    sized(
        "the entries of a dictionary of lists",
        "[_, ids] in doc.items and user.id in ids",
        lambda size: {f"g{each}": [each] for each in range(size)},
        lambda user, doc: any(user.id in ids for ids in doc.items.values()),
    ),
    sized(
        "`in` a generator's texts",
        "user.id in doc.readers()",
        lambda size: [f"u{each}" for each in range(size)],
        lambda user, doc: user.id in doc.readers(),
        field="reads",
        bases=(_Computing,),
        user=lambda size: f"u{size - 1}",
    ),
    sized(
        "`in` the keys of a method's dictionary",
        "user.id in doc.reader_map().keys()",
        lambda size: {f"u{each}": each for each in range(size)},
        lambda user, doc: user.id in doc.reader_map(),
        field="reads",
        bases=(_Computing,),
        user=lambda size: f"u{size - 1}",
    ),
    sized(
        "`forall` over objects, an `or`",
        "forall(item in doc.items, item.pinned or item.due <= user.id)",
        lambda size: [_CARD("ana", False, each) for each in range(size)],
        lambda user, doc: all(c.pinned or c.due <= user.id for c in doc.items),
    ),
    sized(
        "`not` of a helper over a list",
        "not blocked(user, doc)",
        lambda size: [_CARD(each, False, each) for each in range(size - 1)],
        lambda user, doc: user.id >= 0 and not any(c.author == user.id for c in doc.items),
        rules="blocked(user: User, _: Doc) if user.id < 0;"
        "blocked(user: User, doc: Doc) if card in doc.items and card.author = user.id;",
    ),
    _rules(
        "roles in a dictionary by name",
        """
        allow(person: Person, "read", page: Page) if
          page.space.members.get(person.name) in ["reader", "editor"];
        allow(person: Person, "edit", page: Page) if
          page.space.members.get(person.name) = "editor";
        """,
        (_PERSON, _PAGE, _SPACE),
        _pages,
        lambda p, action, page: (
            page.space.members.get(p.name) in ("reader", "editor")
            if action == "read"
            else action == "edit" and page.space.members.get(p.name) == "editor"
        ),
        sizes=_SIZES,
    ),
    _rules(
        "a hierarchy of actions, `implies`",
        """
        allow(person: Person, action: String, page: Page) if
          implies(held, action) and holds(person, held, page);
        implies(action, action);
        implies("own", "edit"); implies("own", "read"); implies("own", "move");
        implies("edit", "read");
        holds(person: Person, "own", page: Page) if page.author = person;
        holds(person: Person, "read", page: Page) if page.level < person.level;
        """,
        (_PERSON, _PAGE),
        _pages,
        lambda p, action, page: (
            (page.author is p and action in ("own", "edit", "read", "move"))
            or (action == "read" and page.level < p.level)
        ),
    ),
    _rules(
        "`action in [...]` and a wildcard for authors",
        """
        allow(person: Person, action, page: Page) if
          action in ["read", "list"] and page.level < person.level;
        allow(person: Person, _, page: Page) if page.author = person;
        """,
        (_PERSON, _PAGE),
        _pages,
        lambda p, action, page: (
            page.author is p or (action in ("read", "list") and page.level < p.level)
        ),
    ),
    _rules(
        "helpers three deep, a denial by `not`",
        """
        allow(person: Person, "read", page: Page) if
          may_see(person, page) and not is_barred(person, page);
        may_see(person: Person, page: Page) if is_near(person, page);
        is_near(person: Person, page: Page) if shares_team(person, page.author);
        is_near(person: Person, page: Page) if page.author = person;
        shares_team(one: Person, other: Person) if one.team = other.team;
        is_barred(person: Person, page: Page) if person.level < page.level;
        """,
        (_PERSON, _PAGE),
        _helpers,
        lambda p, action, page: (
            action == "read"
            and (p.team == page.author.team or page.author is p)
            and not p.level < page.level
        ),
    ),
    _rules(
        "a ban that ends the search",
        """
        allow(person: Person, "read", page: Page) if page.level > 5 and cut and person.level > 9;
        allow(person: Person, "read", page: Page) if page.author.team = person.team;
        """,
        (_PERSON, _PAGE),
        _helpers,
        lambda p, action, page: (
            action == "read" and (p.level > 9 if page.level > 5 else page.author.team == p.team)
        ),
    ),
    _rules(
        "leads of teams, recursion from an attribute",
        """
        allow(person: Person, "read", space: Space) if leads(person, space.members);
        leads(person: Person, team: Team) if team.lead = person;
        leads(person: Person, team: Team) if leads(person, team.parent);
        """,
        (_PERSON, _SPACE, _TEAM),
        _teams,
        lambda p, action, space: action == "read" and _led(p, space.members),
        sizes=_SIZES,
    ),
    _rules(
        "rules for a class and for one derived from it",
        """
        allow(person: Person, "read", page: Page) if page.author = person;
        allow(person: Person, "read", memo: Memo) if memo.space = person.team;
        allow(person: Person, "read", memo: Memo) if memo.level < person.level;
        """,
        (_PERSON, _PAGE, _MEMO),
        _memos,
        lambda p, action, page: (
            page.author is p
            or (isinstance(page, _MEMO) and (page.space == p.team or page.level < p.level))
        ),
    ),
    _rules(
        "people and robots, a helper by class",
        """
        actor Person {} actor Robot {}
        resource Page {}
        allow(actor: Actor, "read", page: Page) if team_of(actor, page.space);
        team_of(person: Person, team) if person.team = team and person.level > 0;
        team_of(robot: Robot, team) if robot.team = team;
        """,
        (_PERSON, _ROBOT, _PAGE),
        _robots,
        lambda a, action, page: (
            action == "read" and a.team == page.space and (isinstance(a, _ROBOT) or a.level > 0)
        ),
    ),
    _rules(
        "members as dictionaries in a list, `matches`",
        """
        allow(person: Person, "edit", page: Page) if
          member in page.space.members and member matches {id: person.name, role: "editor"};
        """,
        (_PERSON, _PAGE, _SPACE),
        _members,
        lambda p, action, page: any(
            m["id"] == p.name and m["role"] == "editor" for m in page.space.members
        ),
        sizes=_SIZES,
    ),
)
