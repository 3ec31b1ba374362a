"""Variables that are meant as strings or as values of other languages.

What is said of those that occur once is in ``errors/actions-without-quotes.txt``.
"""

from __future__ import annotations

import pytest

from flask_oso.polar.exceptions import ValidationError
from tests.support.policies import make_host, warnings_of

HOST = make_host().with_constant(1, "app::limit")


def test_value_of_another_language_that_occurs_twice_warns() -> None:
    """What occurs twice is no error, and a variable that equals anything."""
    assert warnings_of("f(n) if n.a = None or n.b = None;", host=HOST) == [
        "None is a variable here, which equals anything; write nil at line 1, column 15:\n"
        "\t001: f(n) if n.a = None or n.b = None;\n"
        "\t                   ^\n"
    ]


@pytest.mark.parametrize(
    ("rule", "name", "meant"),
    [
        ("f(n) if n.a = none or n.b = none;", "none", "nil"),
        ("f(n) if n.a != null or n.b == null;", "null", "nil"),
        ("f(n) if n.a = True and n.b = True;", "True", "true"),
        ("f(n) if n.a = False and not n.b = False;", "False", "false"),
        ("f(n) if n.a in [NULL, 1] and n.b in [NULL];", "NULL", "nil"),
        ("f(n) if n.a = Status::OPEN;", "Status::OPEN", "Status.OPEN"),
        ("f(n) if forall(x in n.a, x = Status::OPEN);", "Status::OPEN", "Status.OPEN"),
    ],
)
def test_unbound_value_warns(rule: str, name: str, meant: str) -> None:
    """Comparisons anywhere in a body are looked at."""
    (found,) = warnings_of(rule, host=HOST)

    warning = f"{name} is a variable here, which equals anything; write {meant}"
    assert found.startswith(f"{warning} at line 1, column ")


@pytest.mark.parametrize(
    "rule",
    [
        "f(null) if null.a;",
        "f(None, None);",
        "f(n) if n.a = app::limit;",
        "f(a::b);",
        "f(n) if n.a = x::y and n.b = x::y;",
        "f(n) if n.a = nil and n.b = true and n.c != false;",
    ],
)
def test_bound_name_is_silent(rule: str) -> None:
    """Parameters, what is registered, and what joins two comparisons are no mistakes."""
    assert warnings_of(rule, host=HOST) == []


@pytest.mark.parametrize(
    "rule",
    [
        "allow(_, action, _);",
        "allow(_, any_action, _);",
        "allow(_, action1, _);",
        "allow(_, a, _);",
        "allow(_, action: String, _);",
        "has_role(_, role_name, _);",
        "has_permission(_, permission, _);",
        'allow(_, "read", resource);',
        "allow(user, _, _);",
        "can(_, read, _);",
    ],
)
def test_variable_for_anything_may_be_renamed(rule: str) -> None:
    """A variable that is called what it stands for, or stands elsewhere, is told as by oso."""
    with pytest.raises(ValidationError, match=r"^Singleton variable \w+ is .*; try renaming"):
        warnings_of(rule, host=HOST)
