"""Registered classes and constants."""

from __future__ import annotations

import re
import typing as t

import pytest

from flask_oso.polar.exceptions import (
    DuplicateClassAliasError,
    PolarRuntimeError,
    UnregisteredClassError,
)
from flask_oso.polar.host.registry import make_host
from flask_oso.polar.nodes import Instance


class Colour:
    """What two names are for."""


def test_class_name_taken_names_both_classes() -> None:
    """The error names the class that has the name and the one that wanted it."""
    host = make_host().with_class(Colour, "Red", None)

    with pytest.raises(DuplicateClassAliasError) as caught:
        host.with_class(int, "Red", None)

    assert str(caught.value) == (
        f"Attempted to alias {int} as 'Red', but {Colour} already has that alias."
    )


@pytest.mark.parametrize("name", ["Actor", "Resource"])
def test_unions_cannot_be_registered(name: str) -> None:
    """The names of the unions are reserved, and the host stays usable."""
    host = make_host()

    with pytest.raises(PolarRuntimeError, match=f"'{name}' is a built-in specializer"):
        host.with_constant(1, name)


def test_registering_what_is_no_class_says_what_to_do() -> None:
    """A value that is no class is a TypeError that names the other method."""
    with pytest.raises(TypeError, match="Use 'register_constant'"):
        make_host().with_class(5, None, None)  # type: ignore[arg-type]  # that is the point


def test_registering_a_constant_with_its_name_first_says_the_order() -> None:
    """A name that is no str is a TypeError that says where the name stands."""
    message = r"^'register_constant' takes the name as a str, behind the value, not int\.$"

    with pytest.raises(TypeError, match=message):
        make_host().with_constant("one", 1)  # type: ignore[arg-type]  # that is the point


def test_registering_a_class_under_a_name_that_is_no_str() -> None:
    """A name of a class that is no str is a TypeError that says so."""
    message = r"^'register_class' takes the name as a str, not type\.$"

    with pytest.raises(TypeError, match=message):
        make_host().with_class(int, str, None)  # type: ignore[arg-type]  # that is the point


def test_host_is_immutable() -> None:
    """Registering gives another host and leaves the first as it was."""
    host = make_host()

    other = host.with_constant(1, "one")

    assert "one" in other.constants
    assert "one" not in host.constants


def test_get_class_unknown_names_it() -> None:
    """The message is the name."""
    with pytest.raises(UnregisteredClassError, match=r"^Nope$"):
        make_host().get_class("Nope")


def test_nil_is_none() -> None:
    """The constant nil is Python's None."""
    nil = make_host().constants["nil"]

    assert isinstance(nil, Instance)
    assert nil.value is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            ["name"],
            "'fields' takes a dictionary of the types of fields, such as '{\"name\": str}', ",
        ),
        ([1], "and not 'list'"),
        ("name", "and not 'str'"),
        ({1: str}, "'fields' has the names of fields as its keys, and not 1"),
    ],
)
def test_fields_that_are_no_dictionary_of_names(fields: t.Any, message: str) -> None:
    """The types of fields stand in a dictionary, by their names."""
    with pytest.raises(TypeError, match=re.escape(message)):
        make_host().with_class(Colour, None, fields)
