"""Plain classes that policies are about: things with the attributes that they are given."""

from __future__ import annotations

import typing as t


class Thing:
    """Has the attributes that it is given."""

    def __init__(self, **attributes: t.Any) -> None:
        self.__dict__.update(attributes)


class User(Thing):
    """An actor."""
