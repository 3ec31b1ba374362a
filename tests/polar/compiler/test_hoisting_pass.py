"""Loops of any kind: what is the same in all turns is looked at before the first one."""

from __future__ import annotations

import ast
import itertools
import textwrap

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.passes.hoisting import hoist
from tests.support.answers import outcome_of, specialized
from tests.support.models.people import Alike, Folder, User
from tests.support.policies import make_oso


def hoisted(text: str) -> str:
    """Give what the pass makes of statements."""
    module, numbers = ast.parse(textwrap.dedent(text)), itertools.count()
    hoist(module.body, lambda letter: f"{letter}{next(numbers)}")
    return ast.unparse(ast.fix_missing_locations(module))


def plain(text: str) -> str:
    return ast.unparse(ast.parse(textwrap.dedent(text)))


def test_tests_of_what_stays_the_same_come_before_the_loop() -> None:
    """The classes of other values are looked at once, and what is between two loops stays there."""
    text = """
    found = False
    for level in range(level, 9):
        if type(a0) is k and (type(a1) is str or type(a1) in simple):
            found = True
        for e in xs:
            if type(a1) not in harmless:
                break
        a0 = a0.parent
    """

    assert hoisted(text) == plain("""
    found = False
    x1 = type(a1) is str or type(a1) in simple
    for level in range(level, 9):
        if type(a0) is k and x1:
            found = True
        x0 = type(a1) not in harmless
        for e in xs:
            if x0:
                break
        a0 = a0.parent
    """)


def test_alternatives_are_looked_at_until_one_holds() -> None:
    """The first ones are looked at once; what is left of those behind them, when they fail."""
    text = """
    for e in xs:
        if type(a) is int or type(a) in ordered or (type(a) in moments and e.zone is None):
            found = True
    """

    assert hoisted(text) == plain("""
    x0 = type(a) is int or type(a) in ordered
    for e in xs:
        if x0 or (type(a) in moments and e.zone is None):
            found = True
    """)


def test_what_a_turn_changes_is_looked_at_in_each() -> None:
    """The object of a chain is another one in each turn."""
    text = "for level in levels:\n    if type(a0) in k: found = True\n    a0 = a0.parent"

    assert hoisted(text) == plain(text)


SAME_ROW = [
    "if type(e) is k: b = (p := e.key) == {} and p is not None",
    "if e is a or (e is not None and (p := e.key) == {} and p is not None): b = True",
]


@pytest.mark.parametrize("same", SAME_ROW, ids=["of the class", "or none"])
def test_key_of_another_row_is_read_once(same: str) -> None:
    """Each row of a list is compared with one other row, whose key is read before the loop."""
    text = f"for e in v:\n    {same}"

    assert hoisted(text.format("a.key")) == plain(f"x0 = a.key\n{text.format('x0')}")


def test_key_of_another_row_that_may_be_missing_is_read_in_each_turn() -> None:
    """Where it is tested that the other one is a row, it may be ``None``, which has no key."""
    text = """
    for e in v:
        if e is a or (a is not None and (p := e.state.key) == a.state.key and p is not None):
            b = True
    """

    assert hoisted(text) == plain(text)


def test_key_of_a_row_that_the_loop_changes_is_read_in_each_turn() -> None:
    """The other row may be one of the loop."""
    text = "for e in v:\n    a = e.of\n    b = (p := e.state.key) == a.state.key and p is not None"

    assert hoisted(text) == plain(text)


CHAINS = {
    "or": "within(x, y) if x = y or (x.parent != nil and within(x.parent, y));",
    "not": "within(x, x); within(x, y) if not x.parent = nil and within(x.parent, y);",
    "bound": "within(x, x); within(x, y) if p = x.parent and p != nil and within(p, y);",
}


def load(rules: str, *, compiled: bool) -> Oso:
    policy = f'allow(u: User, "read", f: Folder) if x in u.folders and within(f, x); {rules}'
    return make_oso(policy, User, Folder, compiled=compiled)


@pytest.mark.parametrize("rules", CHAINS.values(), ids=CHAINS)
def test_chain_without_classes_is_answered_as_by_the_solver(rules: str) -> None:
    """Whatever is looked for along a chain of folders: one of them, another one, or no folder."""
    folders = [Folder(parent=None)]
    for _ in range(5):
        folders.append(Folder(parent=folders[-1]))
    oso, solver = (load(rules, compiled=each) for each in (True, False))
    looked_for = [folders[0], folders[3], folders[5], Folder(parent=None), None, 3, "a", Alike()]
    users = [User(folders=[each]) for each in looked_for]

    for user in users:
        question = user, "read", folders[-1]
        assert outcome_of(oso, *question) == outcome_of(solver, *question)
    assert [specialized(oso.engine, user, "read", folders[-1]) for user in users[:4]] == [
        *(True, True, True),
        False,
    ]


def test_function_gives_up_before_the_loop_for_what_stays_the_same() -> None:
    """Also for what is asked in front of the next object; not for what holds in some turns."""
    text = """
    for level in k:
        if type(a1) not in harmless:
            return None
        if v.open:
            if type(a2) not in harmless:
                return None
        if v is not None:
            if type(a3) not in harmless:
                return None
            a0 = v
            continue
        break
    """

    assert hoisted(text) == plain("""
    x1 = type(a2) not in harmless
    if type(a1) not in harmless:
        return None
    if type(a3) not in harmless:
        return None
    for level in k:
        if v.open:
            if x1:
                return None
        if v is not None:
            a0 = v
            continue
        break
    """)
