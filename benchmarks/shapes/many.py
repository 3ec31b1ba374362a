"""Policies with many rules, classes or facts, of which a question is about few."""

# ruff: noqa: SIM110  # what is written by hand is a loop where any() and a generator cost more

from __future__ import annotations

import typing as t

from .shape import Shape, World, plain

#: How many rules there are for each class.
_ACTIONS = [f"action{each}" for each in range(10)]


def _classes(size: int) -> World:
    """Ten rules for each of so many classes; questions are about three of them."""
    user_cls = plain("User", "level")
    doc_classes = [plain(f"Doc{each}", "level", "public") for each in range(size)]
    user = user_cls(3)
    asked = [doc_classes[each] for each in (0, size // 2, size - 1)]
    numbers = {action: number for number, action in enumerate(_ACTIONS)}

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        number = numbers.get(action)
        return number is not None and doc.public and doc.level <= user.level + number

    return World(
        "".join(
            f'allow(user: User, "{action}", doc: {cls.__name__}) if'
            f" doc.public and doc.level <= user.level + {number};"
            for cls in doc_classes
            for number, action in enumerate(_ACTIONS)
        ),
        (user_cls, *doc_classes),
        [
            (user, _ACTIONS[1], asked[0](1, True)),
            (user, _ACTIONS[5], asked[1](99, True)),
            (user, _ACTIONS[9], asked[2](1, False)),
        ],
        may,
    )


def _features(size: int) -> World:
    """A rule for each of so many features: who has it may use what needs it."""
    user_cls, doc_cls = plain("User", "features"), plain("Doc", "feature")
    users = [user_cls([f"feature{each}" for each in range(count)]) for count in (size, 0)]
    docs = [doc_cls(f"feature{each}") for each in (0, size - 1, size)]

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        return action == "read" and doc.feature in user.features

    return World(
        "".join(
            'allow(user: User, "read", doc: Doc) if'
            f' "feature{each}" in user.features and doc.feature = "feature{each}";'
            for each in range(size)
        ),
        (user_cls, doc_cls),
        [(user, "read", doc) for user in users for doc in docs],
        may,
    )


def _thresholds(size: int) -> World:
    """A rule for each of so many kinds: each wants another level."""
    user_cls, doc_cls = plain("User", "level"), plain("Doc", "kind")

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        return action == "read" and 0 <= doc.kind < size and user.level > doc.kind

    return World(
        "".join(
            f'allow(user: User, "read", doc: Doc) if user.level > {each} and doc.kind = {each};'
            for each in range(size)
        ),
        (user_cls, doc_cls),
        [
            (user_cls(level), "read", doc_cls(kind))
            for level in (size // 2, size + 1)
            for kind in (1, size - 1, size)
        ],
        may,
    )


def _facts(size: int) -> World:
    """So many facts about strings."""
    facts = {(f"user{each}", "read", f"doc{each}") for each in range(size)}
    last = size - 1
    return World(
        "".join(f'allow("user{each}", "read", "doc{each}");' for each in range(size)),
        (),
        [(f"user{last}", "read", f"doc{last}"), ("user0", "read", f"doc{last}")],
        lambda actor, action, resource: (actor, action, resource) in facts,
    )


def _class_facts(size: int) -> World:
    """So many actions that all may do."""
    user_cls, doc_cls = plain("User", "name"), plain("Doc", "name")
    names = frozenset(f"action{each}" for each in range(size))
    user, doc = user_cls("a"), doc_cls("a")

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        return action in names and isinstance(user, user_cls) and isinstance(doc, doc_cls)

    return World(
        "".join(f'allow(_: User, "action{each}", _: Doc);' for each in range(size)),
        (user_cls, doc_cls),
        [(user, f"action{size - 1}", doc), (user, "drop", doc)],
        may,
    )


_UNTYPED = """
actor User {}
allow(actor, action, resource) if has_permission(actor, action, resource);
"""


def _block(cls: type) -> str:
    return (
        f'resource {cls.__name__} {{ permissions = ["read", "edit"];'
        ' roles = ["reader", "writer"]; "read" if "reader"; "edit" if "writer";'
        ' "reader" if "writer"; }'
    )


def _blocks(size: int) -> World:
    """The untyped ``allow`` of the documentation, over blocks of so many classes."""
    user_cls, role_cls = plain("User", "roles"), plain("Role", "name", "resource")
    doc_classes = [plain(f"Doc{each}", "name") for each in range(size)]
    docs = [cls("a") for cls in doc_classes]
    asked = [docs[0], docs[size // 2], docs[-1]]
    users = [
        user_cls([role_cls("reader", asked[0]), role_cls("writer", asked[2])]),
        user_cls([]),
    ]
    enough = {"read": ("reader", "writer"), "edit": ("writer",)}

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        names = enough.get(action, ())
        for role in user.roles:
            if role.resource is doc and role.name in names:
                return True
        return False

    return World(
        "".join(_block(cls) for cls in doc_classes)
        + _UNTYPED
        + "has_role(user: User, name: String, resource: Resource) if"
        " role in user.roles and role.name = name and role.resource = resource;",
        (user_cls, role_cls, *doc_classes),
        [(user, action, doc) for user in users for action in enough for doc in asked],
        may,
    )


class _WithGrants:
    grants: t.Any

    def roles(self) -> t.Any:
        return self.grants


def _blocks_by_method(size: int) -> World:
    """The same with roles that a method gives."""
    user_cls = plain("User", "grants", bases=(_WithGrants,))
    role_cls = plain("Role", "name", "resource")
    doc_classes = [plain(f"Doc{each}", "name") for each in range(size)]
    docs = [cls("a") for cls in doc_classes]
    user = user_cls([role_cls("reader", docs[0])])
    enough = {"read": ("reader", "writer"), "edit": ("writer",)}

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        names = enough.get(action, ())
        for role in user.roles():
            if role.resource is doc and role.name in names:
                return True
        return False

    return World(
        "".join(_block(cls) for cls in doc_classes)
        + _UNTYPED
        + "has_role(user: User, name: String, resource: Resource) if"
        " role in user.roles() and role.name = name and role.resource = resource;",
        (user_cls, role_cls, *doc_classes),
        [(user, action, docs[each]) for action in enough for each in (0, size // 2, size - 1)],
        may,
    )


def _permissions_in_list(size: int) -> World:
    """The untyped ``allow``, and a rule for each class that lists its permissions."""
    user_cls = plain("User", "name")
    doc_classes = [plain(f"Doc{each}", "owner") for each in range(size)]
    ana, ben = user_cls("ana"), user_cls("ben")
    docs = [doc_classes[each](ana) for each in (0, size - 1)]
    return World(
        _UNTYPED
        + "".join(
            f'resource {cls.__name__} {{ permissions = ["read", "edit"]; }}'
            f"has_permission(user: User, action: String, doc: {cls.__name__}) if"
            ' action in ["read", "edit"] and doc.owner = user;'
            for cls in doc_classes
        ),
        (user_cls, *doc_classes),
        [(user, "edit", doc) for user in (ana, ben) for doc in docs],
        lambda user, action, doc: action in ("read", "edit") and doc.owner is user,
    )


def _attributes(size: int) -> World:
    """One rule for each of so many classes: its documents have owners."""
    user_cls = plain("User", "name")
    doc_classes = [plain(f"Doc{each}", "owner") for each in range(size)]
    ana, ben = user_cls("ana"), user_cls("ben")
    docs = [doc_classes[each](ana) for each in (0, size - 1)]
    return World(
        "".join(
            f'allow(user: User, "read", doc: {cls.__name__}) if doc.owner = user;'
            for cls in doc_classes
        ),
        (user_cls, *doc_classes),
        [(user, "read", doc) for user in (ana, ben) for doc in docs],
        lambda user, action, doc: action == "read" and doc.owner is user,
    )


SHAPES = (
    Shape("facts, 100 and 1,000", _facts, (100, 1_000)),
    Shape("actions for all, 100 and 1,000", _class_facts, (100, 1_000)),
    Shape("a rule for each of 10 and 100 features", _features, (10, 100)),
    Shape("a threshold for each of 10 and 100 kinds", _thresholds, (10, 100)),
    Shape("owner of one of 5 and 80 classes", _attributes, (5, 80)),
    Shape("untyped `allow`, blocks of 5 and 20 classes", _blocks, (5, 20)),
    Shape("untyped `allow`, blocks of 20 and 80 classes", _blocks, (20, 80)),
    Shape("untyped `allow`, roles by a method, 5 and 80 classes", _blocks_by_method, (5, 80)),
    Shape("untyped `allow`, `action in [...]`, 5 and 80 classes", _permissions_in_list, (5, 80)),
    Shape("10 rules on each of 10 and 100 classes", _classes, (10, 100)),
    Shape("10 rules on each of 100 and 1,000 classes", _classes, (100, 1_000)),
)
