"""Methods of lists in rules: how often something is there, where, how many, and the first one."""

from __future__ import annotations

import decimal
import sys
import typing as t

import pytest

from flask_oso import Oso, Variable
from tests.support.answers import outcome_of, specialized
from tests.support.models.people import Alike
from tests.support.policies import make_oso
from tests.support.value_kinds import Doc, User

GOALS = [
    *("d.x.count(u) = 1", "d.x.count(u) > 0", "not d.x.count(u) = 0", "d.x.count(u.x) = 1"),
    *("d.x.index(u) = 0", "d.x.index(u) > 0", "not d.x.index(u) = 1", "d.x.index(u.x) = 1"),
    *("d.x.__len__() > u.x", "not d.x.__len__() = u.x", "d.x.__getitem__(0) = u"),
    *("d.x.__getitem__(-1) = u.x", "d.x = [] or u.x = 1", "not d.x = [] and u.x = 1"),
    *("[f, *_] = d.x and f = u.x", "d.x = [u, *_]", "not [_, _f, *_] = d.x and u.x = 1"),
    *('d.x.index("a") = 0 and u.x = "a"', "u in d.x and d.x.index(u) < 3"),
]
USERS = [User(1), User("a"), User(decimal.Decimal("sNaN")), User(None), User(User(1))]
LISTS: list[t.Any] = [
    *([], [USERS[0]], USERS, [USERS[1], 1], ["a", "a"], [1, True, 1.0], [None, *USERS[:2]]),
    *([Alike(), USERS[0]], [decimal.Decimal("sNaN"), 1], [[USERS[0]]], [{"a": 1}, USERS[1]]),
    *(("a",), {"a"}, "aa", None, 5, [USERS[1], 2**70, "\ud800", sys], [sys, USERS[1]]),
    *(["a", Variable("y")], [Variable("y"), "a"], [["a"], "a"]),
]


def load(goal: str, *, compiled: bool = True) -> Oso:
    return make_oso(f'allow(u: User, "read", d: Doc) if {goal};', User, Doc, compiled=compiled)


@pytest.mark.parametrize("goal", GOALS)
def test_answers_are_those_of_the_solver(goal: str) -> None:
    """Answers and errors, for each user and each list."""
    ours, solver = load(goal), load(goal, compiled=False)
    questions = [(user, "read", Doc(found)) for found in LISTS for user in USERS]

    expected = [outcome_of(solver, *each) for each in questions]

    assert [outcome_of(ours, *each) for each in questions] == expected
    assert [outcome_of(ours, *each) for each in questions] == expected


def test_objects_are_counted_by_a_specialization() -> None:
    """Objects that equal themselves alone are counted as Python does, without asking any."""
    engine = load("d.x.count(u) = 2").engine
    user, other = User(1), User(2)

    assert specialized(engine, user, "read", Doc([user, other, user])) is True
    assert specialized(engine, user, "read", Doc([user, other])) is False
    assert specialized(engine, user, "read", Doc([user, user, Alike()])) is None


def test_place_of_a_value_is_found_by_a_specialization() -> None:
    """What is not there is an error, which the rules raise."""
    engine = load("d.x.index(u.x) = 1").engine

    assert specialized(engine, User("b"), "read", Doc(["a", "b"])) is True
    assert specialized(engine, User("a"), "read", Doc(["a", "b"])) is False
    assert specialized(engine, User("c"), "read", Doc(["a", "b"])) is None
    assert specialized(engine, User("b"), "read", Doc("abc")) is True


def test_elements_are_counted_by_a_specialization() -> None:
    """Of a list, a tuple, a set and a text; not of what has a method of its own."""
    engine = load("d.x.__len__() > 1 and u.x = 1").engine
    user = User(1)

    for found in ([user, user], (1, 2), {1, 2}, frozenset({1, 2}), "ab"):
        assert specialized(engine, user, "read", Doc(found)) is True
    assert specialized(engine, user, "read", Doc([])) is False
    assert specialized(engine, user, "read", Doc({"a": 1})) is None


def test_element_at_a_place_is_found_by_a_specialization() -> None:
    """Where there is none, it is an error, which the rules raise."""
    engine = load("d.x.__getitem__(-1) = u.x").engine

    assert specialized(engine, User("b"), "read", Doc(["a", "b"])) is True
    assert specialized(engine, User("a"), "read", Doc(("a", "b"))) is False
    assert specialized(engine, User("a"), "read", Doc([])) is None


def test_empty_list_is_told_by_a_specialization() -> None:
    """Also a list of objects, of which none is asked."""
    engine = load("not d.x = [] and u.x = 1").engine

    assert specialized(engine, User(1), "read", Doc([User(1), User(2)])) is True
    assert specialized(engine, User(1), "read", Doc(["a"])) is True
    assert specialized(engine, User(1), "read", Doc([])) is False
    assert specialized(engine, User(1), "read", Doc(None)) is True


@pytest.mark.parametrize("goal", ["[f, *_] = d.x and f = u.x", "d.x.__getitem__(0) = u.x"])
def test_elements_behind_the_first_are_not_looked_at(goal: str) -> None:
    """As by the solver, so that the length of a list does not matter."""
    engine, user = load(goal).engine, User("a")

    assert specialized(engine, user, "read", Doc(["a", 2**70, sys])) is True
    assert specialized(engine, user, "read", Doc([sys, "a"])) is None
