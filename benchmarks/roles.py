"""W2, W6 and W10: roles in an organization and in its repositories.

An actor has any number of roles, each for one organization or repository. An owner of an
organization is an administrator of its repositories, a member a reader; an administrator is
a writer, a writer a reader.
"""

from __future__ import annotations

import itertools
import random
import typing as t
from collections.abc import Sequence

from .contenders import HAND, OURS, Decide, Question, Workload, polar_contenders, polar_engines
from .peers import casbin, cedar, entity, role
from .world import Organization, Repository, Role, User

Thing = Organization | Repository
CLASSES = (User, Organization, Repository)
POLICY = """
actor User {}

resource Organization {
  roles = ["owner", "member"];
  permissions = ["read", "rename"];

  "member" if "owner";
  "read" if "member";
  "rename" if "owner";
}

resource Repository {
  roles = ["admin", "writer", "reader"];
  permissions = ["read", "push", "delete"];
  relations = { parent: Organization };

  "reader" if "member" on "parent";
  "admin" if "owner" on "parent";
  "writer" if "admin";
  "reader" if "writer";
  "read" if "reader";
  "push" if "writer";
  "delete" if "admin";
}

has_relation(organization: Organization, "parent", repository: Repository) if
  organization = repository.organization;

has_role(user: User, name: String, resource: Resource) if
  role in user.roles and
  role.name = name and
  role.resource = resource;

allow(user: User, action, resource) if
  has_permission(user, action, resource);
"""
_ACTIONS = {
    Organization: {"read": {"member", "owner"}, "rename": {"owner"}},
    Repository: {
        "read": {"reader", "writer", "admin"},
        "push": {"writer", "admin"},
        "delete": {"admin"},
    },
}
_ORGANIZATION_ROLES = {"read": {"member", "owner"}, "push": {"owner"}, "delete": {"owner"}}
#: Which role of a repository an action takes; Cedar and casbin know the rest by heritage.
_NEEDED = {"read": "reader", "push": "writer", "delete": "admin"}
_NEEDED_OF_ORGANIZATION = {"read": "member", "rename": "owner"}


def may(user: User, action: str, resource: Thing) -> bool:
    """Decide as the policy does, by hand."""
    own = _ACTIONS[type(resource)].get(action, ())
    if type(resource) is Repository:
        inherited = _ORGANIZATION_ROLES.get(action, ())
        organization = resource.organization
        for each in user.roles:
            if each.resource is resource and each.name in own:
                return True
            if each.resource is organization and each.name in inherited:
                return True
        return False
    return any(each.resource is resource and each.name in own for each in user.roles)


def _actions(user: User, resource: Thing) -> set[str]:
    return {action for action in _ACTIONS[type(resource)] if may(user, action, resource)}


def mixed() -> Workload:
    """Ten checks of four actors with up to three roles."""
    organization, other = Organization("reef"), Organization("tide")
    repositories = [Repository("charts", organization), Repository("lamps", other)]
    charts, lamps = repositories
    users = [
        User("ana", [Role("owner", organization)]),
        User("ben", [Role("member", organization), Role("writer", lamps)]),
        User("cyn", [Role("admin", lamps), Role("reader", charts), Role("member", other)]),
        User("dan"),
    ]
    ana, ben, cyn, dan = users
    questions: list[Question] = [
        (ana, "delete", charts),
        (ana, "read", lamps),
        (ana, "rename", organization),
        (ben, "read", charts),
        (ben, "push", lamps),
        (ben, "delete", lamps),
        (cyn, "push", charts),
        (cyn, "delete", lamps),
        (cyn, "read", other),
        (dan, "read", charts),
    ]
    things: list[Thing] = [organization, other, *repositories]
    contenders = _contenders(questions, users, things)
    return Workload("W2", "roles, 10 checks", 3, questions, contenders)


def assigned(number: int) -> Workload:
    """An actor with many roles, asked for the last, for one that is missing, and between."""
    rng = random.Random(20260101)
    organizations = [Organization(f"organization{n}") for n in range(max(2, number // 10))]
    repositories = [Repository(f"repo{n}", rng.choice(organizations)) for n in range(number + 1)]
    *granted, refused = repositories
    kinds = itertools.cycle(("reader", "writer", "admin"))
    user = User("ana", [Role(next(kinds), repository) for repository in granted])
    rng.shuffle(user.roles)
    questions: list[Question] = [
        (user, "read", user.roles[-1].resource),
        (user, "read", user.roles[number // 2].resource),
        (user, "delete", user.roles[0].resource),
        (user, "push", refused),
    ]
    contenders = _contenders(questions, [user], (*organizations, *repositories))
    return Workload(f"W6-{number}", f"actor with {number:,} roles", 3, questions, contenders)


def actions() -> Workload:
    """All that an actor may do, compared with what one check costs us."""
    base = mixed()
    pairs = [(user, thing) for user, _, thing in base.questions]
    engines = polar_engines(POLICY, CLASSES)
    contenders: dict[str, Decide] = {HAND: _actions}
    contenders |= {name: engine.authorized_actions for name, engine in engines.items()}
    return Workload(
        "W10",
        "authorized_actions, beside one check of ours",
        8,
        pairs,
        contenders,
        one_check=(engines[OURS].is_allowed, base.questions),
    )


# -- the peers -------------------------------------------------------------------------


def _contenders(
    questions: Sequence[Question],
    users: Sequence[User],
    things: Sequence[Thing],
) -> dict[str, Decide]:
    return {
        HAND: may,
        **polar_contenders(POLICY, CLASSES),
        **cedar(_cedar_policies(), questions, _entities),
        **_casbin(users, things),
    }


def role_name(name: str, thing: Thing) -> str:
    return f"{thing.name}:{name}"


def _heritage(thing: Thing) -> list[tuple[str, str]]:
    """Give which role about a thing, or about what it belongs to, has which other role."""
    pairs: list[tuple[Thing, str, Thing, str]]
    if isinstance(thing, Organization):
        pairs = [(thing, "owner", thing, "member")]
    else:
        above = thing.organization
        pairs = [
            (above, "member", thing, "reader"),
            (above, "owner", thing, "admin"),
            (thing, "admin", thing, "writer"),
            (thing, "writer", thing, "reader"),
        ]
    return [(role_name(name, of), role_name(has, to)) for of, name, to, has in pairs]


def _cedar_policies() -> str:
    needed = [
        (action, name)
        for table in (_NEEDED, _NEEDED_OF_ORGANIZATION)
        for action, name in table.items()
    ]
    return "\n".join(
        f'permit(principal, action == Action::"{action}", resource)'
        f" when {{ resource has {name} && principal in resource.{name} }};"
        for action, name in needed
    )


def _entities(user: User, action: str, thing: Thing) -> list[dict[str, t.Any]]:
    """Give what Cedar must know: the actor's roles here, and which roles these have."""
    above: list[Thing] = [thing]
    if isinstance(thing, Repository):
        above.append(thing.organization)
    pairs = [pair for each in above for pair in _heritage(each)]
    kinds = {
        each: ("owner", "member") if each is above[-1] else ("admin", "writer", "reader")
        for each in above
    }
    names = [role_name(name, each) for each in above for name in kinds[each]]
    own = [role_name(each.name, each.resource) for each in user.roles if each.resource in above]
    attributes = {name: role(role_name(name, thing)) for name in kinds[thing]}
    return [
        entity("User", user.name, parents=own),
        entity(type(thing).__name__, thing.name, attributes),
        *(entity("Role", name, parents=[to for of, to in pairs if of == name]) for name in names),
    ]


def _casbin(users: Sequence[User], things: Sequence[Thing]) -> dict[str, Decide]:
    policies = [
        (role_name(name, thing), thing.name, action)
        for thing in things
        for action, name in (
            _NEEDED if isinstance(thing, Repository) else _NEEDED_OF_ORGANIZATION
        ).items()
    ]
    pairs = [pair for thing in things for pair in _heritage(thing)]
    pairs += [
        (user.name, role_name(each.name, each.resource)) for user in users for each in user.roles
    ]
    matcher = "r.obj == p.obj && r.act == p.act && g(r.sub, p.sub)"
    return casbin(matcher, policies, roles=pairs)
