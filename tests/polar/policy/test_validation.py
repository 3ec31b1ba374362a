"""What is said about the rules of a policy: errors, and warnings about what looks wrong."""

from __future__ import annotations

import pytest

from tests.support import policies
from tests.support.policies import make_host


class Dog:
    """A class."""


HOST = make_host(Dog, answer=42)


def problems_of(text: str) -> list[str]:
    return policies.problems_of(text, host=HOST)


def warnings_of(text: str) -> list[str]:
    return policies.warnings_of(text, host=HOST)


# -- singletons ----------------------------------------------------------------------


def test_singleton_shows_its_place() -> None:
    """The message has the words of oso, the place, the line and a caret."""
    assert problems_of("f(x, y) if x = 1;") == [
        "Singleton variable y is unused or undefined; try renaming to _y or _"
        " at line 1, column 6:\n\t001: f(x, y) if x = 1;\n\t          ^\n"
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("f(x);", "x"),
        ("f(x, y, z);", "x y z"),
        ("f(_: Dog{a: x});", "x"),
        ("f({a: x}, [y]);", "x y"),
        ("f(1) if x;", "x"),
        ("f(1) if not x = 1 or y in [1];", "x y"),
        ("f(1) if forall(x = 1, y = 2);", "x y"),
        ("f(a) if a.b(x, k: y) = 1;", "x y"),
        ("f(a) if a.(k) = 1;", "k"),
        ("f(a) if a = new Dog(x);", "x"),
        ("f(a) if a matches Dog{k: x};", "x"),
        ("f(x) if g(y); g(1);", "x y"),
    ],
)
def test_singletons_are_found_everywhere(text: str, names: str) -> None:
    """Heads, patterns, bodies and arguments are searched, in the order of the text."""
    found = [problem.split()[2] for problem in problems_of(text)]

    assert found == names.split()


def test_singleton_rest_variable_keeps_its_star() -> None:
    """The star belongs to what is reported and to what is proposed."""
    (problem,) = problems_of("f([1, *xs]);")

    assert problem.startswith(
        "Singleton variable *xs is unused or undefined; try renaming to *_xs or *_"
        " at line 1, column 7:"
    )


@pytest.mark.parametrize(
    "text",
    [
        "f(_);",
        "f(_x);",
        "f(a::b);",
        "f(answer, nil, Dog, Integer);",
        "f(Actor, Resource);",
        "f(x, x);",
        "f(x) if x;",
        "f([x, *y], y) if x;",
        "type f(x); f(1);",
        "?= x = 1;",
    ],
)
def test_other_names_are_no_singletons(text: str) -> None:
    """Temporary and namespaced names, constants, unions, types and queries are exempt."""
    assert warnings_of(text) == []


def test_class_in_quotes_warns() -> None:
    """A string behind a colon that is the name of a class is probably meant as the class."""
    assert warnings_of('f(_: "Dog", _: "read", _: Dog);') == [
        '"Dog" is compared as a string; write Dog without quotes to match the class at line 1, '
        'column 6:\n\t001: f(_: "Dog", _: "read", _: Dog);\n\t          ^\n'
    ]


# -- specializers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("f(_: Nope);", "Unknown specializer Nope at line 1, column 6:"),
        ("f(x) if x matches Nope;", "Unknown specializer Nope at line 1, column 19:"),
        ("f(_: Dog{a: Nope{}});", "Unknown specializer Nope at line 1, column 13:"),
        ("f(_: [Nope{}]);", "Unknown specializer Nope at line 1, column 7:"),
        ("f(_: string);", "Unknown specializer string, did you mean String? at line 1, "),
        ("f(_: HashMap);", "Unknown specializer HashMap, did you mean Dictionary? at line"),
        ("f(_: Dgo);", "Unknown specializer Dgo, did you mean Dog? at line 1, column 6:"),
        ("f(_: Do);", "Unknown specializer Do, did you mean Dog? at line 1, column 6:"),
        ("f(_: Dogg);", "Unknown specializer Dogg, did you mean Dog? at line 1, column 6:"),
        ("f(_: dog);", "Unknown specializer dog, did you mean Dog? at line 1, column 6:"),
    ],
)
def test_unknown_specializer_warns(text: str, warning: str) -> None:
    """The warning proposes a class of Polar or a registered one that looks alike."""
    (found,) = warnings_of(text)

    assert found.startswith(warning)


def test_unknown_specializer_warns_once_in_a_rule() -> None:
    """A name used twice in a rule is reported, once; other rules have their own warning."""
    found = warnings_of("f(x: Nope, _: Nope) if x matches Nope; f(_: Nope);")

    assert [warning.partition(":")[0] for warning in found] == [
        "Unknown specializer Nope at line 1, column 6",
        "Unknown specializer Nope at line 1, column 45",
    ]


@pytest.mark.parametrize("name", ["Dog", "answer", "Actor", "Resource", "_Nope", "a::b"])
def test_other_specializers_do_not_warn(name: str) -> None:
    """Constants, unions, temporary and namespaced names are exempt."""
    assert warnings_of(f"f(_: {name});") == []


@pytest.mark.parametrize(
    "text",
    ["f(_: {a: Dog});", "f(_: Dog{a: Dog});", "f(_: [Dog]);", "f(x) if x matches {a: {b: Dog}};"],
)
def test_class_inside_a_pattern_warns(text: str) -> None:
    """Without braces a class in a pattern is the class object, which is seldom meant."""
    (warning,) = warnings_of(text)

    assert warning.startswith(
        "Dog inside a pattern is compared with the class itself; write Dog{} to match its "
        "instances at line 1, column "
    )


@pytest.mark.parametrize(
    "text", ["f(_: {a: Dog{}});", "f(_: {a: answer});", "f(Dog);", "f(x) if x = {a: Dog};"]
)
def test_class_elsewhere_does_not_warn(text: str) -> None:
    """Instances in patterns and class objects as values are fine."""
    assert warnings_of(text) == []


# -- calls ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    ["g(1)", "not g(1)", "1 = 1 and g(1)", "1 = 2 or (1 = 1 and g(1))", "forall(g(1), 1 = 1)"],
)
def test_call_to_undefined_rule_is_refused(body: str) -> None:
    """Calls are found wherever a body has goals."""
    (problem,) = problems_of(f"f(1) if {body};")

    assert problem.startswith("Call to undefined rule: g(1) at line 1, column ")


def test_call_is_shown_as_it_is_evaluated() -> None:
    """Operations in the arguments are shown by the variables that take their place."""
    (problem,) = problems_of("f(x) if g(x.a, _);")

    assert problem.startswith("Call to undefined rule: g(_value_1, _2) at line 1, column 9:")


def test_misspelt_call_is_helped() -> None:
    """A line after the excerpt names the rule that was probably meant."""
    (problem,) = problems_of("f(1) if has_acess(1); has_access(1);")

    assert problem.endswith("^\nDid you mean `has_access`?\n")


@pytest.mark.parametrize(
    "text",
    [
        "f(x) if x.g(1);",
        "f(x) if x = new Dog(1);",
        "f(1) if f(1);",
        "f(1) if role_allows(1, 2, 3) or actor_can_assume_role(1, 2, 3);",
        "?= g(1);",
    ],
)
def test_other_calls_are_accepted(text: str) -> None:
    """Methods, constructors, recursion, the built-in roles and inline queries are exempt."""
    assert warnings_of(text) == []


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            "g(1); f(1) if g(1, 2);",
            "Call to g with 2 arguments always fails; its rules have 1 parameter at line 1,",
        ),
        (
            "g(); g(1, 2); f(1) if g(1);",
            "Call to g with 1 argument always fails; its rules have 0 or 2 parameters at line",
        ),
        (
            "f(1) if role_allows(1);",
            "Call to role_allows with 1 argument always fails; its rules have 3 parameters at",
        ),
    ],
)
def test_call_with_another_number_of_arguments_warns(text: str, warning: str) -> None:
    """oso lets such a call fail silently."""
    (found,) = warnings_of(text)

    assert found.startswith(warning)
