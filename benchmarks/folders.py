"""W4: folders in folders. Who views or edits a folder does so for all that is in it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from .contenders import HAND, Decide, Question, Workload, polar_contenders
from .peers import casbin, cedar, entity, role
from .world import Folder, Grant, User

POLICY = """
actor User {}

resource Folder {
  roles = ["viewer", "editor"];
  permissions = ["read", "write"];
  relations = { parent: Folder };

  "viewer" if "editor";
  "viewer" if "viewer" on "parent";
  "editor" if "editor" on "parent";
  "read" if "viewer";
  "write" if "editor";
}

has_relation(parent: Folder, "parent", folder: Folder) if
  parent = folder.parent;

has_role(user: User, name: String, folder: Folder) if
  grant in folder.grants and
  grant.user = user and
  grant.role = name;

allow(user: User, action, folder: Folder) if
  has_permission(user, action, folder);
"""
_NEEDED = {"read": "viewer", "write": "editor"}
_ENOUGH = {"read": ("viewer", "editor"), "write": ("editor",)}


def may(user: User, action: str, folder: Folder) -> bool:
    """Decide as the policy does, by hand."""
    enough = _ENOUGH[action]
    place: Folder | None = folder
    while place is not None:
        for grant in place.grants:
            if grant.user is user and grant.role in enough:
                return True
        place = place.parent
    return False


def folders(depth: int) -> Workload:
    """Checks at the bottom of a chain, with grants at its top, and in its middle."""
    ana, ben, cyn = User("ana"), User("ben"), User("cyn")
    chain = [Folder("folder0", None, [Grant(ana, "viewer")])]
    for number in range(1, depth):
        chain.append(Folder(f"folder{number}", chain[-1]))
    chain[depth // 2].grants.append(Grant(ben, "editor"))
    bottom = chain[-1]
    questions: list[Question] = [
        (ana, "read", bottom),
        (ana, "write", bottom),
        (ben, "read", bottom),
        (ben, "write", bottom),
        (cyn, "read", bottom),
    ]
    contenders = {
        HAND: may,
        **polar_contenders(POLICY, (User, Folder)),
        **cedar(_cedar_policies(), questions, _entities),
        **_casbin(chain),
    }
    return Workload("W4", f"folders {depth} deep", 4, questions, contenders)


# -- the peers: roles as groups, from which roles in the folders below follow ----------


def _way_up(folder: Folder) -> Iterator[Folder]:
    place: Folder | None = folder
    while place is not None:
        yield place
        place = place.parent


def _heritage(folder: Folder) -> list[tuple[str, str]]:
    pairs = [(f"{folder.name}:editor", f"{folder.name}:viewer")]
    if folder.parent is not None:
        above = folder.parent.name
        pairs += [(f"{above}:{name}", f"{folder.name}:{name}") for name in ("viewer", "editor")]
    return pairs


def _cedar_policies() -> str:
    return "\n".join(
        f'permit(principal, action == Action::"{action}", resource)'
        f" when {{ principal in resource.{name} }};"
        for action, name in _NEEDED.items()
    )


def _entities(user: User, action: str, folder: Folder) -> list[dict[str, t.Any]]:
    places = list(_way_up(folder))
    pairs = [pair for place in places for pair in _heritage(place)]
    own = [
        f"{place.name}:{grant.role}"
        for place in places
        for grant in place.grants
        if grant.user is user
    ]
    names = [f"{place.name}:{name}" for place in places for name in ("viewer", "editor")]
    attributes = {name: role(f"{folder.name}:{name}") for name in ("viewer", "editor")}
    return [
        entity("User", user.name, parents=own),
        entity("Folder", folder.name, attributes),
        *(entity("Role", name, parents=[to for of, to in pairs if of == name]) for name in names),
    ]


def _casbin(chain: Sequence[Folder]) -> dict[str, Decide]:
    policies = [
        (f"{folder.name}:{name}", folder.name, action)
        for folder in chain
        for action, name in _NEEDED.items()
    ]
    pairs = [pair for folder in chain for pair in _heritage(folder)]
    pairs += [
        (grant.user.name, f"{folder.name}:{grant.role}")
        for folder in chain
        for grant in folder.grants
    ]
    matcher = "r.obj == p.obj && r.act == p.act && g(r.sub, p.sub)"
    return casbin(matcher, policies, roles=pairs)
