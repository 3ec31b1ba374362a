"""An index of what a list says of the objects of a chain: which conditions may stand in it."""

from __future__ import annotations

import ast
import datetime
import itertools
import textwrap
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.passes.indexing import index
from tests.support.answers import specialized
from tests.support.models.people import Folder, Role, User

CHAIN = """
def f():
    first = v0
    for level in levels:
        v1 = v0.parent
        if xs:
            for e in xs:
{}
        v0 = v1
"""
LOOKED_UP = """
def f():
    h0 = {{}}
    if xs:
        for e in xs:
{}
    first = v0
    for level in levels:
        v1 = v0.parent
        if h0 and not found and id(v0) in h0:
            found = True
        v0 = v1
"""


def indexed(loop: str) -> str:
    """Give what the pass makes of a loop in a chain."""
    module = ast.parse(CHAIN.format(textwrap.indent(loop, " " * 16)))
    numbers = itertools.count()
    function = t.cast(ast.FunctionDef, module.body[0])
    index(function.body, lambda letter: f"{letter}{next(numbers)}")
    return ast.unparse(ast.fix_missing_locations(module))


def plain(text: str, loop: str, indent: int) -> str:
    return ast.unparse(ast.parse(text.format(textwrap.indent(loop, " " * indent))))


@pytest.mark.parametrize(
    ("loop", "kept"),
    [
        (
            "if e.name == 'a':\n    w = e.of\n    if w is v0: found = True",
            "if e.name == 'a':\n    w = e.of\n    h0[id(w)] = w",
        ),
        (
            "if e.a:\n    x = e.b\n    if x:\n        w = e.of\n        if w is v0: found = True\n"
            "        elif type(w) not in simple: return None",
            "if e.a:\n    x = e.b\n    if x:\n        w = e.of\n"
            "        if type(w) not in simple: return None\n        h0[id(w)] = w",
        ),
        (
            "if type(e) is k:\n    w = e.of\n    if w is v0: found = True\n"
            "elif type(e) not in harmless: return None",
            "if type(e) is k:\n    w = e.of\n    h0[id(w)] = w\n"
            "elif type(e) not in harmless: return None",
        ),
        (
            "w = e.of\nif w is v0:\n    s = False\n    if e.a: found = True; s = True\n"
            "    if not s and e.b: found = True",
            "w = e.of\ns = False\nif e.a: h0[id(w)] = w; s = True\nif not s and e.b: h0[id(w)] = w",
        ),
    ],
    ids=["name first", "two conditions first", "class first", "sides of an or"],
)
def test_conditions_around_the_comparison_are_asked_once(loop: str, kept: str) -> None:
    """What stands before the comparison with the object of the chain, or behind it, may stay."""
    assert indexed(loop) == plain(LOOKED_UP, kept, 12)


@pytest.mark.parametrize(
    "loop",
    [
        "if e.name == v0.name:\n    w = e.of\n    if w is v0: found = True",
        "if e.a:\n    w = e.of\n    if w is v0: found = True\nelse:\n    found = True",
        "if e.a:\n    w = e.of\n    if w is v0: found = True\n    x = w",
        "w = e.of\nif w is v0:\n    found = True\n    other = True",
    ],
    ids=["of the object", "otherwise", "something behind it", "two marks"],
)
def test_other_conditions_make_no_index(loop: str) -> None:
    """A condition on the object of the chain, or what is done for other elements, is in the way."""
    assert indexed(loop) == plain(CHAIN, loop, 16)


NOW = datetime.datetime(2020, 1, 1)
POLICY = """
actor User {}
resource Folder {
  permissions = ["read"]; roles = ["viewer", "editor"]; relations = { parent: Folder };
  "read" if "viewer"; "viewer" if "editor";
  "viewer" if "viewer" on "parent"; "editor" if "editor" on "parent";
}
has_relation(parent: Folder, "parent", folder: Folder) if parent = folder.parent and parent != nil;
has_role(user: User, name: String, folder: Folder) if
  role in user.roles and role.name = name and role.folder = folder and
  (role.until = nil or role.until > NOW);
allow(actor, action, resource) if has_permission(actor, action, resource);
"""


def chain_of(length: int) -> list[Folder]:
    folders = [Folder(parent=None)]
    for _ in range(length):
        folders.append(Folder(parent=folders[-1]))
    return folders


#: What makes a role one at a folder.
HELD = {
    "fields": "role.name = name and role.folder = folder",
    "pattern": "role matches {name: name, folder: folder}",
    "pattern of a class": "role matches Role{name: name, folder: folder}",
}


def load(held: str, *, compiled: bool) -> Oso:
    oso = Oso(compiled=compiled)
    for cls in (User, Folder, Role):
        oso.register_class(cls)
    oso.register_constant(NOW, "NOW")
    oso.load_str(POLICY.replace(HELD["fields"], held))
    return oso


@pytest.mark.each(3)
@pytest.mark.parametrize(
    ("name", "until", "may"),
    [
        ("viewer", None, True),
        ("editor", None, True),
        ("owner", None, False),
        (None, None, False),
        ("viewer", datetime.datetime(2021, 1, 1), True),
        ("viewer", datetime.datetime(2019, 1, 1), False),
    ],
)
@pytest.mark.parametrize("at", [0, 2, 4, 5])
@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_role_with_a_name_and_an_end_is_found_anywhere_above(
    name: str | None, until: datetime.datetime | None, may: bool, at: int, held: str
) -> None:
    """The function for plain data answers as the solver does, for each folder of the chain."""
    folders = chain_of(5)
    noise = Role(name="viewer", folder=Folder(parent=None), until=None)
    user = User(roles=[noise, Role(name=name, folder=folders[at], until=until)])
    compiled, solver = load(held, compiled=True), load(held, compiled=False)

    assert solver.is_allowed(user, "read", folders[-1]) is may
    assert specialized(compiled.engine, user, "read", folders[-1]) is may
