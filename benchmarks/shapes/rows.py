"""Rows of SQLAlchemy, with everything loaded that the policy reads."""

# ruff: noqa: SIM110  # what is written by hand is a loop where any() and a generator cost more

from __future__ import annotations

import datetime
import enum
import typing as t
from collections.abc import Callable
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from .folders import FOLDER_POLICY
from .shape import Shape, World

_SIZES = (10, 100)
_HEAD = 'allow(user: User, "read", doc: Doc) if '
_NOW = datetime.datetime.now()


class Status(enum.Enum):
    OPEN = "open"
    CLOSED = "closed"


class Base(orm.DeclarativeBase):
    pass


_READERS = sa.Table(
    "readers",
    Base.metadata,
    sa.Column("doc_id", sa.ForeignKey("docs.id"), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
)


class Org(Base):
    __tablename__ = "orgs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User(Base):
    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(default="")
    admin: orm.Mapped[bool] = orm.mapped_column(default=False)
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    org: orm.Mapped[Org | None] = orm.relationship()
    roles: orm.Mapped[list[Role]] = orm.relationship(back_populates="user")
    role_set: orm.Mapped[set[Role]] = orm.relationship(viewonly=True)
    grants: orm.Mapped[list[Grant]] = orm.relationship(back_populates="user")


class Folder(Base):
    __tablename__ = "folders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    parent: orm.Mapped[Folder | None] = orm.relationship(remote_side=[id])
    grants: orm.Mapped[list[Grant]] = orm.relationship(back_populates="folder")


class Doc(Base):
    __tablename__ = "docs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    public: orm.Mapped[bool] = orm.mapped_column(default=False)
    status: orm.Mapped[Status] = orm.mapped_column(default=Status.OPEN)
    price: orm.Mapped[Decimal] = orm.mapped_column(sa.Numeric(10, 2), default=Decimal(1))
    expires: orm.Mapped[datetime.datetime | None]
    meta: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, default=dict)
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    org_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("orgs.id"))
    folder_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"))
    owner: orm.Mapped[User | None] = orm.relationship()
    org: orm.Mapped[Org | None] = orm.relationship()
    folder: orm.Mapped[Folder | None] = orm.relationship()
    readers: orm.Mapped[list[User]] = orm.relationship(secondary=_READERS)

    @hybrid_property
    def is_open(self) -> bool:
        return self.status is Status.OPEN


class Role(Base):
    __tablename__ = "roles"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    doc_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("docs.id"))
    user: orm.Mapped[User] = orm.relationship(back_populates="roles")
    doc: orm.Mapped[Doc | None] = orm.relationship()

    @property
    def may_write(self) -> bool:
        return self.name in _ENOUGH["edit"]


class Grant(Base):
    __tablename__ = "grants"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    folder_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("folders.id"))
    user: orm.Mapped[User] = orm.relationship(back_populates="grants")
    folder: orm.Mapped[Folder] = orm.relationship(back_populates="grants")


def _stored(things: list[t.Any]) -> None:
    """Store rows, and read them as a program finds them: loaded, in a session."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    session = orm.Session(engine, expire_on_commit=False)
    session.add_all(things)
    session.commit()
    for thing in things:
        session.refresh(thing)
        for relation in sa.inspect(type(thing)).relationships:
            getattr(thing, relation.key)
    session.close()
    engine.dispose()


def _of_rows(
    name: str,
    text: str,
    by_hand: Callable[[User, Doc], bool | None],
    docs: Callable[[User, User], list[Doc]],
    constants: dict[str, t.Any] | None = None,
) -> Shape:
    """Make the shape of one condition on a row: ``allow(user, "read", doc) if`` it holds.

    :param docs: gives what is asked about, for the user who asks and for another one.
    """

    def make(_size: int) -> World:
        org, other_org = Org(), Org()
        user, other = User(name="ana", org=org), User(name="ben", org=other_org)
        rows = docs(user, other)
        _stored([user, other, *rows])
        return World(
            (_HEAD if "user" in text else _HEAD.replace("user:", "_:")) + f"{text};",
            (),
            [(user, "read", row) for row in rows],
            lambda user, action, doc: action == "read" and bool(by_hand(user, doc)),
            constants or {},
            models=Base,
        )

    return Shape(f"rows: {name}", make)


def _not_loaded(_size: int) -> World:
    """Ask for an owner that nobody has read: the rows are those of one request."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    session = orm.Session(engine)
    user, other = User(name="ana"), User(name="ben")
    session.add_all([Doc(owner=user), Doc(owner=other), Doc()])
    session.commit()
    session.expunge_all()
    ana, *docs = session.get_one(User, 1), *session.scalars(sa.select(Doc))

    def is_owner(user: User, action: str, doc: Doc) -> bool:
        # Without a session there were no such rows.
        return session.is_active and action == "read" and doc.owner_id == user.id

    questions = [(ana, "read", doc) for doc in docs]
    return World(_HEAD + "doc.owner = user;", (), questions, is_owner, models=Base)


_ROLE_POLICY = """
actor User {}
resource Doc {
  permissions = ["read", "edit"];
  roles = ["reader", "writer"];
  "read" if "reader";
  "edit" if "writer";
  "reader" if "writer";
}
allow(user: User, action, doc: Doc) if has_permission(user, action, doc);
has_role(user: User, name: String, doc: Doc) if
  role in user.roles and
  role.name = name and
  role.doc = doc;
"""
_ENOUGH = {"read": ("reader", "writer"), "edit": ("writer",)}


def _roles(name: str, policy: str, by_hand: Callable[[User, str, Doc], bool]) -> Shape:
    """Make the shape of a user with so many roles."""

    def make(size: int) -> World:
        docs = [Doc() for _ in range(size + 1)]
        user = User()
        roles = [Role(name="reader", user=user, doc=doc) for doc in docs[:-1]]
        roles[-1].name = "writer"
        _stored([user, *docs, *roles])
        asked = [("read", docs[0]), ("edit", docs[-2]), ("read", docs[-1]), ("edit", docs[0])]
        return World(
            policy, (), [(user, action, doc) for action, doc in asked], by_hand, models=Base
        )

    return Shape(f"rows: {name}", make, _SIZES)


def _may_by_role(user: User, action: str, doc: Doc) -> bool:
    enough = _ENOUGH[action]
    for role in user.roles:
        if role.doc is doc and role.name in enough:
            return True
    return False


def _may_by_role_set(user: User, action: str, doc: Doc) -> bool:
    enough = _ENOUGH[action]
    for role in user.role_set:
        if role.doc is doc and role.name in enough:
            return True
    return False


def _may_by_role_id(user: User, action: str, doc: Doc) -> bool:
    enough, key = _ENOUGH[action], doc.id
    for role in user.roles:
        if role.doc_id == key and role.name in enough:
            return True
    return False


_GRANTING = """
allow(user: User, action, doc: Doc) if
  role in user.roles and
  role.doc = doc and
  grants(role, action);
grants(role: Role, "read") if role.name = "reader";
grants(role: Role, _) if role.name = "writer";
"""
_WRITING = """
allow(user: User, "edit", doc: Doc) if
  role in user.roles and
  role.doc = doc and
  role.may_write;
"""


def _may_write(user: User, action: str, doc: Doc) -> bool:
    if action != "edit":
        return False
    for role in user.roles:
        if role.doc is doc and role.may_write:
            return True
    return False


_HELD = """
has_role(user: User, name: String, folder: Folder) if
  grant in user.grants and
  grant.folder = folder and
  grant.name = name;
"""
_FOLDER_ROLES = {"read": ("viewer", "editor"), "write": ("editor",)}


def _may_by_folder(user: User, action: str, folder: Folder) -> bool:
    enough = _FOLDER_ROLES[action]
    held = {grant.folder for grant in user.grants if grant.name in enough}
    place: Folder | None = folder
    while place is not None:
        if place in held:
            return True
        place = place.parent
    return False


def _folders(name: str, relation: str, others: int = 0, classes: tuple[type, ...] = ()) -> Shape:
    """Make the shape of folders so many deep.

    :param others: how many roles at other folders each user has.
    :param classes: what is registered, if not all models are.
    """

    def make(size: int) -> World:
        chain = [Folder()]
        for _ in range(1, size):
            chain.append(Folder(parent=chain[-1]))
        ana, ben = User(), User()
        grants = [
            Grant(name="viewer", user=ana, folder=chain[0]),
            Grant(name="editor", user=ben, folder=chain[size // 2]),
        ]
        grants += [
            Grant(name="viewer", user=user, folder=Folder())
            for user in (ana, ben)
            for _ in range(others)
        ]
        _stored([ana, ben, *chain, *grants])
        return World(
            FOLDER_POLICY.format(relation=relation) + _HELD,
            classes,
            [(user, action, chain[-1]) for user in (ana, ben) for action in ("read", "write")],
            _may_by_folder,
            models=None if classes else Base,
        )

    return Shape(f"rows: {name}", make, _SIZES)


_SHARED = 'allow(u: User, "read", f: Folder) if grant in f.grants and grant in u.grants;'


def _share(user: User, action: str, folder: Folder) -> bool:
    if action != "read":
        return False
    for grant in folder.grants:
        if grant in user.grants:
            return True
    return False


def _two_lists(name: str, classes: tuple[type, ...] = ()) -> Shape:
    """Make the shape of two relations that lead to one row.

    :param classes: what is registered, if not all models are.
    """

    def make(size: int) -> World:
        user, other, folders = User(), User(), [Folder(), Folder(), Folder()]
        held = [(other, each) for each in folders[:2] for _ in range(size)]
        held += [(user, folders[2])] * size + [(user, folders[0])]
        grants = [Grant(name="viewer", user=each, folder=folder) for each, folder in held]
        _stored([user, other, *folders, *grants])
        asked = [(user, "read", each) for each in folders[:2]]
        return World(_SHARED, classes, asked, _share, models=None if classes else Base)

    return Shape(f"rows: {name}", make, _SIZES)


_READS = """
allow(user: User, "read", folder: Folder) if reads(user, folder);
reads(user, folder) if grant in folder.grants and grant.user = user;
reads(user, folder) if folder.parent != nil and reads(user, folder.parent);
"""


def _reads(user: User, action: str, folder: Folder | None) -> bool:
    if action != "read":
        return False
    while folder is not None:
        for grant in folder.grants:
            if grant.user is user:
                return True
        folder = folder.parent
    return False


def _folders_of_no_class(size: int) -> World:
    """Folders so many deep, and a rule about them that names no class."""
    ana, ben, chain = User(), User(), [Folder()]
    for _ in range(1, size):
        chain.append(Folder(parent=chain[-1]))
    grant = Grant(name="viewer", user=ana, folder=chain[0])
    _stored([ana, ben, *chain, grant])
    asked = [(user, "read", chain[-1]) for user in (ana, ben)]
    return World(_READS, (), asked, _reads, models=Base)


def _owned(user: User, other: User) -> list[Doc]:
    return [Doc(owner=user), Doc(owner=other)]


SHAPES = (
    _of_rows("owner `=`", "doc.owner = user", lambda user, doc: doc.owner is user, _owned),
    Shape("rows: owner `=`, not loaded", _not_loaded),
    _of_rows(
        "owner by id",
        "doc.owner_id = user.id",
        lambda user, doc: doc.owner_id == user.id,
        _owned,
    ),
    _of_rows(
        "nested attributes",
        "doc.owner.org_id = user.org_id",
        lambda user, doc: doc.owner is not None and doc.owner.org_id == user.org_id,
        _owned,
    ),
    _of_rows(
        "tenant, `doc.org = user.org`",
        "doc.org = user.org",
        lambda user, doc: doc.org is user.org,
        lambda user, other: [Doc(org=user.org), Doc(org=other.org)],
    ),
    _of_rows(
        "a boolean column",
        "doc.public",
        lambda user, doc: doc.public,
        lambda user, other: [Doc(public=True), Doc(public=False)],
    ),
    _of_rows(
        "`!= nil`",
        "doc.owner != nil",
        lambda user, doc: doc.owner is not None,
        lambda user, other: [Doc(owner=user), Doc()],
    ),
    _of_rows(
        "an enum",
        "doc.status = Status.OPEN",
        lambda user, doc: doc.status is Status.OPEN,
        lambda user, other: [Doc(status=Status.OPEN), Doc(status=Status.CLOSED)],
        {"Status": Status},
    ),
    _of_rows(
        "decimal `<`",
        "doc.price < 10",
        lambda user, doc: doc.price < 10,
        lambda user, other: [Doc(price=Decimal(1)), Doc(price=Decimal(20))],
    ),
    _of_rows(
        "expiry `> Datetime.now()`",
        "doc.expires > Datetime.now()",
        lambda user, doc: doc.expires is not None and doc.expires > datetime.datetime.now(),
        lambda user, other: [
            Doc(expires=_NOW + datetime.timedelta(days=days)) for days in (-1, 999)
        ],
    ),
    _of_rows(
        "`in` a relation",
        "user in doc.readers",
        lambda user, doc: user in doc.readers,
        lambda user, other: [Doc(readers=[other, user]), Doc(readers=[other])],
    ),
    _of_rows(
        "a deny rule, tenant",
        "doc.org = user.org and not (doc.status = Status.CLOSED or doc.public)",
        lambda user, doc: doc.org is user.org and not (doc.status is Status.CLOSED or doc.public),
        lambda user, other: [
            Doc(org=user.org),
            Doc(org=other.org),
            Doc(org=user.org, public=True),
            Doc(org=user.org, status=Status.CLOSED),
        ],
        {"Status": Status},
    ),
    _of_rows(
        "a hybrid property",
        "doc.is_open",
        lambda user, doc: doc.is_open,
        lambda user, other: [Doc(status=Status.OPEN), Doc(status=Status.CLOSED)],
    ),
    _of_rows(
        "a field of JSON",
        'doc.meta.kind = "memo"',
        lambda user, doc: doc.meta["kind"] == "memo",
        lambda user, other: [Doc(meta={"kind": each}) for each in ("memo", "note")],
    ),
    _roles("roles", _ROLE_POLICY, _may_by_role),
    _roles("roles in a set", _ROLE_POLICY.replace("user.roles", "user.role_set"), _may_by_role_set),
    _roles(
        "roles by the id of the document",
        _ROLE_POLICY.replace("role.doc = doc", "role.doc_id = doc.id"),
        _may_by_role_id,
    ),
    _roles("roles, rules for what each grants", _GRANTING, _may_by_role),
    _roles("roles, a property that is computed", _WRITING, _may_write),
    _folders("folders", "parent = folder.parent"),
    _folders("folders, `parent != nil`", "parent = folder.parent and parent != nil"),
    _folders("folders, 30 roles", "parent = folder.parent", 30),
    _folders(
        "folders, classes registered one by one",
        "parent = folder.parent and parent != nil",
        4,
        (User, Folder, Grant),
    ),
    Shape("rows: folders, a helper without classes", _folders_of_no_class, _SIZES),
    _two_lists("two lists that share a row"),
    _two_lists("two lists that share a row, classes registered one by one", (User, Folder, Grant)),
)
