"""Rules with a cut, as conditions of the rules behind them; conditions that nothing follows."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import outcome_of, specialized
from tests.support.policies import make_oso


class User:
    def __init__(self, a: t.Any, b: t.Any, c: t.Any) -> None:
        self.a, self.b, self.c, self.tags = a, b, c, ["x", "y"]


class Guest(User):
    pass


class Doc:
    def __init__(self, a: t.Any, b: t.Any) -> None:
        self.a, self.b, self.owner, self.parent = a, b, None, t.cast(t.Any, None)


class Raising:
    """An object that cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise KeyError("compared")

    __hash__ = None  # type: ignore[assignment]


def load(rules: str, *, compiled: bool = True) -> Oso:
    return make_oso(
        f'allow(u: User, "read", d: Doc) if p(u, d); {rules}', User, Guest, Doc, compiled=compiled
    )


#: Cuts that are conditions of what follows.
FOLLOWED = {
    "deny": "p(u, _) if u.a and cut and false; p(_, d) if d.a;",
    "deny one of two": "p(u, d) if (u.a or d.b) and cut and u.b; p(_, d) if d.a;",
    "first": "p(u, _) if cut and u.a; p(_, d) if d.a;",
    "last": "p(_, d) if d.a; p(u, _) if u.a and cut;",
    "two": "p(u, _) if u.a and cut and u.b; p(_, d) if d.a and cut and d.b; p(u, _) if u.c;",
    "of a class": "p(u: Guest, _) if u.a and cut and u.b; p(u: User, d: Doc) if d.a and u.c;",
    "behind a search": 'p(u, d) if t in u.tags and t != "z" and cut and d.b; p(_, d) if d.a;',
    "behind a rule": "p(u, d) if q(u) and cut and d.b; p(_, d) if d.a; q(u) if u.a; q(u) if u.b;",
    "behind a negation": "p(u, d) if not u.a and cut and d.b; p(_, d) if d.a;",
    "under a negation": "p(u, d) if not q(u, d); q(u, _) if u.a and cut and u.b; q(_, d) if d.b;",
    "called twice": "p(u, d) if q(u, d) and q(u, d); q(u, _) if u.a and cut and u.b;"
    " q(_, d) if d.a;",
    "all alone": "p(u, d) if u.a and cut and d.a;",
    "that binds": "p(u, d) if q(u, t) and t = d.a; q(u, t) if u.b and cut and t = u.a;q(u, u.c);",
    "what a head binds": "p(u, d) if q(u, t) and t = d.a; q(u, u.a) if u.b and cut; q(u, u.c);",
    "a text in a head": "p(u, d) if q(u, d, t) and t = d.a; q(u, d, t) if u.a and d.b and cut and"
    ' t = "y"; q(_, d, "x") if d.b and cut; q(u, _, u.c);',
    "a number in a head": "p(u, d) if q(u, d, n) and n > 1 and d.a; q(u, d, 3) if u.a = d.b and"
    " cut; q(u, _, 2) if u.c and cut; q(_, _, 1);",
    "first, and binds": "p(u, d) if q(u, t) and t = d.a; q(u, t) if cut and t = u.b; q(u, u.c);",
    "binds behind a search": 'p(u, d) if q(u, d, t) and t; q(u, d, t) if x in u.tags and x != "z"'
    " and cut and t = d.a; q(u, _, u.c);",
    "binds for each": "p(u, d) if x in u.tags and q(u, d, x, t) and t = d.a;"
    'q(u, _, "x", t) if u.a and cut and t = u.b; q(_, d, _, d.b) if d.b;',
    "binds in two rules": "p(u, d) if q(u, d, t) and t = d.a; q(u, d, t) if u.a and cut and"
    " r(u, d, t); q(_, d, d.b); r(u, _, t) if u.b and cut and t = u.c; r(_, d, t) if t = d.b;",
    "binds under a negation": "p(u, d) if not (q(u, d, t) and t = d.a);"
    "q(u, _, t) if u.a and cut and t = u.b; q(_, d, d.b) if d.b;",
    "binds two": "p(u, d) if q(u, d, s, t) and s = t and d.a;"
    'q(u, _, s, t) if u.a and cut and s = u.b and t = u.c; q(u, d, "y", d.b) if u.b;',
    "binds a list": "p(u, d) if q(u, d, l) and [t, t] = l; q(u, _, l) if u.a and cut and"
    " l = [u.b, u.c]; q(u, d, l) if l = [u.b, d.b];",
    "in a recursion": "p(u, d) if q(d, t) and t.a = u.a; q(d, t) if d.parent = nil and cut and"
    " t = d; q(d, t) if q(d.parent, t);",
    "in a recursion, by its head": "p(u, d) if q(d, t) and t.a = u.a;"
    "q(d, d) if d.parent = nil and cut; q(d, t) if q(d.parent, t);",
}
NOT_FOLLOWED = {
    "first solution": 'p(u, _) if t in u.tags and cut and t = "y"; p(_, d) if d.a;',
    "in alternatives": "p(u, d) if (u.a and cut or u.b) and d.b; p(_, d) if d.a;",
    "twice": "p(u, d) if u.a and cut and u.b and cut and d.b; p(_, d) if d.a;",
    "in a conjunction of its own": "p(u, d) if (cut and u.a) and d.b; p(_, d) if d.a;",
    "in a conjunction of its own, last": "p(u, d) if (u.a and cut) and d.b; p(_, d) if d.a;",
    "that chooses": "p(u, d) if q(u, t) and t = d.a; q(u, t) if t in u.tags and cut; q(u, u.c);",
    "one variable for two": "p(u, d) if q(u, t, t) and t = d.a; q(u, 1, 2) if u.b and cut;"
    "q(u, u.c, _);",
    "of a class that is asked for": "p(u, d) if t matches String and q(u, t) and t = d.a;"
    "q(u, 1) if u.b and cut; q(u, u.c);",
    "of what has to be of a class": "p(u, d) if q(u, t) and t = d.a;"
    "q(u, t: String) if u.b and cut and t = u.a; q(u, u.c);",
}


@pytest.mark.each(4)
@pytest.mark.parametrize("rules", [*FOLLOWED.values(), *NOT_FOLLOWED.values()])
def test_answers_are_those_of_the_solver(rules: str) -> None:
    """Answers and errors, for all conditions, also such that are neither true nor false."""
    ours, solver = load(rules), load(rules, compiled=False)
    values = (True, False, "y")
    questions = [
        (cls(a, b, c), "read", Doc(d, e))
        for cls in (User, Guest)
        for a, b, c, d, e in itertools.product(values, repeat=5)
    ]

    expected = [outcome_of(solver, *each) for each in questions]

    assert [outcome_of(ours, *each) for each in questions] == expected


@pytest.mark.parametrize("rules", FOLLOWED.values(), ids=FOLLOWED)
def test_cut_is_a_condition_of_a_specialization(rules: str) -> None:
    """A rule with a cut is answered by one function for plain data."""
    answer = specialized(load(rules).engine, User(True, False, True), "read", Doc(True, False))

    assert answer is not None


@pytest.mark.parametrize("rules", NOT_FOLLOWED.values(), ids=NOT_FOLLOWED)
def test_other_cuts_are_left_to_compiled_rules(rules: str) -> None:
    """What is bound before a cut is bound once."""
    answer = specialized(load(rules).engine, User(True, False, True), "read", Doc(True, False))

    assert answer is None


@pytest.mark.parametrize(
    "condition",
    [
        "t in u.tags and t = d.owner and false",
        "d.owner = u.a and false",
        "d.owner = u.a and d matches User",
        "d.owner = u.a and q(d)",
        "not (d.owner = u.a and false)",
        "not (t in u.tags and t = d.owner and q(d))",
    ],
)
def test_comparison_before_what_never_holds_is_made(condition: str) -> None:
    """It may raise, and an error is no answer."""
    doc = Doc(a=1, b=1)
    doc.owner = t.cast(t.Any, Raising())

    for compiled in (True, False):
        oso = load(f"p(u, d) if {condition}; q(_: User);", compiled=compiled)
        with pytest.raises(KeyError, match="compared"):
            oso.is_allowed(User(1, 1, 1), "read", doc)


class Page(Doc):
    """A document with a field that cannot be read."""

    @property
    def broken(self) -> t.Any:
        raise KeyError("broken")


def guest_at_page(rules: str) -> tuple[list[t.Any], list[t.Any]]:
    """Ask compiled rules twice whether a guest may read a page, and give what the solver says."""
    ours, solver = (
        make_oso(
            f'allow(u: User, "read", d: Doc) if p(u, d); {rules}',
            *(User, Guest, Doc, Page),
            compiled=compiled,
        )
        for compiled in (True, False)
    )
    question = Guest(True, False, True), "read", Page(1, 2)
    expected = outcome_of(solver, *question)
    return [outcome_of(ours, *question) for _ in range(2)], [expected] * 2


@pytest.mark.parametrize("field", ["broken", "_private", "a", "missing"])
@pytest.mark.parametrize("body", ["cut", "u.a and cut", "cut and u.b", "u.c and cut and u.b"])
def test_heads_behind_a_cut_are_matched_before_it(body: str, field: str) -> None:
    """As by the solver, which matches all heads first: an error of one is no answer."""
    body += " and u = u"
    rules = f"p(u: Guest, _) if {body}; p(_: User, _: Page{{{field}: 1}});"
    found, expected = guest_at_page(rules)

    assert found == expected


@pytest.mark.parametrize("field", ["broken", "_private", "a", "missing"])
def test_heads_behind_the_cut_of_a_rule_that_gives_a_value(field: str) -> None:
    """They are matched before it, too."""
    rules = f"""
        p(u, d) if kind(u, d, k) and k = "a";
        kind(u: Guest, _, "a") if u.a and cut;
        kind(_: User, _: Page{{{field}: 1}}, "b");
    """
    found, expected = guest_at_page(rules)

    assert found == expected
