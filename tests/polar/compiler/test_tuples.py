"""A tuple that is searched in a list is compared as Python compares it: the first part decides."""

from __future__ import annotations

import math
import typing as t

import pytest

from flask_oso import Oso

IS_AMONG, IS_EQUAL = "user.key in doc.keys", "user.key = doc.key"


class User:
    """Who asks, with a tuple."""

    def __init__(self, key: t.Any) -> None:
        self.key = key


class Doc:
    """Has the tuples that are searched."""

    def __init__(self, *keys: t.Any) -> None:
        self.keys, self.key = [*keys], keys[0]


class Seat(t.NamedTuple):
    """A tuple with names."""

    row: t.Any
    number: t.Any = 1


class Turned(tuple[t.Any, ...]):
    """A tuple that gives others than it has."""

    def __getitem__(self, place: t.Any) -> t.Any:
        return 7


class Asked:
    """Notes what is compared with it."""

    def __init__(self) -> None:
        self.count = 0

    def __eq__(self, other: object) -> bool:
        self.count += 1
        return self is other

    __hash__ = None  # type: ignore[assignment]


def loaded(condition: str = IS_AMONG, *, compiled: bool = True) -> Oso:
    oso = Oso(compiled=compiled)
    oso.register_class(User)
    oso.register_class(Doc)
    oso.load_str(f'allow(user: User, "read", doc: Doc) if {condition};')
    return oso


KEYS: list[tuple[t.Any, ...]] = [
    ("a", 1),
    ("a", 2),
    ("b", 1),
    ("a",),
    (),
    (1, "a"),
    (True, "a"),
    (1.0, "a"),
    (math.nan, "a"),
    (None, "a"),
    ("a", 1, 2),
    Seat("a"),
    Seat("b"),
    Seat(1, "a"),
    Seat(math.nan),
    Turned(("a", 1)),
    Turned(("b", 1)),
    Turned(()),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_tuple_is_found_as_by_the_solver(key: tuple[t.Any, ...]) -> None:
    """In any list of two, also behind one that differs in its first part, or in its class."""
    ours, solver = loaded(), loaded(compiled=False)

    different = [
        (one, other)
        for one in KEYS
        for other in KEYS
        if ours.is_allowed(User(key), "read", Doc(one, other))
        != solver.is_allowed(User(key), "read", Doc(one, other))
    ]

    assert different == []


@pytest.mark.parametrize("make", [lambda *parts: parts, Seat], ids=["tuple", "named"])
def test_part_behind_a_first_one_that_differs_is_not_looked_at(make: t.Any) -> None:
    """Python does not compare it, and the function answers."""
    oso, asked = loaded(), Asked()
    doc = Doc(make("b", asked), make("a", 1))
    # The class of the tuples becomes known.
    oso.is_allowed(User(make("a", 1)), "read", Doc(make("b", 1)))

    answer = oso.engine.specialized["read"][Doc](User(make("a", 1)), "read", doc)

    assert (answer, asked.count) == (True, 0)


@pytest.mark.parametrize("make", [lambda *parts: parts, Seat], ids=["tuple", "named"])
@pytest.mark.parametrize("is_item", [True, False])
def test_part_behind_an_equal_first_one_is_asked_as_often_as_by_the_solver(
    make: t.Any, is_item: bool
) -> None:
    """The function gives up before it asks."""
    counts = []
    for compiled in (True, False):
        oso, asked = loaded(compiled=compiled), Asked()
        keys = make("a", asked), make("a", 1)
        user, doc = User(keys[not is_item]), Doc(keys[is_item])
        # Functions are made, and the class of the tuples becomes known.
        oso.is_allowed(User(make("a", 1)), "read", Doc(make("b", 1)))
        counts.append((oso.is_allowed(user, "read", doc), asked.count))

    assert counts == [counts[1]] * 2


def test_tuple_with_parts_of_its_own_is_not_asked_for_them() -> None:
    """What it gives may differ from what Python compares."""
    oso = loaded()
    key = Turned(("a", 1))

    assert oso.is_allowed(User(key), "read", Doc(Turned(("b", 1)))) is False
    assert oso.is_allowed(User(key), "read", Doc(Turned(("a", 1)))) is True


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_tuple_is_equal_as_for_the_solver(key: tuple[t.Any, ...]) -> None:
    """With or without names, and whatever its first part is."""
    ours, solver = loaded(IS_EQUAL), loaded(IS_EQUAL, compiled=False)

    different = [
        other
        for other in KEYS
        if ours.is_allowed(User(key), "read", Doc(other))
        != solver.is_allowed(User(key), "read", Doc(other))
    ]

    assert different == []


@pytest.mark.parametrize("first", ["a", "b"])
def test_part_behind_an_equal_first_one_is_asked_where_tuples_are_compared(first: str) -> None:
    """And none is behind one that differs: the function answers then."""
    oso, asked = loaded(IS_EQUAL), Asked()
    # The class of the tuples becomes known.
    oso.is_allowed(User(Seat("a")), "read", Doc(Seat("b")))
    question = User(Seat("a")), "read", Doc(Seat(first, asked))

    answer = oso.engine.specialized["read"][Doc](*question)

    assert answer is (None if first == "a" else False)
    assert (oso.is_allowed(*question), asked.count) == (False, int(first == "a"))
