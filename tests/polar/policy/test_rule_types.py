"""Rule types: which rules have the shape, and the reasons given where one has not."""

from __future__ import annotations

import re

import pytest

from tests.support import policies
from tests.support.models.people import User
from tests.support.policies import load, make_host


class Animal:
    """A class."""


class Dog(Animal):
    """A class derived from it."""


HOST = make_host(Animal, Dog, User, answer=42, rex=Dog())

BLOCKS = "actor User {} resource Animal {}"


def problems_of(text: str) -> list[str]:
    return policies.problems_of(text, host=HOST)


def reason_for(type_head: str, rule_head: str) -> str:
    (problem,) = problems_of(f"{BLOCKS} type f({type_head});\nf({rule_head});")
    found = re.search(r"Failed to match because: (.*)\n at line 2, column 1:", problem, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("type_head", "rule_head"),
    [
        ("x", "_"),
        ("x", "_: Dog"),
        ("x", "1"),
        ("answer", "2"),
        ("x: Integer", "1"),
        ("x: Integer", "_: 1"),
        ("x: Integer", "true"),
        ("x: String", '"a"'),
        ("x: List", "[1]"),
        ("x: Dictionary", "{a: 1}"),
        ("x: Dictionary", "_: {a: 1}"),
        ("x: Animal", "_: Dog"),
        ("x: Nope", "_: Nope"),
        ("x: Dog{a: 1}", "_: Dog{a: 1, b: 2}"),
        ("x: Animal{a: 1}", "_: Dog{a: 1}"),
        ("x: {a: 1}", "_: Dog{a: 1}"),
        ("x: {a: 1}", "{a: 1, b: 2}"),
        ("x: Actor", "_: Actor"),
        ("x: Actor", "_: User"),
        ("x: Resource", "_: Dog"),
        ("1", "1"),
        ("1", "1.0"),
        ("x: 1", "_: 1"),
        ("[1]", "[2, 1]"),
        ("{a: 1}", "{a: 1, b: 2}"),
    ],
)
def test_shape_matches(type_head: str, rule_head: str) -> None:
    """Subclasses, members of unions, further fields and further elements are fine."""
    load(f"{BLOCKS} type f({type_head}); f({rule_head});", host=HOST)


@pytest.mark.parametrize(
    ("type_head", "rule_head", "reason"),
    [
        (
            "x, y",
            "1",
            "Different number of parameters. Rule has 1 parameter(s) but rule type has 2.",
        ),
        ("x: Dog", "_x", "Parameter `_x` expects a Dog type constraint.\n\n\t_x: Dog"),
        ("x: Dog", "answer", "Parameter `answer` expects a Dog type constraint.\n\n\tanswer: Dog"),
        ("x: 1", "_x", "Invalid rule parameter 1. Rule type expected Number(Integer(1))"),
        ("x: {a: 1}", "_x", "Invalid rule parameter 1. Rule type expected {a: 1}"),
        (
            "x: Dog",
            "_: Animal",
            "Rule specializer Animal on parameter 1 must match rule type specializer Dog",
        ),
        (
            "x: Dog",
            '"a"',
            "Rule specializer String on parameter 1 must match rule type specializer Dog",
        ),
        ("x: Dog", "_: Nope", "Rule specializer Nope on parameter 1 is not registered as a class."),
        (
            "x: Dog",
            "_: Actor",
            "Rule specializer Actor on parameter 1 is not registered as a class.",
        ),
        (
            "x: Dog{a: 1}",
            "_: Dog{a: 2}",
            "Rule specializer Dog{a: 2} on parameter 1 did not match rule type specializer "
            "Dog{a: 1} because the specializer fields did not match.",
        ),
        (
            "x: answer",
            "1",
            "Rule type specializer answer on parameter 1 should be a registered class, "
            "but instead it's registered as a constant with value: 42",
        ),
        (
            "x: Actor",
            "_: Resource",
            "Rule specializer Resource on parameter 1 does not match rule type specializer Actor",
        ),
        (
            "x: Actor",
            "_: Dog",
            "Rule specializer Dog on parameter 1 must be a member of rule type specializer Actor"
            "\n\n\tPerhaps you meant to add an actor block to the top of your policy, like this:"
            "\n\n\t  actor Dog {}",
        ),
        (
            "x: Resource",
            "1",
            "Rule specializer Integer on parameter 1 must be a member of rule type specializer "
            "Resource\n\n\tPerhaps you meant to add a resource block to your policy, like this:"
            "\n\n\t  resource Integer { .. }",
        ),
        (
            "x: Resource{a: 1}",
            "_: Dog",
            "Rule specializer Dog{} on parameter 1 did not match rule type specializer "
            "Resource{a: 1} because the specializer fields did not match.",
        ),
        (
            "x: {a: 1}",
            "_: Dog{a: 2}",
            "Specializer mismatch on parameter 1. Rule specializer fields {a: 2} do not match "
            "rule type specializer fields {a: 1}.",
        ),
        (
            "x: Dog",
            "_: {a: 1}",
            "Mismatch on parameter 1. Rule parameter {a: 1} does not match rule type parameter "
            "Dog{}.",
        ),
        (
            "x: {a: 1}",
            '"a"',
            'Invalid parameter 1. Rule type expected Dictionary, got String("a").',
        ),
        (
            "x: {a: 1}",
            "{a: 2}",
            "Invalid parameter 1. Rule type expected Dictionary with fields {a: 1}, "
            "got dictionary with fields {a: 2}.",
        ),
        (
            "1",
            "2.5",
            "Invalid parameter 1. Rule value Number(Float(2.5)) != "
            "rule type value Number(Integer(1))",
        ),
        (
            "true",
            "_x",
            'Invalid parameter 1. Rule value Variable(Symbol("_x")) != '
            "rule type value Boolean(true)",
        ),
        (
            "x, 1",
            "1, _: Integer",
            "Invalid parameter 2. Rule parameter _1: Integer{} does not match "
            "rule type parameter 1",
        ),
        (
            "[1]",
            "[2]",
            "Invalid parameter 1. Rule type expected list [1], got list [2].",
        ),
        (
            "{a: 1}",
            "{}",
            "Invalid parameter 1. Rule type expected Dictionary with fields {a: 1}, "
            "got Dictionary with fields {}",
        ),
        (
            "[1]",
            "{}",
            "Invalid parameter 1. Rule value {} != rule type value [1]",
        ),
    ],
)
def test_shape_does_not_match(type_head: str, rule_head: str, reason: str) -> None:
    """The first parameter that differs gives the reason."""
    assert reason_for(type_head, rule_head) == reason


def test_all_types_are_listed_with_their_reasons() -> None:
    """A rule needs one type of its name; if none matches, each says why."""
    assert problems_of("type allow(a, b);\nallow(1) if 1 = 1;") == [
        "Invalid rule: allow(1) if 1 = 1; Must match one of the following rule types:\n"
        "\nallow(actor, _action, resource);\n\tFailed to match because: Different number of "
        "parameters. Rule has 1 parameter(s) but rule type has 3.\n"
        "\nallow(a, b);\n\tFailed to match because: Different number of "
        "parameters. Rule has 1 parameter(s) but rule type has 2.\n"
        " at line 2, column 1:\n\t002: allow(1) if 1 = 1;\n\t     ^\n"
        "Write all parameters, `_` for those that do not matter.\n"
    ]


def test_one_matching_type_is_enough() -> None:
    """Types of one name widen what is allowed."""
    load('type f(x: Integer); type f(x: String); f(1); f("a");', host=HOST)


@pytest.mark.parametrize(
    "rule",
    [
        "allow(1, 2);",
        "allow_field(1, 2, 3);",
        "allow_request(1);",
        'has_permission(_, "a", _: Resource);',
        "has_permission(_: Actor, 1, _: Resource);",
    ],
)
def test_built_in_types_bind(rule: str) -> None:
    """The rules that the host asks have shapes of their own."""
    (problem,) = problems_of(f"{BLOCKS}\n{rule}")

    assert problem.startswith("Invalid rule: ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("type f(x.y);", "f(_value_1) if x.y = _value_1;"),
        ("type f(1 + 2);", "f(_op_1) if 1 + 2 = _op_1;"),
    ],
)
def test_type_that_computes_is_refused(text: str, shown: str) -> None:
    """A shape has no operations."""
    (problem,) = problems_of(text)

    assert problem.startswith(
        f"Invalid rule type: {shown}\n\tRule types cannot contain dot lookups. at line 1, column 6"
    )


def test_type_with_rest_is_refused_where_it_matters() -> None:
    """A rest variable is no shape; it is noticed when a list is compared."""
    (problem,) = problems_of("type f([1, *r]); f([1]); f([2]);")

    assert problem.startswith(
        "Invalid rule type: f([1, *r]);\n\tRule types cannot contain *rest variables. at line 1,"
    )


def test_type_of_an_unregistered_class_is_refused_once() -> None:
    """The class of the type is to blame, not each of the rules."""
    (problem,) = problems_of("type f(x, y: Nope); f(1, 1); f(_: Dog, _: Dog);")

    assert problem.startswith("Unregistered class: Nope at line 1, column 14:")


def test_type_of_an_unregistered_class_is_noticed_behind_a_mismatch() -> None:
    """An unregistered class in a rule type is told, though an earlier parameter does not match."""
    (problem,) = problems_of("type f(1, y: Nope); f(2, 1);")

    assert problem.startswith("Unregistered class: Nope at line 1, column 14:")


def test_missing_rule_is_not_reported_beside_a_wrong_one() -> None:
    """Most often the wrong rule is the one that is required."""
    problems = problems_of('actor User { roles = ["a"]; } has_role(_, "a", _: User);')

    assert [problem.partition("(")[0] for problem in problems] == ["Invalid rule: has_role"]


def test_required_rule_that_is_there_is_not_reported() -> None:
    """A block with roles wants a rule that gives them, whatever it is called with besides."""
    block = 'actor User { roles = ["a"]; }'

    load(f'{block} has_role(_: User, "a", _: User);', host=HOST)

    (problem,) = problems_of(block)
    assert problem.startswith("Missing implementation for required rule has_role(")


def test_wrong_type_is_noticed_beside_one_that_matches() -> None:
    """A rule that has exactly the shape of a type does not hide a mistake in another."""
    (problem,) = problems_of("type f(x: Nope); type f(x: Dog); f(_: Dog);")

    assert problem.startswith("Unregistered class: Nope at line 1, column 11:")


def test_literals_of_two_kinds_are_two_shapes() -> None:
    """In Python 1 and True are equal; here they are not."""
    (problem,) = problems_of("type f(1); f(true);")

    assert problem.startswith("Invalid rule: f(true);")
