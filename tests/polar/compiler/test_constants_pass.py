"""Rules that differ in constants alone: their statements stand once, and look these up."""

from __future__ import annotations

import ast
import textwrap
import typing as t

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.compiler.passes.constants import share_alike
from tests.support.answers import specialized
from tests.support.models.people import Thing, User
from tests.support.policies import make_oso


def shared(*bodies: str) -> list[tuple[str, list[tuple[t.Any, ...]]]]:
    """Give the statements that are left for some, and the rows of constants."""
    trees = [ast.parse(textwrap.dedent(body)).body for body in bodies]
    found = share_alike([({f"s{at}"}, tree) for at, tree in enumerate(trees)], "c")
    return [
        (ast.unparse(ast.fix_missing_locations(ast.Module(each.body, []))), each.rows)
        for each in found
    ]


def test_statements_with_other_numbers_are_one() -> None:
    """A constant that stands there twice has one name."""
    found = shared(*(f"if f(x, {n}):\n    found = x < {n}" for n in (1, 2, 3)))

    assert found == [("if f(x, c0):\n    found = x < c0", [(1,), (2,), (3,)])]


def test_names_of_values_do_not_matter() -> None:
    """Each rule has its own."""
    found = shared(*(f"v{n} = a.b\nif v{n} == 'x{n}':\n    found = True" for n in (1, 2, 3)))

    assert found == [
        ("v1 = a.b\nif v1 == c0:\n    found = True", [("x1",), ("x2",), ("x3",)]),
    ]


def test_what_differs_in_two_constants_has_two_names() -> None:
    """What is equal in all stays."""
    found = shared(*(f"found = x < {n} and y < {-n % 7} and z < 5" for n in (1, 2, 3)))

    assert found == [("found = x < c0 and y < c1 and (z < 5)", [(1, 6), (2, 5), (3, 4)])]


@pytest.mark.parametrize(
    "bodies",
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0", "x = '1'"),
        ("x = True", "x = False", "x = None"),
        ("x = a", "x = b", "x = d"),
        ("v1 = a\nx = v1 + v1", "v1 = a\nx = v1 + v2", "v1 = a\nx = v2 + v2"),
        ("c0 = 1", "c0 = 2", "c0 = 3"),
    ],
    ids=range(6),
)
def test_what_is_not_alike_stays(bodies: tuple[str, ...]) -> None:
    """Few statements, other kinds of constants, other names."""
    assert shared(*bodies) == [(body, []) for body in bodies]


def _policy(*conditions: str) -> str:
    """Give a rule for each of many kinds."""
    return "\n".join(
        f'allow(u: User, "read", t: Thing) if t.kind = "k{n}" and'
        f" {conditions[n % len(conditions)].format(n=n)} and u = u;"
        for n in range(12)
    )


POLICIES = {
    "numbers": _policy("t.size <= {n}"),
    "texts": _policy('t.name = "n{n}"'),
    "two": _policy('t.size <= {n} and t.name = "n{n}"'),
    "numbers of two classes": _policy("t.size <= {n}", "t.size <= {n}.5"),
    "several shapes": _policy("t.size <= {n}", 't.name = "n{n}"', "not t.size = {n}"),
    "lists": _policy("t.size in [{n}, 3]"),
    "arithmetic": _policy("t.size + {n} < 9"),
    "strings within": _policy('x in t.names and x = "n{n}"'),
}  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_rules_that_differ_in_constants_are_answered_as_by_the_solver(policy: str) -> None:
    """For each string, and for others; also where what is compared is of another class."""
    oso, user = make_oso(policy, User, Thing), User()

    def outcome(ask: t.Callable[[], t.Any]) -> t.Any:
        try:
            return ask()
        except (OsoError, TypeError) as error:
            return type(error)

    def asked(oso: Oso, thing: Thing) -> t.Any:
        return outcome(lambda: oso.is_allowed(user, "read", thing))

    for kind in (*(f"k{n}" for n in range(12)), "other", None, 3):
        for size in (0, 3, 5.25, 11, True, "a", None):
            thing = Thing(kind=kind, size=size, name="n5", names=["n3", "n4"])
            call = ("allow", (user, "read", thing))
            expected = outcome(lambda: oso.engine.solve_call(*call))  # noqa: B023
            assert asked(oso, thing) == expected


def test_a_hundred_rules_are_a_few_statements() -> None:
    """The function does not grow with them."""
    sizes = set()
    for count in (20, 100):
        rules = [
            f'allow(u: User, "read", t: Thing) if t.kind = "k{n}" and t.size <= {n} and u = u;'
            for n in range(count)
        ]
        oso = make_oso("\n".join(rules), User, Thing)
        assert specialized(oso.engine, User(), "read", Thing(kind="k7", size=7)) is True
        assert specialized(oso.engine, User(), "read", Thing(kind="k7", size=8)) is False
        assert oso.is_allowed(User(), "read", Thing(kind="k7", size=7))
        made: t.Any = oso.engine.specialized["read"][Thing]
        sizes.add(len(made.__code__.co_code))

    assert len(sizes) == 1
