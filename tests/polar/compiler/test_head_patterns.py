"""Heads whose patterns have no class, variables as fields, or patterns in patterns."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of, specialized
from tests.support.models.people import Alike
from tests.support.policies import make_oso
from tests.support.sizes import each_of
from tests.support.value_kinds import Doc, User


class Admin(User):
    """An actor of a derived class."""


class Computed:
    """What has a field that is computed."""

    calls: t.ClassVar[list[str]] = []

    @property
    def x(self) -> int:
        self.calls.append("x")
        return 1


POLICIES = {
    "no class": 'allow(_: {x: 1}, "read", _);',
    "no class on both": 'allow(_: {x: 1}, "read", _: {x: 1});',
    "one variable": 'allow(_: {x: x}, "read", _: {x: x});',
    "a class and a variable": 'allow(_: User{x: x}, "read", _: Doc{x: x});',
    "a variable in the body": 'allow(_: User{x: x}, "read", d: Doc) if d.x = x;',
    "a variable twice": 'allow(_: User{x: x, y: x}, "read", _: Doc);',
    "nested": 'allow(_: User, "read", _: Doc{x: {x: 1}});',
    "nested classes": 'allow(_: User, "read", _: Doc{x: Doc{x: x}}) if x = 1;',
    "nil": 'allow(_: {x: nil}, "read", _: Doc);',
    "the argument and a field": 'allow(u: {x: d}, "read", d: Doc) if u.y = 1;',
    "a rule behind it": 'allow(_: {x: 1}, "read", _); allow(u: User, "read", d: Doc) if u.x = d.x;',
    "a rule before it": 'allow(u: User, "read", d: Doc) if u.x = d.x; allow(_: {x: 1}, "read", _);',
    "a derived class": 'allow(_: Admin{x: x}, "read", d) if d.x = x; allow(_: User{x: 7}, _, _);',
    "a cut": 'allow(_: {x: 1}, _, _) if cut and false; allow(_: User, "read", _: Doc);',
    "a cut with a class": (
        'allow(_: User{x: x}, "read", d) if d.x = x and cut; allow(u, _, _) if u.y;'
    ),
    "a helper": 'allow(u, "read", d) if h(u, d); h(_: {x: x}, _: {x: x}); h(_: {x: 5}, _);',
    "under not": 'allow(u, "read", d) if not h(u, d); h(_: {x: x}, _: {x: x});',
    "forall": 'allow(_, "read", d: Doc) if forall(p in d.x, h(p)); h(_: {x: 1}); h(_: {y: 1});',
    "in a loop": 'allow(u, "read", d: Doc) if p in d.x and h(u, p); h(_: {x: x}, _: {x: x});',
    "up a chain": (
        'allow(u, "read", d) if up(u, d); up(_: {x: x}, _: {y: x}); up(u, d: Doc) if up(u, d.x);'
    ),
    "on the action": 'allow(_, _: {x: 1}, _); allow(_, a: String, _: {x: 1}) if a = "read";',
    "a list": 'allow(_: {x: [1]}, "read", _);',
    "roles": 'allow(u, a, d) if r in u.x and g(r, a, d); g(_: {x: x}, "read", _: Doc{x: x});',
}


def having(cls: type, **fields: t.Any) -> t.Any:
    made = cls()
    vars(made).update(fields)
    return made


def make_values() -> list[t.Any]:
    doc = having(Doc, x=1)
    return [
        *(User(1), User(2), User(None), having(User, x=1, y=1), having(User, x=2, y=1), Admin(1)),
        *(Doc(1), Doc(2), Doc(None), Doc(doc), Doc(Doc(doc)), Doc([doc]), Doc([User(1), User(3)])),
        *(
            {"x": 1},
            {"x": 2, "y": 1},
            {},
            {"x": {"x": 1}},
            {"x": [{"x": 1}, {"y": 1}]},
            {"y": None},
        ),
        *("read", 1, None, [1], Alike(), Computed(), User(Alike()), User([1]), User([doc])),
        *(having(User, x=doc, y=1), having(Doc, x=Doc(5), y=1), having(Doc, x=None, y=1)),
    ]


VALUES = make_values()


def load(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Admin, Doc, compiled=compiled)


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_answers_are_those_of_the_solver(policy: str) -> None:
    """Answers and errors, for objects, dictionaries and what is neither."""
    ours, solver = load(policy), load(policy, compiled=False)
    questions = [(u, "read", d) for u, d in each_of(itertools.product(VALUES, VALUES), 5)]

    expected = [outcome_of(solver, *each) for each in questions]

    assert [outcome_of(ours, *each) for each in questions] == expected
    assert [outcome_of(ours, *each) for each in questions] == expected


@pytest.mark.parametrize(
    "name",
    [
        *("no class on both", "one variable", "a class and a variable", "a variable in the body"),
        *("a rule behind it", "a rule before it", "a helper"),
    ],
)
def test_head_is_matched_by_a_specialization(name: str) -> None:
    """One that holds, and one that does not."""
    engine = load(POLICIES[name]).engine

    assert specialized(engine, User(1), "read", Doc(1)) is True
    assert specialized(engine, User(3), "read", Doc(1)) is False


def test_dictionaries_are_matched_by_a_specialization() -> None:
    """Their entries are fields; one that is missing is left to the rules."""
    engine = load(POLICIES["one variable"]).engine

    assert specialized(engine, {"x": 1}, "read", {"x": 1}) is True
    assert specialized(engine, {"x": 1}, "read", {"x": 2}) is False
    assert specialized(engine, {"y": 1}, "read", {"x": 2}) is None


def test_fields_are_read_as_often_as_by_the_solver() -> None:
    """A computed one is read by the rules, in their order."""
    calls, counts = Computed.calls, []
    for compiled in (True, False):
        oso = load(POLICIES["a rule behind it"], compiled=compiled)
        for _ in range(3):
            calls.clear()
            assert oso.is_allowed(Computed(), "read", Doc(1))
            counts.append(len(calls))

    assert len({*counts}) == 1


class Failing(User):
    """An actor with a field that cannot be read."""

    @property
    def z(self) -> t.Any:
        raise ValueError("not readable")


@pytest.mark.parametrize("pattern", ["User{z: _z}", "User{z: {a: 1}}", "{z: 1}", "{z: _z}"])
@pytest.mark.parametrize(
    "resource", [Doc(), {}, "text", None], ids=["doc", "dictionary", "text", "nil"]
)
def test_field_that_fails_is_read_before_the_class_of_the_resource(
    pattern: str, resource: t.Any
) -> None:
    """An error of a head is met where another rule holds, whatever stands behind its fields."""
    text = f'allow(u: {pattern}, "read", _: Admin) if u = u; allow(_: User, "read", _);'
    oso = make_oso(text, User, Admin, Doc)

    with pytest.raises(ValueError, match="not readable"):
        oso.is_allowed(Failing(), "read", resource)
