"""Rules that call themselves: folders in folders, groups in groups."""

# what is written by hand is a loop where any() and a generator cost more

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

from .shape import Shape, World, data, plain, slotted

_DEEP = (10, 100)
#: The roles of folders, which those of their parents have, too.
FOLDER_POLICY = """
actor User {{}}
resource Folder {{
  permissions = ["read", "write"];
  roles = ["viewer", "editor"];
  relations = {{ parent: Folder }};
  "read" if "viewer";
  "write" if "editor";
  "viewer" if "editor";
  "viewer" if "viewer" on "parent";
  "editor" if "editor" on "parent";
}}
has_relation(parent: Folder, "parent", folder: Folder) if {relation};
allow(user: User, action, folder: Folder) if has_permission(user, action, folder);
"""
_AT_FOLDER = """
has_role(user: User, name: String, folder: Folder) if
  grant in folder.grants and
  grant.user = user and
  grant.role = name;
"""
_AT_USER = """
has_role(user: User, name: String, folder: Folder) if
  grant in user.grants and
  grant.folder = folder and
  grant.role = name;
"""
_BY_METHOD = _AT_USER.replace("user.grants", "user.get_grants()")
_NOT_NIL = "parent = folder.parent and parent != nil"
_ENOUGH = {"read": ("viewer", "editor"), "write": ("editor",)}


class _WithGrants:
    grants: t.Any

    def get_grants(self) -> t.Any:
        return self.grants


class _Inside:
    above: t.Any

    @property
    def parent(self) -> t.Any:
        return self.above


def _at_folder(user: t.Any, action: str, folder: t.Any) -> bool:
    enough = _ENOUGH[action]
    while folder is not None:
        for grant in folder.grants:
            if grant.user is user and grant.role in enough:
                return True
        folder = folder.parent
    return False


def _at_user(user: t.Any, action: str, folder: t.Any) -> bool:
    enough = _ENOUGH[action]
    held = {grant.folder for grant in user.grants if grant.role in enough}
    while folder is not None:
        if folder in held:
            return True
        folder = folder.parent
    return False


def _folders(
    name: str,
    relation: str = "parent = folder.parent",
    has_role: str = _AT_FOLDER,
    *,
    is_at_user: bool = False,
    user_bases: tuple[type, ...] = (),
    folder_bases: tuple[type, ...] = (),
    make_class: Callable[..., t.Any] = plain,
    policy: str = FOLDER_POLICY,
    sizes: tuple[int, ...] = _DEEP,
) -> Shape:
    """Make the shape of a chain of folders: grants at its top and in its middle."""

    def world(size: int) -> World:
        above = "above" if folder_bases else "parent"
        bases = {"bases": user_bases} if user_bases else {}
        user_cls = make_class("User", "name", "grants", **bases)
        bases = {"bases": folder_bases} if folder_bases else {}
        folder_cls = make_class("Folder", "name", above, "grants", **bases)
        grant_cls = make_class("Grant", "user", "role", "folder")
        ana, ben, _ = users = [user_cls(each, []) for each in ("ana", "ben", "cyn")]
        chain = [folder_cls("folder0", None, [])]
        for number in range(1, size):
            chain.append(folder_cls(f"folder{number}", chain[-1], []))
        for user, role, folder in ((ana, "viewer", chain[0]), (ben, "editor", chain[size // 2])):
            grant = grant_cls(user, role, folder)
            folder.grants.append(grant)
            user.grants.append(grant)
        return World(
            policy.format(relation=relation) + has_role,
            (user_cls, folder_cls, grant_cls),
            [(user, action, chain[-1]) for user in users for action in ("read", "write")],
            _at_user if is_at_user else _at_folder,
        )

    return Shape(name, world, sizes)


_WITHIN = """
allow(user: User, "read", folder: Folder) if may(user, "viewer", folder);
allow(user: User, "read", folder: Folder) if may(user, "editor", folder);
allow(user: User, "write", folder: Folder) if may(user, "editor", folder);
may(user: User, name, folder: Folder) if
  grant in user.grants and grant.role = name and within(folder, grant.folder);
within(x: Folder, x: Folder);
within(x: Folder, y: Folder) if x.parent != nil and within(x.parent, y);
"""
_GRANTED_ABOVE = """
allow(user: User, "read", folder: Folder) if may(user, "viewer", folder);
allow(user: User, "read", folder: Folder) if may(user, "editor", folder);
allow(user: User, "write", folder: Folder) if may(user, "editor", folder);
may(user: User, name, folder: Folder) if
  above(folder, x) and grant in user.grants and grant.role = name and grant.folder = x;
"""
_ABOVE = """
above(x, x);
above(x: Folder, y) if x.parent != nil and above(x.parent, y);
"""
_ABOVE_BY_CLASS = """
above(x: Folder, y: Folder) if y = x;
above(x: Folder, y: Folder) if p = x.parent and p matches Folder and above(p, y);
"""
_ROLES = ("guest", "reader", "writer", "admin", "owner")


def _five_roles_not_nil(size: int) -> World:
    """The same where the folder above may not be nil."""
    base = _five_roles(size)
    policy = base.policy.replace("parent = folder.parent;", f"{_NOT_NIL};")
    return dataclasses.replace(base, policy=policy)


def _five_roles(size: int) -> World:
    """Five roles that follow from each other, and each from the folder above."""
    user_cls, folder_cls = plain("User", "grants"), plain("Folder", "parent")
    grant_cls = plain("Grant", "role", "folder")
    top = folder = folder_cls(None)
    for _ in range(size - 1):
        folder = folder_cls(folder)
    held = {
        action: frozenset(_ROLES[number:])
        for number, action in enumerate(("look", "read", "write", "manage", "drop"))
    }
    implied = "\n".join(
        f'"{_ROLES[number]}" if "{_ROLES[number + 1]}";' for number in range(len(_ROLES) - 1)
    )
    inherited = "\n".join(f'"{role}" if "{role}" on "parent";' for role in _ROLES)
    allowed = "\n".join(
        f'"{action}" if "{role}";' for action, role in zip(held, _ROLES, strict=True)
    )
    names = ", ".join(f'"{each}"' for each in _ROLES)
    actions = ", ".join(f'"{each}"' for each in held)

    def may(user: t.Any, action: str, folder: t.Any) -> bool:
        enough = held[action]
        places = {grant.folder for grant in user.grants if grant.role in enough}
        while folder is not None:
            if folder in places:
                return True
            folder = folder.parent
        return False

    users = [user_cls([grant_cls("owner", top)]), user_cls([grant_cls("reader", top)])]
    return World(
        f"actor User {{}} resource Folder {{ roles = [{names}]; permissions = [{actions}];"
        f" relations = {{ parent: Folder }}; {allowed} {implied} {inherited} }}"
        'has_relation(parent: Folder, "parent", folder: Folder) if parent = folder.parent;'
        + _AT_USER
        + "allow(user: User, action, folder: Folder) if has_permission(user, action, folder);",
        (user_cls, folder_cls, grant_cls),
        [(user, action, folder) for user in users for action in ("look", "drop")],
        may,
    )


_GROUPS = """
allow(user: User, "read", doc: Doc) if
  group in user.groups and is_inside(group, doc.readers);
is_inside(group: Group, group: Group);
is_inside(group: Group, goal: Group) if
  above in group.groups and is_inside(above, goal);
"""


def _reads_by_group(user: t.Any, action: str, doc: t.Any) -> bool:
    if action != "read":
        return False
    goal = doc.readers
    found = list(user.groups)
    seen = set(found)
    for group in found:
        if group is goal:
            return True
        for above in group.groups:
            if above not in seen:
                seen.add(above)
                found.append(above)
    return False


def _groups(layers: Callable[[t.Any, int], list[list[t.Any]]]) -> Callable[[int], World]:
    """Give what makes a world of groups in groups, in layers."""

    def world(size: int) -> World:
        group_cls, user_cls = plain("Group", "groups"), plain("User", "groups")
        doc_cls = plain("Doc", "readers")
        made = layers(group_cls, size)
        user = user_cls(list(made[0]))
        docs = [doc_cls(made[-1][0]), doc_cls(group_cls([]))]
        return World(
            _GROUPS,
            (user_cls, group_cls, doc_cls),
            [(user, "read", doc) for doc in docs],
            _reads_by_group,
        )

    return world


def _chain(group_cls: t.Any, size: int) -> list[list[t.Any]]:
    above: list[t.Any] = [group_cls([])]
    made = [above]
    for _ in range(size - 1):
        above = [group_cls(above)]
        made.insert(0, above)
    return made


def _diamonds(group_cls: t.Any, size: int) -> list[list[t.Any]]:
    above = [group_cls([]), group_cls([])]
    made = [above]
    for _ in range(size - 1):
        above = [group_cls(above), group_cls(list(reversed(above)))]
        made.insert(0, above)
    return made


_DOWNWARDS = """
allow(user: User, "read", doc: Doc) if member(user, doc.group);
member(user: User, group: Group) if user in group.users;
member(user: User, group: Group) if below in group.groups and member(user, below);
"""


def _is_below(user: t.Any, action: str, doc: t.Any) -> bool:
    left = [doc.group]
    while left and action == "read":
        group = left.pop()
        if user in group.users:
            return True
        left += group.groups
    return False


def _downwards(depth: Callable[[int], int]) -> Callable[[int], World]:
    """Give what makes a world of groups that list their users and the groups below.

    :param depth: how deep they are, of how many there are. All others are next to each other.
    """

    def world(size: int) -> World:
        group_cls, user_cls = plain("Group", "users", "groups"), plain("User", "name")
        doc_cls = plain("Doc", "group")
        ana, ben = user_cls("ana"), user_cls("ben")
        group = group_cls([ana], [])
        for _ in range(depth(size)):
            group = group_cls([user_cls("cyd")], [group])
        group.groups += [group_cls([user_cls("cyd")], []) for _ in range(size - depth(size))]
        questions = [(user, "read", doc_cls(group)) for user in (ana, ben)]
        return World(_DOWNWARDS, (user_cls, group_cls, doc_cls), questions, _is_below)

    return world


_MUTUAL = """
allow(user: User, "read", folder: Folder) if open_even(user, folder);
open_even(user: User, folder: Folder) if folder.owner = user;
open_even(user: User, folder: Folder) if folder.parent != nil and open_odd(user, folder.parent);
open_odd(user: User, folder: Folder) if folder.parent != nil and open_even(user, folder.parent);
"""


def _mutual(size: int) -> World:
    """Each second folder counts."""
    user_cls, folder_cls = plain("User", "name"), plain("Folder", "owner", "parent")
    ana, ben = user_cls("ana"), user_cls("ben")
    folder = folder_cls(ana, None)
    for _ in range(size):
        folder = folder_cls(None, folder)

    def may(user: t.Any, action: str, folder: t.Any) -> bool:
        is_even = action == "read"
        while folder is not None:
            if is_even and folder.owner is user:
                return True
            folder, is_even = folder.parent, not is_even
        return False

    return World(
        _MUTUAL, (user_cls, folder_cls), [(ana, "read", folder), (ben, "read", folder)], may
    )


_OPEN_OWNER = """
allow(user: User, "read", folder: Folder) if owner_of(folder, owner) and owner = user;
owner_of(folder: Folder, owner) if owner = folder.owner and owner != nil;
owner_of(folder: Folder, owner) if
  folder.parent != nil and owner_of(folder.parent, owner) and folder.open;
"""
_OPEN_DEPTH = """
allow(user: User, "read", folder: Folder) if depth(folder, n) and n >= user.least;
depth(folder: Folder, 1) if folder.parent = nil;
depth(folder: Folder, n) if folder.parent != nil and depth(folder.parent, m) and n = m + 1;
"""
_OPEN_LEVEL = """
allow(user: User, "read", folder: Folder) if level(folder, n) and n >= user.least;
level(folder: Folder, 1) if folder.parent = nil;
level(folder: Folder, n) if level(folder.parent, m) and n = m + 1;
"""


def _open_value(policy: str, by_hand: Callable[..., bool]) -> Callable[[int], World]:
    """Give what makes a chain of folders whose outermost one has an owner."""

    def world(size: int) -> World:
        user_cls, folder_cls = plain("User", "least"), plain("Folder", "owner", "parent", "open")
        ana, ben = user_cls(size), user_cls(size + 1)
        folder = folder_cls(ana, None, True)
        for _ in range(size - 1):
            folder = folder_cls(None, folder, True)
        return World(
            policy, (user_cls, folder_cls), [(each, "read", folder) for each in (ana, ben)], by_hand
        )

    return world


def _owns_above(user: t.Any, action: str, folder: t.Any) -> bool:
    if action != "read":
        return False
    while folder is not None:
        if folder.owner is not None and folder.owner is user:
            return True
        if not folder.open:
            return False
        folder = folder.parent
    return False


def _is_deep_enough(user: t.Any, action: str, folder: t.Any) -> bool:
    depth = 0
    while folder is not None:
        folder, depth = folder.parent, depth + 1
    return action == "read" and depth >= user.least


_USER: dict[str, t.Any] = {"has_role": _AT_USER, "is_at_user": True}
SHAPES = (
    _folders("folder, 1 deep", sizes=(1,)),
    _folders("folders"),
    _folders("folders, slots", make_class=slotted),
    _folders("folders, dataclasses", make_class=data),
    _folders("folders, `parent != nil`", _NOT_NIL),
    _folders("folders, `not parent = nil`", "parent = folder.parent and not parent = nil"),
    _folders(
        "folders, `not folder.parent = nil`, then the parent",
        "not folder.parent = nil and parent = folder.parent",
    ),
    _folders(
        "folders, `not folder.name = …`, then the parent",
        'not folder.name = "shut" and parent = folder.parent',
    ),
    _folders(
        "folders, the parent, then `not parent.name = …`",
        'parent = folder.parent and not parent.name = "shut"',
    ),
    _folders("folders, `folder.parent = parent`", "folder.parent = parent"),
    _folders("folders, roles at the user", **_USER),
    _folders("folders, roles at the user, `parent != nil`", _NOT_NIL, **_USER),
    _folders(
        "folders, roles at the user, `not parent = nil`",
        "parent = folder.parent and not parent = nil",
        **_USER,
    ),
    _folders("folders, parent a property", folder_bases=(_Inside,)),
    _folders("folders, parent a property, roles at the user", folder_bases=(_Inside,), **_USER),
    _folders(
        "folders, roles by a method",
        has_role=_BY_METHOD,
        is_at_user=True,
        user_bases=(_WithGrants,),
    ),
    _folders(
        "folders, roles by a method, `parent != nil`",
        _NOT_NIL,
        has_role=_BY_METHOD,
        is_at_user=True,
        user_bases=(_WithGrants,),
    ),
    _folders("folders, `within(x, y)` by hand", policy=_WITHIN, has_role="", is_at_user=True),
    _folders(
        "folders, `above(folder, x)` with an open `x`",
        policy=_GRANTED_ABOVE,
        has_role=_ABOVE,
        is_at_user=True,
    ),
    _folders(
        "folders, `above(folder, x)` with classes",
        policy=_GRANTED_ABOVE,
        has_role=_ABOVE_BY_CLASS,
        is_at_user=True,
    ),
    Shape("folders, five roles, 10 and 40 deep", _five_roles, (10, 40)),
    Shape("folders, five roles, `parent != nil`, 3 and 10 deep", _five_roles_not_nil, (3, 10)),
    Shape("groups in groups, a chain", _groups(_chain), _DEEP),
    Shape("groups in groups, diamonds of 3 and 9 levels", _groups(_diamonds), (3, 9)),
    Shape("groups that list groups, a chain", _downwards(lambda size: size), _DEEP),
    Shape("groups that list groups, next to each other", _downwards(lambda _: 1), _DEEP),
    Shape("mutual recursion", _mutual, _DEEP),
    Shape("an open owner, then a condition", _open_value(_OPEN_OWNER, _owns_above), _DEEP),
    Shape("an open number, `n = m + 1`", _open_value(_OPEN_DEPTH, _is_deep_enough), _DEEP),
    Shape(
        "an open number, beside a parent of `nil`", _open_value(_OPEN_LEVEL, _is_deep_enough), _DEEP
    ),
)
