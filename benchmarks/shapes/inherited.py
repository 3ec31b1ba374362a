"""Roles along folders and groups, each with one more thing: an end, a name first, no class."""

from __future__ import annotations

import datetime
import types
import typing as t
from collections.abc import Callable

from .shape import Question, Shape, World, data, plain, slotted

_SIZES = (10, 100)
_FAR = datetime.datetime(2100, 1, 1)
_BLOCKS = """
actor User {}
resource Folder {
  permissions = ["read", "write"];
  roles = ["viewer", "editor"];
  relations = { parent: Folder };
  "read" if "viewer";
  "write" if "editor";
  "viewer" if "editor";
  "viewer" if "viewer" on "parent";
  "editor" if "editor" on "parent";
}
allow(actor, action, resource) if has_permission(actor, action, resource);
"""
_PARENT = 'has_relation(p: Folder, "parent", folder: Folder) if p = folder.parent and p != nil;'
_ROLE = "has_role(user: User, name: String, folder: Folder) if role in user.roles and "
_ENOUGH = {"read": ("viewer", "editor"), "write": ("editor",)}


def _chain(folders: t.Any, size: int) -> list[t.Any]:
    made = [folders(None)]
    for _ in range(1, size):
        made.append(folders(made[-1]))
    return made


def _asked(users: t.Any, roles: t.Any, folders: t.Any, size: int) -> list[Question]:
    """Give questions of one who is a viewer at the top, and of one who is so elsewhere."""
    chain = _chain(folders, size)
    elsewhere = [roles("viewer", folders(None), _FAR) for _ in range(4)]
    mine = users([*elsewhere, roles("viewer", chain[0], _FAR)])
    other = users(elsewhere)
    return [(user, action, chain[-1]) for user in (mine, other) for action in ("read", "write")]


def _held(user: t.Any, action: str, folder: t.Any) -> bool:
    enough = _ENOUGH[action]
    held = {id(role.of) for role in user.roles if role.name in enough}
    place = folder
    while place is not None:
        if id(place) in held:
            return True
        place = place.parent
    return False


def _held_until(user: t.Any, action: str, folder: t.Any) -> bool:
    enough, now = _ENOUGH[action], datetime.datetime.now()
    held = {
        id(role.of)
        for role in user.roles
        if role.name in enough and (role.until is None or role.until > now)
    }
    place = folder
    while place is not None:
        if id(place) in held:
            return True
        place = place.parent
    return False


def _of_roles(
    name: str, role: str, by_hand: Callable[..., bool] = _held, make: t.Any = plain
) -> Shape:
    """Make the shape of folders so many deep, with roles that are held at the user.

    :param role: what makes a role one at a folder.
    """

    def world(size: int) -> World:
        user, held, folder = (
            make(each, *fields)
            for each, fields in (
                ("User", ("roles",)),
                ("Role", ("name", "of", "until")),
                ("Folder", ("parent",)),
            )
        )
        policy = f"{_BLOCKS}{_PARENT}{_ROLE}{role};"
        return World(policy, (user, held, folder), _asked(user, held, folder, size), by_hand)

    return Shape(f"folders, {name}", world, _SIZES)


def _within(name: str, rules: str) -> Shape:
    """Make the shape of a rule that finds a folder above another one."""

    def world(size: int) -> World:
        user, folder = plain("User", "folders"), plain("Folder", "parent")
        chain = _chain(folder, size)
        asked = [
            (user([folder(None), each]), "read", chain[-1]) for each in (chain[0], folder(None))
        ]
        policy = 'allow(user: User, "read", folder: Folder) if x in user.folders and'
        return World(f"{policy} within(folder, x); {rules}", (user, folder), asked, _is_within)

    return Shape(f"`within(x, y)`, {name}", world, _SIZES)


def _is_within(user: t.Any, action: str, folder: t.Any) -> bool:
    if action != "read":
        return False
    for each in user.folders:
        place = folder
        while place is not None:
            if place is each:
                return True
            place = place.parent
    return False


def _by_helper(name: str, allowing: str, goes_on: str) -> Shape:
    """Make the shape of a helper that looks for as many roles along so many folders.

    :param allowing: the rule that asks it about the folder of a document, or of each in a list.
    :param goes_on: the condition under which it goes on to the parent.
    """

    def world(size: int) -> World:
        user, held, folder = (
            plain("User", "roles"),
            plain("Role", "name", "of"),
            plain("Folder", "parent"),
        )
        doc, batch = plain("Doc", "folder"), plain("Batch", "docs")
        chain = _chain(folder, size)
        elsewhere = [held("viewer", folder(None)) for _ in range(size)]
        near, far = (user([*elsewhere, held("viewer", each)]) for each in (chain[-2], chain[0]))
        docs = [doc(chain[-1]), *(doc(folder(None)) for _ in range(size))]
        asked = [
            (each, "read", batch(docs) if "Batch" in allowing else docs[0])
            for each in (near, far, user(elsewhere))
        ]
        policy = f"""{allowing}
        held(user: User, name, f: Folder) if
          role in user.roles and role.name = name and role.of = f;
        held(user: User, name, f: Folder) if {goes_on} and held(user, name, f.parent);"""
        return World(policy, (user, held, folder, doc, batch), asked, _held_by_helper)

    return Shape(f"a helper along folders, {name}", world, _SIZES)


def _held_by_helper(user: t.Any, action: str, asked: t.Any) -> bool:
    if action != "read":
        return False
    for doc in getattr(asked, "docs", [asked]):
        held = {id(role.of) for role in user.roles if role.name == "viewer"}
        place = doc.folder
        while place is not None:
            if id(place) in held:
                return True
            place = place.parent
    return False


def _by_number(name: str, rule: str) -> Shape:
    """Make the shape of so many rules with a number each."""

    def world(size: int) -> World:
        user, doc = plain("User", "name"), plain("Doc", "kind", "owner")
        mine, other, kinds = user("ana"), user("ben"), frozenset(range(size))

        def by_hand(user: t.Any, action: str, doc: t.Any) -> bool:
            return action == "read" and doc.kind in kinds and doc.owner is user

        asked = [(each, "read", doc(size - 1, mine)) for each in (mine, other)]
        asked.append((mine, "read", doc(size, mine)))
        policy = "\n".join(rule.format(number=number) for number in range(size))
        return World(policy, (user, doc), asked, by_hand)

    return Shape(f"rules with a number each, {name}", world, (40, 400))


def _tuples(size: int) -> World:
    user, doc = plain("User", "name"), plain("Doc", "key")
    keys = frozenset((f"kind{each}", each) for each in range(size))

    def by_hand(_user: t.Any, action: str, doc: t.Any) -> bool:
        return action == "read" and doc.key in keys

    asked = [(user("ana"), "read", doc(("kind1", number))) for number in (1, 2)]
    policy = 'allow(_: User, "read", doc: Doc) if doc.key in KEYS;'
    return World(policy, (user, doc), asked, by_hand, {"KEYS": keys})


def _short_tuples(_size: int) -> World:
    user, doc = plain("User", "name"), plain("Doc", "readers")
    asked = [(user(name), "read", doc(("ana", "cyd"))) for name in ("cyd", "ben")]
    policy = 'allow(user: User, "read", doc: Doc) if user.name in doc.readers;'

    def by_hand(user: t.Any, action: str, doc: t.Any) -> bool:
        return action == "read" and user.name in doc.readers

    return World(policy, (user, doc), asked, by_hand)


_NAMED = "role.name = name and role.of = folder"
_READ = 'allow(user: User, "read", doc: Doc'
_CHECKS = types.MappingProxyType(
    {
        "in one condition": "within(x, y) if x = y or (x.parent != nil and within(x.parent, y));",
        "`not x.parent = nil`": (
            "within(x, x); within(x, y) if not x.parent = nil and within(x.parent, y);"
        ),
        "`p != nil`": "within(x, x); within(x, y) if p = x.parent and p != nil and within(p, y);",
    }
)

SHAPES = (
    _of_roles("the name of a role first", _NAMED),
    _of_roles("the name of a role first, dataclasses", _NAMED, make=data),
    _of_roles("the name of a role first, slots", _NAMED, make=slotted),
    _of_roles("`role matches Role{…}`", "role matches Role{name: name, of: folder}"),
    _of_roles(
        "roles that may have an end",
        f"{_NAMED} and (role.until = nil or role.until > Datetime.now())",
        _held_until,
    ),
    _of_roles("roles with an end", f"{_NAMED} and role.until > Datetime.now()", _held_until),
    *(_within(name, rules) for name, rules in _CHECKS.items()),
    _by_helper(
        "`f.parent != nil`",
        f'{_READ}) if held(user, "viewer", doc.folder);',
        "f.parent != nil",
    ),
    _by_helper(
        "of each of a list",
        'allow(user: User, "read", b: Batch) if d in b.docs and held(user, "viewer", d.folder);',
        "not f.parent = nil",
    ),
    _by_number("a field", _READ + ") if doc.kind = {number} and doc.owner = user;"),
    _by_number("a pattern", _READ + "{{kind: {number}}}) if doc.owner = user;"),
    Shape("a tuple in a set of tuples", _tuples, _SIZES),
    Shape("`in` a short tuple", _short_tuples),
)
