"""Rules that go through a list from its first element to its last, as one loop."""

from __future__ import annotations

import decimal
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.specialization.questions import LEVELS
from tests.support.answers import outcome_of, specialized
from tests.support.models.people import Alike
from tests.support.policies import make_oso
from tests.support.value_kinds import Doc, User


class Part:
    def __init__(self, *, ok: t.Any) -> None:
        self.ok = ok


def load(rules: str, *, compiled: bool = True) -> Oso:
    return make_oso(
        f'allow(u: User, "read", d: Doc) if p(d.x, u.x); {rules}',
        User,
        Doc,
        Part,
        compiled=compiled,
    )


#: Rules that become a loop.
SOME = {
    "equation": "p([first, *_], x) if first = x; p([_, *rest], x) if p(rest, x);",
    "one variable": "p([x, *_], x); p([_, *rest], x) if p(rest, x);",
    "the rest first": "p([_, *rest], x) if p(rest, x); p([first, *_], x) if first = x;",
    "two conditions": "p([first, *_], x) if first = x and x != 2; p([_, *r], x) if p(r, x);",
    "two rules": "p([f, *_], x) if f = x; p([f, *_], _) if f = 7; p([_, *r], x) if p(r, x);",
    "a class of numbers": "p([f, *_], x: Integer) if f = x; p([_, *r], x) if p(r, x);",
    "attributes": "p([f, *_], _) if f matches Part and f.ok; p([_, *r], x) if p(r, x);",
}
EACH = {
    "equations": "p([], _); p([first, *rest], x) if first = x and p(rest, x);",
    "the rest at the end": "p([f, *r], x) if not f = x and p(r, x); p([], _);",
    "alternatives": "p([], _); p([f, *r], x) if (f = x or f = 1) and p(r, x);",
    "attributes of each": "p([], _); p([f, *r], x) if f matches Part and f.ok and p(r, x);",
    "nothing": "p([], _); p([_, *r], x) if p(r, x);",
}
#: Rules that only look like those.
OTHERS = {
    "another argument": "p([f, *_], x) if f = x; p([_, *r], _) if p(r, 1);",
    "two of them": "p([f, *_], x) if f = x; p([_, *r], x) if p(r, x); p([_, *s], x) if p(s, x);",
    "the rest is used": "p([f, *r], x) if f = x and p(r, 7); p([_, *r], x) if p(r, x);",
    "a cut": "p([f, *_], x) if cut and f = x; p([_, *r], x) if p(r, x);",
    "two at a time": "p([f, *_], x) if f = x; p([_, _, *r], x) if p(r, x);",
    "an end with a condition": "p([], x) if x = 1; p([f, *r], x) if f = 1 and p(r, x);",
    "an end for one value": "p([], 1); p([f, *r], x) if f = 1 and p(r, x);",
    "recursion first": "p([], _); p([f, *r], x) if p(r, x) and f = x;",
    "a class for the rest": "p([f, *_], x) if f = x; p([_, *r], x: Integer) if p(r, x);",
    "arguments in turn": "p([f, *_], x) if f = x; p([y, *r], _) if p(r, y);",
    "any list": "p([f, *_], x) if f = x; p(_, 5); p([_, *r], x) if p(r, x);",
}
TWICE = [1]
VALUES: list[t.Any] = [
    *(1, 2, 5, 7, True, None, "a", 1.0, float("nan"), "\ud800", 2**70),
    *(decimal.Decimal(1), Alike(), Part(ok=True), [1], {"a": 1}),
]
LISTS: list[t.Any] = [
    *([], [1], [2, 1], [3, 3], [1, 1, 1], ["a", 1], [True], [1.0, 7], [None, 2]),
    *([Part(ok=True), Part(ok=False)], [Part(ok=True)], [Part(ok=1)], [3, Alike()], [Alike(), 1]),
    *([[1], 2], [TWICE, TWICE], [float("nan")], ["\ud800"], [2**70], [decimal.Decimal(1), 2]),
    *((1, 2), {1}, {"a": 1}, None, "a1", 7, iter([1]), Part(ok=True), Alike()),
]


@pytest.mark.each(4)
@pytest.mark.parametrize("rules", [*SOME.values(), *EACH.values(), *OTHERS.values()])
def test_answers_are_those_of_the_solver(rules: str) -> None:
    """Answers and errors, for every value and every list, and for what is none."""
    ours, solver = load(rules), load(rules, compiled=False)
    questions = [(User(value), "read", Doc(found)) for found in LISTS for value in VALUES]

    expected = [outcome_of(solver, *each) for each in questions]

    assert [outcome_of(ours, *each) for each in questions] == expected
    assert [outcome_of(ours, *each) for each in questions] == expected


@pytest.mark.parametrize("rules", SOME.values(), ids=SOME)
def test_some_element_is_found_by_a_specialization(rules: str) -> None:
    """It is in the middle, or is missing."""
    engine = load(rules).engine
    part = Part(ok=True)

    assert specialized(engine, User(1), "read", Doc([3, 1, part])) is True
    assert specialized(engine, User(1), "read", Doc([3, "a"])) is False
    assert specialized(engine, User(1), "read", Doc([])) is False


@pytest.mark.parametrize("rules", EACH.values(), ids=EACH)
def test_each_element_is_looked_at_by_a_specialization(rules: str) -> None:
    """The empty list has no element that is wrong."""
    assert specialized(load(rules).engine, User(1), "read", Doc([])) is True


def test_one_element_that_fails_is_enough() -> None:
    """One element that fails is enough, wherever in the list it is."""
    engine = load(EACH["equations"]).engine

    assert specialized(engine, User(1), "read", Doc([1, 1])) is True
    assert specialized(engine, User(1), "read", Doc([1, 2, 1])) is False
    assert specialized(engine, User(1), "read", Doc([1, 2])) is False


@pytest.mark.parametrize("rules", OTHERS.values(), ids=OTHERS)
def test_other_rules_are_no_loops(rules: str) -> None:
    """A loop would be another question: a function answers that calls itself, or other rules."""
    engine = load(rules).engine

    expected = engine.solve_call("allow", (User(1), "read", Doc([1])))
    assert specialized(engine, User(1), "read", Doc([1])) in (None, expected)


@pytest.mark.parametrize("found", [(1,), {1}, "1", [Alike()], [TWICE, TWICE], [1] * (LEVELS + 1)])
def test_what_is_no_short_list_of_polar_is_left_to_compiled_rules(found: t.Any) -> None:
    """A tuple is no list, and the solver follows a list only so far."""
    engine = load(SOME["equation"]).engine

    assert specialized(engine, User(1), "read", Doc(found)) is None


def make_loose() -> type:
    """Make a class of parts that nobody registers."""
    return type("Loose", (), {"ok": True})


def test_parts_of_a_class_that_nobody_registered() -> None:
    """Their class is learnt where the list is looked at, also of lists in the list."""
    oso = load(EACH["equations"])
    part, other = make_loose()(), make_loose()()
    engine = oso.engine
    oso.is_allowed(User(part), "read", Doc([]))

    assert specialized(engine, User(part), "read", Doc([part, part])) is True
    assert specialized(engine, User(part), "read", Doc([part, other])) is False
    assert specialized(engine, User(part), "read", Doc([part, [other]])) in (False, None)


def test_list_with_itself_in_it_ends() -> None:
    """What is looked through for classes is looked at once."""
    ring: list[t.Any] = [make_loose()()]
    ring += [ring, [ring] * 50] * 50
    ours, solver = load(EACH["equations"]), load(EACH["equations"], compiled=False)

    assert outcome_of(ours, User(1), "read", Doc(ring)) == outcome_of(
        solver, User(1), "read", Doc(ring)
    )


def test_list_of_such_parts_as_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question about a list is answered by compiled rules, whatever is in it."""
    oso = make_oso('allow(u: User, "read", ds: List) if forall(d in ds, d.ok = u.x);', User)
    loose = make_loose()
    monkeypatch.setattr(type(oso.engine), "solve_call", lambda *_: pytest.fail("the solver"))

    assert oso.is_allowed(User(True), "read", [loose(), loose()])
    assert not oso.is_allowed(User(False), "read", [loose(), loose()])
