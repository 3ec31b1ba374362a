"""What is inherited along a chain of objects costs the length of the chain, whatever the rule."""

from __future__ import annotations

import functools
import sys
import types
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import specialized


class User:
    """Who asks."""


class Folder:
    """What is in another folder."""

    def __init__(self, parent: Folder | None, kind: str = "a", closed: bool = False) -> None:
        self.parent, self.kind, self.closed = parent, kind, closed
        self.grants: list[t.Any] = []
        self.owner: User | None = None


class Grant:
    """A role of a user on a folder."""

    def __init__(self, user: User, role: str) -> None:
        self.user, self.role = user, role


POLICY = """
actor User {{}}
resource Folder {{
  permissions = ["read", "write"]; roles = ["viewer", "editor"]; relations = {{ parent: Folder }};
  "read" if "viewer"; "write" if "editor"; "viewer" if "editor";
  "viewer" if "viewer" on "parent"; "editor" if "editor" on "parent";
}}
has_relation(parent: Folder, "parent", folder: Folder) if {};
has_role(user: User, name: String, folder: Folder) if
  grant in folder.grants and grant.user = user and grant.role = name;
is_shut(folder: Folder) if folder.closed;
is_shut(folder: Folder) if folder.kind = "shut";
allow(user: User, action, folder: Folder) if has_permission(user, action, folder);
"""
CONDITIONS = [
    "not folder.parent = nil and parent = folder.parent",
    "not folder.closed and parent = folder.parent",
    'not folder.kind = "shut" and parent = folder.parent',
    'not (folder.closed or folder.kind = "shut") and parent = folder.parent',
    "not is_shut(folder) and parent = folder.parent",
    "parent = folder.parent and not parent.closed",
    'parent = folder.parent and not parent.kind = "shut"',
    'parent = folder.parent and parent.kind != "shut"',
    "parent = folder.parent and not is_shut(parent)",
    'parent = folder.parent and parent.kind in ["a", "b"] and not parent.closed',
]


def chain_of(depth: int, **shut: t.Any) -> list[Folder]:
    """Give folders, the outermost one first; the one in the middle is shut."""
    chain = [Folder(None)]
    for number in range(1, depth):
        chain.append(Folder(chain[-1], **(shut if number == depth // 2 else {})))
    return chain


def instructions_of(ask: t.Callable[[], object]) -> int:
    """Count the instructions of the functions that are called."""
    count = 0

    def trace(frame: types.FrameType, event: str, arg: object) -> t.Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        ask()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("relation", CONDITIONS)
def test_condition_on_a_link_costs_the_length_of_the_chain(relation: str) -> None:
    """A condition on what a folder inherits through is tested once for each folder."""
    oso = Oso()
    for cls in (User, Folder):
        oso.register_class(cls)
    oso.load_str(POLICY.format(relation))
    user = User()
    short, long = chain_of(20), chain_of(80)
    for chain in (short, long):
        chain[0].grants.append(Grant(user, "viewer"))
        assert specialized(oso.engine, user, "read", chain[-1]) is True
        assert specialized(oso.engine, user, "write", chain[-1]) is False

    # Python tells the instructions of a function from the second time on.
    instructions_of(lambda: oso.is_allowed(user, "read", short[-1]))
    counts = [
        instructions_of(lambda chain=chain: oso.is_allowed(user, "read", chain[-1]))  # type: ignore[misc]
        for chain in (short, long)
    ]

    assert counts[1] < 5 * counts[0]


class Drawer:
    """What is in a folder."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder


class Member:
    """Who has grants."""

    def __init__(self, *grants: t.Any) -> None:
        self.grants = grants


class Access:
    """A role on a folder."""

    def __init__(self, role: str, folder: Folder) -> None:
        self.role, self.folder = role, folder


HELPER = """
allow(member: Member, "read", drawer: Drawer) if held(member, "viewer", drawer.folder);
held(member: Member, role, folder: Folder) if
  grant in member.grants and grant.role = role and grant.folder = folder;
held(member: Member, role, folder: Folder) if {} and held(member, role, folder.parent);
"""


@pytest.mark.parametrize(
    "condition",
    [
        "folder.parent != nil",
        "not folder.parent = nil",
        "parent = folder.parent and parent != nil",
        'not folder.kind = "shut"',
        "folder.closed = false",
        "folder.closed = false and folder.parent matches Folder",
    ],
)
def test_grants_of_the_actor_are_gone_through_once_for_a_chain(condition: str) -> None:
    """Also where a helper goes on to the parent under a condition, from an attribute on."""
    oso = Oso()
    for cls in (Member, Drawer, Folder):
        oso.register_class(cls)
    oso.load_str(HELPER.format(condition))

    def question(length: int) -> t.Any:
        chain = chain_of(length)
        others = [Access("viewer", Folder(None)) for _ in range(length)]
        return Member(*others, Access("viewer", chain[0])), "read", Drawer(chain[-1])

    short, long = question(20), question(80)
    assert oso.is_allowed(*short) and oso.is_allowed(*long)
    assert not oso.is_allowed(Member(*short[0].grants[:-1]), "read", short[2])

    instructions_of(lambda: oso.is_allowed(*short))
    asked = [functools.partial(oso.is_allowed, *each) for each in (short, long)]
    counts = [*map(instructions_of, asked)]

    assert counts[1] < 5 * counts[0]


@pytest.mark.parametrize("shut", [{"closed": True}, {"kind": "shut"}, {"kind": "b"}])
@pytest.mark.parametrize("relation", CONDITIONS)
def test_condition_on_a_link_ends_the_chain_where_the_solver_ends_it(
    relation: str, shut: dict[str, t.Any]
) -> None:
    """A folder in the middle that fails the condition hides what is above it, and nothing else."""
    oso = Oso()
    for cls in (User, Folder):
        oso.register_class(cls)
    oso.load_str(POLICY.format(relation))
    user, chain = User(), chain_of(7, **shut)
    chain[1].grants.append(Grant(user, "viewer"))

    for folder in chain:
        expected = oso.engine.solve_call("allow", (user, "read", folder))
        assert specialized(oso.engine, user, "read", folder) is expected


def test_object_is_read_where_a_negation_read_it_before() -> None:
    """What a rule reads of an object under ``not``, another rule reads for itself."""

    class Drawer(Folder):
        """A folder of a class of its own."""

    oso = Oso()
    for cls in (User, Folder, Drawer):
        oso.register_class(cls)
    oso.load_str(
        """
        allow(user: User, "read", folder: Folder) if
          parent = folder.parent and parent matches Folder and
          not parent.kind = "shut" and user = parent.grants;
        allow(user: User, "read", folder: Folder) if
          parent = folder.parent and parent matches Folder and parent.owner = user;
        """
    )
    user, above = User(), Folder(None)
    above.owner = user

    for folder in (Folder(above), Drawer(above), Folder(Folder(None))):
        expected = oso.engine.solve_call("allow", (user, "read", folder))
        assert oso.is_allowed(user, "read", folder) is expected


OWNED = {
    "one head": "owns(user, _: Folder{owner: user});",
    "a condition behind it": "owns(user, folder: Folder{owner: user}) if not folder.closed;",
    "a variable": 'owns(user, folder: Folder{owner: owner}) if owner = user and folder.kind = "a";',
}


@pytest.mark.parametrize("owned", OWNED.values(), ids=OWNED)
def test_field_in_a_head_is_matched_at_each_link_of_a_chain(owned: str) -> None:
    """Beside the rule that goes on to the parent, for any number of folders."""
    oso = Oso()
    for cls in (User, Folder):
        oso.register_class(cls)
    oso.load_str(
        f'allow(user: User, "read", folder: Folder) if owns(user, folder); {owned}'
        "owns(user, folder: Folder) if folder.parent != nil and owns(user, folder.parent);"
    )
    user, chain = User(), chain_of(40)
    chain[1].owner = user

    assert specialized(oso.engine, user, "read", chain[-1]) is True
    assert specialized(oso.engine, user, "read", chain[0]) is False
    assert specialized(oso.engine, User(), "read", chain[-1]) is False
    chain[1].closed, expected = True, oso.engine.solve_call
    assert specialized(oso.engine, user, "read", chain[9]) is expected(
        "allow", (user, "read", chain[9])
    )
