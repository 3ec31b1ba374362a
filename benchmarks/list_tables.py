"""The tables of the eight list policies: organizations, projects and documents, with usual indexes.

Whatever is drawn is always the same. What grows with the number of documents is what hangs on them.
"""

from __future__ import annotations

import datetime
import random
import typing as t
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy import orm

#: There are so many, whatever the number of documents.
USERS, TENANTS, PROJECTS, GROUPS, LABELS = 2_000, 400, 10_000, 1_000, 50
#: The time that the policies and what is written by hand take for now.
NOW = datetime.datetime(2026, 1, 1)


class Base(orm.DeclarativeBase):
    pass


def _foreign(key: str, *, is_index: bool = True) -> orm.Mapped[int]:
    return orm.mapped_column(sa.ForeignKey(key), index=is_index)


def _link(name: str, left: str, right: str) -> sa.Table:
    """Make a secondary table, with an index for each direction."""
    (first, one), (second, other) = (
        (f"{table[:-1]}_id" if table != same else f"inner_{table[:-1]}_id", table)
        for table, same in ((left, ""), (right, left))
    )
    return sa.Table(
        name,
        Base.metadata,
        sa.Column(first, sa.ForeignKey(f"{one}.id"), primary_key=True),
        sa.Column(second, sa.ForeignKey(f"{other}.id"), primary_key=True, index=True),
    )


GROUP_USERS = _link("group_users", "groups", "users")
GROUP_GROUPS = _link("group_groups", "groups", "groups")
DOCUMENT_LABELS = _link("document_labels", "documents", "labels")


class Tenant(Base):
    __tablename__ = "tenants"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User(Base):
    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    tenant_id: orm.Mapped[int] = _foreign("tenants.id")
    tenant: orm.Mapped[Tenant] = orm.relationship()
    memberships: orm.Mapped[list[Membership]] = orm.relationship(back_populates="user")
    groups: orm.Mapped[list[Group]] = orm.relationship(secondary=GROUP_USERS)


class Membership(Base):
    """A user in a tenant, with a role."""

    __tablename__ = "memberships"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = _foreign("users.id")
    tenant_id: orm.Mapped[int] = _foreign("tenants.id")
    role: orm.Mapped[str]
    user: orm.Mapped[User] = orm.relationship(back_populates="memberships")
    tenant: orm.Mapped[Tenant] = orm.relationship()


class Group(Base):
    """A group of users, and of other groups."""

    __tablename__ = "groups"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    users: orm.Mapped[list[User]] = orm.relationship(secondary=GROUP_USERS, viewonly=True)
    groups: orm.Mapped[list[Group]] = orm.relationship(
        secondary=GROUP_GROUPS,
        primaryjoin=id == GROUP_GROUPS.c.group_id,
        secondaryjoin=id == GROUP_GROUPS.c.inner_group_id,
    )


class Project(Base):
    __tablename__ = "projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    tenant_id: orm.Mapped[int] = _foreign("tenants.id")
    tenant: orm.Mapped[Tenant] = orm.relationship()
    roles: orm.Mapped[list[ProjectRole]] = orm.relationship(back_populates="project")


class ProjectRole(Base):
    __tablename__ = "project_roles"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("projects.id"), primary_key=True, index=True
    )
    role: orm.Mapped[str]
    user: orm.Mapped[User] = orm.relationship()
    project: orm.Mapped[Project] = orm.relationship(back_populates="roles")


class Label(Base):
    __tablename__ = "labels"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    secret: orm.Mapped[bool]


class Document(Base):
    """What is listed."""

    __tablename__ = "documents"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    tenant_id: orm.Mapped[int] = _foreign("tenants.id")
    project_id: orm.Mapped[int] = _foreign("projects.id")
    owner_id: orm.Mapped[int] = _foreign("users.id")
    group_id: orm.Mapped[int | None] = _foreign("groups.id")  # type: ignore[assignment]
    public: orm.Mapped[bool]
    deleted_at: orm.Mapped[datetime.datetime | None]
    tenant: orm.Mapped[Tenant] = orm.relationship()
    project: orm.Mapped[Project] = orm.relationship()
    owner: orm.Mapped[User] = orm.relationship()
    group: orm.Mapped[Group | None] = orm.relationship()
    labels: orm.Mapped[list[Label]] = orm.relationship(secondary=DOCUMENT_LABELS)
    shares: orm.Mapped[list[Share]] = orm.relationship(back_populates="document")
    blocks: orm.Mapped[list[Block]] = orm.relationship(back_populates="document")


class Share(Base):
    """A document that a user may read until some time."""

    __tablename__ = "shares"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    document_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("documents.id"), primary_key=True, index=True
    )
    expires_at: orm.Mapped[datetime.datetime | None]
    user: orm.Mapped[User] = orm.relationship()
    document: orm.Mapped[Document] = orm.relationship(back_populates="shares")


class Block(Base):
    """A document that a user may not read."""

    __tablename__ = "blocks"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = _foreign("users.id")
    document_id: orm.Mapped[int] = _foreign("documents.id")
    user: orm.Mapped[User] = orm.relationship()
    document: orm.Mapped[Document] = orm.relationship(back_populates="blocks")


# -- rows ------------------------------------------------------------------------------

Values = dict[str, object]


def fill(connection: sa.Connection, number: int) -> None:
    """Make the tables, and so many documents."""
    Base.metadata.create_all(connection)
    choose = random.Random(20260102)
    roles = ["guest", "member", "member", "admin"]
    rows: list[tuple[sa.FromClause, list[Values]]] = [
        (Tenant.__table__, [{"id": each} for each in _to(TENANTS)]),
        (User.__table__, _made(USERS, lambda: {"tenant_id": choose.randint(1, TENANTS)})),
        (Project.__table__, _made(PROJECTS, lambda: {"tenant_id": choose.randint(1, TENANTS)})),
        (Group.__table__, [{"id": each} for each in _to(GROUPS)]),
        (Label.__table__, [{"id": each, "secret": each % 10 == 0} for each in _to(LABELS)]),
        (Document.__table__, _made(number, lambda: _document(choose))),
        (
            Membership.__table__,
            [
                {"id": n, "user_id": a, "tenant_id": b, "role": choose.choice(roles)}
                for n, (a, b) in enumerate(_pairs(choose, 3 * USERS, USERS, TENANTS), 1)
            ],
        ),
        (
            ProjectRole.__table__,
            [
                {"user_id": a, "project_id": b, "role": choose.choice(roles)}
                for a, b in _pairs(choose, 10 * USERS, USERS, PROJECTS)
            ],
        ),
        (
            Share.__table__,
            [
                {"user_id": a, "document_id": b, "expires_at": _some_time(choose)}
                for a, b in _pairs(choose, number // 2, USERS, number)
            ],
        ),
        (
            Block.__table__,
            [
                {"id": n, "user_id": a, "document_id": b}
                for n, (a, b) in enumerate(_pairs(choose, number // 4, USERS, number), 1)
            ],
        ),
        (
            GROUP_USERS,
            [{"group_id": a, "user_id": b} for a, b in _pairs(choose, 2 * USERS, GROUPS, USERS)],
        ),
        (GROUP_GROUPS, list(_nested(choose))),
        (
            DOCUMENT_LABELS,
            [{"document_id": a, "label_id": b} for a, b in _pairs(choose, number, number, LABELS)],
        ),
    ]
    for table, values in rows:
        connection.execute(sa.insert(t.cast(sa.Table, table)), values)
    # So that a database that plans by statistics has some.
    connection.execute(sa.text("ANALYZE"))
    connection.commit()


def _to(number: int) -> range:
    return range(1, number + 1)


def _made(number: int, make: Callable[[], Values]) -> list[Values]:
    return [{"id": each, **make()} for each in _to(number)]


def _document(choose: random.Random) -> Values:
    return {
        "tenant_id": choose.randint(1, TENANTS),
        "project_id": choose.randint(1, PROJECTS),
        "owner_id": choose.randint(1, USERS),
        "group_id": choose.randint(1, GROUPS) if choose.random() < 0.5 else None,
        "public": choose.random() < 0.02,
        "deleted_at": NOW if choose.random() < 0.1 else None,
    }


def _some_time(choose: random.Random) -> datetime.datetime | None:
    days = choose.randint(-100, 300)
    return NOW + datetime.timedelta(days=days) if choose.random() < 0.7 else None


def _nested(choose: random.Random) -> Iterator[Values]:
    """Put each group but the first ones into one or two others, so that none is in itself."""
    for inner in range(20, GROUPS + 1):
        for outer in {choose.randrange(1, inner) for _ in range(choose.randint(1, 2))}:
            yield {"group_id": outer, "inner_group_id": inner}


def _pairs(choose: random.Random, number: int, left: int, right: int) -> list[tuple[int, int]]:
    """Draw different pairs of numbers."""
    found: set[tuple[int, int]] = set()
    while len(found) < number:
        found.add((choose.randint(1, left), choose.randint(1, right)))
    return sorted(found)
