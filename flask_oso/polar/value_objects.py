"""``ValueObject``: the base of immutable value objects.

Subclasses write out ``__init__`` and ``__slots__``, where a frozen dataclass would do the
same. A policy has many nodes, and a frozen dataclass takes three times as long to make; each
dataclass also adds half a millisecond to every import. Attributes are ``Final``, so that mypy
finds code that changes one.
"""

from __future__ import annotations

import typing as t


class ValueObject:
    """Equal to another object of the same class with equal fields.

    ``__match_args__`` names the fields, in the order of the constructor's parameters.
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
        fields = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({', '.join(fields)})"
