"""What is known to run no code of an application when it is read."""

from __future__ import annotations

import collections
import decimal
import functools
import typing as t
import zoneinfo

import pytest

from flask_oso.polar.host.sandbox import is_computed, is_silent_read, passes_sandbox


class Base:
    def __init__(self) -> None:
        self.above: t.Any = None

    @property
    def parent(self) -> t.Any:
        return self.above

    @property
    def described(self) -> t.Any:
        """Return another attribute; a docstring does nothing."""
        return self.above

    plain = property(lambda self: self.above)

    @property
    def of_property(self) -> t.Any:
        return self.parent

    @property
    def itself(self) -> t.Any:
        return self.itself

    @property
    def called(self) -> t.Any:
        return self.above()

    @property
    def nested(self) -> t.Any:
        return self.above.above

    @property
    def computed(self) -> t.Any:
        return self.above is not None

    @property
    def guarded(self) -> t.Any:
        try:
            return self.above
        except AttributeError:
            return None

    @property
    def constant(self) -> t.Any:
        return 1

    @property
    def each(self) -> t.Any:
        yield self.above

    @property
    def several(self, other: t.Any = None) -> t.Any:
        return self.above

    @property
    def all_of_them(*self: t.Any) -> t.Any:
        return self.above  # type: ignore[attr-defined]

    partly = property(functools.partial(getattr, None))

    @functools.cached_property
    def cached(self) -> t.Any:
        return self.above


class Computed(Base):
    above = property(lambda self: [])


class Own(property):
    """A kind of property."""


class Odd(Base):
    parent = Own(lambda self: self.above)


class Open(Base):
    def __getattr__(self, name: str) -> t.Any:
        return None


@pytest.mark.parametrize("name", ["above", "missing", "parent", "described", "plain"])
def test_property_that_returns_an_attribute_is_silent(name: str) -> None:
    """Reading it cannot be told from reading the attribute."""
    assert is_silent_read(Base, name) is True


@pytest.mark.parametrize(
    "name",
    [
        *("of_property", "itself", "called", "nested", "computed", "guarded", "constant", "each"),
        *("several", "all_of_them", "partly", "cached"),
    ],
)
def test_property_that_does_more_is_not_silent(name: str) -> None:
    """What it does may be seen, or take long."""
    assert is_silent_read(Base, name) is False


@pytest.mark.parametrize("cls", [Computed, Odd, Open])
def test_property_of_a_class_that_computes_is_not_silent(cls: type) -> None:
    """A subclass may compute what the property returns, or how attributes are read."""
    assert is_silent_read(cls, "parent") is False


class Computing:
    """A class with attributes of all kinds."""

    __slots__ = ("__dict__", "empty")
    plain = 1

    @property
    def computed(self) -> t.Any:
        raise AttributeError("computed")

    def method(self) -> None:
        """Do nothing."""


class Asked(Computing):
    """A class that computes whatever is missing."""

    def __getattr__(self, name: str) -> t.Any:
        raise AttributeError(name)


@pytest.mark.parametrize("value", [Computing(), Asked()], ids=["plain", "asked"])
@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *(("computed", True), ("method", True), ("plain", False)),
        *(("empty", False), ("missing", False)),
    ],
)
def test_attribute_is_computed_by_its_class(value: t.Any, name: str, *, is_one: bool) -> None:
    """An error of such an attribute is no missing attribute."""
    assert is_computed(value, name) is is_one


def test_attribute_of_a_class_may_be_computed() -> None:
    """Its own class computes it."""

    class Meta(type):
        @property
        def computed(cls) -> t.Any:
            raise AttributeError("computed")

    assert is_computed(Meta("Made", (), {}), "computed")


class Money(decimal.Decimal):
    """A number of the application."""


@pytest.mark.parametrize(
    "cls",
    [zoneinfo.ZoneInfo, decimal.Decimal, Money, collections.defaultdict, collections.deque],
)
def test_class_of_python_that_reads_attributes_itself_is_no_proxy(cls: type) -> None:
    """Some versions of Python have a ``__getattribute__`` in it, which is that of ``object``."""
    assert passes_sandbox(cls)


def test_class_whose_metaclass_equals_all_may_be_a_proxy() -> None:
    """It is compared by its identity."""

    class Meta(type):
        def __eq__(cls, other: object) -> bool:
            return True

        __hash__ = type.__hash__

    class Proxy(metaclass=Meta):
        def __getattribute__(self, name: str) -> t.Any:
            return 1

    assert not passes_sandbox(Proxy)
