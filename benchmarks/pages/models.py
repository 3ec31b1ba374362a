"""The tables of the application."""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from sqlalchemy import orm

#: What a token may do at most: all, or reading alone.
ALL_SCOPES = [
    *("read", "comment", "edit", "close", "assign", "delete"),
    *("rename", "invite", "bill", "create_project", "add_member", "disband"),
    *("create_task", "archive", "share"),
]


class Base(orm.DeclarativeBase):
    pass


class Organization(Base):
    __tablename__ = "organizations"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


class User(Base):
    __tablename__ = "users"
    # No column: what the token of a request may do.
    scopes = ALL_SCOPES
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    memberships: orm.Mapped[list[Membership]] = orm.relationship()
    team_memberships: orm.Mapped[list[TeamMembership]] = orm.relationship()
    project_memberships: orm.Mapped[list[ProjectMembership]] = orm.relationship()
    invitations: orm.Mapped[list[Invitation]] = orm.relationship()


class Team(Base):
    __tablename__ = "teams"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    organization_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("organizations.id"), index=True
    )
    organization: orm.Mapped[Organization] = orm.relationship()


class Project(Base):
    __tablename__ = "projects"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    deleted: orm.Mapped[bool]
    organization_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("organizations.id"), index=True
    )
    team_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("teams.id"), index=True)
    organization: orm.Mapped[Organization] = orm.relationship()
    team: orm.Mapped[Team] = orm.relationship()


class Task(Base):
    __tablename__ = "tasks"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    deleted: orm.Mapped[bool]
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"), index=True)
    assignee_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"), index=True)
    project: orm.Mapped[Project] = orm.relationship()
    assignee: orm.Mapped[User | None] = orm.relationship()
    comments: orm.Mapped[list[Comment]] = orm.relationship(
        back_populates="task", order_by="Comment.id"
    )


class Comment(Base):
    __tablename__ = "comments"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str]
    deleted: orm.Mapped[bool]
    task_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("tasks.id"), index=True)
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), index=True)
    task: orm.Mapped[Task] = orm.relationship(back_populates="comments")
    author: orm.Mapped[User] = orm.relationship()


class Membership(Base):
    __tablename__ = "memberships"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    organization_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("organizations.id"), primary_key=True
    )
    role: orm.Mapped[str]
    organization: orm.Mapped[Organization] = orm.relationship()


class TeamMembership(Base):
    __tablename__ = "team_memberships"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    team_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("teams.id"), primary_key=True)
    role: orm.Mapped[str]
    team: orm.Mapped[Team] = orm.relationship()


class ProjectMembership(Base):
    __tablename__ = "project_memberships"
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"), primary_key=True)
    role: orm.Mapped[str]
    project: orm.Mapped[Project] = orm.relationship()


class Invitation(Base):
    __tablename__ = "invitations"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"), index=True)
    project_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("projects.id"), index=True)
    expires: orm.Mapped[datetime.datetime]
    project: orm.Mapped[Project] = orm.relationship()
