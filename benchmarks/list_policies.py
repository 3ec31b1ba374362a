"""The eight policies of lists that applications write most, and the same by hand.

What is written by hand is what a careful engineer would write: keys, and lists of keys.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from .list_tables import (
    DOCUMENT_LABELS,
    GROUP_GROUPS,
    GROUP_USERS,
    Block,
    Document,
    Label,
    Membership,
    Project,
    ProjectRole,
    Share,
    User,
)


@dataclass(frozen=True)
class ListPolicy:
    """A policy about documents, and its statement by hand for a user."""

    title: str
    text: str
    write: Callable[[User], t.Any]


_ROLES = ["member", "admin"]


def _by_owner(user: User) -> t.Any:
    return sa.select(Document).where(Document.owner_id == user.id)


def _tenants(user: User) -> t.Any:
    return sa.select(Membership.tenant_id).where(Membership.user_id == user.id)


def _by_role(user: User) -> t.Any:
    tenants = _tenants(user).where(Membership.role.in_(_ROLES))
    return sa.select(Document).where(Document.tenant_id.in_(tenants))


def _by_inherited_role(user: User) -> t.Any:
    tenants = _tenants(user).where(Membership.role.in_(_ROLES))
    inherited = sa.select(Project.id).where(Project.tenant_id.in_(tenants))
    direct = sa.select(ProjectRole.project_id).where(
        ProjectRole.user_id == user.id, ProjectRole.role.in_(_ROLES)
    )
    return sa.select(Document).where(
        sa.or_(
            Document.owner_id == user.id,
            Document.project_id.in_(inherited),
            Document.project_id.in_(direct),
        )
    )


def _by_nested_groups(user: User) -> t.Any:
    mine, inner = GROUP_USERS.c, GROUP_GROUPS.c
    found = sa.select(mine.group_id.label("id")).where(mine.user_id == user.id).cte(recursive=True)
    found = found.union(sa.select(inner.group_id).join(found, inner.inner_group_id == found.c.id))
    return sa.select(Document).where(Document.group_id.in_(sa.select(found.c.id)))


def _public_owned_shared(user: User) -> t.Any:
    shared = sa.select(Share.document_id).where(Share.user_id == user.id)
    return sa.select(Document).where(
        sa.or_(Document.public, Document.owner_id == user.id, Document.id.in_(shared))
    )


def _tenant_but_blocked(user: User) -> t.Any:
    blocked = sa.select(Block.document_id).where(Block.user_id == user.id)
    return sa.select(Document).where(
        Document.tenant_id == user.tenant_id, Document.id.not_in(blocked)
    )


def _tenant_without_secrets(user: User) -> t.Any:
    secret = sa.exists().where(
        DOCUMENT_LABELS.c.document_id == Document.id,
        DOCUMENT_LABELS.c.label_id == Label.id,
        Label.secret,
    )
    return sa.select(Document).where(Document.tenant_id == user.tenant_id, ~secret)


def _by_membership(user: User) -> t.Any:
    return sa.select(Document).where(Document.tenant_id.in_(_tenants(user)))


_INHERITED = """
actor User {}

resource Tenant {
  roles = ["guest", "member", "admin"];
  "member" if "admin";
}

resource Project {
  roles = ["guest", "member", "admin"];
  relations = { tenant: Tenant };
  "member" if "admin";
  "member" if "member" on "tenant";
  "admin" if "admin" on "tenant";
}

resource Document {
  permissions = ["read"];
  roles = ["member"];
  relations = { project: Project, owner: User };
  "member" if "member" on "project";
  "read" if "member";
  "read" if "owner";
}

has_relation(tenant: Tenant, "tenant", project: Project) if project.tenant = tenant;
has_relation(project: Project, "project", document: Document) if document.project = project;
has_relation(user: User, "owner", document: Document) if document.owner = user;

has_role(user: User, name: String, tenant: Tenant) if
  m in user.memberships and m.tenant = tenant and m.role = name;

has_role(user: User, name: String, project: Project) if
  r in project.roles and r.user = user and r.role = name;

allow(user: User, action, document: Document) if has_permission(user, action, document);
"""

LIST_POLICIES = (
    ListPolicy(
        "owner",
        'allow(user: User, "read", document: Document) if document.owner = user;',
        _by_owner,
    ),
    ListPolicy(
        "role on the organization",
        'allow(user: User, "read", document: Document) if m in user.memberships and'
        '  m.tenant = document.tenant and m.role in ["member", "admin"];',
        _by_role,
    ),
    ListPolicy("role inherited over three levels", _INHERITED, _by_inherited_role),
    ListPolicy(
        "groups in groups",
        'allow(user: User, "read", document: Document) if belongs(user, document.group);'
        "belongs(user: User, group: Group) if user in group.users;"
        "belongs(user: User, group: Group) if inner in group.groups and belongs(user, inner);",
        _by_nested_groups,
    ),
    ListPolicy(
        "public, owned or shared",
        'allow(_: User, "read", document: Document) if document.public;'
        'allow(user: User, "read", document: Document) if document.owner = user;'
        'allow(user: User, "read", document: Document) if'
        "  share in document.shares and share.user = user;",
        _public_owned_shared,
    ),
    ListPolicy(
        "tenant with a deny rule",
        'allow(user: User, "read", document: Document) if document.tenant = user.tenant and'
        "  not is_blocked(user, document);"
        "is_blocked(user: User, document: Document) if"
        "  block in document.blocks and block.user = user;",
        _tenant_but_blocked,
    ),
    ListPolicy(
        "tenant with forall",
        'allow(user: User, "read", document: Document) if document.tenant = user.tenant and'
        "  forall(label in document.labels, label.secret = false);",
        _tenant_without_secrets,
    ),
    ListPolicy(
        "memberships",
        'allow(user: User, "read", document: Document) if'
        "  m in user.memberships and m.tenant = document.tenant;",
        _by_membership,
    ),
)
