"""Permissions and roles that no rule grants.

In go the blocks of a policy; out come declared permissions that nobody can have, whatever roles
are held, and roles that nobody can hold. A load finds the roles for which no rule has a head; here
conditions count, too.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from ...engine import Engine
from ...nodes import Block, Name, Value
from ...policy.policy import Policy
from .class_facts import ClassFacts
from .facts import ANYTHING, Kind
from .reachability import Held, Reachability

_RULES = {"roles": "has_role", "permissions": "has_permission"}


def declared_names(policy: Policy) -> frozenset[Held]:
    """Give the roles, permissions and relations of all blocks, by the rules that grant them."""
    return frozenset(_declared(policy))


def _declared(policy: Policy) -> Iterator[Held]:
    for block in (*policy.blocks, *policy.everywhere):
        for word, rule in _RULES.items():
            yield from ((rule, each.text) for each in block.names(word))
        for declaration in block.declarations:
            yield from (("has_relation", key.text) for key, _ in declaration.pairs)


class Ungranted(t.NamedTuple):
    """A permission or a role that nobody can have, and the class that declares it."""

    name: Name
    class_name: str


def ungranted_permissions(engine: Engine, classes: ClassFacts) -> Iterator[Ungranted]:
    """Give the permissions that no rule grants, whatever roles somebody has."""
    return _ungranted(engine, classes, "permissions", ("has_permission", "allow"))


def ungranted_roles(engine: Engine, classes: ClassFacts) -> Iterator[Ungranted]:
    """Give the roles that no rule grants, whatever other roles somebody has."""
    return _ungranted(engine, classes, "roles", ("has_role",))


def _ungranted(
    engine: Engine, classes: ClassFacts, kind: str, asked: Sequence[str]
) -> Iterator[Ungranted]:
    policy, assumed = engine.policy, declared_names(engine.policy)
    for block in (*policy.blocks, *policy.everywhere):
        for name in block.names(kind):
            rules = Reachability(engine, classes, assumed - {(asked[0], name.text)})
            heirs = _heirs(block, policy)
            if not any(_may_be_granted(each, name, asked, rules) for each in heirs):
                yield Ungranted(name, block.resource.text)


def _may_be_granted(
    class_name: str | None, name: Name, asked: Sequence[str], rules: Reachability
) -> bool:
    held = Kind(Value(name.text))
    if class_name is None:
        questions = [(ANYTHING, held), (ANYTHING, held, ANYTHING)]
    else:
        questions = [(ANYTHING, held, Kind(tags=frozenset([class_name])))]
    return any(rules.may_hold(rule, kinds) for rule in asked for kinds in questions)


def _heirs(block: Block, policy: Policy) -> list[str | None]:
    """Give the class of a block, and those of blocks that extend it; ``None`` for a global one."""
    if block in policy.everywhere:
        return [None]
    names = [block.resource.text]
    for name in names:
        for each in policy.blocks:
            is_heir = each.parent is not None and each.parent.text == name
            if is_heir and each.resource.text not in names:
                names.append(each.resource.text)
    return [*names]
