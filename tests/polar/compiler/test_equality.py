"""Equality of dataclasses is what Python says, or is not told."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import itertools
import math
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.classes.equality import SideEffectFreeEquality
from flask_oso.polar.compiler.classes.generated_equality import compared_fields


class Plain:
    """Equal to itself only."""


class Watched:
    """Notes that it was compared."""

    asked = 0

    def __eq__(self, other: object) -> bool:
        Watched.asked += 1
        return True

    __hash__ = None  # type: ignore[assignment]


@dataclasses.dataclass
class Point:
    """Two values."""

    x: t.Any
    y: t.Any = None


@dataclasses.dataclass
class Lent:
    """Has a field that is set later."""

    x: t.Any
    to: t.Any = dataclasses.field(init=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Fixed:
    """A frozen one with slots."""

    x: t.Any


@dataclasses.dataclass
class Noted:
    """A field does not count."""

    x: t.Any
    note: t.Any = dataclasses.field(compare=False, default="")


@dataclasses.dataclass
class Own:
    """Compares as it likes."""

    x: t.Any

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Derived(Point):
    """Not a dataclass itself."""


@dataclasses.dataclass
class Computed:
    """Has a property for a field."""

    x: t.Any

    @property  # type: ignore[no-redef]
    def x(self) -> int:
        """The field."""
        return 1

    @x.setter
    def x(self, value: t.Any) -> None:
        pass


PLAIN = Plain()
NAN = math.nan
VALUES: list[t.Any] = [
    1, 1.0, True, "a", "b", None, NAN, PLAIN, Plain(), [1], [NAN], Point(1, 2), Point(1, 2),
    Point(1), Point("a", NAN), Point("a", NAN), Point(PLAIN, Plain()), Point(Point(1), "x"),
    Point(Point(1), "x"), Point([1]), Point([1]), Fixed(1), Fixed(1), Fixed("b"), Noted(1, 2),
    Noted(1, 3), Derived(1, 2), Own(1), Point(Own(1)), Watched(), Point(Watched(), 1),
    Point(1, Watched()), Point(2, Watched()),
]  # fmt: skip


def alike() -> SideEffectFreeEquality:
    made = SideEffectFreeEquality({str, int, float, type(None), Plain})
    for cls in (Point, Lent, Fixed, Noted, Own, Derived, Computed, Watched, str, list):
        made.learn(cls)
    return made


@pytest.mark.each(4)
@pytest.mark.parametrize("pair", [*itertools.product(range(len(VALUES)), repeat=2)])
def test_answer_is_that_of_python(pair: tuple[int, int]) -> None:
    """Whatever is told is so, and nobody was asked."""
    one, other = (VALUES[number] for number in pair)
    Watched.asked = 0
    told = alike()(one, other)
    asked = Watched.asked

    assert told in (None, bool(one == other))
    assert asked == 0


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (Point(1, 2), Point(1, 2), True),
        (Point("a", 2), Point("b", 2), False),
        (Point(1, Watched()), Point(2, Watched()), False),
        (Point(Point(1), PLAIN), Point(Point(1), PLAIN), True),
        (Fixed("x"), Fixed("x"), True),
        (Noted(1, 2), Noted(1, 3), True),
        (Point(1), PLAIN, False),
        (Point(1), "a", False),
        (Point(Watched()), Point(Watched()), None),
        (Derived(1), Derived(1), None),
        (Own(1), Own(2), None),
    ],
)
def test_plain_fields_are_told(left: t.Any, right: t.Any, expected: bool | None) -> None:
    """What is made of strings, numbers and plain objects is told; what is not is left open."""
    assert alike()(left, right) is expected


def test_missing_field_is_not_told() -> None:
    """Python's comparison would raise, or not, depending on its version."""
    broken = Point(1, 2)
    del broken.__dict__["x"]

    assert alike()(broken, Point(1, 2)) is None


def told_by_python(ask: t.Callable[[], bool]) -> bool | None:
    """Give what Python says of a comparison; nothing if it raises."""
    try:
        return ask()
    except AttributeError:
        return None


@pytest.mark.parametrize("other", ["a", 2], ids=type)
def test_missing_field_behind_one_that_differs_is_not_told(other: t.Any) -> None:
    """Before 3.13, Python reads all fields of both before it compares the first, and raises."""
    broken, item = Lent(1), Lent(other)
    item.to = "b"
    expected = [
        told_by_python(lambda: broken == item),
        told_by_python(lambda: item == broken),
        told_by_python(lambda: any([item == item, item == broken])),
        told_by_python(lambda: any([broken == item])),
    ]

    found = [
        alike()(broken, item),
        alike()(item, broken),
        alike().is_among(item, [item, broken]),
        alike().is_among(broken, [item]),
    ]

    assert all(each in (None, theirs) for each, theirs in zip(found, expected, strict=True))


@pytest.mark.each(3)
@pytest.mark.parametrize("item", [*VALUES, Point("a", 1), Point("b", "x"), Point(2, 2)], ids=type)
def test_search_among_objects_of_one_class_is_that_of_python(item: t.Any) -> None:
    """Whatever is told of several objects is what is told of each."""
    others = [each for each in VALUES if type(each) is type(item)] + [item]
    broken = [Point(1, 2)] if type(item) is Point else []
    for each in broken:
        del each.__dict__["y"]
    Watched.asked = 0

    for elements in (others, others[:1], [], others + broken):
        told, each_told = alike().is_among(item, elements), [alike()(item, e) for e in elements]
        assert told in (None, None if None in each_told else any(each_told))
    assert Watched.asked == 0


@pytest.mark.parametrize(
    ("item", "elements", "expected"),
    [
        (Point("a", 1), [Point("b", 1), Point("a", 1)], True),
        (Point("a", 1), [Point("b", 1), Point("a", 2)], False),
        (Point(1, 2), [Point(1, 3), Point(1, 2)], True),
        (Fixed("b"), [Fixed(1), Fixed("a")], False),
        (Point("a", 1), [], False),
        (Point("a", Watched()), [Point("b", 1)], False),
        (Point("a", Watched()), [Point("a", Watched())], None),
        (Point(1.5, 1), [Point(1.5, 1)], None),
        (PLAIN, [PLAIN], None),
    ],
)
def test_search_among_dataclasses_is_told(
    item: t.Any, elements: list[t.Any], expected: bool | None
) -> None:
    """Where the first field is a string or an integer, and nothing is asked."""
    assert alike().is_among(item, elements) is expected


def test_class_that_it_was_not_told_of_is_left_open() -> None:
    """A decision compiles nothing, so what a class compares is found out before."""
    assert SideEffectFreeEquality(set())(Point(1), Point(1)) is None


def test_deep_fields_are_not_told() -> None:
    """A chain of objects ends at some depth, and so do two that contain themselves."""
    left, right = Point(None, 1), Point(None, 1)
    left.x, right.x = left, right

    assert alike()(left, right) is None


@pytest.mark.parametrize("cls", [Plain, Own, Derived, Computed, Watched, str, list])
def test_class_that_dataclasses_did_not_write_has_no_fields(cls: type) -> None:
    """Its comparison may do anything."""
    assert compared_fields(cls) is None


@dataclasses.dataclass(frozen=True)
class Place:
    """Compares by its fields."""

    x: t.Any
    y: t.Any = 1


class Holder:
    """Has a value."""

    def __init__(self, held: t.Any) -> None:
        self.held = held


@pytest.mark.parametrize("odd", [1.5, math.nan, [1], Place(1), None, True, "a", 2**70])
def test_dataclasses_with_fields_of_other_classes_are_compared_as_by_the_solver(odd: t.Any) -> None:
    """Also where the first ones have texts and numbers, and behind one that has others."""
    policy = 'allow(u: Holder, "read", d: Holder) if d.held = u.held;'
    osos = [Oso(compiled=compiled) for compiled in (True, False)]
    for oso in osos:
        oso.register_class(Holder)
        oso.load_str(policy)
    values = [Place(1), Place(1), Place(odd), Place(odd), Place("b", odd), Place(1.0), Place(True)]

    for one, other in itertools.product(values, repeat=2):
        compiled, solved = [oso.is_allowed(Holder(one), "read", Holder(other)) for oso in osos]
        assert compiled == solved


@dataclasses.dataclass(init=False)
class Pair(tuple):  # type: ignore[type-arg]
    """A dataclass whose objects are tuples, and equal others."""


@dataclasses.dataclass(init=False)
class Amount(decimal.Decimal):
    """A dataclass whose objects are numbers."""


@dataclasses.dataclass(init=False)
class Day(datetime.date):
    """A dataclass whose objects are dates."""


@pytest.mark.parametrize(
    ("odd", "value"),
    [
        (Pair((1, 2)), (1, 2)),
        (Amount(3), decimal.Decimal(3)),
        (Day(2020, 1, 1), datetime.date(2020, 1, 1)),
    ],
    ids=["tuple", "decimal", "date"],
)
@pytest.mark.parametrize("condition", ["user.v = doc.v", "user.v in doc.among"])
def test_dataclass_that_derives_from_a_value_class_equals_its_values(
    odd: t.Any, value: t.Any, condition: str
) -> None:
    """'not user.v = doc.v' was an allow that the solver denies."""
    oso = Oso()
    oso.load_str(f'allow(user, "read", doc) if {condition}; allow(u, "no", d) if not u.v = d.v;')
    user, doc = Plain(), Plain()
    user.v, doc.v, doc.among = odd, value, [value, value]  # type: ignore[attr-defined]
    asked = [oso.is_allowed(user, action, doc) for action in ("read", "no", "read", "no")]

    assert asked == [True, False, True, False]


class Counted(tuple):  # type: ignore[type-arg]
    """A tuple that says itself how long it is, and what it begins with; it notes that."""

    asked = 0

    def __len__(self) -> int:
        Counted.asked += 1
        return tuple.__len__(self)

    def __getitem__(self, at: t.Any) -> t.Any:
        Counted.asked += 1
        return tuple.__getitem__(self, at)


@pytest.mark.parametrize("condition", ["user.v = doc.v", "doc.v in user.among"])
def test_tuple_of_a_class_is_compared_without_its_methods(condition: str) -> None:
    """Python compares the elements, and so does what looks through tuples in one loop."""
    oso = Oso()
    oso.load_str(f'allow(user, "read", doc) if {condition};')
    user, others = Plain(), [Plain() for _ in range(3)]
    user.v, user.among = Counted((1, "a")), [Counted((2, "a")), Counted((1, "a"))]  # type: ignore[attr-defined]
    for doc, value in zip(others, [(1, "a"), (1, "b"), (True, "a")], strict=True):
        doc.v = Counted(value)  # type: ignore[attr-defined]
    before = Counted.asked
    asked = [oso.is_allowed(user, "read", doc) for doc in (*others, *others)]

    assert (asked, Counted.asked) == ([True, False, True] * 2, before)


class OwnDay(datetime.date):
    """A day of a class of its own."""


@pytest.mark.parametrize("other", [datetime.datetime(2020, 1, 1), datetime.date(2020, 1, 1)])
@pytest.mark.parametrize("condition", ["user.v = doc.v", "doc.v = user.v", "user.v in doc.among"])
def test_day_is_compared_from_the_side_of_the_solver(condition: str, other: t.Any) -> None:
    """It equals a datetime that does not equal it, in Python before 3.13."""
    osos = Oso(compiled=True), Oso(compiled=False)
    user, doc = Plain(), Plain()
    user.v, doc.v, doc.among = OwnDay(2020, 1, 1), other, [other]  # type: ignore[attr-defined]
    for oso in osos:
        oso.load_str(f'allow(user, "read", doc) if {condition};')

    compiled, solved = ([oso.is_allowed(user, "read", doc) for _ in range(3)] for oso in osos)

    assert compiled == solved
