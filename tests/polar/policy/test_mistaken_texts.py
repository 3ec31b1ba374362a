"""Lists and texts that no question is equal to are warned about."""

from __future__ import annotations

import pytest

from tests.support import policies
from tests.support.policies import make_host


class Dog:
    """A class."""


class Action:
    """What may be done, as an object."""


HOST = make_host(Dog, Action)
LISTED = 'Write the variable `action`, and behind `if` `action in ["read", "edit"]`.\n'


def warnings_of(text: str) -> list[str]:
    return policies.warnings_of(text, host=HOST)


@pytest.mark.parametrize(
    ("head", "said", "remedy"),
    [
        ('allow(_, ["read", "edit"], _)', "A list equals no action", LISTED),
        ('allow(_, _a: ["read", "edit"], _)', "A list equals no action", LISTED),
        ("allow(_, {read: true}, _)", "A dictionary equals no action", '`action in ["…", "…"]`'),
        ('allow(_, "read, edit", _)', '"read, edit" is one action', LISTED),
        ('allow(_, _a: "read|edit", _)', '"read|edit" is one action', LISTED),
        ('allow(_, "*", _)', '"*" is a text like any other', "For any action write `_`.\n"),
        ('allow_field(_, "read", _, ["a"])', "A list equals no field", '`field in ["a"]`'),
        ('has_role(_, ["owner"], _)', "A list equals no role", '`role in ["owner"]`'),
    ],
)
def test_what_equals_no_string_warns(head: str, said: str, remedy: str) -> None:
    """A head with a list, or several names in one text, is warned of, and told how to write it."""
    (warning,) = warnings_of(f"{head};")

    assert warning.startswith(said)
    assert remedy in warning


def test_search_in_a_text_warns() -> None:
    """A text of several names is no list of them."""
    (warning,) = warnings_of('allow(_, a, _) if a in "read, edit";')

    assert warning.startswith('What is in the text "read, edit" are its characters')
    assert warning.endswith('Write a list: `["read", "edit"]`.\n')


def test_class_in_quotes_behind_matches_warns() -> None:
    """A class in quotes is a text, in a condition as in a head."""
    (warning,) = warnings_of('f(x) if x matches "Dog";')

    assert warning.startswith('"Dog" is compared as a string; write Dog without quotes')


@pytest.mark.parametrize(
    "rule",
    [
        'allow(_, "read", _);',
        'allow(_, "read the paper", _);',
        'allow(["ann", "eve"], "read", {kind: "page"});',
        'denial_reason(_, "read", _, "Log in, then ask.");',
        'f("*", ["a"], "a, b");',
        'f(x) if x in "aeiou";',
        'f(x) if "a, b" = x;',
    ],
)
def test_texts_elsewhere_do_not_warn(rule: str) -> None:
    """Actors and resources may be lists, and a text may be a sentence."""
    assert warnings_of(rule) == []


def test_action_behind_the_resource_warns() -> None:
    """A class in the place of the action, before a text, is the resource."""
    (warning,) = warnings_of('allow(_, _dog: Dog, "read");')

    assert warning.startswith('Dog stands in the place of the action, and "read" behind it')
    assert warning.endswith("Write `allow(actor, action, resource)`.\n")


@pytest.mark.parametrize(
    "rule",
    [
        'allow(_, _: String, "page");',
        "allow(_, _: Dog, _);",
        'allow(_, _: Action, "page");',
    ],
)
def test_actions_of_a_class_do_not_warn(rule: str) -> None:
    """A resource may be a text, and an action an object."""
    assert warnings_of(rule) == []


def test_rule_that_is_meant_as_allow_is_named() -> None:
    """A policy without an allow rule is told of the name that is near."""
    (warning,) = policies.load('alow(_, "read", _);', host=HOST).warnings

    assert warning.endswith("Or is the rule `alow` meant?")


def test_search_for_pairs_in_items_warns() -> None:
    """The elements of ``items()`` are tuples, which equal no list."""
    (warning,) = warnings_of('allow(_, "read", d) if [k, v] in d.acl.items() and k = v;')

    assert warning.startswith("No list equals what `items()` of a dictionary gives")
    assert warning.endswith("Write `[k, v] in d.acl`, which goes through the entries.\n")


@pytest.mark.parametrize("goal", ["i in d.items() and i = d", "[k, v] in d and k = v"])
def test_other_searches_in_dictionaries_do_not_warn(goal: str) -> None:
    """What goes through entries, or takes each as a whole."""
    assert warnings_of(f'allow(_, "read", d) if {goal};') == []


def test_search_in_items_of_a_class_does_not_warn() -> None:
    """What a method of a class with this name gives may be lists."""
    assert warnings_of('allow(_, "read", dog: Dog) if [k, v] in dog.items() and k = v;') == []
