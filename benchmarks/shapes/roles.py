"""Roles: where they come from, how they are looked for, and how they follow from each other."""

# ruff: noqa: SIM110  # what is written by hand is a loop where any() and a generator cost more

from __future__ import annotations

import dataclasses
import datetime
import itertools
import typing as t
from collections.abc import Callable

from .shape import Shape, World, data, plain, slotted

_SIZES = (10, 100)
_HEAD = """
actor User {}
allow(user: User, action, resource: Doc) if has_permission(user, action, resource);
"""
_BLOCK = """
resource Doc {
  permissions = ["read", "edit"];
  roles = ["reader", "writer"];
  "read" if "reader";
  "edit" if "writer";
  "reader" if "writer";
}
"""
_HAS_ROLE = """
has_role(user: User, name: String, resource: Doc) if
  role in user.roles and
  role.name = name and
  role.resource = resource;
"""
_ENOUGH = {"read": ("reader", "writer"), "edit": ("writer",)}


class _WithRoles:
    """What users that compute their roles derive from."""

    grants: t.Any

    @property
    def roles(self) -> t.Any:
        return self.grants

    def roles_as_list(self) -> list[t.Any]:
        return list(self.grants)

    def roles_as_tuple(self) -> tuple[t.Any, ...]:
        return tuple(self.grants)

    def each_role(self) -> t.Iterator[t.Any]:
        yield from self.grants

    def role_for(self, resource: t.Any) -> str | None:
        return next((each.name for each in self.grants if each.resource is resource), None)


def _granted(
    name: str,
    has_role: str = _HAS_ROLE,
    *,
    collected: Callable[[list[t.Any]], t.Any] = list,
    read: Callable[[t.Any], t.Any] = lambda user: user.roles,
    field: str = "roles",
    bases: tuple[type, ...] = (),
    make_class: Callable[..., t.Any] = plain,
    head: str = _HEAD + _BLOCK,
) -> Shape:
    """Make the shape of an actor with so many roles."""

    def world(size: int) -> World:
        user_cls = plain("User", field, bases=bases) if bases else make_class("User", field)
        doc_cls, role_cls = make_class("Doc", "name"), make_class("Role", "name", "resource")
        docs = [doc_cls(f"doc{each}") for each in range(size + 1)]
        kinds = itertools.cycle(("reader", "writer"))
        user = user_cls(collected([role_cls(next(kinds), each) for each in docs[:-1]]))

        def may(user: t.Any, action: str, doc: t.Any) -> bool:
            enough = _ENOUGH.get(action, ())
            for role in read(user):
                if role.resource is doc and role.name in enough:
                    return True
            return False

        asked = [("read", docs[-2]), ("edit", docs[size // 2]), ("read", docs[-1])]
        return World(
            head + has_role,
            (user_cls, doc_cls, role_cls),
            [(user, action, doc) for action, doc in asked] + [(user, "edit", docs[-1])],
            may,
        )

    return Shape(name, world, _SIZES)


def _expiring(size: int) -> World:
    """Roles of which every other one has an end."""
    user_cls, doc_cls = plain("User", "roles"), plain("Doc", "name")
    role_cls = plain("Role", "name", "resource", "until")
    docs = [doc_cls(f"doc{each}") for each in range(size + 1)]
    later = datetime.datetime.now() + datetime.timedelta(days=1000)
    ends = itertools.cycle((None, later))
    user = user_cls([role_cls("reader", each, next(ends)) for each in docs[:-1]])
    user.roles[-1].until = None

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        enough = _ENOUGH.get(action, ())
        for role in user.roles:
            is_enough = role.resource is doc and role.name in enough
            if is_enough and (role.until is None or role.until > datetime.datetime.now()):
                return True
        return False

    lasts = "  (role.until = nil or role.until > Datetime.now());"
    return World(
        _HEAD + _BLOCK + _HAS_ROLE.replace(";", f" and\n{lasts}"),
        (user_cls, doc_cls, role_cls),
        [(user, "read", each) for each in (docs[-2], docs[-3], docs[-1])],
        may,
    )


def _by_method(name: str) -> str:
    return _HAS_ROLE.replace("user.roles", f"user.{name}()")


def _derived(size: int) -> World:
    """Documents of a class that nobody registered, derived from one that is."""
    base = _granted("").make(size)
    user, _, doc = base.questions[0]
    memo_cls = plain("Memo", "name", bases=(type(doc),))
    memos = [memo_cls("a"), memo_cls("b")]
    user.roles[-1].resource, user.roles[-1].name = memos[0], "reader"
    return dataclasses.replace(
        base, questions=[(user, action, memo) for action in ("read", "edit") for memo in memos]
    )


def _assigned(size: int) -> World:
    """Roles at the resource: each grant names its user."""
    user_cls, doc_cls, grant_cls = (
        plain("User", "name"),
        plain("Doc", "grants"),
        plain("Grant", "user", "role"),
    )
    users = [user_cls(f"user{each}") for each in range(size + 1)]
    doc = doc_cls([grant_cls(each, "reader") for each in users[:-1]])

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        enough = _ENOUGH.get(action, ())
        for grant in doc.grants:
            if grant.user is user and grant.role in enough:
                return True
        return False

    return World(
        _HEAD
        + _BLOCK
        + "has_role(user: User, name: String, doc: Doc) if"
        + " grant in doc.grants and grant.user = user and grant.role = name;",
        (user_cls, doc_cls, grant_cls),
        [(users[-2], "read", doc), (users[-1], "read", doc), (users[0], "edit", doc)],
        may,
    )


def _hierarchy(size: int) -> World:
    """A chain of so many roles, each of which has the one before it."""
    user_cls, doc_cls, role_cls = (
        plain("User", "roles"),
        plain("Doc", "name"),
        plain("Role", "name", "resource"),
    )
    names = [f"role{each}" for each in range(size)]
    implied = "\n".join(f'  "{a}" if "{b}";' for a, b in itertools.pairwise(names))
    doc, other = doc_cls("a"), doc_cls("b")
    known = set(names)
    user = user_cls([role_cls(names[-1], doc)])

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        if action != "read":
            return False
        for role in user.roles:
            if role.resource is doc and role.name in known:
                return True
        return False

    return World(
        _HEAD
        + f"resource Doc {{\n  roles = [{', '.join(map(_quoted, names))}];\n"
        + f'  permissions = ["read"];\n  "read" if "{names[0]}";\n{implied}\n}}'
        + _HAS_ROLE,
        (user_cls, doc_cls, role_cls),
        [(user, "read", doc), (user, "read", other)],
        may,
    )


def _quoted(text: str) -> str:
    return f'"{text}"'


_ORG_POLICY = """
actor User {}
resource Org { roles = ["owner", "member"]; "member" if "owner"; }
resource Doc {
  permissions = ["read", "edit"];
  roles = ["reader", "writer"];
  relations = { parent: Org };
  "read" if "reader";
  "edit" if "writer";
  "reader" if "writer";
  "reader" if "member" on "parent";
  "writer" if "owner" on "parent";
}
has_role(user: User, name: String, resource: Resource) if
  role in user.roles and
  role.name = name and
  role.resource = resource;
allow(actor, action, resource) if has_permission(actor, action, resource);
"""
_OF_ORG = {"read": ("member", "owner"), "edit": ("owner",)}


def _of_organization(name: str, relation: str, *, has_org: bool = True) -> Shape:
    """Make the shape of roles in an organization, of which a document is a part."""

    def world(size: int) -> World:
        org_cls, user_cls = plain("Org", "name"), plain("User", "roles")
        doc_cls, role_cls = plain("Doc", "org", "tags"), plain("Role", "name", "resource")
        orgs = [org_cls(f"org{each}") for each in range(size)]
        docs = [doc_cls(orgs[-1]), doc_cls(org_cls("other"))]
        if not has_org:
            docs.append(doc_cls(None))
        user = user_cls([role_cls("member", each) for each in orgs])

        def may(user: t.Any, action: str, doc: t.Any) -> bool:
            own, inherited, org = _ENOUGH[action], _OF_ORG[action], doc.org
            for role in user.roles:
                if role.resource is doc and role.name in own:
                    return True
                if org is not None and role.resource is org and role.name in inherited:
                    return True
            return False

        return World(
            _ORG_POLICY + f'has_relation(org: Org, "parent", doc: Doc) if {relation};',
            (user_cls, org_cls, doc_cls, role_cls),
            [(user, action, doc) for action in ("read", "edit") for doc in docs],
            may,
        )

    return Shape(name, world, _SIZES)


def _texts(name: str, text: str) -> Shape:
    """Make the shape of roles that are texts."""

    def world(size: int) -> World:
        user_cls, doc_cls = plain("User", "roles"), plain("Doc", "name")
        doc = doc_cls("a")
        users = [user_cls([f"role{each}" for each in range(size)]) for _ in range(2)]
        users[0].roles.append("admin")
        return World(
            f'allow(user: User, "read", _: Doc) if {text};',
            (user_cls, doc_cls),
            [(user, "read", doc) for user in users],
            lambda user, action, doc: action == "read" and "admin" in user.roles,
        )

    return Shape(name, world, _SIZES)


def _two_actors(_size: int) -> World:
    """Actors of two classes: people have roles, robots have a scope."""
    user_cls, robot_cls = plain("User", "admin"), plain("Robot", "scope")
    doc_cls = plain("Doc", "name")
    doc = doc_cls("a")

    def may(actor: t.Any, action: str, doc: t.Any) -> bool:
        if action != "read":
            return False
        return bool(actor.admin if isinstance(actor, user_cls) else actor.scope == "docs")

    return World(
        """
        actor User {} actor Robot {}
        resource Doc { permissions = ["read"]; roles = ["reader"]; "read" if "reader"; }
        has_role(user: User, "reader", _: Doc) if user.admin;
        has_role(robot: Robot, "reader", _: Doc) if robot.scope = "docs";
        allow(actor: Actor, action, resource: Resource) if
          has_permission(actor, action, resource);
        """,
        (user_cls, robot_cls, doc_cls),
        [
            (actor, "read", doc)
            for actor in (user_cls(True), user_cls(False), robot_cls("docs"), robot_cls("x"))
        ],
        may,
    )


_WITH = (_WithRoles,)
SHAPES = (
    _granted("roles in a list"),
    _granted("roles in a tuple", collected=tuple),
    _granted("roles in a set", collected=set),
    _granted("roles in a list, slots", make_class=slotted),
    Shape("roles that may have an end, `nil` or later than `Datetime.now()`", _expiring, _SIZES),
    _granted("roles of a property", field="grants", bases=_WITH),
    _granted(
        "roles by a method, in a list",
        _by_method("roles_as_list"),
        read=lambda user: user.roles_as_list(),
        field="grants",
        bases=_WITH,
    ),
    _granted(
        "roles by a method, in a tuple",
        _by_method("roles_as_tuple"),
        read=lambda user: user.roles_as_tuple(),
        field="grants",
        bases=_WITH,
    ),
    _granted(
        "roles by a generator",
        _by_method("each_role"),
        read=lambda user: user.each_role(),
        field="grants",
        bases=_WITH,
    ),
    _granted(
        "role by a method, `name = user.role_for(resource)`",
        "has_role(user: User, name: String, doc: Doc) if name = user.role_for(doc);",
        read=lambda user: user.grants,
        field="grants",
        bases=_WITH,
    ),
    _granted(
        "`role matches {name: name, …}`",
        "has_role(user: User, name: String, doc: Doc) if"
        " role in user.roles and role matches {name: name, resource: doc};",
    ),
    _granted(
        "`role matches Role{name: name, …}`",
        "has_role(user: User, name: String, doc: Doc) if"
        " role in user.roles and role matches Role{name: name, resource: doc};",
    ),
    _granted(
        "roles, `Actor` and `Resource` in heads",
        _HAS_ROLE.replace(": User", ": Actor").replace(": Doc", ": Resource"),
        head=_BLOCK
        + "actor User {}\nallow(actor: Actor, action: String, resource: Resource) if"
        + " has_permission(actor, action, resource);",
    ),
    _granted(
        "roles, untyped `allow`",
        head=_BLOCK
        + "actor User {}\nallow(actor, action, resource) if"
        + " has_permission(actor, action, resource);",
    ),
    Shape("roles at the resource, `grant in doc.grants`", _assigned, _SIZES),
    _granted("roles in a list, dataclasses", make_class=data),
    Shape("roles, a document of a derived class", _derived, _SIZES),
    Shape("role hierarchy of a block, 3 and 12 roles", _hierarchy, (3, 12)),
    _of_organization("roles of the organization", "org = doc.org"),
    _of_organization("roles of the organization, `org != nil`", "org = doc.org and org != nil"),
    _of_organization("roles of the organization, which may be nil", "org = doc.org", has_org=False),
    _of_organization("roles of the organization, `doc.org = org`", "doc.org = org"),
    _texts("roles as texts, `in`", '"admin" in user.roles'),
    _texts("roles as texts, `role in … and role =`", 'role in user.roles and role = "admin"'),
    Shape("two classes of actors", _two_actors),
)
