"""The classes and constants that the cases in ``cases/`` talk about.

They know no engine: ``populate`` tells them to whatever takes ``register_class`` and
``register_constant``, so that ours and another one can be asked about the same world.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

if t.TYPE_CHECKING:
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

    def trouble(self) -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("late")

    def echo(self, x: t.Any) -> t.Any:
        return x

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


class Role:
    """What a user may hold on something."""

    def __init__(self, name: str, on: t.Any) -> None:
        self.name = name
        self.on = on


class Stray:
    """A class that is never registered."""


CLASSES = (Animal, Dog, Puppy, Cat, Num, User, Org, Repo, Role)


class Engine(t.Protocol):
    """What can be told about the world."""

    def register_class(self, cls: type) -> None: ...

    def register_constant(self, value: t.Any, name: str) -> None: ...


def populate(engine: Engine) -> None:
    """Tell an engine about the classes and constants of the cases."""
    for cls in CLASSES:
        engine.register_class(cls)
    for name, value in {**_values(), **_animals(), **_organisation()}.items():
        engine.register_constant(value, name)


def _values() -> dict[str, t.Any]:
    return {
        "rex": Dog("rex"),
        "bit": Puppy("bit"),
        "stray": Stray(),
        "answer": 42,
        "pair": (1, 2),
        "nested": [1, [2, 3]],
        "table": {"b": 1, "a": [True, None]},
        "uno": Num(1),
    }


def _animals() -> dict[str, t.Any]:
    """Make animals that have more to tell than a name."""
    misty = Cat("misty", age=2, tags=["a", "b"], info={"a": 1, "b": "b"}, tame=True, friend=None)
    fido = Dog("fido", age=1, tags=["a"], info={"a": 2}, tame=False, friend=misty)
    ace = Puppy("ace", age=0, tags=[], info={}, tame=True, friend=fido)
    return {"misty": misty, "fido": fido, "ace": ace}


def _organisation() -> dict[str, t.Any]:
    """Make users with roles on an organisation and what belongs to it."""
    acme = Org("acme")
    tools = Repo("tools", acme)
    return {
        "acme": acme,
        "tools": tools,
        "loner": Repo("loner", Org("other")),
        "deep": Repo("deep", acme),
        "ann": User("ann", [Role("owner", acme), Role("writer", tools)]),
        "bob": User("bob", [Role("member", acme)]),
        "eve": User("eve", []),
    }


def make_oso() -> Oso:
    """Make an ``Oso`` that knows the classes and constants of the cases."""
    # Here, since the interpreter that runs the other engine need not have this one.
    from flask_oso.oso import Oso

    oso = Oso()
    populate(oso)
    return oso
