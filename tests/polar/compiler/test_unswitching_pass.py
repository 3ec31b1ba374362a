"""Loops: what does not depend on the elements is read and tested before they are gone through."""

from __future__ import annotations

import ast
import itertools
import sys
import textwrap
import typing as t

import pytest

from flask_oso.polar.compiler.passes.unswitching import unswitch
from tests.support.answers import outcome_of, specialized
from tests.support.policies import make_oso


def unswitched(text: str) -> str:
    """Give what the pass makes of statements."""
    module, numbers = ast.parse(textwrap.dedent(text)), itertools.count()
    unswitch(module.body, lambda letter: f"{letter}{next(numbers)}")
    return ast.unparse(ast.fix_missing_locations(module))


def plain(text: str) -> str:
    return ast.unparse(ast.parse(textwrap.dedent(text)))


def test_condition_that_stays_the_same_stands_around_the_loop() -> None:
    """Where it does not hold, each list is still looked through, once."""
    text = """
    for d in ds:
        v = d.kind
        for e in [*v0]:
            if type(e) is not c1:
                return None
            w = d.x
            if w == v:
                if e == w:
                    found = True
    """

    assert unswitched(text) == plain("""
    x0 = None
    for d in ds:
        v = d.kind
        w = d.x
        if w == v:
            for e in [*v0]:
                if type(e) is not c1:
                    return None
                if e == w:
                    found = True
        elif v0 is not x0:
            for e in [*v0]:
                if type(e) is not c1:
                    return None
            x0 = v0
    """)


def test_what_is_done_for_other_elements_is_done_for_each_list_again() -> None:
    """It depends on an element of a loop around it."""
    text = """
    for d in ds:
        for e in [*v0]:
            if e.x != d.x:
                return None
            if d.y == 1:
                found = True
    """

    assert unswitched(text) == plain("""
    for d in ds:
        if d.y == 1:
            for e in [*v0]:
                if e.x != d.x:
                    return None
                found = True
        else:
            for e in [*v0]:
                if e.x != d.x:
                    return None
    """)


def test_what_is_asked_where_a_condition_does_not_hold_is_asked_once() -> None:
    """It is the same in all turns, as what is asked of the class of a value."""
    text = """
    for e in [*v0]:
        if type(e) is not c1:
            return None
        if d is a0:
            found = True
        elif type(d) is not c2:
            if type(d) not in simple:
                return None
            c2 = type(d)
    """

    assert unswitched(text) == plain("""
    x0 = None
    if d is a0:
        for e in [*v0]:
            if type(e) is not c1:
                return None
            found = True
    else:
        if v0 is not x0:
            for e in [*v0]:
                if type(e) is not c1:
                    return None
            x0 = v0
        if type(d) is not c2:
            if type(d) not in simple:
                return None
            c2 = type(d)
    """)


@pytest.mark.parametrize(
    "otherwise",
    ["if type(e) not in simple:\n        return None", "found = True", "found_in.append(e)"],
    ids=["the element", "a solution", "a list"],
)
def test_what_differs_where_a_condition_does_not_hold_stays_in_the_loop(otherwise: str) -> None:
    """It is about the element, or is more than a reason to give up."""
    text = f"""
for e in [*v0]:
    if d is a0:
        found = True
    else:
        {otherwise.replace(chr(10) + "        ", chr(10) + "            ")}
"""

    assert unswitched(text) == plain(text)


def test_steps_are_counted_where_they_are_made() -> None:
    """A condition that does not hold spares the steps behind it."""
    text = """
    count = count + len(v0)
    if count > 9:
        return None
    for e in [*v0]:
        if a.x:
            found = True
    """

    assert unswitched(text) == plain("""
    if a.x:
        count = count + len(v0)
        if count > 9:
            return None
        for e in [*v0]:
            found = True
    """)


@pytest.mark.parametrize(
    "text",
    [
        # Of the element.
        "for e in [*v]:\n    w = e.x\n    if w == 1: found = True",
        # A sum of all turns.
        "for e in [*v]:\n    w = w + n\n    if w == e: found = True",
        # Changed behind the condition.
        "for e in [*v]:\n    if w == 1:\n        w = e.x\n        found = True",
        # Read for something that another turn has found.
        "for e in [*v]:\n    if e.x: b = True\n    w = b.x\n    if w == 1: found = True",
        # Done otherwise.
        "for e in [*v]:\n    if a.x: found = True\n    else: b = e",
        # Behind the end of a turn.
        "for e in [*v]:\n    if e is None: continue\n    w = a.x\n    if w == e: found = True",
        # Changed in place.
        "for e in [*v]:\n    w = len(kept)\n    if w == 1: kept.append(e)",
        "for e in [*v]:\n    if kept: kept[e] = True",
        # Done where no turn ends the loop.
        "for e in [*v]:\n    if a == 1: break\nelse:\n    found = True",
        # The class that a turn has noted is read by another statement.
        "for e in [*v]:\n    if type(a) is not c1: c1 = type(a)\n    if c1 is e: found = True",
    ],
)
def test_what_changes_stays_in_the_loop(text: str) -> None:
    """A turn before, or the element, leads to another value."""
    assert unswitched(text) == plain(text)


class User:
    def __init__(self, xs: t.Any = None, ys: t.Any = None, kind: t.Any = None) -> None:
        self.xs, self.ys, self.kind = xs, ys, kind


class Doc:
    def __init__(self, kind: t.Any = None) -> None:
        self.kind = kind


class Item:
    def __init__(self, **given: t.Any) -> None:
        vars(self).update(given)


_ITEMS: list[t.Any] = [
    *(Item(kind="k", to=1), Item(kind="m", to=1), Item(kind="m", to=2), Item(kind=None, to=1)),
    *({"kind": "k", "to": 2}, {"kind": "m", "to": 2}, Item(kind="k"), Item(to=1), Item(kind=1)),
    *(sys, 5, "k", None, Item(kind="k", to=float("nan"))),
]
_LISTS: list[t.Any] = [
    *([], [_ITEMS[0]], [_ITEMS[3], _ITEMS[0]], [_ITEMS[1], _ITEMS[2]], _ITEMS[:6]),
    *([each] for each in _ITEMS[6:]),
    *([_ITEMS[1], _ITEMS[0], each] for each in _ITEMS[6:]),
    *(None, 5, tuple(_ITEMS[:4])),
]


@pytest.mark.parametrize(
    "condition",
    [
        'x in u.xs and y in u.ys and x.kind = "k" and y.kind = "m" and x.to = y.to',
        'x in u.xs and y in u.ys and u.kind = "k" and x.to = y.to',
        'not (x in u.xs and y in u.ys and x.kind = "k" and y.kind = "m" and x.to = y.to)',
        'x in u.xs and y in u.ys and x.kind = d.kind and (x.to = y.to or y.kind = "k")',
        'x in u.xs and y in u.xs and x.kind = "k" and y.kind = "m" and x.to != y.to',
        'forall(x in u.xs and y in u.ys and x.kind = "k", y.kind = "m" or y.to = x.to)',
        'x in u.xs and y in u.ys and not x.kind = "k" and not y.kind = "m"',
    ],
)
def test_conditions_behind_two_lists_are_met_as_in_the_solver(condition: str) -> None:
    """Also where an element, or an attribute of one, is an error."""
    policy = f'allow(u: User, "read", d: Doc) if {condition};'
    policy = policy.replace("d: Doc", "d: Doc" if "d." in condition else "_: Doc")
    compiled, solver = (make_oso(policy, User, Doc, Item, compiled=each) for each in (True, False))

    for xs, ys in itertools.product(_LISTS, repeat=2):
        question = User(xs, ys, "k"), "read", Doc("k")
        assert outcome_of(compiled, *question) == outcome_of(solver, *question), (xs, ys)


def test_many_pairs_that_the_first_condition_excludes_are_no_steps() -> None:
    """As many as the steps that a function may make would be more."""
    policy = (
        'allow(u: User, "read", _: Doc) if x in u.xs and y in u.ys'
        ' and x.kind = "k" and y.kind = "m" and x.to = y.to;'
    )
    oso = make_oso(policy, User, Doc, Item)
    xs = [Item(kind="q", to=1)] * 400

    answer = specialized(oso.engine, User(xs, xs), "read", Doc())

    assert answer is False
