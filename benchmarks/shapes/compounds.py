"""Lists and dictionaries that a policy makes, compares and is asked about; values behind a cut."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence

from .shape import Question, Shape, World, plain

_SIZES = (10, 100)
_READ = 'allow(user: User, "read", doc: Doc) if '
_OWNER = 'allow(user: User, "read", doc: Doc) if doc.owner = user;'
_GRANTS = {"viewer": ["read", "list"], "editor": ["read", "edit"]}
_LEVELS = (
    'level(user, doc, 3) if doc.owner = user.id and cut; level(_, doc, 2) if doc.kind = "open"'
)


def _shape(
    name: str,
    policy: str,
    make: Callable[[t.Any, type, int], Sequence[Question]],
    by_hand: Callable[..., t.Any],
    *,
    user: t.Any = ("id", "groups"),
    sizes: tuple[int, ...] = (1,),
    constants: dict[str, t.Any] | None = None,
) -> Shape:
    """Make a shape of users and documents.

    :param make: gives the questions, of the two classes and the size.
    :param user: the attributes of users, or gives their class.
    """

    def world(size: int) -> World:
        users = plain("User", *user) if isinstance(user, tuple) else user()
        docs = plain("Doc", "owner", "kind", "grants")
        asked = make(users, docs, size)
        return World(policy, (users, docs), asked, by_hand, constants or {})

    return Shape(name, world, sizes)


def _pairs(users: t.Any, docs: type, _size: int) -> list[Question]:
    return [(users(each), "read", docs(1, kind)) for each in (1, 2) for kind in ("open", "closed")]


def _is_own(user: t.Any, action: str, doc: t.Any) -> bool:
    return action == "read" and user.id == doc.owner and doc.kind == "open"


def _may_by_level(user: t.Any, action: str, doc: t.Any) -> bool:
    return action == "read" and (doc.owner == user.id or doc.kind == "open")


def _lists(users: t.Any, docs: type, size: int) -> list[Question]:
    mine, other = users(1), users(2)
    own = [docs(mine) for _ in range(size)]
    return [(user, "read", [*own, docs(last)]) for user in (mine, other) for last in (mine, other)]


def _may_read_all(user: t.Any, action: str, asked: t.Any) -> bool:
    if not isinstance(asked, list):
        return action == "read" and asked.owner is user
    for each in asked:  # noqa: SIM110  # a loop as one writes it where speed counts
        if not _may_read_all(user, action, each):
            return False
    return True


def _others(users: t.Any, docs: type, size: int) -> list[Question]:
    mine, other = users(1), users(2)
    return [(user, "read", [docs(mine) for _ in range(size)]) for user in (mine, other)]


def _may_read_one(user: t.Any, action: str, asked: t.Any) -> bool:
    if not isinstance(asked, list):
        return action == "read" and asked.owner is user
    for each in asked:  # noqa: SIM110
        if _may_read_one(user, action, each):
            return True
    return False


def _granted(users: t.Any, docs: type, size: int) -> list[Question]:
    doc = docs(None, None, {f"group{each:03}": "read" for each in range(size)})
    asking = [users(1, ["x", "y", last]) for last in (f"group{size - 1:03}", "z")]
    return [(user, "read", doc) for user in asking]


def _is_granted(user: t.Any, action: str, doc: t.Any) -> bool:
    for group, allowed in doc.grants.items():  # noqa: SIM110
        if group in user.groups and allowed == action:
            return True
    return False


def _of_roles(users: t.Any, docs: type, size: int) -> list[Question]:
    asking = [users(1, [*["viewer"] * size, last]) for last in ("viewer", "editor")]
    return [(user, action, docs()) for user in asking for action in ("list", "edit")]


def _may_by_role(user: t.Any, action: str, _doc: t.Any) -> bool:
    for role in user.groups:  # noqa: SIM110
        if action in _GRANTS[role]:
            return True
    return False


def _with_roles() -> type:
    """Give a class of users whose roles come from methods."""

    class User:
        def __init__(self, names: list[str]) -> None:
            self.names = names

        def roles(self) -> Iterator[str]:
            yield from self.names

        def iterator(self) -> Iterator[str]:
            return iter(self.names)

    return User


def _named(users: t.Any, docs: type, size: int) -> list[Question]:
    names = [f"role{each}" for each in range(size)]
    return [(users([*names, last]), "read", docs()) for last in ("editor", "guest")]


def _has_role(user: t.Any, action: str, _doc: t.Any) -> bool:
    for role in user.roles():  # noqa: SIM110
        if role == "editor" and action == "read":
            return True
    return False


SHAPES = (
    _shape(
        "parts of two lists, `[user.id, doc.kind] = [doc.owner, …]`",
        f'{_READ}[user.id, doc.kind] = [doc.owner, "open"];',
        _pairs,
        _is_own,
    ),
    _shape(
        "a dictionary that is made, `c = {id: user.id}`",
        f'{_READ}c = {{id: user.id}} and c.id = doc.owner and doc.kind = "open";',
        _pairs,
        _is_own,
    ),
    _shape(
        "a dictionary for a helper",
        f'{_READ}same({{id: user.id, kind: "open"}}, doc);'
        "same(claims, doc) if claims.id = doc.owner and claims.kind = doc.kind;",
        _pairs,
        _is_own,
    ),
    _shape(
        "a pair that a helper gives",
        f"{_READ}both(user, doc, pair) and [id, id] = pair;"
        'both(user, doc, [user.id, doc.owner]) if doc.kind = "open";',
        _pairs,
        _is_own,
    ),
    _shape(
        "a level that a helper gives, the first that holds",
        f"{_READ}level(user, doc, level) and level > 1; {_LEVELS} and cut; level(_, _, 1);",
        _pairs,
        _may_by_level,
    ),
    _shape(
        "a list as resource, all of it",
        f"{_OWNER} allow(user, action, docs: List) if"
        " forall(doc in docs, allow(user, action, doc));",
        _lists,
        _may_read_all,
        sizes=_SIZES,
    ),
    _shape(
        "a list as resource, one of it",
        f"{_OWNER} allow(user, action, docs: List) if doc in docs and allow(user, action, doc);",
        _others,
        _may_read_one,
        sizes=_SIZES,
    ),
    _shape(
        "`[group, action] in doc.grants` and groups of the user",
        "allow(user: User, action, doc: Doc) if"
        " [group, action] in doc.grants and group in user.groups;",
        _granted,
        _is_granted,
        sizes=_SIZES,
    ),
    _shape(
        "grants of roles, a dictionary of lists of the program",
        "allow(user: User, action, _: Doc) if role in user.groups and action in GRANTS.(role);",
        _of_roles,
        _may_by_role,
        sizes=_SIZES,
        constants={"GRANTS": _GRANTS},
    ),
    _shape(
        "rules for some of the roles of a generator",
        "allow(user: User, action, _: Doc) if role in user.roles() and grants(role, action);"
        'grants("editor", "read"); grants("owner", "delete");',
        _named,
        _has_role,
        user=_with_roles,
        sizes=_SIZES,
    ),
    _shape(
        "a text in the iterator of a method",
        'allow(user: User, "read", _: Doc) if "editor" in user.iterator();',
        _named,
        lambda user, action, _doc: action == "read" and "editor" in user.iterator(),
        user=_with_roles,
        sizes=_SIZES,
    ),
)
