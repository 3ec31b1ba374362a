"""Rules that differ in constants alone: their statements stand once, and look these up."""

from __future__ import annotations

import ast
import enum
import textwrap
import typing as t
from decimal import Decimal
from fractions import Fraction

import pytest

from flask_oso import Oso, OsoError
from flask_oso.polar.compiler.passes.constants import join_alike, share_alike
from tests.support.answers import outcome_of, specialized
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


def joined(text: str) -> str:
    """Give statements whose branches are one where they do the same."""
    module = ast.parse(textwrap.dedent(text))
    join_alike(module.body)
    return ast.unparse(ast.fix_missing_locations(module))


_BRANCHES = """
for v1 in v0:
    if v2 == 'a':
        v3 = v1.x
        if v3 is a2:
            found = True
        elif type(v3) is not c4:
            c4 = kind_of(v3)
    elif v2 == 'b':
        v5 = v1.x
        if v5 is a2:
            found = True
        elif type(v5) is not c6:
            c6 = kind_of(v5)
"""


def test_branches_that_do_the_same_are_one() -> None:
    """Whatever they call what they read, and the class that they met last."""
    first, _ = _BRANCHES.split("    elif v2 == 'b'")
    expected = first.replace("v2 == 'a'", "v2 == 'a' or v2 == 'b'")

    assert joined(_BRANCHES) == ast.unparse(ast.parse(expected))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v5 is a2:\n            found", "v5 is a2:\n            b7"),
        ("v5 = v1.x", "v5 = v1.y"),
        ("elif v2 == 'b'", "elif v1.open"),
        ("c6 = kind_of(v5)", "c6 = kind_of(v5)\nif c6:\n    x()"),
    ],
    ids=["flag", "attribute", "condition", "read later"],
)
def test_branches_that_differ_are_apart(old: str, new: str) -> None:
    """In what they note or read, or in what is read of them; a condition may read something."""
    assert old in _BRANCHES
    text = _BRANCHES.replace(old, new)

    assert joined(text) == ast.unparse(ast.parse(text))


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


class Level(enum.IntEnum):
    """Numbers with names."""

    SEVEN = 7


class Word(enum.StrEnum):
    """Texts with names."""

    SEVEN = "7"


class OwnNumber(int):
    """Equals no number."""

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = int.__hash__


class Odd:
    """Has no hash, and equals the number 7."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return other == 7


NUMBERS: tuple[t.Any, ...] = (
    *(0, 1, 7, 11, 12, -1, 2**70, True, False, None, "7", Word.SEVEN, Level.SEVEN),
    *(7.0, 7.5, float("nan"), Decimal(7), Decimal("7.5"), Decimal("NaN"), Decimal("sNaN")),
    *(complex(7), Fraction(7), OwnNumber(7), Odd(), Thing(), [7], (7,), {7: 7}, object()),
)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "rule",
    [
        "t.size = {n}",
        "t.size = {n} and t.level < {n}",
        "not t.size = {n}",
        "t matches {{size: {n}}}",
    ],
)
def test_numbers_of_rules_are_looked_up(rule: str, number: t.Any) -> None:
    """What is no integer and equals one is found, too; errors are those of the solver."""
    head = 'allow(u: User, "read", t: Thing) if u = u and t = t and'
    policy = "\n".join(f"{head} {rule.format(n=n)};" for n in range(12))
    oso, solver = (make_oso(policy, User, Thing, compiled=each) for each in (True, False))
    thing = Thing(size=number, level=6)

    outcomes = [outcome_of(each, User(), "read", thing) for each in (oso, oso, solver)]

    assert outcomes == [outcomes[2]] * 3


def test_hundred_numbers_are_one_table() -> None:
    """The function does not grow with the rules, and answers for other numbers."""
    sizes = []
    for count in (20, 100, 200):
        rules = [
            f'allow(u: User, "read", t: Thing) if t.size = {n} and t.owner = u;'
            for n in range(count)
        ]
        oso, user = make_oso("\n".join(rules), User, Thing), User()
        answers = [
            specialized(oso.engine, user, "read", Thing(size=size, owner=user))
            for size in (7, 7.0, True, 200, "7", None)
        ]
        assert answers == [True] * 2 + [False] * 4
        assert oso.is_allowed(user, "read", Thing(size=7, owner=user))
        made: t.Any = oso.engine.specialized["read"][Thing]
        sizes.append(len(made.__code__.co_code))

    assert sizes[0] >= sizes[1] == sizes[2]
