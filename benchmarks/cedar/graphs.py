"""Users in groups in groups; ``Scenario`` and ``Graph``."""

from __future__ import annotations

import json
import random
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..contenders import CEDARPY, HAND, Decide, Question, Workload, is_installed, polar_contenders
from ..peers import cedar, uid

#: How many questions are asked about a graph.
QUESTIONS = 60
#: ``member`` is in a group if it is the group, or in one of the groups it is in.
IN_GROUP = """
is_in(member, member);
is_in(member, group: Group) if
  above in member.groups and
  is_in(above, group);
"""


@dataclass(eq=False)
class Group:
    name: str
    groups: list[Group] = field(default_factory=list)


@dataclass(eq=False)
class User:
    name: str
    groups: list[Group] = field(default_factory=list)


@dataclass(frozen=True)
class Graph:
    """The entities of one size.

    :param attributes: gives what Cedar knows of an entity.
    :param parents: gives what an entity is in.
    """

    users: Sequence[User]
    resources: Sequence[t.Any]
    others: Sequence[t.Any]
    attributes: Callable[[t.Any], Mapping[str, t.Any]]
    parents: Callable[[t.Any], Sequence[t.Any]]

    def entities(self) -> list[dict[str, t.Any]]:
        """Describe all entities to Cedar."""
        return [
            {
                "uid": reference(each)["__entity"],
                "attrs": dict(self.attributes(each)),
                "parents": [reference(parent)["__entity"] for parent in self.parents(each)],
            }
            for each in (*self.users, *self.resources, *self.others)
        ]


@dataclass(frozen=True)
class Scenario:
    """An application: its policy in Polar and in Cedar, the check by hand, and graphs.

    :param actions: those that are asked about, for resources of a class.
    """

    name: str
    classes: Sequence[type]
    polar: str
    cedar: str
    by_hand: Callable[[User, str, t.Any], bool]
    graph: Callable[[int, random.Random], Graph]
    actions: Mapping[type, Sequence[str]]

    def workload(self, size: int) -> Workload:
        """Ask about random users, actions and resources of a graph of a size."""
        choose = random.Random(f"{self.name} {size}")
        graph = self.graph(size, choose)
        questions: list[Question] = []
        while len(questions) < QUESTIONS:
            resource = choose.choice(graph.resources)
            action = choose.choice(self.actions[type(resource)])
            questions.append((choose.choice(graph.users), action, resource))
        contenders: dict[str, Decide] = {
            HAND: self.by_hand,
            **polar_contenders(self.polar, self.classes),
            **self._cedar(graph, questions),
        }
        return Workload(f"{self.name}-{size}", self.name, 0, questions, contenders)

    def _cedar(self, graph: Graph, questions: Sequence[Question]) -> dict[str, Decide]:
        if not is_installed(CEDARPY):
            return {}
        entities = graph.entities()
        return cedar(self.cedar, questions, lambda *question: entities)


def reference(thing: t.Any) -> dict[str, dict[str, str]]:
    """Refer to an entity in an attribute."""
    kind, _, name = uid(thing).partition("::")
    return {"__entity": {"type": kind, "id": json.loads(name)}}


def groups_and_users(size: int, choose: random.Random) -> tuple[list[Group], list[User]]:
    """Make as many groups as users: each is in up to two groups, without a circle."""
    groups: list[Group] = []
    for number in range(size):
        groups.append(Group(f"group{number}", some(groups, choose)))
    return groups, [User(f"user{number}", some(groups, choose)) for number in range(size)]


def some(things: Sequence[t.Any], choose: random.Random, most: int = 2) -> list[t.Any]:
    """Draw a few things."""
    return choose.sample(things, min(len(things), choose.randint(0, most)))


def groups_of(user: User) -> set[User | Group]:
    """Give a user and all groups that the user is in, for the checks by hand."""
    found: list[User | Group] = [user]
    seen: set[User | Group] = {user}
    for member in found:
        for group in member.groups:
            if group not in seen:
                seen.add(group)
                found.append(group)
    return seen
