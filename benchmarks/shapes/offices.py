"""Policies of offices and shops: how many, the last one, amounts, labels, what methods tell."""

# ruff: noqa: SIM110  # what is written by hand is a loop where any() and a generator cost more

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

from .shape import Question, Shape, World, plain

_SIZES = (10, 100)
_READ = 'allow(user: User, "read", doc: Doc) if '
_BOTH = "authorized_actions"


class _Member:
    """Who asks; has roles by a method, and a rank that is computed."""

    def __init__(self, roles: dict[t.Any, str], points: int = 0) -> None:
        self.roles, self.points = roles, points

    def is_member(self, org: t.Any) -> bool:
        return org in self.roles

    def role_in(self, org: t.Any) -> str | None:
        return self.roles.get(org)

    @property
    def is_senior(self) -> bool:
        return self.points > 3


_Member.__name__ = "User"
_ROLES = {"editor": {"read", "edit"}, "viewer": {"read"}}


class _Office:
    """Where members have roles."""


_Office.__name__ = "Org"


def _at_relation(_size: int) -> World:
    """A method gives the role at what a relation of the block leads to."""
    doc_cls, orgs = plain("Doc", "org"), [_Office(), _Office()]
    users = [_Member({orgs[0]: role}) for role in ("editor", "viewer", "guest")]

    def by_hand(user: t.Any, action: str, doc: t.Any) -> bool:
        return action in _ROLES.get(user.role_in(doc.org), ())

    return World(
        """
        actor User {}
        resource Org { roles = ["viewer", "editor"]; "viewer" if "editor"; }
        resource Doc {
          permissions = ["read", "edit"];
          relations = {org: Org};
          "read" if "viewer" on "org";
          "edit" if "editor" on "org";
        }
        has_relation(org: Org, "org", doc: Doc) if org = doc.org;
        has_role(user: User, name: String, org: Org) if user.role_in(org) = name;
        allow(user, action, doc) if has_permission(user, action, doc);
        """,
        (_Member, _Office, doc_cls),
        [(user, act, doc_cls(org)) for user in users for act in ("read", "edit") for org in orgs],
        by_hand,
    )


def _shape(
    name: str,
    policy: str,
    make: Callable[[type, type, int], Sequence[Question]],
    by_hand: Callable[..., t.Any],
    *,
    user: Sequence[str] | type = ("name",),
    doc: Sequence[str] = ("items",),
    sizes: tuple[int, ...] = (1,),
    method: str = "is_allowed",
) -> Shape:
    """Make a shape of users and documents.

    :param make: gives the questions, of the two classes and the size.
    :param user: the class of users, or the attributes that they have.
    """

    def world(size: int) -> World:
        user_cls = user if isinstance(user, type) else plain("User", *user)
        doc_cls = plain("Doc", *doc)
        asked = make(user_cls, doc_cls, size)
        return World(policy, (user_cls, doc_cls), asked, by_hand, method=method)

    return Shape(name, world, sizes)


def _counted(users: type, docs: type, size: int) -> list[Question]:
    return [(users(), "read", docs([users()] * each)) for each in (size, 3)]


def _versions(users: type, docs: type, size: int) -> list[Question]:
    drafts = [docs([], False)] * size
    return [(users(), "read", docs([*drafts, docs([], done)])) for done in (True, False)]


def _carts(users: type, docs: type, size: int) -> list[Question]:
    return [(users(), "read", docs([users()] * each)) for each in (size, 0)]


def _routes(users: type, docs: type, size: int) -> list[Question]:
    doc = docs(["north", *(f"hub{each}" for each in range(size))])
    return [(users(name), "read", doc) for name in ("north", "south")]


def _uploads(users: type, _docs: type, _size: int) -> list[Question]:
    return [(users(each, 10), "read", number) for each in (1, 8) for number in (2, 5)]


def _bosses(users: type, docs: type, size: int) -> list[Question]:
    top, other = users(), users()
    doc = docs(top)
    for _ in range(size - 1):
        doc = docs(None, doc)
    return [(user, "read", doc) for user in (top, other)]


def _below(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    while doc is not None:
        if doc.items is user:
            return True
        doc = doc.parent
    return False


def _labels(users: type, docs: type, size: int) -> list[Question]:
    doc = docs([*(["kind", f"kind{each}"] for each in range(size)), ["team", "blue"]])
    return [(users(name), "read", doc) for name in ("blue", "red")]


def _is_labelled(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    for key, value in doc.items:
        if key == "team" and value == user.name:
            return True
    return False


def _granted(users: type, docs: type, size: int) -> list[Question]:
    mine, other = users(), users()
    doc = docs([mine])
    for _ in range(size - 1):
        doc = docs([users()], doc)
    return [(user, "read", doc) for user in (mine, other)]


def _has_grant(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    while doc is not None:
        if user in doc.items:
            return True
        doc = doc.parent
    return False


def _of_members(users: type, docs: type, _size: int) -> list[Question]:
    asking = [users({1: "editor"}, points) for points in (1, 9)]
    return [(user, docs(each, each == 1)) for user in asking for each in (1, 2)]


def _of_roles(users: type, docs: type, _size: int) -> list[Question]:
    asking = [users({1: role}) for role in ("editor", "viewer")]
    return [(user, docs(each, True)) for user in asking for each in (1, 2)]


def _by_membership(user: _Member, doc: t.Any) -> set[str]:
    if not user.is_member(doc.items):
        return set()
    return {"read", "edit"} if doc.parent else {"read"}


def _by_rank(user: _Member, doc: t.Any) -> set[str]:
    found = {"read"} if doc.parent else set[str]()
    if user.is_senior:
        found.add("edit")
    return found


def _by_role(user: _Member, doc: t.Any) -> set[str]:
    return _ROLES.get(user.role_in(doc.items) or "", set())


def _many(name: str, policy: Callable[[Sequence[str]], str], method: str = _BOTH) -> Shape:
    """Make a shape of so many actions or fields, of which editors have all, and viewers the first.

    :param policy: gives the rules, of their names.
    """

    def world(size: int) -> World:
        doc_cls = plain("Doc", "items", "parent")
        names = [f"name{each}" for each in range(size)]
        given = {"editor": {*names}, "viewer": {names[0]}}
        questions = _of_roles(_Member, doc_cls, size)
        if method == "authorized_fields":
            questions = [(user, "read", doc) for user, doc in questions]

        def by_hand(user: _Member, *rest: t.Any) -> set[str]:
            return set(given.get(user.role_in(rest[-1].items) or "", ()))

        return World(policy(names), (_Member, doc_cls), questions, by_hand, method=method)

    return Shape(name, world, (5, 40))


def _in_block(names: Sequence[str]) -> str:
    listed = ", ".join(f'"{each}"' for each in names)
    rules = "".join(f'"{each}" if "editor";' for each in names[1:])
    return (
        f'actor User {{}} resource Doc {{ permissions = [{listed}]; roles = ["viewer", "editor"];'
        f'"{names[0]}" if "viewer"; {rules} "viewer" if "editor"; }}'
        "has_role(user: User, role: String, doc: Doc) if role = user.role_in(doc.items);"
        "allow(user, action, doc) if has_permission(user, action, doc);"
    )


def _in_rules(names: Sequence[str]) -> str:
    rules = (
        f'allow(user: User, "{each}", doc: Doc) if user.role_in(doc.items) = "editor";'
        for each in names
    )
    first = f'allow(user: User, "{names[0]}", doc: Doc) if user.role_in(doc.items) = "viewer";'
    return "".join([*rules, first])


def _in_lists(names: Sequence[str]) -> str:
    listed = ", ".join(f'"{each}"' for each in names)
    return (
        'allow_field(user: User, "read", doc: Doc, field) if'
        " of_role(user.role_in(doc.items), fields) and field in fields;"
        f'of_role("editor", [{listed}]); of_role("viewer", ["{names[0]}"]);'
    )


SHAPES = (
    _shape(
        "the number of elements, `__len__()`",
        'allow(_: User, "read", doc: Doc) if doc.items.__len__() > 3;',
        _counted,
        lambda user, action, doc: action == "read" and len(doc.items) > 3,
        sizes=_SIZES,
    ),
    _shape(
        "the last element, `__getitem__(-1)`",
        'allow(_: User, "read", doc: Doc) if doc.items.__getitem__(-1).parent;',
        _versions,
        lambda user, action, doc: action == "read" and doc.items[-1].parent,
        doc=("items", "parent"),
        sizes=_SIZES,
    ),
    _shape(
        "`not` of the empty list, `= []`",
        'allow(_: User, "read", doc: Doc) if not doc.items = [];',
        _carts,
        lambda user, action, doc: action == "read" and doc.items != [],
        sizes=_SIZES,
    ),
    _shape(
        "the first of a list of texts, `[first, *_]`",
        f"{_READ} [first, *_] = doc.items and first = user.name;",
        _routes,
        lambda user, action, doc: (
            action == "read" and bool(doc.items) and doc.items[0] == user.name
        ),
        sizes=_SIZES,
    ),
    _shape(
        "an amount as resource, `used + amount <= limit`",
        'allow(user: User, "read", amount: Integer) if user.used + amount <= user.limit;',
        _uploads,
        lambda user, action, amount: action == "read" and user.used + amount <= user.limit,
        user=("used", "limit"),
    ),
    _shape(
        "a chain, `_: Doc{items: user}` in a head",
        f"{_READ} has(user, doc); has(user, _: Doc{{items: user}});"
        "has(user, doc: Doc) if doc.parent != nil and has(user, doc.parent);",
        _bosses,
        _below,
        doc=("items", "parent"),
        sizes=_SIZES,
    ),
    _shape(
        '`["team", name] in` lists of two, then a comparison',
        f'{_READ} ["team", name] in doc.items and name = user.name;',
        _labels,
        _is_labelled,
        sizes=_SIZES,
    ),
    _shape(
        "a chain of lists of users, a helper without classes",
        f"{_READ} has(user, doc); has(user, doc) if user in doc.items;"
        "has(user, doc) if doc.parent != nil and has(user, doc.parent);",
        _granted,
        _has_grant,
        doc=("items", "parent"),
        sizes=_SIZES,
    ),
    _shape(
        "`authorized_actions`, a property in one rule",
        'allow(_: User, "read", doc: Doc) if doc.parent;'
        'allow(user: User, "edit", _: Doc) if user.is_senior;',
        _of_members,
        _by_rank,
        user=_Member,
        doc=("items", "parent"),
        method=_BOTH,
    ),
    _shape(
        "`authorized_actions`, a method in two rules",
        f"{_READ} user.is_member(doc.items);"
        'allow(user: User, "edit", doc: Doc) if user.is_member(doc.items) and doc.parent;',
        _of_members,
        _by_membership,
        user=_Member,
        doc=("items", "parent"),
        method=_BOTH,
    ),
    _shape(
        "`authorized_actions`, a role by a method",
        f'{_READ} role = user.role_in(doc.items) and role in ["viewer", "editor"];'
        'allow(user: User, "edit", doc: Doc) if user.role_in(doc.items) = "editor";',
        _of_roles,
        _by_role,
        user=_Member,
        doc=("items", "parent"),
        method=_BOTH,
    ),
    Shape("a role by a method, at what a relation of a block leads to", _at_relation),
    _many("`authorized_actions`, 5 and 40 rules, a role by a method", _in_rules),
    _many("`authorized_actions`, 5 and 40 permissions, a role by a method", _in_block),
    _many(
        "`authorized_fields`, lists of 5 and 40, a role by a method", _in_lists, "authorized_fields"
    ),
)
