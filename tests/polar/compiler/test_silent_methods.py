"""Methods that only return an attribute are no calls of the application, on plain data."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable

import pytest

from flask_oso import Oso
from tests.support.answers import specialized
from tests.support.models.people import Thing
from tests.support.policies import make_oso


class User(Thing):
    """Who has roles, by methods."""

    _roles: t.Any

    def get_roles(self) -> t.Any:
        """Return an attribute: the text before does not matter."""
        return self._roles

    def copied(self) -> t.Any:
        return list(self._roles)

    def by_property(self) -> t.Any:
        return self.property

    @property
    def property(self) -> t.Any:
        return list(self._roles)

    @staticmethod
    def fixed() -> t.Any:
        return ["fixed"]

    async def later(self) -> t.Any:
        return self._roles

    def each(self) -> t.Any:
        yield self._roles

    def with_default(self, default: t.Any = None) -> t.Any:
        return self._roles


class Staff(User):
    def get_roles(self) -> t.Any:
        return ["staff", *self._roles]


class Slots:
    __slots__ = ("_roles",)

    def __init__(self, _roles: t.Any) -> None:
        self._roles = _roles

    def get_roles(self) -> t.Any:
        return self._roles


class Folder(Thing):
    """What is in another one, by a method."""

    name: str
    _parent: Folder | None

    def get_parent(self) -> Folder | None:
        return self._parent


RULE = 'allow(u, "read", f: Folder) if f.open and f.name in u.METHOD();'
CHAIN = """
allow(u: User, "read", f: Folder) if may(u, f);
may(u, f: Folder) if f.name in u.get_roles();
may(u, f: Folder) if may(u, f.get_parent());
"""


def load(policy: str, *, compiled: bool = True) -> Oso:
    return make_oso(policy, User, Staff, Slots, Folder, compiled=compiled)


def outcome(oso: Oso, user: t.Any, folder: Folder) -> t.Any:
    try:
        return oso.is_allowed(user, "read", folder)
    except Exception as error:
        return type(error), str(error)


def _replaced(user: User, name: str, value: t.Any) -> User:
    vars(user)[name] = value
    return user


MAKERS: dict[str, Callable[[], t.Any]] = {
    "roles": lambda: User(_roles=["a", "b"]),
    "none": lambda: User(_roles=[]),
    "a tuple": lambda: User(_roles=("a",)),
    "no list": lambda: User(_roles=5),
    "nil": lambda: User(_roles=None),
    "nothing": lambda: User(),
    "a generator": lambda: User(_roles=(each for each in "ab")),
    "an own one": lambda: _replaced(User(_roles=["a"]), "get_roles", lambda: ["b"]),
    "that of another": lambda: _replaced(
        User(_roles=["a"]), "get_roles", User(_roles=[]).get_roles
    ),
    "no method": lambda: _replaced(User(_roles=["a"]), "get_roles", 5),
    "one of its own class": lambda: _replaced(
        User(_roles=["a"]), "get_roles", types.MethodType(User.get_roles, User(_roles=["b"]))
    ),
    "of a subclass": lambda: Staff(_roles=["a"]),
    "of slots": lambda: Slots(["a"]),
    "of slots, nothing": lambda: Slots.__new__(Slots),
}
METHODS = ["get_roles", "copied", "by_property", "fixed", "each", "with_default", "missing"]


@pytest.mark.parametrize("method", METHODS)
def test_methods_are_called_as_by_the_solver(method: str) -> None:
    """Answers and errors, whatever an object has under the name."""
    compiled, solved = (
        load(RULE.replace("METHOD", method), compiled=is_it) for is_it in (True, False)
    )
    folders = [
        Folder(open=is_open, name=each) for is_open in (True, False) for each in ("a", "staff")
    ]

    found = [outcome(compiled, make(), each) for make in MAKERS.values() for each in folders]

    assert found == [outcome(solved, make(), each) for make in MAKERS.values() for each in folders]


def test_method_that_returns_an_attribute_is_read_on_plain_data() -> None:
    """Also once for all folders in a chain, which have one each."""
    oso = load(CHAIN)
    top = Folder(name="a", _parent=None)
    folder = Folder(name="c", _parent=Folder(name="b", _parent=top))

    users = [User(_roles=each) for each in (["a"], ["c"], ["x", "b"], [])]

    found = [specialized(oso.engine, user, "read", folder) for user in users]

    assert found == [True, True, True, False]


def test_method_that_is_replaced_is_heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tests do it: the function notices that the class has another one."""
    oso, user, folder = load(CHAIN), User(_roles=["a"]), Folder(name="a", _parent=None)
    assert oso.is_allowed(user, "read", folder) is True
    folder.name = "b"

    monkeypatch.setattr(User, "get_roles", lambda self: ["b"])

    assert oso.is_allowed(user, "read", folder) is True
