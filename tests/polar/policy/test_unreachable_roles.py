"""Roles of blocks that nobody can have, and roles that only lead to each other, draw a warning."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError
from tests.support.models.people import User
from tests.support.policies import load, make_host


class Note:
    """A class with a block."""

    owner = None


class Draft(Note):
    """A class that derives from it."""


class Folder:
    """What notes are in."""


CLASSES = (User, Note, Draft, Folder)
ALLOW = """actor User {} allow(a, b, c) if has_permission(a, b, c);
has_permission(_: User, "greet", _: User);
"""
NOTE = """resource Note {
  permissions = ["read"]; roles = ["reader", "editor"];
  "read" if "reader"; "reader" if "editor";
}
"""
FOLDER = """resource Folder { roles = ["member"]; relations = { parent: Folder };
  "member" if "member" on "parent"; }
has_relation(_: Folder, "parent", _: Folder);
"""


def warnings_of(*texts: str) -> list[str]:
    """Load texts as one policy, and give its warnings."""
    return list(load("".join([ALLOW, *texts]), host=make_host(*CLASSES)).warnings)


# -- roles that nothing gives ------------------------------------------------------------


def test_block_whose_roles_nothing_gives_warns() -> None:
    """The warning names the roles, shows where they are declared, and what to write."""
    assert warnings_of(NOTE) == [
        'No rule gives anybody the roles "reader" and "editor" of Note at line 4, column 36:\n'
        '\t004:   permissions = ["read"]; roles = ["reader", "editor"];\n'
        "\t                                        ^\n"
        'Write a rule: `has_role(user: User, "editor", note: Note) if …;`\n'
    ]


def test_block_of_another_class_is_told_of_by_itself() -> None:
    """A role that leads only to itself is told of, though roles of another block are given."""
    (warning,) = warnings_of(NOTE, FOLDER, 'has_role(_: User, "editor", _: Note);')

    assert warning.startswith('No rule gives anybody the role "member" of Folder at line ')


def test_single_role_that_nothing_gives_warns() -> None:
    """What follows from a role does not give it."""
    (warning,) = warnings_of(NOTE, 'has_role(_: User, "reader", _: Note);')

    assert warning.startswith('No rule gives anybody the role "editor" of Note at line ')


@pytest.mark.parametrize(
    "rule",
    [
        'has_role(_: User, "editor", _: Note);',
        'has_role(_: User, role: "editor", _: Note) if role = role;',
        "has_role(_: User, _role: String, _: Note);",
        'has_role(_: User, "editor", _: Resource);',
        'has_role(_: User, "editor", _: Draft);',
    ],
)
def test_role_that_a_rule_may_give_is_silent(rule: str) -> None:
    """A rule for any role, any object, or a class that an object may have, gives roles."""
    assert warnings_of(NOTE, rule) == []


def test_role_of_a_parent_class_is_given() -> None:
    """A rule for a class is one for those that derive from it."""
    block = 'resource Draft { permissions = ["read"]; roles = ["editor"]; "read" if "editor"; }'

    assert warnings_of(NOTE, block, 'has_role(_: User, "editor", _: Note);') == []


def test_role_by_relation_is_given() -> None:
    """What somebody has on a related object gives roles."""
    block = """resource Note { roles = ["reader"]; relations = { folder: Folder };
      "reader" if "member" on "folder"; }
    has_relation(_: Folder, "folder", _: Note);
    has_role(_: User, "member", _: Folder);
    """

    assert warnings_of(FOLDER, block) == []


def test_role_by_permission_is_given() -> None:
    """A role may follow from a permission that a rule gives."""
    block = 'resource Note { permissions = ["read"]; roles = ["reader"]; "reader" if "read"; }'

    assert warnings_of(block, 'has_permission(_: User, "read", _: Note);') == []


# -- roles that lead to themselves -------------------------------------------------------


def test_circular_roles_warn() -> None:
    """The warning names them in the order of the text, and shows the first rule."""
    block = 'resource Note { roles = ["a", "b"];\n  "a" if "b"; "b" if "a"; }\n'

    assert warnings_of(block, 'has_role(_: User, "a", _: Note{owner: 1});') == [
        'Circular roles of Note: "a" if "b", "b" if "a" at line 4, column 3:\n'
        '\t004:   "a" if "b"; "b" if "a"; }\n'
        "\t       ^\n"
        "A question that comes to them and has no other answer is an error."
        " Remove one of them.\n"
    ]


@pytest.mark.parametrize(
    ("block", "rules", "circle"),
    [
        ('"a" if "a";', "", 'roles of Note: "a" if "a"'),
        ('"a" if "b"; "b" if "c"; "c" if "a";', "",
         'roles of Note: "a" if "b", "b" if "c", "c" if "a"'),
        ('"c" if "a"; "a" if "b"; "b" if "a";', "", 'roles of Note: "a" if "b", "b" if "a"'),
        ('"p" if "q"; "q" if "p";', "", 'permissions of Note: "p" if "q", "q" if "p"'),
        ('"a" if "p"; "p" if "a";', "", 'roles and permissions of Note: "a" if "p", "p" if "a"'),
        ('"a" if "b";', 'has_role(u: User, "b", n: Note) if has_role(u, "a", n) and n.owner = u;',
         'roles of Note: "a" if "b", "b" if "a"'),
    ],
)  # fmt: skip
def test_circle_is_named(block: str, rules: str, circle: str) -> None:
    """Circles of any length count, of permissions, and with rules written by hand."""
    declared = f'resource Note {{ roles = ["a", "b", "c"]; permissions = ["p", "q"]; {block} }}'
    given = """has_role(_: User, _role: String, _: Note{owner: 1});
    has_permission(_: User, _name: String, _: Note{owner: 1});
    """

    (warning,) = warnings_of(declared, rules, given)

    assert warning.startswith(f"Circular {circle} at line ")


def test_circle_of_global_roles_is_named() -> None:
    """Roles without a resource may follow from each other, too."""
    block = 'global { roles = ["a", "b"]; "a" if "b"; "b" if "a"; } resource Note {}'

    (warning,) = warnings_of(block, 'has_role(u: User, "a") if u.owner = 1;', "")

    assert warning.startswith('Circular roles of global: "a" if "b", "b" if "a" at line ')


@pytest.mark.parametrize(
    "rules",
    [
        'resource Folder { roles = ["a"]; relations = { parent: Folder }; "a" if "a" on "parent"; }'
        'has_relation(_: Folder, "parent", _: Folder);',
        'resource Folder { roles = ["a", "b", "c"]; "a" if "b"; "a" if "c"; "b" if "c"; }',
        'resource Note { roles = ["a"]; "a" if "b"; permissions = ["b"]; }'
        'resource Folder { roles = ["b"]; "b" if "a"; permissions = ["a"]; }'
        "has_permission(_: User, _p: String, _: Resource);",
        'resource Folder { roles = ["a"]; permissions = ["p"]; "p" if "a"; }'
        'has_role(u: User, "a", n: Folder) if n.owner = u and has_permission(u, "p", n);',
        'resource Folder { roles = ["a"]; permissions = ["p"]; "p" if "a"; }'
        'has_role(u: User, "a", n: Folder) if has_role(u.boss, "a", n);',
    ],
    ids=["relation", "diamond", "two classes", "condition before", "somebody else"],
)
def test_way_that_ends_is_no_circle(rules: str) -> None:
    """Along a relation, behind a condition or for somebody else it may end."""
    given = "has_role(_: User, _role: String, _: Resource);"

    assert [each for each in warnings_of(rules, given) if "Circular" in each] == []


def test_circular_role_is_an_error_when_it_is_asked() -> None:
    """What the warning says: who has no such role otherwise gets an error, and no denial."""
    oso = Oso()
    for cls in CLASSES:
        oso.register_class(cls)
    block = """resource Note { permissions = ["p"]; roles = ["a", "b"];
      "p" if "a"; "a" if "b"; "b" if "a"; }"""
    oso.load_str(f'{ALLOW}{block} has_role(_: User, "a", _: Note{{owner: 1}});')

    with pytest.raises(PolarRuntimeError):
        oso.is_allowed(User(), "p", Note())


def test_long_circle_is_found_in_linear_time() -> None:
    """Thousands of roles that follow from each other cost no recursion."""
    names = [f"r{number}" for number in range(3_000)]
    rules = "".join(f'"{a}" if "{b}";' for a, b in zip(names, [*names[1:], "r0"], strict=True))
    block = f"resource Note {{ roles = {str(names).replace(chr(39), chr(34))}; {rules} }}"

    (warning,) = warnings_of(block, "has_role(_: User, _role: String, _: Note);")

    assert warning.startswith('Circular roles of Note: "r0" if "r1", "r1" if "r2", ')


def test_rule_for_a_protocol_with_attributes_gives_a_role() -> None:
    """Objects of any class may have them."""

    class Owned(t.Protocol):
        """Has an owner."""

        owner: t.Any

    rule = 'resource Owned { roles = ["editor"]; } has_role(_: User, "editor", _: Owned);'

    assert not load("".join([ALLOW, NOTE, rule]), host=make_host(*CLASSES, Owned)).warnings
