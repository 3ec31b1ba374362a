"""Plain classes that policies are about: with the attributes that they are given, and odd ones."""

from __future__ import annotations

import typing as t


class Thing:
    """Has the attributes that it is given."""

    def __init__(self, **attributes: t.Any) -> None:
        self.__dict__.update(attributes)


class User(Thing):
    """Who asks."""


class Doc(Thing):
    """What is asked about."""


class Folder(Thing):
    """What is asked about, or what that is in."""


class Role(Thing):
    """What a user is somewhere."""


class Alike:
    """An object that is equal to all others."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Failing:
    """An object whose name cannot be read."""

    @property
    def name(self) -> str:
        """A name that is not there yet."""
        raise ValueError("not yet")
