"""``ValueObject`` and ``Record``: the bases of immutable value objects.

Subclasses write out ``__init__`` and ``__slots__``, where a frozen dataclass would do the
same. A policy has many nodes, and a frozen dataclass takes three times as long to make; each
dataclass also adds half a millisecond to every import. Attributes are ``Final``, so that mypy
finds code that changes one. Of a :class:`Record` there are few: it is written like a dataclass.
"""

from __future__ import annotations

import dataclasses
import inspect
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


@t.dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
class Record(ValueObject):
    """A dataclass for objects of which there are few: its class is made in no time.

    Fields are annotated; values and factories are those of ``dataclasses``. With ``eq=False`` an
    object equals itself alone. mypy finds code that changes a field, unless with ``frozen=False``.
    """

    def __init_subclass__(cls, *, eq: bool = True, frozen: bool = True) -> None:
        own = inspect.get_annotations(cls)
        cls.__match_args__ = (*cls.__match_args__, *own)  # type: ignore[misc]  # not a tuple
        if not eq:
            cls.__eq__ = object.__eq__  # type: ignore[method-assign]
            cls.__hash__ = object.__hash__  # type: ignore[method-assign]

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        names = self.__match_args__
        if len(args) == len(names) and not kwargs:
            for name, value in zip(names, args, strict=True):
                setattr(self, name, value)
            return
        given = dict(zip(names, args, strict=False)) | kwargs
        if len(given) < len(args) + len(kwargs) or not given.keys() <= {*names}:
            raise TypeError(f"{type(self).__name__} takes {names}, not {args} and {kwargs}.")
        for name in names:
            value = given[name] if name in given else _default(type(self), name)
            setattr(self, name, value)

    def replaced(self, **changes: t.Any) -> t.Self:
        """Give another one, in which some fields have other values."""
        return type(self)(**{name: getattr(self, name) for name in self.__match_args__} | changes)


def _default(cls: type, name: str) -> t.Any:
    try:
        value = getattr(cls, name)
    except AttributeError:
        raise TypeError(f"{cls.__name__} has no default for {name!r}.") from None
    return t.cast(t.Any, value).default_factory() if type(value) is dataclasses.Field else value
