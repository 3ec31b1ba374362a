"""tinytodo: lists of tasks with an owner, and teams that read or edit them."""

from __future__ import annotations

import random
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .graphs import IN_GROUP, Graph, Group, Scenario, User, groups_and_users, groups_of, reference


@dataclass(eq=False)
class TodoList:
    name: str
    owner: User
    readers: Group
    editors: Group


_POLAR = (
    """
allow(user: User, _, list: TodoList) if
  list.owner = user;
allow(user: User, "get_list", list: TodoList) if
  is_in(user, list.readers) or
  is_in(user, list.editors);
allow(user: User, action, list: TodoList) if
  action in ["update_list", "create_task", "update_task", "delete_task"] and
  is_in(user, list.editors);
"""
    + IN_GROUP
)
_CEDAR = """
permit(principal, action, resource) when { resource.owner == principal };
permit(principal, action == Action::"get_list", resource)
  when { principal in resource.readers || principal in resource.editors };
permit(
  principal,
  action in
    [Action::"update_list", Action::"create_task", Action::"update_task", Action::"delete_task"],
  resource
) when { principal in resource.editors };
"""
_OF_EDITORS = frozenset({"update_list", "create_task", "update_task", "delete_task"})


def _may(user: User, action: str, todo: TodoList) -> bool:
    if todo.owner is user:
        return True
    if action == "get_list":
        groups = groups_of(user)
        return todo.readers in groups or todo.editors in groups
    return action in _OF_EDITORS and todo.editors in groups_of(user)


def _graph(size: int, choose: random.Random) -> Graph:
    groups, users = groups_and_users(size, choose)
    lists = [
        TodoList(
            f"list{number}", choose.choice(users), choose.choice(groups), choose.choice(groups)
        )
        for number in range(size)
    ]
    return Graph(users, lists, groups, _attributes, _parents)


def _attributes(thing: t.Any) -> Mapping[str, t.Any]:
    if not isinstance(thing, TodoList):
        return {}
    return {name: reference(getattr(thing, name)) for name in ("owner", "readers", "editors")}


def _parents(thing: t.Any) -> Sequence[t.Any]:
    return thing.groups if isinstance(thing, User | Group) else ()


TINYTODO = Scenario(
    "tinytodo",
    (User, Group, TodoList),
    _POLAR,
    _CEDAR,
    _may,
    _graph,
    {TodoList: ("get_list", *sorted(_OF_EDITORS), "delete_list")},
)
