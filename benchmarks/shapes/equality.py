"""Classes that say themselves what they equal: by an ``__eq__`` of the application, or in C."""

from __future__ import annotations

import collections
import ipaddress
import types
import typing as t
import zoneinfo
from collections.abc import Callable
from decimal import Decimal

from .shape import Shape
from .values import condition

_Make = Callable[[int], t.Any]


class _Base:
    """What an application derives its classes from: objects are equal by their number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.number == other.number

    def __hash__(self) -> int:
        return hash((type(self), self.number))


class _Org(_Base):
    """An organization."""


class _Team:
    """One that leaves the answer to others."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Team):
            return NotImplemented
        return (self.name, len(self.name)) == (other.name, len(other.name))

    __hash__ = None  # type: ignore[assignment]


class _Role:
    """What a user is in an organization."""

    def __init__(self, name: str, org: _Org) -> None:
        self.name, self.org = name, org


class _Space(types.SimpleNamespace):
    """Has the attributes that it is given."""


class _Money(Decimal):
    """An amount."""


class _UserId(int):
    """A number of the application."""


class _Point(t.NamedTuple):
    x: int
    y: int


def _equal(name: str, make: _Make) -> tuple[Shape, ...]:
    """Make the shapes of `=` and of a list, for objects of a class that are made of a number."""
    user = {"org": make(1), "orgs": [make(2), make(3), make(1)]}
    docs = [{"org": make(at)} for at in (1, 2, 4)]
    return (
        condition(
            f"`doc.org = user.org`, {name}",
            "doc.org = user.org",
            lambda user, doc: doc.org == user.org,
            users=[user],
            docs=docs,
        ),
        condition(
            f"`doc.org in user.orgs`, {name}",
            "doc.org in user.orgs",
            lambda user, doc: doc.org in user.orgs,
            users=[user],
            docs=docs,
        ),
    )


_KINDS: dict[str, _Make] = {
    "an `__eq__` of a base": _Org,
    "an `__eq__` that compares tuples": lambda at: _Team(str(at)),
    "of a SimpleNamespace": lambda at: _Space(number=at),
    "a decimal of the application": _Money,
    "a number of the application": _UserId,
    "a named tuple": lambda at: _Point(at, at),
    "an ordered dictionary": lambda at: collections.OrderedDict(number=at),
    "an address": lambda at: ipaddress.IPv4Address(at),
    "a range": range,
    "a time zone": lambda at: zoneinfo.ZoneInfo(f"Etc/GMT+{at}"),
}
_ROLES = [_Role(name, _Org(at)) for at, name in enumerate(["member", "admin", "admin"])]

SHAPES = (
    *(shape for name, make in _KINDS.items() for shape in _equal(name, make)),
    condition(
        "`!= nil`, an `__eq__` of a base",
        "doc.org != nil",
        lambda user, doc: doc.org is not None,
        docs=[{"org": org} for org in (_Org(1), _Org(2), _Org(3), None)],
    ),
    condition(
        "`not =`, an `__eq__` of a base",
        "not doc.org = user.org",
        lambda user, doc: doc.org != user.org,
        users=[{"org": _Org(1)}],
        docs=[{"org": _Org(at)} for at in (1, 2)],
    ),
    condition(
        "a role, an `__eq__` of a base",
        'role in user.roles and role.name = "admin" and role.org = doc.org',
        lambda user, doc: any(role.name == "admin" and role.org == doc.org for role in user.roles),
        users=[{"roles": _ROLES}],
        docs=[{"org": _Org(at)} for at in (0, 1, 2)],
    ),
)
