"""``ValueObject`` and ``Record``: the bases of immutable value objects.

Subclasses write out ``__init__`` and ``__slots__``, where a frozen dataclass would do the
same. A policy has many nodes, and a frozen dataclass takes three times as long to make; each
dataclass also adds half a millisecond to every import. Attributes are ``Final``, so that mypy
finds code that changes one. Of a :class:`Record` there are few: it is written like a dataclass.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
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

    #: All names of fields; those of fields without a default; and what makes those of the others
    #: that are made anew each time. Other defaults are attributes of the class, and stay there.
    _names: t.ClassVar[frozenset[str]] = frozenset()
    _needed: t.ClassVar[frozenset[str]] = frozenset()
    _made: t.ClassVar[dict[str, t.Callable[[], t.Any]]] = {}
    #: So many values by position are enough, if that can be told from their number.
    _fewest: t.ClassVar[float] = math.inf

    def __init_subclass__(cls, *, eq: bool = True, frozen: bool = True) -> None:
        own = inspect.get_annotations(cls)
        cls.__match_args__ = (*cls.__match_args__, *own)  # type: ignore[misc]  # not a tuple
        cls._names = frozenset(cls.__match_args__)
        cls._fewest = math.inf
        cls._needed = frozenset(name for name in cls._names if not hasattr(cls, name))
        makers = {name: _maker_of(vars(cls).get(name)) for name in own}
        cls._made = cls._made | {name: make for name, make in makers.items() if make is not None}
        if not cls._made and cls._needed == {*cls.__match_args__[: len(cls._needed)]}:
            cls._fewest = len(cls._needed)
        if not eq:
            cls.__eq__ = object.__eq__  # type: ignore[method-assign]
            cls.__hash__ = object.__hash__  # type: ignore[method-assign]

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        names = self.__match_args__
        if not kwargs and self._fewest <= len(args) <= len(names):
            # In half of the time.
            for name, value in zip(names, args, strict=False):
                setattr(self, name, value)
            return
        given = dict(zip(names, args, strict=False))
        given.update(kwargs)
        is_whole = self._needed <= given.keys() <= self._names
        if not is_whole or len(given) < len(args) + len(kwargs):
            raise _wrong_fields(type(self), args, kwargs)
        for name, make in self._made.items():
            if name not in given:
                given[name] = make()
        for name, value in given.items():
            setattr(self, name, value)

    def replaced(self, **changes: t.Any) -> t.Self:
        """Give another one, in which some fields have other values."""
        if not changes.keys() <= self._names:
            raise _wrong_fields(type(self), (), changes)
        own, made = vars(self), object.__new__(type(self))
        # What is kept besides, such as cached properties, follows from other values.
        vars(made).update({name: own[name] for name in self._names if name in own} | changes)
        return made


def _wrong_fields(cls: type[Record], args: tuple[t.Any, ...], given: t.Any) -> TypeError:
    """Make the error of values that are not those of the fields."""
    names = cls.__match_args__
    missing = [n for n in names[len(args) :] if n not in given and not hasattr(cls, n)]
    if missing and given.keys() <= {*names}:
        return TypeError(f"{cls.__name__} has no default for {missing[0]!r}.")
    return TypeError(f"{cls.__name__} takes {names}, not {args} and {given}.")


def _maker_of(default: t.Any) -> t.Callable[[], t.Any] | None:
    """Give what makes the value of a field that is not given; ``None`` if the class has it."""
    if type(default) is dataclasses.Field:
        if default.default_factory is not dataclasses.MISSING:
            return default.default_factory
        return functools.partial(_itself, default.default)
    # An attribute of a class that is a function would be a method of the object.
    return functools.partial(_itself, default) if hasattr(default, "__get__") else None


def _itself(value: t.Any) -> t.Any:
    return value
