"""Lists and dictionaries with variables that a policy builds, compares and takes apart."""

from __future__ import annotations

import sys
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of, specialized
from tests.support.sizes import each_of
from tests.support.value_kinds import User


class Doc:
    def __init__(self, x: t.Any = None, y: t.Any = None) -> None:
        self.x, self.y = x, y


class Odd:
    """An object that refuses to be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    __hash__ = None  # type: ignore[assignment]


RULES = """
both(u, d, [u.x, d.x]);
made(u, {id: u.x});
made(_, {id: 7, more: 1});
pair(u, d, p) if p = [u.x, d.y];
same(c, d) if c.id = d.x and c.tag = d.y;
first([x, _], x);
is_open({id: x}, x);
"""
CONDITIONS = (
    *("[u.x, d.x] = [d.y, 1]", "[d.y, 1] = [u.x, d.x]", "not [u.x, d.x] = [d.y, 1]"),
    *("[u.x, [d.x, 1]] = [d.y, [1, d.x]]", "[u.x, d.x] = [d.y]", "[u.x] = [d.y] and d.x = 1"),
    *("{a: u.x, b: d.x} = {a: d.y, b: 1}", "{a: u.x} = {b: d.x}", "{a: [u.x]} = {a: [d.x]}"),
    *("a = [u.x, 1] and b = [d.x, d.y] and a = b", "a = [u.x, d.x] and [b, b] = a"),
    *("a = [u.x, d.x] and [b, *c] = a and b = 1 and c = [1]", "a = [u.x] and d.x in a"),
    *(
        "c = {id: u.x} and c.id = d.x",
        "c = {id: u.x} and c.other = d.x",
        "c = {id: u.x} and c = d.x",
    ),
    *(
        "c = {id: u.x, in: {id: d.x}} and e = c.in and e.id = 1",
        "{id: u.x} = d.x",
        "d.x = {id: u.x}",
    ),
    *("{id: u.x, tag: d.y} = d.x", "{id: x} = d.x and x = u.x", "not {id: u.x} = d.x"),
    *("{id: [u.x]} = d.x", "{id: {id: u.x}} = d.x", "[{id: u.x}] = d.x", "[{id: u.x}] = [d.x]"),
    *("{id: u.x} in d.x", "{id: u.x} in [d.x, d.y]", "c = {id: u.x} and c in d.x"),
    *(
        "same({id: u.x, tag: 1}, d)",
        "same({id: u.x}, d)",
        "pair(u, d, p) and [x, x] = p",
        "pair(u, d, [_, 1])",
    ),
    *("both(u, d, l) and [x, x] = l", "pair(u, d, [x, x])", "both(u, d, [x, _]) and x = d.y"),
    *("both(u, d, [x, x])", "c = {id: u.x} and c = d.x"),
    *("made(u, c) and c.id = d.x", "made(u, {id: x}) and x = d.x", "first([u.x, 1], d.x)"),
    *("is_open({id: u.x}, d.x)", "is_open(d.x, u.x)", "c = {id: u.x} and is_open(c, d.y)"),
    *("c = {ids: [u.x, 2]} and d.x in c.ids", "[[u.x]] = [[d.x]]", "[u.x, 1, d.y] in d.x"),
    *("e in d.x and c = {id: e} and c.id = u.x", "e in d.x and [e, u.x] = [d.y, e]"),
    *("forall(e in d.x, [e, 1] = [u.x, 1])", "forall(e in d.x, {id: e} = {id: u.x})"),
    *("{id: u.x, tag: 1} in d.x", "not {id: u.x} in d.x", "[u.x, 1, u.x] in d.x", "[u.x] in d.x"),
    *("c = {id: u.x} and c in d.x and d.y = 1", "c = {id: u.x} and c in d.x and c.id = 1"),
    *(
        "not (c = {id: u.x} and c in d.x)",
        "p = [u.x, 1] and p in d.x",
        "c = {id: u.x} and c in u.x",
    ),
    *(
        "[u.x, 1, d.y] = p and p in d.x and e in d.x and e = p",
        "{id: u.x} in d.x or {id: 7} in d.x",
    ),
    *("c = {id: u.x} and c matches {id: 1}", "c = {id: u.x} and c matches Dictionary"),
)
#: In a table, for the solver takes a while.
VALUES: tuple[t.Any, ...] = (
    *(1, 7, True, 1.0, "a", None, [], [1], [1, 1], {"id": 1}, {"id": 1, "tag": 1}, {1: 1}),
    *([{"id": 1}], {"id": [1]}, {"id": {"id": 1}}, 2**70, float("nan"), "\ud800", Odd(), [Odd()]),
    {"\ud800": 1},
    *([{"id": True}, {"id": 1}], [{"id": 1.0}], [{"id": 2**70}, {"id": 1}], [{"id": None}, {}]),
    *([{"id": Odd()}, {"id": 1}], [{"id": 1}, {"id": Odd()}], [{1: 1}, {"id": 1}], ({"id": 7},)),
    *([{"id": 1, "tag": 1}, {"é": 1}], [[1, 1], [True, 1], [7]], [["a", 1, "a"], ["\ud800"]]),
    *([None, {"id": "a"}, sys, {"id": 1}], [{"id": float("nan")}, {"id": [1]}, {"id": 7}]),
    *({"id": Odd()}, sys, Doc(1), {"id": 2**70}, (1, 1), {"id": sys}, {"id": float("nan")}),
)


def _oso(condition: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Doc)
    resource = "d" if "d." in condition or ", d" in condition else "_d"
    oso.load_str(f'{RULES} allow(u: User, "read", {resource}: Doc) if {condition};')
    return oso


@pytest.mark.each(3)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_compounds_are_answered_alike(condition: str) -> None:
    """Answers and errors are those of the solver, whatever the parts are."""
    compiled, solved = (_oso(condition, compiled=each) for each in (True, False))
    questions = each_of(
        [
            (User(mine), "read", Doc(value, other))
            for value in VALUES
            for mine, other in ((1, 1), (7, 1), (value, value), (value, 1), (1, value))
        ],
        4,
    )

    found = [outcome_of(compiled, *each) for each in questions * 2]

    assert found == [outcome_of(solved, *each) for each in questions] * 2


@pytest.mark.parametrize("value", [1, 2, Odd()], ids=["equal", "other", "odd"])
@pytest.mark.parametrize(
    "condition",
    [
        "{a: u.x, b: 1} = d.x",
        "not {a: u.x, b: 1} = d.x",
        "c = {b: u.x, a: 1} and not c = d.x",
        "d.x = {b: x, a: y} and x = u.x and y = 1",
        "c = {a: u.x, b: 1} and e = {a: d.y, b: d.x} and not c = e",
        "not [u.x, 1] = [d.y, d.x]",
    ],
)
def test_parts_are_compared_in_the_order_of_the_solver(condition: str, value: t.Any) -> None:
    """An object that refuses to be compared is an error, unless a part before it differs."""
    compiled, solved = (_oso(condition, compiled=each) for each in (True, False))

    for parts in ({"a": value, "b": 1}, {"a": 1, "b": value}, {"a": 2, "b": value}, value):
        for other in (1, 2, value):
            question = User(1), "read", Doc(parts, other)
            assert outcome_of(compiled, *question) == outcome_of(solved, *question)


@pytest.mark.parametrize(
    "condition",
    [
        "[u.x, d.x] = [1, d.y]",
        "not [u.x, d.x] = [3, d.y]",
        "{a: u.x, b: d.x} = {a: d.y, b: 1}",
        "a = [u.x, 1] and b = [d.x, d.y] and a = b",
        "c = {id: u.x} and c.id = d.x",
        "same({id: u.x, tag: 1}, d)",
        "pair(u, d, p) and [x, x] = p",
        "made(u, c) and c.id = d.x",
        "c = {ids: [u.x, 2]} and d.x in c.ids",
    ],
)
def test_compounds_are_answered_by_a_specialization(condition: str) -> None:
    """It compares what they have, and builds none of them."""
    engine = _oso(condition).engine

    assert specialized(engine, User(1), "read", Doc(1, 1)) is True
    assert specialized(engine, User(3), "read", Doc(1, 1)) is False


@pytest.mark.parametrize(
    ("condition", "element"),
    [
        ("{id: u.x} in d.x", {"id": 1}),
        ("c = {id: u.x} and c in d.x", {"id": 1}),
        ("[u.x, 2, 3] in d.x", [1, 2, 3]),
        ("p = [u.x, 2] and p in d.x", [1, 2]),
    ],
)
def test_compound_is_searched_for_by_a_specialization(condition: str, element: t.Any) -> None:
    """Element by element, each compared as a whole."""
    engine = _oso(condition).engine

    assert specialized(engine, User(1), "read", Doc([type(element)(), element])) is True
    assert specialized(engine, User(1), "read", Doc([])) is False
    assert specialized(engine, User(2), "read", Doc([element] * 3)) is False
    assert specialized(engine, User(True), "read", Doc([element])) is False


def test_dictionary_of_the_application_is_taken_apart_by_a_specialization() -> None:
    """One with other keys, and what is no dictionary, are no match."""
    engine = _oso("d.x = {id: u.x}").engine

    found = [
        specialized(engine, User(1), "read", Doc(each))
        for each in ({"id": 1}, {"id": 2}, {"id": 1, "tag": 1}, {}, None, 5, "id")
    ]

    assert found == [True, *[False] * 6]
