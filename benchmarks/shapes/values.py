"""Conditions on attributes: comparisons of each kind of value, arithmetic, calls."""

from __future__ import annotations

import datetime
import enum
import typing as t
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from .shape import Shape, World, plain

_Check = Callable[[t.Any, t.Any], t.Any]


class Status(enum.Enum):
    OPEN = 1
    CLOSED = 2


class Phase(enum.StrEnum):
    """A text enum; the policy knows its first member as a constant."""

    OPEN = "open"
    CLOSED = "closed"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 5


def condition(
    name: str,
    text: str,
    by_hand: _Check,
    *,
    users: Sequence[Mapping[str, t.Any]] = ({},),
    docs: Sequence[Mapping[str, t.Any]],
    constants: Mapping[str, t.Any] | None = None,
    bases: tuple[type, ...] = (),
) -> Shape:
    """Make the shape of one condition: ``allow(user, "read", doc) if`` the condition.

    :param users: the attributes of those who ask.
    :param docs: the attributes of what they ask about.
    :param bases: the classes that the class of documents derives from.
    """

    def make(_size: int) -> World:
        user_cls = plain("User", *{each: None for user in users for each in user})
        doc_cls = plain("Doc", *{each: None for doc in docs for each in doc}, bases=bases)
        actors = [user_cls(**user) for user in users]
        resources = [doc_cls(**doc) for doc in docs]

        def may(user: t.Any, action: str, doc: t.Any) -> bool:
            return action == "read" and bool(by_hand(user, doc))

        return World(
            f'allow({_parameter("user", text)}, "read", {_parameter("doc", text)}) if {text};',
            (user_cls, doc_cls),
            [(user, "read", doc) for user in actors for doc in resources],
            may,
            constants or {},
        )

    return Shape(name, make)


def _parameter(name: str, text: str) -> str:
    """Give a parameter, which is named only if the condition names it."""
    return f"{name if name in text else '_'}: {name.title()}"


class _Readable:
    """What documents with methods derive from."""

    owner: t.Any
    size: t.Any

    def is_owned_by(self, user: t.Any) -> bool:
        return bool(self.owner == user.name)

    def is_open_to(self, user: t.Any, action: str) -> bool:
        return bool(action == "read" and self.owner == user.name)

    def size_of(self, user: t.Any) -> int:
        return int(self.size)

    @property
    def is_small(self) -> bool:
        return bool(self.size < 10)

    @staticmethod
    def limit() -> int:
        return 10


class _Cached(_Readable):
    @property
    def label(self) -> str:
        return f"size {self.size}"


_DAY = datetime.timedelta(days=1)
_NOW = datetime.datetime.now()
_KEYS = [uuid.uuid4() for _ in range(2)]


def _facts(_size: int) -> World:
    facts = {("alice", "read", "doc"), ("bob", "edit", "doc")}
    return World(
        'allow("alice", "read", "doc"); allow("bob", "edit", "doc");',
        (),
        [("alice", "read", "doc"), ("bob", "edit", "doc"), ("bob", "read", "doc")],
        lambda actor, action, resource: (actor, action, resource) in facts,
    )


_NUMBERS = ({"size": 5}, {"size": 50})
_TEAMS = [plain("Team", "lead", "org")("ana"), plain("Team", "lead", "org")("ben")]
_ORG = plain("Org", "owner")
_TEAM = plain("Team", "org")

SHAPES = (
    Shape("facts about strings", _facts),
    condition(
        "a boolean attribute",
        "doc.public",
        lambda user, doc: doc.public,
        docs=({"public": True}, {"public": False}),
    ),
    condition(
        "`= true`",
        "doc.public = true",
        lambda user, doc: doc.public is True,
        docs=({"public": True}, {"public": False}),
    ),
    condition(
        "`not` a boolean attribute",
        "not doc.archived",
        lambda user, doc: not doc.archived,
        docs=({"archived": True}, {"archived": False}),
    ),
    condition(
        "owner by id",
        "doc.owner_id = user.id",
        lambda user, doc: doc.owner_id == user.id,
        users=({"id": 1},),
        docs=({"owner_id": 1}, {"owner_id": 2}),
    ),
    condition(
        "owner by `==`",
        "doc.owner_id == user.id",
        lambda user, doc: doc.owner_id == user.id,
        users=({"id": 1},),
        docs=({"owner_id": 1}, {"owner_id": 2}),
    ),
    condition(
        "`!=` of ids",
        "doc.owner_id != user.id",
        lambda user, doc: doc.owner_id != user.id,
        users=({"id": 1},),
        docs=({"owner_id": 1}, {"owner_id": 2}),
    ),
    condition(
        "UUID `=`",
        "doc.owner_id = user.id",
        lambda user, doc: doc.owner_id == user.id,
        users=({"id": _KEYS[0]},),
        docs=({"owner_id": uuid.UUID(str(_KEYS[0]))}, {"owner_id": _KEYS[1]}),
    ),
    condition(
        "`!= nil`",
        "doc.owner != nil",
        lambda user, doc: doc.owner is not None,
        docs=({"owner": object()}, {"owner": None}),
    ),
    condition(
        "`= nil`",
        "doc.deleted_at = nil",
        lambda user, doc: doc.deleted_at is None,
        docs=({"deleted_at": _NOW}, {"deleted_at": None}),
    ),
    condition("int `<`", "doc.size < 10", lambda user, doc: doc.size < 10, docs=_NUMBERS),
    condition(
        "int `>=` of two attributes",
        "user.clearance >= doc.level",
        lambda user, doc: user.clearance >= doc.level,
        users=({"clearance": 3},),
        docs=({"level": 1}, {"level": 5}),
    ),
    condition(
        "float `<`",
        "doc.size < 10.5",
        lambda user, doc: doc.size < 10.5,
        docs=({"size": 1.5}, {"size": 50.5}),
    ),
    condition(
        "decimal `<`",
        "doc.price < user.limit",
        lambda user, doc: doc.price < user.limit,
        users=({"limit": Decimal("9.99")},),
        docs=({"price": Decimal("1.10")}, {"price": Decimal("20.00")}),
    ),
    condition(
        "decimal `<` a number of the policy",
        "doc.price < 10",
        lambda user, doc: doc.price < 10,
        docs=({"price": Decimal("1.10")}, {"price": Decimal("20.00")}),
    ),
    condition(
        "text `<`",
        "doc.name < user.name",
        lambda user, doc: doc.name < user.name,
        users=({"name": "m"},),
        docs=({"name": "a"}, {"name": "z"}),
    ),
    condition(
        "datetime `>` of two attributes",
        "doc.expires > user.now",
        lambda user, doc: doc.expires > user.now,
        users=({"now": _NOW},),
        docs=({"expires": _NOW + _DAY}, {"expires": _NOW - _DAY}),
    ),
    condition(
        "expiry `> Datetime.now()`",
        "doc.expires > Datetime.now()",
        lambda user, doc: doc.expires > datetime.datetime.now(),
        docs=({"expires": _NOW + 999 * _DAY}, {"expires": _NOW - _DAY}),
    ),
    condition(
        "expiry, nil or later than `Datetime.now()`",
        "(doc.expires = nil or doc.expires > Datetime.now())",
        lambda user, doc: doc.expires is None or doc.expires > datetime.datetime.now(),
        docs=({"expires": _NOW + 999 * _DAY}, {"expires": _NOW - _DAY}, {"expires": None}),
    ),
    condition(
        "day, nil or not before `Datetime.now().date()`",
        "(doc.day = nil or doc.day >= Datetime.now().date())",
        lambda user, doc: doc.day is None or doc.day >= datetime.datetime.now().date(),
        docs=(
            {"day": (_NOW + 999 * _DAY).date()},
            {"day": (_NOW - _DAY).date()},
            {"day": None},
        ),
    ),
    condition(
        "day of the week of an attribute",
        "doc.expires.weekday() = user.day",
        lambda user, doc: doc.expires.weekday() == user.day,
        users=({"day": _NOW.weekday()},),
        docs=({"expires": _NOW + 7 * _DAY}, {"expires": _NOW - _DAY}),
    ),
    condition(
        "date `<=` of two attributes",
        "doc.day <= user.day",
        lambda user, doc: doc.day <= user.day,
        users=({"day": _NOW.date()},),
        docs=({"day": (_NOW - _DAY).date()}, {"day": (_NOW + _DAY).date()}),
    ),
    condition(
        "enum `=`",
        "doc.status = Status.OPEN",
        lambda user, doc: doc.status is Status.OPEN,
        docs=({"status": Status.OPEN}, {"status": Status.CLOSED}),
        constants={"Status": Status},
    ),
    condition(
        "a constant of a text enum",
        "doc.phase = OPEN",
        lambda user, doc: doc.phase is Phase.OPEN,
        docs=({"phase": Phase.OPEN}, {"phase": Phase.CLOSED}),
        constants={"OPEN": Phase.OPEN},
    ),
    condition(
        "enum by its name",
        'doc.status.name = "OPEN"',
        lambda user, doc: doc.status.name == "OPEN",
        docs=({"status": Status.OPEN}, {"status": Status.CLOSED}),
    ),
    condition(
        "int enum `>=`",
        "user.level >= doc.level",
        lambda user, doc: user.level >= doc.level,
        users=({"level": Level.HIGH}, {"level": Level.LOW}),
        docs=({"level": Level.LOW}, {"level": Level.HIGH}),
    ),
    condition(
        "arithmetic with a number",
        "doc.size + 10 <= user.quota",
        lambda user, doc: doc.size + 10 <= user.quota,
        users=({"quota": 30},),
        docs=_NUMBERS,
    ),
    condition(
        "arithmetic of attributes",
        "user.used + doc.size * 2 <= user.quota",
        lambda user, doc: user.used + doc.size * 2 <= user.quota,
        users=({"used": 7, "quota": 30},),
        docs=_NUMBERS,
    ),
    condition(
        "nested attributes, two deep",
        "doc.team.lead = user.name",
        lambda user, doc: doc.team.lead == user.name,
        users=({"name": "ana"},),
        docs=({"team": _TEAMS[0]}, {"team": _TEAMS[1]}),
    ),
    condition(
        "nested attributes, three deep",
        "doc.team.org.owner = user.name",
        lambda user, doc: doc.team.org.owner == user.name,
        users=({"name": "ana"},),
        docs=({"team": _TEAM(_ORG("ana"))}, {"team": _TEAM(_ORG("ben"))}),
    ),
    condition(
        "a dictionary's field",
        'doc.meta.kind = "public"',
        lambda user, doc: doc.meta.get("kind") == "public",
        docs=({"meta": {"kind": "public", "n": 1}}, {"meta": {"kind": "secret", "n": 1}}),
    ),
    condition(
        "a dictionary in a dictionary",
        'doc.meta.acl.kind = "public"',
        lambda user, doc: doc.meta["acl"]["kind"] == "public",
        docs=({"meta": {"acl": {"kind": "public"}}}, {"meta": {"acl": {"kind": "secret"}}}),
    ),
    condition(
        "a dictionary's field by a variable",
        'name = user.name and doc.acl.(name) = "w"',
        lambda user, doc: doc.acl.get(user.name) == "w",
        users=({"name": "ana"},),
        docs=({"acl": {"ana": "w", "ben": "r"}}, {"acl": {"ana": "r", "ben": "w"}}),
    ),
    condition(
        "`startswith`",
        "doc.path.startswith(user.prefix)",
        lambda user, doc: doc.path.startswith(user.prefix),
        users=({"prefix": "/ana/"},),
        docs=({"path": "/ana/notes"}, {"path": "/ben/notes"}),
    ),
    condition(
        "`endswith` a text of the policy",
        'doc.path.endswith(".md")',
        lambda user, doc: doc.path.endswith(".md"),
        docs=({"path": "a.md"}, {"path": "a.py"}),
    ),
    condition(
        "a method with two arguments",
        'doc.is_open_to(user, "read")',
        lambda user, doc: doc.is_open_to(user, "read"),
        users=({"name": "ana"},),
        docs=({"owner": "ana"}, {"owner": "ben"}),
        bases=(_Readable,),
    ),
    condition(
        "a method and a comparison",
        "doc.size_of(user) < 10",
        lambda user, doc: doc.size_of(user) < 10,
        users=({"name": "ana"},),
        docs=_NUMBERS,
        bases=(_Readable,),
    ),
    condition(
        "`lower()`",
        "doc.owner.lower() = user.name",
        lambda user, doc: doc.owner.lower() == user.name,
        users=({"name": "ana"},),
        docs=({"owner": "Ana"}, {"owner": "Ben"}),
    ),
    condition(
        "a method of the resource",
        "doc.is_owned_by(user)",
        lambda user, doc: doc.is_owned_by(user),
        users=({"name": "ana"},),
        docs=({"owner": "ana"}, {"owner": "ben"}),
        bases=(_Readable,),
    ),
    condition(
        "a static method of the resource",
        "doc.size < doc.limit()",
        lambda user, doc: doc.size < doc.limit(),
        docs=_NUMBERS,
        bases=(_Readable,),
    ),
    condition(
        "a boolean property",
        "doc.is_small",
        lambda user, doc: doc.is_small,
        docs=_NUMBERS,
        bases=(_Readable,),
    ),
    condition(
        "a property compared with a text",
        'doc.label = "size 5"',
        lambda user, doc: doc.label == "size 5",
        docs=_NUMBERS,
        bases=(_Cached,),
    ),
    condition(
        "`matches Integer`",
        "doc.size matches Integer and doc.size < 10",
        lambda user, doc: isinstance(doc.size, int) and doc.size < 10,
        docs=_NUMBERS,
    ),
    condition(
        "`!=` a text",
        'doc.status != "closed"',
        lambda user, doc: doc.status != "closed",
        docs=({"status": "open"}, {"status": "closed"}),
    ),
    condition(
        "four conditions",
        'doc.public and doc.size < 10 and doc.status = "open" and doc.level <= user.clearance',
        lambda user, doc: (
            doc.public and doc.size < 10 and doc.status == "open" and doc.level <= user.clearance
        ),
        users=({"clearance": 3},),
        docs=tuple(
            {"public": True, "size": 5, "status": "open", "level": level} for level in (1, 5)
        ),
    ),
    condition(
        "four conditions, one a decimal",
        'doc.public and doc.price < 10 and doc.status = "open" and doc.level <= user.clearance',
        lambda user, doc: (
            doc.public and doc.price < 10 and doc.status == "open" and doc.level <= user.clearance
        ),
        users=({"clearance": 3},),
        docs=tuple(
            {"public": True, "price": Decimal(5), "status": "open", "level": level}
            for level in (1, 5)
        ),
    ),
    condition(
        "`matches {…}`",
        'user matches {role: "admin"}',
        lambda user, doc: user.role == "admin",
        users=({"role": "admin"}, {"role": "guest"}),
        docs=({"size": 1},),
    ),
    condition(
        "`matches Doc{…}`",
        'doc matches Doc{kind: "memo", public: true}',
        lambda user, doc: doc.kind == "memo" and doc.public is True,
        docs=({"kind": "memo", "public": True}, {"kind": "memo", "public": False}),
    ),
    condition(
        "`matches {…: variable}`",
        "name = user.name and doc matches {owner: name}",
        lambda user, doc: doc.owner == user.name,
        users=({"name": "ana"},),
        docs=({"owner": "ana"}, {"owner": "ben"}),
    ),
    condition(
        "`:=`",
        "limit := user.clearance and doc.level <= limit",
        lambda user, doc: doc.level <= user.clearance,
        users=({"clearance": 3},),
        docs=({"level": 1}, {"level": 5}),
    ),
)
