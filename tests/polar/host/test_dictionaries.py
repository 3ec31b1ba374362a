"""Dictionaries of the application, read entry by entry."""

from __future__ import annotations

import collections
import decimal
import enum
import sys
import types
import typing as t
import uuid

import pytest

from flask_oso.polar.exceptions import OperationalError
from flask_oso.polar.host.dictionaries import (
    MISSING,
    SIZES_OF_TEXTS,
    LazyKeys,
    call_reading,
    find_entry,
    has_text_keys,
    sorted_entries,
    with_texts,
)
from tests.support.value_kinds import name_of


class Level(enum.IntEnum):
    ONE = 1


class Kind(enum.StrEnum):
    MEMO = "memo"


KEY = uuid.UUID(int=1)


@pytest.mark.parametrize(
    ("source", "name", "found"),
    [
        ({"a": 1}, "a", 1),
        ({"a": 1}, "b", MISSING),
        ({1: "x"}, "1", "x"),
        ({Level.ONE: "x"}, "1", "x"),
        ({1.0: "x"}, "1", MISSING),
        ({1.5: "x", -2.0: "y"}, "-2.0", "y"),
        ({True: "x"}, "true", "x"),
        ({True: "x"}, "1", MISSING),
        ({1: "x"}, "true", MISSING),
        ({None: "x"}, "null", "x"),
        ({float("nan"): "x"}, "NaN", "x"),
        ({float("-inf"): "x"}, "-Infinity", "x"),
        ({decimal.Decimal(1): "x"}, "1", MISSING),
        ({1: "x", "1": "y"}, "1", "y"),
        ({Kind.MEMO: "x"}, "memo", "x"),
        ({KEY: "x", "a": 1}, "a", 1),
        ({KEY: "x"}, str(KEY), MISSING),
        ({10: "x"}, "1_0", MISSING),
        ({1e16: "x"}, "1e+16", "x"),
        ({5: "x"}, "550e8400-e29b-41d4-a716-446655440000", MISSING),
    ],
    ids=name_of,
)
def test_entry_is_found_under_the_text_of_its_key(
    source: dict[t.Any, t.Any], name: str, found: t.Any
) -> None:
    """Keys are those that JSON writes, as in oso; a text comes before a number."""
    assert find_entry(source, name) is found


def test_entries_are_sorted_by_their_texts() -> None:
    """All keys are texts, of which each stands once."""
    source = {"b": 1, 10: 2, 9: 3, None: 4, "9": 5}

    assert sorted_entries(source) == [("10", 2), ("9", 5), ("b", 1), ("null", 4)]


@pytest.mark.parametrize(
    ("source", "error"),
    [({"a": 1, KEY: 2}, TypeError), ({(1,): 1}, TypeError), ({"\ud800": 1}, OperationalError)],
    ids=["uuid", "tuple", "surrogate"],
)
def test_key_that_json_refuses_is_an_error_where_all_are_asked_for(
    source: dict[t.Any, t.Any], error: type[Exception]
) -> None:
    """No entry is left out quietly."""
    with pytest.raises(error):
        sorted_entries(source)


def test_copy_for_python_keeps_the_keys_that_json_refuses() -> None:
    """Python can look them up."""
    source = {"b": 1, KEY: 2, 1: 3, "a": 4}

    assert [*with_texts(source).items()] == [("1", 3), ("a", 4), ("b", 1), (KEY, 2)]


@pytest.mark.parametrize(
    ("source", "args", "given"),
    [
        ({"a": 1}, ("a",), 1),
        ({"a": 1}, ("b",), None),
        ({"a": 1}, ("b", 5), 5),
        ({1: "x"}, (1,), None),
        ({1: "x"}, ("1",), "x"),
        ({1: "x"}, (decimal.Decimal(1),), None),
        ({None: "x"}, (None,), None),
        ({KEY: "x", 1: "y"}, (KEY,), "x"),
        ({"memo": 1}, (Kind.MEMO,), 1),
        ({1: "x"}, (Level.ONE, "none"), "none"),
    ],
    ids=str,
)
def test_get_reads_what_a_copy_would_have(
    source: dict[t.Any, t.Any], args: tuple[t.Any, ...], given: t.Any
) -> None:
    """A number finds nothing, since keys are texts; what JSON refuses is found by itself."""
    assert call_reading(source, "get", args) == given
    assert with_texts(source).get(*args) == given


def test_what_is_no_reading_method_is_left_to_a_copy() -> None:
    """Only a real copy may be changed."""
    assert call_reading({"a": 1}, "pop", ("a",)) is MISSING
    assert call_reading({"a": 1}, "get", ()) is MISSING


def test_lazy_keys_are_texts_in_their_order() -> None:
    """One function goes through them as through the keys of a copy."""
    keys = LazyKeys({2: 1, "a": 1})

    assert [*keys] == ["2", "a"]
    assert len(keys) == 2


class Text(str):
    """A text with an equality of its own."""

    __slots__ = ()


class Bounded(dict[t.Any, t.Any]):
    """A dictionary whose own fields make it larger."""

    __slots__ = ("a", "b", "c", "d", "e", "f")


@pytest.mark.parametrize("cls", [dict, collections.OrderedDict, collections.defaultdict, Bounded])
@pytest.mark.parametrize("key", [1, Text("other"), None, KEY, (), b"a"], ids=name_of)
def test_one_key_that_is_no_text_is_seen_at_each_size(cls: t.Any, key: t.Any) -> None:
    """Tables for texts alone have sizes of their own, also after a change, and in a copy."""
    seen = []
    source = cls()
    for size in range(400):
        source[f"key{size}"] = size
        before = has_text_keys(source)
        source[key] = 0
        among = has_text_keys(source), has_text_keys(source.copy()), has_text_keys(source | {})
        del source[key]
        seen.append((before, *among, has_text_keys(source)))

    assert {*seen} == {(True, False, False, False, True)}


def test_attributes_of_an_object_may_have_another_key() -> None:
    """They share a table with those of other objects, until a key is no text."""
    objects = [types.SimpleNamespace(**{f"a{n}": n for n in range(size)}) for size in range(100)]

    before = [has_text_keys(vars(each)) for each in objects]
    for each in objects:
        t.cast("dict[t.Any, t.Any]", vars(each))[1] = 1

    assert (all(before), any(has_text_keys(vars(each)) for each in objects)) == (True, False)


def test_large_dictionaries_of_texts_are_told_by_their_size() -> None:
    """No key of them is looked at, but where the interpreter has other tables."""
    looked_at = []
    for power in range(3, 18):
        source = dict.fromkeys(map(str, range(2 * 2**power // 3)))
        looked_at.append(source.__sizeof__() not in SIZES_OF_TEXTS)

    assert any(looked_at) is (sys.implementation.name != "cpython")
