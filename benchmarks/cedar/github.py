"""github: repositories with five roles, organizations with roles in all their repositories."""

from __future__ import annotations

import random
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .graphs import IN_GROUP, Graph, Group, Scenario, User, groups_and_users, groups_of, reference


@dataclass(eq=False)
class Organization:
    name: str
    readers: Group
    writers: Group
    admins: Group


@dataclass(eq=False)
class Repository:
    name: str
    organization: Organization
    readers: Group
    triagers: Group
    writers: Group
    maintainers: Group
    admins: Group


@dataclass(eq=False)
class Issue:
    name: str
    repository: Repository
    reporter: User


_POLAR = (
    """
actor User {}

resource Organization {
  roles = ["reader", "writer", "admin"];
}

resource Repository {
  permissions = [
    "pull", "fork", "assign_issue", "push", "edit_issue", "delete_issue", "add_reader"
  ];
  roles = ["reader", "triager", "writer", "maintainer", "admin"];
  relations = { organization: Organization };

  "pull" if "reader";
  "fork" if "reader";
  "assign_issue" if "triager";
  "push" if "writer";
  "edit_issue" if "writer";
  "delete_issue" if "maintainer";
  "add_reader" if "admin";

  "reader" if "triager";
  "triager" if "writer";
  "writer" if "maintainer";
  "maintainer" if "admin";

  "reader" if "reader" on "organization";
  "writer" if "writer" on "organization";
  "admin" if "admin" on "organization";
}

has_relation(organization: Organization, "organization", repository: Repository) if
  organization = repository.organization;

has_role(user: User, "reader", organization: Organization) if is_in(user, organization.readers);
has_role(user: User, "writer", organization: Organization) if is_in(user, organization.writers);
has_role(user: User, "admin", organization: Organization) if is_in(user, organization.admins);
has_role(user: User, "reader", repository: Repository) if is_in(user, repository.readers);
has_role(user: User, "triager", repository: Repository) if is_in(user, repository.triagers);
has_role(user: User, "writer", repository: Repository) if is_in(user, repository.writers);
has_role(user: User, "maintainer", repository: Repository) if is_in(user, repository.maintainers);
has_role(user: User, "admin", repository: Repository) if is_in(user, repository.admins);

allow(user: User, action, repository: Repository) if
  has_permission(user, action, repository);
allow(user: User, action, issue: Issue) if
  action in ["edit_issue", "delete_issue"] and
  has_permission(user, action, issue.repository);
allow(user: User, "edit_issue", issue: Issue) if
  issue.reporter = user and
  has_permission(user, "pull", issue.repository);
"""
    + IN_GROUP
)
_ROLES = ("readers", "triagers", "writers", "maintainers", "admins")
#: The lowest of the roles that an action takes; those behind it have it, too.
_NEEDED = {
    "pull": 0,
    "fork": 0,
    "assign_issue": 1,
    "push": 2,
    "edit_issue": 2,
    "delete_issue": 3,
    "add_reader": 4,
}
#: The lowest role that a role in the organization comes to.
_OF_ORGANIZATION = (("readers", 0), ("writers", 2), ("admins", 4))


def _enough(needed: int, repository: str) -> str:
    """Write the condition of Cedar that one of the roles is held."""
    own = [f"principal in {repository}.{role}" for role in _ROLES[needed:]]
    inherited = [
        f"principal in {repository}.organization.{role}"
        for role, comes_to in _OF_ORGANIZATION
        if comes_to >= needed
    ]
    return " || ".join(own + inherited)


_CEDAR = (
    "\n".join(
        f'permit(principal, action == Action::"{action}", resource is Repository)'
        f" when {{ {_enough(needed, 'resource')} }};"
        for action, needed in _NEEDED.items()
    )
    + "\n".join(
        f'permit(principal, action == Action::"{action}", resource is Issue)'
        f" when {{ {_enough(_NEEDED[action], 'resource.repository')} }};"
        for action in ("edit_issue", "delete_issue")
    )
    + 'permit(principal, action == Action::"edit_issue", resource is Issue)'
    f" when {{ resource.reporter == principal && ({_enough(0, 'resource.repository')}) }};"
)


def _may(user: User, action: str, resource: Repository | Issue) -> bool:
    groups = groups_of(user)
    if isinstance(resource, Repository):
        return _has(groups, _NEEDED[action], resource)
    if action == "edit_issue" and resource.reporter is user:
        return _has(groups, 0, resource.repository)
    return _has(groups, _NEEDED[action], resource.repository)


def _has(groups: set[User | Group], needed: int, repository: Repository) -> bool:
    if repository.admins in groups:
        return True
    if needed <= 3 and repository.maintainers in groups:
        return True
    if needed <= 2 and repository.writers in groups:
        return True
    if needed <= 1 and repository.triagers in groups:
        return True
    if needed == 0 and repository.readers in groups:
        return True
    organization = repository.organization
    if organization.admins in groups:
        return True
    if needed <= 2 and organization.writers in groups:
        return True
    return needed == 0 and organization.readers in groups


def _graph(size: int, choose: random.Random) -> Graph:
    groups, users = groups_and_users(size, choose)

    def group() -> Group:
        return choose.choice(groups)

    organizations = [
        Organization(f"organization{number}", group(), group(), group()) for number in range(size)
    ]
    repositories = [
        Repository(
            f"repository{number}",
            choose.choice(organizations),
            *(group() for _ in _ROLES),
        )
        for number in range(size)
    ]
    issues = [
        Issue(f"issue{number}", choose.choice(repositories), choose.choice(users))
        for number in range(size)
    ]
    return Graph(users, [*repositories, *issues], [*groups, *organizations], _attributes, _parents)


def _attributes(thing: t.Any) -> Mapping[str, t.Any]:
    if isinstance(thing, User | Group):
        return {}
    return {name: reference(value) for name, value in vars(thing).items() if name != "name"}


def _parents(thing: t.Any) -> Sequence[t.Any]:
    return thing.groups if isinstance(thing, User | Group) else ()


GITHUB = Scenario(
    "github",
    (User, Group, Organization, Repository, Issue),
    _POLAR,
    _CEDAR,
    _may,
    _graph,
    {Repository: tuple(_NEEDED), Issue: ("edit_issue", "delete_issue")},
)
