"""Ordinary lines of policies, each with one thing that the other tables do not have."""

from __future__ import annotations

import collections
import dataclasses
import enum
import typing as t
from collections.abc import Callable, Sequence

from .shape import Shape, World, plain, slotted
from .values import condition

_SIZES = (10, 100)


class _Kind(enum.Enum):
    PUBLIC = "public"
    SECRET = "secret"


class _Rights(enum.IntFlag):
    READ = 1
    EDIT = 2


class _Methods:
    """What documents that compute something derive from."""

    ids: t.Any
    secret: t.Any

    def reader_ids(self) -> set[int]:
        return set(self.ids)

    def reader_map(self) -> dict[str, str]:
        return {str(each): "r" for each in self.ids}

    @property
    def key(self) -> str:
        if self.secret is None:
            raise ValueError("no key")
        return str(self.secret)

    @property
    def first(self) -> t.Any:
        return self.ids[0]

    @property
    def last(self) -> t.Any:
        return self.ids[-1]

    @classmethod
    def name_of_class(cls) -> str:
        return cls.__name__


@dataclasses.dataclass(frozen=True)
class _Point:
    x: int
    y: int


class _Session(t.TypedDict):
    user_id: int
    scopes: list[str]


_Member = collections.namedtuple("_Member", "name team")


def sized(
    name: str,
    text: str,
    make: Callable[[int], t.Any],
    by_hand: Callable[[t.Any, t.Any], bool],
    *,
    field: str = "items",
    user: Callable[[int], t.Any] = lambda size: size - 1,
    rules: str = "",
    bases: tuple[type, ...] = (),
) -> Shape:
    """Make the shape of a condition about a collection of so many elements.

    :param user: the id of the user that is allowed; the other one's is -1.
    """

    def world(size: int) -> World:
        user_cls, doc_cls = plain("User", "id"), plain("Doc", field, bases=bases)
        doc = doc_cls(make(size))
        return World(
            f'allow(user: User, "read", doc: Doc) if {text};{rules}',
            (user_cls, doc_cls),
            [(user_cls(each), "read", doc) for each in (user(size), -1)],
            lambda user, action, doc: action == "read" and by_hand(user, doc),
        )

    return Shape(name, world, _SIZES)


def _pairs(size: int) -> dict[str, int]:
    return {f"key{each}": each for each in range(size)}


def of_actors(
    name: str, text: str, actors: Sequence[t.Any], by_hand: t.Any, *classes: type
) -> Shape:
    """Make the shape of a kind of actors."""

    def make(_size: int) -> World:
        doc_cls = plain("Doc", "owner")
        docs = [doc_cls(each) for each in ("ana", "ben")]
        return World(
            text,
            (*classes, doc_cls),
            [(actor, "read", doc) for actor in actors for doc in docs],
            lambda actor, action, doc: action == "read" and by_hand(actor, doc),
        )

    return Shape(name, make)


def _two_relations(size: int) -> World:
    """Roles through the folder and through the project of a document."""
    user_cls, part_cls = plain("User", "roles"), plain("Folder", "name")
    project_cls, doc_cls = plain("Project", "name"), plain("Doc", "folder", "project")
    role_cls = plain("Role", "name", "resource")
    folders, projects = [part_cls("f") for _ in range(size)], [project_cls("p"), project_cls("q")]
    doc, other = doc_cls(folders[-1], projects[0]), doc_cls(part_cls("x"), projects[1])
    users = [user_cls([role_cls("member", each) for each in folders])]
    users.append(user_cls([role_cls("lead", projects[0])]))

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        if action != "read":
            return False
        for role in user.roles:
            if role.resource is doc.folder and role.name == "member":
                return True
            if role.resource is doc.project and role.name == "lead":
                return True
        return False

    return World(
        """
        actor User {}
        resource Folder { roles = ["member"]; }
        resource Project { roles = ["lead"]; }
        resource Doc {
          permissions = ["read"]; roles = ["reader"];
          relations = { folder: Folder, project: Project };
          "read" if "reader";
          "reader" if "member" on "folder";
          "reader" if "lead" on "project";
        }
        has_relation(folder: Folder, "folder", doc: Doc) if doc.folder = folder;
        has_relation(project: Project, "project", doc: Doc) if doc.project = project;
        has_role(user: User, name: String, resource: Resource) if
          role in user.roles and role.name = name and role.resource = resource;
        allow(actor, action, resource) if has_permission(actor, action, resource);
        """,
        (user_cls, part_cls, project_cls, doc_cls, role_cls),
        [(user, "read", each) for user in users for each in (doc, other)],
        may,
    )


def _open_role(size: int) -> World:
    """A role that is left open, at a place that may be of two classes."""
    user_cls, role_cls = plain("User", "roles"), plain("Role", "name", "place")
    folder_cls, shelf_cls, doc_cls = plain("Folder"), plain("Shelf"), plain("Doc", "place")
    folder, shelf = folder_cls(), shelf_cls()
    others = [role_cls("owner", folder_cls()) for _ in range(size - 1)]
    users = [user_cls([*others, role_cls(name, folder)]) for name in ("owner", "guest")]
    users.append(user_cls([*others, role_cls("owner", shelf)]))
    enough = {"read": {"owner", "guest"}, "edit": {"owner"}}

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        names = enough.get(action, set())
        return any(role.place is doc.place and role.name in names for role in user.roles)

    return World(
        """
        allow(user: User, action, doc: Doc) if
          role_at(user, role, doc.place) and grants(role, action);
        grants("owner", "read"); grants("owner", "edit"); grants("guest", "read");
        role_at(user: User, name, place: Folder) if
          role in user.roles and role.place = place and name = role.name;
        role_at(user: User, name, place: Shelf) if
          role in user.roles and role.place = place and name = role.name;
        """,
        (user_cls, role_cls, folder_cls, shelf_cls, doc_cls),
        [
            (user, action, doc_cls(place))
            for user in users
            for action in ("read", "edit")
            for place in (folder, shelf)
        ],
        may,
    )


def _global_roles(size: int) -> World:
    """Roles that name no resource, beside those that do."""
    user_cls, doc_cls = plain("User", "roles"), plain("Doc", "name")
    role_cls = plain("Role", "name", "resource")
    docs = [doc_cls(f"doc{each}") for each in range(size)]
    users = [user_cls([role_cls("reader", each) for each in docs[1:]])]
    users.append(user_cls([role_cls("admin", None)]))

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        if action != "read":
            return False
        for role in user.roles:
            if role.resource is None and role.name == "admin":
                return True
            if role.resource is doc and role.name == "reader":
                return True
        return False

    return World(
        """
        actor User {}
        resource Doc {
          permissions = ["read"]; roles = ["reader", "admin"];
          "read" if "reader"; "reader" if "admin";
        }
        has_role(user: User, name: String, doc: Doc) if
          role in user.roles and role.name = name and role.resource = doc;
        has_role(user: User, name: String, _: Doc) if
          role in user.roles and role.name = name and role.resource = nil;
        allow(actor, action, resource) if has_permission(actor, action, resource);
        """,
        (user_cls, doc_cls, role_cls),
        [(user, "read", doc) for user in users for doc in (docs[-1], docs[0])],
        may,
    )


def _union_of_actors(_size: int) -> World:
    """Three classes of actors, one rule for all of them."""
    user_cls, robot_cls = plain("User", "name"), slotted("Robot", "name")
    guest_cls, doc_cls = plain("Guest", "name"), plain("Doc", "owner")
    actors = [cls(name) for cls in (user_cls, robot_cls, guest_cls) for name in ("ana", "ben")]
    return World(
        "actor User {} actor Robot {} actor Guest {}"
        'allow(actor: Actor, "read", doc: Doc) if doc.owner = actor.name;',
        (user_cls, robot_cls, guest_cls, doc_cls),
        [(actor, "read", doc_cls("ana")) for actor in actors],
        lambda actor, action, doc: action == "read" and doc.owner == actor.name,
    )


def _mutual(size: int) -> World:
    """Two rules that ask each other, through managers and deputies."""
    user_cls, doc_cls = plain("User", "manager", "deputy"), plain("Doc", "owner")
    top = user_cls(None, None)
    boss = top
    for number in range(size):
        boss = user_cls(boss, None) if number % 2 else user_cls(None, boss)
    docs = [doc_cls(boss), doc_cls(user_cls(None, None))]

    def may(user: t.Any, action: str, doc: t.Any) -> bool:
        if action != "read":
            return False
        stack = [doc.owner]
        while stack:
            one = stack.pop()
            if one is user:
                return True
            stack += [each for each in (one.manager, one.deputy) if each is not None]
        return False

    return World(
        """
        allow(user: User, "read", doc: Doc) if leads(user, doc.owner);
        leads(user: User, user: User);
        leads(user: User, other: User) if other.manager != nil and leads(user, other.manager);
        leads(user: User, other: User) if stands_in(user, other);
        stands_in(user: User, other: User) if other.deputy != nil and leads(user, other.deputy);
        """,
        (user_cls, doc_cls),
        [(top, "read", doc) for doc in docs],
        may,
    )


SHAPES = (
    sized(
        "`in` the values of a dictionary, `values()`",
        "user.id in doc.items.values()",
        _pairs,
        lambda user, doc: user.id in doc.items.values(),
    ),
    sized(
        "`forall` over the entries of a dictionary",
        "forall([_, level] in doc.items, level <= user.id)",
        _pairs,
        lambda user, doc: all(level <= user.id for level in doc.items.values()),
    ),
    sized(
        "`in` the set of a method",
        "user.id in doc.reader_ids()",
        range,
        lambda user, doc: user.id in doc.reader_ids(),
        field="ids",
        bases=(_Methods,),
    ),
    sized(
        "a pair in a list of pairs",
        '[user.id, "r"] in doc.items',
        lambda size: [[each, "r"] for each in range(size)],
        lambda user, doc: [user.id, "r"] in doc.items,
    ),
    sized(
        "lists in a list",
        "group in doc.items and user.id in group",
        lambda size: [[each] for each in range(size)],
        lambda user, doc: any(user.id in group for group in doc.items),
    ),
    sized(
        "the rest of a list, `[_, *rest]`",
        "doc.items = [_, *rest] and user.id in rest",
        lambda size: [*range(size)],
        lambda user, doc: user.id in doc.items[1:],
    ),
    sized(
        "dictionaries in a list",
        'entry in doc.items and entry.id = user.id and entry.kind = "r"',
        lambda size: [{"id": each, "kind": "r"} for each in range(size)],
        lambda user, doc: any(e["id"] == user.id and e["kind"] == "r" for e in doc.items),
    ),
    sized(
        "a helper rule with four parameters, for each of a list",
        'item in doc.items and fits(user, item, "r", 5)',
        lambda size: [*range(size)],
        lambda user, doc: any(item == user.id and item > -5 for item in doc.items),
        rules='fits(user: User, item, "r", most) if item = user.id and 0 - most < item;',
    ),
    sized(
        "`forall` in a `not`",
        "not forall(item in doc.items, item != user.id)",
        lambda size: [*range(size)],
        lambda user, doc: not all(item != user.id for item in doc.items),
    ),
    sized(
        "`count` of a list",
        "doc.items.count(user.id) > 0",
        lambda size: [*range(size)],
        lambda user, doc: doc.items.count(user.id) > 0,
    ),
    sized(
        "a deque",
        "user.id in doc.items",
        lambda size: collections.deque(range(size)),
        lambda user, doc: user.id in doc.items,
    ),
    sized(
        "a range",
        "user.id in doc.items",
        range,
        lambda user, doc: user.id in doc.items,
    ),
    condition(
        "`matches` with a nested pattern",
        'doc matches Doc{owner: {team: "a"}}',
        lambda user, doc: doc.owner.team == "a",
        docs=({"owner": _Member("ana", "a")}, {"owner": _Member("ben", "b")}),
    ),
    condition(
        "a nested dictionary of the resource",
        'doc.meta.acl.mode = "rw"',
        lambda user, doc: doc.meta["acl"]["mode"] == "rw",
        docs=({"meta": {"acl": {"mode": "rw"}, "n": 1}}, {"meta": {"acl": {"mode": "r"}, "n": 1}}),
    ),
    condition(
        "an enum of the program, `= Kind.PUBLIC`",
        "doc.kind = Kind.PUBLIC",
        lambda user, doc: doc.kind is _Kind.PUBLIC,
        docs=({"kind": _Kind.PUBLIC}, {"kind": _Kind.SECRET}),
        constants={"Kind": _Kind},
    ),
    condition(
        "an enum's value",
        'doc.kind.value = "public"',
        lambda user, doc: doc.kind.value == "public",
        docs=({"kind": _Kind.PUBLIC}, {"kind": _Kind.SECRET}),
    ),
    condition(
        "an int flag, `mod`",
        "doc.rights mod 2 = 1",
        lambda user, doc: doc.rights % 2 == 1,
        docs=({"rights": 3}, {"rights": 2}),
    ),
    condition(
        "an `IntFlag`",
        "doc.rights >= 2",
        lambda user, doc: doc.rights >= 2,
        docs=({"rights": _Rights.EDIT}, {"rights": _Rights.READ}),
    ),
    condition(
        "a frozen dataclass, `=`",
        "doc.at = user.at",
        lambda user, doc: doc.at == user.at,
        users=({"at": _Point(1, 2)},),
        docs=({"at": _Point(1, 2)}, {"at": _Point(1, 3)}),
    ),
    condition(
        "tuples, `=`",
        "doc.at = user.at",
        lambda user, doc: doc.at == user.at,
        users=({"at": (1, 2)},),
        docs=({"at": (1, 2)}, {"at": (1, 3)}),
    ),
    condition(
        "lists, `=`",
        "doc.tags = user.tags",
        lambda user, doc: doc.tags == user.tags,
        users=({"tags": ["a", "b"]},),
        docs=({"tags": ["a", "b"]}, {"tags": ["a"]}),
    ),
    condition(
        "floats, `/`",
        "doc.used / doc.size < 0.5",
        lambda user, doc: doc.used / doc.size < 0.5,
        docs=({"used": 1.0, "size": 4.0}, {"used": 3.0, "size": 4.0}),
    ),
    condition(
        "`endswith` a text of the user",
        "user.mail.endswith(doc.domain)",
        lambda user, doc: user.mail.endswith(doc.domain),
        users=({"mail": "ana@a.example"},),
        docs=({"domain": "@a.example"}, {"domain": "@b.example"}),
    ),
    condition(
        "`lower()`, then `startswith`",
        'doc.path.lower().startswith("/pub")',
        lambda user, doc: doc.path.lower().startswith("/pub"),
        docs=({"path": "/PUB/a"}, {"path": "/own/a"}),
    ),
    condition(
        "`split`, then `in`",
        'user.name in doc.names.split(",")',
        lambda user, doc: user.name in doc.names.split(","),
        users=({"name": "ana"},),
        docs=({"names": "ben,ana"}, {"names": "ben,cy"}),
    ),
    condition(
        "a property that may raise",
        'doc.secret != nil and doc.key = "k"',
        lambda user, doc: doc.secret is not None and doc.key == "k",
        docs=({"secret": "k"}, {"secret": None}),
        bases=(_Methods,),
    ),
    condition(
        "two properties",
        "doc.first <= user.id and user.id <= doc.last",
        lambda user, doc: doc.first <= user.id and user.id <= doc.last,
        users=({"id": 5},),
        docs=({"ids": (1, 9)}, {"ids": (6, 9)}),
        bases=(_Methods,),
    ),
    condition(
        "a class method",
        "doc.name_of_class() = user.kind",
        lambda user, doc: doc.name_of_class() == user.kind,
        users=({"kind": "Doc"}, {"kind": "Memo"}),
        docs=({"ids": ()},),
        bases=(_Methods,),
    ),
    condition(
        "`get` of a dictionary",
        'doc.acl.get(user.name) = "rw"',
        lambda user, doc: doc.acl.get(user.name) == "rw",
        users=({"name": "ana"}, {"name": "ben"}),
        docs=({"acl": {"ana": "rw"}},),
    ),
    condition(
        "a number as a boolean, `= 1`",
        "user.admin = 1",
        lambda user, doc: user.admin == 1,
        users=({"admin": 1}, {"admin": 0}),
        docs=({"n": 1},),
    ),
    condition(
        "bytes, `=`",
        "doc.digest = user.digest",
        lambda user, doc: doc.digest == user.digest,
        users=({"digest": b"ab"},),
        docs=({"digest": b"ab"}, {"digest": b"cd"}),
    ),
    condition(
        "`not` of two conditions",
        "not (doc.draft and doc.owner != user.name)",
        lambda user, doc: not (doc.draft and doc.owner != user.name),
        users=({"name": "ana"}, {"name": "ben"}),
        docs=({"draft": True, "owner": "ana"}, {"draft": False, "owner": "ana"}),
    ),
    of_actors(
        "a named tuple as actor",
        'allow(actor: _Member, "read", doc: Doc) if doc.owner = actor.name;',
        [_Member("ana", "a"), _Member("ben", "b")],
        lambda actor, doc: doc.owner == actor.name,
        _Member,
    ),
    of_actors(
        "a typed dictionary as actor",
        'allow(actor: Dictionary, "read", doc: Doc) if "admin" in actor.scopes or'
        " doc.owner = actor.user_id;",
        [_Session(user_id=1, scopes=["admin"]), _Session(user_id=2, scopes=[])],
        lambda actor, doc: "admin" in actor["scopes"] or doc.owner == actor["user_id"],
    ),
    of_actors(
        "no actor, `nil`",
        'allow(actor, "read", doc: Doc) if actor = nil and doc.owner = "ana";',
        [None, 5],
        lambda actor, doc: actor is None and doc.owner == "ana",
    ),
    of_actors(
        "a rule for guests beside one for users",
        'allow(nil, "read", doc: Doc) if doc.owner = "ana";'
        ' allow(actor: _Member, "read", doc: Doc) if doc.owner = actor.name;',
        [None, _Member("ana", "a"), _Member("ben", "b")],
        lambda actor, doc: doc.owner == ("ana" if actor is None else actor.name),
        _Member,
    ),
    Shape("roles through two relations", _two_relations, _SIZES),
    Shape("a role that is left open, places of two classes", _open_role, _SIZES),
    Shape("global roles", _global_roles, _SIZES),
    Shape("three classes of actors, `Actor`", _union_of_actors),
    Shape("managers and deputies, mutual recursion", _mutual, _SIZES),
)
