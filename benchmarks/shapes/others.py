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


SHAPES = (
    Shape("`authorized_actions`, roles in a list", _actions_by_role, (10, 100)),
    Shape("`authorized_actions`, 3 and 30 rules", _actions_of_owner, (3, 30)),
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
