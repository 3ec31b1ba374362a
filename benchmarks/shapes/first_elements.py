"""Lists of which the first element decides: what stands behind it is looked at by nobody."""

# ruff: noqa: SIM110  # what is written by hand is a loop where any() and a generator cost more

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable, Sequence

from .shape import Question, Shape, World, plain

_SIZES = (10, 100)
_READ = 'allow(user: User, "read", doc: Doc) if '
_OWNER = f"{_READ} doc.owner = user;"
_MEMBER = "member in doc.members and member.user = user"
_ABOVE = (
    "above(user: User, doc: Doc) if doc.owner = user;"
    "above(user: User, doc: Doc) if doc.parent != nil and above(user, doc.parent);"
)
_NOW = 6


def _shape(
    name: str,
    policy: str,
    make: Callable[[type, type, int], Sequence[Question]],
    by_hand: Callable[..., bool],
) -> Shape:
    """Make a shape of users and documents: some may read theirs, and none may edit one."""

    def world(size: int) -> World:
        user_cls = plain("User", "name", "groups")
        doc_cls = plain("Doc", "owner", "members", "readers", "parent", "public")
        asked = make(user_cls, doc_cls, size)
        asked = [*asked, *((user, "edit", doc) for user, _, doc in asked)]
        return World(policy, (user_cls, doc_cls), asked, by_hand)

    return Shape(name, world, _SIZES)


def _members(users: type, docs: type, size: int) -> list[Question]:
    """Ask for the first of so many members."""
    mine, owner = users("ana"), users("ben")
    members = [
        types.SimpleNamespace(user=each, role="guest", until=None)
        for each in (mine, *(users("cyd") for _ in range(size)))
    ]
    return [(mine, "read", docs(owner, members))]


def _may_by_member(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    if doc.owner is user:
        return True
    for member in doc.members:
        if member.user is user and (member.until is None or member.until > _NOW):
            return True
    return False


def _may_by_membership(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read" or doc.parent is not None:
        return False
    for member in doc.members:
        if member.user is user:
            return True
    return False


def _records(users: type, docs: type, size: int) -> list[Question]:
    """Ask for the first of so many dictionaries."""
    mine, *others = [{"id": each, "kind": "team"} for each in range(size)]
    return [(users("ana", dict(mine)), "read", docs(None, None, [mine, *others]))]


def _readers(users: type, docs: type, size: int) -> list[Question]:
    """Ask for the first of so many readers."""
    readers = [users(f"user{each}") for each in range(size)]
    return [(readers[0], "read", docs(readers=readers, public=False))]


def _is_reader(user: t.Any, action: str, doc: t.Any) -> bool:
    return action == "read" and (doc.public or user in doc.readers)


def _names(users: type, docs: type, size: int) -> list[Question]:
    """Ask for the first of so many names."""
    names = [f"user{each}" for each in range(size)]
    return [(users(names[0]), "read", docs(members=[], readers=names))]


def _is_named(user: t.Any, action: str, doc: t.Any) -> bool:
    return action == "read" and (user.name in doc.members or user.name in doc.readers)


def _groups(users: type, docs: type, size: int) -> list[Question]:
    """Ask for somebody in so many groups, of which the first owns the document."""
    groups = [users(f"group{each}") for each in range(size)]
    return [(users("ana", groups), "read", docs(groups[0]))]


def _is_of_group(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    if doc.owner is user:
        return True
    for group in user.groups:
        if doc.owner is group:
            return True
    return False


def _chains(users: type, docs: type, size: int) -> list[Question]:
    """Ask for a document so deep in others, which its owner reads."""
    doc = docs(None)
    for _ in range(size):
        doc = docs(None, parent=doc)
    mine = users("ana")
    return [(mine, "read", docs(mine, parent=doc))]


def _inside(users: type, docs: type, size: int) -> list[Question]:
    """Ask for a document in one that its owner reads, so deep in others."""
    return [(user, "read", docs(None, parent=doc)) for user, _, doc in _chains(users, docs, size)]


def _is_above(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    while doc is not None:
        if doc.owner is user:
            return True
        doc = doc.parent
    return False


SHAPES = (
    _shape(
        "the first member, behind a rule for owners, in a helper rule",
        f"{_OWNER}{_READ} belongs(user, doc); belongs(user: User, doc: Doc) if {_MEMBER};",
        _members,
        _may_by_member,
    ),
    _shape(
        "the first member, a helper in front of a test",
        f"{_READ} belongs(user, doc) and doc.parent = nil;"
        f"belongs(user: User, doc: Doc) if {_MEMBER};",
        _members,
        _may_by_membership,
    ),
    _shape(
        "the first member, a helper with two rules for each",
        f"{_OWNER}{_READ} {_MEMBER} and live(member);"
        "live(member) if member.until = nil;"
        f"live(member) if member.until != nil and member.until > {_NOW};",
        _members,
        _may_by_member,
    ),
    _shape(
        "the first member, an `or` for each",
        f'{_READ} {_MEMBER} and (member.role = "owner" or member.role = "guest");',
        _members,
        _may_by_member,
    ),
    _shape(
        "the first member, whose role a helper binds",
        f'{_OWNER}{_READ} role(user, doc, name) and name in ["guest", "owner"];'
        f"role(user: User, doc: Doc, member.role) if {_MEMBER};",
        _members,
        _may_by_member,
    ),
    _shape(
        "the first of a list of readers, `in`",
        f"{_READ} doc.public or user in doc.readers;",
        _readers,
        _is_reader,
    ),
    _shape(
        "the first of a list of readers, in a helper rule",
        'allow(_: User, "read", doc: Doc) if doc.public;'
        f"{_READ} reads(user, doc); reads(user, doc: Doc) if user in doc.readers;",
        _readers,
        _is_reader,
    ),
    _shape(
        "the first of a list of dictionaries, `in`",
        f"{_READ} user.groups in doc.readers;",
        _records,
        lambda user, action, doc: action == "read" and user.groups in doc.readers,
    ),
    _shape(
        "the first of a list of names, behind another list",
        f"{_READ} user.name in doc.members;{_READ} user.name in doc.readers;",
        _names,
        _is_named,
    ),
    _shape(
        "the first of many groups, a helper for each",
        f"{_READ} owns(user, doc);{_READ} group in user.groups and owns(group, doc);"
        "owns(who, doc: Doc) if doc.owner = who;",
        _groups,
        _is_of_group,
    ),
    _shape(
        "a chain of documents, the owner of the first",
        f"{_READ} above(user, doc); {_ABOVE}",
        _chains,
        _is_above,
    ),
    _shape(
        "a chain of documents, the owner of the first, without classes",
        f"{_READ} above(user, doc); {_ABOVE.replace(': User', '').replace(': Doc', '')}",
        _chains,
        _is_above,
    ),
    _shape(
        "a chain of documents, the owner of the first, in front of a test",
        f"{_READ} above(user, doc) and doc.public = nil; {_ABOVE}",
        _chains,
        lambda user, action, doc: doc.public is None and _is_above(user, action, doc),
    ),
    _shape(
        "a chain that begins at an attribute, the owner of the first",
        f"{_READ} above(user, doc.parent); {_ABOVE}",
        _inside,
        lambda user, action, doc: _is_above(user, action, doc.parent),
    ),
)
