"""Constants that are members of enumerations of texts and numbers, as columns of rows have them."""

from __future__ import annotations

import enum
import itertools
import typing as t

import pytest

from flask_oso import Oso
from tests.support.answers import specialized


class Status(enum.StrEnum):
    """The status of a course."""

    OPEN = "open"
    CLOSED = "closed"


class State(enum.IntEnum):
    """The state of a work."""

    DRAFT = 0
    SENT = 1


class Other(enum.StrEnum):
    """Has a member that equals one of another class."""

    OPEN = "open"


class Odd(enum.StrEnum):
    """Says itself what it equals."""

    OPEN = "open"

    def __eq__(self, other: object) -> bool:
        return other == "closed"

    __hash__ = str.__hash__


class Grade(enum.StrEnum):
    """Has two members of one text."""

    def __new__(cls, code: str, text: str) -> Grade:
        made = str.__new__(cls, text)
        made._value_ = code
        return made

    GOOD = "a", "passed"
    FAIR = "b", "passed"
    POOR = "c", "failed"


class Rank(enum.IntEnum):
    """Has two members of one number."""

    def __new__(cls, number: int, text: str) -> Rank:
        made = int.__new__(cls, number)
        made._value_ = (number, text)  # type: ignore[assignment]  # Python takes any
        return made

    FIRST = 1, "first"
    ALSO_FIRST = 1, "also first"
    SECOND = 2, "second"


class Open(enum.StrEnum):
    """Makes a member for each text."""

    KNOWN = "known"

    @classmethod
    def _missing_(cls, value: object) -> Open:
        made = str.__new__(cls, str(value))
        made._name_ = made._value_ = str(value)
        return made


class Course:
    """What is asked about."""

    def __init__(self, kind: t.Any) -> None:
        self.kind = kind


CONDITIONS = [
    "course.kind = OPEN",
    "course.kind == OPEN",
    "course.kind != OPEN",
    "not course.kind = OPEN",
    "OPEN = course.kind",
    "course.kind = DRAFT",
    "course.kind != DRAFT",
    "course.kind = OPEN or course.kind = SENT",
    "course.kind in [OPEN, SENT]",
    "x = OPEN and course.kind = x",
]
MEMBERS = [*Status, *State]
OTHERS = ["open", "closed", 0, 1, 0.0, True, False, None, Other.OPEN, Odd.OPEN, float("nan"), []]


def make_oso(condition: str) -> Oso:
    oso = Oso()
    oso.register_class(Course)
    for name, member in (("OPEN", Status.OPEN), ("DRAFT", State.DRAFT), ("SENT", State.SENT)):
        oso.register_constant(member, name)
    oso.load_str(f'allow(_, "read", course: Course) if {condition};')
    return oso


@pytest.mark.parametrize(
    ("condition", "kinds"),
    [
        (condition, Status if "OPEN" in condition else State)
        for condition in CONDITIONS
        if "in [" not in condition and "SENT" not in condition
    ],
    ids=[each for each in CONDITIONS if "in [" not in each and "SENT" not in each],
)
def test_members_are_plain_data(condition: str, kinds: t.Any) -> None:
    """One function compares a member with a constant."""
    oso = make_oso(condition)
    courses = [Course(kind) for kind in kinds]
    assert {oso.is_allowed("ana", "read", course) for course in courses} == {True, False}

    answers = [specialized(oso.engine, "ana", "read", course) for course in courses]

    assert answers == [oso.engine.solve_call("allow", ("ana", "read", each)) for each in courses]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_else_may_equal_a_member_is_compared_as_in_the_solver(condition: str) -> None:
    """Texts, numbers and members of other classes equal a member as Python says."""
    oso = make_oso(condition)

    for kind in itertools.chain(MEMBERS, OTHERS):
        args = "ana", "read", Course(kind)
        assert outcome(oso.is_allowed, args) == outcome(
            lambda *asked: oso.engine.solve_call("allow", asked), args
        )


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(
    "members",
    [[*Grade], [*Rank], [Open("new"), Open("new"), Open.KNOWN]],
    ids=["text", "number", "made"],
)
def test_two_members_that_are_equal_are_compared_as_in_the_solver(
    members: list[t.Any], condition: str
) -> None:
    """Members of one class may be equal without being one object."""
    oso = Oso()
    oso.register_class(Course)
    for name, member in zip(("OPEN", "DRAFT", "SENT"), [members[0], *members], strict=False):
        oso.register_constant(member, name)
    oso.load_str(f'allow(_, "read", course: Course) if {condition};')

    for member in members:
        args = "ana", "read", Course(member)
        assert oso.is_allowed(*args) == oso.engine.solve_call("allow", args)


def outcome(ask: t.Callable[..., bool], args: tuple[t.Any, ...]) -> bool | str:
    try:
        return ask(*args)
    except Exception as error:
        return type(error).__name__
