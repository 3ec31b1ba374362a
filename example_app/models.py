"""The tables. Roles are rows: a user, a name, and the thing the role is held on."""

from __future__ import annotations

import hashlib

from flask_login import UserMixin
from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .extensions import db


class User(UserMixin, db.Model):
    """Somebody who can log in."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    about: Mapped[str] = mapped_column(default="")
    organization_roles: Mapped[list[OrganizationRole]] = relationship(back_populates="user")
    repository_roles: Mapped[list[RepositoryRole]] = relationship(back_populates="user")


class Organization(db.Model):
    """An owner of repositories."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    about: Mapped[str] = mapped_column(default="")


class Repository(db.Model):
    """A place for issues. Everybody reads it if it is public."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    public: Mapped[bool] = mapped_column(default=False)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    organization: Mapped[Organization] = relationship()
    roles: Mapped[list[RepositoryRole]] = relationship(
        back_populates="repository", cascade="all, delete-orphan"
    )
    issues: Mapped[list[Issue]] = relationship(
        back_populates="repository", cascade="all, delete-orphan"
    )


class Issue(db.Model):
    """Something to be done in a repository."""

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    closed: Mapped[bool] = mapped_column(default=False)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"), index=True)
    repository: Mapped[Repository] = relationship(back_populates="issues")
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    author: Mapped[User] = relationship()


class OrganizationRole(db.Model):
    """A user is ``member`` or ``owner`` of an organization."""

    __table_args__ = (UniqueConstraint("user_id", "organization_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User] = relationship(back_populates="organization_roles")
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    organization: Mapped[Organization] = relationship()


class RepositoryRole(db.Model):
    """A user is ``reader``, ``contributor`` or ``maintainer`` of a repository."""

    __table_args__ = (UniqueConstraint("user_id", "repository_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User] = relationship(back_populates="repository_roles")
    repository_id: Mapped[int] = mapped_column(ForeignKey("repository.id"), index=True)
    repository: Mapped[Repository] = relationship(back_populates="roles")


class Token(db.Model):
    """A program that acts for a user, within a scope: ``read`` or ``write``.

    It is an actor of its own. The policy says what that means; see ``policies/tokens.polar``.
    """

    #: For Flask-Login, which asks this of whoever sends a request.
    is_authenticated = True

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    scope: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    user: Mapped[User] = relationship()

    @staticmethod
    def digest_of(secret: str) -> str:
        """Give what is stored of a secret: whoever reads the database cannot use it.

        Fit for the long random secrets of programs, and not for passwords of people.
        """
        return hashlib.sha256(secret.encode()).hexdigest()
