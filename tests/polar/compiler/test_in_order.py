"""Questions that no specialization answers: a function asks the compiled rules, in their order.

``is_allowed`` finds it in the table of usual questions. Errors, calls and their order are those of
the solver.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from werkzeug.local import LocalProxy

from flask_oso import Oso
from tests.support.answers import is_answered_at_once, outcome_of, specializations_of, specialized
from tests.support.models.people import Alike, Thing
from tests.support.policies import make_oso

#: What was called, in order.
CALLS: list[str] = []
#: The limit is read before the method is called, and both may be anything.
POLICY = 'allow(u: User, "read", d: Doc) if u.limit < d.size() and d.size() != 100;'


class User(Thing):
    """Who asks."""

    names: list[str]

    def takes(self, names: list[t.Any], *rest: t.Any) -> bool:
        CALLS.append(f"{names} {rest}")
        names[-1:] = ["changed"]
        return bool(names)


class Guest(Thing):
    """Who asks, too."""


class Doc(Thing):
    """What is asked about; its size is computed."""

    bytes: t.Any

    def size(self) -> t.Any:
        CALLS.append("size")
        if isinstance(self.bytes, Exception):
            raise self.bytes
        return self.bytes


@pytest.fixture(autouse=True)
def no_calls() -> None:
    """Begin with nothing called."""
    CALLS.clear()


def load(policy: str = POLICY, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Guest, Doc, compiled=compiled)


def outcome(oso: Oso, *question: t.Any) -> tuple[t.Any, list[str]]:
    """Give the answer or the error, and what was called."""
    CALLS.clear()
    return outcome_of(oso, *question), [*CALLS]


def test_rules_in_order_are_asked_at_once() -> None:
    """There is no specialization, and no entry point is called."""
    oso, user, doc = load(), User(limit=1), Doc(bytes=2)
    oso.is_allowed(user, "read", doc)

    assert specialized(oso.engine, user, "read", doc) is None
    assert is_answered_at_once(oso, user, "read", doc)


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        *((1, 2), (2, 1), (1, 100), (None, 1), (1, "a"), ("a", 1), (1, KeyError("boom"))),
        *((1, AttributeError("boom")), ("\ud800", 1), (2**64, 2**65)),
    ],
)
def test_answers_errors_and_calls_are_those_of_the_solver(limit: t.Any, size: t.Any) -> None:
    """They are the same each time, also when the function is in the table."""
    oso, solver = load(), load(compiled=False)
    question = User(limit=limit), "read", Doc(bytes=size)
    expected = outcome(solver, *question)

    assert [outcome(oso, *question) for _ in range(3)] == [expected] * 3


def test_missing_attribute_is_an_error_of_the_policy() -> None:
    """Its trace begins with the question, and has no arguments that are none."""
    oso, solver = load(), load(compiled=False)
    question = User(), "read", Doc(bytes=1)

    assert [outcome(oso, *question) for _ in range(2)] == [outcome(solver, *question)] * 2
    assert "allow(" in outcome(oso, *question)[0][1]


def test_classes_of_actors_are_told_apart() -> None:
    """Each has a function of its own, from the third question on."""
    policy = POLICY + 'allow(g: Guest, "read", d: Doc) if g.name = d.size();'
    oso, doc = load(policy), Doc(bytes="ann")
    actors = [Guest(name="ann"), Guest(name="ben"), User(limit="zoe")]
    answers = [oso.is_allowed(actor, "read", doc) for actor in actors * 3]

    assert answers == [True, False, False] * 3
    assert is_answered_at_once(oso, Guest(name="ann"), "read", doc)


def test_proxy_of_an_actor_is_replaced() -> None:
    """The function is one for the actor behind it."""
    oso, user, doc = load(), User(limit=1), Doc(bytes=2)
    oso.is_allowed(user, "read", doc)

    assert oso.is_allowed(LocalProxy(lambda: user), "read", doc)
    assert CALLS == ["size"] * 4


def test_action_with_a_surrogate_goes_to_the_solver() -> None:
    """It is refused, as without any function."""
    policy = "allow(u: User, action, d: Doc) if u.limit < d.size() and action = action;"
    oso, solver = load(policy), load(policy, compiled=False)
    user, doc = User(limit=1), Doc(bytes=2)
    oso.is_allowed(user, "read", doc)

    for action in ("read", "\ud800", "é"):
        assert outcome(oso, user, action, doc) == outcome(solver, user, action, doc)


def test_what_a_specialization_gives_up_is_not_asked_twice() -> None:
    """The entry point behind it goes to the compiled rules."""
    oso, doc = load('allow(u: User, "read", d: Doc) if u.limit = d.bytes;'), Doc(bytes=Alike())
    user = User(limit=Alike())
    oso.is_allowed(user, "read", doc)
    table = specializations_of(oso.engine)
    asked: list[str] = []
    kept = table["read"].known[Doc]
    table["read"][Doc] = lambda *args: asked.append("again")

    assert kept(user, "read", doc) is None
    assert oso.is_allowed(user, "read", doc)
    assert asked == []


@pytest.mark.parametrize(
    "call",
    [
        *('takes(["a", "b"])', 'takes(["a", u.limit])', 'takes([u.limit, ["b", 1]], "c")'),
        *("takes([u.names, 1], u.names)", 'takes([{kind: "a"}, u.limit], {of: [1, u.names]})'),
    ],
)
def test_list_of_the_policy_is_made_for_each_call(call: str) -> None:
    """A method may change it: the next call gets another one, and lists of objects are copied."""
    policy = f'allow(u: User, "read", d: Doc) if u.{call} and u.{call} and d.bytes = 1;'
    found = []
    for is_compiled in (False, True):
        oso = load(policy, compiled=is_compiled)
        question = User(limit="a", names=["a", "b"]), "read", Doc(bytes=1)
        found.append([*(outcome(oso, *question) for _ in range(3)), question[0].names])

    assert len(found[0][0][1]) == 2
    assert found[0] == found[1]


@pytest.mark.parametrize("rule", ["next(n, m) if m = n + 1;", "next(n, m) if m = n mod 0;"])
@pytest.mark.parametrize("level", [1, None, "a"])
def test_error_of_a_calculation_names_the_variable_of_the_rule(rule: str, level: t.Any) -> None:
    """Not that of the caller, which gets the result; the solver has numbers besides."""
    policy = f'allow(u: User, "read", d: Doc) if next(d.level, m) and u.limit = m; {rule}'
    question = User(limit=2), "read", Doc(level=level)

    solved, compiled = (
        re.sub(
            r"_\d+\b", "_N", str(outcome_of(make_oso(policy, User, Doc, compiled=each), *question))
        )
        for each in (False, True)
    )

    assert compiled == solved
