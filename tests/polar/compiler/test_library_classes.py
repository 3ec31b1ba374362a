"""Objects of classes that ``attrs`` or pydantic made are plain data, as dataclasses are."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import typing as t

import pytest

from tests.support.answers import outcome_of, specialized
from tests.support.models.people import Thing
from tests.support.policies import make_oso

attrs: t.Any = pytest.importorskip("attrs")
pydantic: t.Any = pytest.importorskip("pydantic")
T = t.TypeVar("T")


class User(Thing):
    """Who asks."""


class Doc(Thing):
    """What is asked about."""


@attrs.define
class Slotted:
    """Has slots."""

    x: t.Any
    y: t.Any = None


@attrs.frozen(slots=False)
class Frozen:
    """Has a dictionary, and a field that is not compared."""

    x: t.Any
    y: t.Any = attrs.field(default=None, eq=False)


@attrs.define
class Derived(Slotted):
    """Has one field more."""

    z: t.Any = 1


@attrs.define
class Keyed:
    """Compares something else than its field."""

    x: t.Any = attrs.field(eq=str)
    y: t.Any = None


class Model(pydantic.BaseModel):
    """May have any fields."""

    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    x: t.Any
    y: t.Any = None


class DerivedModel(Model):
    """Has one field more."""

    z: t.Any = 1


class OpenModel(Model):
    """Takes other values, too, and compares them."""

    model_config = pydantic.ConfigDict(extra="allow")


class PrivateModel(Model):
    """Has a value that is no field, and compares it."""

    _z: int = pydantic.PrivateAttr(default=0)


class GenericModel(Model, t.Generic[T]):
    """Equals models of another class of the same generic."""


class CachedModel(Model):
    """Keeps what it computes among its fields."""

    @functools.cached_property
    def computed(self) -> t.Any:
        return object()


def with_private_value(x: t.Any) -> PrivateModel:
    """Make a model whose private value differs from that of others."""
    made = PrivateModel(x=x)
    made._z = 1
    return made


def with_computed_value(x: t.Any) -> CachedModel:
    """Make a model that has kept what it computes."""
    made = CachedModel(x=x)
    assert made.computed
    return made


class AnsweringModel(Model):
    """Has any attribute."""

    def __getattr__(self, name: str) -> t.Any:
        return name


OF_ATTRS: list[t.Any] = [Slotted, Frozen, Derived, Keyed]
MODELS: list[t.Any] = [
    Model,
    DerivedModel,
    OpenModel,
    PrivateModel,
    GenericModel,
    CachedModel,
    AnsweringModel,
]
#: What some of them look at besides.
OTHERS: dict[t.Any, list[t.Any]] = {
    OpenModel: [OpenModel(x=1, z=1)],
    PrivateModel: [with_private_value(1)],
    GenericModel: [t.cast(t.Any, GenericModel)[each](x=1) for each in (int, str)],
    CachedModel: [with_computed_value(1)],
}
#: Two objects have one NaN: whether they are equal depends on how a library compares.
VALUES: list[t.Any] = [1, 1.0, True, None, "a", math.nan, OF_ATTRS[0](x=1), Model(x=1), [1]]


@pytest.mark.parametrize("make", [Slotted, Frozen, Derived, Model, DerivedModel, OpenModel])
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("d.owner.x = u.x", True),
        ("d.owner != nil and d.owner.x = u.x", True),
        ("not d.owner = nil and d.owner.x != u.y", True),
        ("d.owner matches {x: 1} and d.owner.y = u.x", False),
    ],
)
def test_fields_are_read_without_asking(make: t.Any, condition: str, expected: bool) -> None:
    """Reading them, and comparing an object with ``nil``, runs no code of the application."""
    oso = make_oso(f'allow(u: User, "read", d: Doc) if {condition};', User, Doc)

    # The first question meets the class.
    question = User(x=1, y=2), "read", Doc(owner=make(x=1))
    assert oso.is_allowed(*question) is expected
    assert specialized(oso.engine, *question) is expected


@pytest.mark.parametrize("make", [Slotted, Frozen, Derived, Model, DerivedModel])
def test_objects_are_compared_by_their_fields(make: t.Any) -> None:
    """No ``__eq__`` is called for that."""
    oso = make_oso('allow(u: User, "read", d: Doc) if d.owner = u.own;', User, Doc)

    found = [
        (oso.is_allowed(*question), specialized(oso.engine, *question))
        for question in [(User(own=make(x=1)), "read", Doc(owner=make(x=x))) for x in (1, 2, "a")]
    ]
    assert found == [(True, True), (False, False), (False, False)]


@dataclasses.dataclass(frozen=True)
class Data:
    """Is made by the standard library."""

    x: t.Any
    y: t.Any = None


@pytest.mark.parametrize("make", [Data, Slotted, Frozen, Derived, Model, DerivedModel])
@pytest.mark.parametrize("operator", ["==", "!="])
def test_operators_compare_objects_by_their_fields(make: t.Any, operator: str) -> None:
    """No rules in order are needed for that, whatever the classes of what is compared."""
    oso = make_oso(f'allow(u: User, "read", d: Doc) if d.owner {operator} u.own;', User, Doc)

    def ask(own: t.Any, owner: t.Any) -> tuple[bool, bool | None]:
        question = User(own=own), "read", Doc(owner=owner)
        return oso.is_allowed(*question), specialized(oso.engine, *question)

    pairs = [(make(x=1), make(x=x)) for x in (1, 2, "a", make(x=1))] + [(make(x=[1]), Doc())]
    found = [ask(*pair) for pair in pairs]
    assert found == [((left == right) is (operator == "=="),) * 2 for left, right in pairs]


class Asked:
    """Counts how often it is asked what it equals."""

    asked = 0

    def __eq__(self, other: object) -> bool:
        Asked.asked += 1
        return isinstance(other, Asked)

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("make", [Data, Slotted, Derived, Model])
@pytest.mark.parametrize("condition", ["d.left != d.right", "d.left == d.right"])
def test_field_is_asked_as_often_as_by_the_solver(make: t.Any, condition: str) -> None:
    """Also of a class whose other objects were compared before, and asked nobody."""
    policy = f'allow(_: User, "read", d: Doc) if {condition};'
    compiled, solver = (make_oso(policy, User, Doc, compiled=each) for each in (True, False))
    found: list[list[t.Any]] = [[], []]
    for values in [(1, 1), (1, 2), (Asked(), Asked()), (1, Asked()), (Asked(), "a"), (2, 2)] * 9:
        docs = Doc(left=make(x=values[0]), right=make(x=values[1]))
        for oso, answers in zip((compiled, solver), found, strict=True):
            Asked.asked = 0
            answers.append((oso.is_allowed(User(), "read", docs), Asked.asked))

    assert found[0] == found[1]
    assert any(asked for _, asked in found[0])


@pytest.mark.parametrize("make", [*OF_ATTRS, *MODELS])
@pytest.mark.parametrize(
    "condition",
    [
        *("d.left = d.right", "not d.left = d.right", "d.left = d.left", "d.left in d.all"),
        *("not d.left in d.all", "d.left != nil", "d.left.x = d.right.x", "d.left.z = 1"),
        *("d.left != d.right", "d.left == d.right", "not d.left != d.right"),
    ],
)
def test_every_pair_is_compared_as_the_solver_does(make: t.Any, condition: str) -> None:
    """Also with what is no number, and where one has a value that is no field."""
    policy = f'allow(_: User, "read", d: Doc) if {condition};'
    compiled, solver = (make_oso(policy, User, Doc, compiled=each) for each in (True, False))
    objects = [make(x=value) for value in VALUES] + [make(x=math.nan), make(x=1, y=2)]
    objects += OTHERS.get(make, [])

    for left, right in itertools.product(objects, repeat=2):
        question = User(), "read", Doc(left=left, right=right, all=[1, right])
        assert outcome_of(compiled, *question) == outcome_of(solver, *question), (left, right)


@pytest.mark.parametrize("make", [Model, DerivedModel])
@pytest.mark.parametrize("condition", ["d.owner = u.own", "d.owner in u.all", "u.own in d.all"])
def test_models_with_other_values_than_those_of_fields_differ(make: t.Any, condition: str) -> None:
    """Whoever validates a model may keep them, whatever its class says; none is as good as no."""
    oso = make_oso(f'allow(u: User, "read", d: Doc) if {condition};', User, Doc)

    def ask(own: t.Any, owner: t.Any) -> bool:
        return oso.is_allowed(
            User(own=own, all=[make(x=0), own]), "read", Doc(owner=owner, all=[make(x=0), owner])
        )

    def keep(**values: t.Any) -> t.Any:
        return make.model_validate({"x": 1, **values}, extra="allow")

    plain = make(x=1)
    pairs = [
        (plain, plain.model_copy()),
        (keep(w=1), plain),
        (keep(w=1), keep(w=2)),
        (keep(), plain),
    ]
    found = [(ask(left, right), ask(right, left)) for left, right in pairs]
    assert found == [(left == right,) * 2 for left, right in pairs]
    assert found[:3] == [(True, True), (False, False), (False, False)]


@pytest.mark.parametrize("make", [GenericModel, PrivateModel, CachedModel])
def test_models_that_compare_more_are_asked(make: t.Any) -> None:
    """What else they compare may be anything."""
    oso = make_oso('allow(u: User, "read", d: Doc) if d.owner = u.own;', User, Doc)
    question = User(own=make(x=1)), "read", Doc(owner=make(x=1))

    assert oso.is_allowed(*question)
    assert specialized(oso.engine, *question) is None


def test_model_that_answers_for_missing_attributes_is_asked() -> None:
    """Its ``__getattr__`` is code of the application."""
    oso = make_oso('allow(_: User, "read", d: Doc) if d.owner.none = "none";', User, Doc)
    question = User(), "read", Doc(owner=AnsweringModel(x=1))

    assert oso.is_allowed(*question)
    assert specialized(oso.engine, *question) is None


def differ(_: t.Any, __: t.Any) -> t.NoReturn:
    """Stand for a ``__ne__`` of the application."""
    raise LookupError("asked")


@dataclasses.dataclass
class UnequalData:
    """Has an ``__eq__`` of the library beside it."""

    x: t.Any
    __ne__ = differ


@attrs.define
class UnequalSlotted:
    """The same of ``attrs``."""

    x: t.Any
    __ne__ = differ


class UnequalModel(Model):
    """The same of pydantic."""

    __ne__ = differ


@pytest.mark.parametrize("make", [UnequalData, UnequalSlotted, UnequalModel])
@pytest.mark.parametrize("condition", ["d.left != nil", "nil != d.left", "d.left != d.right"])
def test_inequality_of_the_application_is_asked(make: t.Any, condition: str) -> None:
    """An ``__eq__`` that a library wrote says nothing of it."""
    oso = make_oso(f'allow(_: User, "read", d: Doc) if {condition};', User, Doc)
    question = User(), "read", Doc(left=make(x=1), right=make(x=1))

    for _ in range(2):
        with pytest.raises(LookupError, match="asked"):
            oso.is_allowed(*question)
