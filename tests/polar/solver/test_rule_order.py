"""The order of applicable rules: an insertion sort, as specified."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar.nodes import Unknown
from flask_oso.polar.solver.clauses import prepare_rule
from flask_oso.polar.solver.rule_order import sort_clauses
from tests.support.policies import make_host, rules_of, to_term


class Animal:
    """The base of all."""


class Dog(Animal):
    """An animal."""


class Puppy(Dog):
    """A dog."""


class Swimmer:
    """What some animals are as well."""


class Seadog(Dog, Swimmer):
    """A dog that swims."""


HOST = make_host(Animal, Dog, Puppy, Swimmer, Seadog)
OPEN = Unknown("x")


def order(heads: str, *args: t.Any) -> list[int]:
    """Sort rules with these heads for a call; give their places in the text, from 1."""
    clauses = [prepare_rule(rule, HOST.constants) for rule in rules_of(heads)]
    terms = [arg if isinstance(arg, Unknown) else to_term(arg) for arg in args]
    places = {id(clause): at for at, clause in enumerate(clauses, 1)}
    return [places[id(clause)] for clause in sort_clauses(clauses, terms, HOST)]


@pytest.mark.parametrize(
    ("heads", "sorted_"),
    [
        ("f(_); f(_);", [1, 2]),
        ("f(_); f(_: Dog);", [2, 1]),
        ("f(_: Dog); f(_);", [1, 2]),
        ("f(1); f(_: 1);", [2, 1]),
        ("f(_); f(_: Actor);", [2, 1]),
        ("f(_: Actor); f(_: Dog);", [2, 1]),
        ("f(_: Resource); f(_: Actor);", [1, 2]),
        ("f(_: {a: 1}); f(_: Actor);", [1, 2]),
        ("f(_: Actor); f(_: {a: 1});", [2, 1]),
        ("f(_: Dog); f(_: Dog);", [1, 2]),
        ("f(_: Animal); f(_: Dog); f(_: Puppy);", [3, 2, 1]),
        ("f(_: Animal); f(_: Puppy); f(_: Dog);", [2, 3, 1]),
        ("f(_: Dog); f(_: Dog{a: 1});", [2, 1]),
        ("f(_: Dog{a: 1}); f(_: Dog{b: 1});", [1, 2]),
        ("f(_: Dog{a: 1, b: 2}); f(_: Puppy);", [2, 1]),
        ("f(_: {a: 1}); f(_: {a: 1, b: 2});", [2, 1]),
        ("f(_: {a: 1, b: 2}); f(_: {a: 1});", [1, 2]),
        ("f(_: {a: 1}); f(_: Dog);", [2, 1]),
        ("f(_: Dog); f(_: {a: 1, b: 2});", [1, 2]),
        ("f(_: [1]); f(_: [1, 2]);", [1, 2]),
        ("f(_: 1); f(_: Dog);", [1, 2]),
        ("f(_: Dog); f(_: 1);", [1, 2]),
    ],
)
def test_order_for_an_object(heads: str, sorted_: list[int]) -> None:
    """Two specializers compare as the table says when the argument is an object."""
    assert order(heads, Puppy()) == sorted_


def test_order_follows_the_argument_s_mro() -> None:
    """Of two unrelated classes the one that comes first among the argument's bases is closer."""
    assert order("f(_: Swimmer); f(_: Animal); f(_: Seadog);", Seadog()) == [3, 2, 1]


def test_order_of_a_class_that_the_argument_is_not() -> None:
    """A class outside the argument's bases is incomparable."""
    assert order("f(_: Swimmer); f(_: Dog);", Puppy()) == [1, 2]


class Costume:
    """Claims to be a dog that swims."""

    @property  # type: ignore[misc]
    def __class__(self) -> t.Any:
        """Say so to whoever asks."""
        return Seadog


@pytest.mark.parametrize("heads", ["f(_: Animal); f(_: Dog);", "f(_: Swimmer); f(_: Animal);"])
def test_order_for_a_stand_in(heads: str) -> None:
    """Rules for what claims another class have the order that they have for that class."""
    assert order(heads, Costume()) == order(heads, Seadog()) == [2, 1]


@pytest.mark.parametrize("arg", [1, {"a": 1, "b": 2}, OPEN])
@pytest.mark.parametrize(
    "heads",
    [
        "f(_: Dictionary); f(_: Dictionary{a: 1});",
        "f(_: Animal); f(_: Dog);",
        "f(_: Integer); f(_: Boolean);",
    ],
)
def test_order_of_tags_for_other_arguments(heads: str, arg: t.Any) -> None:
    """Tags tie for values that are no objects, and for unknown ones."""
    assert order(heads, arg) == [1, 2]


@pytest.mark.parametrize("arg", [1, {"a": 1}, OPEN, Dog()])
@pytest.mark.parametrize(
    "heads", ["f(_); f(_: Integer);", "f(_: {a: 1}); f(_: Dictionary);", "f(_: Actor); f(_: Dog);"]
)
def test_order_that_no_argument_changes(heads: str, arg: t.Any) -> None:
    """A specializer beats none, a tag beats a dictionary, all beat a union, for any argument."""
    assert order(heads, arg) == [2, 1]


@pytest.mark.parametrize(
    ("heads", "sorted_"),
    [
        ("f(_: Dog, _); f(_: Dog, _: Dog);", [2, 1]),
        ("f(_, _: Dog); f(_: Dog, _);", [2, 1]),
        ("f(_: Animal, _: Puppy); f(_: Dog, _);", [2, 1]),
        ("f(_: {a: 1}, _); f(_: {b: 1}, _: Dog);", [1, 2]),
        ("f(_: Actor, _); f(_: Resource, _: Dog);", [2, 1]),
        ("f(_: 1, _); f(_: 2, _: Dog);", [1, 2]),
    ],
)
def test_order_of_several_parameters(heads: str, sorted_: list[int]) -> None:
    """The first parameter that does not tie decides, also if it decides that they are strangers."""
    assert order(heads, Puppy(), Puppy()) == sorted_


@pytest.mark.parametrize(
    ("heads", "sorted_"),
    [
        ("f(_: {a: 1}); f(_: Dictionary); f(_: {a: 1, b: 2});", [2, 3, 1]),
        ("f(_: {a: 1}); f(_: [1]); f(_: {a: 1, b: 2});", [1, 2, 3]),
        ("f(_: [1]); f(_: {a: 1}); f(_: {a: 1, b: 2});", [1, 3, 2]),
        ("f(_: Integer); f(_: String); f(_);", [1, 2, 3]),
        ("f(_); f(_: 1); f(_: Integer);", [2, 3, 1]),
    ],
)
def test_order_is_that_of_an_insertion_sort(heads: str, sorted_: list[int]) -> None:
    """A rule moves up only while it beats its neighbour: a tie shields what stands before it."""
    assert order(heads, {"a": 1, "b": 2}) == sorted_
