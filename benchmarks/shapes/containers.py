"""What ``in`` goes through: lists, sets, tuples, dictionaries, constants of the program."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import typing as t
from collections.abc import Callable

from .shape import Shape, World, plain
from .values import condition

_SIZES = (10, 100)


class _Ids(list[int]):
    """A list that derives from Python's, as one that tells a session of its changes."""


class _IdSet(set[int]):
    """The same for a set."""


class _Listed:
    """What documents that compute their readers derive from."""

    ids: t.Any

    def reader_ids(self) -> list[int]:
        return list(self.ids)

    def each_reader(self) -> t.Iterator[int]:
        return iter(self.ids)

    @property
    def readers(self) -> list[int]:
        return list(self.ids)


def _containing(
    name: str,
    text: str,
    make: Callable[[t.Iterable[int]], t.Any],
    by_hand: Callable[[t.Any, t.Any], bool],
    *,
    field: str = "readers",
    bases: tuple[type, ...] = (),
    key: Callable[[int], t.Any] = int,
) -> Shape:
    """Make the shape of a collection of so many ids, asked for the last and for none."""

    def world(size: int) -> World:
        user_cls, doc_cls = plain("User", "id"), plain("Doc", field, bases=bases)
        doc = doc_cls(make(range(size)))
        return World(
            f'allow(user: User, "read", doc: Doc) if {text};',
            (user_cls, doc_cls),
            [(user_cls(key(each)), "read", doc) for each in (size - 1, size // 2, -1)],
            lambda user, action, doc: action == "read" and by_hand(user, doc),
        )

    return Shape(name, world, _SIZES)


def _in_readers(user: t.Any, doc: t.Any) -> bool:
    return user.id in doc.readers


def _dictionary_of(ids: t.Iterable[t.Any]) -> dict[str, str]:
    # Keys that are no texts become texts on the way into a policy.
    return {str(each): "r" for each in ids}


class _Role(enum.Enum):
    STAFF = "staff"
    GUEST = "guest"
    OTHER = "other"


class _Tag(t.NamedTuple):
    """A tuple whose parts have names."""

    number: int
    kind: str = "user"


@dataclasses.dataclass(frozen=True)
class _Label:
    """A value that compares, and is hashed, by its fields."""

    number: int
    kind: str = "user"


def _tags(ids: t.Iterable[int]) -> list[_Tag]:
    return [*map(_Tag, ids)]


def _labels(ids: t.Iterable[int]) -> frozenset[_Label]:
    return frozenset(map(_Label, ids))


def _defaults(ids: t.Iterable[int]) -> dict[str, str]:
    return collections.defaultdict(str, _dictionary_of(ids))


def _common_key(size: int) -> World:
    """Make the world of names that a document grants something, one of which a user has."""
    user_cls, doc_cls = plain("User", "roles"), plain("Doc", "grants")
    doc = doc_cls({f"role{each}": "r" for each in range(size)})
    asking = [user_cls(["guest", "none", last]) for last in (f"role{size - 1}", "other")]
    return World(
        'allow(user: User, "read", doc: Doc) if role in doc.grants.keys() and role in user.roles;',
        (user_cls, doc_cls),
        [(each, "read", doc) for each in asking],
        lambda user, action, doc: (
            action == "read" and any(each in doc.grants for each in user.roles)
        ),
    )


def _moment(number: int) -> datetime.datetime:
    return datetime.datetime(2026, 1, 1) + datetime.timedelta(days=number)


def _moments(ids: t.Iterable[int]) -> list[datetime.datetime]:
    return [*map(_moment, ids)]


def _entry(number: int) -> dict[str, t.Any]:
    return {"id": number, "kind": "user"}


def _entries(ids: t.Iterable[int]) -> list[dict[str, t.Any]]:
    return [*map(_entry, ids)]


def _constant(name: str, make: Callable[[list[str]], t.Any]) -> Shape:
    """Make the shape of a registered collection of names."""

    def world(size: int) -> World:
        user_cls, doc_cls = plain("User", "role"), plain("Doc", "kind")
        names = make([f"role{each}" for each in range(size)])
        doc = doc_cls("memo")
        roles = (f"role{size - 1}", "guest")
        return World(
            'allow(user: User, "read", _: Doc) if user.role in STAFF;',
            (user_cls, doc_cls),
            [(user_cls(each), "read", doc) for each in roles],
            lambda user, action, doc: action == "read" and user.role in names,
            {"STAFF": names},
        )

    return Shape(name, world, _SIZES)


def _literal(size: int) -> World:
    user_cls, doc_cls = plain("User", "role"), plain("Doc", "kind")
    names = [f"role{each}" for each in range(size)]
    doc = doc_cls("memo")
    quoted = ", ".join(f'"{each}"' for each in names)
    known = frozenset(names)
    return World(
        f'allow(user: User, "read", _: Doc) if user.role in [{quoted}];',
        (user_cls, doc_cls),
        [(user_cls(each), "read", doc) for each in (names[-1], "guest")],
        lambda user, action, doc: action == "read" and user.role in known,
    )


def _objects(name: str, make: Callable[[list[t.Any]], t.Any]) -> Shape:
    """Make the shape of a collection of objects: ``user in doc.readers``."""

    def world(size: int) -> World:
        user_cls, doc_cls = plain("User", "name"), plain("Doc", "readers")
        users = [user_cls(f"user{each}") for each in range(size)]
        doc = doc_cls(make(users))
        return World(
            'allow(user: User, "read", doc: Doc) if user in doc.readers;',
            (user_cls, doc_cls),
            [(each, "read", doc) for each in (users[-1], user_cls("other"))],
            lambda user, action, doc: action == "read" and user in doc.readers,
        )

    return Shape(name, world, _SIZES)


def _dictionary_actor(_size: int) -> World:
    doc_cls = plain("Doc", "owner_id")
    actor = {"id": 1, "name": "ana", "scopes": ["read"]}
    return World(
        'allow(actor: Dictionary, "read", doc: Doc) if doc.owner_id = actor.id;',
        (doc_cls,),
        [(actor, "read", doc_cls(each)) for each in (1, 2)],
        lambda actor, action, doc: action == "read" and doc.owner_id == actor["id"],
    )


def _dictionary_actor_untyped(_size: int) -> World:
    doc_cls = plain("Doc", "owner_id")
    actor = {"id": 1, "scopes": ["read", "edit"]}
    return World(
        "allow(actor, action, doc: Doc) if action in actor.scopes and doc.owner_id = actor.id;",
        (doc_cls,),
        [(actor, action, doc_cls(each)) for action in ("read", "drop") for each in (1, 2)],
        lambda actor, action, doc: action in actor["scopes"] and doc.owner_id == actor["id"],
    )


def _dictionary_resource(_size: int) -> World:
    user_cls = plain("User", "id")
    user = user_cls(1)
    return World(
        'allow(user: User, "read", doc: Dictionary) if doc.owner_id = user.id;',
        (user_cls,),
        [(user, "read", {"owner_id": each, "title": "x"}) for each in (1, 2)],
        lambda user, action, doc: action == "read" and doc.get("owner_id") == user.id,
    )


SHAPES = (
    _containing(
        "`in` a list of datetimes", "user.id in doc.readers", _moments, _in_readers, key=_moment
    ),
    _containing(
        "`in` a list of dictionaries", "user.id in doc.readers", _entries, _in_readers, key=_entry
    ),
    _containing("`in` a list of ids", "user.id in doc.readers", list, _in_readers),
    _containing("`in` a tuple of ids", "user.id in doc.readers", tuple, _in_readers),
    _containing("`in` a set of ids", "user.id in doc.readers", set, _in_readers),
    _containing("`in` a frozenset of ids", "user.id in doc.readers", frozenset, _in_readers),
    _containing("`in` a class of lists", "user.id in doc.readers", _Ids, _in_readers),
    _containing("`in` a class of sets", "user.id in doc.readers", _IdSet, _in_readers),
    _containing(
        "`in` the keys of a dictionary, `keys()`",
        "user.id in doc.acl.keys()",
        _dictionary_of,
        lambda user, doc: user.id in doc.acl,
        field="acl",
        key=str,
    ),
    _containing(
        "`[key, value] in` a dictionary",
        '[user.id, "r"] in doc.acl',
        _dictionary_of,
        lambda user, doc: doc.acl.get(user.id) == "r",
        field="acl",
        key=str,
    ),
    _containing(
        "`[key, value] in` a dictionary, the key compared next",
        '[key, value] in doc.acl and key = user.id and value = "r"',
        _dictionary_of,
        lambda user, doc: doc.acl.get(user.id) == "r",
        field="acl",
        key=str,
    ),
    _containing(
        "`get` of a `defaultdict`, with a default",
        'doc.acl.get(user.id, "") = "r"',
        _defaults,
        lambda user, doc: doc.acl.get(user.id, "") == "r",
        field="acl",
        key=str,
    ),
    _containing(
        "`get` of a dictionary by a name, then for all",
        'doc.acl.get(user.id) = "r" or doc.acl.get("all") = "r"',
        _dictionary_of,
        lambda user, doc: doc.acl.get(user.id) == "r" or doc.acl.get("all") == "r",
        field="acl",
        key=str,
    ),
    condition(
        "`get` of a dictionary by a member of an enumeration",
        '"read" in doc.grants.get(user.role, [])',
        lambda user, doc: "read" in doc.grants.get(user.role, ()),
        users=[{"role": each} for each in _Role],
        docs=({"grants": {_Role.STAFF: ["edit", "read"], _Role.GUEST: ["list"]}},),
    ),
    Shape("a key of a dictionary that is `in` a list, too", _common_key, _SIZES),
    _containing(
        "`in` a list of tuples with names", "user.id in doc.readers", _tags, _in_readers, key=_Tag
    ),
    _containing(
        "`in` a frozenset of frozen dataclasses",
        "user.id in doc.readers",
        _labels,
        _in_readers,
        key=_Label,
    ),
    _containing(
        "a value of a dictionary that is compared next",
        "value in doc.acl.values() and value = user.id",
        lambda ids: {f"user{each}": each for each in ids},
        lambda user, doc: user.id in doc.acl.values(),
        field="acl",
    ),
    _containing(
        "`in` the list of a method",
        "user.id in doc.reader_ids()",
        list,
        lambda user, doc: user.id in doc.reader_ids(),
        field="ids",
        bases=(_Listed,),
    ),
    _containing(
        "`in` the list of a property",
        "user.id in doc.readers",
        list,
        _in_readers,
        field="ids",
        bases=(_Listed,),
    ),
    _containing(
        "`in` the iterator of a method",
        "user.id in doc.each_reader()",
        list,
        lambda user, doc: user.id in doc.each_reader(),
        field="ids",
        bases=(_Listed,),
    ),
    _containing(
        "`not … in` a list",
        "not user.id in doc.banned",
        list,
        lambda user, doc: user.id not in doc.banned,
        field="banned",
    ),
    _objects("`in` a list of objects", list),
    _objects("`in` a set of objects", set),
    _containing(
        "`in` a list, then a condition",
        "reader in doc.readers and reader = user.id and reader < 1000000",
        list,
        _in_readers,
    ),
    _constant("`in` a registered list", list),
    _constant("`in` a registered set", set),
    _constant("`in` a registered tuple", tuple),
    Shape("`in` a list of the policy", _literal, _SIZES),
    condition(
        "`in` a dictionary's list",
        "user.name in doc.acl.read",
        lambda user, doc: user.name in doc.acl["read"],
        users=({"name": "ana"},),
        docs=({"acl": {"read": ["ben", "ana"]}}, {"acl": {"read": ["ben"]}}),
    ),
    condition(
        "a character `in` a text",
        "user.letter in doc.letters",
        lambda user, doc: user.letter in doc.letters,
        users=({"letter": "w"},),
        docs=({"letters": "rw"}, {"letters": "r"}),
    ),
    Shape("a dictionary as actor", _dictionary_actor),
    Shape("a dictionary as actor, untyped", _dictionary_actor_untyped),
    Shape("a dictionary as resource", _dictionary_resource),
)
