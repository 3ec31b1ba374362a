"""What queries take and give."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar.host.terms import (
    Expression,
    Pattern,
    Predicate,
    TypeConstraint,
    Variable,
    dot_path,
)


def test_variable_is_its_name() -> None:
    """A variable equals and hashes like its name and shows what it is."""
    variable = Variable("x")

    assert variable == "x"
    assert hash(variable) == hash("x")
    assert str(variable) == repr(variable) == "Variable('x')"


def test_predicate_compares_by_value() -> None:
    """Name and arguments count; a tuple is as good as a list."""
    assert Predicate("f", [1]) == Predicate("f", (1,))
    assert Predicate("f", [1]) != Predicate("g", [1])


def test_predicate_prints_any_argument() -> None:
    """Arguments of a predicate that are no strings can be printed."""
    assert str(Predicate("f", ["a", 1])) == "f(a, 1)"


@pytest.mark.parametrize("value", [Predicate("f", []), Expression("Eq", []), Pattern(None, {})])
def test_terms_are_unhashable(value: t.Any) -> None:
    """Terms hold lists and dictionaries, so they have no hash."""
    with pytest.raises(TypeError):
        hash(value)


def test_expression_and_pattern_show_their_parts() -> None:
    """The representations are oso's."""
    assert repr(Expression("Eq", [1, 2])) == "Expression(Eq, [1, 2])"
    assert repr(Pattern("T", {"a": 1})) == "Pattern(T, {'a': 1})"


def test_type_constraint_is_an_expression() -> None:
    """A type constraint equals the conjunction of one class test."""
    constraint = TypeConstraint(Variable("x"), "User")

    assert constraint == Expression(
        "And", [Expression("Isa", [Variable("x"), Pattern("User", {})])]
    )


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        (Variable("x"), ("x",)),
        (Expression("Dot", [Expression("Dot", [Variable("x"), "a"]), "b"]), ("x", "a", "b")),
        (Expression("Eq", [1, 2]), ()),
        (1, ()),
    ],
)
def test_dot_path_names_the_way(expression: t.Any, path: tuple[str, ...]) -> None:
    """The path of nested lookups begins with the variable."""
    assert dot_path(expression) == path
