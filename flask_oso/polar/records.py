"""``Record``: what a class is that only says something, and is never changed.

Its subclasses are written out, where a frozen dataclass would do the same: there are many
nodes of a policy, and those take three times as long to make; and each such class takes
half a millisecond of every import. Attributes are ``Final``, so that mypy finds who would
change one.
"""

from __future__ import annotations

import typing as t


class Record:
    """Equal to another of its class that says the same.

    ``__match_args__`` names what it says, in the order in which it is made of that.
    """

    __slots__ = ()
    __match_args__: t.ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__match_args__)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.__match_args__))

    def __repr__(self) -> str:
        said = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({', '.join(said)})"
