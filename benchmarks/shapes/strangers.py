"""Policies as strangers write them: tables of grants, claims in heads, parts nobody registers."""

from __future__ import annotations

import ipaddress
import types
import typing as t
from collections.abc import Callable, Sequence

from .shape import Question, Shape, World, plain

_SIZES = (10, 100)
_READ = 'allow(user: User, "read", doc: Doc) if '
_GRANTS = {"viewer": {"read", "list"}, "editor": {"read", "edit"}}
_FLAGS = {"open": False}


class _Part:
    """A part of a document, of a class that no policy names."""

    def __init__(self, owner: t.Any) -> None:
        self.owner = owner


class _Statement:
    """What somebody may do, or may not do, below a prefix."""

    def __init__(self, effect: str, prefix: str) -> None:
        self.effect, self.prefix = effect, prefix


def _shape(
    name: str,
    policy: str,
    make: Callable[[type, type, int], Sequence[Question]],
    by_hand: Callable[..., t.Any],
    *,
    user: Sequence[str] = ("id",),
    doc: Sequence[str] = ("owner",),
    sizes: tuple[int, ...] = (1,),
    constants: dict[str, t.Any] | None = None,
) -> Shape:
    """Make a shape of users and documents.

    :param make: gives the questions, of the two classes and the size.
    """

    def world(size: int) -> World:
        user_cls, doc_cls = plain("User", *user), plain("Doc", *doc)
        asked = make(user_cls, doc_cls, size)
        return World(policy, (user_cls, doc_cls), asked, by_hand, constants or {})

    return Shape(name, world, sizes)


def _parts(users: type, docs: type, size: int) -> list[Question]:
    mine, other = users(1), users(2)
    doc = docs([_Part(mine) for _ in range(size)])
    return [(user, "read", doc) for user in (mine, other)]


def _all_owned(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    for part in doc.owner:  # noqa: SIM110  # a loop as one writes it where speed counts
        if part.owner is not user:
            return False
    return True


def _granted(user: t.Any, action: str, _doc: t.Any) -> bool:
    for role in user.id:  # noqa: SIM110
        if action in _GRANTS[role]:
            return True
    return False


def _of_roles(users: type, docs: type, size: int) -> list[Question]:
    roles = ["viewer"] * size
    asking = [users([*roles, last]) for last in ("viewer", "editor")]
    return [(user, action, docs()) for user in asking for action in ("list", "edit")]


def _acl(users: type, docs: type, size: int) -> list[Question]:
    doc = docs({f"user{each}": ["read"] for each in range(size)})
    return [(users(name), "read", doc) for name in (f"user{size - 1}", "nobody")]


def _acl_by_key(users: type, docs: type, size: int) -> list[Question]:
    """Ask for a key that most documents have no entry for: it begins with a digit."""
    key = "550e8400-e29b-41d4-a716-446655440000"
    others = {f"{each}c5f6f4c": "all" for each in range(size)}
    return [(users(key), "read", docs(held)) for held in (others, {**others, key: "none"})]


def _statements(users: type, docs: type, size: int) -> list[Question]:
    """Ask about statements of which one denies what another allows."""
    allowed = [_Statement("allow", f"tmp{each}/") for each in range(size)]
    listed = [*allowed, _Statement("allow", "home/"), _Statement("deny", "home/keys/")]
    return [(users(listed), "read", docs(each)) for each in ("home/a", "home/keys/b", "etc")]


def _is_stated(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    is_allowed = False
    for statement in user.id:
        if doc.owner.startswith(statement.prefix):
            if statement.effect == "deny":
                return False
            is_allowed = True
    return is_allowed


def _derived_actors(users: type, docs: type, _size: int) -> list[Question]:
    admins: t.Any = type("Admin", (users,), {})
    return [(user, "read", docs(1)) for user in (users(1), users(2), admins(1), admins(2))]


def _claims(_users: type, _docs: type, _size: int) -> list[Question]:
    asking = [{"id": each, "role": role} for each in (1, 2) for role in ("admin", "user")]
    return [(claims, "read", {"owner": 1}) for claims in asking]


def _spaces(users: type, docs: type, _size: int) -> list[Question]:
    doc = docs(types.SimpleNamespace(id=1))
    return [(users(each), "read", doc) for each in (1, 2)]


def _numbers(users: type, docs: type, _size: int) -> list[Question]:
    return [(users(each), "read", docs(1)) for each in (1, 2)]


def _queues(users: type, docs: type, size: int) -> list[Question]:
    waiting = [users(each) for each in range(size)]
    return [(user, "read", docs(waiting)) for user in (waiting[-1], users(-1))]


def _new_ones(users: type, docs: type, _size: int) -> list[Question]:
    return [(users(each), "create", docs) for each in (1, 9)]


def _prefixes(users: type, docs: type, _size: int) -> list[Question]:
    mine = users(1)
    return [(mine, action, docs(each)) for action in ("doc:read", "log:read") for each in (1, 2)]


def _paths(users: type, _docs: type, _size: int) -> list[Question]:
    return [(users("/home/ana"), "get", path) for path in ("/home/ana/x", "/api/y", "/etc")]


def _tables(users: type, docs: type, _size: int) -> list[Question]:
    doc = docs({"ana": "editor", "ben": "viewer"})
    return [(users(name), "edit", doc) for name in ("ana", "ben", "cyd")]


def _denied(users: type, docs: type, size: int) -> list[Question]:
    mine, banned = users(1), users(2)
    others = [types.SimpleNamespace(user=None, until=5) for _ in range(size)]
    bans = [*others, types.SimpleNamespace(user=banned, until=9)]
    return [(user, "read", docs(bans)) for user in (mine, banned)]


def _is_not_banned(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    for ban in doc.owner:  # noqa: SIM110
        if ban.user is user and ban.until > 6:
            return False
    return True


def _may_create(user: t.Any, action: str, doc: t.Any) -> bool:
    if isinstance(doc, type):
        return action == "create" and user.id < 5
    return action == "read" and doc.owner == user.id


def _networks(users: type, docs: type, size: int) -> list[Question]:
    allowed = [ipaddress.ip_network(f"192.168.{each}.0/24") for each in range(size)]
    asking = [users(ipaddress.ip_address(each)) for each in (f"192.168.{size - 1}.7", "10.0.0.1")]
    return [(user, "read", docs(allowed)) for user in asking]


def _in_networks(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    for network in doc.owner:  # noqa: SIM110
        if user.id in network:
            return True
    return False


def _ranked(users: type, docs: type, size: int) -> list[Question]:
    mine, other = users(1), users(2)
    doc = docs([mine, *(users(each) for each in range(size))])
    return [(user, "read", doc) for user in (mine, other)]


def _partly_named(users: type, docs: type, _size: int) -> list[Question]:
    without = docs()
    del without.owner
    return [(users(1), "read", doc) for doc in (docs("ana"), docs("ben"), without)]


SHAPES = (
    _shape(
        "an address `in` each network of a list",
        f"{_READ} network in doc.owner and user.id in network;",
        _networks,
        _in_networks,
        sizes=_SIZES,
    ),
    _shape(
        "a pattern with an attribute that one object lacks",
        'allow(_: User, "read", doc: Doc) if doc matches {owner: "ana"};',
        _partly_named,
        lambda user, action, doc: action == "read" and getattr(doc, "owner", None) == "ana",
    ),
    _shape(
        "the first of a list, by a helper with `[first, *_]`",
        f"{_READ} leads(user, doc.owner); leads(user, [first, *_]) if first = user;",
        _ranked,
        lambda user, action, doc: action == "read" and bool(doc.owner) and doc.owner[0] is user,
    ),
    _shape(
        "each part of a list, of a class that is not registered",
        f"{_READ} owned(user, doc.owner);"
        "owned(_, []); owned(user, [part, *rest]) if part.owner = user and owned(user, rest);",
        _parts,
        _all_owned,
        sizes=_SIZES,
    ),
    _shape(
        "grants of roles, a dictionary of sets of the program",
        "allow(user: User, action, _: Doc) if"
        " role in user.id and actions = GRANTS.(role) and action in actions;",
        _of_roles,
        _granted,
        sizes=_SIZES,
        constants={"GRANTS": _GRANTS},
    ),
    _shape(
        "a flag of the program, or the owner",
        f"{_READ} FLAGS.open or doc.owner = user.id;",
        _numbers,
        lambda user, action, doc: action == "read" and (_FLAGS["open"] or doc.owner == user.id),
        constants={"FLAGS": _FLAGS},
    ),
    _shape(
        "an access list by name, `get` with a default",
        "allow(user: User, action, doc: Doc) if action in doc.owner.get(user.id, []);",
        _acl,
        lambda user, action, doc: action in doc.owner.get(user.id, ()),
        sizes=_SIZES,
    ),
    _shape(
        "an access list by a text that begins with a digit, which may be missing",
        f'{_READ} doc.owner.get(user.id, "all") = "all";',
        _acl_by_key,
        lambda user, action, doc: action == "read" and doc.owner.get(user.id, "all") == "all",
        sizes=_SIZES,
    ),
    _shape(
        "statements of which one allows and none denies, by a prefix",
        f'{_READ} stated("allow", user, doc) and not stated("deny", user, doc);'
        "stated(effect, user, doc: Doc) if"
        " statement in user.id and"
        " statement.effect = effect and"
        " doc.owner.startswith(statement.prefix);",
        _statements,
        _is_stated,
        sizes=_SIZES,
    ),
    _shape(
        "actors of a derived class that is not registered, beside others",
        f"{_READ} doc.owner = user.id;",
        _derived_actors,
        lambda user, action, doc: action == "read" and doc.owner == user.id,
    ),
    _shape(
        "claims in heads, patterns without a class",
        'allow(_: {role: "admin"}, _, _); allow(_: {id: id}, "read", _: {owner: id});',
        _claims,
        lambda claims, action, doc: (
            claims["role"] == "admin" or (action == "read" and claims["id"] == doc["owner"])
        ),
    ),
    _shape(
        "a variable in the patterns of both heads",
        'allow(_: User{id: id}, "read", _: Doc{owner: id});',
        _numbers,
        lambda user, action, doc: action == "read" and user.id == doc.owner,
    ),
    _shape(
        "an attribute of a namespace",
        f"{_READ} doc.owner.id = user.id;",
        _spaces,
        lambda user, action, doc: action == "read" and doc.owner.id == user.id,
    ),
    _shape(
        "`count` of an object in a list",
        f"{_READ} doc.owner.count(user) > 0;",
        _queues,
        lambda user, action, doc: action == "read" and doc.owner.count(user) > 0,
        sizes=_SIZES,
    ),
    _shape(
        "a class as resource, beside a rule for its objects",
        'allow(user: User, "create", Doc) if user.id < 5;'
        'allow(user: User, "read", doc: Doc) if doc.owner = user.id;',
        _new_ones,
        _may_create,
    ),
    _shape(
        "actions by a prefix, `action.startswith(…)`",
        'allow(user: User, action, doc: Doc) if action.startswith("doc:") and doc.owner = user.id;',
        _prefixes,
        lambda user, action, doc: action.startswith("doc:") and doc.owner == user.id,
    ),
    _shape(
        "a path as resource, `path.startswith(user.home)`",
        'allow(_: User, "get", path: String) if path.startswith("/api/");'
        'allow(user: User, "get", path: String) if path.startswith(user.id);',
        _paths,
        lambda user, action, path: (
            action == "get" and (path.startswith("/api/") or path.startswith(user.id))
        ),
    ),
    _shape(
        "a role in a table by name, which may have none",
        'allow(user: User, "edit", doc: Doc) if'
        ' name = user.id and role = doc.owner.(name) and role = "editor";',
        _tables,
        lambda user, action, doc: action == "edit" and doc.owner.get(user.id) == "editor",
    ),
    _shape(
        "`not` of a ban in a list, with an end",
        f"{_READ} not (ban in doc.owner and ban.user = user and ban.until > 6);",
        _denied,
        _is_not_banned,
        sizes=_SIZES,
    ),
)
