"""Iterators of containers: what they are going to yield is known without reading them."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar.host.iterators import Ahead, begins_alone, elements_ahead

MAKERS: list[t.Callable[[list[int]], t.Iterator[int]]] = [
    iter,
    lambda values: iter(tuple(values)),
    lambda values: iter(dict(enumerate(values)).values()),
    lambda values: iter(dict.fromkeys(values)),
    lambda values: iter({*values}),
    lambda values: iter(range(values[0], values[-1] + 1)),
]


@pytest.mark.parametrize("make", MAKERS)
def test_iterator_is_looked_ahead_of(make: t.Any) -> None:
    """It is not read, and what was read before is left out."""
    iterator = make([1, 2, 3])
    next(iterator)
    ahead = elements_ahead(iterator)

    assert type(ahead) is Ahead
    assert [[*ahead], [*iterator]] == [[2, 3], [2, 3]]


@pytest.mark.parametrize("kind", [list, tuple])
def test_iterator_that_is_searched_alone_gives_what_it_goes_through(kind: t.Any) -> None:
    """A list is not copied twice; what was read before is left out."""
    values = kind([1, 2, 3])
    iterator, begun = iter(values), iter(values)
    next(begun)

    assert elements_ahead(iterator, is_searched=True) is values
    assert elements_ahead(begun, is_searched=True) == values[1:]
    assert [[*iterator], [*begun]] == [[1, 2, 3], [2, 3]]


@pytest.mark.parametrize("values", ["abc", range(3)])
def test_iterator_of_a_text_or_a_range_is_looked_ahead_of(values: t.Any) -> None:
    """Other things are searched in a text than in what it yields."""
    assert type(elements_ahead(iter(values), is_searched=True)) is Ahead


def test_end_of_an_iterator_is_seen() -> None:
    """There is nothing ahead."""
    iterator = iter([1])
    [*iterator]  # noqa: B018 - it is read to its end

    assert [*elements_ahead(iterator)] == []


class Covered(list[int]):
    """A list that gives others where it is gone through, or cut, than it has."""

    def __iter__(self) -> t.Iterator[int]:
        return iter([7])

    def __getitem__(self, place: t.Any) -> t.Any:
        return [8]


@pytest.mark.parametrize("count", [0, 1])
def test_iterator_of_a_list_with_code_of_its_own_is_not_looked_ahead_of(count: int) -> None:
    """What it yields is in the list, and not what the list gives to others."""
    iterator = list.__iter__(Covered([1, 2]))
    for _ in range(count):
        next(iterator)

    assert type(elements_ahead(iterator)) is not Ahead


def test_iterator_that_something_else_refers_to_is_not_looked_ahead_of() -> None:
    """It might be read there, and so has to be registered."""
    iterator = iter([1])
    kept = [iterator]

    assert elements_ahead(iterator) is kept[0]


def test_what_is_ahead_has_no_attributes() -> None:
    """An iterator has none that a policy reads, and a tuple has two."""
    with pytest.raises(AttributeError):
        Ahead((1,)).count  # noqa: B018 - reading it raises


def test_generator_that_nobody_else_refers_to_begins_alone() -> None:
    """It need not be registered, unless it has begun or something else may read it."""
    fresh, begun, shared = ((each for each in [1, 2]) for _ in range(3))
    next(begun)
    kept = [shared]

    assert begins_alone(fresh)
    assert not begins_alone(begun)
    assert kept
    assert not begins_alone(shared)


def test_generator_that_has_ended_does_not_begin() -> None:
    """There is nothing left of it."""
    ended = (each for each in [1])
    [*ended]  # noqa: B018 - it is read to its end

    assert not begins_alone(ended)
