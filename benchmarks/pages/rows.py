"""As many tasks as one wants, and all they belong to; always the same."""

from __future__ import annotations

import datetime
import random
import typing as t
from collections.abc import Sequence

import sqlalchemy as sa

from .models import (
    Base,
    Comment,
    Invitation,
    Membership,
    Organization,
    Project,
    ProjectMembership,
    Task,
    Team,
    TeamMembership,
    User,
)

ORGANIZATIONS, TEAMS, PROJECTS, USERS = 5, 20, 100, 200
#: One more user, who is a viewer of every project.
MEMBER_OF_ALL = USERS + 1


def fill(connection: sa.Connection, tasks: int) -> None:
    """Make the tables, so many tasks, and twice as many comments."""
    Base.metadata.create_all(connection)
    choose = random.Random(20260101)

    def add(model: type[Base], rows: Sequence[dict[str, t.Any]]) -> None:
        connection.execute(sa.insert(model), list(rows))

    def one_of(number: int) -> int:
        return choose.randint(1, number)

    add(Organization, [{"id": n, "name": f"organization {n}"} for n in _up_to(ORGANIZATIONS)])
    add(User, [{"id": n, "name": f"user {n}"} for n in _up_to(MEMBER_OF_ALL)])
    add(Team, [{"id": n, "organization_id": 1 + n % ORGANIZATIONS} for n in _up_to(TEAMS)])
    add(Project, [_project(n, choose) for n in _up_to(PROJECTS)])
    add(
        Task,
        [
            {
                "id": n,
                "title": f"task {n}",
                "deleted": choose.random() < 0.05,
                "project_id": one_of(PROJECTS),
                "assignee_id": one_of(USERS) if choose.random() < 0.8 else None,
            }
            for n in _up_to(tasks)
        ],
    )
    add(
        Comment,
        [
            {
                "id": n,
                "text": f"comment {n}",
                "deleted": choose.random() < 0.1,
                "task_id": one_of(tasks),
                "author_id": one_of(USERS),
            }
            for n in _up_to(2 * tasks)
        ],
    )
    add(Membership, _drawn(choose, "organization_id", ORGANIZATIONS, 1, _ORGANIZATION_ROLES))
    add(TeamMembership, _drawn(choose, "team_id", TEAMS, 2, ["member", "member", "lead"]))
    add(ProjectMembership, _drawn(choose, "project_id", PROJECTS, 5, _PROJECT_ROLES))
    viewer = {"user_id": MEMBER_OF_ALL, "role": "viewer"}
    add(ProjectMembership, [{**viewer, "project_id": n} for n in _up_to(PROJECTS)])
    now = datetime.datetime.now()
    add(
        Invitation,
        [
            {
                "user_id": user,
                "project_id": one_of(PROJECTS),
                "expires": now + datetime.timedelta(days=choose.choice([-30, 365])),
            }
            for user in _up_to(USERS)
            for _ in range(3)
        ],
    )
    # So that a database that plans by statistics has some.
    connection.execute(sa.text("ANALYZE"))
    connection.commit()


_ORGANIZATION_ROLES = ["guest", "guest", "guest", "member", "admin", "owner"]
_PROJECT_ROLES = ["viewer", "contributor", "manager"]


def _up_to(number: int) -> range:
    return range(1, number + 1)


def _project(number: int, choose: random.Random) -> dict[str, t.Any]:
    team = choose.randint(1, TEAMS)
    return {
        "id": number,
        "name": f"project {number}",
        "deleted": choose.random() < 0.05,
        "team_id": team,
        "organization_id": 1 + team % ORGANIZATIONS,
    }


def _drawn(
    choose: random.Random, key: str, number: int, each: int, roles: Sequence[str]
) -> list[dict[str, t.Any]]:
    """Give each user so many roles in as many different things."""
    return [
        {"user_id": user, key: thing, "role": choose.choice(roles)}
        for user in _up_to(USERS)
        for thing in choose.sample(range(1, number + 1), each)
    ]
