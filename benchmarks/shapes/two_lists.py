"""Rules that go through two lists, and texts that are made of several."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

from .shape import Question, Shape, World, plain

_SIZES = (10, 100)


def _shape(
    name: str,
    text: str,
    make: Callable[[int], tuple[Sequence[type], Sequence[Question]]],
    by_hand: Callable[[t.Any, t.Any], bool],
) -> Shape:
    """Make the shape of one rule about a user and a document.

    :param make: gives the classes, and pairs of both, of the size.
    """

    def world(size: int) -> World:
        classes, pairs = make(size)
        return World(
            f'allow(user: User, "read", doc: Doc) if {text};',
            classes,
            [(user, "read", doc) for user, doc in pairs],
            lambda user, action, doc: action == "read" and by_hand(user, doc),
        )

    return Shape(name, world, _SIZES)


def _approvals(size: int) -> tuple[Sequence[type], Sequence[Question]]:
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "approvals", "open")
    approval_cls = plain("Approval", "kind", "by")
    users = [user_cls(str(each)) for each in range(size)]
    first = approval_cls("legal", users[0])
    docs = [
        doc_cls([first, *(approval_cls(kind, user) for user in users[1:])], True)
        for kind in ("risk", "other")
    ]
    return (user_cls, doc_cls, approval_cls), [(users[0], doc) for doc in docs]


def _are_approved(_user: t.Any, doc: t.Any) -> bool:
    return doc.open and any(
        one.kind == "legal"
        and any(each.kind == "risk" and each.by is not one.by for each in doc.approvals)
        for one in doc.approvals
    )


def _memberships(size: int) -> tuple[Sequence[type], Sequence[Question]]:
    user_cls, doc_cls = plain("User", "memberships"), plain("Doc", "shares")
    member_cls, share_cls = plain("Membership", "org", "role"), plain("Share", "org", "level")
    members = [member_cls(each, "admin" if each == 3 else "member") for each in range(size)]
    docs = [
        doc_cls([share_cls(size + each, 2) for each in range(size - 1)] + [share_cls(last, 2)])
        for last in (3, 4)
    ]
    classes = user_cls, doc_cls, member_cls, share_cls
    return classes, [(user_cls(members), doc) for doc in docs]


def _is_shared(user: t.Any, doc: t.Any) -> bool:
    return any(
        each.org == one.org and each.level > 1 and one.role == "admin"
        for one in user.memberships
        for each in doc.shares
    )


def _teams(size: int) -> tuple[Sequence[type], Sequence[Question]]:
    user_cls, doc_cls, team_cls = plain("User", "teams"), plain("Doc", "teams"), plain("Team", "id")
    teams = [team_cls(each) for each in range(size)]
    others = [team_cls(each) for each in range(3)]
    docs = [doc_cls([*others, teams[-1]]), doc_cls(others)]
    return (user_cls, doc_cls, team_cls), [(user_cls(teams), doc) for doc in docs]


def _has_team(user: t.Any, doc: t.Any) -> bool:
    return any(team in doc.teams for team in user.teams)


def _scopes(size: int) -> tuple[Sequence[type], Sequence[Question]]:
    user_cls, doc_cls = plain("User", "scopes"), plain("Doc", "kind")
    user = user_cls([f"kind{each}:read" for each in range(size)])
    return (user_cls, doc_cls), [(user, doc_cls(each)) for each in ("kind5", "none")]


def _is_in_scope(user: t.Any, doc: t.Any) -> bool:
    return ":".join([doc.kind, "read"]) in user.scopes


SHAPES = (
    _shape(
        "two lists, conditions on the first behind both",
        'one in doc.approvals and other in doc.approvals and one.kind = "legal"'
        ' and other.kind = "risk" and one.by != other.by and doc.open = true and user = user',
        _approvals,
        _are_approved,
    ),
    _shape(
        "two lists, compared by a number",
        "member in user.memberships and share in doc.shares and member.org = share.org"
        ' and share.level > 1 and member.role = "admin"',
        _memberships,
        _is_shared,
    ),
    _shape(
        "two lists that share an object",
        "team in user.teams and team in doc.teams",
        _teams,
        _has_team,
    ),
    _shape(
        "a text that is joined, `in` a list",
        'scope in user.scopes and scope = ":".join([doc.kind, "read"])',
        _scopes,
        _is_in_scope,
    ),
)
