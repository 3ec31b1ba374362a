"""``SlottedObject`` and ``Record``: the bases of immutable value objects.

Both are written like a frozen dataclass, and mypy finds code that changes a field. A frozen
dataclass takes three times as long to make an object, and each adds half a millisecond to every
import. Of a :class:`SlottedObject` there are many, such as the nodes of a policy: it is made fast.
Of a :class:`Record` there are few: its class is made in no time.
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


_REQUIRED = object()


@t.dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
class _SlottedClass(type):
    """Makes the annotated fields of a class its slots, and the parameters of its ``__init__``.

    A field is positional, unless it has a ``dataclasses.field`` with ``kw_only=True``: such fields
    come last, and equality ignores them.
    """

    #: The default of each parameter.
    _defaults: t.ClassVar[dict[str, t.Any]] = {}

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, t.Any]) -> _SlottedClass:
        if "__slots__" in body:
            return super().__new__(cls, name, bases, body)
        own = {each: body.pop(each, _REQUIRED) for each in body.get("__annotations__", {})}
        body["__slots__"] = tuple(own)
        made = super().__new__(cls, name, bases, body)
        if own:
            known = made._defaults | own
            last = {each: value for each, value in known.items() if _is_last(value)}
            made.__match_args__ = tuple(each for each in known if each not in last)  # type: ignore[attr-defined, misc]
            made._defaults = {each: known[each] for each in made.__match_args__} | last  # type: ignore[attr-defined, misc]
            made.__init__ = _first_init(made)  # type: ignore[misc]
        return made


def _is_last(default: t.Any) -> bool:
    return isinstance(default, dataclasses.Field)


def _first_init(cls: t.Any) -> t.Any:
    """Return an ``__init__`` that makes the real one: most programs use few of the classes."""

    def __init__(self: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        names: dict[str, t.Any] = {}
        parameters = ["self"]
        for number, (name, value) in enumerate(cls._defaults.items()):
            names[f"_{number}"] = value.default if _is_last(value) else value
            parameters.append(name if value is _REQUIRED else f"{name}=_{number}")
        body = [f"    self.{name} = {name}" for name in cls._defaults]
        exec("\n".join([f"def __init__({', '.join(parameters)}):", *body]), names)
        cls.__init__ = names["__init__"]
        cls.__init__(self, *args, **kwargs)

    return __init__


class SlottedObject(ValueObject, metaclass=_SlottedClass):
    """A value object without a dictionary, of which there are many."""


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
