"""Which classes a pattern names, and which of them have a test of their own."""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Mapping, Sequence, Sized

import pytest

from flask_oso import Oso, Variable
from flask_oso.polar.solver.class_tests import (
    has_instance_test,
    is_abstract,
    is_subclass,
    members_of_tag,
    tells_by_class,
)


class Plain:
    """Tells its instances by their class."""


class Abstract(abc.ABC):
    """May have classes registered that do not derive from it."""

    @abc.abstractmethod
    def method(self) -> None:
        """Be there."""


class Meta(type):
    """Takes anything for an instance."""

    def __instancecheck__(cls, instance: object) -> bool:
        return True


class Open(metaclass=Meta):
    """Has everything as an instance."""


class Protocol(t.Protocol):
    """Has any object with its attributes as an instance."""

    text: str


class OfProtocol(Protocol):
    """Is none itself."""


class Hooked(abc.ABC):  # noqa: B024
    """Answers itself what its subclasses are."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return True


class OfHooked(Hooked):
    """Has the hook, too."""


@t.runtime_checkable
class Quiet(t.Protocol):
    """Keeps `typing` from telling that what derives from it is no protocol."""

    text: str

    def __init_subclass__(cls) -> None:
        """Do nothing else."""


class OfQuiet(Quiet):
    """Has any object with a text as an instance, too."""


class Table(Mapping[str, str]):
    """Has the hook of the classes of Python, which leaves out what derives from them."""

    def __getitem__(self, key: str) -> str:
        raise KeyError(key)

    def __iter__(self) -> t.Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Asked(abc.ABC):  # noqa: B024
    """Answers in the place of its metaclass."""

    @classmethod
    def __subclasscheck__(cls, other: type) -> bool:
        return False


class OfAsked(Asked):
    """Does so, too."""


class Listed(abc.ABC):  # noqa: B024
    """Says which its subclasses are."""

    @classmethod
    def __subclasses__(cls) -> list[type]:
        return [Plain]


class OfPydantic(abc.ABCMeta):
    """Tells instances as that of earlier versions of pydantic does."""

    def __instancecheck__(cls, instance: object) -> bool:
        return hasattr(instance, "fields") and super().__instancecheck__(instance)


OfPydantic.__module__, OfPydantic.__qualname__ = (
    "pydantic._internal._model_construction",
    "ModelMetaclass",
)


class Model(metaclass=OfPydantic):
    """Derives from one of its classes."""


@pytest.mark.parametrize(
    ("tag", "names"), [("Plain", ("Plain",)), ("Resource", ("Plain",)), ("Actor", ())]
)
def test_members_of_tag(tag: str, names: tuple[str, ...]) -> None:
    """A class stands for itself, a union for the classes of its blocks."""
    oso = Oso()
    oso.register_class(Plain)
    oso.load_str("resource Plain {} allow(_, _, _: Resource);")

    assert members_of_tag(tag, oso.engine) == names


@pytest.mark.parametrize(("cls", "expected"), [(Plain, False), (Abstract, True), (Open, True)])
def test_has_instance_test(cls: type, expected: bool) -> None:
    """A test of its own is any that is not that of ``type``."""
    assert has_instance_test(cls) is expected


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        *((Plain, False), (Abstract, True), (Open, False), (Protocol, False), (OfProtocol, True)),
        *((Hooked, False), (OfHooked, False), (Sized, False), (Model, True)),
        *((OfQuiet, False), (Asked, False), (OfAsked, False), (Listed, False)),
        *((Table, True), (Mapping, False), (Sequence, False)),
    ],
)
def test_is_abstract(cls: type, expected: bool) -> None:
    """A hook may answer anything, and so may the metaclass of an application."""
    assert is_abstract(cls) is expected


@pytest.mark.parametrize(("cls", "expected"), [(Plain, True), (Abstract, True), (Open, False)])
def test_tells_by_class(cls: type, expected: bool) -> None:
    """Abstract classes are asked, since their test runs no code of the application."""
    assert tells_by_class(cls) is expected


class Taken(Plain):
    """Is registered as a subclass of others."""


Abstract.register(Taken)
Model.register(Taken)


class Same(type):
    """Has all classes equal, as one may that compares their names."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = type.__hash__


class First(metaclass=Same):
    """Equals the other one, and is not its base."""


class Second(metaclass=Same):
    """Equals the other one, and is not its base."""


class Claiming(type):
    """Has all classes as subclasses, which ``isinstance`` does not ask."""

    def __subclasscheck__(cls, subclass: type) -> bool:
        return True


class Claimed(metaclass=Claiming):
    """Has no instances."""


@pytest.mark.parametrize(
    ("cls", "wanted", "expected"),
    [
        *((Plain, Plain, True), (Taken, Plain, True), (Plain, Taken, False)),
        *((Taken, Abstract, True), (Plain, Abstract, False), (Plain, Claimed, False)),
        *((Open, Open, True), (Plain, Open, None), (Plain, Protocol, None)),
        *((OfProtocol, OfProtocol, True), (Plain, Sized, False), (list, Sized, True)),
        *((Plain, Model, False), (Taken, Model, None), (Plain, Hooked, True)),
        *((First, First, True), (First, Second, False), (Plain, First, False)),
    ],
)
def test_is_subclass(cls: type, wanted: type, expected: bool | None) -> None:
    """All objects of a class are instances, none is, or each has to be asked."""
    assert is_subclass(cls, wanted) is expected


class OfMeta(type):
    """A kind of class that looks at what is inside."""

    def __instancecheck__(cls, value: object) -> bool:
        return value == [1]


class Ones(metaclass=OfMeta):
    """What lists of a single 1 are instances of."""


@pytest.mark.parametrize(("value", "matches"), [([1], True), ([2], False)])
def test_class_may_look_at_what_is_inside_a_list(value: list[int], matches: bool) -> None:
    """Only classes of the usual kinds go by the class of a list."""
    oso = Oso()
    oso.register_class(Ones)
    oso.load_str("f(_: Ones);")

    assert oso.query_rule_once("f", value) is matches


def test_field_of_a_declared_class_may_match_a_protocol_with_attributes() -> None:
    """The variable is not known, and only an object has attributes."""

    class Page:
        """Has an owner."""

    oso = Oso()
    oso.register_class(Plain)
    oso.register_class(Protocol)
    oso.register_class(Page, fields={"owner": Plain})
    oso.load_str("f(p) if p matches Page and p.owner matches Protocol;")

    assert list(oso.query_rule("f", Variable("page"), accept_expression=True))
