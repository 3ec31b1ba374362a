"""Questions other than ``is_allowed``: which actions, which fields, requests."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

from .roles import SHAPES as ROLES
from .shape import Shape, World, plain

_ALL = ("read", "edit")


def _actions_by_role(size: int) -> World:
    """All that an actor with so many roles may do with a document."""
    base = next(shape for shape in ROLES if shape.name == "roles in a list").make(size)
    may = base.by_hand
    pairs = {(user, doc): None for user, _, doc in base.questions}
    return dataclasses.replace(
        base,
        questions=list(pairs),
        by_hand=lambda user, doc: {action for action in _ALL if may(user, action, doc)},
        method="authorized_actions",
    )


def _actions_of_owner(size: int) -> World:
    """So many rules, one for each action."""
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
    names = [f"action{each}" for each in range(size)]
    ana, ben = user_cls("ana"), user_cls("ben")
    doc = doc_cls(ana)
    return World(
        "".join(f'allow(user: User, "{each}", doc: Doc) if doc.owner = user;' for each in names),
        (user_cls, doc_cls),
        [(user, doc) for user in (ana, ben)],
        lambda user, doc: {action for action in names if doc.owner is user},
        method="authorized_actions",
    )


def _rule_once(size: int) -> World:
    """A rule of another name, which a view asks about a user with so many roles."""
    base = next(shape for shape in ROLES if shape.name == "roles in a list").make(size)
    may = base.by_hand
    return dataclasses.replace(
        base,
        policy=f'{base.policy} can_open(user: User, doc: Doc) if allow(user, "read", doc);',
        questions=[("can_open", user, doc) for user, act, doc in base.questions if act == "read"],
        by_hand=lambda _name, user, doc: may(user, "read", doc),
        method="query_rule_once",
    )


def _one_field(size: int) -> World:
    """One of so many fields."""
    base = _fields(size)
    fields = base.by_hand
    return dataclasses.replace(
        base,
        questions=[(*each, f"field{at}") for each in base.questions for at in (0, size - 1)],
        by_hand=lambda user, action, doc, field: field in fields(user, action, doc),
        method="authorize_field",
    )


def _fields(size: int) -> World:
    """So many fields, of which only the owner sees the last."""
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
    names = [f"field{each}" for each in range(size)]
    ana, ben = user_cls("ana"), user_cls("ben")
    doc = doc_cls(ana)
    known, secret = names[:-1], names[-1]
    shown = ", ".join(f'"{each}"' for each in known)

    def fields(user: t.Any, action: str, doc: t.Any) -> set[str]:
        if action != "read":
            return set()
        return {*known, secret} if doc.owner is user else {*known}

    return World(
        f'allow_field(_: User, "read", _: Doc, field) if field in [{shown}];'
        f'allow_field(user: User, "read", doc: Doc, "{secret}") if doc.owner = user;',
        (user_cls, doc_cls),
        [(user, action, doc) for user in (ana, ben) for action in ("read", "edit")],
        fields,
        method="authorized_fields",
    )


def _fields_by_rules(size: int) -> World:
    """So many fields, each with a rule of its own."""
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "owner")
    names = [f"field{each}" for each in range(size)]
    ana, ben = user_cls("ana"), user_cls("ben")
    doc = doc_cls(ana)
    return World(
        "".join(
            f'allow_field(user: User, "read", doc: Doc, "{each}") if doc.owner = user;'
            for each in names
        ),
        (user_cls, doc_cls),
        [(user, "read", doc) for user in (ana, ben)],
        lambda user, action, doc: {each for each in names if doc.owner is user},
        method="authorized_fields",
    )


def _requests(name: str, text: str, by_hand: Callable[[t.Any, t.Any], bool]) -> Shape:
    """Make the shape of a rule about requests."""

    def make(_size: int) -> World:
        user_cls, request_cls = plain("User", "admin"), plain("Request", "method", "path")
        requests = [request_cls("GET", "/docs/1"), request_cls("POST", "/admin/x")]
        return World(
            text,
            (user_cls, request_cls),
            [(user_cls(each), request) for each in (True, False) for request in requests],
            by_hand,
            method="authorize_request",
        )

    return Shape(name, make)


class Giving:
    """A user whose method gives the actions."""

    def __init__(self, actions: list[str]) -> None:
        self.actions = actions

    def may_do(self, _doc: t.Any) -> list[str]:
        return self.actions


def _actions_of_method(size: int) -> World:
    """So many actions that a method gives, and one of the owner."""
    doc_cls = plain("Doc", "owner")
    users = [Giving([f"action{each}" for each in range(count)]) for count in (size, 0)]
    doc = doc_cls(users[1])

    def by_hand(user: Giving, doc: t.Any) -> set[str]:
        return {*user.may_do(doc), *(["delete"] if doc.owner is user else [])}

    return World(
        "allow(user: Giving, action, doc: Doc) if action in user.may_do(doc);"
        'allow(user: Giving, "delete", doc: Doc) if doc.owner = user;',
        (Giving, doc_cls),
        [(user, doc) for user in users],
        by_hand,
        method="authorized_actions",
    )


def _actions_of_groups(size: int) -> World:
    """Roles of so many groups, with conditions of their own for each action."""
    classes = user_cls, group_cls, role_cls, doc_cls = (
        plain("User", "groups", "admin"),
        plain("Group", "roles"),
        plain("Role", "name", "doc"),
        plain("Doc", "locked", "public"),
    )
    doc = doc_cls(False, True)
    groups = [group_cls([role_cls("reader", doc_cls(False, False))]) for _ in range(size)]
    ana = user_cls([*groups, group_cls([role_cls("writer", doc)])], False)
    ben = user_cls([*groups, group_cls([role_cls("reader", doc)])], True)

    def by_hand(user: t.Any, doc: t.Any) -> set[str]:
        names = {each.name for group in user.groups for each in group.roles if each.doc is doc}
        found = {"read"} if names else set[str]()
        if "writer" in names:
            asked = (not doc.locked, doc.public, user.admin)
            found |= {name for name, may in zip(_WRITING, asked, strict=True) if may}
        return found

    return World(
        """
        allow(user: User, "read", doc: Doc) if holds(user, "reader", doc);
        allow(user: User, "edit", doc: Doc) if holds(user, "writer", doc) and not doc.locked;
        allow(user: User, "share", doc: Doc) if holds(user, "writer", doc) and doc.public;
        allow(user: User, "move", doc: Doc) if holds(user, "writer", doc) and user.admin;
        holds(user: User, "reader", doc: Doc) if holds(user, "writer", doc);
        holds(user: User, name, doc: Doc) if
          group in user.groups and role in group.roles and role.name = name and role.doc = doc;
        """,
        classes,
        [(user, doc) for user in (ana, ben)],
        by_hand,
        method="authorized_actions",
    )


#: What a writer may do, each under a condition.
_WRITING = ("edit", "share", "move")


class Chained:
    """A folder whose method gives the roles of a user."""

    def __init__(self, parent: Chained | None, roles: dict[t.Any, list[str]]) -> None:
        self.parent, self.roles = parent, roles

    def roles_of(self, user: t.Any) -> list[str]:
        return self.roles.get(user, [])


def _open_roles(size: int) -> World:
    """So many folders in each other, of which a method gives roles, and none is named."""
    user_cls = plain("User", "name")
    ana, ben = user_cls("ana"), user_cls("ben")
    folder = Chained(None, {ana: ["guest", "reader"], ben: ["guest"]})
    for _ in range(size):
        folder = Chained(folder, {})

    def by_hand(user: t.Any, _action: str, folder: Chained | None) -> bool:
        while folder is not None:
            if not {"reader", "owner"}.isdisjoint(folder.roles_of(user)):
                return True
            folder = folder.parent
        return False

    return World(
        """
        allow(user: User, "read", folder: Chained) if
          holds(user, role, folder) and role in ["reader", "owner"];
        holds(user: User, role, folder: Chained) if role in folder.roles_of(user);
        holds(user: User, role, folder: Chained) if
          folder.parent != nil and holds(user, role, folder.parent);
        """,
        (user_cls, Chained),
        [(user, "read", folder) for user in (ana, ben)],
        by_hand,
    )


SHAPES = (
    Shape("`authorized_actions`, roles in a list", _actions_by_role, (10, 100)),
    Shape("`authorized_actions`, 3 and 30 rules", _actions_of_owner, (3, 30)),
    Shape("`authorized_actions`, those that a method gives", _actions_of_method, (3, 30)),
    Shape("`authorized_actions`, roles of groups and a condition", _actions_of_groups, (3, 30)),
    Shape("`query_rule_once`, roles in a list", _rule_once, (10, 100)),
    Shape("`authorize_field`, `field in [...]`", _one_field, (5, 20)),
    Shape("folders, an open role by a method", _open_roles, (3, 20)),
    Shape("`authorized_fields`, `field in [...]`", _fields, (5, 20)),
    Shape("`authorized_fields`, 5 and 20 rules", _fields_by_rules, (5, 20)),
    _requests(
        "`allow_request`, by method",
        'allow_request(_: User, request: Request) if request.method = "GET";'
        'allow_request(user: User, request: Request) if request.method = "POST" and user.admin;',
        lambda user, request: request.method == "GET" or (request.method == "POST" and user.admin),
    ),
    _requests(
        "`allow_request`, `startswith`",
        'allow_request(_: User, request: Request) if request.path.startswith("/docs");'
        "allow_request(user: User, _: Request) if user.admin;",
        lambda user, request: request.path.startswith("/docs") or user.admin,
    ),
)
