"""gdrive: documents in folders in folders, owned, public, or shared with users and groups."""

from __future__ import annotations

import random
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .graphs import (
    IN_GROUP,
    Graph,
    Group,
    Scenario,
    User,
    groups_and_users,
    groups_of,
    reference,
    some,
)


@dataclass(eq=False)
class Folder:
    name: str
    folders: list[Folder] = field(default_factory=list)
    viewers: list[User | Group] = field(default_factory=list)


@dataclass(eq=False)
class Document:
    name: str
    owner: User
    is_public: bool
    folders: list[Folder] = field(default_factory=list)
    viewers: list[User | Group] = field(default_factory=list)


_POLAR = (
    """
allow(_: User, "view", document: Document) if
  document.is_public;
allow(user: User, "view", document: Document) if
  is_shared(user, document);
allow(user: User, action, document: Document) if
  action in ["view", "edit", "share"] and
  document.owner = user;

is_shared(user: User, place) if
  viewer in place.viewers and
  is_in(user, viewer);
is_shared(user: User, place) if
  folder in place.folders and
  is_shared(user, folder);
"""
    + IN_GROUP
)
#: What is shared with a user or group stands at it; a document is in all its folders.
_CEDAR = """
permit(principal, action == Action::"view", resource) when { resource.is_public };
permit(principal, action == Action::"view", resource) when { principal in resource.seen_by };
permit(principal, action in [Action::"view", Action::"edit", Action::"share"], resource)
  when { resource.owner == principal };
"""


def _may(user: User, action: str, document: Document) -> bool:
    if document.owner is user:
        return True
    if action != "view":
        return False
    if document.is_public:
        return True
    members = groups_of(user)
    places: list[Document | Folder] = [document]
    seen: set[Document | Folder] = set()
    for place in places:
        if place in seen:
            continue
        seen.add(place)
        for viewer in place.viewers:
            if viewer in members:
                return True
        places.extend(place.folders)
    return False


def _graph(size: int, choose: random.Random) -> Graph:
    groups, users = groups_and_users(size, choose)
    folders: list[Folder] = []
    for number in range(size):
        viewers = some([*groups, *users], choose)
        folders.append(Folder(f"folder{number}", some(folders, choose), viewers))
    documents = [
        Document(
            f"document{number}",
            choose.choice(users),
            choose.random() < 0.1,
            some(folders, choose),
            some([*groups, *users], choose),
        )
        for number in range(size)
    ]
    return Graph(users, documents, [*groups, *folders], _attributes, _parents)


def _attributes(thing: t.Any) -> Mapping[str, t.Any]:
    if not isinstance(thing, Document):
        return {}
    # Sets of entities: 'in' asks whether the user is in one of them.
    seen_by = [reference(viewer) for place in _places(thing) for viewer in place.viewers]
    return {
        "is_public": thing.is_public,
        "owner": reference(thing.owner),
        "seen_by": seen_by,
    }


def _places(document: Document) -> list[Document | Folder]:
    places: list[Document | Folder] = [document]
    for place in places:
        places += [folder for folder in place.folders if folder not in places]
    return places


def _parents(thing: t.Any) -> Sequence[t.Any]:
    if isinstance(thing, User | Group):
        return thing.groups
    return thing.folders if isinstance(thing, Folder | Document) else ()


GDRIVE = Scenario(
    "gdrive",
    (User, Group, Folder, Document),
    _POLAR,
    _CEDAR,
    _may,
    _graph,
    {Document: ("view", "view", "edit", "share")},
)
