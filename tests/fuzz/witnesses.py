"""Objects that note what is done to them: every attribute read, method called, comparison made.

``make_values(calls)`` gives the values that questions are asked about, by name; what is
done to them is appended to ``calls``, in order.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

Calls = list[tuple[str, str]]


class Witness:
    """An object that notes which of its attributes are read."""

    def __init__(self, calls: Calls, label: str) -> None:
        self.__dict__.update(_calls=calls, _label=label)

    def __getattribute__(self, name: str) -> t.Any:
        if not name.startswith("_"):
            mine = object.__getattribute__(self, "__dict__")
            mine["_calls"].append((mine["_label"], name))
        return object.__getattribute__(self, name)

    def can(self, action: t.Any) -> bool:
        """Say yes to everything but nothing."""
        return action is not None

    def gen(self) -> Iterator[str]:
        """Give two strings, and note when each is asked for."""
        for text in ("a", "b"):
            self._calls.append((self._label, f"gives {text}"))
            yield text

    def breaks(self) -> Iterator[str]:
        """Give a string, then fail."""
        yield "a"
        raise ValueError("broken")

    def boom(self) -> t.NoReturn:
        """Fail."""
        raise ValueError("boom")

    @property
    def bad(self) -> t.NoReturn:
        """Fail as if it was not there."""
        raise AttributeError("inner")


class User(Witness):
    """An actor of the policies."""


class Org(Witness):
    """A resource without a block of its own."""


class Repo(Witness):
    """A resource."""


class Fork(Repo):
    """A resource by inheritance."""


class Both(User, Repo):
    """An actor and a resource."""


class Alike(Witness):
    """An object that equals others of its class, and a string; it notes who asks."""

    def __eq__(self, other: object) -> bool:
        self._calls.append((self._label, "equals"))
        return type(other) is Alike or other == "read"

    __hash__ = object.__hash__


class Box:
    """An object that policies make. It notes what is put in, and takes no ``"b"``."""

    def __init__(self, name: t.Any, n: t.Any = 1) -> None:
        if isinstance(name, Witness):
            name._calls.append((name._label, "boxed"))
        if type(name) is str and name == "b":
            raise ValueError("no b")
        self.name, self.n = name, n


CLASSES = (User, Org, Repo, Fork, Both, Alike, Box)


def make_values(calls: Calls) -> dict[str, t.Any]:
    """Make objects that refer to each other, in cycles too, and plain values."""
    org, repo, fork = Org(calls, "org"), Repo(calls, "repo"), Fork(calls, "fork")
    user, both, alike = User(calls, "user"), Both(calls, "both"), Alike(calls, "alike")
    rows: dict[Witness, tuple[t.Any, ...]] = {
        org: ("a", org, [], True, 1, ["a"], alike),
        repo: ("b", org, ["read", "a"], False, 2, ("a", 1), user),
        fork: ("read", org, [{"k": 1}, "read"], True, "x", ["b"], repo),
        user: ("a", org, ["a", repo], True, 1, {"x": "a"}, repo),
        both: ("é", repo, ("read", "read"), None, 2**70, {"read"}, both),
        alike: ("a", repo, "ab", True, 1.0, [user, alike], user),
    }
    for each, row in rows.items():
        names = ("name", "org", "roles", "flag", "n", "tags", "owner")
        each.__dict__.update(zip(names, row, strict=True), none=None)
    texts = {
        "a": "a",
        "read": "read",
        "b": "b",
        "wide": "\uff52ead",
        "é": "é",
        "surrogate": "\ud800",
    }
    numbers = {"1": 1, "true": True, "none": None, "2.5": 2.5, "large": 2**70}
    objects = {each._label: each for each in rows}
    return {**objects, **texts, **numbers, "list": ["a"], "dictionary": {"a": 1}}
