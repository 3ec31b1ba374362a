"""The classes and constants that the cases in ``cases/`` talk about."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from flask_oso.oso import Oso


class Animal:
    """Something with attributes, methods and a few ways to fail."""

    kind = "animal"

    def __init__(self, name: str = "a", **attributes: t.Any) -> None:
        self.name = name
        self.__dict__.update(attributes)

    def add(self, a: t.Any, b: t.Any = 10) -> t.Any:
        return a + b

    def nums(self) -> Iterator[int]:
        yield from (1, 2, 3)

    def nothing(self) -> None:
        return None

    def boom(self) -> t.NoReturn:
        raise ValueError("boom!")

    def inner_attr(self) -> t.NoReturn:
        raise AttributeError("from inside")

    @property
    def bad_prop(self) -> t.Any:
        return self.no_such_thing  # type: ignore[attr-defined]  # that is the point

    @classmethod
    def cls_name(cls) -> str:
        return cls.__name__

    @staticmethod
    def twice(x: t.Any) -> t.Any:
        return x * 2


class Dog(Animal):
    """An animal."""


class Puppy(Dog):
    """A dog."""


class Cat(Animal):
    """Another animal."""


class Num:
    """Has ``==`` and ``<`` with its like and with numbers, and no other comparison."""

    def __init__(self, v: t.Any) -> None:
        self.v = v

    def __eq__(self, other: object) -> bool:
        return bool(self.v == (other.v if isinstance(other, Num) else other))

    def __lt__(self, other: t.Any) -> bool:
        return bool(self.v < (other.v if isinstance(other, Num) else other))

    def __hash__(self) -> int:
        return hash(self.v)


class User:
    """Someone with roles."""

    def __init__(self, name: str, roles: t.Any = None) -> None:
        self.name = name
        self.roles = roles or {}


class Org:
    """What repositories belong to."""

    def __init__(self, name: str = "org") -> None:
        self.name = name


class Repo:
    """Belongs to an organisation."""

    def __init__(self, name: str = "repo", org: Org | None = None) -> None:
        self.name = name
        self.org = org


class Stray:
    """A class that is never registered."""


CLASSES = (Animal, Dog, Puppy, Cat, Num, User, Org, Repo)


def make_oso() -> Oso:
    """Make an ``Oso`` that knows the classes and constants of the cases."""
    oso = Oso()
    for cls in CLASSES:
        oso.register_class(cls)
    oso.register_constant(Dog("rex"), "rex")
    oso.register_constant(Puppy("bit"), "bit")
    oso.register_constant(Stray(), "stray")
    oso.register_constant(42, "answer")
    oso.register_constant((1, 2), "pair")
    oso.register_constant([1, [2, 3]], "nested")
    oso.register_constant({"b": 1, "a": [True, None]}, "table")
    return oso
