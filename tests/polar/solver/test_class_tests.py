"""Which classes a pattern names, and which of them have a test of their own."""

from __future__ import annotations

import abc

import pytest

from flask_oso import Oso
from flask_oso.polar.solver.class_tests import has_instance_test, members_of_tag, tells_by_class


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


@pytest.mark.parametrize(
    ("tag", "names"), [("Plain", ("Plain",)), ("Resource", ("Plain",)), ("Actor", ())]
)
def test_members_of_tag(tag: str, names: tuple[str, ...]) -> None:
    """A class stands for itself, a union for the classes of its blocks."""
    oso = Oso()
    oso.register_class(Plain)
    oso.load_str("resource Plain {} allow(_, _, _: Resource);")

    assert members_of_tag(tag, oso._engine) == names


@pytest.mark.parametrize(("cls", "expected"), [(Plain, False), (Abstract, True), (Open, True)])
def test_has_instance_test(cls: type, expected: bool) -> None:
    """A test of its own is any that is not that of ``type``."""
    assert has_instance_test(cls) is expected


@pytest.mark.parametrize(("cls", "expected"), [(Plain, True), (Abstract, True), (Open, False)])
def test_tells_by_class(cls: type, expected: bool) -> None:
    """Abstract classes are asked, since their test runs no code of the application."""
    assert tells_by_class(cls) is expected
