"""The ways through a term: their order, and that none depends on Python's stack."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar.exceptions import StackOverflowError
from flask_oso.polar.nodes import List, Term, Value, parts, with_parts
from flask_oso.polar.printer import to_polar
from flask_oso.polar.traversal import Computation, fold, fold_once, trampoline, walk
from tests.support.policies import term_of

DEEP = 50_000


def nested(depth: int) -> Term:
    term: Term = Value(1)
    for _ in range(depth):
        term = List((term,))
    return term


def look(term: Term) -> tuple[Term, t.Sequence[Term]]:
    return term, parts(term)


def test_walk_gives_a_term_before_its_parts_from_left_to_right() -> None:
    """The order is that of the text."""
    term = term_of("f([a, {b: [c, *d]}], 1)")

    shown = [to_polar(part) for part in walk([term])]

    inner = ["[a, {b: [c, *d]}]", "a", "{b: [c, *d]}", "[c, *d]", "c", "d"]
    assert shown == ["f([a, {b: [c, *d]}], 1)", *inner, "1"]


@pytest.mark.parametrize("go", [fold, fold_once])
def test_fold_makes_parts_first_from_left_to_right(go: t.Any) -> None:
    """What is made of a term is made of what was made of its parts."""
    term = term_of("[a, [b, c], {d: e}]")

    def count(term: Term, done: list[t.Any]) -> int:
        return sum(each if type(each) is int else 1 for each in done)

    assert go(term, look, count) == 4


@pytest.mark.parametrize("go", [fold, fold_once])
@pytest.mark.parametrize(
    "text", ["x", "[]", "[a, *b]", "new C(a, b: c)", "x.a.(b).c(d)", "{a: [b]}"]
)
def test_fold_with_the_same_parts_gives_an_equal_term(go: t.Any, text: str) -> None:
    """``parts`` and ``with_parts`` belong to each other."""
    term = term_of(text)

    assert go(term, look, with_parts) == term


@pytest.mark.parametrize("go", [fold, fold_once])
def test_fold_goes_as_deep_as_the_term(go: t.Any) -> None:
    """Python's stack sets no limit."""
    made = go(nested(DEEP), look, with_parts)

    assert made == nested(DEEP)


@pytest.mark.parametrize("go", [fold, fold_once])
def test_fold_of_a_term_without_end_is_an_error(go: t.Any) -> None:
    """A term of a run may contain itself."""
    with pytest.raises(StackOverflowError, match="A term has no end"):
        go(None, lambda term: ([], [None]), with_parts)


def test_fold_once_makes_shared_parts_once() -> None:
    """What stands in two places is looked into in one."""
    term = nested(1)
    for _ in range(60):
        term = List((term, term))

    made = fold_once(term, look, lambda term, done: List(tuple(done)))

    assert made.items[0] is made.items[1]


def test_trampoline_sends_the_results_that_were_yielded() -> None:
    """A computation goes on with what the one it yielded gave."""

    def sum_to(number: int) -> Computation[int]:
        if number == 0:
            return 0
        smaller: int = yield sum_to(number - 1)
        return number + smaller

    assert trampoline(sum_to(10_000)) == 50_005_000


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1", "1.0"),
        ("1", "true"),
        ('"a"', "a"),
        ("[a]", "[*a]"),
        ("[a]", "[a, a]"),
        ("{a: 1}", "{b: 1}"),
        ("f(a)", "g(a)"),
        ("new C(a)", "new C(a: a)"),
        ("a = b", "a == b"),
        ("[[a]]", "[[b]]"),
    ],
)
def test_different_texts_are_different_terms(left: str, right: str) -> None:
    """Equality is that of what was written."""
    one, other = term_of(left), term_of(right)

    assert one != other
    assert one == term_of(left)
    assert hash(one) == hash(term_of(left))


def test_deep_terms_are_compared_hashed_and_shown() -> None:
    """No operation on a term recurses."""
    one, other = nested(DEEP), nested(DEEP)

    assert one == other
    assert hash(one) == hash(other)
    assert repr(one).startswith("List(, List(") and repr(one).endswith("…")
    assert one != nested(DEEP + 1)
