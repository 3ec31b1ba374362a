"""Lists and dictionaries of the program that policies take apart, with odd ones among them."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import sys
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of, specialized
from tests.support.policies import make_oso
from tests.support.sizes import each_of
from tests.support.value_kinds import Folded


class User:
    def __init__(self, x: t.Any = None) -> None:
        self.x = x


class Doc:
    def __init__(self, xs: t.Any = None, y: t.Any = None) -> None:
        self.xs, self.y = xs, y


class Odd:
    """An object that refuses to be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    __hash__ = None  # type: ignore[assignment]


class Equal:
    """An object that equals any list and any dictionary."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (list, dict))

    __hash__ = None  # type: ignore[assignment]


@dataclasses.dataclass
class Data:
    x: t.Any


class Lists(list[t.Any]):
    """A list of a class of its own."""


Pair = collections.namedtuple("Pair", ["name", "x"])
HELPERS = """
fits([name, x], x) if name = "a";
fits({name: "a", x: x}, x);
first([x, *_], x);
inner([_, [x, _]], x);
same([x, x], _);
made([_, *_]) if _ = 1;
"""
CONDITIONS = (
    *(
        '[n, x] in d.xs and n = "a" and x = u.x',
        '["a", x] in d.xs and x = u.x',
        "[u.x, u.x] in d.xs",
    ),
    *(
        '[n, x] in d.xs and not n = "b" and x = u.x',
        "[n, x] in d.xs and [n, x] in d.y and u.x = 1",
        "[x, x] in d.xs and u.x = 1",
    ),
    *(
        "[x, _, y] in d.xs and x = u.x and y = 1",
        "not [_, u.x] in d.xs",
        "[[x, _], y] in d.xs and x = y and u.x = 1",
    ),
    *(
        "[_, [x, _]] in d.xs and x = u.x",
        "[x, *_] in d.xs and x = u.x",
        "[_, *s] in d.xs and u.x in s",
    ),
    *('{name: n, x: x} in d.xs and n = "a" and x = u.x', "{x: {x: x}} in d.xs and x = u.x"),
    *('{name: "a", x: u.x} in d.xs', "{x: [x, _]} in d.xs and x = u.x", "not {x: u.x} in d.xs"),
    *(
        "p in d.xs and fits(p, u.x)",
        "p in d.xs and first(p, x) and x = u.x",
        "p in d.xs and same(p, u)",
    ),
    *("p in d.xs and inner(p, u.x)", 'fits(["a", u.x], d.y)', "fits({name: d.y, x: 1}, u.x)"),
    *("[k, [v, _]] in d.xs and k = d.y and v = u.x", "[d.y, {x: x}] in d.xs and x = u.x"),
    *("made(q) and q in d.xs and u.x = 1", "made(q) and [q, _, _] in d.xs and u.x = 1"),
    *("made(q) and [q, _] in d.xs and u.x = 1", "made(q) and {x: q} in d.xs and u.x = 1"),
    *("forall([_, x] in d.xs, x = u.x)", "p in d.xs and [_, x] = p and {x: x} = d.y and x = u.x"),
    *(
        "[_, _] in d.xs.items() and u.x = 1",
        "p in d.xs and [_, *_] = p and not [_, _] = p and u.x = 1",
    ),
)
ELEMENTS: tuple[t.Any, ...] = (
    *(["a", 1], ["b", 1], ["a", 7], [1, 1], [1], [], [1, 2, 1], "ab", "", None, 1, True, 2**70),
    *(("a", 1), Pair("a", 1), Lists(["a", 1]), Odd(), Equal(), Data(1), ["a", Odd()], [Odd(), 1]),
    *(["a", [1, 2]], [[1, 2], 1], [1, float("nan")], ["\ud800", 1], ["a", 2**70], ["a", sys], sys),
    *({"name": "a", "x": 1}, {"x": 1, "name": "b"}, {"x": 1}, {"x": {"x": 1}}, {"x": [1, 2]}, {}),
    *({"name": "a", "x": Odd()}, {"x": sys}, {1: 1}, {"x": Odd(), "y": 1}, {"name": "a", "y": sys}),
    *(datetime.date(2020, 1, 1), decimal.Decimal("sNaN"), ["a", decimal.Decimal(1)], ["a", True]),
    *(collections.Counter(x=1), ["a", None], [None, None], {"x": None}, frozenset({1}), User(1)),
)
COLLECTIONS: tuple[t.Any, ...] = (
    *([each] for each in ELEMENTS),
    *([each, ["a", 1], {"name": "a", "x": 1}] for each in ELEMENTS),
    *([["a", 7], {"x": 7}, each, ["a", 1]] for each in ELEMENTS[::3]),
    *({"k": each} for each in ELEMENTS[::2]),
    *([], {}, (["a", 1],), collections.deque([["a", 1]]), "ab", None, 1, Lists([["a", 1]])),
    *({"k": [1, 2], "l": {"x": 1}}, {"l": {"x": 1}}, [["k", [1, 2]], ["k", {"x": 1}]]),
)


def _oso(condition: str, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    for cls in (User, Doc):
        oso.register_class(cls)
    oso.load_str(
        f'allow(u: User, "read", d: Doc) if {condition}; allow(_: User, "x", _: Doc);{HELPERS}'
    )
    return oso


@pytest.mark.each(4)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_answers_are_those_of_the_solver(condition: str) -> None:
    """Answers and errors, also where an element refuses to be compared or read."""
    compiled, solved = _oso(condition), _oso(condition, compiled=False)
    pairs = [(xs, y) for xs in COLLECTIONS for y in ("k", [["a", 1]])]
    questions = [(User(1), "read", Doc(*each)) for each in each_of(pairs, 4)]

    found = [outcome_of(compiled, *each) for each in questions * 2]

    assert found == [outcome_of(solved, *each) for each in questions] * 2


@pytest.mark.parametrize(
    ("condition", "xs"),
    [
        ('[n, x] in d.xs and n = "a" and x = u.x', [["b", 1], ["a", 1]]),
        ("[x, _, y] in d.xs and x = u.x and y = 1", [["b", 1], [1, 2, 1], ("a",), "ab", None]),
        ("[_, [x, _]] in d.xs and x = u.x", [["b", [1, 2]], [1], Pair("a", 1), "text", 3]),
        ("{x: {x: x}} in d.xs and x = u.x", [{"y": 1}, {"x": {"x": 1}}, ["a"], ("a",)]),
        ("[x, *_] in d.xs and x = u.x", [[], [1, 2], "text", 3, {"x": 1}]),
        ("[_, *s] in d.xs and u.x in s", [["a"], ["a", 1]]),
        ("p in d.xs and fits(p, u.x)", [["b", 1], {"name": "a", "x": 1}, None]),
        ("[d.y, {x: x}] in d.xs and x = u.x", {None: {}, "k": {"x": 1}}),
    ],
)
def test_odd_elements_are_passed_over(condition: str, xs: t.Any) -> None:
    """A function for plain data answers, whatever kinds of data stand beside what is wanted."""
    engine = _oso(condition).engine

    assert specialized(engine, User(1), "read", Doc(xs, "k")) is True
    assert specialized(engine, User(9), "read", Doc(xs, "k")) is False


@pytest.mark.parametrize(
    ("head", "resource"),
    [
        ("[x, _]", [1, "a"]),
        ('{kind: "a", x: x}', {"kind": "a", "x": 1}),
        ('["a", {x: x}]', ["a", {"x": 1}]),
    ],
)
def test_heads_take_apart_what_is_asked_about(head: str, resource: t.Any) -> None:
    """So does a rule beside rules for objects."""
    oso = Oso()
    for cls in (User, Doc):
        oso.register_class(cls)
    oso.load_str(
        f'allow(u: User, "read", {head}) if x = u.x; allow(u: User, "read", d: Doc) if d.y = u.x;'
    )

    assert specialized(oso.engine, User(1), "read", resource) is True
    assert specialized(oso.engine, User(2), "read", resource) is False
    assert specialized(oso.engine, User(2), "read", Doc(None, 2)) is True


@pytest.mark.parametrize("goal", ["1 in x", "[_, 1] in x", "{x: 1} in x", "p in x and p = 1"])
@pytest.mark.parametrize("xs", [[], [1], [["a", 1]], [{"x": 1}]])
def test_assignment_to_what_a_goal_waits_for_is_an_error(goal: str, xs: list[t.Any]) -> None:
    """The goal before it has made a condition of the variable."""
    condition = f"{goal} and x := d.xs and u.x = 1"
    compiled, solved = _oso(condition), _oso(condition, compiled=False)
    question = User(1), "read", Doc(xs)

    assert outcome_of(compiled, *question) == outcome_of(solved, *question)


@pytest.mark.parametrize("condition", ["d.xs = {ana: u.x}", "not d.xs = {ana: u.x}"])
def test_key_that_says_itself_what_it_equals_is_left_to_the_rules(condition: str) -> None:
    """It is not the key of the policy, though Python finds its entry by that."""
    compiled, solved = _oso(condition), _oso(condition, compiled=False)
    question = User(1), "read", Doc({Folded("ANA"): 1})

    assert outcome_of(compiled, *question) == outcome_of(solved, *question)


#: Equals itself alone.
MEMBER = object()


@pytest.mark.parametrize("condition", ["[u.x] = d.xs", "d.xs matches [u.x]"])
@pytest.mark.parametrize("negated", ["{}", "not ({})"], ids=["", "not"])
@pytest.mark.parametrize("part", ["a", 1.5, [1], MEMBER], ids=["text", "float", "list", "object"])
def test_object_that_equals_a_list_does_not_begin_the_check_anew(
    condition: str, negated: str, part: t.Any
) -> None:
    """What was called before is not called again: here it says yes the first time alone."""

    class Limited(User):
        left = 1

        def takes(self) -> bool:
            self.left -= 1
            return self.left >= 0

    goals = f"u.x = u.x and u.takes() and {condition}"
    rule = f'allow(u: Limited, "read", d: Doc) if {negated.format(goals)};'
    given, expected = (
        outcome_of(
            make_oso(rule, Limited, Doc, compiled=each),
            *(Limited(part), "read", Doc(collections.UserList([part]))),
        )
        for each in (True, False)
    )

    assert given == expected
