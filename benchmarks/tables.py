"""The tables of the lists, and as many rows as one wants, always the same."""

from __future__ import annotations

import random
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm

#: There are so many, whatever the number of repositories.
USERS, ORGANIZATIONS, FOLDERS = 1_000, 200, 2_000


class Base(orm.DeclarativeBase):
    pass


class Organization(Base):
    __tablename__ = "organizations"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class User(Base):
    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    repository_roles: orm.Mapped[list[RepositoryRole]] = orm.relationship(back_populates="user")
    organization_roles: orm.Mapped[list[OrganizationRole]] = orm.relationship(back_populates="user")


class Folder(Base):
    __tablename__ = "folders"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"), index=True)
    parent_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"), index=True)
    owner: orm.Mapped[User | None] = orm.relationship()
    parent: orm.Mapped[Folder | None] = orm.relationship(remote_side=[id])


class Repository(Base):
    """What is listed."""

    __tablename__ = "repositories"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    public: orm.Mapped[bool]
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), index=True)
    folder_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("folders.id"), index=True)
    organization_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("organizations.id"), index=True
    )
    owner: orm.Mapped[User] = orm.relationship()
    folder: orm.Mapped[Folder | None] = orm.relationship()
    organization: orm.Mapped[Organization] = orm.relationship()


class RepositoryRole(Base):
    __tablename__ = "repository_roles"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    repository_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("repositories.id"), primary_key=True, index=True
    )
    name: orm.Mapped[str]
    user: orm.Mapped[User] = orm.relationship(back_populates="repository_roles")
    repository: orm.Mapped[Repository] = orm.relationship()


class OrganizationRole(Base):
    __tablename__ = "organization_roles"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    organization_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("organizations.id"), primary_key=True, index=True
    )
    name: orm.Mapped[str]
    user: orm.Mapped[User] = orm.relationship(back_populates="organization_roles")
    organization: orm.Mapped[Organization] = orm.relationship()


def fill(connection: sa.Connection, number: int) -> None:
    """Make the tables, and so many repositories with half as many roles."""
    Base.metadata.create_all(connection)
    choose = random.Random(20260101)
    connection.execute(sa.insert(Organization), _numbered(ORGANIZATIONS))
    connection.execute(sa.insert(User), _numbered(USERS))
    connection.execute(sa.insert(Folder), list(_folders(choose)))
    connection.execute(sa.insert(Repository), list(_repositories(choose, number)))
    names = ["reader", "writer", "admin"]
    pairs = _pairs(choose, number // 2, number)
    connection.execute(
        sa.insert(RepositoryRole),
        [{"user_id": a, "repository_id": b, "name": choose.choice(names)} for a, b in pairs],
    )
    pairs = _pairs(choose, 3 * USERS, ORGANIZATIONS)
    names = ["member", "member", "owner", "guest"]
    connection.execute(
        sa.insert(OrganizationRole),
        [{"user_id": a, "organization_id": b, "name": choose.choice(names)} for a, b in pairs],
    )
    # So that a database that plans by statistics has some.
    connection.execute(sa.text("ANALYZE"))
    connection.commit()


def _numbered(number: int) -> list[dict[str, object]]:
    return [{"id": each} for each in range(1, number + 1)]


def _folders(choose: random.Random) -> Iterator[dict[str, object]]:
    """Give folders of which one in ten is no other's, and half have an owner."""
    for number in range(1, FOLDERS + 1):
        is_inside = number > 1 and choose.random() < 0.9
        yield {
            "id": number,
            "parent_id": choose.randrange(1, number) if is_inside else None,
            "owner_id": choose.randint(1, USERS) if choose.random() < 0.5 else None,
        }


def _repositories(choose: random.Random, number: int) -> Iterator[dict[str, object]]:
    for each in range(1, number + 1):
        yield {
            "id": each,
            "name": f"repository{each}",
            "public": choose.random() < 0.05,
            "owner_id": choose.randint(1, USERS),
            "folder_id": choose.randint(1, FOLDERS) if choose.random() < 0.9 else None,
            "organization_id": choose.randint(1, ORGANIZATIONS),
        }


def _pairs(choose: random.Random, number: int, most: int) -> list[tuple[int, int]]:
    """Draw pairs of a user and something else."""
    found: set[tuple[int, int]] = set()
    while len(found) < number:
        found.add((choose.randint(1, USERS), choose.randint(1, most)))
    return sorted(found)
