"""The tables. Roles are rows: a user, a name, and the thing the role is held on."""

from __future__ import annotations

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """What all tables share: nothing but their metadata."""


class User(Base):
    """Somebody who can log in."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    about: Mapped[str] = mapped_column(default="")
    organization_roles: Mapped[list[OrganizationRole]] = relationship(back_populates="user")
    repository_roles: Mapped[list[RepositoryRole]] = relationship(back_populates="user")
    page_roles: Mapped[list[PageRole]] = relationship(back_populates="user")


class Organization(Base):
    """An owner of repositories and pages."""

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    about: Mapped[str] = mapped_column(default="")
    roles: Mapped[list[OrganizationRole]] = relationship(
        back_populates="organization", cascade="all, delete-orphan"
    )
    repositories: Mapped[list[Repository]] = relationship(
        back_populates="organization", cascade="all, delete-orphan", order_by="Repository.name"
    )
    pages: Mapped[list[Page]] = relationship(
        back_populates="organization", cascade="all, delete-orphan", order_by="Page.title"
    )


class Repository(Base):
    """A place for issues. Everybody reads it if it is public."""

    __tablename__ = "repository"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    public: Mapped[bool] = mapped_column(default=False)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    organization: Mapped[Organization] = relationship(back_populates="repositories")
    roles: Mapped[list[RepositoryRole]] = relationship(
        back_populates="repository", cascade="all, delete-orphan"
    )
    issues: Mapped[list[Issue]] = relationship(
        back_populates="repository", cascade="all, delete-orphan", order_by="Issue.id"
    )


class Issue(Base):
    """Something to be done in a repository."""

    __tablename__ = "issue"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    closed: Mapped[bool] = mapped_column(default=False)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"))
    repository: Mapped[Repository] = relationship(back_populates="issues")
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    author: Mapped[User] = relationship()


class Page(Base):
    """A text of an organization, for the people it is shared with."""

    __tablename__ = "page"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    organization: Mapped[Organization] = relationship(back_populates="pages")
    roles: Mapped[list[PageRole]] = relationship(
        back_populates="page", cascade="all, delete-orphan"
    )


class OrganizationRole(Base):
    """A user is ``member`` or ``owner`` of an organization."""

    __tablename__ = "organization_role"
    __table_args__ = (UniqueConstraint("user_id", "organization_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User] = relationship(back_populates="organization_roles")
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    organization: Mapped[Organization] = relationship(back_populates="roles")


class RepositoryRole(Base):
    """A user is ``reader``, ``contributor`` or ``maintainer`` of a repository."""

    __tablename__ = "repository_role"
    __table_args__ = (UniqueConstraint("user_id", "repository_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User] = relationship(back_populates="repository_roles")
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"))
    repository: Mapped[Repository] = relationship(back_populates="roles")


class PageRole(Base):
    """A user is ``guest``, ``editor`` or ``admin`` of a page."""

    __tablename__ = "page_role"
    __table_args__ = (UniqueConstraint("user_id", "page_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User] = relationship(back_populates="page_roles")
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"))
    page: Mapped[Page] = relationship(back_populates="roles")
