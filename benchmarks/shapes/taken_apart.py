"""Lists and dictionaries of the program that a policy takes apart by their parts."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

from .shape import Question, Shape, World, plain

_SIZES = (10, 100)
_READ = 'allow(user: User, "read", doc: Doc) if '
#: The organization of the documents.
_MINE, _OTHER = 1_005, 1_006


def _shape(
    name: str,
    policy: str,
    make: Callable[[t.Any, t.Any, int], Sequence[Question]],
    by_hand: Callable[..., t.Any],
    *,
    sizes: tuple[int, ...] = _SIZES,
) -> Shape:
    """Make a shape of users with roles, and documents of an organization.

    :param make: gives the questions, of the two classes and the size.
    """

    def world(size: int) -> World:
        users, docs = plain("User", "id", "roles", "org"), plain("Doc", "org", "grants")
        return World(policy, (users, docs), make(users, docs, size), by_hand)

    return Shape(name, world, sizes)


def _with_roles(make: Callable[[str, int], t.Any]) -> Callable[[t.Any, t.Any, int], list[Question]]:
    """Make the questions of two users, whose last roles differ.

    :param make: gives a role, of its name and its organization.
    """

    def questions(users: t.Any, docs: t.Any, size: int) -> list[Question]:
        roles = [make(f"role{each}", each) for each in range(size)]
        asking = [users(1, [*roles, make("editor", last)]) for last in (_MINE, _OTHER)]
        return [(user, "read", docs(_MINE)) for user in asking]

    return questions


def _mixed(users: t.Any, docs: t.Any, size: int) -> list[Question]:
    roles = [
        each
        for number in range(size // 5)
        for each in ([f"role{number}", number], f"role{number}", None, [number], ("editor", _MINE))
    ]
    asking = [users(1, [*roles, ["editor", last]]) for last in (_MINE, _OTHER)]
    return [(user, "read", docs(_MINE)) for user in asking]


def _has_pair(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    for pair in user.roles:
        if isinstance(pair, list) and len(pair) == 2:
            role, org = pair
            if role == "editor" and org == doc.org:
                return True
    return False


def _has_nested(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    for role, (org, _) in user.roles:  # noqa: SIM110  # a loop as one writes it where speed counts
        if role == "editor" and org == doc.org:
            return True
    return False


def _has_entries(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    for grant in user.roles:  # noqa: SIM110
        if grant["role"] == "editor" and grant["org"] == doc.org:
            return True
    return False


def _has_nested_entries(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    for grant in user.roles:  # noqa: SIM110
        if grant["role"] == "editor" and grant["at"]["org"] == doc.org:
            return True
    return False


def _in_turn(make: Callable[[t.Any, t.Any, int], t.Any]) -> t.Any:
    """Make the questions about what two organizations have.

    :param make: gives a resource, of the classes and an organization.
    """

    def questions(users: t.Any, docs: t.Any, _size: int) -> list[Question]:
        user = users(1, None, _MINE)
        return [(user, "read", make(users, docs, org)) for org in (_MINE, _OTHER)]

    return questions


def _granted(users: t.Any, docs: t.Any, size: int) -> list[Question]:
    doc = docs(None, {f"user{each:03}": {"role": "editor", "by": 1} for each in range(size)})
    return [(users(each), "read", doc) for each in (f"user{size - 1:03}", "z")]


SHAPES = (
    _shape(
        "`[role, [org, _]] in user.roles`",
        f'{_READ}[role, [org, _]] in user.roles and role = "editor" and org = doc.org;',
        _with_roles(lambda name, org: [name, [org, None]]),
        _has_nested,
    ),
    _shape(
        "`[role, org] in` a list that has more than lists of two",
        f'{_READ}[role, org] in user.roles and role = "editor" and org = doc.org;',
        _mixed,
        _has_pair,
    ),
    _shape(
        "`{role: role, org: org} in user.roles`, compared behind",
        f'{_READ}{{role: role, org: org}} in user.roles and role = "editor" and org = doc.org;',
        _with_roles(lambda name, org: {"role": name, "org": org}),
        _has_entries,
    ),
    _shape(
        "`{role: role, at: {org: org}} in user.roles`",
        f'{_READ}{{role: role, at: {{org: org}}}} in user.roles and role = "editor"'
        " and org = doc.org;",
        _with_roles(lambda name, org: {"role": name, "at": {"org": org}}),
        _has_nested_entries,
    ),
    _shape(
        "a head that takes a dictionary apart, for each of a list",
        f'{_READ}grant in user.roles and fits(grant, doc); fits({{role: "editor", org: org}}, doc)'
        " if doc.org = org;",
        _with_roles(lambda name, org: {"role": name, "org": org}),
        _has_entries,
    ),
    _shape(
        "a list as resource, `[doc, _]` in a head",
        'allow(user: User, "read", [doc, _]) if doc.org = user.org;allow(_: User, "edit", _: Doc);',
        _in_turn(lambda _users, docs, org: [docs(org), "draft"]),
        lambda user, action, asked: (
            action == "read" and len(asked) == 2 and asked[0].org == user.org
        ),
        sizes=(1,),
    ),
    _shape(
        "a dictionary as resource, `{kind: …, org: org}` in a head",
        'allow(user: User, "read", {kind: "doc", org: org}) if org = user.org;',
        _in_turn(lambda _users, _docs, org: {"kind": "doc", "org": org}),
        lambda user, action, asked: (
            action == "read"
            and len(asked) == 2
            and asked["kind"] == "doc"
            and asked["org"] == user.org
        ),
        sizes=(1,),
    ),
    _shape(
        "`[user.id, {role: role, by: _}] in doc.grants`",
        f'{_READ}[user.id, {{role: role, by: _}}] in doc.grants and role = "editor";',
        _granted,
        lambda user, action, doc: (
            action == "read" and user.id in doc.grants and doc.grants[user.id]["role"] == "editor"
        ),
    ),
)
