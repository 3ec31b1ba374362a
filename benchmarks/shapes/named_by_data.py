"""What data name and methods give: actions among scopes, fields of an object, roles by a method."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .shape import Question, Shape, World, plain

_SIZES = (10, 100)
_READ = 'allow(user: User, "read", doc: Doc) if '
_BLOCKS = """
actor User {}
resource Folder {
  roles = ["reader", "writer"]; relations = {parent: Folder};
  "reader" if "reader" on "parent";
}
resource Doc {
  permissions = ["read"]; relations = {folder: Folder};
  "read" if "reader" on "folder";
}
has_relation(parent: Folder, "parent", folder: Folder) if parent = PARENT;
has_relation(folder: Folder, "folder", doc: Doc) if folder = doc.folder;
has_role(user: User, name: String, folder: Folder) if ROLE;
allow(user, action, resource) if has_permission(user, action, resource);
"""
_ROLE = "role in user.get_roles() and role.name = name and role.folder = folder"


class _User:
    """Who asks; has roles by a method."""

    def __init__(self, roles: t.Any) -> None:
        self._roles = roles

    def get_roles(self) -> t.Any:
        return self._roles


class _Folder:
    """Has a parent by a method."""

    def __init__(self, parent: _Folder | None) -> None:
        self._parent = parent

    def get_parent(self) -> _Folder | None:
        return self._parent


_User.__name__, _Folder.__name__ = "User", "Folder"
_Role = plain("Role", "name", "folder")


def _folders(role: str, make: Callable[..., t.Any], has: Callable[..., bool]) -> t.Any:
    """Make a world of folders, at whose top a user has a role.

    :param make: makes a role of its name and folder.
    :param has: tells by hand whether a user is a reader of a folder.
    """
    policy = _BLOCKS.replace("PARENT", "folder.get_parent()").replace("ROLE", role)
    doc_cls = plain("Doc", "folder")

    def chain(depth: int) -> list[_Folder]:
        folders = [_Folder(None)]
        for _ in range(depth - 1):
            folders.append(_Folder(folders[-1]))
        return folders

    def may_read(user: _User, action: str, doc: t.Any) -> bool:
        folder = doc.folder
        while action == "read" and folder is not None:
            if has(user, folder):
                return True
            folder = folder.get_parent()
        return False

    def world(depth: int) -> World:
        mine, other = chain(depth), chain(depth)
        roles = [make("writer", chain(1)[0]), make("reader", mine[0])]
        questions = [(_User(roles), "read", doc_cls(each[-1])) for each in (mine, other)]
        return World(policy, (_User, _Folder, doc_cls), questions, may_read)

    return world


def _has_role(user: _User, folder: _Folder) -> bool:
    for role in user.get_roles():  # noqa: SIM110  # a loop as one writes it where speed counts
        if role.name == "reader" and role.folder is folder:
            return True
    return False


def _has_pair(user: _User, folder: _Folder) -> bool:
    for name, granted in user.get_roles():  # noqa: SIM110
        if name == "reader" and granted is folder:
            return True
    return False


def _named(name: str, policy: str, method: str, listed: str, *, of_user: bool = False) -> Shape:
    """Make a shape that asks for all actions or fields that a list names.

    :param listed: the attribute that is the list.
    :param of_user: whether it is one of the user.
    """

    def found(user: t.Any, *rest: t.Any) -> set[str]:
        doc = rest[-1]
        return set(getattr(user if of_user else doc, listed)) if doc.owner is user else set()

    def world(size: int) -> World:
        user_cls, doc_cls = plain("User", "scopes"), plain("Doc", "owner", "shown")
        names = [f"name_{number}" for number in range(size)]
        user, other = user_cls(names), user_cls(names)
        docs = [doc_cls(each, names) for each in (user, other)]
        asked: list[Question] = [(user, doc) for doc in docs]
        if method == "authorized_fields":
            asked = [(user, "read", doc) for doc in docs]
        return World(policy, (user_cls, doc_cls), asked, found, method=method)

    return Shape(name, world, _SIZES)


def _pairs(name: str, condition: str) -> Shape:
    """Make a shape of a user with lists of two: a role, and what it is about."""

    def may_read(user: t.Any, action: str, doc: t.Any) -> bool:
        org = doc.org
        for role, granted in user.roles:  # noqa: SIM110
            if role == action and granted is org:
                return True
        return False

    def world(size: int) -> World:
        user_cls, doc_cls, org_cls = plain("User", "roles"), plain("Doc", "org"), plain("Org")
        orgs = [org_cls() for _ in range(size)]
        user = user_cls([["read", each] for each in orgs])
        asked = [(user, "read", doc_cls(each)) for each in (orgs[-1], org_cls())]
        return World(f"{_READ}{condition};", (user_cls, doc_cls, org_cls), asked, may_read)

    return Shape(name, world, _SIZES)


def _all_done(size: int) -> World:
    def may_read(_user: t.Any, action: str, doc: t.Any) -> bool:
        if action != "read":
            return False
        for item in doc.items:  # noqa: SIM110
            if not item.done:
                return False
        return True

    user_cls, doc_cls, item_cls = plain("User"), plain("Doc", "items"), plain("Item", "done")
    items = [item_cls(True) for _ in range(size)]
    docs = [doc_cls([*items, item_cls(is_done)]) for is_done in (True, False)]
    asked = [(user_cls(), "read", doc) for doc in docs]
    policy = 'allow(_: User, "read", doc: Doc) if forall(item in doc.items, item.done);'
    return World(policy, (user_cls, doc_cls), asked, may_read)


def _bound_groups(size: int) -> World:
    """Groups in groups, in pairs that share the next pair, where a helper binds a group."""

    def may_read(user: t.Any, action: str, doc: t.Any) -> bool:
        left, seen = [*user.groups], set()
        while action == "read" and left:
            group = left.pop()
            if group is doc.group:
                return True
            if group not in seen:
                seen.add(group)
                left += group.groups
        return False

    user_cls, group_cls, doc_cls = (
        plain("User", "groups"),
        plain("Group", "groups"),
        plain("Doc", "group"),
    )
    top = level = [group_cls([]), group_cls([])]
    for _ in range(size // 2 - 1):
        level = [group_cls([*level]), group_cls([*level])]
    asked = [(user_cls(level), "read", doc_cls(each)) for each in (top[0], group_cls([]))]
    policy = (
        f"{_READ}inside(user, group) and group = doc.group;"
        "inside(member, group) if group in member.groups;"
        "inside(member, group) if inner in member.groups and inside(inner, group);"
    )
    return World(policy, (user_cls, group_cls, doc_cls), asked, may_read)


SHAPES: tuple[Shape, ...] = (
    Shape(
        "folders and roles by methods that return an attribute",
        _folders(_ROLE, _Role, _has_role),
        _SIZES,
    ),
    Shape(
        "folders, `[name, folder] in user.get_roles()`",
        _folders("[name, folder] in user.get_roles()", lambda *pair: [*pair], _has_pair),
        _SIZES,
    ),
    _named(
        "`authorized_actions`, `action in user.scopes`",
        "allow(user: User, action, doc: Doc) if action in user.scopes and doc.owner = user;",
        "authorized_actions",
        "scopes",
        of_user=True,
    ),
    _named(
        "`authorized_fields`, `field in doc.shown`",
        'allow_field(user: User, "read", doc: Doc, field) if'
        " field in doc.shown and doc.owner = user;",
        "authorized_fields",
        "shown",
    ),
    _pairs('`["read", doc.org] in user.roles`', '["read", doc.org] in user.roles'),
    _pairs(
        "`[name, org] in user.roles`, compared behind",
        '[name, org] in user.roles and name = "read" and org = doc.org',
    ),
    Shape("`forall` of a flag, `item.done`", _all_done, _SIZES),
    Shape("groups in groups that a helper binds, which share groups", _bound_groups, _SIZES),
)
