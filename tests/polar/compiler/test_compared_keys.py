"""Keys that the next condition compares with a text, where not all keys are plain texts."""

from __future__ import annotations

import sys
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.exceptions import PolarRuntimeError
from tests.support.answers import outcome_of
from tests.support.value_kinds import Folded, User

BOTH = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "solved"])


class Doc:
    def __init__(self, x: t.Any) -> None:
        self.x = x


class Label:
    """It equals a text, and has its hash."""

    level = 5

    def __eq__(self, other: object) -> bool:
        return other == "b"

    def __hash__(self) -> int:
        return hash("b")


class Marked(str):
    """A text of a class of its own."""


class Hashed(str):
    """A text that is not found by the hash of texts."""

    __eq__ = str.__eq__

    def __hash__(self) -> int:
        return 7


def _outcomes(condition: str, name: str | float, keys: t.Any, *, compiled: bool) -> list[t.Any]:
    oso = Oso(compiled=compiled)
    for cls in (User, Doc, Label):
        oso.register_class(cls)
    oso.load_str(f'allow(u: User, "read", d: Doc) if {condition};')
    return [outcome_of(oso, User(name), "read", Doc(keys)) for _ in range(2)]


@BOTH
@pytest.mark.parametrize(
    ("condition", "name", "entries"),
    [
        ("[k, _] in d.x and k = u.x", "b", {Folded("B"): 5}),
        ("[k, v] in d.x and k = u.x and v = 5", "b", {Folded("B"): 5, "a": 5}),
        ("not ([k, _] in d.x and k = u.x)", "B", {Folded("B"): 5}),
        ("[k, v] in d.x and k = u.x and v = 5", "1", {Marked("1"): 5, 1: 7}),
        ("not ([k, _] in d.x and k = u.x)", "b", {Hashed("b"): 5}),
        ("forall([k, _] in d.x and k = u.x, 1 = 2)", "b", {Hashed("b"): 5}),
        ("k in d.x and k = u.x and k matches String", "b", {Label()}),
        ("k in d.x and k = u.x and not k matches Label", "b", {Label()}),
        ("k in d.x.keys() and k = u.x and k matches String", "b", {Label(): 5}),
        ("k in d.x.keys() and k = u.x and not k matches Label", "b", {Label(): 5}),
        ("not (k in d.x and k = u.x)", "b", {Hashed("b")}),
    ],
)
def test_key_that_is_no_plain_text_does_not_stand_for_one(
    condition: str, name: str, entries: t.Any, *, compiled: bool
) -> None:
    """All are gone through: what Python finds under a text may be another key."""
    assert _outcomes(condition, name, entries, compiled=compiled) == [False, False]


@BOTH
@pytest.mark.parametrize(
    ("condition", "name", "entries"),
    [
        ("k in d.x and k = u.x and k.level = 5", "b", {Label()}),
        ("[k, _] in d.x and k = u.x", "B", {Folded("B"): 5}),
        ("[k, _] in d.x and k = u.x", "b", {Hashed("b"): 5}),
        ("[k, _] in d.x and k = u.x", "1", {1: 5}),
        ("[k, v] in d.x and k = u.x and v = 5", "1", {1: 7, "1": 5}),
        ("k in d.x and k = u.x", "b", {Hashed("b")}),
    ],
)
def test_key_is_compared_as_it_is(
    condition: str, name: str, entries: t.Any, *, compiled: bool
) -> None:
    """Also where its hash is not that of the text."""
    assert _outcomes(condition, name, entries, compiled=compiled) == [True, True]


@BOTH
def test_number_is_compared_with_each_key(*, compiled: bool) -> None:
    """Unlike an integer, a float is no value that is found by its hash alone."""

    class Any(Label):
        __hash__ = Label.__hash__

        def __eq__(self, other: object) -> bool:
            return True

    keys = {Any(): 5}

    assert _outcomes("u.x in d.x.keys()", 5.5, keys, compiled=compiled) == [True, True]
    assert _outcomes("not u.x in d.x.keys()", 5.5, keys, compiled=compiled) == [False, False]


@BOTH
def test_object_that_equals_a_text_is_no_key(*, compiled: bool) -> None:
    """It is an error, as where all entries are gone through, and no entry of the text."""
    problems = _outcomes(
        "[k, v] in d.x and k = u.x and v = 5", "b", {Label(): 5}, compiled=compiled
    )

    assert all(kind is TypeError for kind, _ in problems)


@BOTH
def test_pair_with_a_name_is_compared_with_each_entry(*, compiled: bool) -> None:
    """Only where the pair is written in the search, the text is looked up."""
    condition = "p = [k, v] and p in d.x and k = u.x and v = 5"

    problems = _outcomes(condition, "b", {"b": 5, "a": sys}, compiled=compiled)

    assert all(kind is PolarRuntimeError for kind, _ in problems)
