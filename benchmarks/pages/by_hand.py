"""The policy as a careful engineer writes it by hand: functions, and a statement of tasks."""

from __future__ import annotations

import datetime
import typing as t

import sqlalchemy as sa

from .models import (
    Comment,
    Invitation,
    Membership,
    Project,
    ProjectMembership,
    Task,
    TeamMembership,
    User,
)

_NONE, _VIEWER, _CONTRIBUTOR, _MANAGER = range(4)
_LEVELS = {"viewer": _VIEWER, "contributor": _CONTRIBUTOR, "manager": _MANAGER}
#: What a level gives on a task, and what being its assignee gives.
_NEEDED = {
    "read": _VIEWER,
    "comment": _CONTRIBUTOR,
    "edit": _CONTRIBUTOR,
    "close": _CONTRIBUTOR,
    "assign": _MANAGER,
    "delete": _MANAGER,
}
_NEEDED_OF_PROJECT = {
    "read": _VIEWER,
    "create_task": _CONTRIBUTOR,
    "rename": _MANAGER,
    "archive": _MANAGER,
    "share": _MANAGER,
}
_OF_ASSIGNEE = ("read", "comment", "close")


class Access:
    """What one user may do; the user's roles are read once."""

    def __init__(self, user: User) -> None:
        self._id = user.id
        self._scopes = frozenset(user.scopes)
        self._organizations = {each.organization_id: each.role for each in user.memberships}
        self._teams = {each.team_id: each.role for each in user.team_memberships}
        self._projects = {each.project_id: each.role for each in user.project_memberships}
        now = datetime.datetime.now()
        self._invited = {each.project_id for each in user.invitations if each.expires > now}

    def on_task(self, task: Task) -> set[str]:
        """Give the actions that are allowed on a task."""
        if task.deleted or task.project.deleted:
            return set()
        level = self._level(task.project)
        found = {action for action, needed in _NEEDED.items() if level >= needed}
        if task.assignee_id == self._id:
            found.update(_OF_ASSIGNEE)
        return found & self._scopes

    def on_project(self, project: Project) -> set[str]:
        """Give the actions that are allowed on a project."""
        if project.deleted:
            return set()
        level = self._level(project)
        found = {action for action, needed in _NEEDED_OF_PROJECT.items() if level >= needed}
        if self._organizations.get(project.organization_id) in ("admin", "owner"):
            found.add("delete")
        return found & self._scopes

    def on_comment(self, comment: Comment) -> set[str]:
        """Give the actions that are allowed on a comment."""
        if comment.deleted:
            return set()
        task = comment.task
        level = self._level(task.project)
        found = set()
        if level >= _VIEWER or task.assignee_id == self._id:
            found.add("read")
        if comment.author_id == self._id:
            found.update(("edit", "delete"))
        if level >= _MANAGER:
            found.add("delete")
        return found & self._scopes

    def _level(self, project: Project) -> int:
        """Give the highest role in a project, however it was come by."""
        of_organization = self._organizations.get(project.organization_id)
        if of_organization in ("admin", "owner"):
            return _MANAGER
        of_team = self._teams.get(project.team_id)
        if of_team == "lead":
            return _MANAGER
        level = _LEVELS.get(self._projects.get(project.id, ""), _NONE)
        if of_team == "member":
            level = max(level, _CONTRIBUTOR)
        if level == _NONE and (of_organization == "member" or project.id in self._invited):
            return _VIEWER
        return level


def readable_tasks(user: User) -> sa.Select[t.Any]:
    """Give the statement of the tasks that a user may read."""
    if "read" not in user.scopes:
        return sa.select(Task).where(sa.false())
    organizations = sa.select(Membership.organization_id).where(
        Membership.user_id == user.id, Membership.role.in_(["member", "admin", "owner"])
    )
    teams = sa.select(TeamMembership.team_id).where(TeamMembership.user_id == user.id)
    projects = sa.select(ProjectMembership.project_id).where(ProjectMembership.user_id == user.id)
    invited = sa.select(Invitation.project_id).where(
        Invitation.user_id == user.id, Invitation.expires > datetime.datetime.now()
    )
    return (
        sa.select(Task)
        .join(Task.project)
        .where(
            ~Task.deleted,
            ~Project.deleted,
            sa.or_(
                Task.assignee_id == user.id,
                Project.organization_id.in_(organizations),
                Project.team_id.in_(teams),
                Project.id.in_(projects),
                Project.id.in_(invited),
            ),
        )
    )
