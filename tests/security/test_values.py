"""Values, types and identity: what is equal, what is of a class, and what is neither."""

from __future__ import annotations

import datetime
import decimal
import typing as t
import unicodedata
import uuid

import pytest

from flask_oso import Oso
from flask_oso.polar import Expression, Pattern, Predicate, Variable
from flask_oso.polar.exceptions import OsoError, PolarRuntimeError
from tests.support.models.people import User


class Admin(User):
    """A special actor."""


def load(policy: str, **constants: t.Any) -> Oso:
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Admin)
    for name, value in constants.items():
        oso.register_constant(value, name)
    oso.load_str(policy)
    return oso


LITERALS: dict[str, t.Any] = {
    "1": 1,
    "0": 0,
    "1.5": 1.5,
    '"1"': "1",
    '""': "",
    '"true"': "true",
    "true": True,
    "false": False,
    "[1]": [1],
    "[]": [],
    "{a: 1}": {"a": 1},
    "{}": {},
}
VALUES: list[t.Any] = [
    *LITERALS.values(),
    None,
    2,
    -1,
    2**53 + 1,
    float("nan"),
    float("inf"),
    "a",
    "True",
    "None",
    b"1",
    (1,),
    (),
    {1},
    frozenset(),
    {"a": True},
    [True],
    ["1"],
    [[1]],
    datetime.date(2026, 1, 1),
    uuid.UUID(int=1),
    object(),
]


def is_same(value: t.Any, literal: t.Any) -> bool:
    """Say whether a value is of the kind of a literal and equal to it, as JSON would."""
    if type(value) is not type(literal):
        return False
    if isinstance(literal, list):
        return len(value) == len(literal) and all(map(is_same, value, literal))
    if isinstance(literal, dict):
        return sorted(value) == sorted(literal) and all(
            is_same(value[key], literal[key]) for key in literal
        )
    return bool(value == literal)


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize(
    "policy",
    [
        "allow({0}, _, _);",
        "allow(x, _, _) if x = {0};",
        "allow(x, _, _) if x in [{0}];",
        "allow(x, _, _) if [x] = [{0}] and y = {0} and x = y;",
    ],
)
def test_literal_is_met_by_its_kind_alone(policy: str, literal: str) -> None:
    """1 is not true, "1" or [1]; None and other objects are no literal at all."""
    oso = load(policy.format(literal))

    allowed = [value for value in VALUES if oso.is_allowed(value, "read", "page")]

    assert [repr(value) for value in allowed] == [
        repr(value) for value in VALUES if is_same(value, LITERALS[literal])
    ]


def test_integers_and_floats_are_numbers() -> None:
    """A whole float is the integer; NaN is nothing, not even itself."""
    oso = load("allow(1, _, _); allow(x, x, _) if not x = 1;")

    assert oso.is_allowed(1.0, "read", "page")
    assert not oso.is_allowed(float("nan"), float("nan"), "page")


def test_literal_among_many_neighbours() -> None:
    """Of 3,000 rules that differ by one letter or digit, only the right one applies."""
    facts = "".join(f'allow({n}, "{n}", "p{n}");' for n in range(3_000))
    oso = load(facts)

    assert oso.is_allowed(2999, "2999", "p2999")
    assert not oso.is_allowed(2999, "2998", "p2999")
    assert not oso.is_allowed("2999", "2999", "p2999")


LOOK_ALIKES = [
    ("é", unicodedata.normalize("NFD", "é")),
    ("admin", "\u0430dmin"),
    ("admin", "admin\x00"),
    ("admin", "admin "),
    ("admin", "ADMIN"),
    ("straße", "strasse"),
    ("K", "\u212a"),
    ("ﬁ", "fi"),
    ("\uff11", "1"),
    ("a", "a\u200b"),
]


@pytest.mark.parametrize(("left", "right"), LOOK_ALIKES)
def test_text_is_compared_letter_by_letter(left: str, right: str) -> None:
    """Nothing is folded, trimmed or normalised."""
    oso = load("allow(x, y, _) if x = y;")

    assert not oso.is_allowed(left, right, "page")
    assert oso.is_allowed(left, left, "page")


@pytest.mark.parametrize(
    ("item", "collection"),
    [
        ("admin", "nonadmin"),
        ("ad", "admin"),
        ("x", {"x": 1}),
        (1, {"1": 1}),
        (True, [1]),
        (1, [True]),
        ("1", [1]),
        (None, []),
        (0, [None, False, ""]),
    ],
)
def test_membership_is_of_elements(item: t.Any, collection: t.Any) -> None:
    """Neither a part of a text, nor a key, nor a value of another type is an element."""
    assert not load("allow(x, _, xs) if x in xs;").is_allowed(item, "read", collection)


@pytest.mark.parametrize("argument", [User, Admin, type, object])
@pytest.mark.parametrize("policy", ["allow(_: User, _, _);", "allow(x, _, _) if x matches User;"])
def test_class_object_is_no_instance(policy: str, argument: type) -> None:
    """The class ``User`` is not a user."""
    assert not load(policy).is_allowed(argument, "read", "page")


def test_class_object_is_compared_as_what_it_is() -> None:
    """A class can still be a resource, named by its constant."""
    oso = load("allow(_, _, User);")

    assert oso.is_allowed("ana", "list", User)
    assert not oso.is_allowed("ana", "list", Admin)
    assert not oso.is_allowed("ana", "list", User())


class Colliding(User):
    """An object whose hash and equality are somebody else's."""

    def __hash__(self) -> int:
        return hash("admin")


class Unhashable(User):
    """An object that cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]  # that is the point


class Broken(User):
    """An object whose hash is an error."""

    def __hash__(self) -> int:
        raise KeyError("hash")


@pytest.mark.parametrize("kind", [Colliding, Unhashable, Broken])
def test_hash_decides_nothing(kind: type[User]) -> None:
    """Whatever ``__hash__`` does, an object is not a literal, and is itself."""
    user = kind()
    oso = load('allow("admin", _, _); allow(x, "same", x);')

    assert not oso.is_allowed(user, "read", "page")
    assert oso.is_allowed(user, "same", user)
    assert not oso.is_allowed(user, "same", kind())


def test_object_that_changed_is_judged_anew() -> None:
    """Nothing of an earlier decision is remembered."""
    user = User(admin=False)
    oso = load("allow(u: User, _, _) if u.admin;")
    before = oso.is_allowed(user, "read", "page")
    vars(user)["admin"] = True

    assert (before, oso.is_allowed(user, "read", "page")) == (False, True)


def test_reused_identities_are_not_confused() -> None:
    """2,000 short-lived objects, every other one with the right."""
    oso = load("allow(u: User, _, _) if u.admin;")

    answers = [oso.is_allowed(User(admin=n % 2 == 0), "read", "page") for n in range(2_000)]

    assert answers == [n % 2 == 0 for n in range(2_000)]


class Row(User):
    """A row that equals every other one of its table."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row)

    def __hash__(self) -> int:
        return 1


def test_equal_objects_keep_their_own_attributes() -> None:
    """Two rows that compare equal have their own roles."""
    oso = load("allow(u: User, _, _) if u.admin;")

    assert oso.is_allowed(Row(admin=True), "read", "page")
    assert not oso.is_allowed(Row(admin=False), "read", "page")


QUESTIONS = [
    Variable("x"),
    [Variable("x")],
    Expression("And", []),
    Pattern("User", {}),
    Predicate("f", [Variable("x")]),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=repr)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_question_from_the_host_is_no_value(place: int, question: t.Any) -> None:
    """A variable as actor, action or resource matches nothing: it is refused."""
    arguments: list[t.Any] = ["ana", "read", "page"]
    arguments[place] = question

    with pytest.raises(PolarRuntimeError, match=r"^A decision needs values"):
        load('allow("ana", "read", "page");').is_allowed(*arguments)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("question", QUESTIONS, ids=repr)
def test_question_in_a_dictionary_is_no_value(place: int, question: t.Any) -> None:
    """It is refused where it is read, and matches nothing where it is not."""
    arguments: list[t.Any] = [{"a": 1}, {"a": 1}, {"a": 1}]
    arguments[place] = {"a": question}
    reads, does_not = (
        "allow({a: x}, {a: y}, {a: z}) if x = 1 and y = 1 and z = 1;",
        "allow(1, 1, 1);",
    )

    with pytest.raises(PolarRuntimeError, match=r"^A dictionary has values, not a variable"):
        load(reads).is_allowed(*arguments)
    assert not load(does_not).is_allowed(*arguments)


@pytest.mark.parametrize(
    "guard", ["1 / 0 > 3", "0 / 0 != 3", "not 1 / 0 < 3", "3 / (u.n - u.n) > 1", "1.5 / 0.0 > 1"]
)
def test_division_by_zero_is_an_error(guard: str) -> None:
    """An infinity would be above any limit."""
    oso = load(f"allow(u: User, _, _) if u = u and {guard};")

    with pytest.raises(PolarRuntimeError, match="Arithmetic error: "):
        oso.is_allowed(User(n=3), "read", "page")


@pytest.mark.parametrize("number", [10**400, 2**63, -(2**63) - 1])
def test_number_beyond_64_bits_allows_nothing(number: int) -> None:
    """As an argument it is an error, as an attribute an object like any other."""
    oso = load("allow(u: User, _, _) if u.n = 1; allow(1, _, _);")

    assert not oso.is_allowed(User(n=number), "read", "page")
    with pytest.raises(OsoError, match="number out of range"):
        oso.is_allowed(number, "read", "page")


@pytest.mark.parametrize("condition", ["x < 1", "x > 1", "x = 1", "x == x"])
def test_not_a_number_compares_with_nothing(condition: str) -> None:
    """NaN is not less, not greater and not equal."""
    oso = load(f"allow(x, _, _) if {condition};")

    assert not oso.is_allowed(float("nan"), "read", "page")


@pytest.mark.parametrize("condition", ['x < "1"', "x < [1]", "x < nil", "x < {a: 1}"])
def test_comparison_of_two_kinds_is_an_error_under_not(condition: str) -> None:
    """``not`` makes no answer of an error."""
    oso = load(f"allow(x, _, _) if not {condition};")

    with pytest.raises(OsoError):
        oso.is_allowed(1, "read", "page")


@pytest.mark.parametrize("value", [decimal.Decimal("1"), True, 1.0])
def test_two_equals_signs_compare_as_python_does(value: t.Any) -> None:
    """``==`` is wider than ``=``, as upstream: true == 1 holds, true = 1 does not."""
    assert load("allow(x, _, _) if x == 1;").is_allowed(value, "read", "page")
